"""Which lines of a cell ran: asked of the interpreter itself, at the cost of one event a line.

From Python 3.12 on ``sys.monitoring`` can report the first execution of each line of chosen code
objects. The compile step of the shell is where a cell's code objects come by. Tracebacks, timings
and values stay as they are, because nothing is wrapped around the code.
"""

from __future__ import annotations

import sys
from types import CodeType
from typing import Any

from alacard_host.monitoring import Monitor


class Lines:
    """The executed lines of the present cell, and of earlier cells as far as they are new."""

    def __init__(self, monitor: Monitor | None) -> None:
        self._monitor = monitor
        self._cells: dict[str, tuple[int, int]] = {}
        self._seen: dict[int, set[int]] = {}
        self._names: dict[int, int] = {}
        self._turn = 0
        self._offset: int | None = 0
        if monitor is not None:
            monitor.on_line(self._line)

    def begin(self, offset: int | None, magic: bool) -> None:
        """A cell starts; its code's line 1 is line ``1 + offset`` of its text, None: nobody can tell."""
        self._turn += 1
        self._offset = offset
        self._seen.clear()
        if magic and offset is not None:
            self._seen[self._turn] = {offset}

    def name(self, index: int) -> None:
        """The present cell's number in the notebook, known only when it has ended."""
        self._names[self._turn] = index

    def compiled(self, code: CodeType, filename: str) -> None:
        """Watches a code object that the shell has compiled, with all functions inside it."""
        if self._monitor is None or self._offset is None:
            return
        if filename not in self._cells or self._cells[filename][0] != self._turn:
            self._cells[filename] = (self._turn, self._offset)
        pending = [code]
        while pending:
            item = pending.pop()
            self._monitor.watch_lines(item)
            pending += [inner for inner in item.co_consts if isinstance(inner, CodeType)]

    def executed(self) -> list[int] | None:
        """Lines of the present cell that ran; None where that is not known."""
        if self._monitor is None or self._offset is None:
            return None
        return sorted(self._seen.get(self._turn, ()))

    def earlier(self) -> dict[str, list[int]]:
        """Lines of earlier cells that ran for the first time now, by the number of the cell."""
        found = {self._names.get(turn, 0): lines for turn, lines in self._seen.items() if turn != self._turn}
        return {str(index): sorted(lines) for index, lines in sorted(found.items())}

    def _line(self, code: CodeType, line: int) -> None:
        cell = self._cells.get(code.co_filename)
        if cell is not None:
            self._seen.setdefault(cell[0], set()).add(line + cell[1])


def offset_of(raw: str, transformed: str) -> int | None:
    """Lines that the shell's transformations removed at the top of a cell; None for cell magics.

    A continued magic line is folded into one, which moves everything below it: nobody can tell.
    """
    stripped = raw.lstrip()
    leading = raw[: len(raw) - len(stripped)].count("\n")
    if stripped.startswith("%%"):
        return leading + 1 if stripped.split()[0] in ("%%time", "%%capture") else None
    same = len(raw.rstrip().splitlines()) - leading == len(transformed.rstrip().splitlines())
    return leading if same else None


def wrap_compiler(shell: Any, lines: Lines) -> None:
    """Shows `lines` every code object that the shell compiles for a cell."""
    present = type(shell.compile)

    class Compiler(present):  # type: ignore[misc, valid-type]
        """The shell's own compiler, which also shows its result."""

        def __call__(self, source: Any, filename: str, symbol: str, **options: Any) -> CodeType:
            """Compiles as before."""
            code: CodeType = super().__call__(source, filename, symbol, **options)
            if filename in self._filename_map or filename in ("<timed exec>", "<timed eval>"):
                lines.compiled(code, filename)
            return code

    Compiler.__name__, Compiler.__qualname__ = present.__name__, present.__qualname__
    Compiler.__module__ = present.__module__
    shell.compile.__class__ = Compiler


def available() -> bool:
    """Whether this interpreter can tell which lines ran."""
    return hasattr(sys, "monitoring")
