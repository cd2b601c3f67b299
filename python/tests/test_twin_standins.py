"""Stand-ins for datasets and metrics: what loads them gets columns of the right kinds."""

from __future__ import annotations

import io
import json
import wave
from pathlib import Path
from typing import Any

import pytest

from alacard_twin import lib_dataset, make

KINDS: dict[str, Any] = {
    "text": "text",
    "label": {"labels": ["no", "yes"]},
    "tokens": "tokens",
    "tags": {"tags": ["O", "B"]},
    "pair": {"translation": ["en", "fr"]},
    "answers": "answers",
    "context": "context",
    "messages": "messages",
    "image": "image",
    "objects": {"record": {"bbox": "boxes", "category": {"tags": ["a", "b"]}}},
}


def made(tmp_path: Path, spec: dict[str, Any]) -> Path:
    assert make.main(spec, str(tmp_path / "made")) == 0, (tmp_path / "made" / "error.json").read_text()
    return tmp_path / "made" / "files"


def dataset(tmp_path: Path, columns: dict[str, Any], rows: int = 8) -> Path:
    config = {"splits": ["train", "test"], "columns": columns, "rows": rows}
    configs = [{"name": name, **config} for name in ("one", "two")]
    return made(tmp_path, {"repo": "org/rows", "library": "dataset", "config": {"configs": configs}})


def test_a_dataset_has_the_columns_that_are_asked_for(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    files = dataset(tmp_path, KINDS)
    rows = datasets.load_dataset(str(files), "two", cache_dir=str(tmp_path / "cache"))
    assert set(rows) == {"train", "test"} and len(rows["train"]) == 8
    assert rows["train"].features["label"].names == ["no", "yes"]
    row = rows["train"][3]
    assert len(row["tags"]) == len(row["tokens"]) > 3
    start, text = row["answers"]["answer_start"][0], row["answers"]["text"][0]
    assert row["context"][start : start + len(text)] == text
    assert set(row["pair"]) == {"en", "fr"} and row["messages"][0]["role"] == "user"
    assert row["image"].size == lib_dataset.IMAGE_SIZE
    assert len(row["objects"]["bbox"][0]) == 4
    assert rows["train"][0]["text"] != rows["train"][1]["text"]


def test_a_sound_is_a_second_of_a_tone() -> None:
    pytest.importorskip("pyarrow")
    with wave.open(io.BytesIO(lib_dataset.value("audio", 2)["bytes"])) as sound:
        assert sound.getframerate() == sound.getnframes() == lib_dataset.RATE


def test_real_files_are_taken_as_they_are(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    (given / "train.jsonl").write_text('{"a": 1}\n')
    files = made(tmp_path, {"repo": "org/rows", "library": "dataset", "files": str(given), "config": None})
    assert (files / "train.jsonl").read_text() == '{"a": 1}\n'


def test_an_unknown_kind_is_an_error_that_says_so(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    config = {"name": "default", "splits": ["train"], "columns": {"a": "colour"}}
    spec = {"repo": "org/rows", "library": "dataset", "config": {"configs": [config]}}
    assert make.main(spec, str(tmp_path)) == 1
    assert "colour" in json.loads((tmp_path / "error.json").read_text())["error"]


@pytest.mark.parametrize(
    ("name", "predictions", "references", "answer"),
    [
        ("accuracy", [1, 0, 1, 1], [1, 1, 1, 1], {"accuracy": 0.75}),
        ("rouge", ["a b"], ["a c"], {"rouge1": 0.0, "rouge2": 0.0, "rougeL": 0.0, "rougeLsum": 0.0}),
        ("seqeval", [["O", "B"]], [["O", "B"]], None),
    ],
)
def test_a_metric_answers_as_its_namesake(
    tmp_path: Path, name: str, predictions: Any, references: Any, answer: dict[str, float] | None
) -> None:
    evaluate = pytest.importorskip("evaluate")
    files = made(tmp_path, {"repo": f"evaluate-metric/{name}", "library": "metric", "config": {}})
    metric = evaluate.load(str(files / f"{name}.py"), cache_dir=str(tmp_path / "cache"))
    values = metric.compute(predictions=predictions, references=references)
    assert values == answer if answer else "overall_f1" in values
