"""The observer of a kernel: says after each cell what really ran, from outside of the notebook.

It sees forward calls of models, calls of the libraries' main functions, errors that a cell has
swallowed, and the lines that were executed. On Python 3.12 and later it listens to the
interpreter's own events and changes nothing; on 3.11 it uses torch's global hooks and thin
wrappers, and cannot tell lines.
"""

from __future__ import annotations

import json
import socket
import sys
import types
from typing import Any

from alacard_host import lines, targets
from alacard_host.counting import Depth, Tally, caught
from alacard_host.monitoring import Monitor

MAX_DATAGRAM = 60_000
"""Largest report in bytes."""


def install(shell: Any, observe: str) -> Observer:
    """Begins to observe a shell; reports go to the datagram socket at `observe`."""
    observer = Observer(shell, observe)
    shell.events.register("pre_run_cell", observer.before)
    shell.events.register("post_run_cell", observer.after)
    return observer


class Observer:
    """Joins what the parts see into one report a cell."""

    def __init__(self, shell: Any, observe: str) -> None:
        self._shell = shell
        self._address = observe
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(1.0)
        self._level = 0
        self._tally = Tally()
        self._monitor = Monitor() if lines.available() else None
        self._lines = lines.Lines(self._monitor)
        if self._monitor is not None:
            lines.wrap_compiler(shell, self._lines)
        Calls(self._tally, self._monitor)

    def before(self, info: Any) -> None:
        """A cell is about to run; cells that run inside it belong to it."""
        self._level += 1
        if self._level == 1:
            raw = getattr(info, "raw_cell", "") or ""
            offset = lines.offset_of(raw, getattr(info, "transformed_cell", None) or self._transformed(raw))
            self._lines.begin(offset, raw.lstrip().startswith("%%"))

    def after(self, result: Any) -> None:
        """A cell has ended, well or not."""
        self._level = max(0, self._level - 1)
        if self._level == 0:
            self._send(self._report(result))

    def _transformed(self, raw: str) -> str:
        try:
            return str(self._shell.transform_cell(raw))
        except Exception:
            return raw

    def _report(self, result: Any) -> dict[str, Any]:
        forwards, calls, raised, errors = self._tally.take()
        final = getattr(result, "error_in_exec", None) or getattr(result, "error_before_exec", None)
        index = getattr(result, "execution_count", None) or self._shell.execution_count
        self._lines.name(index)
        return {
            "event": "cell",
            "index": index,
            "forwards": forwards,
            "raised": raised,
            "calls": calls,
            "lines": self._lines.executed(),
            "earlier": self._lines.earlier(),
            "caught": caught(errors, final, self._is_cell),
        }

    def _is_cell(self, code: types.CodeType) -> bool:
        return code.co_filename in getattr(self._shell.compile, "_filename_map", {})

    def _send(self, report: dict[str, Any]) -> None:
        """One datagram; a supervisor that does not listen is no reason to disturb the notebook."""
        try:
            self._socket.sendto(fitted(report), self._address)
        except OSError:
            self._again(report)

    def _again(self, report: dict[str, Any]) -> None:
        """The notebook may have closed our socket: one more try with a new one."""
        try:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.settimeout(1.0)
            self._socket.sendto(fitted(report), self._address)
        except OSError:
            return


def fitted(report: dict[str, Any]) -> bytes:
    """The report as JSON, its lists cut until it fits into a datagram."""
    data = json.dumps(report).encode()
    keep = 4096
    while len(data) > MAX_DATAGRAM and keep > 1:
        keep //= 2
        short = {name: _cut(value, keep) for name, value in report.items()}
        data = json.dumps({**short, "truncated": True}).encode()
    return data


def _cut(value: Any, keep: int) -> Any:
    if isinstance(value, list):
        return value[:keep]
    if isinstance(value, dict):
        return {name: _cut(inner, keep) for name, inner in list(value.items())[:keep]}
    return value


class Calls:
    """Puts the counters on the libraries, now and as they are imported."""

    def __init__(self, tally: Tally, monitor: Monitor | None) -> None:
        self._tally = tally
        self._monitor = monitor
        self._depth = Depth()
        self._kinds: dict[type, str] = {}
        self._pipelines: set[type] = set()
        for name in sorted(targets.WATCHED & set(sys.modules)):
            self.loaded(sys.modules[name])
        sys.meta_path.insert(0, targets.Watcher(self.loaded))

    def loaded(self, module: types.ModuleType) -> None:
        """A watched module is there."""
        try:
            if module.__name__ == targets.TORCH:
                self._watch_modules(module)
            elif module.__name__ == targets.DIFFUSERS:
                self._watch_pipelines(module)
            for path, name in targets.CALLS.get(module.__name__, ()):
                self._watch(module, path, name)
        except Exception as error:
            print(f"not observed: {module.__name__}: {error}", file=sys.__stderr__)

    def _watch(self, module: Any, path: str, name: str) -> None:
        """Counts the calls of one function under a name."""
        found = targets.find(module, path)
        if found is None:
            return
        holder, attribute, function = found
        tally = self._tally
        if self._monitor is None:
            from alacard_host import hooks

            hooks.wrap(holder, attribute, name, tally)
            return
        self._monitor.watch_calls(
            function.__code__,
            lambda _: tally.call(name),
            lambda _: None,
            lambda _, error: tally.error(error, forward=False),
        )

    def _watch_modules(self, module: Any) -> None:
        """Counts the outermost call of a library's model in each thread."""
        if self._monitor is None:
            from alacard_host import hooks

            hooks.hook_modules(module, self._tally, self.kind)
            return
        found = targets.find(module, "Module.__call__")
        if found is not None:
            self._monitor.watch_calls(found[2].__code__, self._enter, self._leave, self._fail)

    def kind(self, cls: type) -> str:
        """The name under which a class's calls count, empty if they do not."""
        name = self._kinds.get(cls)
        if name is None:
            name = targets.label(cls) if targets.counts(cls) else ""
            self._kinds[cls] = name
        return name

    def _enter(self, _: types.CodeType) -> None:
        state = self._depth
        state.depth += 1
        if state.counted == 0:
            model = sys._getframe(2).f_locals.get("self")
            name = self.kind(type(model))
            if name:
                state.counted = state.depth
                self._tally.forward(name)

    def _leave(self, _: types.CodeType) -> None:
        state = self._depth
        if state.depth == state.counted:
            state.counted = 0
        state.depth = max(0, state.depth - 1)

    def _fail(self, code: types.CodeType, error: BaseException) -> None:
        if self._depth.counted and self._depth.depth == self._depth.counted:
            self._tally.error(error, forward=True)
        self._leave(code)

    def _watch_pipelines(self, module: Any) -> None:
        """Every diffusion pipeline registers its parts when it is built: then its class is known."""
        found = targets.find(module, "DiffusionPipeline.register_modules")
        if found is not None and self._monitor is not None:
            self._monitor.watch_calls(found[2].__code__, self._built, lambda _: None, lambda _, __: None)

    def _built(self, _: types.CodeType) -> None:
        cls = type(sys._getframe(2).f_locals.get("self"))
        if cls not in self._pipelines:
            self._pipelines.add(cls)
            holder = types.SimpleNamespace(cls=cls)
            self._watch(holder, "cls.__call__", "DiffusionPipeline.__call__")
