"""Twins of diffusion pipelines: two steps make an image of the size that was asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("diffusers")

from alacard_twin.make import make
from alacard_twin.spec import BaseTwin, Json, TwinError, TwinSpec

D, T = "diffusers", "transformers"
VAE: Json = {
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "latent_channels": 4,
    "sample_size": 512,
}
VAE16: Json = {
    **VAE,
    "latent_channels": 16,
    "use_quant_conv": False,
    "use_post_quant_conv": False,
    "shift_factor": 0.06,
}

PIPELINES: dict[str, tuple[Json, dict[str, Json]]] = {
    "sd15": (
        {
            "_class_name": "StableDiffusionPipeline",
            "feature_extractor": [T, "CLIPImageProcessor"],
            "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
            "scheduler": [D, "PNDMScheduler"],
            "text_encoder": [T, "CLIPTextModel"],
            "tokenizer": [T, "CLIPTokenizer"],
            "unet": [D, "UNet2DConditionModel"],
            "vae": [D, "AutoencoderKL"],
        },
        {"unet": {"sample_size": 64, "cross_attention_dim": 768}, "vae": VAE},
    ),
    "sdxl": (
        {
            "_class_name": "StableDiffusionXLPipeline",
            "scheduler": [D, "EulerDiscreteScheduler"],
            "text_encoder": [T, "CLIPTextModel"],
            "text_encoder_2": [T, "CLIPTextModelWithProjection"],
            "tokenizer": [T, "CLIPTokenizer"],
            "tokenizer_2": [T, "CLIPTokenizer"],
            "unet": [D, "UNet2DConditionModel"],
            "vae": [D, "AutoencoderKL"],
        },
        {
            "unet": {
                "sample_size": 128,
                "cross_attention_dim": 2048,
                "block_out_channels": [320, 640, 1280],
                "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
                "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
                "attention_head_dim": [5, 10, 20],
                "transformer_layers_per_block": [1, 2, 10],
                "addition_embed_type": "text_time",
                "addition_time_embed_dim": 256,
                "projection_class_embeddings_input_dim": 2816,
                "use_linear_projection": True,
            },
            "vae": VAE,
        },
    ),
    "sd3": (
        {
            "_class_name": "StableDiffusion3Pipeline",
            "scheduler": [D, "FlowMatchEulerDiscreteScheduler"],
            "text_encoder": [T, "CLIPTextModelWithProjection"],
            "text_encoder_2": [T, "CLIPTextModelWithProjection"],
            "text_encoder_3": [T, "T5EncoderModel"],
            "tokenizer": [T, "CLIPTokenizer"],
            "tokenizer_2": [T, "CLIPTokenizer"],
            "tokenizer_3": [T, "T5TokenizerFast"],
            "transformer": [D, "SD3Transformer2DModel"],
            "vae": [D, "AutoencoderKL"],
        },
        {"vae": VAE16},
    ),
    "flux": (
        {
            "_class_name": "FluxPipeline",
            "scheduler": [D, "FlowMatchEulerDiscreteScheduler"],
            "text_encoder": [T, "CLIPTextModel"],
            "text_encoder_2": [T, "T5EncoderModel"],
            "tokenizer": [T, "CLIPTokenizer"],
            "tokenizer_2": [T, "T5TokenizerFast"],
            "transformer": [D, "FluxTransformer2DModel"],
            "vae": [D, "AutoencoderKL"],
        },
        {"vae": VAE16},
    ),
}


def twin(name: str, place: Path, siblings: tuple[str, ...] = ()) -> tuple[Path, Any]:
    index, parts = PIPELINES[name]
    for part, config in parts.items():
        (place / "real" / part).mkdir(parents=True)
        (place / "real" / part / "config.json").write_text(json.dumps(config))
    (place / "real" / "model_index.json").write_text(json.dumps(index))
    spec = TwinSpec(repo="o/n", library="diffusers", files=place / "real", siblings=siblings)
    return place / "twin", make(spec, place / "twin")


def load(folder: Path) -> Any:
    from diffusers import DiffusionPipeline

    pipeline = DiffusionPipeline.from_pretrained(str(folder), local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@pytest.mark.parametrize("name", list(PIPELINES))
def test_two_steps_make_an_image_of_the_asked_size(name: str, tmp_path: Path) -> None:
    folder, report = twin(name, tmp_path)
    image = load(folder)("a cat", num_inference_steps=2, height=64, width=128).images[0]
    assert image.size == (128, 64) and report.ran == "load" and report.bytes < 60e6


def test_a_variant_of_the_weights_is_there_under_its_name(tmp_path: Path) -> None:
    names = ("unet/diffusion_pytorch_model.fp16.safetensors",)
    folder, report = twin("sd15", tmp_path, names)
    assert (folder / names[0]).is_file() and names[0] in report.weights


@pytest.mark.parametrize("name", ["sdxl", "flux"])
def test_an_adapter_fits_the_twin_of_its_base(name: str, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    folder, _ = twin(name, tmp_path)
    spec = TwinSpec(
        repo="o/l", library="diffusers", siblings=("style.safetensors",), base=BaseTwin("o/n", folder)
    )
    make(spec, tmp_path / "lora")
    pipeline = load(folder)
    pipeline.load_lora_weights(str(tmp_path / "lora"), weight_name="style.safetensors")
    assert pipeline.get_list_adapters()
    assert pipeline("a cat", num_inference_steps=1, height=64, width=64).images[0].size == (64, 64)


def test_a_repo_without_an_index_or_a_base_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TwinError, match=r"neither a model_index\.json nor a base"):
        make(TwinSpec(repo="o/n", library="diffusers"), tmp_path / "twin")
