"""Pieces of text for each kind of vocabulary: byte-level and plain BPE, WordPiece and Unigram."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from alacard_twin.standins.words import ASCII, LETTERS, endings, ranked, words

SPACE = "▁"
"""How sentencepiece writes a space."""


@dataclass(frozen=True)
class Kind:
    """How a tokenizer class writes its pieces."""

    model: str
    """`BPE`, `WordPiece` or `Unigram`."""
    byte_level: bool = False
    byte_fallback: bool = False
    metaspace: bool = False
    end: str = ""
    """What ends a word (`</w>`), for BPE."""
    prefix: str = "##"
    """What starts a piece inside a word, for WordPiece."""
    forms: tuple[Callable[[str], str], ...] = field(default=())

    def written(self, words: Iterable[str]) -> Iterator[str]:
        """Made-up words that follow a space, as this kind of vocabulary writes them.

        With a capital letter where case is kept, so that they are not taken for ordinary words.
        """
        before, after = "Ġ" if self.byte_level else "", ""
        if self.model == "Unigram" or self.metaspace:
            before = SPACE
        elif self.end:
            before, after = "", self.end
        if self.model == "WordPiece" or self.end:
            return (before + word + after for word in words)
        return (before + word.capitalize() + after for word in words)


def kind_of(state: dict[str, Any]) -> Kind:
    """The kind of a tokenizer from its own description of itself (its tokenizer.json)."""
    model = state["model"]
    steps = repr(state.get("pre_tokenizer")) + repr(state.get("normalizer"))
    return Kind(
        model=model["type"],
        byte_level="ByteLevel" in steps,
        byte_fallback=bool(model.get("byte_fallback")),
        metaspace=SPACE in steps,
        end=model.get("end_of_word_suffix") or "",
        prefix=model.get("continuing_subword_prefix") or "##",
    )


@cache
def byte_letters() -> tuple[str, ...]:
    """The letter that byte-level tokenizers write for each of the 256 bytes."""
    keep = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    extra = iter(range(256, 512))
    return tuple(chr(byte) if byte in keep else chr(next(extra)) for byte in range(256))


def alphabet(kind: Kind) -> list[str]:
    """The single characters that a vocabulary must have so that no ordinary text is unknown to it."""
    if kind.model == "WordPiece":
        letters = [*ASCII, *LETTERS]
        return [*letters, *(kind.prefix + letter for letter in letters)]
    if kind.byte_level:
        letters = list(byte_letters())
    else:
        letters = (
            [SPACE, *ASCII, *LETTERS] if kind.metaspace or kind.model == "Unigram" else [*ASCII, *LETTERS]
        )
        letters += ["\n", "\t"] if kind.byte_fallback else []
    fallback = [f"<0x{byte:02X}>" for byte in range(256)] if kind.byte_fallback else []
    ends = [letter + kind.end for letter in letters] if kind.end else []
    return [*fallback, *letters, *ends]


def merges(kind: Kind, vocabulary: set[str], room: int) -> list[tuple[str, str]]:
    """Merges that build the frequent words letter by letter; each makes one piece that is not there yet."""
    found: list[tuple[str, str]] = []
    for word in words():
        for pair in _chain(kind, word):
            piece = "".join(pair)
            if piece in vocabulary:
                continue
            if len(found) >= room:
                return found
            vocabulary.add(piece)
            found.append(pair)
    return found


def _chain(kind: Kind, word: str) -> Iterable[tuple[str, str]]:
    """The steps from the first letter to the whole word."""
    letters = list(word)
    if kind.end:
        letters[-1] += kind.end
    elif kind.metaspace:
        letters = [SPACE, *letters]
    elif kind.byte_level:
        letters = ["Ġ", *letters]
    left = letters[0]
    for right in letters[1:]:
        yield left, right
        left += right


def word_pieces(kind: Kind) -> list[str]:
    """Whole words in lower case and as they are, and endings."""
    lower = [word.lower() for word in words()]
    return list(dict.fromkeys([*lower, *words(), *(kind.prefix + ending for ending in endings())]))


@cache
def unigram_scores() -> dict[str, float]:
    """Words, endings and letters with the logarithm of how often they occur; letters are the last resort."""
    total = sum(count for _, count in ranked())
    scores = {SPACE + word: math.log(count / total) for word, count in ranked()}
    for word, count in ranked():
        scores.setdefault(SPACE + word.lower(), math.log(count / total) - 1)
    scores |= dict.fromkeys(endings(), -8.0)
    scores |= dict.fromkeys([SPACE, *ASCII, *LETTERS], -11.0)
    return {piece: round(score, 4) for piece, score in scores.items()}
