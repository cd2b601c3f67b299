"""Measures proofs beside nbclient and papermill, in the same run, and prints a Markdown table.

Usage: python benches/proof.py BINARY [--runs N] [--only WORD]

BINARY is the release build of alacard. The Python that runs this script stands for Python's side: it
must have nbclient, papermill, ipykernel, torch and transformers (the environment of
`python/test-requirements.txt`). The environment of the proofs is made before anything is measured.
nbclient and papermill execute without a sandbox and are given the twin that alacard made, served by
`alacard hub serve`; so they do less.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

#: A text model of the built-in shelf: nothing is asked of the network.
MODEL = "Qwen/Qwen3-0.6B"
#: How many notebooks are proven at once.
CROWD = 16

NBCLIENT = """
import sys, nbformat
from nbclient import NotebookClient
for path in sys.argv[1:]:
    notebook = nbformat.read(path, 4)
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
"""
PAPERMILL = """
import sys, papermill
for path in sys.argv[1:]:
    papermill.execute_notebook(path, path + ".out.ipynb", kernel_name="python3", progress_bar=False)
"""


class Bench:
    """A folder, a binary, and what was measured."""

    def __init__(self, binary: str, folder: Path, runs: int) -> None:
        self.binary = str(Path(binary).resolve())
        self.folder = folder
        self.runs = runs
        self.rows: list[tuple[str, str, str, str]] = []

    def alacard(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs the program to its end."""
        return subprocess.run(
            [self.binary, *words], cwd=self.folder, capture_output=True, text=True, check=False
        )

    def prove(self, *paths: str) -> list[dict[str, object]]:
        """Proves notebooks and gives their proofs."""
        done = self.alacard("prove", *paths, "--offline", "--json")
        try:
            value = json.loads(done.stdout)
        except json.JSONDecodeError:
            raise SystemExit(f"alacard prove failed: {done.stderr}") from None
        return value if isinstance(value, list) else [value]

    def python(self, code: str, *paths: str, env: dict[str, str] | None = None) -> None:
        """Runs one of Python's executors to its end."""
        variables = {**os.environ, "PYTHONWARNINGS": "ignore", **(env or {})}
        subprocess.run(
            [sys.executable, "-c", code, *paths], cwd=self.folder, env=variables, check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def row(self, what: str, ours: str, theirs: str, share: str) -> None:
        """Notes one figure and says it."""
        self.rows.append((what, ours, theirs, share))
        print(f"{what}: {ours}, beside {theirs} ({share})", file=sys.stderr)


def timed(work: Callable[[], object]) -> float:
    """Wall time of one call, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median(samples: list[float]) -> float:
    """The middle one."""
    return statistics.median(samples)


def trivial(bench: Bench) -> None:
    """200 trivial cells, one process each time, and several in one process."""
    path = bench.folder / "trivial.ipynb"
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "outputs": [], "execution_count": None,
         "source": f"x{n} = {n}\nprint(x{n})"}
        for n in range(200)
    ]  # fmt: skip
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook), encoding="utf-8")
    name = path.name
    bench.prove(name)
    ours, client, mill, warm = [], [], [], []
    for _ in range(bench.runs):
        one = timed(lambda: bench.prove(name))
        many = timed(lambda: bench.alacard("prove", *[name] * 6, "--offline", "--json", "--jobs", "1"))
        ours.append(one)
        warm.append((many - one) / 5)
        client.append(timed(lambda: bench.python(NBCLIENT, name)))
        mill.append(timed(lambda: bench.python(PAPERMILL, name)))
    theirs = median(client)
    beside = f"nbclient {theirs:.2f} s, papermill {median(mill):.2f} s"
    bench.row("200 trivial cells, cold", f"{median(ours):.2f} s", beside, f"{median(ours) / theirs:.2f} of nbclient")
    bench.row("200 trivial cells, warm host", f"{median(warm):.2f} s", beside, f"{median(warm) / theirs:.2f} of nbclient")


@contextmanager
def served(bench: Bench) -> Iterator[dict[str, str]]:
    """The model's twin on the Hub's protocol, for Python's executors."""
    twin = bench.folder / "twin"
    if not twin.exists():
        bench.alacard("twin", MODEL, "--offline", "--out", str(twin))
    server = subprocess.Popen(
        [bench.binary, "hub", "serve", str(twin)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        home = tempfile.mkdtemp(dir=bench.folder)
        yield {"HF_ENDPOINT": address, "HF_HOME": home, "HF_HUB_DISABLE_XET": "1", "CUDA_VISIBLE_DEVICES": ""}
    finally:
        server.terminate()
        server.wait()


def lesson(bench: Bench, form: str) -> str:
    """A lesson about the model, as the offline teacher writes it."""
    made = bench.alacard("generate", MODEL, "--offline", "--format", form, "--out", "lessons")
    path = made.stdout.strip().splitlines()[-1]
    name = f"{form}.ipynb"
    shutil.copy(bench.folder / path, bench.folder / name)
    return name


def text(bench: Bench) -> None:
    """A text-generation manual on its twin."""
    name = lesson(bench, "manual")
    proof = bench.prove(name)[0]
    if not proof["runs"]:
        raise SystemExit(f"the manual does not run: {proof['causes']}")
    warm, client, peaks = [], [], []
    with served(bench) as env:
        for _ in range(bench.runs):
            one = timed(lambda: bench.prove(name))
            many = timed(lambda: bench.alacard("prove", *[name] * 4, "--offline", "--json", "--jobs", "1"))
            warm.append((many - one) / 3)
            client.append(timed(lambda: bench.python(NBCLIENT, name, env=env)))
            peaks.append(float(str(bench.prove(name)[0]["peak_memory_mb"])))
    ours, theirs = median(warm), median(client)
    bench.row("text-generation manual on its twin, warm host", f"{ours:.2f} s", f"nbclient {theirs:.2f} s",
              f"{ours / theirs:.2f} of nbclient")  # fmt: skip
    bench.row("peak memory of that proof", f"{median(peaks):.0f} MB", "", "")


def crowd(bench: Bench) -> None:
    """Many proofs submitted at once."""
    name = lesson(bench, "quickstart")
    bench.prove(name)
    ours = timed(lambda: bench.alacard("prove", *[name] * CROWD, "--offline", "--json"))
    with served(bench) as env:
        client = timed(lambda: bench.python(NBCLIENT, *[name] * 4, env=env)) / 4 * CROWD
    bench.row(f"{CROWD} proofs at once (quickstart)", f"{ours:.1f} s", f"nbclient, one after the other, {client:.1f} s",
              f"{client / ours:.1f} times its throughput")  # fmt: skip


PARTS = {"trivial": trivial, "text": text, "crowd": crowd}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("binary")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=sorted(PARTS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.binary, Path(folder), options.runs)
        for name, part in PARTS.items():
            if options.only in (None, name):
                part(bench)
    print(f"{os.cpu_count()} processors, {platform.system()} {platform.release()}, {options.runs} runs, medians\n")
    print("| what | alacard | beside | |\n| --- | --- | --- | --- |")
    for row in bench.rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
