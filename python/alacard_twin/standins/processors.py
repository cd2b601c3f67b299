"""Stand-in image processors, feature extractors and composite processors, from the library's own defaults.

What the configuration says about sizes (image, patch, mel bins, sampling rate) is carried over, so that
what a
processor makes is what the model takes.
"""

from __future__ import annotations

import inspect
import json
import math
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from alacard_twin import classes
from alacard_twin.spec import Json, TwinError
from alacard_twin.standins import settings
from alacard_twin.standins.asked import processor_class

_PLAIN_SIZES = ("longest_edge", "shortest_edge")


def _part(config: Any, *names: str) -> Any:
    for name in names:
        found = getattr(config, name, None)
        if hasattr(found, "to_dict"):
            return found
    thinker = getattr(config, "thinker_config", None)
    return _part(thinker, *names) if hasattr(thinker, "to_dict") else None


def vision_part(config: Any) -> Any:
    """The part of a configuration that describes what sees images; the whole if there is no such part."""
    encoder = _part(config, "encoder")
    if encoder is not None and hasattr(encoder, "image_size"):
        return encoder
    return _part(config, "vision_config", "backbone_config") or config


def audio_part(config: Any) -> Any:
    """The part of a configuration that describes what hears sounds; the whole if there is no such part."""
    return _part(config, "audio_config", "encoder_config", "audio_encoder", "encoder") or config


def image_size(config: Any) -> tuple[int, int] | None:
    """Height and width of the images that the model takes."""
    if getattr(config, "model_type", "") == "imagegpt":
        side = math.isqrt(config.n_positions)
        return side, side
    for holder in (vision_part(config), config):
        value = getattr(holder, "image_size", None)
        if isinstance(value, (list, tuple)) and len(value) >= 2:
            return int(value[-2]), int(value[-1])
        if isinstance(value, int) and value > 0:
            return value, value
    return None


def _class_of(names: Any, config: Any, find: Any, *takes: str) -> Any:
    """The class that a table of the library names for the type, for a part of it, or else for its kin where
    the model's call takes one of these arguments.
    """
    parts = (config, vision_part(config), audio_part(config), settings.text_part(config))
    types = [str(getattr(part, "model_type", "")) for part in parts]
    # The library's class for timm prepares pictures for whole models of timm, not for towers.
    types[1:] = [name for name in types[1:] if not name.startswith("timm")]
    named = _named(names, types)
    if named is None and _takes(config, *takes):
        named = _named(names, [name for part in parts for name in settings.kin(part)])
    return find(named) if named else None


def _named(names: Any, types: list[str]) -> Any:
    for model_type in types:
        named = names.get(model_type)
        if isinstance(named, dict):
            named = named.get("torchvision") or named.get("pil")
        if isinstance(named, (list, tuple)):
            named = next((name for name in reversed(named) if name), None)
        if named:
            return named
    return None


def _takes(config: Any, *arguments: str) -> bool:
    """Whether the model's call has one of these arguments."""
    try:
        cls, _ = classes.choose(config, getattr(config, "architectures", None) or (), None)
        known = inspect.signature(cls.forward).parameters
    except (TwinError, ImportError):
        return False
    return bool(known.keys() & set(arguments))


_BORROWED = {
    "d_fine": "RTDetrImageProcessor",
    "dab-detr": "ConditionalDetrImageProcessor",
    "glm4v_moe": "Glm4vImageProcessor",
    "glm_ocr": "Glm46VImageProcessor",
    "glmga": "Glm46VImageProcessor",
    "qwen3_vl": "Qwen2VLImageProcessor",
    "qwen3_vl_moe": "Qwen2VLImageProcessor",
    "deim": "RTDetrImageProcessor",
    "rt_detr_v2": "RTDetrImageProcessor",
}
"""Model types that the library knows no image processor for: their published repos name another type's."""


