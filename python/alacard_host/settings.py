"""Environment variables: what the host sets before it imports, what a child finds."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

HOST_ENDPOINT = "http://hub.alacard.invalid"
"""Stands for the Hub's address during the warm imports; no request is ever made to it."""

HOST_HOME = "/nonexistent/alacard-hub-home"
"""Stands for the Hub's home folder during the warm imports; nothing is ever written there."""

SINGLE = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",
)
"""Variables that keep the numeric libraries from starting threads."""

QUIET = {
    "HF_ENDPOINT": HOST_ENDPOINT,
    "HF_HOME": HOST_HOME,
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
    "DISABLE_SAFETENSORS_CONVERSION": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "CUDA_VISIBLE_DEVICES": "",
    "TOKENIZERS_PARALLELISM": "false",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
"""Variables that libraries read when they are imported, as every proof has them."""

MOVED_BY_CHILD = ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_ASSETS_CACHE", "HF_TOKEN", "HF_HUB_OFFLINE")
"""Variables that would be burnt into the libraries if the host had them while it imports."""


def prepare_host() -> None:
    """Settings that must stand before the first import of a library."""
    for name in SINGLE:
        os.environ[name] = "1"
    for name in MOVED_BY_CHILD:
        os.environ.pop(name, None)
    os.environ.update(QUIET)


def enter(folder: str, env: Mapping[str, str], threads: int) -> None:
    """Gives this process the environment of a child, and nothing else of the host's."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    os.chdir(place)
    os.umask(0o022)
    wanted = child_environment(folder, env, threads)
    os.environ.clear()
    os.environ.update(wanted)
    time.tzset()
    _locale()


def child_environment(folder: str, env: Mapping[str, str], threads: int) -> dict[str, str]:
    """The whole environment of a child: what was asked for, and the little that a program needs."""
    base = {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": folder,
        "LANG": "C.UTF-8",
        "TMPDIR": "/tmp",
    }
    counts = dict.fromkeys(SINGLE, str(threads))
    quiet = {name: value for name, value in QUIET.items() if value not in (HOST_ENDPOINT, HOST_HOME, "")}
    return base | counts | quiet | {"CUDA_VISIBLE_DEVICES": ""} | dict(env)


def _locale() -> None:
    """The locale that the new LANG names."""
    import locale

    try:
        locale.setlocale(locale.LC_ALL, "C")
        locale.setlocale(locale.LC_CTYPE, "")
    except locale.Error:
        pass
