"""Which calls of which libraries count as inference, and how they are called in a report."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

FAMILY = frozenset(
    (
        "transformers",
        "diffusers",
        "timm",
        "sentence_transformers",
        "peft",
        "transformers_modules",
        "diffusers_modules",
    )
)
"""Top-level packages whose modules' forward calls count."""

CALLS: dict[str, tuple[tuple[str, str], ...]] = {
    "transformers.generation.utils": (("GenerationMixin.generate", "generate"),),
    "transformers.pipelines.base": (("Pipeline.__call__", "pipeline.__call__"),),
    "transformers.trainer": (("Trainer.train", "Trainer.train"),),
    "sentence_transformers": (
        ("SentenceTransformer.encode", "SentenceTransformer.encode"),
        ("SparseEncoder.encode", "SparseEncoder.encode"),
        ("CrossEncoder.predict", "CrossEncoder.predict"),
    ),
    "timm.models._factory": (("create_model", "timm.create_model"),),
    "llama_cpp.llama": (
        ("Llama.__call__", "llama_cpp.Llama"),
        ("Llama.create_completion", "llama_cpp.Llama.create_completion"),
        ("Llama.create_chat_completion", "llama_cpp.Llama.create_chat_completion"),
        ("Llama.create_embedding", "llama_cpp.Llama.create_embedding"),
    ),
    "openai._base_client": (
        ("SyncAPIClient.request", "openai.request"),
        ("AsyncAPIClient.request", "openai.request"),
    ),
    "huggingface_hub.inference._client": (("InferenceClient._inner_post", "InferenceClient.request"),),
    "huggingface_hub.inference._generated._async_client": (
        ("AsyncInferenceClient._inner_post", "InferenceClient.request"),
    ),
}
"""By module: the attribute to watch and its name in a report."""

DIFFUSERS = "diffusers.pipelines.pipeline_utils"
"""Its base class has no call of its own: each pipeline brings one, found when one is built."""

TORCH = "torch.nn.modules.module"

WATCHED = frozenset((*CALLS, DIFFUSERS, TORCH))


def counts(cls: type) -> bool:
    """Whether a class's forward calls count: it lives in one of the libraries, not in the notebook."""
    return cls.__module__.partition(".")[0] in FAMILY


def label(cls: type) -> str:
    """A class's full name."""
    return f"{cls.__module__}.{cls.__qualname__}"


def find(module: types.ModuleType, path: str) -> tuple[Any, str, Callable[..., Any]] | None:
    """Holder, name and function of a dotted attribute, decorators taken off; None where it is absent."""
    holder: Any = module
    *steps, name = path.split(".")
    for step in steps:
        holder = getattr(holder, step, None)
    function = getattr(holder, name, None)
    if function is None:
        return None
    inner = inspect.unwrap(function)
    return (holder, name, inner) if isinstance(inner, types.FunctionType) else None


class Watcher(MetaPathFinder):
    """Tells of the import of watched modules, and changes nothing about them."""

    def __init__(self, loaded: Callable[[types.ModuleType], None]) -> None:
        self._loaded = loaded

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The spec that the other finders give, its loader followed by a call."""
        if name not in WATCHED:
            return None
        spec = next(filter(None, (_ask(finder, name, path, target) for finder in self._others())), None)
        if spec is not None and spec.loader is not None:
            self._follow(spec.loader)
        return spec

    def _others(self) -> list[Any]:
        return [finder for finder in sys.meta_path if finder is not self]

    def _follow(self, loader: Any) -> None:
        """Has a loader tell of its module after it has run."""
        execute = loader.exec_module

        def exec_module(module: types.ModuleType) -> None:
            execute(module)
            self._loaded(module)

        try:
            loader.exec_module = exec_module
        except AttributeError:
            return


def _ask(finder: Any, name: str, path: Any, target: Any) -> ModuleSpec | None:
    found: ModuleSpec | None = finder.find_spec(name, path, target)
    return found
