"""Guesses of valid inputs for any model of transformers, from its configuration and its forward's signature.

A real repo brings a processor, which makes inputs; a bare configuration does not. So for each argument that
forwards of the library have, `ARGUMENTS` holds a function that makes one from the configuration.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

Inputs = dict[str, Any]

TEXT_LENGTH = 8
_PARTS = (
    "vision_config",
    "audio_config",
    "text_config",
    "encoder",
    "encoder_config",
    "thinker_config",
    "backbone_config",
    "image_encoder_config",
    "video_config",
    "audio_encoder_config",
    "decoder",
)


class Context:
    """A model's configuration with the look-ups that inputs need."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.config = model.config
        self.type = str(getattr(model.config, "model_type", ""))
        self.signature = inspect.signature(model.forward).parameters
        self.main = str(getattr(model, "main_input_name", "input_ids"))

    def takes(self, name: str) -> bool:
        """Whether the forward has this argument."""
        return name in self.signature

    def required(self) -> list[str]:
        """Arguments without a default."""
        kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        return [
            n
            for n, p in self.signature.items()
            if p.default is inspect.Parameter.empty and p.kind not in kinds
        ]

    def find(self, *names: str, default: Any = None) -> Any:
        """The first of these settings that has a value, in the configuration or one of its parts."""
        for part in self.parts():
            for name in names:
                value = getattr(part, name, None)
                if isinstance(value, int | list | tuple) and not isinstance(value, bool) and value:
                    return value
        return default

    def number(self, *names: str, default: int) -> int:
        """Like `find`, but a whole number: the first of a list."""
        value = self.find(*names, default=default)
        while isinstance(value, list | tuple) and value:
            value = value[0]
        return value if isinstance(value, int) else default

    def parts(self) -> list[Any]:
        """The configuration and the parts of it, two levels deep."""
        found = [self.config]
        for _ in range(2):
            for part in list(found):
                subs = [getattr(part, name, None) for name in _PARTS]
                found += [sub for sub in subs if hasattr(sub, "to_dict") and all(sub is not f for f in found)]
        return found

    def vocabulary(self) -> int:
        """A vocabulary that is safe for all embeddings of the model; small ids are never special."""
        try:
            size = getattr(self.config.get_text_config(), "vocab_size", None)
        except Exception:
            size = None
        size = size if isinstance(size, int) and size > 0 else self.number("vocab_size", default=90)
        return max(5, min(size, 90))

    def image_size(self) -> tuple[int, int]:
        """Height and width of an image."""
        size = self.find("image_size", "img_size", "input_size", "max_image_size", default=224)
        if self.type.startswith("pe_"):
            size = 336  # said by the name of its tower only
        if self.type == "depth_pro":
            size = self.number("patch_size", default=384) * 4
        if isinstance(size, list | tuple):
            sides = [side for side in size if isinstance(side, int)]
            return (sides[-2], sides[-1]) if len(sides) >= 2 else (sides[0], sides[0])
        return int(size), int(size)

    def channels(self) -> int:
        """Colour channels of an image."""
        return self.number("num_channels", "in_channels", "in_chans", default=3)


def _torch() -> Any:
    import torch

    return torch


def _ids(context: Context, length: int = TEXT_LENGTH) -> Any:
    # From 3 on: 0 to 2 are padding, beginning and end in most vocabularies.
    torch = _torch()
    generator = torch.Generator().manual_seed(0)
    return torch.randint(3, context.vocabulary(), (1, length), generator=generator)


def _noise(*shape: int) -> Any:
    torch = _torch()
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def _ones(*shape: int) -> Any:
    return _torch().ones(*shape, dtype=_torch().long)


def _image(context: Context) -> Any:
    height, width = context.image_size()
    if _packed(context):
        return _patches(context)
    return _noise(1, context.channels(), height, width)


def _packed(context: Context) -> bool:
    return context.takes("grid_thw") or (context.takes("image_grid_thw") and context.main == "pixel_values")


def _patches(context: Context) -> Any:
    """Four by four patches, flattened, as the towers that take a grid want them."""
    patch = context.number("patch_size", default=14)
    time = context.number("temporal_patch_size", default=1)
    channels = context.number("in_channels", "num_channels", "in_chans", default=3)
    return _noise(16, channels * time * patch * patch)


