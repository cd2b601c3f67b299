"""Settings that a configuration leaves empty although the model's code reads them.

Published configurations name them. Where a model does not build without, they are taken from the library's
own words about the setting, else a small number stands in by what the setting's name says that it counts.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from functools import lru_cache
from typing import Any

from alacard_twin.rules import HIDDEN_SIZES, LAYER_COUNTS, Kind, kind_of
from alacard_twin.spec import Json

_DOCUMENTED = re.compile(r"^ +(\w+) \(`[^\n]*defaults to `(.+?)`\):", re.MULTILINE)
_WIDTH = 64
_SMALL = {Kind.EXPERTS: 4, Kind.TOP_K: 2, Kind.HEADS: 4, Kind.HEAD_DIM: 16, Kind.WIDTH: _WIDTH}
"""Numbers that `shrink` would give."""

_LEVEL = 0.5
"""The score from which a class counts as found."""

_LENGTH = 8
"""How far a forecast looks ahead: any small number serves."""


def filled(config: Json, error: str = "") -> Json:
    """The configuration with its empty settings filled, and those of the configurations inside it.

    With the setting, too, that an error says is not there at all.
    """
    new = {name: filled(item, error) if isinstance(item, dict) else item for name, item in config.items()}
    cls = _class(str(config.get("model_type", "")))
    if cls is None:
        return new
    missing = re.search(rf"'{cls.__name__}' object has no attribute '(\w+)'", error)
    if missing and (value := _missing(missing[1], new)) is not None:
        new[missing[1]] = value
    known = _documented(cls)
    for name, hint in _optional(cls).items():
        if new.get(name) is None and not _means_none(cls, name):
            value = known[name] if name in known else _guessed(name, hint, new, cls)
            if value is not None:
                new[name] = value
    return new


def _missing(name: str, config: Json) -> int | None:
    """A number that code shared by many types asks for: the layers of all parts, or all heads."""
    kind = kind_of(name)
    if kind is Kind.KV_HEADS:
        return config.get("num_attention_heads")
    parts = [part for part in config.values() if isinstance(part, dict)]
    layers = [part[name] for part in parts if type(part.get(name)) is int]
    return sum(layers) or None if kind is Kind.LAYERS else None


@lru_cache(maxsize=64)
def _class(model_type: str) -> Any:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    if model_type not in CONFIG_MAPPING:
        return None
    return CONFIG_MAPPING[model_type]


def _optional(cls: Any) -> dict[str, str]:
    """Settings of the class itself that may be empty, with their types as the library writes them."""
    hints = inspect.get_annotations(cls)
    return {
        name: str(hint) for name, hint in hints.items() if "None" in str(hint) and not name.startswith("_")
    }


def _documented(cls: Any) -> Json:
    """What the class's documentation says: `defaults to …`, and the arguments of its example."""
    text = cls.__doc__ or ""
    found = {name: _literal(value) for name, value in _DOCUMENTED.findall(text)}
    for arguments in re.findall(rf">>> \w+ = {cls.__name__}\(([^()]*)\)", text):
        found |= {name: _literal(value) for name, value in re.findall(r"(\w+)=([\w.\-\"']+)", arguments)}
    return {name: value for name, value in found.items() if value is not None}


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None


@lru_cache(maxsize=64)
def _source(cls: Any) -> str:
    """The code of the models of a configuration class."""
    name = cls.__module__.replace(".configuration_", ".modeling_")
    try:
        __import__(name)
        return inspect.getsource(sys.modules[name])
    except (ImportError, OSError):
        return ""


def _means_none(cls: Any, name: str) -> bool:
    """Whether the code does not read the setting, or goes another way where it is not there."""
    others = [other for other, own in cls.attribute_map.items() if own == name]
    names, source = "|".join([name, *others]), _source(cls)
    asks = rf"\.({names}) is (not )?None(?!:\s+raise)"
    return not re.search(rf"\.({names})\b", source) or bool(re.search(asks, source))


def _guessed(name: str, hint: str, config: Json, cls: Any) -> Any:
    if name == "layer_types":
        return _layer_types(config, cls)
    if "list[" in hint:
        return _listed(name, hint, len(config.get("id2label") or (0, 1)))
    if not re.search(r"\bint\b", hint) or name.endswith(("_id", "_ids", "_index")):
        return None
    kind = kind_of(name)
    if kind is Kind.WIDTH:
        return next((config[width] for width in HIDDEN_SIZES if type(config.get(width)) is int), _WIDTH)
    if "length" in name:
        return _LENGTH
    return _SMALL.get(kind, 1) if kind else 1


def _listed(name: str, hint: str, labels: int) -> list[Any] | None:
    """One number for each class, or the widths of two layers."""
    if name.startswith("class_"):
        return [_LEVEL] * labels if "float" in hint else list(range(labels))
    return [_WIDTH, _WIDTH] if name.endswith("_channels") else None


def _layer_types(config: Json, cls: Any) -> list[str] | None:
    """Layers of all kinds that the code speaks of, in turn."""
    from transformers.configuration_utils import ALLOWED_LAYER_TYPES

    kinds = [kind for kind in ALLOWED_LAYER_TYPES if f'"{kind}"' in _source(cls)]
    depth = next((config[name] for name in LAYER_COUNTS if type(config.get(name)) is int), 0)
    return [kinds[number % len(kinds)] for number in range(depth)] if kinds and depth else None
