"""The models of an endpoint: found by name, loaded at their first request, used by one request at a time."""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from alacard_host.endpoint.wire import ApiError

GENERATORS = ("AutoModelForCausalLM", "AutoModelForImageTextToText", "AutoModelForSeq2SeqLM")
"""Classes that write text, in the order in which they are tried."""


class Model:
    """One served model."""

    def __init__(self, repo: str, folder: str, task: str) -> None:
        self.repo = repo
        self.folder = folder
        self.task = task
        self.created = int(time.time())
        self.lock = threading.RLock()
        self._parts: dict[str, Any] = {}

    def part(self, name: str, make: Callable[[], Any]) -> Any:
        """Something that is made once and kept: the weights, a tokenizer, a pipeline."""
        with self.lock:
            if name not in self._parts:
                self._parts[name] = make()
            return self._parts[name]

    def has(self, name: str) -> bool:
        """Whether the model's folder holds a file."""
        return (Path(self.folder) / name).exists()

    def generator(self) -> Any:
        """The model that writes text."""
        return self.part("generator", self._load_generator)

    def _load_generator(self) -> Any:
        transformers: Any = importlib.import_module("transformers")
        names: Iterable[str] = GENERATORS
        if self.task == "image-text-to-text":
            names = ("AutoModelForImageTextToText", *GENERATORS)
        problems = []
        for name in names:
            try:
                return getattr(transformers, name).from_pretrained(self.folder).eval()
            except (ValueError, KeyError, AttributeError, TypeError) as error:
                problems.append(f"{name}: {error}"[:200])
        raise ApiError(400, f"The model {self.repo} writes no text: {'; '.join(problems)}")

    def tokenizer(self) -> Any:
        """The model's tokenizer."""
        transformers: Any = importlib.import_module("transformers")
        return self.part("tokenizer", lambda: transformers.AutoTokenizer.from_pretrained(self.folder))

    def processor(self) -> Any:
        """The model's processor for pictures and text."""
        transformers: Any = importlib.import_module("transformers")
        return self.part("processor", lambda: transformers.AutoProcessor.from_pretrained(self.folder))

    def pipeline(self, task: str) -> Any:
        """A transformers pipeline for a task."""
        transformers: Any = importlib.import_module("transformers")
        return self.part(f"pipeline {task}", lambda: transformers.pipeline(task, model=self.folder))


class Registry:
    """All models of an endpoint."""

    def __init__(self, models: Iterable[Mapping[str, Any]]) -> None:
        entries = [Model(str(m["repo"]), str(m["dir"]), str(m.get("task") or "")) for m in models]
        self._models = {model.repo: model for model in entries}

    def all(self) -> list[Model]:
        """Every model, in the order of the specification."""
        return list(self._models.values())

    def get(self, name: object) -> Model:
        """The model of a name; a provider's suffix after a colon is ignored."""
        if not isinstance(name, str) or not name:
            raise ApiError(400, "You must provide a model parameter.", "missing_model")
        found = self._models.get(name) or self._models.get(name.partition(":")[0])
        if found is None:
            message = f"The model `{name}` does not exist or you do not have access to it."
            raise ApiError(404, message, "model_not_found")
        return found
