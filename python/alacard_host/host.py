"""The host itself: reads requests, forks children, reports their ends."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import sys
import time
import traceback
from typing import Any

from alacard_host import process, settings, warm
from alacard_host.protocol import MAX_LINE, BadRequestError, Fork, Import, Quit, Request, Signal, parse

READ_SIZE = 1 << 16
LAST_WAIT = 2.0
"""Seconds that the host waits at its end for killed children."""


class Host:
    """One process that serves requests until it is told to quit or its input ends."""

    def __init__(self, requests: int, answers: int) -> None:
        self._requests = requests
        self._answers = answers
        self._buffer = bytearray()
        self._skipping = False
        self._pids: dict[str, int] = {}
        self._wake = wake_pipe()

    def serve(self) -> None:
        """The loop: lines in, children reaped as they end."""
        while True:
            ready, _, _ = select.select([self._requests, self._wake], [], [], 30.0)
            if self._wake in ready:
                drain(self._wake)
            self._reap()
            if self._requests in ready and not self._read():
                return

    def _read(self) -> bool:
        """Takes what has arrived; False at the end of the input or after a quit."""
        chunk = os.read(self._requests, READ_SIZE)
        self._buffer += chunk
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            if self._skipping:
                self._skipping = False
            elif line.strip() and not self._serve_line(line):
                return False
        if len(self._buffer) > MAX_LINE:
            self._buffer.clear()
            if not self._skipping:
                self._problem(f"a request is longer than {MAX_LINE} bytes")
            self._skipping = True
        return bool(chunk)

    def _serve_line(self, line: bytes) -> bool:
        """Serves one request; False for quit. Faults of a request never end the host."""
        kind = None
        try:
            request = parse(line)
            kind = type(request).__name__.lower()
            if isinstance(request, Quit):
                return False
            self._serve(request)
        except BadRequestError as error:
            self._problem(str(error), kind)
        except BrokenPipeError:
            return False
        except Exception as error:
            traceback.print_exc()
            self._problem(f"{type(error).__name__}: {error}", kind)
        return True

    def _serve(self, request: Request) -> None:
        if isinstance(request, Import):
            self.answer(warm.warm(request.modules))
        elif isinstance(request, Fork):
            self._fork(request)
        elif isinstance(request, Signal):
            self._signal(request)

    def _fork(self, request: Fork) -> None:
        """Starts a child; the child never comes back from here."""
        if request.id in self._pids:
            raise BadRequestError(f"id {request.id!r} is in use")
        sys.stdout.flush()
        sys.stderr.flush()
        gc.freeze()
        pid = os.fork()
        if pid == 0:
            from alacard_host.child import run

            run(request)
        self._pids[request.id] = pid
        self.answer({"event": "forked", "id": request.id, "pid": pid})

    def _signal(self, request: Signal) -> None:
        pid = self._pids.get(request.id)
        if pid is None:
            raise BadRequestError(f"no child has the id {request.id!r}")
        send_signal(pid, request.signal)

    def _reap(self) -> None:
        """Collects every process that has ended; those with an id are reported."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._ended(pid, status)

    def _ended(self, pid: int, status: int) -> None:
        for name in [key for key, value in self._pids.items() if value == pid]:
            del self._pids[name]
            killed = os.WIFSIGNALED(status)
            self.answer(
                {
                    "event": "exited",
                    "id": name,
                    "pid": pid,
                    "status": None if killed else os.WEXITSTATUS(status),
                    "signal": os.WTERMSIG(status) if killed else None,
                }
            )

    def end(self) -> None:
        """Kills what is left and waits a moment for it."""
        for pid in self._pids.values():
            send_signal(pid, signal.SIGKILL)
        limit = time.monotonic() + LAST_WAIT
        while self._pids and time.monotonic() < limit:
            try:
                self._reap()
            except OSError:
                return
            time.sleep(0.005)

    def _problem(self, message: str, kind: str | None = None) -> None:
        """Answers a request that cannot be served; its kind tells late answers from expected ones."""
        self.answer({"event": "problem", "op": kind, "message": message[:2000]})

    def answer(self, event: dict[str, Any]) -> None:
        """One line to the supervisor, whole."""
        data = memoryview(json.dumps(event).encode() + b"\n")
        while data:
            data = data[os.write(self._answers, data) :]


def send_signal(pid: int, number: int) -> None:
    """Signals the session of a child, or the child alone while it has none yet."""
    try:
        os.killpg(pid, number)
    except OSError:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def wake_pipe() -> int:
    """A descriptor that becomes readable when a child ends."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    return reader


def drain(descriptor: int) -> None:
    """Empties the wake-up pipe."""
    try:
        while os.read(descriptor, 4096):
            pass
    except BlockingIOError:
        pass


def take_channels() -> tuple[int, int]:
    """Moves requests and answers away from 0 and 1, so that prints cannot mix into them."""
    requests = os.dup(0)
    answers = os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return requests, answers


def main() -> int:
    """Runs the host until the supervisor quits or goes away."""
    requests, answers = take_channels()
    process.protect_host()
    settings.prepare_host()
    host = Host(requests, answers)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        host.serve()
    except BrokenPipeError:
        pass
    finally:
        host.end()
    sys.stderr.flush()
    os._exit(0)
