"""Measures whole processes and prints the figures of the README as a Markdown table.

Usage: python benches/figures.py BINARY [--runs N] [--corpus FOLDER]

BINARY is the release build of alacard. The Python that runs this script stands for Python's side:
it must have jinja2, nbformat and ruff (the environment that `cargo xtask oracle` makes has them).
Commands take turns in every round, so that a machine that slows down slows all of them. Each is
run once before anything is measured.
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
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: Everything that a lesson about a small model needs, made up for this benchmark.
MODEL = "example-org/small-sentiment"
API = {
    "id": MODEL,
    "sha": "0123456789abcdef0123456789abcdef01234567",
    "author": "example-org",
    "pipeline_tag": "text-classification",
    "library_name": "transformers",
    "tags": ["transformers", "safetensors", "distilbert", "text-classification", "en", "license:apache-2.0"],
    "downloads": 12345,
    "likes": 67,
    "gated": False,
    "private": False,
    "disabled": False,
    "createdAt": "2024-05-01T08:00:00.000Z",
    "lastModified": "2025-02-03T09:00:00.000Z",
    "safetensors": {"parameters": {"F32": 66955010}, "total": 66955010},
    "siblings": [{"rfilename": name} for name in ("README.md", "config.json", "model.safetensors", "tokenizer.json")],
    "config": {"architectures": ["DistilBertForSequenceClassification"], "model_type": "distilbert"},
}
CONFIG = {
    "architectures": ["DistilBertForSequenceClassification"],
    "model_type": "distilbert",
    "dim": 768,
    "n_layers": 6,
    "vocab_size": 30522,
    "max_position_embeddings": 512,
    "id2label": {"0": "NEGATIVE", "1": "POSITIVE"},
    "label2id": {"NEGATIVE": 0, "POSITIVE": 1},
}
CARD = """---
license: apache-2.0
language: en
pipeline_tag: text-classification
library_name: transformers
---

# Small sentiment

A small classifier that sorts English sentences into two groups, made up for measuring.

## How to use it

```python
from transformers import pipeline

classifier = pipeline("text-classification", model="example-org/small-sentiment")
print(classifier("The bread came out well."))
```
"""

#: What a generator in Python does at the least: read a template, fill it, build and validate cells.
PYTHON_GENERATE = """
import sys
import jinja2
import nbformat

text = jinja2.Environment().from_string("Step {{ n }} of {{ model }}: {{ words|join(' ') }}")
code = jinja2.Environment().from_string("values_{{ n }} = list(range({{ n }}))\\nprint(len(values_{{ n }}))")
notebook = nbformat.v4.new_notebook()
for n in range(28):
    notebook.cells.append(nbformat.v4.new_markdown_cell(text.render(n=n, model="a/b", words=["one", "two"])))
    notebook.cells.append(nbformat.v4.new_code_cell(code.render(n=n)))
