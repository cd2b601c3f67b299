"""Counts of what a notebook does with models, kept by cell."""

from __future__ import annotations

import threading
from collections import Counter
from types import CodeType, TracebackType
from typing import Any

MAX_ERRORS = 16
"""Errors remembered in one cell; more of them say nothing new."""


class Tally:
    """What has been counted since the last report; calls of every thread count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forwards: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.raised = 0
        self.errors: list[BaseException] = []

    def forward(self, name: str) -> None:
        """A forward call of a model has begun."""
        with self._lock:
            self.forwards[name] += 1

    def call(self, name: str) -> None:
        """A call of a library's function has begun."""
        with self._lock:
            self.calls[name] += 1

    def error(self, error: BaseException, forward: bool) -> None:
        """An error has left a counted call."""
        with self._lock:
            self.raised += int(forward)
            known = any(error is item for item in self.errors)
            if isinstance(error, Exception) and not known and len(self.errors) < MAX_ERRORS:
                self.errors.append(error)

    def take(self) -> tuple[dict[str, int], dict[str, int], int, list[BaseException]]:
        """All counts so far, and begins anew."""
        with self._lock:
            taken = (dict(self.forwards), dict(self.calls), self.raised, self.errors)
            self.forwards, self.calls, self.raised, self.errors = Counter(), Counter(), 0, []
        return taken


class Depth(threading.local):
    """How deep a thread is in module calls, and at which depth the counted one began (0: none)."""

    depth = 0
    counted = 0


def caught(errors: list[BaseException], final: BaseException | None, is_cell: Any) -> list[str]:
    """Errors that code of a cell has caught: they came through a cell's frame and did not end the cell."""
    chain = causes(final)
    return [
        f"{type(error).__name__}: {_text(error)}"
        for error in errors
        if not any(error is item for item in chain)
        and any(is_cell(code) for code in frames(error.__traceback__))
    ]


def causes(error: BaseException | None) -> list[BaseException]:
    """An error with everything that led to it."""
    found: list[BaseException] = []
    pending = [error]
    while pending:
        item = pending.pop()
        if item is not None and not any(item is known for known in found):
            found.append(item)
            pending += [item.__cause__, item.__context__]
    return found


def frames(traceback: TracebackType | None) -> list[CodeType]:
    """The code of each frame that an error came through."""
    found = []
    while traceback is not None:
        found.append(traceback.tb_frame.f_code)
        traceback = traceback.tb_next
    return found


def _text(error: BaseException) -> str:
    try:
        return str(error)[:500]
    except Exception:
        return ""
