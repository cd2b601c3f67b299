"""Makes a forked interpreter look freshly started: seeds, paths, caches, streams, Hub constants."""

from __future__ import annotations

import linecache
import logging
import os
import random
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

from alacard_host import hub_constants


def refresh(threads: int) -> None:
    """Everything that does not depend on what kind of child this is."""
    reseed()
    set_threads(threads)
    tempfile.tempdir = None
    linecache.clearcache()
    forget_warnings()
    main_module()
    import_path()
    hub_constants.refresh(os.environ)


def reseed() -> None:
    """Random generators from the system's entropy, as in any new process."""
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(numpy, "random"):
        numpy.random.seed(None)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.seed()


def set_threads(threads: int) -> None:
    """The number of threads that numeric libraries may use from here on."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(threads)


_REGISTRIES: list[dict[Any, Any]] = []


def note_warnings() -> None:
    """Remembers, in the host, which modules have shown warnings: a child need not look at all of them."""
    found = [
        getattr(module, "__dict__", {}).get("__warningregistry__") for module in list(sys.modules.values())
    ]
    _REGISTRIES[:] = [registry for registry in found if isinstance(registry, dict)]


def forget_warnings() -> None:
    """Warnings that the imports have shown once are new to this process."""
    for registry in _REGISTRIES:
        registry.clear()


def main_module() -> None:
    """An empty ``__main__`` and the arguments that a kernel usually has."""
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv = [sys.executable]
    sys.orig_argv[1:] = []


def import_path() -> None:
    """The working folder first, this package's own place last, so that it hides nothing of the notebook's."""
    own = str(Path(__file__).resolve().parent.parent)
    rest = [entry for entry in sys.path if entry not in ("", own, str(Path.cwd()))]
    sys.path[:] = ["", *rest, own]


def rebind_log_streams(old: tuple[Any, ...]) -> None:
    """Log handlers that hold the host's stderr write to the present one."""
    for reference in list(logging._handlerList):  # type: ignore[attr-defined]
        handler = reference()
        if isinstance(handler, logging.StreamHandler) and any(handler.stream is item for item in old):
            handler.stream = sys.stderr