nbformat.validate(notebook)
nbformat.write(notebook, sys.argv[1])
"""
PYTHON_VALIDATE = "import sys, nbformat; nbformat.validate(nbformat.read(sys.argv[1], as_version=4))"
PYTHON_IMPORTS = "import jinja2, nbformat"


@dataclass
class Figure:
    """One command and how long it took, in milliseconds."""

    what: str
    command: Sequence[str]
    accepted: tuple[int, ...] = (0,)
    times: list[float] = field(default_factory=list)

    def run(self, environment: dict[str, str]) -> float:
        """Runs the command once; the answer is in milliseconds."""
        began = time.perf_counter()
        done = subprocess.run(self.command, env=environment, capture_output=True, text=True, check=False)
        took = (time.perf_counter() - began) * 1000
        if done.returncode not in self.accepted:
            raise SystemExit(f"{' '.join(self.command)}\nended with {done.returncode}:\n{done.stderr[-2000:]}")
        return took

    def row(self) -> str:
        """A line of the table."""
        low, middle, high = min(self.times), statistics.median(self.times), max(self.times)
        return f"| {self.what} | {middle:.1f} ms | {low:.1f}–{high:.1f} ms |"


def lay_out_hub(folder: Path) -> None:
    """A folder that stands in for the Hub, with one model."""
    place = folder / "hub" / MODEL
    place.mkdir(parents=True)
    (place / "api.json").write_text(json.dumps(API), encoding="utf-8")
    (place / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    (place / "README.md").write_text(CARD, encoding="utf-8")


def long_notebook(made: Path, target: Path, cells: int = 200) -> None:
    """A notebook of so many cells: those of a generated lesson, over and over, under new ids."""
    notebook = json.loads(made.read_text(encoding="utf-8"))
    notebook["metadata"].pop("alacard", None)
    pool = [cell for cell in notebook["cells"] if cell["cell_type"] != "raw"]
    notebook["cells"] = [{**pool[n % len(pool)], "id": f"cell-{n}", "metadata": {}} for n in range(cells)]
    target.write_text(json.dumps(notebook, indent=1, sort_keys=True), encoding="utf-8")


def ruff() -> str:
    """The ruff binary of this environment, else of the machine."""
    here = Path(sys.executable).parent / "ruff"
    found = str(here) if here.is_file() else shutil.which("ruff")
    if found is None:
        raise SystemExit("ruff is not there: run `cargo xtask bench`, which makes an environment that has it")
    return found


def whole_processes(binary: str, work: Path, runs: int, environment: dict[str, str]) -> list[Figure]:
    """Measures the small commands, taking turns."""
    hub = work / "hub-dir"
    lay_out_hub(hub)
    facts = ["--hub-dir", str(hub), "--offline", "--fresh", "--quiet", "--out", str(work / "out")]
    generate = Figure("`alacard generate`, manual, facts in a folder", [binary, "generate", MODEL, *facts])
    generate.run(environment)
    made = next((work / "out").rglob("notebook.ipynb"))
    long = work / "long.ipynb"
    long_notebook(made, long)
    python = sys.executable
    figures = [
        generate,
        Figure("Python: import jinja2 and nbformat, nothing else", [python, "-c", PYTHON_IMPORTS]),
        Figure("Python: fill 56 cells with jinja2, `nbformat.validate`, write", [python, "-c", PYTHON_GENERATE, str(work / "python.ipynb")]),
        # Repeated cells define names twice and load the model more than once, so findings are expected.
        Figure("`alacard check`, 200 cells, all rules", [binary, "check", "--quiet", str(long)], accepted=(0, 4)),
        Figure("Python: `nbformat.validate`, the same 200 cells", [python, "-c", PYTHON_VALIDATE, str(long)]),
        Figure("`ruff check`, the same 200 cells, default rules", [ruff(), "check", "--isolated", "--no-cache", "--quiet", str(long)], accepted=(0, 1)),
    ]
    for figure in figures:
        figure.run(environment)
    for _ in range(runs):
        for figure in figures:
            figure.times.append(figure.run(environment))
    return figures


def batch(binary: str, corpus: Path, work: Path, environment: dict[str, str]) -> tuple[float, float, dict]:
    """Seconds, peak memory in megabytes and the report's totals of one pass over a corpus."""
    out, report = work / "corpus", work / "report.json"
    command = [binary, "batch", str(corpus / "INDEX.jsonl"), "--hub-dir", str(corpus), "--offline", "--quiet"]
    command += ["--out", str(out), "--report", str(report)]
    began = time.perf_counter()
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1, 4):
        raise SystemExit(f"{' '.join(command)}\nended with {child.returncode}")
    shutil.rmtree(out)
    # Linux counts in kilobytes, macOS in bytes.
    scale = 1e6 if sys.platform == "darwin" else 1e6 / 1024
    return seconds, usage.ru_maxrss / scale, json.loads(report.read_text(encoding="utf-8"))["totals"]


def print_corpus(binary: str, corpus: Path, work: Path, environment: dict[str, str]) -> None:
    """The rows about a whole corpus, or a sentence that says why there are none."""
    if not (corpus / "INDEX.jsonl").is_file():
        print(f"\nThe batch over a corpus was not measured: {corpus.name}/INDEX.jsonl is not there.")
        return
    passes = [batch(binary, corpus, work, environment) for _ in range(3)]
    seconds = sorted(took for took, _, _ in passes)
    totals = passes[0][2]
    print(f"| `alacard batch`, {totals['sources']} pages, all cores | {seconds[1]:.1f} s | {seconds[0]:.1f}–{seconds[2]:.1f} s |")
    print(f"| the same, peak memory | {max(peak for _, peak, _ in passes):.0f} MB | the highest of 3 passes |")
    print(f"\nOutcomes of the batch: {json.dumps(totals['outcomes'])}")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--corpus", type=Path, default=ROOT.parent / "shared" / "corpus")
    arguments = parser.parse_args()
    binary = str(Path(arguments.binary).resolve())
    with tempfile.TemporaryDirectory(prefix="alacard-figures-") as name:
        work = Path(name)
        # Nothing of the user's own may weigh on the figures: no cache, no token, no configuration.
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": name, "NO_COLOR": "1"}
        os.chdir(work)
        figures = whole_processes(binary, work, arguments.runs, environment)
        print(f"{cores()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}; ", end="")
        print(f"whole processes, median of {arguments.runs} runs after one that was not counted.\n")
        print("| What | Median | From–to |\n| --- | --- | --- |")
        for figure in figures:
            print(figure.row())
        print_corpus(binary, arguments.corpus.resolve(), work, environment)


if __name__ == "__main__":
    main()
