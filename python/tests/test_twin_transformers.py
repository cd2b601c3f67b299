"""Twins of transformers models: they load, run, stop, repeat byte for byte and stay under the caps."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from alacard_twin import make

ROPE3 = {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "rope_type": "llama3",
         "original_max_position_embeddings": 8192}  # fmt: skip
LONG = {"type": "longrope", "long_factor": [1.08] * 48, "short_factor": [1.0] * 48}
YARN = {
    "beta_fast": 32,
    "beta_slow": 1,
    "factor": 40,
    "original_max_position_embeddings": 4096,
    "type": "yarn",
}
HALF = {"torch_dtype": "bfloat16"}

GENERATING: dict[str, dict[str, Any]] = {
    "dense with real dimensions": {
        "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "vocab_size": 151936,
        "hidden_size": 1024,
        "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128,
        "intermediate_size": 3072, "tie_word_embeddings": True, "eos_token_id": 151645, **HALF},
    "mixture of experts": {
        "architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe", "vocab_size": 32000,
        "hidden_size": 2048, "num_hidden_layers": 48, "num_attention_heads": 32, "num_key_value_heads": 4,
        "num_experts": 128, "num_experts_per_tok": 8, "moe_intermediate_size": 768,
        "eos_token_id": 5, **HALF},
    "three end tokens": {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 128256,
        "hidden_size": 2048,
        "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8, "rope_scaling": ROPE3,
        "rope_theta": 500000.0, "tie_word_embeddings": True, "eos_token_id": [128001, 128008,
        128009], **HALF},
    "soft caps": {
        "architectures": ["Gemma2ForCausalLM"], "model_type": "gemma2", "vocab_size": 20000,
        "hidden_size": 2304,
        "num_hidden_layers": 26, "head_dim": 256, "final_logit_softcapping": 30.0, "eos_token_id": 1, **HALF},
    "images and text": {
        "architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
        "mm_tokens_per_image": 256,
        "eos_token_id": [1, 106], "image_token_index": 262144,
        "text_config": {"model_type": "gemma3_text", "hidden_size": 2560, "num_hidden_layers": 34,
                        "vocab_size": 262208, "sliding_window": 1024},
        "vision_config": {"model_type": "siglip_vision_model", "hidden_size": 1152, "image_size": 896,
                          "num_hidden_layers": 27, "patch_size": 14}, **HALF},
    "latent attention, quantised": {
        "architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3", "vocab_size": 12928,
        "hidden_size": 7168, "num_hidden_layers": 61, "num_attention_heads": 128, "n_routed_experts": 256,
        "num_experts_per_tok": 8, "n_group": 8, "topk_group": 4, "first_k_dense_replace": 3,
        "rope_scaling": YARN,
        "eos_token_id": 1, "quantization_config": {"quant_method": "fp8"}, **HALF},
    "long rope": {
        "architectures": ["Phi3ForCausalLM"], "model_type": "phi3", "vocab_size": 32064, "hidden_size": 3072,
        "num_hidden_layers": 32, "num_attention_heads": 32, "rope_scaling": LONG, "eos_token_id": 32000,
        "max_position_embeddings": 131072, "original_max_position_embeddings": 4096, **HALF},
    "state space": {
        "architectures": ["MambaForCausalLM"], "model_type": "mamba", "vocab_size": 20000, "hidden_size": 768,
        "num_hidden_layers": 24, "eos_token_id": 0},
    "logits scaled down": {
        "architectures": ["CohereForCausalLM"], "model_type": "cohere", "vocab_size": 25600,
        "hidden_size": 4096,
        "num_hidden_layers": 8, "num_attention_heads": 32, "logit_scale": 0.0625, "eos_token_id": 3},
    "older, absolute positions": {
        "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": 768, "n_layer": 12,
        "n_head": 12,
        "eos_token_id": 50256, "bos_token_id": 50256},
}  # fmt: skip

OTHER: dict[str, tuple[str | None, dict[str, Any]]] = {
    "BertForSequenceClassification": ("text-classification", {"model_type": "bert", "num_hidden_layers": 12}),
    "BertForMaskedLM": ("fill-mask", {"model_type": "bert"}),
    "ViTForImageClassification": ("image-classification", {"model_type": "vit", "image_size": 224}),
    "Wav2Vec2ForCTC": ("automatic-speech-recognition", {"model_type": "wav2vec2", "vocab_size": 32}),
    "CLIPModel": ("zero-shot-image-classification", {"model_type": "clip"}),
    "YolosForObjectDetection": ("object-detection", {"model_type": "yolos", "image_size": [512, 864],
                                "id2label": {str(n): f"L{n}" for n in range(91)}}),
    "SegformerForSemanticSegmentation": ("image-segmentation", {"model_type": "segformer"}),
}  # fmt: skip


def made(folder: Path, config: dict[str, Any], task: str | None = None, **more: Any) -> dict[str, Any]:
    spec = {"repo": "org/name", "library": "transformers", "task": task, "config": config, **more}
    status = make.main(spec, str(folder))
    assert status == 0, (folder / "error.json").read_text()
    report: dict[str, Any] = json.loads((folder / "twin.json").read_text())
    return report


def new_tokens(model: Any, ids: Any, **options: Any) -> list[int]:
    import torch

    said = model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=40, pad_token_id=0, **options
    )
    return [int(number) for number in said[0, ids.shape[1] :]]


@pytest.mark.parametrize("name", GENERATING)
def test_generation_says_a_few_words_and_stops(name: str, tmp_path: Path) -> None:
    import torch
    import transformers

    config = GENERATING[name]
    report = made(tmp_path, config)
    assert report["ran"] == "generate"
    assert report["class"] == config["architectures"][0]
    assert "quantization_config" not in json.loads((tmp_path / "files/config.json").read_text())
    model = getattr(transformers, report["class"]).from_pretrained(tmp_path / "files").eval()
    ends = set(model.generation_config.eos_token_id if isinstance(model.generation_config.eos_token_id, list)
               else [model.generation_config.eos_token_id])  # fmt: skip
    torch.manual_seed(5)
    for length in (1, 4, 30):
        ids = torch.randint(107, 300, (1, length))  # the common words of a vocabulary
        for options in ({"do_sample": False}, {"do_sample": True, "temperature": 1.0}, {"num_beams": 3}):
            said = new_tokens(model, ids, **options)
            assert 3 <= len([number for number in said if number not in ends]) <= 12, (options, said)
            assert said[-1] in ends
    ids = torch.tensor([[7, 8, next(iter(ends))]])
    assert len(new_tokens(model, ids, do_sample=False)) >= 3, "a prompt that ends with the end token"
    assert torch.isfinite(model(ids).logits.float()).all()


@pytest.mark.parametrize("name", OTHER)
def test_other_classes_run_and_their_scores_are_finite(name: str, tmp_path: Path) -> None:
    task, config = OTHER[name]
    report = made(tmp_path, {**config, "architectures": [name]}, task)
    assert (report["class"], report["ran"]) == (name, "forward")
    assert report["weights"] == ["model.safetensors"]


def test_a_detector_finds_some_boxes(tmp_path: Path) -> None:
    import torch
    import transformers

    task, config = OTHER["YolosForObjectDetection"]
    made(tmp_path, {**config, "architectures": ["YolosForObjectDetection"]}, task)
    model = transformers.YolosForObjectDetection.from_pretrained(tmp_path / "files").eval()
    with torch.no_grad():
        scores = model(pixel_values=torch.rand(1, 3, 512, 864)).logits.softmax(-1)[0, :, :-1].max(-1).values
    assert 1 <= int((scores > 0.5).sum()) < len(scores)


def test_speech_recognition_writes_something(tmp_path: Path) -> None:
    import torch
    import transformers

    task, config = OTHER["Wav2Vec2ForCTC"]
    made(tmp_path, {**config, "architectures": ["Wav2Vec2ForCTC"]}, task)
    model = transformers.Wav2Vec2ForCTC.from_pretrained(tmp_path / "files").eval()
    wave = torch.sin(torch.arange(16000) * 0.17)[None]
    with torch.no_grad():
        ids = model(wave).logits.argmax(-1)[0].tolist()
    assert any(number != model.config.pad_token_id for number in ids)


def test_different_texts_get_different_scores(tmp_path: Path) -> None:
    import torch
    import transformers

    made(
        tmp_path,
        {"model_type": "bert", "architectures": ["BertForSequenceClassification"]},
        "text-classification",
    )
    model = transformers.BertForSequenceClassification.from_pretrained(tmp_path / "files").eval()
    with torch.no_grad():
        first, second = (model(torch.tensor([ids])).logits for ids in ([101, 2023, 102], [101, 6000, 102]))
    assert torch.isfinite(first).all() and not torch.equal(first, second)


def test_the_task_chooses_the_class_where_the_repo_names_none(tmp_path: Path) -> None:
    assert (
        made(tmp_path, {"model_type": "bert"}, "token-classification")["class"]
        == "BertForTokenClassification"
    )


def test_the_same_request_gives_the_same_bytes(tmp_path: Path) -> None:
    sums = []
    for number in range(2):
        folder = tmp_path / str(number)
        made(folder, GENERATING["older, absolute positions"])
        files = sorted(path for path in (folder / "files").rglob("*") if path.is_file())
        sums.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files})
    assert sums[0] == sums[1]
    assert "model.safetensors" in sums[0]


def test_the_small_files_of_the_repo_are_kept(tmp_path: Path) -> None:
    source = tmp_path / "real"
    source.mkdir()
    config = {**GENERATING["state space"], "custom_note": "ours"}
    generation = {"eos_token_id": 0, "temperature": 0.7, "do_sample": True}
    (source / "config.json").write_text(json.dumps(config))
    (source / "generation_config.json").write_text(json.dumps(generation))
    (source / "model.safetensors").write_bytes(b"the real weights are never copied")
    made(tmp_path / "twin", {}, files=str(source))
    files = tmp_path / "twin/files"
    assert json.loads((files / "generation_config.json").read_text()) == generation
    new = json.loads((files / "config.json").read_text())
    assert (new["custom_note"], new["vocab_size"], new["hidden_size"]) == ("ours", 20000, 64)


def test_bin_weights_are_written_when_the_repo_has_them(tmp_path: Path) -> None:
    import torch

    report = made(
        tmp_path, {"model_type": "bert"}, "fill-mask", siblings=["config.json", "pytorch_model.bin"]
    )
    assert report["weights"] == ["model.safetensors", "pytorch_model.bin"]
    assert torch.load(tmp_path / "files/pytorch_model.bin", weights_only=True)


def failed(folder: Path, spec: dict[str, Any]) -> dict[str, str]:
    assert make.main(spec, str(folder)) == 1
    assert not (folder / "files").exists()
    error: dict[str, str] = json.loads((folder / "error.json").read_text())
    assert error["error"] and error["hint"]
    return error


def test_the_cap_is_a_limit(tmp_path: Path) -> None:
    config = GENERATING["dense with real dimensions"]
    error = failed(tmp_path, {"repo": "a/b", "config": config, "parameter_cap": 100_000})
    assert "cap" in error["error"]


def test_code_of_the_repo_needs_consent(tmp_path: Path) -> None:
    config = {"model_type": "nobody_knows", "auto_map": {"AutoModelForCausalLM": "modeling_x.X"}}
    assert failed(tmp_path, {"repo": "a/b", "config": config})["stage"] == "remote-code"


def test_a_repo_without_a_configuration_is_refused(tmp_path: Path) -> None:
    assert failed(tmp_path, {"repo": "a/b"})["stage"] == "config"


def test_an_unknown_library_is_named(tmp_path: Path) -> None:
    assert "paddle" in failed(tmp_path, {"repo": "a/b", "library": "paddle"})["error"]
