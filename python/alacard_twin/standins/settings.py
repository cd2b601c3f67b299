"""Reading a model's configuration, whatever its nesting: sizes, roles of ids, sub-configurations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alacard_twin.spec import Json


def load(config: Any, folder: Path) -> Any:
    """The configuration object of the library, from an object, a dictionary or the folder's config.json."""
    if config is not None and not isinstance(config, dict):
        return config
    from transformers import AutoConfig

    if config is None:
        return AutoConfig.from_pretrained(folder)
    values = dict(config)
    return AutoConfig.for_model(values.pop("model_type"), **values)


def as_dict(config: Any) -> Json:
    """The configuration as plain values."""
    return config if isinstance(config, dict) else config.to_dict()


def text_part(config: Any) -> Any:
    """The part of a configuration that describes the text model."""
    for name in ("text_encoder", "question_encoder", "decoder"):
        part = getattr(config, name, None)
        if getattr(part, "model_type", "") and not isinstance(part, dict):
            return part
    try:
        part = config.get_text_config(decoder=True)
    except (AttributeError, ValueError, TypeError):
        part = None
    if part is None or (not hasattr(part, "vocab_size") and hasattr(config, "text_config")):
        part = getattr(config, "text_config", None)
    for name in ("thinker_config",):
        inner = getattr(config, name, None)
        if not hasattr(part, "vocab_size") and hasattr(inner, "model_type"):
            return text_part(inner)
    return part if part is not None else config


def kin(config: Any) -> list[str]:
    """Model types that this one is published with the tokenizer and the processor of, nearest first.

    The type that gives the library's package its name (a part like `mimi_decoder`, a later version), then
    those that the library's table gives the same composite processor.
    """
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES as PROCESSORS

    own, package = str(getattr(config, "model_type", "")), type(config).__module__.split(".")[-2]
    named = [package, package.replace("_", "-")]
    shared = [kind for kind, name in PROCESSORS.items() if own in PROCESSORS and name == PROCESSORS[own]]
    return [kind for kind in dict.fromkeys(named + shared) if kind != own]


def vocabulary_size(config: Any) -> int:
    """How many ids the model's text embeddings know; a small number where the configuration names none."""
    part = text_part(config)
    for holder in (part, config):
        for name in ("vocab_size", "text_vocab_size", "n_vocab"):
            value = getattr(holder, name, None)
            if isinstance(value, int) and value > 0:
                return value
    return 1000


def first_id(value: object) -> int | None:
    """An id, or the first of a list of ids."""
    if isinstance(value, (list, tuple)):
        value = value[0] if value else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def role_id(config: Any, role: str) -> int | None:
    """The id that the configuration gives to `bos`, `eos`, `pad` and so on."""
    for holder in (config, text_part(config)):
        found = first_id(getattr(holder, f"{role}_token_id", None))
        if found is not None:
            return found
    return None


def ids(config: Any, suffixes: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """All settings whose name ends in one of the suffixes, inner configurations last."""
    seen: set[str] = set()
    stack = [as_dict(config)]
    while stack:
        part = stack.pop(0)
        for key, value in part.items():
            if isinstance(value, dict) and str(key).endswith(("config", "encoder", "decoder")):
                stack.append(value)
                continue
            end = next((end for end in suffixes if str(key).endswith(end)), None)
            number = first_id(value)
            if end and number is not None and key[: -len(end)] not in seen:
                seen.add(key[: -len(end)])
                yield key[: -len(end)], number
