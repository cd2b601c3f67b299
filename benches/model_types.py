"""Writes every model type of transformers as a bare configuration: models that nobody tuned for.

Usage: python benches/model_types.py FOLDER

FOLDER gets `hub/types/NAME/config.json`, with the library's own defaults and nothing else, and `list.txt`
in a fixed random order, so that a part of the list is a fair sample. Types of the proving ground are left
out. Then:

    alacard batch FOLDER/list.txt --hub-dir FOLDER/hub --offline --prove --format quickstart --jobs 2

It needs the environment of `python/test-requirements.txt`. All of them take about an hour on two cores, and
their twins some 50 GB in the cache (`ALACARD_CACHE`); take `head -150` of the list for an estimate.
"""

from __future__ import annotations

import json
import random
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "python"))

from alacard_twin import classes, sweep  # noqa: E402


def known() -> set[str]:
    """Model types of the proving ground."""
    pages = (page.read_text(encoding="utf-8") for page in (ROOT / "proving").glob("*.toml"))
    return {name for page in pages for name in re.findall(r'model_type = "([^"]+)"', page)}


def configuration(name: str) -> dict[str, object] | None:
    """The defaults of a type, with its main class; nothing where the library cannot write them."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    _, main_class = classes.main_class(name)
    try:
        config = CONFIG_MAPPING[name](**sweep.COMPLETIONS.get(name, {}))
        values: dict[str, object] = json.loads(config.to_json_string(use_diff=True))
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {error}"[:120], file=sys.stderr)
        return None
    return {**values, "model_type": name, "architectures": [main_class]}


def main(folder: Path) -> None:
    """Writes all types and their list."""
    names = []
    for name, own in sweep.model_types():
        values = configuration(name) if own and name not in known() else None
        if values is None:
            continue
        place = folder / "hub" / "types" / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "config.json").write_text(json.dumps(values, indent=1), encoding="utf-8")
        names.append(f"types/{name}")
    random.Random(1).shuffle(names)
    (folder / "list.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
    print(f"{len(names)} model types in {folder}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python benches/model_types.py FOLDER")
    main(Path(sys.argv[1]))