def _grid(context: Context) -> Any:
    return _torch().tensor([[1, 4, 4]])


def _spatial(context: Context) -> Any:
    return _torch().tensor([[4, 4]])


def _video(context: Context) -> Any:
    frames = context.number("frames_per_clip", "num_frames", default=8)
    side = context.number("crop_size", "image_size", default=224)
    return _noise(1, frames, context.channels(), side, side)


def _mel_bins(context: Context) -> int:
    names = (
        "num_mel_bins",
        "input_feat_per_channel",
        "feature_size",
        "feature_projection_input_dim",
        "n_mels",
    )
    return context.number(*names, "num_mels", "mel_bins", "input_dim", default=80)


def _features(context: Context) -> Any:
    positions = context.number("max_source_positions", default=0)
    if context.type in _CHANNELS_FIRST or "whisper" in context.type:
        return _noise(1, _mel_bins(context), (positions or 1500) * 2)
    return _noise(1, 160, _mel_bins(context))


_CHANNELS_FIRST = frozenset(
    {
        "whisper",
        "qwen2_audio",
        "qwen2_audio_encoder",
        "voxtral_encoder",
        "audioflamingo3_encoder",
        "moss_transcribe_diarize_audio",
        "fun_asr_nano_encoder",
        "glmasr_encoder",
    }
)


def _waveform(context: Context) -> Any:
    if "spectrogram" in context.type and hasattr(context.config, "num_mel_bins"):
        return _noise(1, context.number("max_length", default=1024), context.config.num_mel_bins)
    if re.search("codec|dac|mimi|vae|tokenizer|audio_|pe_audio|xcodec", context.type):
        return _noise(1, 1, 16000)
    return _noise(1, 16000)


def _past_values(context: Context) -> Any:
    config = context.config
    channels = getattr(config, "num_input_channels", None) or getattr(config, "input_size", None) or 1
    lags = getattr(config, "lags_sequence", None) or [0]
    length = context.number("context_length", default=32) + max(lags)
    flat = channels == 1 and "patch" not in context.type
    return _noise(1, length) if flat else _noise(1, length, channels)


def _width(context: Context) -> int:
    return context.number("hidden_size", "d_model", "embed_dim", default=64)


ARGUMENTS: dict[str, Callable[[Context], Any]] = {
    "input_ids": _ids,
    "attention_mask": lambda c: _ones(1, TEXT_LENGTH),
    "decoder_input_ids": lambda c: _ids(c, 4),
    "pixel_values": _image,
    "pixel_values_videos": _video,
    "hidden_states": _patches,
    "grid_thw": _grid,
    "image_grid_thw": _grid,
    "merge_sizes": lambda c: _torch().tensor([2]),
    "spatial_shapes": _spatial,
    "pixel_attention_mask": lambda c: _ones(1, 16),
    "input_values": _waveform,
    "input_features": _features,
    "past_values": _past_values,
    "bbox": lambda c: _torch().zeros(1, TEXT_LENGTH, 4, dtype=_torch().long),
    "query_embeds": lambda c: _noise(1, 4, _width(c)),
    "inputs_embeds": lambda c: _noise(1, TEXT_LENGTH, _width(c)),
    "visual_feats": lambda c: _noise(1, 4, c.number("visual_feat_dim", default=2048)),
    "visual_pos": lambda c: _noise(1, 4, c.number("visual_pos_dim", default=4)),
    "states": lambda c: _noise(1, 4, c.number("state_dim", default=17)),
    "actions": lambda c: _noise(1, 4, c.number("act_dim", default=4)),
    "rewards": lambda c: _noise(1, 4, 1),
    "returns_to_go": lambda c: _noise(1, 4, 1),
    "timesteps": lambda c: _torch().arange(4)[None],
    "state": lambda c: _noise(1, c.number("max_state_dim", default=32)),
    "audio_mel": lambda c: _noise(1, 160, c.number("input_feat_size", default=128)),
    "audio_mel_mask": lambda c: _torch().zeros(1, 160, dtype=_torch().bool),
}
"""How to make an argument, by its name."""
