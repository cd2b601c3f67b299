"""A forked child: gets its own session, folder, environment and seeds, then does its one job."""

from __future__ import annotations

import atexit
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from alacard_host import fresh, process, settings, wall
from alacard_host.protocol import Fork

NICENESS = 10
"""How far a notebook stands back behind the process that watches it."""

FAILED = 70
"""Exit status of a child that could not be set up."""


def run(request: Fork) -> NoReturn:
    """Runs the child to its end and leaves the process; the host's code is never reached again."""
    status = FAILED
    try:
        enter(request)
        status = JOBS[request.kind](request)
        _finish()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        _flush()
        os._exit(status)


def enter(request: Fork) -> None:
    """Leaves the host behind: session, files, signals, environment, seeds, limits."""
    os.setsid()
    log = log_path(request)
    log.parent.mkdir(parents=True, exist_ok=True)
    process.redirect(str(log))
    process.default_signals()
    process.prctl(process.PR_SET_CHILD_SUBREAPER, 0)
    process.prctl(process.PR_SET_DUMPABLE, 1)
    settings.enter(request.folder, request.env, request.threads)
    fresh.refresh(request.threads)
    process.set_limits(request.limits)
    wall.raise_wall()
    if request.kind == "kernel":
        # Behind the supervisor: whoever multiplies without end must not outrun the watch.
        os.nice(NICENESS)


def log_path(request: Fork) -> Path:
    """Where a child's own stdout and stderr go: beside the connection file, never into its folder."""
    if request.kind == "kernel":
        return Path(request.connection_file).parent / "log"
    return Path(request.folder) / "log"


def kernel(request: Fork) -> int:
    """A Jupyter kernel with its observer."""
    from alacard_host import kernel as job

    return job.main(request.connection_file, request.observe)


def twin(request: Fork) -> int:
    """A twin maker."""
    from alacard_twin import make

    return int(make.main(request.spec, request.folder) or 0)


def endpoint(request: Fork) -> int:
    """A server on the OpenAI wire format."""
    from alacard_host.endpoint import server

    return server.main(request.spec, request.folder)


JOBS: dict[str, Callable[[Fork], int]] = {"kernel": kernel, "twin": twin, "endpoint": endpoint}
"""What each kind of child does."""


def _finish() -> None:
    """What an interpreter does at its end: functions that were registered for it."""
    atexit._run_exitfuncs()


def _flush() -> None:
    for stream in (sys.__stdout__, sys.__stderr__):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            continue
