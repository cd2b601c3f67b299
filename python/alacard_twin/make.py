"""The entry point: one request in, one folder with `files/` and `twin.json` (or `error.json`) out."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alacard_twin.spec import Json, Maker, TwinError, TwinReport, TwinSpec

MAKERS: dict[str, str] = {
    "transformers": "alacard_twin.lib_transformers",
    "sentence-transformers": "alacard_twin.lib_sentence_transformers",
    "cross-encoder": "alacard_twin.lib_sentence_transformers",
    "diffusers": "alacard_twin.lib_diffusers",
    "timm": "alacard_twin.lib_timm",
    "peft": "alacard_twin.lib_peft",
    "gguf": "alacard_twin.lib_gguf",
    "dataset": "alacard_twin.lib_dataset",
    "metric": "alacard_twin.lib_metric",
}
"""The module whose `make` serves a library; imported on demand, since an environment may lack any library."""


def main(spec: Mapping[str, Any], folder: str) -> int:
    """Makes one twin; the status is 0 when `twin.json` was written and 1 when `error.json` was."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    try:
        report = make(TwinSpec.from_json(spec), place / "files")
    except TwinError as error:
        return _failed(place, error.as_json())
    except MemoryError:
        hint = "Give the twin maker more memory or a smaller parameter cap."
        return _failed(place, {"stage": "memory", "error": "the twin did not fit in memory", "hint": hint})
    except Exception as error:
        return _failed(place, _unforeseen(error))
    _write_json(place / "twin.json", report.as_json())
    return 0


def make(spec: TwinSpec, out: Path) -> TwinReport:
    """Makes a twin's files in `out` and returns its report."""
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    report = maker(spec.library)(spec, out)
    report.repo, report.sha, report.library = spec.repo, spec.sha, spec.library
    report.bytes = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    return report


def maker(library: str) -> Maker:
    """The function that makes twins for a library."""
    name = MAKERS.get(library)
    if name is None:
        known = ", ".join(sorted(MAKERS))
        raise TwinError("library", f"there is no twin maker for the library {library!r}", f"Known: {known}.")
    try:
        return importlib.import_module(name).make
    except ImportError as error:
        hint = f"Install what {library} needs into this environment."
        raise TwinError("library", f"{library} cannot be imported: {error}", hint) from error


def run(arguments: Sequence[str]) -> int:
    """`python -m alacard_twin SPEC.json FOLDER`."""
    if len(arguments) != 2:
        print("usage: python -m alacard_twin SPEC.json FOLDER", file=sys.stderr)
        return 2
    spec = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    status = main(spec, arguments[1])
    name = "twin.json" if status == 0 else "error.json"
    print((Path(arguments[1]) / name).read_text(encoding="utf-8"), end="")
    return status


def _unforeseen(error: Exception) -> Json:
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" ({Path(last[0].filename).name}:{last[0].lineno})" if last else ""
    text = f"{type(error).__name__}: {error}"[:600]
    return {"stage": "make", "error": text + where, "hint": "This architecture has no twin yet."}


def _failed(place: Path, content: Json) -> int:
    shutil.rmtree(place / "files", ignore_errors=True)
    _write_json(place / "error.json", content)
    return 1


def _write_json(path: Path, content: Json) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n"
    path.write_text(text, encoding="utf-8")
