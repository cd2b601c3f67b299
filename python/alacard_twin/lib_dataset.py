"""Small stand-ins for datasets: the columns that are asked for, with rows that are made up.

The files are Parquet with the features of `datasets` in their schema, so that every version of that library
gives columns their types. They are written with pyarrow alone: nothing of `datasets` has to be imported.
"""

from __future__ import annotations

import io
import json
import math
import struct
import wave
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alacard_twin import files
from alacard_twin.spec import Json, TwinError, TwinReport, TwinSpec

ROWS = 64
"""Rows of a split when the request does not say how many."""

RATE = 16_000
"""Sampling rate of made-up sounds."""

IMAGE_SIZE = (96, 64)
"""Width and height of made-up images; not square, so that a mix-up of the two shows."""

_PHRASE = """
the small town has a quiet market where people sell bread fruit and flowers every morning while children
play near the old bridge and a train passes slowly toward the sea under a bright sky
"""

WORDS = tuple(_PHRASE.split())
"""What made-up texts are made of."""

_PLAIN = {
    **dict.fromkeys(("text", "context", "word", "id"), "string"),
    "int": "int32",
    "float": "float32",
}
_LISTS = {"texts": "string", "tokens": "string", "ints": "int64"}


def make(spec: TwinSpec, out: Path) -> TwinReport:
    """Writes the stand-in: one file for each configuration and split, and the card that lists them."""
    report = TwinReport(class_name="Dataset", strategy="rows")
    plan = spec.config
    if plan is None:
        files.copy_small(spec.files, out)
        report.strategy = "files"
        return report
    configs = [dict(config) for config in plan.get("configs") or ()]
    if not configs:
        raise TwinError("config", "the request names no configuration", "Name at least `default`.")
    with report.timed("save"):
        for config in configs:
            _write_config(config, out, alone=len(configs) == 1)
    (out / "README.md").write_text(_card(configs), encoding="utf-8")
    report.standins.append(f"rows: made up, {configs[0].get('rows') or ROWS} for each split")
    return report


def _folder(config: Json, alone: bool) -> str:
    """Where the files of a configuration lie: `data`, as most repos have it, when there is only one."""
    return "data" if alone else str(config["name"])


def _write_config(config: Json, out: Path, alone: bool) -> None:
    folder = out / _folder(config, alone)
    folder.mkdir(parents=True, exist_ok=True)
    config["folder"] = folder.name
    for number, split in enumerate(config["splits"]):
        rows = int(config.get("rows") or ROWS)
        table = _table(config["columns"], rows, first=number * rows)
        _save(table, folder / f"{split}-00000-of-00001.parquet")


def _save(table: Any, path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path)


def _card(configs: Sequence[Json]) -> str:
    """The card, whose front matter tells which file is which split of which configuration."""
    lines = ["---", "configs:"]
    for number, config in enumerate(configs):
        lines.append(f"- config_name: {json.dumps(config['name'])}")
        if number == 0:
            lines.append("  default: true")
        lines.append("  data_files:")
        for split in config["splits"]:
            lines += [f"  - split: {split}", f"    path: {json.dumps(config['folder'] + '/' + split + '-*')}"]
    return "\n".join([*lines, "---", "", "A small stand-in: its rows are made up.", ""])


def _table(columns: Mapping[str, Any], rows: int, first: int) -> Any:
    import pyarrow as pa

    features = {name: feature(kind) for name, kind in columns.items()}
    numbers = range(first, first + rows)
    arrays = [pa.array([value(kind, row) for row in numbers], arrow(kind)) for kind in columns.values()]
    table = pa.Table.from_arrays(arrays, names=list(columns))
    return table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def feature(kind: Any) -> Any:
    """A column's type as `datasets` writes it into a schema."""
    if isinstance(kind, str):
        if kind in _PLAIN:
            return _value(_PLAIN[kind])
        if kind in _LISTS:
            return _sequence(_value(_LISTS[kind]))
        return _FEATURES[kind]
    name, more = _only(kind)
    if name == "labels":
        return {"names": list(more), "_type": "ClassLabel"}
    if name == "tags":
        return _sequence({"names": list(more), "_type": "ClassLabel"})
    if name == "translation":
        return {"languages": list(more), "_type": "Translation"}
    return {key: feature(part) for key, part in more.items()}


def _value(dtype: str) -> Json:
    return {"dtype": dtype, "_type": "Value"}


def _sequence(inner: Any) -> Json:
    return {"feature": inner, "_type": "Sequence"}


_FEATURES: dict[str, Any] = {
    "image": {"_type": "Image"},
    "audio": {"sampling_rate": RATE, "_type": "Audio"},
    "answers": {"text": _sequence(_value("string")), "answer_start": _sequence(_value("int32"))},
    "messages": [{"role": _value("string"), "content": _value("string")}],
    "boxes": _sequence(_sequence(_value("float32"))),
}


