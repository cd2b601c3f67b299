"""The lines between the supervisor and the host: strict reading, one type a request."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MAX_LINE = 4 * 1024 * 1024
"""Longest request in bytes; a longer one is answered with a problem and skipped."""

KINDS = ("kernel", "twin", "endpoint")
"""What a child can be."""


class BadRequestError(Exception):
    """A request that cannot be understood; the host answers it and goes on."""


@dataclass(frozen=True)
class Limits:
    """Resource limits of a child; zero means none."""

    address_space_mb: int = 0
    file_mb: int = 0
    open_files: int = 0
    processes: int = 0
    cpu_seconds: int = 0


@dataclass(frozen=True)
class Import:
    """Import these modules in the host, so that every later child has them."""

    modules: tuple[str, ...]


@dataclass(frozen=True)
class Fork:
    """Start a child."""

    kind: str
    id: str
    folder: str
    connection_file: str = ""
    observe: str = ""
    env: dict[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    threads: int = 1
    spec: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Signal:
    """Send a signal to a child and to the processes of its session."""

    id: str
    signal: int


@dataclass(frozen=True)
class Quit:
    """Kill what is left and end."""


Request = Import | Fork | Signal | Quit


def parse(line: bytes) -> Request:
    """The request in one line, or BadRequestError with a sentence that names the fault."""
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(f"not a JSON line: {error}") from error
    if not isinstance(raw, dict):
        raise BadRequestError("a request is a JSON object")
    readers: dict[str, Callable[[dict[str, Any]], Request]] = {
        "import": _import,
        "fork": _fork,
        "signal": _signal,
        "quit": _quit,
    }
    op = raw.get("op")
    if not isinstance(op, str) or op not in readers:
        raise BadRequestError(f"unknown op {op!r}")
    return readers[op](raw)


def _quit(_: dict[str, Any]) -> Request:
    return Quit()


def _import(raw: dict[str, Any]) -> Request:
    modules = raw.get("modules")
    if not isinstance(modules, list) or not all(isinstance(name, str) and name for name in modules):
        raise BadRequestError("modules must be a list of names")
    return Import(tuple(modules))


def _fork(raw: dict[str, Any]) -> Request:
    kind = _text(raw, "kind")
    if kind not in KINDS:
        raise BadRequestError(f"unknown kind {kind!r}")
    needed = kind == "kernel"
    env = raw.get("env", {})
    if not isinstance(env, dict) or not all(_plain(k) and _plain(v) for k, v in env.items()):
        raise BadRequestError("env must map names to texts")
    spec = raw.get("spec", {})
    if not isinstance(spec, dict):
        raise BadRequestError("spec must be an object")
    return Fork(
        kind=kind,
        id=_text(raw, "id"),
        folder=_text(raw, "folder"),
        connection_file=_text(raw, "connection_file") if needed else "",
        observe=_text(raw, "observe") if needed else "",
        env=env,
        limits=_limits(raw.get("limits", {})),
        threads=max(1, _number(raw, "threads", 1)),
        spec=spec,
    )


def _signal(raw: dict[str, Any]) -> Request:
    number = _number(raw, "signal", -1)
    if not 0 < number < 65:
        raise BadRequestError("signal must be a number from 1 to 64")
    return Signal(_text(raw, "id"), number)


def _limits(raw: object) -> Limits:
    if not isinstance(raw, dict):
        raise BadRequestError("limits must be an object")
    unknown = sorted(set(raw) - set(Limits.__dataclass_fields__))
    if unknown:
        raise BadRequestError(f"unknown limit {unknown[0]!r}")
    return Limits(**{name: _number(raw, name, 0) for name in raw})


def _text(raw: dict[str, Any], name: str) -> str:
    value = raw.get(name)
    if not _plain(value) or not value:
        raise BadRequestError(f"{name} must be a text that is not empty")
    return str(value)


def _number(raw: dict[str, Any], name: str, default: int) -> int:
    value = raw.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < -1:
        raise BadRequestError(f"{name} must be a whole number")
    return value


def _plain(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value
