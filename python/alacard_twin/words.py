"""Ordinary tokens of a vocabulary: those that a generating twin is made to say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HEAD_BYTES = 1_500_000
"""How much of a tokenizer file is read: the common words are at its beginning, the rest of 10 MB is
not needed."""

_BPE = re.compile(rb'"((?:\xc4\xa0|\xe2\x96\x81|\\u0120|\\u2581)?[a-z]{4,9})"\s*:\s*(\d+)')
_UNIGRAM = re.compile(rb'\[\s*"((?:[^"\\]|\\.)*)"\s*,\s*-?[\d.]+(?:[eE]-?\d+)?\s*\]')
_WORD = re.compile(rb"^(?:\xc4\xa0|\xe2\x96\x81|\\u0120|\\u2581)?[a-z]{4,9}$")


def ordinary(folder: Path, vocabulary: int, banned: set[int], count: int) -> list[int]:
    """`count` ids of word-like tokens, spread over the vocabulary; from the tokenizer's files if there
    are any.
    """
    found = [number for number in _from_files(folder) if number < vocabulary and number not in banned]
    if len(found) < count:
        low = min(300, vocabulary // 3)
        found = [number for number in range(max(3, low), vocabulary) if number not in banned]
    # The rarer half: common words are the likeliest to end a prompt, and a prompt that ends with a word of
    # the last group is answered by the end token alone.
    found = found[min(len(found) // 2, len(found) - count) :]
    step = max(1, len(found) // count)
    return found[::step][:count]


def _from_files(folder: Path) -> list[int]:
    for name, reader in (
        ("tokenizer.json", _fast_file),
        ("vocab.json", _fast_file),
        ("vocab.txt", _word_list),
    ):
        path = folder / name
        if path.is_file():
            return reader(path)
    return []


def _fast_file(path: Path) -> list[int]:
    with path.open("rb") as file:
        data = file.read(HEAD_BYTES)
        start = data.find(b'"vocab"')
        if start < 0 and path.name == "tokenizer.json":
            data = data[-32:] + file.read()
            start = data.find(b'"vocab"')
    data = data[max(0, start) :][:HEAD_BYTES]
    if data[:40].split(b":", 1)[-1].strip().startswith(b"["):
        pieces = (match.group(1) for match in _UNIGRAM.finditer(data))
        return [number for number, piece in enumerate(pieces) if _WORD.match(piece)]
    return [int(match.group(2)) for match in _BPE.finditer(data)]


def _word_list(path: Path) -> list[int]:
    lines = path.read_bytes().splitlines()
    return [number for number, word in enumerate(lines) if _WORD.match(word)]


def end_ids(model: Any, folder: Path) -> list[int]:
    """The ids that end a generation, the tokenizer's own first.

    Where a file of generation settings names them, nothing else counts: that is what generation will read.
    """
    named = list(_ids(read_json(folder / "generation_config.json").get("eos_token_id")))
    if named:
        return named
    found = list(_ids(getattr(getattr(model, "generation_config", None), "eos_token_id", None)))
    for part in (model.config, text_config(model.config)):
        found += list(_ids(getattr(part, "eos_token_id", None)))
    own = _tokenizer_end(folder)
    if own is not None and own in found:
        found.insert(0, own)
    elif own is not None:
        found.append(own)
    return list(dict.fromkeys(found))


def special_ids(config: Any, folder: Path) -> set[int]:
    """Ids that mean something to the model or that generation suppresses: never made to be said."""
    found: set[int] = set()
    settings = [config.to_dict(), read_json(folder / "generation_config.json")]
    while settings:
        for name, value in settings.pop().items():
            if isinstance(value, dict) and name != "id2label":
                settings.append(value)
            elif re.search(r"token_id|suppress|_index$|_token_ids|bad_words", str(name)):
                found |= set(_ids(value))
    added = read_json(folder / "tokenizer_config.json").get("added_tokens_decoder")
    return found | {int(key) for key in (added if isinstance(added, dict) else {}) if str(key).isdigit()}


def _ids(value: Any) -> Iterable[int]:
    if type(value) is int and value >= 0:
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _ids(item)


def text_config(config: Any) -> Any:
    """The part of a configuration that describes the text, or all of it."""
    try:
        return config.get_text_config(decoder=True)
    except Exception:
        return config


def _tokenizer_end(folder: Path) -> int | None:
    settings = read_json(folder / "tokenizer_config.json")
    token = settings.get("eos_token")
    token = token.get("content") if isinstance(token, dict) else token
    for key, value in (settings.get("added_tokens_decoder") or {}).items():
        if isinstance(value, dict) and value.get("content") == token and str(key).isdigit():
            return int(key)
    return next((number for number, content in _added(folder) if content == token), None)


def _added(folder: Path) -> list[tuple[int, str]]:
    """The added tokens of tokenizer.json; they stand before the vocabulary."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        return []
    with path.open("rb") as file:
        text = file.read(HEAD_BYTES).decode("utf-8", errors="replace")
    start = text.find("[", text.find('"added_tokens"')) if '"added_tokens"' in text else -1
    if start < 0:
        return []
    try:
        value, _ = json.JSONDecoder().raw_decode(text, start)
    except ValueError:
        return []
    entries = (item for item in value if isinstance(item, dict))
    return [(item["id"], item["content"]) for item in entries if {"id", "content"} <= item.keys()]


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; an empty one when there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