def arrow(kind: Any) -> Any:
    """A column's type in the file."""
    import pyarrow as pa

    if isinstance(kind, str):
        if kind in _PLAIN:
            return _arrow_value(_PLAIN[kind])
        if kind in _LISTS:
            return pa.list_(_arrow_value(_LISTS[kind]))
        return {
            "image": lambda: pa.struct({"bytes": pa.binary(), "path": pa.string()}),
            "audio": lambda: pa.struct({"bytes": pa.binary(), "path": pa.string()}),
            "answers": lambda: pa.struct(
                {"text": pa.list_(pa.string()), "answer_start": pa.list_(pa.int32())}
            ),
            "messages": lambda: pa.list_(pa.struct({"role": pa.string(), "content": pa.string()})),
            "boxes": lambda: pa.list_(pa.list_(pa.float32())),
        }[kind]()
    name, more = _only(kind)
    if name == "labels":
        return pa.int64()
    if name == "tags":
        return pa.list_(pa.int64())
    if name == "translation":
        return pa.struct({language: pa.string() for language in more})
    return pa.struct({key: arrow(part) for key, part in more.items()})


def _arrow_value(dtype: str) -> Any:
    import pyarrow as pa

    return {"string": pa.string, "int32": pa.int32, "int64": pa.int64, "float32": pa.float32}[dtype]()


def _no_kind(kind: Any) -> TwinError:
    known = ", ".join(sorted(_VALUES))
    return TwinError("config", f"there is no kind of column {kind!r}", f"Known: {known}.")


def _only(kind: Any) -> tuple[str, Any]:
    """The one entry of a kind that has more to it."""
    if not isinstance(kind, Mapping) or len(kind) != 1:
        raise _no_kind(kind)
    return next(iter(kind.items()))


def value(kind: Any, row: int) -> Any:
    """The value of a column in a row."""
    if isinstance(kind, str):
        if kind not in _VALUES:
            raise _no_kind(kind)
        return _VALUES[kind](row)
    name, more = _only(kind)
    if name == "labels":
        return row % len(more)
    if name == "tags":
        return [(row + place) % len(more) for place in range(len(_tokens(row)))]
    if name == "translation":
        return {language: _text(row + place, 8) for place, language in enumerate(more)}
    return {key: value(part, row) for key, part in more.items()}


def _text(row: int, words: int) -> str:
    start = row * 7
    chosen = [WORDS[(start + place * (1 + row % 3)) % len(WORDS)] for place in range(words)]
    return " ".join(chosen).capitalize() + "."


def _short(row: int) -> str:
    return _text(row, 6 + row % 9)


def _context(row: int) -> str:
    return " ".join(_text(row + number, 12) for number in range(4))


def _tokens(row: int) -> list[str]:
    return _short(row).rstrip(".").split()


def _answers(row: int) -> Json:
    """An answer that stands in the context of the same row."""
    context = _context(row)
    answer = " ".join(context.split()[2:5])
    return {"text": [answer], "answer_start": [context.index(answer)]}


def _messages(row: int) -> list[Json]:
    return [{"role": "user", "content": _short(row)}, {"role": "assistant", "content": _short(row + 1)}]


def _image(row: int) -> Json:
    return {"bytes": png(*IMAGE_SIZE, row), "path": f"{row}.png"}


def png(width: int, height: int, row: int) -> bytes:
    """A small image of one colour with a stripe, so that images differ."""
    colour = bytes(((row * 37) % 256, (row * 59) % 256, (row * 83) % 256))
    other = bytes(255 - part for part in colour)
    lines = [b"\0" + (other if y == row % height else colour) * width for y in range(height)]
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(lines))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _audio(row: int) -> Json:
    return {"bytes": _sound(row), "path": f"{row}.wav"}


def _sound(row: int) -> bytes:
    """A second of a tone."""
    step = 2 * math.pi * (220 + row % 20 * 20) / RATE
    samples = [int(8000 * math.sin(step * number)) for number in range(RATE)]
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(struct.pack(f"<{RATE}h", *samples))
    return file.getvalue()


_VALUES: dict[str, Any] = {
    "text": _short,
    "context": _context,
    "word": lambda row: WORDS[row % len(WORDS)],
    "id": str,
    "int": lambda row: row,
    "float": lambda row: row % 50 / 10,
    "texts": lambda row: [_short(row), _short(row + 1)],
    "tokens": _tokens,
    "ints": lambda row: [row % 7, row % 5],
    "image": _image,
    "audio": _audio,
    "answers": _answers,
    "messages": _messages,
    "boxes": lambda row: [[2.0, 3.0, 20.0, 15.0], [5.0, 8.0, 30.0, 12.0]],
}
