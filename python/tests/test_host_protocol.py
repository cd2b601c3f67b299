"""What the supervisor relies on: every line is answered, and nothing that a child does ends the host."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from host_support import HostProcess, Kernel

from alacard_host.lines import offset_of
from alacard_host.protocol import BadRequestError, Fork, Limits, parse
from alacard_host.watch import MAX_DATAGRAM, fitted

pytest.importorskip("ipykernel")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    running = HostProcess(tmp_path_factory.mktemp("h"), ["json"])
    yield running
    running.close()


def test_a_fork_request_is_read_with_its_defaults() -> None:
    line = {
        "op": "fork",
        "kind": "twin",
        "id": "t",
        "folder": "/w",
        "spec": {"a": 1},
        "limits": {"file_mb": 5},
    }
    request = parse(json.dumps(line).encode())
    assert request == Fork(kind="twin", id="t", folder="/w", spec={"a": 1}, limits=Limits(file_mb=5))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "JSON"),
        (b"[]", "object"),
        (b'{"op":"dance"}', "dance"),
        (b'{"op":"import","modules":"torch"}', "modules"),
        (b'{"op":"fork","kind":"kernel","id":"k"}', "folder"),
        (b'{"op":"fork","kind":"cat","id":"k","folder":"/w"}', "cat"),
        (b'{"op":"fork","kind":"twin","id":"k","folder":"/w","env":{"A":1}}', "env"),
        (b'{"op":"fork","kind":"twin","id":"k","folder":"/w","limits":{"legs":4}}', "legs"),
        (b'{"op":"signal","id":"k","signal":900}', "signal"),
    ],
)
def test_a_bad_request_is_named(line: bytes, words: str) -> None:
    with pytest.raises(BadRequestError, match=words):
        parse(line)


def test_bad_lines_are_answered_and_the_host_goes_on(host: HostProcess) -> None:
    for line in (b"nonsense", b"\xff\xfe", b'{"op":"signal","id":"nobody","signal":9}', b"[" * 100000):
        host.raw(line)
        assert host.wait("problem")["message"]
    host.raw(b"x" * (5 * 1024 * 1024))
    assert "longer" in host.wait("problem")["message"]
    host.send(op="import", modules=["math"])
    assert "math" in host.wait("imported")["seconds"]


def test_an_import_that_fails_is_told_and_prints_do_not_mix_in(host: HostProcess, tmp_path: Path) -> None:
    host.send(op="import", modules=["no_such_module_here", "this"])
    answer = host.wait("imported")
    assert "ModuleNotFoundError" in answer["failed"]["no_such_module_here"]
    assert "this" in answer["seconds"]


@pytest.mark.parametrize(
    ("code", "status", "signal"),
    [
        ("import os; os._exit(3)", 3, None),
        ("import ctypes; ctypes.string_at(0)", None, 11),
        ("import os, signal; os.kill(os.getpid(), 9)", None, 9),
    ],
)
def test_the_end_of_a_kernel_is_reported(
    host: HostProcess, code: str, status: int | None, signal: int | None
) -> None:
    kernel = Kernel(host)
    kernel.client.execute(code)
    ended = host.wait("exited", id=kernel.id)
    assert (ended["status"], ended["signal"], ended["pid"]) == (status, signal, kernel.pid)
    kernel.client.stop_channels()
    again = Kernel(host)
    assert again.run("print(6 * 7)") == "42\n"
    again.close()


def test_an_id_is_used_once_at_a_time(host: HostProcess) -> None:
    kernel = Kernel(host)
    host.send(op="fork", kind="twin", id=kernel.id, folder=str(kernel.folder))
    assert kernel.id in host.wait("problem")["message"]
    kernel.close()


def test_orphans_come_back_to_the_host_and_are_reaped(host: HostProcess) -> None:
    kernel = Kernel(host)
    code = (
        "import os, time\n"
        "r, w = os.pipe()\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    p = os.fork()\n"
        "    if p: os.write(w, str(p).encode()); os._exit(0)\n"
        "    time.sleep(0.5); os._exit(0)\n"
        "os.wait()\n"
        "print(int(os.read(r, 20)))"
    )
    orphan = int(kernel.run(code).split()[0])
    status = Path(f"/proc/{orphan}/status").read_text()
    assert f"PPid:\t{host.process.pid}" in status
    limit = time.monotonic() + 5
    while Path(f"/proc/{orphan}").exists():
        assert time.monotonic() < limit, "the orphan stayed a zombie"
        time.sleep(0.05)
    kernel.close()


def test_the_host_ends_with_its_input_and_takes_its_children_along(tmp_path: Path) -> None:
    host = HostProcess(tmp_path)
    kernel = Kernel(host)
    assert host.process.stdin is not None
    host.process.stdin.close()
    assert host.process.wait(10) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(kernel.pid, 0)
    kernel.client.stop_channels()
    host.process.stdin = None
    host.close()


@pytest.mark.parametrize(
    ("raw", "transformed", "offset"),
    [
        ("x = 1\n", "x = 1\n", 0),
        ("\n\nx = 1", "x = 1\n", 2),
        ("%%time\nx = 1", "get_ipython()...", 1),
        ("%%bash\nls", "get_ipython()...", None),
        ("!ls \\\n -l\nx = 1", "get_ipython().system('ls -l')\nx = 1\n", None),
    ],
)
def test_line_numbers_are_those_of_the_cells_text(raw: str, transformed: str, offset: int | None) -> None:
    assert offset_of(raw, transformed) == offset


def test_a_report_fits_into_a_datagram() -> None:
    data = fitted({"event": "cell", "lines": list(range(50_000)), "caught": ["x" * 5000] * 50})
    assert len(data) <= MAX_DATAGRAM and json.loads(data)["truncated"]
