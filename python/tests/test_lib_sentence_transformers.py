"""Twins for sentence-transformers, used as a notebook uses the real ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sentence_transformers")

from alacard_twin.make import make
from alacard_twin.spec import Json, TwinSpec

BERT: Json = {
    "model_type": "bert",
    "architectures": ["BertModel"],
    "hidden_size": 384,
    "num_hidden_layers": 6,
    "num_attention_heads": 12,
    "intermediate_size": 1536,
    "vocab_size": 30522,
    "max_position_embeddings": 512,
}


def modules(*parts: tuple[str, str]) -> list[Json]:
    return [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{name}"}
        for number, (path, name) in enumerate(parts)
    ]


def folder(place: Path, files: dict[str, Any]) -> Path:
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(json.dumps(content))
    return place


def test_a_bi_encoder_keeps_width_pooling_and_prompts(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    real = folder(
        tmp_path / "real",
        {
            "config.json": BERT,
            "modules.json": modules(
                ("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")
            ),
            "1_Pooling/config.json": {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True},
            "config_sentence_transformers.json": {
                "prompts": {"query": "Search for: "},
                "default_prompt_name": None,
            },
        },
    )
    report = make(TwinSpec(repo="o/n", library="sentence-transformers", files=real), tmp_path / "twin")
    model = SentenceTransformer(str(tmp_path / "twin"), device="cpu")
    plain, asked = model.encode(["cats"]), model.encode(["cats"], prompt_name="query")
    assert plain.shape == (1, 384) and report.ran == "encode"
    assert abs(float((plain**2).sum()) - 1) < 1e-3
    assert abs(plain - asked).max() > 1e-4


def test_a_dense_module_leads_to_the_real_width(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    real = folder(
        tmp_path / "real",
        {
            "config.json": {**BERT, "hidden_size": 4096, "num_attention_heads": 32},
            "modules.json": modules(("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense")),
            "1_Pooling/config.json": {"word_embedding_dimension": 4096, "pooling_mode_mean_tokens": True},
            "2_Dense/config.json": {
                "in_features": 4096,
                "out_features": 512,
                "bias": False,
                "activation_function": "torch.nn.modules.linear.Identity",
            },
        },
    )
    make(TwinSpec(repo="o/n", library="sentence-transformers", files=real), tmp_path / "twin")
    assert SentenceTransformer(str(tmp_path / "twin"), device="cpu").encode("cats").shape == (512,)


def test_a_repo_without_modules_is_averaged(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    report = make(TwinSpec(repo="o/n", library="sentence-transformers", config=BERT), tmp_path / "twin")
    assert any(sentence.startswith("modules.json") for sentence in report.standins)
    assert SentenceTransformer(str(tmp_path / "twin"), device="cpu").encode(["a", "b"]).shape == (2, 384)


def test_a_cross_encoder_scores_pairs(tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder

    config = {
        **BERT,
        "architectures": ["BertForSequenceClassification"],
        "id2label": {"0": "LABEL_0"},
        "label2id": {"LABEL_0": 0},
    }
    make(TwinSpec(repo="o/n", library="cross-encoder", config=config), tmp_path / "twin")
    scores = CrossEncoder(str(tmp_path / "twin"), device="cpu").predict([("a", "b"), ("c", "d")])
    assert scores.shape == (2,)
