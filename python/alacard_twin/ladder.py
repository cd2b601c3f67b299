"""The ladder: from the smallest twin to the configuration as it is; the first that builds and runs wins."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

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

    def climb(self, config: Json, ladder: tuple[Strategy, ...] = LADDER) -> Any | None:
        """The first model that builds and runs; else the first that builds; None when none builds."""
        first: tuple[Any, Strategy] | None = None
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
                self.report.strategy = str(strategy)
                return model
        if first is None:
            return None
        self.report.strategy = str(first[1])
        return first[0]

    def _same_error(self) -> bool:
        """Whether the size does not matter: the last attempts all failed in the same words."""
        last = [attempt.error for attempt in self.report.tried[-SAME:]]
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
