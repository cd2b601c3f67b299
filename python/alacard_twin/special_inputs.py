"""Inputs of model types whose forward no general guess satisfies, with the reason beside each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alacard_twin.inputs import ARGUMENTS, TEXT_LENGTH, Context, Inputs, _ids, _image, _noise, _ones, _torch


def _text(context: Context) -> Inputs:
    return {"input_ids": _ids(context), "attention_mask": _ones(1, TEXT_LENGTH)}


def _clap(context: Context) -> Inputs:
    """Text and a mel image of fixed length."""
    return {**_text(context), "input_features": _noise(1, 1, 1001, 64)}


def _clvp(context: Context) -> Inputs:
    """Text and speech with channels first."""
    bins = context.config.decoder_config.feature_size
    return {**_text(context), "input_features": _noise(1, bins, 100)}


def _decision(context: Context) -> Inputs:
    """A trajectory; the forward asks for all of it although nothing is required by its signature."""
    names = ("states", "actions", "rewards", "returns_to_go", "timesteps")
    return {**{name: ARGUMENTS[name](context) for name in names}, "attention_mask": _ones(1, 4)}


def _query_tokens(context: Context) -> Inputs:
    """Text in which image tokens hold the place of the query outputs."""
    count = context.number("num_query_tokens", default=32)
    token = getattr(context.config, "image_token_index", None) or getattr(
        context.config, "video_token_index", None
    )
    frames = 4 if "video" in context.type else 1
    token = 5 if token is None else token
    ids = _torch().cat([_torch().full((1, count * frames), token), _ids(context) + 6], dim=1)
    inputs: Inputs = {
        "pixel_values": _image(context),
        "input_ids": ids,
        "attention_mask": _torch().ones_like(ids),
    }
    if "instruct" in context.type:
        inputs["qformer_input_ids"] = _ids(context)
        inputs["qformer_attention_mask"] = _ones(1, TEXT_LENGTH)
    if frames > 1:
        inputs["pixel_values"] = inputs["pixel_values"][:, None].repeat(1, frames, 1, 1, 1)
    return inputs


def _kosmos(context: Context) -> Inputs:
    """Text with places for the image's latent queries."""
    torch, count = _torch(), context.number("latent_query_num", default=64)
    ids = torch.cat([torch.full((1, count), 5), _ids(context)], dim=1)
    places = torch.zeros_like(ids)
    places[:, :count] = 1
    return {"pixel_values": _image(context), "input_ids": ids, "image_embeds_position_mask": places}


def _lxmert(context: Context) -> Inputs:
    """Text and the features of detected boxes."""
    names = ("visual_feats", "visual_pos")
    return {**_text(context), **{name: ARGUMENTS[name](context) for name in names}}


def _omdet(context: Context) -> Inputs:
    """An image, two class names and a task text."""
    ids, mask = _ids(context), _ones(1, TEXT_LENGTH)
    inputs: Inputs = {"pixel_values": _image(context), "tasks_input_ids": ids, "tasks_attention_mask": mask}
    classes = {"classes_input_ids": ids.repeat(2, 1), "classes_attention_mask": mask.repeat(2, 1)}
    return {**inputs, **classes, "classes_structure": _torch().tensor([2])}


def _oneformer(context: Context) -> Inputs:
    """An image and the tokens of the task's name."""
    length = context.number("task_seq_len", default=77)
    return {"pixel_values": _image(context), "task_inputs": _ids(context, length).float()}


def _pix2struct(context: Context) -> Inputs:
    """Patches with their row and column in front."""
    vision = context.config.vision_config
    width = context.number("num_channels", default=3) * vision.patch_size**2
    patches = _noise(1, 16, width + 2)
    patches[:, :, :2] = 1
    return {"flattened_patches": patches, "attention_mask": _ones(1, 16)}


def _splinter(context: Context) -> Inputs:
    """A text with a question token."""
    ids = _ids(context)
    ids[0, 2] = context.config.question_token_id
    return {"input_ids": ids, "attention_mask": _ones(1, TEXT_LENGTH)}


def _udop(context: Context) -> Inputs:
    """Text with boxes and the page."""
    boxes = _torch().zeros(1, TEXT_LENGTH, 4)
    return {**_text(context), "bbox": boxes, "pixel_values": _image(context)}


