"""Shrinks a configuration: depth, width and experts only, so that everything a user can see stays as it is.

Works on the plain dictionary of a configuration and on the dictionaries inside it. The relations that must
hold between settings afterwards are mended in `relations`.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from alacard_twin import relations
from alacard_twin.rules import (
    DEPTH_LIST,
    HIDDEN_SIZES,
    LAYER_COUNTS,
    LAYER_NUMBERS,
    NOT_DEPTH_LIST,
    OPAQUE,
    ROPE,
    WIDTH_LIST,
    Kind,
    kind_of,
)
from alacard_twin.spec import Json

WIDTH = 64
"""The width that `const` gives to everything wider."""

HEADS = 4
HEAD_DIM = 16
EXPERTS = 4
TOP_K = 2
HASH_TABLE = 1024
NARROWEST = 16
"""Widths up to this are left alone: they are bottlenecks whose exact value matters."""


@dataclass(frozen=True)
class Strategy:
    """How far to shrink: `const` to fixed small widths, `ratio` by one factor, `depth` only the depth,
    `none`.
    """

    name: str
    layers: int

    def __str__(self) -> str:
        return f"{self.name}/{self.layers}"

    @property
    def narrows(self) -> bool:
        """Whether widths shrink at all."""
        return self.name in ("const", "ratio")


@dataclass
class _Part:
    """One configuration object while it is being shrunk."""

    old: Json
    strategy: Strategy
    widths: dict[int, int]
    """Real width to twin width over all parts, so that projections between parts still fit (`ratio` only)."""
    factor: int = 1
    hidden: int | None = None
    depth: int | None = None
    chosen: list[int] = field(default_factory=list)
    """The layers that stay, by their old numbers."""


def shrink(config: Json, strategy: Strategy) -> Json:
    """The configuration of the twin."""
    if strategy.name == "none":
        return copy.deepcopy(config)
    widths: dict[int, int] = {}
    if strategy.name == "ratio":
        _collect_widths(config, widths)
    return _shrink_part(copy.deepcopy(config), strategy, widths)


def _shrink_part(value: Json, strategy: Strategy, widths: dict[int, int]) -> Json:
    part = _Part(value, strategy, widths)
    part.factor = ratio_factor(value) if strategy.name == "ratio" else 1
    part.hidden = hidden_size(value)
    part.depth = layer_count(value)
    part.chosen = chosen_layers(value, part.depth, strategy.layers)
    new: Json = {}
    for name, setting in value.items():
        new[name] = _shrink_setting(part, name, setting)
    relations.mend(new, value)
    return new


def _shrink_setting(part: _Part, name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return _shrink_object(part, str(name), value)
    if isinstance(value, list | tuple):
        return _shrink_list(part, str(name), list(value))
    if type(value) is int and value > 0 and isinstance(name, str):
        return _shrink_number(part, name, value)
    return value


def _shrink_object(part: _Part, name: str, value: Json) -> Any:
    if name in OPAQUE or name in ROPE:
        return value
    if part.depth and value and all(str(key).isdigit() and int(key) < part.depth for key in value):
        return _shrink_layer_map(part, value)
    return _shrink_part(value, part.strategy, part.widths)


def _shrink_layer_map(part: _Part, value: Json) -> Json:
    """An object with one entry a layer: the chosen layers stay under their new numbers."""
    numbers = {old: new for new, old in enumerate(part.chosen)}
    kept: dict[Any, Any] = {}
    for key, setting in value.items():
        if int(key) in numbers:
            new = _shrink_part(setting, part.strategy, part.widths) if isinstance(setting, dict) else setting
            kept[type(key)(numbers[int(key)])] = new
    return kept


def _shrink_list(part: _Part, name: str, value: list[Any]) -> list[Any]:
    lower, depth = name.lower(), part.depth
    whole = bool(value) and all(type(item) is int for item in value)
    if depth and len(value) == depth and depth > len(part.chosen) and lower != "depths":
        return [_in_list(part, value[number]) for number in part.chosen]
    if depth and whole and _are_layer_numbers(lower, value, depth):
        return _kept_numbers(part, value)
    if whole and DEPTH_LIST.search(lower) and not NOT_DEPTH_LIST.search(lower):
        return [min(item, 1 if len(value) > 1 else 2) for item in value]
    if whole and part.strategy.name == "const" and _is_width_list(lower, value):
        if len(set(value)) == 1:
            return [min(item, WIDTH) for item in value]  # as a number would: some setting is as wide
        common = math.gcd(*value) // NARROWEST
        return [item // max(1, common) for item in value]
    return [_in_list(part, item) for item in value]


def _in_list(part: _Part, item: Any) -> Any:
    is_config = isinstance(item, dict) and "model_type" in item
    return _shrink_part(item, part.strategy, part.widths) if is_config else item


def _are_layer_numbers(name: str, value: list[int], depth: int) -> bool:
    in_range = all(-1 <= item <= depth for item in value)
    return in_range and bool(LAYER_NUMBERS.search(name)) and name not in ("out_indices", "mrope_section")


def _kept_numbers(part: _Part, value: list[int]) -> list[int]:
    new = {old: number for number, old in enumerate(part.chosen)}
    kept = sorted({new[item] for item in value if item in new} | {item for item in value if item < 0})
    return kept or [len(part.chosen) - 1]


def _is_width_list(name: str, value: list[int]) -> bool:
    if not WIDTH_LIST.search(name) or "num" in name or "head" in name or name == "backbone_channel_list":
        return False
    return kind_of(name) is not Kind.KEEP and min(value) > NARROWEST


def _shrink_number(part: _Part, name: str, value: int) -> int:
    kind = kind_of(name)
    if kind is Kind.LAYERS:
        return min(value, len(part.chosen) if value == part.depth else part.strategy.layers)
    if kind is Kind.DENSE_FIRST:
        return min(value, 1)
    if kind is Kind.NONE:
        return 0
    if kind is None or not part.strategy.narrows:
        return value
    rule = _NUMBER_RULES.get(kind)
    return rule(part, value) if rule else value


def _heads(part: _Part, value: int) -> int:
    return value // part.factor if part.strategy.name == "ratio" else min(HEADS, value)


def _kv_heads(part: _Part, value: int) -> int:
    if part.strategy.name == "ratio":
        return min(value, 2)
    if value == 1:
        return 1
    heads = _head_counts(part.old)
    return HEADS if value >= max(heads, default=32) else 2


def _head_dim(part: _Part, value: int) -> int:
    return value if part.strategy.name == "ratio" else min(value, HEAD_DIM)


def _width(part: _Part, value: int) -> int:
    if value <= NARROWEST:
        return value
    if part.strategy.name == "const":
        return min(value, WIDTH)
    if value in part.widths and value != part.hidden:
        return part.widths[value]
    fits = part.factor > 1 and value % part.factor == 0 and value // part.factor >= 8
    return value // part.factor if fits else value


_NUMBER_RULES: dict[Kind, Callable[[_Part, int], int]] = {
    Kind.HEADS: _heads,
    Kind.KV_HEADS: _kv_heads,
    Kind.HEAD_DIM: _head_dim,
    Kind.WIDTH: _width,
    Kind.HASH_TABLE: lambda _, value: min(value, HASH_TABLE),
    Kind.EXPERTS: lambda _, value: min(value, EXPERTS),
    Kind.TOP_K: lambda _, value: min(value, TOP_K),
    Kind.EXPERT_GROUPS: lambda _, value: 1,
}


def hidden_size(config: Json) -> int | None:
    """The width of the residual stream of one configuration object."""
    return next((config[name] for name in HIDDEN_SIZES if type(config.get(name)) is int), None)


def layer_count(config: Json) -> int | None:
    """The number of layers that per-layer lists of this object agree with."""
    return next((config[name] for name in LAYER_COUNTS if type(config.get(name)) is int), None)


def chosen_layers(config: Json, depth: int | None, wanted: int) -> list[int]:
    """Which layers stay: the first ones, but at least one of each kind that a per-layer list names."""
    if not depth:
        return list(range(wanted))
    if depth <= wanted:
        return list(range(depth))
    kept = sorted(
        {value.index(kind) for value in _kind_lists(config, depth) for kind in dict.fromkeys(value)}
    )
    kept += [number for number in _numbered_layers(config, depth) if number not in kept]
    for number in range(depth):
        if len(kept) >= wanted:
            break
        if number not in kept:
            kept.append(number)
    return sorted(kept)


def _kind_lists(config: Json, depth: int) -> list[list[Any]]:
    """Lists with a word or a small number for each layer that says which kind of layer it is."""
    found = []
    for name, value in config.items():
        if not isinstance(value, list) or len(value) != depth or depth < 3:
            continue
        words = all(isinstance(item, str) for item in value)
        switches = (
            bool(re.search(r"rope|layout|moe|type|pattern", str(name))) and len(set(map(str, value))) <= 3
        )
        if words or (switches and all(type(item) in (int, bool) for item in value)):
            found.append(value)
    return found


def _numbered_layers(config: Json, depth: int) -> list[int]:
    """One layer out of each list that names the layers of a special kind by number (attention in a
    hybrid), and all whose output something else takes: it takes as many as there are.
    """
    kept = []
    for name, value in config.items():
        if not re.search(
            r"attn_layer_(indices|ids)|attn_layers$|full_attn_idxs|fullatt_block|cross_attention_layers|"
            r"global_attn_indexes|global_attention_indexes|merge_index|^backbone_out_indices$",
            str(name),
        ):
            continue
        numbers = value if isinstance(value, list) else [value]
        if name == "backbone_out_indices":
            kept += [number for number in numbers if type(number) is int and 0 <= number < depth]
            continue
        kept += [number for number in numbers[:1] if type(number) is int and 0 <= number < depth]
    return kept


def ratio_factor(config: Json) -> int:
    """The largest number that divides all heads and leaves an even width of at least 16."""
    heads, width = _head_counts(config), hidden_size(config)
    factor = max(1, math.gcd(*heads) // 2) if heads else 1
    while factor > 1 and not _divides(factor, heads, width):
        factor -= 1
    return factor


def _divides(factor: int, heads: list[int], width: int | None) -> bool:
    if any(count % factor for count in heads):
        return False
    return not width or (width % factor == 0 and (width // factor) % 2 == 0 and width // factor >= NARROWEST)


def _head_counts(config: Json) -> list[int]:
    return [
        value
        for name, value in config.items()
        if type(value) is int and value > 0 and isinstance(name, str) and kind_of(name) is Kind.HEADS
    ]


def _collect_widths(config: Json, widths: dict[int, int]) -> None:
    width = hidden_size(config)
    if width:
        widths.setdefault(width, width // ratio_factor(config))
    for value in config.values():
        if isinstance(value, dict):
            _collect_widths(value, widths)
