"""A wall between a child of the host and everything that is not its own.

The sandbox keeps a notebook away from the machine; this keeps it away from the sandbox's own
processes. A process in a Landlock domain can neither look into processes outside of it (their
memory, their open files, their environment) nor, from version 6 of the interface on, send them
signals. The kernel refuses, whatever user they run as. Where Landlock is not to be had the child
goes on without: the supervisor and the host are closed by other means, and the proof is judged by
what they saw.
"""

from __future__ import annotations

import ctypes
import os

#: System calls; the numbers are the same on every architecture since Linux 5.13.
CREATE_RULESET, RESTRICT_SELF = 444, 446
#: Asks for the version of the interface instead of making a rule set.
VERSION = 1
#: prctl: no new privileges, which Landlock asks for.
SET_NO_NEW_PRIVS = 38
#: The right to make block devices, which nobody here has anyway: a domain needs one rule.
MAKE_BLOCK = 1 << 11
#: Signals and abstract sockets stay inside the domain.
SCOPES = (1 << 0) | (1 << 1)
#: The first version that knows scopes.
SCOPED = 6


class Attributes(ctypes.Structure):
    """What a rule set handles: files, network, scopes."""

    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


def raise_wall() -> bool:
    """Shuts this process and its future children in; whether that was possible."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    version = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION)
    if version < 1:
        return False
    scoped = SCOPES if version >= SCOPED else 0
    attributes = Attributes(MAKE_BLOCK, 0, scoped)
    # Older kernels know a shorter structure.
    size = 24 if version >= SCOPED else 16 if version >= 4 else 8
    rules = libc.syscall(CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), 0)
    if rules < 0:
        return False
    try:
        if libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            return False
        return bool(libc.syscall(RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)