def _xclip(context: Context) -> Inputs:
    """A video of as many frames as the configuration names, and text."""
    frames = context.number("num_frames", default=8)
    return {**_text(context), "pixel_values": _image(context)[:, None].repeat(1, frames, 1, 1, 1)}


def _codec_with_features(context: Context) -> Inputs:
    """The wave and the features of a speech model beside it."""
    bins = context.number("feature_projection_input_dim", "num_mel_bins", default=160)
    hop = context.number("hop_length", default=320)
    return {"input_values": _noise(1, 1, hop * 50), "input_features": _noise(1, 50, bins)}


def _tvp(context: Context) -> Inputs:
    """Video frames of the largest size, and text."""
    side = context.config.max_img_size
    return {
        **_text(context),
        "pixel_values": _noise(1, context.number("num_frames", default=48), 3, side, side),
    }


def _siglip2(context: Context) -> Inputs:
    """Flattened patches with a mask and their grid, and text."""
    patch = context.number("patch_size", default=16)
    inputs: Inputs = {
        "pixel_values": _noise(1, 16, 3 * patch * patch),
        "pixel_attention_mask": _ones(1, 16),
        "spatial_shapes": _torch().tensor([[4, 4]]),
    }
    return {**inputs, "input_ids": _ids(context)} if context.takes("input_ids") else inputs


def _idefics(context: Context) -> Inputs:
    """Text and one image per sample, with who attends to which image."""
    image = _image(context)[:, None]
    return {**_text(context), "pixel_values": image, "image_attention_mask": _ones(1, TEXT_LENGTH, 1)}


def _speech(context: Context) -> Inputs:
    """A wave for the encoder."""
    return {"input_values": _noise(1, 16000)}


def _piano(context: Context) -> Inputs:
    """Mel features as wide as the model."""
    return {"input_features": _noise(1, 20, context.config.d_model)}


def _pi0(context: Context) -> Inputs:
    """A robot's state, one camera's image and an instruction that has places for the image."""
    torch = _torch()
    vision = context.config.vlm_config.vision_config
    count = (vision.image_size // vision.patch_size) ** 2
    token = context.config.vlm_config.image_token_id
    ids = torch.cat([torch.full((1, count), token), _ids(context)], dim=1)
    return {
        "state": ARGUMENTS["state"](context),
        "noise": _noise(1, context.config.chunk_size, context.config.max_action_dim),
        "timestep": torch.tensor([0.5]),
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "pixel_values": _noise(1, 1, 3, vision.image_size, vision.image_size),
        "pixel_attention_mask": torch.ones(1, 1, dtype=torch.bool),
    }


def _seggpt(context: Context) -> Inputs:
    """An image, an example image and its mask."""
    image = _image(context)
    image = image[:, :, : image.shape[2] // 2] if image.shape[2] > image.shape[3] else image
    return {"pixel_values": image, "prompt_pixel_values": image, "prompt_masks": image}


def _masked_features(context: Context) -> Inputs:
    """Speech features with a mask that is not optional."""
    bins = context.number("num_mel_bins", "feature_size", "input_size", "input_dim", default=80)
    torch: Any = _torch()
    return {
        "input_features": _noise(1, 160, bins),
        "input_features_mask": torch.ones(1, 160, dtype=torch.bool),
    }


SPECIAL: dict[str, Callable[[Context], Inputs]] = {
    "blip-2": _query_tokens,
    "clap": _clap,
    "clvp": _clvp,
    "decision_transformer": _decision,
    "fun_asr_nano_encoder": _masked_features,
    "idefics": _idefics,
    "instructblip": _query_tokens,
    "instructblipvideo": _query_tokens,
    "kosmos-2": _kosmos,
    "lxmert": _lxmert,
    "neucodec": _codec_with_features,
    "omdet-turbo": _omdet,
    "oneformer": _oneformer,
    "pi0": _pi0,
    "pix2struct": _pix2struct,
    "pop2piano": _piano,
    "seggpt": _seggpt,
    "siglip2": _siglip2,
    "siglip2_vision_model": _siglip2,
    "speech-encoder-decoder": _speech,
    "splinter": _splinter,
    "tvp": _tvp,
    "udop": _udop,
    "xclip": _xclip,
    "xcodec2": _codec_with_features,
}
