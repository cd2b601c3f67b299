"""Configurations that say little: what is filled in, and what stays in step when a twin is made smaller."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from alacard_twin import make
from alacard_twin.empties import filled
from alacard_twin.rules import Kind, kind_of
from alacard_twin.shrink import Strategy, shrink

CONST = Strategy("const", 2)


def twin(tmp_path: Path, model_type: str, task: str | None = None, **config: Any) -> dict[str, Any]:
    """The report of a twin of a type's own defaults."""
    known = pytest.importorskip("transformers.models.auto.configuration_auto").CONFIG_MAPPING
    if model_type not in known:
        pytest.skip(f"this version of transformers has no {model_type}")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": model_type, **config}))
    order = {"repo": f"types/{model_type}", "library": "transformers", "task": task, "files": str(tmp_path)}
    assert make.main(order, str(tmp_path / "made")) == 0, (tmp_path / "made" / "error.json").read_text()
    return dict(json.loads((tmp_path / "made" / "twin.json").read_text()))


def settings(tmp_path: Path, name: str) -> dict[str, Any]:
    return dict(json.loads((tmp_path / "made" / "files" / name).read_text()))


def test_empty_numbers_are_filled_by_what_their_names_count() -> None:
    new = filled({"model_type": "dots1", "n_routed_experts": None, "num_experts_per_tok": None})
    assert (new["n_routed_experts"], new["num_experts_per_tok"]) == (4, 2)


def test_what_the_code_asks_for_stays_empty() -> None:
    new = filled({"model_type": "deepseek_v3", "q_lora_rank": None})
    assert new["q_lora_rank"] is None


def test_the_example_of_the_documentation_is_taken() -> None:
    new = filled({"model_type": "time_series_transformer", "prediction_length": None})
    assert new["prediction_length"] == 12


def test_a_setting_that_an_error_names_is_added() -> None:
    error = "AttributeError: 'BltConfig' object has no attribute 'num_hidden_layers'"
    parts = {"encoder_config": {"num_hidden_layers": 1}, "decoder_config": {"num_hidden_layers": 9}}
    assert filled({"model_type": "blt", **parts}, error)["num_hidden_layers"] == 10
    assert "num_hidden_layers" not in filled({"model_type": "blt", **parts})


@pytest.mark.parametrize(
    ("model_type", "task", "ran"),
    [
        ("dots1", "text-generation", "generate"),
        ("lfm2_moe", "text-generation", "generate"),
        ("dbrx", "text-generation", "generate"),
        ("xlstm", "text-generation", "generate"),
        ("xlnet", "text-generation", "generate"),
        ("zamba", "text-generation", "generate"),
        ("align", "zero-shot-image-classification", "forward"),
        ("lw_detr", "object-detection", "forward"),
        ("hgnet_v2", "image-classification", "forward"),
        ("sam2", "mask-generation", "forward"),
    ],
)
def test_the_defaults_of_a_type_make_a_small_twin(
    tmp_path: Path, model_type: str, task: str, ran: str
) -> None:
    report = twin(tmp_path, model_type, task)
    assert report["ran"] == ran
    assert report["strategy"] == "const/2"


def test_a_type_without_an_image_processor_gets_a_plain_one_of_its_size(tmp_path: Path) -> None:
    twin(tmp_path, "dinov2_with_registers", "image-classification", image_size=70)
    made = settings(tmp_path, "preprocessor_config.json")
    assert made["image_processor_type"].startswith("ViTImageProcessor")
    assert made["size"] == {"height": 70, "width": 70}


def test_a_part_gets_the_processor_of_its_whole(tmp_path: Path) -> None:
    twin(tmp_path, "sam2_hiera_det_model", "mask-generation")
    assert settings(tmp_path, "preprocessor_config.json")["image_processor_type"] == "Sam2ImageProcessor"


def test_a_video_processor_alone_is_written(tmp_path: Path) -> None:
    twin(tmp_path, "vjepa2", "video-classification")
    assert "video_processor_type" in settings(tmp_path, "video_preprocessor_config.json")


def test_models_that_fill_gaps_have_a_word_for_the_gap(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    twin(tmp_path, "reformer", "fill-mask", is_decoder=False)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "made" / "files")
    assert tokenizer.mask_token_id in tokenizer("a " + tokenizer.mask_token)["input_ids"]


def test_seamless_knows_the_ids_of_its_languages(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    twin(tmp_path, "seamless_m4t", "automatic-speech-recognition", vocab_size=2000)
    known = settings(tmp_path, "generation_config.json")["text_decoder_lang_to_code_id"]
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "made" / "files")
    assert known["fra"] == tokenizer.convert_tokens_to_ids("__fra__")


@pytest.mark.parametrize(
    ("old", "kept"),
    [
        ({"d_head": 64}, {"d_head": 16}),
        ({"block_size": 1024}, {"block_size": 1024}),
        ({"mask_feature_channels": [256, 256]}, {"mask_feature_channels": [64, 64]}),
        (
            {"hidden_size": 96, "embed_dim_per_stage": [96, 192]},
            {"hidden_size": 16, "embed_dim_per_stage": [16, 32]},
        ),
        (
            {"decoder_in_channels": [256] * 3, "encoder_hidden_dim": 256},
            {"decoder_in_channels": [64] * 3, "encoder_hidden_dim": 64},
        ),
        (
            {"backbone_config": {"hidden_sizes": [256, 512, 1024]}, "encoder_in_channels": [512, 1024]},
            {"backbone_config": {"hidden_sizes": [16, 32, 64]}, "encoder_in_channels": [32, 64]},
        ),
    ],
)
def test_widths_that_meet_stay_the_same(old: dict[str, Any], kept: dict[str, Any]) -> None:
    assert shrink(old, CONST) == kept


def test_a_width_of_a_head_is_no_number_of_heads() -> None:
    assert kind_of("d_head") is Kind.HEAD_DIM
    assert kind_of("num_heads") is Kind.HEADS
