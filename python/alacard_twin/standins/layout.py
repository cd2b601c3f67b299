"""A vocabulary as a table of ids: some places are fixed by the configuration, the rest is filled in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from alacard_twin.standins.words import made_up


class Layout:
    """Tokens at their ids; every token occurs once and no id reaches `size`."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.tokens: dict[int, str] = {}
        self._ids: dict[str, int] = {}
        self._next = 0

    def at(self, token: str) -> int | None:
        """The id of a token."""
        return self._ids.get(token)

    def place(self, token: str, index: int) -> bool:
        """Puts a token at an id; False if the id is taken or out of range, or the token has another id."""
        if not 0 <= index < self.size or index in self.tokens or token in self._ids:
            return False
        self.tokens[index] = token
        self._ids[token] = index
        return True

    def add(self, token: str) -> bool:
        """Puts a token at the next free id unless it has one; False if the vocabulary is full."""
        if token in self._ids:
            return True
        while self._next in self.tokens:
            self._next += 1
        return self.place(token, self._next)

    def extend(self, tokens: Iterable[str]) -> None:
        """Adds tokens until the vocabulary is full."""
        for token in tokens:
            if not self.add(token):
                return

    def free(self) -> list[int]:
        """The ids without a token."""
        return [index for index in range(self.size) if index not in self.tokens]

    def ids(self) -> dict[str, int]:
        """Token to id, in the order of ids."""
        return {self.tokens[index]: index for index in sorted(self.tokens)}

    def filler(self, written: Callable[[Iterable[str]], Iterator[str]]) -> dict[str, int]:
        """Made-up words for the free ids, in the written form of this kind of vocabulary."""
        free = self.free()
        made = (word for word in written(made_up()) if word not in self._ids)
        return dict(zip(islice(made, len(free)), free, strict=False))

    def filled(self, written: Callable[[Iterable[str]], Iterator[str]]) -> list[str]:
        """All tokens in the order of ids, made-up words in the free places."""
        added = {index: token for token, index in self.filler(written).items()}
        return [self.tokens.get(index) or added[index] for index in range(self.size)]
