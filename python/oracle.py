"""Judges notebooks with tools that nobody here wrote.

For each notebook: `nbformat.validate` for the schema; IPython's input transformer and `ast.parse`
for the syntax of every code cell; pyflakes over the cells in order for undefined names; and plain
rules that outside judges also apply (no empty or comment-only cells, no placeholders, no secrets,
no unquoted `>` in a pip line).

Usage: python oracle.py [--jobs N] PATH ...   (files, folders, or `-` for names on standard input)
Prints one line a problem and a summary; the exit status is 1 when there was a problem.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from pyflakes import checker, messages

#: Names that IPython defines in every kernel.
BUILTINS = {"In", "Out", "display", "get_ipython", "exit", "quit", "_", "__", "___"}
PLACEHOLDER = re.compile(r"\bTODO\b|\bFIXME\b|\bTBD\b|path/to/|YOUR_[A-Z_]*(KEY|TOKEN)|<your[ _-]", re.IGNORECASE)
SECRET = re.compile(r"\bhf_[A-Za-z0-9]{30,}|\bsk-[A-Za-z0-9_-]{20,}|\bghp_[A-Za-z0-9]{30,}|\bAKIA[0-9A-Z]{16}\b")
PIP_REDIRECT = re.compile(r"^\s*[!%]\s*(?:python\S* -m )?pip\b[^\"'\n]*\s[A-Za-z0-9_.\[\]-]+>=?", re.MULTILINE)


def problems(path: str) -> list[str]:
    """Everything that is wrong with one notebook, one sentence each."""
    try:
        notebook = nbformat.reads(Path(path).read_text(encoding="utf-8"), as_version=nbformat.NO_CONVERT)
        nbformat.validate(notebook)
    except Exception as error:  # noqa: BLE001 - any failure of the oracle is a verdict
        return [f"schema: {type(error).__name__}: {str(error).splitlines()[0]}"]
    found: list[str] = []
    trees: list[ast.Module] = []
    for index, cell in enumerate(notebook.cells):
        where = f"cell {index + 1}"
        found += [f"{where}: {what}" for what in text_problems(cell)]
        if cell.cell_type == "code":
            try:
                trees.append(parse(cell.source))
            except SyntaxError as error:
                found.append(f"{where}: syntax: {error}")
    found += [f"name: {message}" for message in undefined(trees)]
    return found


def parse(source: str) -> ast.Module:
    """The syntax tree of a cell, after IPython has read its magics."""
    return ast.parse(TransformerManager().transform_cell(source))


def text_problems(cell: nbformat.NotebookNode) -> Iterator[str]:
    """What is wrong with the text of a cell."""
    if SECRET.search(cell.source):
        yield "holds a secret"
    if cell.cell_type != "code":
        return
    lines = [line.strip() for line in cell.source.splitlines()]
    if not any(line and not line.startswith("#") for line in lines):
        yield "empty or comments only"
    if PLACEHOLDER.search(cell.source):
        yield f"placeholder {PLACEHOLDER.search(cell.source).group(0)!r}"
    if PIP_REDIRECT.search(cell.source):
        yield "unquoted > in a pip line"


def undefined(trees: list[ast.Module]) -> Iterator[str]:
    """Undefined names over all cells in order."""
    body = [statement for tree in trees for statement in tree.body]
    whole = ast.Module(body=body, type_ignores=[])
    for message in checker.Checker(whole, builtins=BUILTINS).messages:
        if isinstance(message, messages.UndefinedName | messages.UndefinedLocal):
            yield message.message % message.message_args


def notebooks(names: list[str]) -> Iterator[str]:
    """The files behind the names, in order."""
    for name in names:
        if name == "-":
            yield from (line.strip() for line in sys.stdin if line.strip())
        elif Path(name).is_dir():
            yield from sorted(str(path) for path in Path(name).rglob("notebook.ipynb"))
        else:
            yield name


def main() -> int:
    """Judges and reports."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print a JSON object of problems by file")
    parser.add_argument("paths", nargs="+")
    arguments = parser.parse_args()
    files = list(notebooks(arguments.paths))
    if not files:
        print("oracle: no notebook to judge", file=sys.stderr)
        return 1
    with ProcessPoolExecutor(arguments.jobs) as pool:
        verdicts = dict(zip(files, pool.map(problems, files, chunksize=8), strict=True))
    bad = {path: found for path, found in verdicts.items() if found}
    if arguments.json:
        print(json.dumps(bad, indent=1))
    for path, found in ({} if arguments.json else bad).items():
        for problem in found:
            print(f"{path}: {problem}")
    print(f"oracle: {len(files)} notebooks, {len(bad)} with problems", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
