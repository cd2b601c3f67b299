"""Stand-in processors: they ask their tokenizer for the right words, and a picture fits the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from alacard_twin import make
from alacard_twin.standins import asked

WORD = "<|picture|>"


class Reader:
    """Names its tokens in all the ways that processors of the library have."""

    GLOBAL = "<global>"

    def __init__(self, tokenizer: Any = None, sound_token: str = "<sound>") -> None:
        self.image_token = "<img>" if not hasattr(tokenizer, "image_token") else tokenizer.image_token
        self.word_token = WORD
        self.whole_token = self.GLOBAL
        self.break_token = tokenizer.row_token
        self.end = getattr(tokenizer, "end_token", "<end>")
        self.ids = tokenizer.convert_tokens_to_ids(["<row>", "<column>"])
        self.padding = tokenizer.pad_token_id


def test_what_a_processor_asks_for_is_read_from_its_code() -> None:
    found = asked.of_class(Reader)
    assert found.attributes == {"image_token": "<img>", "row_token": None, "end_token": "<end>"}
    assert found.words["word_token"] == WORD
    assert found.words["whole_token"] == "<global>"
    assert found.words["sound_token"] == "<sound>"
    assert found.aliases["break_token"] == "row_token"
    assert found.extra == ["<row>", "<column>"]


FITTED: dict[str, tuple[str, dict[str, Any]]] = {
    "places counted by the image processor": ("florence2", {}),
    "a picture's word between two others": ("hunyuan_vl", {}),
}


@pytest.mark.parametrize("name", FITTED)
def test_settings_that_no_configuration_names_are_found(tmp_path: Path, name: str) -> None:
    auto = pytest.importorskip("transformers.models.auto.configuration_auto")
    model_type, more = FITTED[name]
    if model_type not in auto.CONFIG_MAPPING:
        pytest.skip(f"this version of transformers has no {model_type}")
    source = tmp_path / "source"
    source.mkdir()
    config = {**auto.CONFIG_MAPPING[model_type]().to_dict(), **more, "model_type": model_type}
    (source / "config.json").write_text(json.dumps(config, default=str), encoding="utf-8")
    spec: dict[str, Any] = {"repo": "org/sees", "library": "transformers", "files": str(source)}
    spec |= {"task": "image-text-to-text", "size_cap_mb": 400}
    assert make.main(spec, str(tmp_path / "made")) == 0, (tmp_path / "made" / "error.json").read_text()
    about = json.loads((tmp_path / "made" / "twin.json").read_text())
    assert about["ran"] == "generate"
    assert any(said.startswith("processor settings fitted") for said in about["standins"]), about
