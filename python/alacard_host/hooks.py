"""Counting on Python 3.11, which has no monitoring: torch's global hooks and thin wrappers."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

from alacard_host.counting import Depth, Tally


def wrap(holder: Any, attribute: str, name: str, tally: Tally) -> None:
    """Replaces a function by one that counts and then calls it."""
    inner = getattr(holder, attribute)
    if getattr(inner, "_alacard_counted", False):
        return

    @functools.wraps(inner)
    def counted(*args: Any, **kwargs: Any) -> Any:
        tally.call(name)
        try:
            return inner(*args, **kwargs)
        except Exception as error:
            tally.error(error, forward=False)
            raise

    counted._alacard_counted = True  # type: ignore[attr-defined]
    setattr(holder, attribute, counted)


def hook_modules(module: Any, tally: Tally, kind: Callable[[type], str]) -> None:
    """Counts outermost calls through hooks that torch calls for every module."""
    state = Depth()
    outer: dict[int, Any] = {}

    def before(model: Any, _: Any) -> None:
        if state.counted == 0:
            name = kind(type(model))
            if not name:
                return
            tally.forward(name)
            outer[id(state.__dict__)] = (model, sys.exc_info()[1])
        elif outer.get(id(state.__dict__), (None,))[0] is not model:
            return
        state.counted += 1

    def after(model: Any, _: Any, __: Any) -> None:
        held = outer.get(id(state.__dict__))
        if state.counted == 0 or held is None or held[0] is not model:
            return
        state.counted -= 1
        error = sys.exc_info()[1]
        if state.counted == 0:
            del outer[id(state.__dict__)]
            if error is not None and error is not held[1]:
                tally.error(error, forward=True)

    module.register_module_forward_pre_hook(before)
    module.register_module_forward_hook(after, always_call=True)
