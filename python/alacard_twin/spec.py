"""What a twin is made from and what is told about it: the types every maker of this package shares.

A maker is a function `make(spec: TwinSpec, out: Path) -> TwinReport`. It writes the complete repo of the
twin into `out` (which exists and is empty) and returns the report; `make.main` writes the report to
`twin.json`. A maker that cannot go on raises `TwinError`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

Json = dict[str, Any]
"""A JSON object as `json.loads` gives it."""

PARAMETER_CAP = 300_000_000
"""More parameters than this are never built, whatever a configuration says."""

SIZE_CAP_MB = 200
"""Weights larger than this are never written, so that the cache of twins stays small."""


class TwinError(Exception):
    """Why there is no twin: the stage that failed, what happened, and what a person can do about it."""

    def __init__(self, stage: str, error: str, hint: str = "") -> None:
        super().__init__(error)
        self.stage = stage
        self.error = error
        self.hint = hint

    def as_json(self) -> Json:
        """The content of `error.json`."""
        return {"stage": self.stage, "error": self.error, "hint": self.hint}


@dataclass(frozen=True)
class BaseTwin:
    """An already made twin that this one builds on (the base model of an adapter)."""

    repo: str
    files: Path


@dataclass(frozen=True)
class TwinSpec:
    """One request for a twin."""

    repo: str
    sha: str = "main"
    library: str = "transformers"
    task: str | None = None
    files: Path | None = None
    """Folder with the real small files that are known; None when there are none."""
    siblings: tuple[str, ...] = ()
    """Names of all files in the real repo; empty when not known."""
    base: BaseTwin | None = None
    remote_code: bool = False
    """The user's consent to run the repo's own Python."""
    parameter_cap: int = PARAMETER_CAP
    size_cap_mb: int = SIZE_CAP_MB
    seed: int = 0
    config: Json | None = None
    """The configuration when `files` has no config.json."""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> TwinSpec:
        """Reads a request; unknown keys are ignored so that an older maker can serve a newer caller."""
        repo = value.get("repo")
        if not isinstance(repo, str) or not repo:
            raise TwinError("spec", "the request names no repo", 'Give `repo` as "organisation/name".')
        return cls(
            repo=repo,
            sha=str(value.get("sha") or "main"),
            library=str(value.get("library") or "transformers"),
            task=value.get("task") or None,
            files=_folder(value.get("files")),
            siblings=tuple(str(name) for name in value.get("siblings") or ()),
            base=_base(value.get("base")),
            remote_code=bool(value.get("remote_code", False)),
            parameter_cap=int(value.get("parameter_cap") or PARAMETER_CAP),
            size_cap_mb=int(value.get("size_cap_mb") or SIZE_CAP_MB),
            seed=int(value.get("seed") or 0),
            config=value.get("config") or None,
        )

    def with_part(self, **changes: Any) -> TwinSpec:
        """The same request with some fields changed, for makers that build a twin out of smaller twins."""
        return replace(self, **changes)


def _folder(value: object) -> Path | None:
    return Path(value) if isinstance(value, str) and value else None


def _base(value: object) -> BaseTwin | None:
    if not isinstance(value, Mapping):
        return None
    files = _folder(value.get("files"))
    return BaseTwin(repo=str(value.get("repo") or ""), files=files) if files else None


@dataclass
class Attempt:
    """One step of the ladder that did not work."""

    strategy: str
    stage: str
    """`build` or `run`."""
    error: str


@dataclass
class TwinReport:
    """What was made: the content of `twin.json`. Makers fill it in, `make.main` adds repo, sha, library
    and bytes.
    """

    repo: str = ""
    sha: str = ""
    library: str = ""
    class_name: str = ""
    """The class of the model; `class` in the JSON."""
    strategy: str = ""
    ran: str | None = None
    """The main call that was run on the twin (`generate`, `forward`, `encode`, ...); None if none ran."""
    inputs: Json = field(default_factory=dict)
    """The tensors that the main call was run with, by argument, as `probe.described` tells of them."""
    parameters: int = 0
    bytes: int = 0
    """Size of all files of the twin together."""
    seconds: dict[str, float] = field(default_factory=dict)
    standins: list[str] = field(default_factory=list)
    """Files that are not the repo's own, one sentence each."""
    notes: list[str] = field(default_factory=list)
    weights: list[str] = field(default_factory=list)
    tried: list[Attempt] = field(default_factory=list)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Adds the time of a block to `seconds[stage]`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.seconds[stage] = round(self.seconds.get(stage, 0.0) + spent, 4)

    def as_json(self) -> Json:
        """The content of `twin.json`."""
        value = asdict(self)
        value["class"] = value.pop("class_name")
        return value


class Maker(Protocol):
    """The signature of `make` in every `lib_*` module."""

    def __call__(self, spec: TwinSpec, out: Path) -> TwinReport:
        """Makes the twin's files in `out`."""
