"""What shrinking may and may not change in a configuration."""

from __future__ import annotations

from typing import Any

import pytest

from alacard_twin.rules import RULES, Kind, kind_of
from alacard_twin.shrink import Strategy, chosen_layers, ratio_factor, shrink

CONST = Strategy("const", 2)
RATIO = Strategy("ratio", 2)


def text_config(**more: Any) -> dict[str, Any]:
    return {
        "vocab_size": 151_936,
        "hidden_size": 1024,
        "intermediate_size": 3072,
        "num_hidden_layers": 28,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "max_position_embeddings": 40_960,
        "eos_token_id": 151_645,
        **more,
    }


def test_only_depth_and_width_shrink() -> None:
    new = shrink(text_config(), CONST)
    assert new["num_hidden_layers"] == 2
    assert new["hidden_size"] == 64
    assert new["head_dim"] == 16
    assert (new["num_attention_heads"], new["num_key_value_heads"]) == (4, 2)
    for kept in ("vocab_size", "max_position_embeddings", "eos_token_id"):
        assert new[kept] == text_config()[kept]


@pytest.mark.parametrize(
    "name",
    ["vocab_size", "image_size", "patch_size", "num_mel_bins", "sampling_rate", "num_labels", "max_length",
     "num_channels", "bos_token_id", "spatial_merge_size", "num_queries", "window_size"],
)  # fmt: skip
def test_what_users_see_is_kept(name: str) -> None:
    assert shrink({name: 512, "num_hidden_layers": 12}, CONST)[name] == 512


def test_one_layer_of_each_kind_stays() -> None:
    kinds = ["linear_attention"] * 3 + ["full_attention"]
    new = shrink(text_config(num_hidden_layers=12, layer_types=kinds * 3), CONST)
    assert new["layer_types"] == ["linear_attention", "full_attention"]
    assert new["num_hidden_layers"] == 2


def test_lists_of_layer_numbers_are_renumbered() -> None:
    config = text_config(num_hidden_layers=9, attn_layer_indices=[4, 8])
    new = shrink(config, CONST)
    kept = chosen_layers(config, 9, 2)
    assert 4 in kept
    assert new["attn_layer_indices"] == [kept.index(4)]


def test_experts_shrink_and_a_token_uses_no_more_than_there_are() -> None:
    new = shrink(text_config(n_routed_experts=256, num_experts_per_tok=8, n_group=8, topk_group=4), CONST)
    assert (new["n_routed_experts"], new["num_experts_per_tok"]) == (4, 2)
    assert (new["n_group"], new["topk_group"]) == (1, 1)


def test_rotary_sections_add_up_to_half_a_head() -> None:
    rope = {"rope_type": "default", "mrope_section": [16, 24, 24]}
    new = shrink(text_config(rope_parameters=rope), CONST)
    assert sum(new["rope_parameters"]["mrope_section"]) == new["head_dim"] // 2
    assert rope["mrope_section"] == [16, 24, 24], "the real configuration is not touched"


def test_long_rope_factors_fit_the_head() -> None:
    rope = {"rope_type": "longrope", "long_factor": [1.1] * 64, "short_factor": [1.0] * 64}
    new = shrink(text_config(rope_scaling=rope), CONST)
    assert len(new["rope_scaling"]["long_factor"]) == new["head_dim"] // 2


def test_mamba_heads_fill_the_expanded_width() -> None:
    new = shrink({"hidden_size": 2560, "expand": 2, "num_heads": 80, "head_dim": 64, "n_groups": 8}, CONST)
    assert new["num_heads"] * new["head_dim"] == new["expand"] * new["hidden_size"]


def test_ratio_keeps_the_proportions_over_nested_configurations() -> None:
    config = {
        "text_config": {"hidden_size": 3584, "num_attention_heads": 28, "num_hidden_layers": 28},
        "vision_config": {"hidden_size": 1280, "num_heads": 16, "depth": 32, "out_hidden_size": 3584},
    }
    new = shrink(config, RATIO)
    assert new["vision_config"]["out_hidden_size"] == new["text_config"]["hidden_size"]
    assert ratio_factor(config["text_config"]) > 1


def test_backbones_keep_as_many_layers_as_they_have_outputs() -> None:
    stages = ["stem", *(f"stage{number}" for number in range(1, 13))]
    config = {"hidden_size": 768, "num_hidden_layers": 12, "stage_names": stages,
              "out_features": ["stage3", "stage6", "stage9", "stage12"]}  # fmt: skip
    new = shrink(config, CONST)
    assert new["num_hidden_layers"] == 4
    assert new["out_features"] == ["stage1", "stage2", "stage3", "stage4"]


def test_labels_stay() -> None:
    labels = {str(number): f"LABEL_{number}" for number in range(3)}
    assert shrink({"id2label": labels, "num_hidden_layers": 3}, CONST)["id2label"] == labels


def test_none_changes_nothing() -> None:
    config = text_config(layer_types=["full_attention"] * 28)
    assert shrink(config, Strategy("none", 999)) == config


def test_depth_changes_only_the_depth() -> None:
    new = shrink(text_config(), Strategy("depth", 2))
    assert (new["num_hidden_layers"], new["hidden_size"]) == (2, 1024)


def test_every_rule_says_why() -> None:
    assert all(rule.reason for rule in RULES)
    assert kind_of("num_hidden_layers") is Kind.LAYERS
    assert kind_of("max_window_layers") is Kind.KEEP
    assert kind_of("colour") is None
