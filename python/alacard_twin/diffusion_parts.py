"""How each kind of part of a diffusion pipeline is made small, so that all parts still fit each other.

The widths below are the same for every pipeline: a control net, an adapter or another checkpoint of the same
architecture therefore fits any twin of it.
"""

from __future__ import annotations

from typing import Any

from alacard_twin.spec import Json

CLIP_WIDTH = 32
"""Width of CLIP text and image encoders and of what they project to."""

TEXT_WIDTH = 64
"""Width of T5 and other text encoders; not less than two CLIP encoders together, as some pipelines need."""

HEADS, HEAD_WIDTH = 2, 16
"""Attention heads of a diffusion transformer."""

_TWO_ENCODERS = 2048
"""The width at which a UNet reads two CLIP encoders side by side."""


def shrink(name: str, config: Json, neighbours: Json) -> Json:
    """The settings that differ from `config` in the twin of a part of class `name`.

    `neighbours` tells what the rest of the pipeline decides: `pooled`, the width of pooled text.
    """
    if name.startswith("Autoencoder") or name in (
        "VQModel",
        "AsymmetricAutoencoderKL",
        "ConsistencyDecoderVAE",
    ):
        return _autoencoder(config)
    if "block_out_channels" in config:
        return _unet(config, neighbours)
    return _transformer(name, config, neighbours)


_STAGES = 4
"""Stages of the usual autoencoder: three halvings, so images are eight times as wide as their latents."""

_WIDE_LATENTS: dict[str, Json] = {
    "Flux": {"scaling_factor": 0.3611, "shift_factor": 0.1159},
    "StableDiffusion3": {"scaling_factor": 1.5305, "shift_factor": 0.0609},
}
"""Pipelines whose latents have 16 channels, by the beginning of their name, and how these are scaled."""

_TWO_ENCODERS_UNET: Json = {
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "block_out_channels": [320, 640, 1280],
    "cross_attention_dim": _TWO_ENCODERS,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "projection_class_embeddings_input_dim": 2816,
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "use_linear_projection": True,
}
"""The UNet of the XL pipelines."""


def usual(pipeline: str, kind: str) -> Json:
    """What a part has in the pipelines of its kind, for parts whose own configuration is out of reach.

    The library's defaults are those of the smallest example, not of any pipeline: an autoencoder that does
    not halve, a UNet that reads another width.
    """
    if kind == "UNet2DConditionModel":
        return _TWO_ENCODERS_UNET if "XL" in pipeline else {"cross_attention_dim": 768}
    if kind != "AutoencoderKL":
        return {}
    stages: Json = {
        "block_out_channels": [128, 256, 512, 512],
        "down_block_types": ["DownEncoderBlock2D"] * _STAGES,
        "layers_per_block": 2,
        "up_block_types": ["UpDecoderBlock2D"] * _STAGES,
    }
    scale = next((value for name, value in _WIDE_LATENTS.items() if pipeline.startswith(name)), None)
    if scale is not None:
        stages |= {"latent_channels": 16, "use_quant_conv": False, "use_post_quant_conv": False, **scale}
    return stages


def _channels(config: Json, width: int) -> Json:
    blocks = config.get("block_out_channels")
    if not isinstance(blocks, (list, tuple)):
        return {}
    small: Json = {"block_out_channels": [width] * len(blocks)}
    if isinstance(config.get("norm_num_groups"), int):
        small["norm_num_groups"] = min(8, config["norm_num_groups"])
    return small


def _autoencoder(config: Json) -> Json:
    """Fewer channels, the same number of halvings: the size of images follows the real pipeline's."""
    small = _channels(config, 16)
    for key in ("encoder_block_out_channels", "decoder_block_out_channels"):
        if isinstance(config.get(key), (list, tuple)):
            small[key] = [32] * len(config[key])
    for key in ("layers_per_block", "num_res_blocks"):
        if isinstance(config.get(key), int):
            small[key] = 1
        elif isinstance(config.get(key), (list, tuple)):
            small[key] = [1] * len(config[key])
    if isinstance(config.get("base_dim"), int):
        small["base_dim"] = 16
    return small


def _unet(config: Json, neighbours: Json) -> Json:
    small = _channels(config, 32)
    small["layers_per_block"] = _ones(config.get("layers_per_block", 2))
    small["attention_head_dim"] = _heads(config)
    if isinstance(config.get("num_attention_heads"), (int, list, tuple)):
        small["num_attention_heads"] = _same(config["num_attention_heads"], 1)
    small |= _attention_layers(config)
    for key in ("cross_attention_dim", "encoder_hid_dim"):
        if config.get(key) is not None:
            small[key] = _same(config[key], cross_width(config[key]))
    if isinstance(config.get("projection_class_embeddings_input_dim"), int):
        small["projection_class_embeddings_input_dim"] = _added(config, neighbours)
    if isinstance(config.get("conditioning_embedding_out_channels"), (list, tuple)):
        small["conditioning_embedding_out_channels"] = [16] * len(
            config["conditioning_embedding_out_channels"]
        )
    return small


_FINE = 64
"""From so many places a side on, attention between all of them is most of the time of an image."""