def image_processor(config: Any) -> Any:
    """An image processor for the configuration; None if the model sees nothing.

    Types that the library's table does not name are published with another type's: a plain one serves them.
    """
    from transformers.models.auto import image_processing_auto as auto

    find = auto.get_image_processor_class_from_name
    borrowed = _BORROWED.get(str(getattr(config, "model_type", "")))
    cls = (
        find(borrowed)
        if borrowed
        else _class_of(auto.IMAGE_PROCESSOR_MAPPING_NAMES, config, find, "pixel_values")
    )
    if cls is None and _takes(config, "pixel_values") and not _takes(config, "grid_thw", "image_grid_thw"):
        cls = find("ViTImageProcessor")
    return None if cls is None else cls(**_image_options(cls, config))


_BORROWED_FILMS = {"glm_ocr": "Glm46VVideoProcessor", "glmga": "Glm46VVideoProcessor"}
"""As `_BORROWED`, for videos."""


def video_processor(config: Any) -> Any:
    """A video processor for the configuration; None if the model type has none."""
    from transformers.models.auto import video_processing_auto as auto

    names, find = auto.VIDEO_PROCESSOR_MAPPING_NAMES, auto.video_processor_class_from_name
    borrowed = _BORROWED_FILMS.get(str(getattr(config, "model_type", "")))
    cls = find(borrowed) if borrowed else _class_of(names, config, find, "pixel_values_videos")
    if cls is None:
        return None
    options, own = _patch_options(cls, config), image_size(config)
    if hasattr(cls, "draw_on_frames"):
        # Ernie writes the time onto each frame, in a typeface that only its own repo brings.
        options["draw_on_frames"] = False
    if own and "height" in (getattr(cls, "size", None) or {}):
        options["size"] = {"height": own[0], "width": own[1]}
    return cls(**options)


def _image_options(cls: Any, config: Any) -> Json:
    options = _patch_options(cls, config)
    own = image_size(config)
    fixed = str(getattr(config, "model_type", "")) in _FREE_SIZE
    if own and not fixed and not _is_idefics(cls):
        options |= {
            key: _sized(getattr(cls, key, None), own)
            for key in ("size", "crop_size")
            if isinstance(getattr(cls, key, None), dict)
        }
    if own and type(getattr(cls, "max_image_size", None)) is int:
        options["max_image_size"] = own[0]
    if own and hasattr(vision_part(config), "num_windows"):
        options["size"] = {"height": own[0], "width": own[1]}  # so many whole windows to a side
    if own and _is_idefics(cls):
        options |= {"max_image_size": {"longest_edge": own[0]}, "size": {"longest_edge": own[0] * 2}}
    points = getattr(config, "image_grid_pinpoints", None)
    if points:
        options["image_grid_pinpoints"] = points
    sequence = getattr(vision_part(config), "num_image_tokens", None)
    if isinstance(sequence, int) or getattr(config, "model_type", "") in ("paligemma", "colpali"):
        options["image_seq_length"] = sequence or _image_tokens(
            config, vision_part(config), options_patch(config)
        )
    if hasattr(cls, "clusters") and getattr(cls, "clusters", None) is None:
        options["clusters"] = _colours(settings.vocabulary_size(config) - 1)
    if "max_patches" in dir(cls) and "min_patches" in dir(cls):
        options["max_patches"] = 2
    if own and cls.__name__ == "EomtImageProcessor":
        options["size"] = {"shortest_edge": min(own), "longest_edge": max(own)}  # it reads these two names
    if "max_num_tiles" in dir(cls):
        options["max_num_tiles"] = 1  # the library's default cuts a picture into 36, which no trial needs
    options["pretrained_cfg"] = getattr(config, "pretrained_cfg", None)
    return {key: value for key, value in options.items() if value is not None}


def _colours(count: int) -> list[list[float]]:
    """So many colours from -1 to 1, evenly over red, green and blue: what Image GPT reads pixels as."""
    side = max(2, round(count ** (1 / 3)))
    steps = [2 * step / (side - 1) - 1 for step in range(side)]
    return [[red, green, blue] for red in steps for green in steps for blue in steps][:count]


