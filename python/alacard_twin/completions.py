"""What every published configuration of a kind has and the library's own defaults leave empty.

A configuration may be little more than a model type. The classes behind some of them do not build, or
cannot be called, from their own defaults alone: a published repo would name these settings.
"""

from __future__ import annotations

import math
from typing import Any

CTC_VOCABULARY = 32
"""Letters, blank and padding: the vocabulary of an ordinary recogniser of English sound."""


def complete(config: Any) -> None:
    """Fills the empty settings of a configuration and of the configurations inside it, in place."""
    for part in (config, *_parts(config)):
        for fill in (_heads, _vocabulary, _labels, _start, _sections, _whole_patches, _media):
            fill(part)


def _parts(config: Any) -> list[Any]:
    found = [value for value in vars(config).values() if hasattr(value, "model_type")]
    return found + [inner for part in found for inner in _parts(part)]


def _lacks(config: Any, name: str) -> bool:
    return vars(config).get(name, name) is None


def _heads(config: Any) -> None:
    heads, width = (vars(config).get(name) for name in ("num_attention_heads", "hidden_size"))
    if type(heads) is not int or type(width) is not int or not heads:
        return
    if _lacks(config, "head_dim"):
        config.head_dim = width // heads
    if _lacks(config, "num_key_value_heads"):
        config.num_key_value_heads = heads


def _vocabulary(config: Any) -> None:
    if _lacks(config, "vocab_size") and hasattr(config, "ctc_loss_reduction"):
        config.vocab_size = CTC_VOCABULARY


def _labels(config: Any) -> None:
    if _lacks(config, "id2label"):
        config.id2label = {0: "LABEL_0", 1: "LABEL_1"}
        config.label2id = {"LABEL_0": 0, "LABEL_1": 1}


def _start(config: Any) -> None:
    """T5 and its kin begin to write with the padding token."""
    if not getattr(config, "is_encoder_decoder", False) or not hasattr(config, "pad_token_id"):
        return
    known = (getattr(config, name, None) for name in ("decoder_start_token_id", "bos_token_id"))
    if all(number is None for number in known):
        config.decoder_start_token_id = config.pad_token_id if config.pad_token_id is not None else 0


_SECTIONED = ("qwen2_vl_text", "qwen2_5_vl_text", "qwen2_5_omni_text")
"""Types whose code takes [16, 24, 24] where no sections of multimodal rotary embeddings are named."""


def _sections(config: Any) -> None:
    rope = getattr(config, "rope_parameters", None)
    if getattr(config, "model_type", "") in _SECTIONED and isinstance(rope, dict):
        rope.setdefault("mrope_section", [16, 24, 24])


def _whole_patches(config: Any) -> None:
    """Sides of images that can be merged as the configuration says: whole squares of patches."""
    vision = getattr(config, "vision_config", None)
    side, patch = getattr(vision, "image_size", None), getattr(vision, "patch_size", None)
    if vision is None or type(side) is not int or type(patch) is not int or patch < 1:
        return
    tokens = getattr(config, "mm_tokens_per_image", None)
    merged = getattr(config, "downsample_factor", None) or getattr(config, "scale_factor", None)
    step = math.isqrt(tokens) if type(tokens) is int else merged
    if type(step) is int and step > 1 and (side // patch) % step:
        vision.image_size = patch * max(step, side // patch // step * step)


def _media(config: Any) -> None:
    """The ids that stand for pictures and sounds are in the vocabulary."""
    if not hasattr(config, "get_text_config") or not _parts(config):
        return
    text = config.get_text_config(decoder=True)
    names = ("image_token_id", "image_token_index", "video_token_id", "video_token_index", "audio_token_id")
    known = [number for name in names if type(number := getattr(config, name, None)) is int]
    size = getattr(text, "vocab_size", None)
    if type(size) is int and known and max(known) >= size:
        text.vocab_size = max(known) + 1