def _attention_layers(config: Json) -> Json:
    """One layer of attention at each stage that has any, none at the finest where coarser ones have some."""
    layers = config.get("transformer_layers_per_block")
    blocks = [str(block).startswith("CrossAttn") for block in config.get("down_block_types") or ()]
    if (
        isinstance(config.get("sample_size"), int)
        and config["sample_size"] >= _FINE
        and sum(blocks) > 1
        and blocks[0]
    ):
        return {"transformer_layers_per_block": [0] + [1] * (len(blocks) - 1)}
    return {} if layers is None else {"transformer_layers_per_block": _ones(layers)}


def _heads(config: Json) -> Any:
    """UNets that read text mean a number of heads by `attention_head_dim`: one, since the time of an image is
    the time of its attention, which grows with the heads. Elsewhere it is what it says.
    """
    value = config.get("attention_head_dim", 8)
    if any(str(block).startswith("CrossAttn") for block in config.get("down_block_types") or ()):
        return _same(value, 1)
    return [2] * len(value) if isinstance(value, (list, tuple)) else 8


def _added(config: Json, neighbours: Json) -> int:
    """Sizes and crops as embeddings, and pooled text: both encoders' projections where there are two."""
    each = int(config.get("addition_time_embed_dim") or 0)
    real = int(config["projection_class_embeddings_input_dim"])
    count = (real - 1280) // each if each and real > 1280 else 0
    return count * each + int(neighbours.get("pooled", CLIP_WIDTH)) if each else CLIP_WIDTH


def cross_width(value: Any) -> int:
    """The twin's width of the text that a UNet reads."""
    width = max(value) if isinstance(value, (list, tuple)) else value
    return 2 * CLIP_WIDTH if width == _TWO_ENCODERS else CLIP_WIDTH if width <= 1280 else TEXT_WIDTH


def _ones(value: Any) -> Any:
    return [_ones(item) for item in value] if isinstance(value, (list, tuple)) else 1


def _same(value: Any, number: int) -> Any:
    return [number] * len(value) if isinstance(value, (list, tuple)) else number


def _transformer(name: str, config: Json, neighbours: Json) -> Json:
    """Diffusion transformers: one or two layers of two small heads, reading text of the twin's width."""
    small: Json = {
        key: min(int(config[key]), 2)
        for key in (
            "num_layers",
            "num_single_layers",
            "num_refiner_layers",
            "num_mmdit_layers",
            "num_single_dit_layers",
            "n_layers",
        )
        if isinstance(config.get(key), int)
    }
    if isinstance(config.get("num_attention_heads"), int):
        small["num_attention_heads"] = HEADS
    if isinstance(config.get("attention_head_dim"), int):
        small["attention_head_dim"] = HEAD_WIDTH
    if isinstance(config.get("num_cross_attention_heads"), int):
        small |= {"num_cross_attention_heads": HEADS, "cross_attention_head_dim": HEAD_WIDTH}
    inner = HEADS * HEAD_WIDTH
    for key in ("axes_dims_rope", "rope_axes_dim"):
        if isinstance(config.get(key), (list, tuple)):
            small[key] = [4, 6, 6] if len(config[key]) == 3 else [2, 2, 6, 6][: len(config[key])]
    for key in ("caption_projection_dim", "inner_dim"):
        if isinstance(config.get(key), int):
            small[key] = inner
    for key in ("joint_attention_dim", "caption_channels", "text_dim", "text_embed_dim", "context_dim"):
        if isinstance(config.get(key), int):
            small[key] = TEXT_WIDTH
    if isinstance(config.get("cross_attention_dim"), int):
        small["cross_attention_dim"] = TEXT_WIDTH if not config.get("caption_channels") else inner
    if isinstance(config.get("pooled_projection_dim"), int):
        small["pooled_projection_dim"] = int(neighbours.get("pooled", CLIP_WIDTH))
    if isinstance(config.get("ffn_dim"), int):
        small["ffn_dim"] = 64
    if isinstance(config.get("dual_attention_layers"), (list, tuple)):
        small["dual_attention_layers"] = [
            i for i in config["dual_attention_layers"] if i < small.get("num_layers", 2)
        ]
    return small


def shrink_text(config: Json) -> Json:
    """The settings of a text or image encoder of the transformers library."""
    kind = str(config.get("model_type", ""))
    if kind in ("t5", "umt5", "mt5"):
        return {
            "d_model": TEXT_WIDTH,
            "d_kv": 16,
            "d_ff": 64,
            "num_heads": 4,
            "num_layers": 2,
            "num_decoder_layers": 1,
        }
    if kind.startswith("clip") and "text_config" not in config:
        return {
            "num_hidden_layers": 2,
            "hidden_size": CLIP_WIDTH,
            "intermediate_size": 64,
            "num_attention_heads": 4,
            "projection_dim": CLIP_WIDTH,
        }
    return {}


def pooled_width(encoders: int) -> int:
    """The width of pooled text in a pipeline with this many CLIP encoders that are pooled side by side."""
    return CLIP_WIDTH * max(1, encoders)
