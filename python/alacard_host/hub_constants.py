"""Moves the Hub's address and folders in libraries that were imported before these were known.

``huggingface_hub`` reads HF_ENDPOINT, HF_HOME and their like when it is imported, and other
libraries copy the values. The host imports with stand-ins that nothing else can contain, so every
copy can be found by its value, whatever its name is and whichever version of the library made it.
The host looks for the copies once (`collect`); a child only replaces them (`refresh`).
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from alacard_host.settings import HOST_ENDPOINT, HOST_HOME

DEFAULT_ENDPOINT = "https://huggingface.co"
ROUTER = "https://router.huggingface.co"
ROUTER_VARIABLE = "ALACARD_INFERENCE_ROUTER"
"""Where requests for inference providers go instead of the Hub's router; for proofs of such lessons."""

CLOSERS = ("close_session", "reset_sessions")
"""Functions that drop kept connections, by version of huggingface_hub."""

CLIENTS = "huggingface_hub"
"""The library whose objects keep the Hub's address: every other one that copied it is a text."""

HOST_NAME = HOST_ENDPOINT.partition("://")[2]

Move = Callable[[str], str]


class Site(NamedTuple):
    """A place that holds a stand-in: the attribute of a module, class or function, and its value."""

    holder: Any
    name: str
    value: Any


_SITES: list[Site] = []


def collect() -> int:
    """Finds all places that hold a stand-in; called by the host after its imports."""
    _SITES.clear()
    for module in list(sys.modules.values()):
        if isinstance(module, types.ModuleType) and not module.__name__.startswith("alacard_host"):
            for name, value in list(vars(module).items()):
                _look(module, name, value)
    return len(_SITES)


def _look(holder: Any, name: str, value: Any) -> None:
    """Notes one value if it holds a stand-in, and looks into classes and functions of the module."""
    kind = type(value)
    # A class may keep anything under this name, also what is not a text.
    if str(kind.__module__).partition(".")[0] == CLIENTS:
        _look_into(value)
    elif kind is types.FunctionType:
        if value.__defaults__ and any(holds(item) for item in value.__defaults__):
            _SITES.append(Site(value, "__defaults__", value.__defaults__))
    elif issubclass(kind, type):
        if value.__module__ == getattr(holder, "__name__", None) and isinstance(holder, types.ModuleType):
            for inner, content in list(vars(value).items()):
                if not inner.startswith("__") or isinstance(content, types.FunctionType):
                    _look(value, inner, content)
    elif holds(value):
        _SITES.append(Site(holder, name, value))


def _look_into(client: Any) -> None:
    """Notes the stand-ins of an object of huggingface_hub: `HfApi` keeps the address it was made with."""
    known = {id(site.holder) for site in _SITES}
    if id(client) in known:
        return
    for name, value in list(getattr(client, "__dict__", {}).items()):
        if holds(value):
            _SITES.append(Site(client, name, value))


def holds(value: Any) -> bool:
    """Whether a text, a path or a small container of texts contains a stand-in."""
    kind = type(value)
    if kind is str:
        return HOST_HOME in value or HOST_NAME in value
    if issubclass(kind, Path):
        return HOST_HOME in str(value)
    if kind in (frozenset, set, tuple, list) and 0 < len(value) < 64:
        return any(type(item) is str and holds(item) for item in value)
    return False


def refresh(env: Mapping[str, str]) -> None:
    """Brings all loaded modules in line with the environment of this process."""
    constants = sys.modules.get("huggingface_hub.constants")
    if constants is None:
        return
    new = recomputed(constants)
    old_texts = {
        value: str(new[name]) for name, value in vars(constants).items() if name in new and holds(value)
    }
    move = mover(old_texts, env)
    for site in _SITES:
        try:
            setattr(site.holder, site.name, moved(site.value, move))
        except (AttributeError, TypeError):
            continue
    copy_flags(constants, new)
    move_router(env.get(ROUTER_VARIABLE, ""))
    drop_sessions()


def recomputed(module: types.ModuleType) -> dict[str, Any]:
    """The globals that a module would have if it were imported now."""
    source = getattr(module, "__file__", None)
    code = getattr(getattr(module, "__spec__", None), "loader", None)
    if not source or code is None:
        return {}
    scope: dict[str, Any] = {
        "__name__": module.__name__,
        "__file__": source,
        "__package__": module.__package__,
    }
    try:
        exec(code.get_code(module.__name__), scope)
    except Exception:
        return {}
    return scope


def mover(exact: Mapping[Any, str], env: Mapping[str, str]) -> Move:
    """A function that turns a text with a stand-in into the text that belongs there."""
    endpoint = (env.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/")
    home = env.get("HF_HOME") or str(Path(env.get("HOME", "/")) / ".cache" / "huggingface")
    host = endpoint.partition("://")[2].partition(":")[0]

    def move(text: str) -> str:
        if text in exact:
            return exact[text]
        return text.replace(HOST_ENDPOINT, endpoint).replace(HOST_HOME, home).replace(HOST_NAME, host)

    return move


def moved(value: Any, move: Move) -> Any:
    """The value with every stand-in replaced, of the same type."""
    if type(value) is str:
        return move(value)
    if isinstance(value, Path):
        return type(value)(move(str(value)))
    return type(value)(moved(item, move) if holds(item) else item for item in value)


def copy_flags(constants: types.ModuleType, new: Mapping[str, Any]) -> None:
    """Flags and numbers of the constants (offline, telemetry, time-outs) as the environment has them now."""
    changed = {
        name: old
        for name, old in list(vars(constants).items())
        if name.isupper() and isinstance(old, (bool, int)) and new.get(name, old) != old
    }
    if not changed:
        return
    for path, module in list(sys.modules.items()):
        scope = getattr(module, "__dict__", {}) if path.startswith("huggingface_hub") else {}
        for name, old in changed.items():
            if scope.get(name) == old:
                setattr(module, name, new[name])


def move_router(address: str) -> None:
    """Sends requests for inference providers to another server."""
    constants: Any = sys.modules["huggingface_hub.constants"]
    template = getattr(constants, "INFERENCE_PROXY_TEMPLATE", None)
    if not address or not isinstance(template, str):
        return
    target = address.rstrip("/")
    constants.INFERENCE_PROXY_TEMPLATE = template.replace(ROUTER, target)
    providers = sys.modules.get("huggingface_hub.inference._providers")
    helpers = [item for group in getattr(providers, "PROVIDERS", {}).values() for item in group.values()]
    for helper in [*helpers, getattr(providers, "CONVERSATIONAL_AUTO_ROUTER", None)]:
        if isinstance(getattr(helper, "base_url", None), str):
            helper.base_url = helper.base_url.replace(ROUTER, target)


def drop_sessions() -> None:
    """Kept connections belong to nobody in this process."""
    module = sys.modules.get("huggingface_hub.utils._http")
    for name in CLOSERS:
        close = getattr(module, name, None)
        if callable(close):
            close()
