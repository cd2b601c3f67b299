"""Tools of the host's tests: a host process, a kernel of it, and tiny models made here."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PYTHON = Path(__file__).resolve().parent.parent
WAIT = 20.0


class HostProcess:
    """A running host, spoken to line by line."""

    def __init__(self, folder: Path, modules: Sequence[str] = ()) -> None:
        self.folder = folder
        env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
        self.log = (folder / "host.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "alacard_host"],
            cwd=PYTHON,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
        )
        self.events: list[dict[str, Any]] = []
        self.imported: dict[str, Any] = {}
        if modules:
            self.send(op="import", modules=list(modules))
            self.imported = self.wait("imported")

    def send(self, **request: Any) -> None:
        self.raw(json.dumps(request).encode())

    def raw(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def wait(self, event: str, **fields: Any) -> dict[str, Any]:
        """The next event of a kind with these fields; others are kept."""
        wanted = {"event": event} | fields
        while True:
            for place, item in enumerate(self.events):
                if all(item.get(name) == value for name, value in wanted.items()):
                    return self.events.pop(place)
            assert self.process.stdout is not None
            line = self.process.stdout.readline()
            assert line, f"the host has ended: {(self.folder / 'host.log').read_text()[-2000:]}"
            self.events.append(json.loads(line))

    def close(self) -> None:
        if self.process.poll() is None:
            self.send(op="quit")
            self.process.wait(WAIT)
        for stream in (self.process.stdin, self.process.stdout, self.log):
            if stream is not None:
                stream.close()


class Kernel:
    """A forked kernel with a client and the observer's socket."""

    def __init__(self, host: HostProcess, **request: Any) -> None:
        from jupyter_client.blocking.client import BlockingKernelClient

        self.host = host
        self.id = f"k{uuid.uuid4().hex[:6]}"
        self.folder = host.folder / self.id
        self.io = host.folder / f"{self.id}.ipc"
        self.io.mkdir()
        self._write_connection()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.io / "observe"))
        self.socket.settimeout(WAIT)
        started = time.perf_counter()
        host.send(
            op="fork",
            kind="kernel",
            id=self.id,
            folder=str(self.folder),
            connection_file=str(self.io / "kernel.json"),
            observe=str(self.io / "observe"),
            **{"env": {}, "limits": {}, "threads": 1, **request},
        )
        self.pid = host.wait("forked", id=self.id)["pid"]
        self._await_socket()
        self.client = BlockingKernelClient(connection_file=str(self.io / "kernel.json"))
        self.client.load_connection_file()
        self.client.start_channels(hb=False, stdin=False)
        self.client.kernel_info()
        self.client.get_shell_msg(timeout=WAIT)
        self.ready = time.perf_counter() - started
        self._await_iopub()

    def _write_connection(self) -> None:
        ports = {f"{name}_port": n for n, name in enumerate(("shell", "iopub", "stdin", "control", "hb"), 1)}
        info = {"ip": str(self.io / "s"), "transport": "ipc", "key": "k", "signature_scheme": "hmac-sha256"}
        (self.io / "kernel.json").write_text(json.dumps(ports | info))

    def _await_socket(self) -> None:
        limit = time.monotonic() + WAIT
        while not all((self.io / f"s-{n}").exists() for n in range(1, 5)):
            assert time.monotonic() < limit, (self.io / "log").read_text()
            time.sleep(0.002)

    def _await_iopub(self) -> None:
        """Asks until the subscription has arrived, then empties both channels."""
        from queue import Empty

        limit = time.monotonic() + WAIT
        while time.monotonic() < limit:
            self.client.kernel_info()
            self.client.get_shell_msg(timeout=WAIT)
            try:
                while self.client.get_iopub_msg(timeout=0.05)["content"].get("execution_state") != "idle":
                    continue
                return
            except Empty:
                continue
        raise AssertionError("no message on iopub")

    def run(self, code: str) -> str:
        """What a cell printed, showed or raised."""
        out: list[str] = []

        def hook(message: dict[str, Any]) -> None:
            content = message["content"]
            kind = message["msg_type"]
            if kind == "stream":
                out.append(content["text"])
            elif kind == "error":
                out.append(f"{content['ename']}: {content['evalue']}\n" + "\n".join(content["traceback"]))
            elif kind in ("execute_result", "display_data"):
                out.append(content["data"].get("text/plain", ""))

        self.client.execute_interactive(code, timeout=WAIT, output_hook=hook, allow_stdin=False)
        return "".join(out)

    def watched(self, code: str) -> dict[str, Any]:
        """Runs a cell and returns the observer's report on it."""
        self.run(code)
        return self.report()

    def report(self) -> dict[str, Any]:
        """The next report of the observer."""
        found: dict[str, Any] = json.loads(self.socket.recv(65536))
        return found

    def close(self) -> None:
        self.client.stop_channels()
        self.host.send(op="signal", id=self.id, signal=9)
        self.host.wait("exited", id=self.id)
        self.socket.close()


def make_tokenizer(folder: Path) -> int:
    """A small byte-level tokenizer with a chat template; returns its size."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE(unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<unk>", "<eos>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    raw.train_from_iterator(["a small text for a small model, and then some more of it"] * 9, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, unk_token="<unk>", eos_token="<eos>", pad_token="<eos>", model_max_length=128
    )
    tokenizer.chat_template = (
        "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}"
        "{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:"
    )
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


def make_language_model(folder: Path) -> Path:
    """A tiny causal language model with random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    size = make_tokenizer(folder)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        bos_token_id=1,
        eos_token_id=1,
        pad_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def make_encoder(folder: Path, kind: str = "BertModel") -> Path:
    """A tiny BERT of some class with random weights."""
    import transformers

    size = make_tokenizer(folder)
    config = transformers.BertConfig(
        vocab_size=size, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    getattr(transformers, kind)(config).save_pretrained(folder)
    return folder
