"""What the settings of one configuration object say about it, whatever the library calls them there."""

from __future__ import annotations

from typing import Any, TypeGuard

from alacard_twin.spec import Json


def whole(config: Json, *names: str) -> int | None:
    """The first of these settings that is a whole number."""
    return next((config[name] for name in names if type(config.get(name)) is int), None)


def width_of(config: Json) -> int | None:
    """The width of the model, under whichever name."""
    return whole(config, "hidden_size", "d_model", "n_embd", "embed_dim", "dim", "hidden_dim")


def heads_of(config: Json) -> int | None:
    """How many heads its attention has."""
    return whole(config, "num_attention_heads", "n_head", "num_heads")


def head_dim(config: Json) -> int | None:
    """The width of one attention head."""
    explicit = whole(config, "head_dim")
    width, heads = width_of(config), heads_of(config)
    return explicit or (width // heads if width and heads else None)


def part_of(config: Json, name: str) -> Json:
    """A configuration inside another; an empty one where there is none."""
    part = config.get(name)
    return part if isinstance(part, dict) else {}


def whole_list(value: Any) -> TypeGuard[list[int]]:
    """Whether a value is a list of whole numbers with something in it."""
    return isinstance(value, list) and bool(value) and all(type(item) is int for item in value)


def divisor(count: int, width: int) -> int:
    """The largest number of heads up to this one that divides a width."""
    return next((heads for heads in range(min(count, width), 0, -1) if width % heads == 0), 1)