_FREE_SIZE = (
    "detr",
    "conditional_detr",
    "deformable_detr",
    "yolos",
    "rt_detr",
    "mask2former",
    "maskformer",
    "oneformer",
    "grounding-dino",
    "table-transformer",
    "d_fine",
    "glpn",
)
"""Model types that take images of any size: their processors keep their own sizes."""


def _is_idefics(cls: Any) -> bool:
    return "max_image_size" in dir(cls) and isinstance(getattr(cls, "max_image_size", None), dict)


def _sized(default: dict[str, int] | None, own: tuple[int, int]) -> dict[str, int] | None:
    """The default's form with the configuration's numbers; areas (Qwen's pixel counts) are left alone."""
    if default is None or max(default.values(), default=0) > 100_000:
        return None
    if "height" in default:
        return {"height": own[0], "width": own[1]}
    if set(default) == {"shortest_edge", "longest_edge"}:
        return {"height": own[0], "width": own[1]}
    if set(default) == {"shortest_edge"}:
        return {"shortest_edge": min(own)}
    return {"longest_edge": max(own)} if set(default) == {"longest_edge"} else None


def _patch_options(cls: Any, config: Any) -> Json:
    vision = vision_part(config)
    wanted = {
        "patch_size": getattr(vision, "patch_size", None),
        "merge_size": getattr(vision, "spatial_merge_size", None),
        "temporal_patch_size": getattr(vision, "temporal_patch_size", None),
        "num_channels": None,
    }
    known = dir(cls)
    options = {key: value for key, value in wanted.items() if isinstance(value, int) and key in known}
    if "patch_size" in options and isinstance(getattr(cls, "patch_size", None), dict):
        size = options.pop("patch_size")
        return {**options, "patch_size": {"height": size, "width": size}}
    return options


_BORROWED_EARS = {"wav2vec2-bert": "SeamlessM4TFeatureExtractor"}
"""As `_BORROWED`, for sound: the library's own table names an extractor that the model cannot read."""


def feature_extractor(config: Any) -> Any:
    """A feature extractor for the configuration; None if the model hears nothing.

    A model that takes the samples of a sound themselves gets the plain one where its type names none.
    """
    from transformers.models.auto import feature_extraction_auto as auto

    find = auto.feature_extractor_class_from_name
    borrowed = _BORROWED_EARS.get(str(getattr(config, "model_type", "")))
    cls = (
        find(borrowed)
        if borrowed
        else _class_of(auto.FEATURE_EXTRACTOR_MAPPING_NAMES, config, find, "input_features", "input_values")
    )
    if cls is None and _takes(config, "input_values"):
        cls = find("Wav2Vec2FeatureExtractor")
    if cls is None:
        return None
    audio = audio_part(config)
    bins = getattr(audio, "num_mel_bins", None) or getattr(audio, "input_feat_per_channel", None)
    wanted = {
        "feature_size": bins
        if cls.__name__ in ("WhisperFeatureExtractor", "Speech2TextFeatureExtractor")
        else None,
        "num_mel_bins": bins,
        "max_length": getattr(audio, "max_length", None) if cls.__name__ == "ASTFeatureExtractor" else None,
        "sampling_rate": getattr(audio, "sampling_rate", None),
        "truncation": _clap_truncation(cls, audio),
        "do_normalize": True if cls.__name__ == "Wav2Vec2FeatureExtractor" else None,
        "return_attention_mask": getattr(config, "feat_extract_norm", "") == "layer" or None,
    }
    known = inspect.signature(cls.__init__).parameters
    return cls(**{key: value for key, value in wanted.items() if value is not None and key in known})


def _clap_truncation(cls: Any, audio: Any) -> str | None:
    """CLAP with and without fusion take sounds of different shapes."""
    if cls.__name__ != "ClapFeatureExtractor":
        return None
    return "fusion" if getattr(audio, "enable_fusion", False) else "rand_trunc"


