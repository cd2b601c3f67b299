"""Writes sentencepiece models: the small part of their format that a list of pieces needs, encoded here."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

NORMAL, UNKNOWN, CONTROL = 1, 2, 3
"""Kinds of pieces, as the format numbers them."""


def write(path: Path, pieces: Iterable[tuple[str, float, int]]) -> None:
    """Writes a Unigram model of (piece, score, kind)."""
    listed = list(pieces)
    body = b"".join(_field(1, _piece(*piece)) for piece in listed)
    path.write_bytes(body + _field(2, _trainer(listed)) + _field(3, _normalizer()))


def _piece(text: str, score: float, kind: int) -> bytes:
    return _field(1, text.encode()) + _key(2, 5) + struct.pack("<f", score) + _number(3, kind)


def _trainer(pieces: list[tuple[str, float, int]]) -> bytes:
    """The type of the model and the ids of the special pieces; -1 where there is none."""
    names = [text for text, _, _ in pieces]
    fields = _number(3, 1) + _number(4, len(names))
    for number, name in ((40, "<unk>"), (41, "<s>"), (42, "</s>"), (43, "<pad>")):
        fields += _number(number, names.index(name) if name in names else -1)
    return fields


def _normalizer() -> bytes:
    """No character map; a space is put before the text, spaces are folded and written as ▁."""
    return _field(1, b"identity") + _number(3, 1) + _number(4, 1) + _number(5, 1)


def _key(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)


def _field(number: int, content: bytes) -> bytes:
    return _key(number, 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _key(number, 0) + _varint(value & 0xFFFFFFFFFFFFFFFF)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
