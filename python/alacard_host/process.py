"""What Linux offers for keeping a process in bounds, in small functions that never raise."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from pathlib import Path

from alacard_host.protocol import Limits

PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
MB = 1024 * 1024


def prctl(option: int, value: int) -> bool:
    """Sets one process option; False where the kernel or the sandbox refuses."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        return int(libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0)) == 0
    except (OSError, AttributeError):
        return False


def protect_host() -> None:
    """Nobody may read the host's memory, and orphans of its children come back to it."""
    prctl(PR_SET_DUMPABLE, 0)
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def set_limits(limits: Limits) -> None:
    """Resource limits of this process and its children; what the system refuses is left as it is."""
    wanted = {
        resource.RLIMIT_AS: limits.address_space_mb * MB,
        resource.RLIMIT_FSIZE: limits.file_mb * MB,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: limits.processes,
        resource.RLIMIT_CPU: limits.cpu_seconds,
    }
    _limit(resource.RLIMIT_CORE, 0, 0)
    for kind, value in wanted.items():
        if value > 0:
            _limit(kind, value, value + 5 if kind == resource.RLIMIT_CPU else value)


def _limit(kind: int, soft: int, hard: int) -> None:
    """Sets one limit, never above the one that is already in force."""
    try:
        _, present = resource.getrlimit(kind)
        if present != resource.RLIM_INFINITY:
            soft, hard = min(soft, present), min(hard, present)
        resource.setrlimit(kind, (soft, hard))
    except (OSError, ValueError):
        pass


def default_signals() -> None:
    """Every signal handler as a fresh interpreter has it."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            try:
                signal.signal(number, signal.SIG_DFL)
            except (OSError, ValueError):
                continue
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())


def redirect(log: str) -> None:
    """Nothing to read on stdin, both outputs into a log, no other file descriptor left open."""
    null = os.open(os.devnull, os.O_RDONLY)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(null, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.closerange(3, max(open_descriptors(), default=3) + 1)


def open_descriptors() -> list[int]:
    """Numbers of the open file descriptors."""
    try:
        return [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]
    except OSError:
        return list(range(min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 65536)))


def thread_names() -> list[str]:
    """Names of this process's threads other than its first."""
    try:
        tasks = [task for task in Path("/proc/self/task").iterdir() if int(task.name) != os.getpid()]
        return sorted((task / "comm").read_text(encoding="utf-8").strip() for task in tasks)
    except OSError:
        return []