def composite(config: Any, parts: Json, template: str | None) -> Any:
    """The composite processor of the model type over the given parts; None if there is none."""
    cls = processor_class(config)
    if cls is None:
        return None
    attributes = cls.get_attributes()
    if any(parts.get(attribute) is None for attribute in attributes):
        return None
    known = inspect.signature(cls.__init__).parameters
    options = {
        key: value for key, value in _composite_options(config).items() if value is not None and key in known
    }
    open_ended = any(argument.kind is inspect.Parameter.VAR_KEYWORD for argument in known.values())
    if template and ("chat_template" in known or open_ended):
        options["chat_template"] = template
    return cls(**{attribute: parts[attribute] for attribute in attributes}, **options)


def _composite_options(config: Any) -> Json:
    vision = vision_part(config)
    patch = getattr(vision, "patch_size", None) or _named_patch(vision)
    tokens = _image_tokens(config, vision, patch)
    return {
        "patch_size": patch,
        "spatial_merge_size": getattr(config, "spatial_merge_size", None),
        "vision_feature_select_strategy": getattr(config, "vision_feature_select_strategy", None)
        or "default",
        "downsample_factor": getattr(config, "downsample_factor", None),
        "img_size": getattr(vision, "image_size", None),
        "num_additional_image_tokens": 1 if "clip" in str(getattr(vision, "model_type", "")) else 0,
        "num_query_tokens": getattr(config, "num_query_tokens", None),
        "pooling_ratio": getattr(config, "projector_pooling_ratio", None),
        "image_seq_length": tokens,
        "image_seq_len": tokens,
        "num_image_tokens": tokens,
    }


def _named_patch(vision: Any) -> int | None:
    """A patch as the name of a model of timm tells it."""
    named = re.search(r"patch(\d+)", str(getattr(vision, "architecture", "")))
    return int(named.group(1)) if named else None


def options_patch(config: Any) -> Any:
    """The size of a patch of the part that sees."""
    return getattr(vision_part(config), "patch_size", None)


def _image_tokens(config: Any, vision: Any, patch: Any) -> int | None:
    """How many places one image takes in the text."""
    given = getattr(config, "image_seq_length", None) or getattr(config, "mm_tokens_per_image", None)
    resampled = getattr(getattr(config, "perceiver_config", None), "resampler_n_latents", None)
    if isinstance(resampled, int):
        return resampled
    own = image_size(config)
    patch = patch[0] if isinstance(patch, (list, tuple)) else patch
    scale = getattr(config, "scale_factor", None)
    ratio = getattr(config, "downsample_ratio", None)
    if own and isinstance(patch, int) and isinstance(scale, int):
        return int((own[0] // patch) ** 2 / scale**2)
    if own and isinstance(patch, int) and isinstance(ratio, float):
        return int((own[0] // patch) * (own[1] // patch) * ratio**2)
    if isinstance(given, int):
        return given
    return (own[0] // patch) ** 2 if own and isinstance(patch, int) else None


def save(processor: Any, out: Path) -> None:
    """Writes a composite processor's own files; those of its tokenizer are in place already."""
    with tempfile.TemporaryDirectory() as place:
        processor.save_pretrained(place)
        for name in (
            "processor_config.json",
            "preprocessor_config.json",
            "video_preprocessor_config.json",
            "chat_template.jinja",
            "chat_template.json",
        ):
            path = Path(place) / name
            if path.is_file() and not (out / name).exists():
                shutil.copyfile(path, out / name)


def save_part(part: Any, out: Path) -> None:
    """Writes the settings of an image or video processor or a feature extractor, unless the file is there.

    That of timm reads them from the model's own config.json.
    """
    name = "video_preprocessor_config.json" if "Video" in type(part).__name__ else "preprocessor_config.json"
    if (out / name).exists() or type(part).__name__ == "TimmWrapperImageProcessor":
        return
    values = json.loads(part.to_json_string())
    (out / name).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
