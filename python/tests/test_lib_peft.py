"""Twins of adapters over the twin of their base."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("peft")

from alacard_twin.make import make
from alacard_twin.spec import BaseTwin, Json, TwinError, TwinSpec

LLAMA: Json = {
    "model_type": "llama",
    "vocab_size": 4000,
    "architectures": ["LlamaForCausalLM"],
    "bos_token_id": 1,
    "eos_token_id": 2,
}
COMMON = {"task_type": "CAUSAL_LM", "base_model_name_or_path": "o/base"}
DIMENSIONS = {"token_dim": 4096, "num_layers": 32, "num_attention_heads": 32}

ADAPTERS: dict[str, Json] = {
    "lora": {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["q_proj", "v_proj"]},
    "dora": {
        "peft_type": "LORA",
        "r": 64,
        "use_dora": True,
        "target_modules": ["down_proj"],
        "layers_to_transform": [0, 31],
    },
    "ia3": {
        "peft_type": "IA3",
        "target_modules": ["k_proj", "down_proj"],
        "feedforward_modules": ["down_proj"],
    },
    "loha": {"peft_type": "LOHA", "r": 8, "target_modules": ["q_proj"]},
    "prompt": {"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 8, **DIMENSIONS},
    "prefix": {"peft_type": "PREFIX_TUNING", "num_virtual_tokens": 8, **DIMENSIONS},
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("base") / "files"
    make(TwinSpec(repo="o/base", config=LLAMA, task="text-generation"), out)
    return out


@pytest.mark.parametrize("name", list(ADAPTERS))
def test_an_adapter_loads_over_its_base_and_merges(name: str, base: Path, tmp_path: Path) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    config = {**ADAPTERS[name], **COMMON}
    report = make(
        TwinSpec(repo="o/a", library="peft", config=config, base=BaseTwin("o/base", base)), tmp_path / "a"
    )
    model = AutoModelForCausalLM.from_pretrained(base).eval()
    ids = torch.arange(5, 12)[None]
    with torch.no_grad():
        adapted = PeftModel.from_pretrained(model, str(tmp_path / "a")).eval()
        after = adapted(input_ids=ids).logits
        assert report.ran == "forward" and after.shape[-1] == 4000
        if config["peft_type"] in ("LORA", "IA3"):
            merged = adapted.merge_and_unload()(input_ids=ids).logits
            assert (merged - after).abs().max() < 1e-2 * max(1.0, float(after.abs().max()))


def test_the_auto_class_finds_the_base_by_the_name_in_the_real_configuration(
    base: Path, tmp_path: Path
) -> None:
    from peft import AutoPeftModelForCausalLM

    config = {**ADAPTERS["lora"], "task_type": "CAUSAL_LM", "base_model_name_or_path": str(base)}
    make(TwinSpec(repo="o/a", library="peft", config=config, base=BaseTwin("o/base", base)), tmp_path / "a")
    written = json.loads((tmp_path / "a" / "adapter_config.json").read_text())
    assert written["r"] == 8 and written["target_modules"] == ["q_proj", "v_proj"]
    assert AutoPeftModelForCausalLM.from_pretrained(str(tmp_path / "a")) is not None


def test_modules_that_the_base_lacks_are_said(base: Path, tmp_path: Path) -> None:
    config = {"peft_type": "LORA", "r": 4, "target_modules": ["query_key_value"], **COMMON}
    report = make(
        TwinSpec(repo="o/a", library="peft", config=config, base=BaseTwin("o/base", base)), tmp_path / "a"
    )
    assert any("all linear layers" in note for note in report.notes)


def test_an_adapter_without_a_base_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TwinError, match="needs the twin of its base"):
        make(TwinSpec(repo="o/a", library="peft", config=ADAPTERS["lora"]), tmp_path / "a")
