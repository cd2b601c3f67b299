"""The ladder: from the smallest twin to the configuration as it is; the first that builds and runs wins."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from alacard_twin.empties import filled
from alacard_twin.shrink import Strategy, shrink
from alacard_twin.spec import Attempt, Json, TwinReport
from alacard_twin.weights import TooLarge

LADDER: tuple[Strategy, ...] = (
    Strategy("const", 2),
    Strategy("ratio", 2),
    Strategy("const", 4),
    Strategy("ratio", 4),
    Strategy("const", 8),
    Strategy("ratio", 8),
    Strategy("const", 999),
    Strategy("ratio", 999),
    Strategy("depth", 2),
    Strategy("depth", 4),
    Strategy("none", 999),
)
"""Constant small widths first: 85 of 100 model types need only the first step."""

LAST_RESORTS = (Strategy("depth", 2), Strategy("none", 999))
"""What is still tried when the same error came at several sizes."""

_MISSED = re.compile(r"\bNone|Config' object has no attribute|in the config, or it is not set")
"""What errors say where a setting is empty."""

Step = tuple[Any, Strategy]
"""A model that was built, and how."""

SAME = 3
"""How many times is several."""

PATIENCE_SECONDS = 60.0
"""No new step is begun after this long: a twin that takes minutes is of no use to anybody."""


@dataclass
class Climb:
    """What one climb needs: how to read a configuration, build a model from it and run it."""

    read: Callable[[Json], Any]
    build: Callable[[Any], Any]
    run: Callable[[Any], str]
    report: TwinReport
    patience: float = PATIENCE_SECONDS
    started: float = field(default_factory=time.perf_counter)
    _begun: int = 0
    """How many attempts were made with other settings."""

    def climb(self, config: Json, ladder: tuple[Strategy, ...] = LADDER) -> Any | None:
        """The first model that builds and runs; else the first that builds; None when none builds.

        Where an empty setting is in the way, the empty settings are filled.
        """
        first = self._steps(config, ladder[:1])
        if not self.report.ran and self._misses():
            first = self._steps_filled(config, ladder, first)
        if not self.report.ran:
            first = self._steps(config, ladder[1:], first)
        if first is None:
            first = self._steps_filled(config, ladder, None)
        self.report.strategy = str(first[1]) if first else ""
        return first[0] if first else None

    def _steps(self, config: Json, ladder: tuple[Strategy, ...], first: Step | None = None) -> Step | None:
        """The step that ran; else the first of all that was built."""
        for strategy in ladder:
            if time.perf_counter() - self.started > self.patience:
                break
            if strategy not in LAST_RESORTS and self._same_error():
                continue
            model = self._build(config, strategy)
            if model is None:
                continue
            first = first or (model, strategy)
            if self._run(model, strategy):
                return model, strategy
        return first

    def _misses(self) -> bool:
        """Whether the last attempt stopped at something that is not there."""
        return bool(_MISSED.search(self._last_error()))

    def _last_error(self) -> str:
        return self.report.tried[-1].error if self.report.tried else ""

    def _steps_filled(self, config: Json, ladder: tuple[Strategy, ...], first: Step | None) -> Step | None:
        """The same with all empty settings filled, where that makes it run, or build at all."""
        full = filled(config, self._last_error())
        if full == config:
            return first
        self._begun = len(self.report.tried)
        found = self._steps(full, ladder)
        self._begun = len(self.report.tried)
        if found is None or not (self.report.ran or first is None):
            return first
        self.report.notes.append("settings that the configuration leaves empty were filled")
        return found

    def _same_error(self) -> bool:
        """Whether the size does not matter: the last attempts all failed in the same words."""
        last = [attempt.error for attempt in self.report.tried[self._begun :][-SAME:]]
        return len(last) == SAME and len(set(last)) == 1

    def _build(self, config: Json, strategy: Strategy) -> Any | None:
        with self.report.timed("build"):
            try:
                return self.build(self.read(shrink(config, strategy)))
            except TooLarge as error:
                self._note(strategy, "build", error.error)
            except Exception as error:
                self._note(strategy, "build", f"{type(error).__name__}: {error}")
        return None

    def _run(self, model: Any, strategy: Strategy) -> bool:
        with self.report.timed("probe"):
            try:
                self.report.ran = self.run(model)
            except Exception as error:
                self._note(strategy, "run", f"{type(error).__name__}: {error}")
                return False
        return True

    def _note(self, strategy: Strategy, stage: str, error: str) -> None:
        self.report.tried.append(Attempt(str(strategy), stage, error[:400]))
