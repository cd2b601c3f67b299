"""A small wrapper around ``sys.monitoring``: who wants which events of which code objects."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType
from typing import Any, NamedTuple

TOOL = 4
"""The tool number that is asked for first; 0, 1, 2 and 5 have fixed meanings."""

LineCallback = Callable[[CodeType, int], None]
CallCallback = Callable[[CodeType], None]
ErrorCallback = Callable[[CodeType, BaseException], None]


class Watched(NamedTuple):
    """A function and who hears of its calls; the code object is kept so that its id stays its own."""

    code: CodeType
    start: CallCallback
    end: CallCallback
    raised: ErrorCallback


class Monitor:
    """Line and call events of chosen code objects; everything else runs at full speed."""

    def __init__(self) -> None:
        self._api: Any = sys.monitoring  # type: ignore[attr-defined, unused-ignore]
        self._tool = self._claim()
        self._line: LineCallback | None = None
        self._calls: dict[int, Watched] = {}
        events = self._api.events
        self._api.register_callback(self._tool, events.LINE, self._on_line)
        self._api.register_callback(self._tool, events.PY_START, self._on_start)
        self._api.register_callback(self._tool, events.PY_RETURN, self._on_return)
        self._api.register_callback(self._tool, events.PY_UNWIND, self._on_unwind)
        self._api.set_events(self._tool, events.PY_UNWIND)

    def _claim(self) -> int:
        """A tool number that is free."""
        for number in (TOOL, 3):
            if self._api.get_tool(number) is None:
                self._api.use_tool_id(number, "alacard")
                return number
        raise RuntimeError("no free monitoring tool")

    def on_line(self, callback: LineCallback) -> None:
        """Who hears of lines."""
        self._line = callback

    def watch_lines(self, code: CodeType) -> None:
        """The first execution of each line of a code object."""
        self._api.set_local_events(self._tool, code, self._api.events.LINE)

    def watch_calls(
        self, code: CodeType, start: CallCallback, end: CallCallback, raised: ErrorCallback
    ) -> None:
        """The starts, returns and errors of a function."""
        if id(code) not in self._calls:
            self._calls[id(code)] = Watched(code, start, end, raised)
            events = self._api.events
            self._api.set_local_events(self._tool, code, events.PY_START | events.PY_RETURN)

    def _on_line(self, code: CodeType, line: int) -> Any:
        if self._line is not None:
            self._line(code, line)
        return self._api.DISABLE

    def _on_start(self, code: CodeType, _offset: int) -> None:
        found = self._calls.get(id(code))
        if found is not None:
            found.start(code)

    def _on_return(self, code: CodeType, _offset: int, _value: object) -> None:
        found = self._calls.get(id(code))
        if found is not None:
            found.end(code)

    def _on_unwind(self, code: CodeType, _offset: int, error: BaseException) -> None:
        found = self._calls.get(id(code))
        if found is not None:
            found.raised(code, error)
