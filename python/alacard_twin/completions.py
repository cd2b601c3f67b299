"""What every published configuration of a kind has and the library's own defaults leave empty.

A configuration may be little more than a model type. The classes behind some of them do not build, or
cannot be called, from their own defaults alone: a published repo would name these settings.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

CTC_VOCABULARY = 32
"""Letters, blank and padding: the vocabulary of an ordinary recogniser of English sound."""


def complete(config: Any) -> None:
    """Fills the empty settings of a configuration and of the configurations inside it, in place."""
    _sight(config)
    for part in (config, *_parts(config)):
        for fill in (
            _heads,
            _vocabulary,
            _labels,
            _start,
            _rope,
            _sections,
            _window,
            _whole_patches,
            _whole_windows,
            _media,
            _picture_words,
            _neck,
            _codec,
            _published,
            _bark,
            _points,
            _perceiving,
        ):
            fill(part)


def _parts(config: Any) -> list[Any]:
    found = [value for value in vars(config).values() if hasattr(value, "model_type")]
    return found + [inner for part in found for inner in _parts(part)]


def _sight(config: Any) -> None:
    """A type that can see is published with the part that sees (Gemma 4's defaults leave it out)."""
    known = getattr(type(config), "sub_configs", {}).get("vision_config")
    if _lacks(config, "vision_config") and isinstance(known, type) and hasattr(known, "model_type"):
        config.vision_config = known()


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
        count = vars(config).get("num_labels") or 2
        config.id2label = {number: f"LABEL_{number}" for number in range(count)}
        config.label2id = {label: number for number, label in config.id2label.items()}


def _start(config: Any) -> None:
    """T5 and its kin begin to write with the padding token."""
    writer: Any = getattr(config, "decoder", None) if not hasattr(config, "pad_token_id") else config
    if not getattr(config, "is_encoder_decoder", False) or not hasattr(writer, "pad_token_id"):
        return
    known = (getattr(config, name, None) for name in ("decoder_start_token_id", "bos_token_id"))
    if all(number is None for number in known):
        config.decoder_start_token_id = writer.pad_token_id if writer.pad_token_id is not None else 0


_THETA = 10000.0
"""The base of rotary embeddings where nothing else is said: RoFormer's, and the library's own default."""


_CLIP = 8.0
"""How large queries, keys and values get in the published DBRX, whose code needs a bound."""


def _rope(config: Any) -> None:
    """Where the kinds of layers have rotary embeddings of their own, an empty table gives all the usual one;
    a part without a type of its own (DBRX's attention) has the base of the whole.
    """
    kinds = getattr(config, "layer_types", None)
    rope = getattr(config, "rope_parameters", None)
    if rope == {} and kinds:
        config.rope_parameters = {kind: {"rope_type": "default", "rope_theta": _THETA} for kind in set(kinds)}
    attention: Any = getattr(config, "attn_config", None)
    if isinstance(rope, dict) and getattr(attention, "model_type", None) == "":
        vars(attention).setdefault("rope_theta", rope.get("rope_theta", _THETA))
        attention.clip_qkv = getattr(attention, "clip_qkv", None) or _CLIP


_SECTIONED = {
    "qwen2_vl_text": [16, 24, 24],
    "qwen2_5_vl_text": [16, 24, 24],
    "qwen2_5_omni_text": [16, 24, 24],
    "hunyuan_vl_text": [16, 16, 16, 16],
}
"""Sections of multimodal rotary embeddings of types whose code needs some and whose defaults name none."""


def _sections(config: Any) -> None:
    rope = getattr(config, "rope_parameters", None)
    sections = _SECTIONED.get(getattr(config, "model_type", ""))
    if sections and isinstance(rope, dict):
        rope.setdefault("mrope_section", list(sections))


WINDOW = 512
"""Tokens that a layer with a sliding window sees, where none is said; published models have 128 to 4096."""


def _window(config: Any) -> None:
    """Layers that attend to the nearest tokens only need to know how many."""
    slides = any("sliding" in str(kind) for kind in getattr(config, "layer_types", None) or ())
    if slides and _lacks(config, "sliding_window"):
        config.sliding_window = WINDOW


def _whole_patches(config: Any) -> None:
    """Sides of images that can be merged as the configuration says: whole squares of patches."""
    vision = getattr(config, "vision_config", None)
    side, patch = getattr(vision, "image_size", None), getattr(vision, "patch_size", None)
    if vision is None or type(side) is not int or type(patch) is not int or patch < 1:
        return
    queries = getattr(config, "projector_patch_to_query_dict", None)
    if isinstance(queries, dict) and (side // patch) ** 2 not in {int(count) for count in queries}:
        # Aria's processor makes pictures of 490 or 980 pixels, in patches of 14.
        vision.patch_size = 14
        vision.image_size = 14 * math.isqrt(min(int(count) for count in queries))
        return
    tokens = getattr(config, "mm_tokens_per_image", None)
    merged = getattr(config, "downsample_factor", None) or getattr(config, "scale_factor", None)
    step = math.isqrt(tokens) if type(tokens) is int else merged
    if type(step) is int and step > 1 and (side // patch) % step:
        vision.image_size = patch * max(step, side // patch // step * step)


def _media(config: Any) -> None:
    """The ids that stand for pictures and sounds are named, and in the vocabulary."""
    if not hasattr(config, "get_text_config") or not _parts(config):
        return
    text = config.get_text_config(decoder=True)
    size = getattr(text, "vocab_size", None)
    if type(size) is not int:
        return
    _name_media(config, size)
    names = ("image_token_id", "image_token_index", "video_token_id", "video_token_index", "audio_token_id")
    known = [number for name in names if type(number := getattr(config, name, None)) is int]
    if known and max(known) >= size:
        text.vocab_size = max(known) + 1


_MEDIA = {
    "image_token_id": "vision_config",
    "video_token_id": "vision_config",
    "audio_token_id": "audio_config",
}
"""Ids of what is not text, and the part that makes something of it."""


def _name_media(config: Any, size: int) -> None:
    """Ids that the defaults leave open are the last of the vocabulary."""
    for place, (name, part) in enumerate(_MEDIA.items(), start=1):
        if _lacks(config, name) and getattr(config, part, None) is not None:
            setattr(config, name, size - place)


def _picture_words(config: Any) -> None:
    """Chameleon and Emu write pictures as words of their own, listed in `vocabulary_map`: one for each entry
    of the codebook, named as their code reads the names.
    """
    spelled = _SPELLINGS.get(config.model_type)
    if spelled is None or getattr(config, "vocabulary_map", None):
        return
    first, spell, others = spelled
    count = config.get_text_config().vocab_size - first
    codes = min(getattr(getattr(config, part, None), size, 0) or count for part, size in _CODEBOOKS)
    config.vocabulary_map = {**others, **{spell(code): first + code for code in range(min(codes, count))}}


_CODEBOOKS = (("vq_config", "num_embeddings"), ("vq_config", "codebook_size"))
"""Where the two name the size of their codebook."""


def _letters(code: int) -> str:
    return "IMGIMG" + "".join(chr(ord("A") + int(digit)) for digit in str(code)) + "Z"


_SPELLINGS: dict[str, tuple[int, Callable[[int], str], dict[str, int]]] = {
    "chameleon": (4, _letters, {"<image>": 8711}),
    "emu3": (151854, "<|visual token {:06}|>".format, {"<image>": 151851, "<|extra_200|>": 151846}),
}
"""The first word's id, how a word is spelt, and the other words, as the published vocabularies have them."""


def _whole_windows(config: Any) -> None:
    """Sides of pictures that whole windows of patches cover: RF-DETR's and LW-DETR's backbones need them."""
    side, patch, windows = (
        getattr(config, name, None) for name in ("image_size", "patch_size", "num_windows")
    )
    if type(side) is type(patch) is type(windows) is int and (side // patch) % windows:
        config.image_size = patch * windows * max(1, side // patch // windows)


def _codec(config: Any) -> None:
    """What writes sounds as codes (MusicGen's decoder) and what reads them know the same codes."""
    codec: Any = getattr(config, "audio_encoder", None)
    writer = getattr(config, "decoder", None)
    known, written = getattr(codec, "codebook_size", None), getattr(writer, "vocab_size", None)
    if type(known) is int and type(written) is int and known < written:
        codec.codebook_size = written
    if config.model_type == "clvp":  # what its decoder writes as speech, its encoder reads
        config.speech_config.vocab_size = max(
            config.speech_config.vocab_size, config.decoder_config.vocab_size
        )


_VOCABULARIES = {
    "semantic_config": (129_600, 10_048),
    "coarse_acoustics_config": (12_096, 12_096),
    "fine_acoustics_config": (1_056, 1_056),
}
"""Sizes of what the three writers of the published Bark read and write; its ids follow from them."""


def _bark(config: Any) -> None:
    """The defaults give all three writers one size, in which none of Bark's ids beyond the text fit."""
    if (
        config.model_type != "bark"
        or config.semantic_config.input_vocab_size > _VOCABULARIES["semantic_config"][1]
    ):
        return
    for name, (read, written) in _VOCABULARIES.items():
        part = getattr(config, name)
        part.input_vocab_size, part.output_vocab_size = read, written


POINTS = 256
"""How many points of a picture are looked at where the configuration sets no bound: noise has thousands, and
what matches them takes the square of that.
"""


def _points(config: Any) -> None:
    """SuperPoint names every point that it finds, unless it is told how many."""
    if vars(config).get("max_keypoints") == -1:
        config.max_keypoints = POINTS


_EYE = "vit_pe_core_large_patch14_336"
_EYE_SETTINGS = {
    "depth": 23,
    "embed_dim": 1024,
    "global_pool": "",
    "img_size": [448, 448],
    "init_values": 0.1,
    "ref_feat_shape": [32, 32],
    "use_post_transformer_norm": False,
}
"""The eye of the published Perception-LM, a model of timm; the defaults name one that its code cannot use."""


def _perceiving(config: Any) -> None:
    if config.model_type == "perception_lm" and not getattr(config.vision_config, "model_args", None):
        config.vision_config.architecture = _EYE
        config.vision_config.model_args = dict(_EYE_SETTINGS)


_IMAGENET = {"input_size": [3, 224, 224], "crop_pct": 0.875, "interpolation": "bicubic"}
"""How pictures are cut for most of timm's models (`_cfg` in its `resnet.py`)."""


def _published(config: Any) -> None:
    """A model of timm is published with how its pictures are cut, DepthPro with its second model."""
    if getattr(config, "use_fov_model", True) is False:
        config.use_fov_model = True  # DepthPro's processor scales its answers by the field of view
    if config.model_type == "timm_wrapper" and not getattr(config, "pretrained_cfg", None):
        config.pretrained_cfg = dict(_IMAGENET)


_LONG, _MIDDLE, _SHORT = 7, 5, 3
"""Sides of the kernels of the text detector's intra-class blocks, as its own documentation names them."""


def _neck(config: Any) -> None:
    """What joins the stages of a detector's backbone: an input for each stage, as wide as it."""
    if not vars(config).get("projector_scale_factors", True):
        config.projector_scale_factors = [1.0]
        config.projector_in_channels = [config.d_model]
        config.num_feature_levels = 1
    if _lacks(config, "scale_factor_list"):
        config.scale_factor_list = [1, 2, 4, 8]
    if _lacks(config, "intraclass_block_config"):
        config.intraclass_block_config = _intraclass()
    backbone: Any = getattr(config, "backbone_config", None)
    widths = getattr(backbone, "stage_out_channels", None)
    if config.model_type == "uvdoc":
        backbone.out_features = backbone.stage_names[1:]
    joined = vars(config).keys() & {"layer_list_out_channels", "scale_factor_list"}
    if isinstance(widths, list | tuple) and joined:
        backbone.out_features = backbone.stage_names[1:]
        _halve(getattr(backbone, "block_configs", None) or [])
        if hasattr(config, "layer_list_out_channels"):
            config.layer_list_out_channels = list(widths)


def _halve(stages: list[list[list[Any]]]) -> None:
    """Each stage halves both sides of the picture (the backbone's own defaults, for lines of text, halve
    one): a block is its kernel, two widths, the stride and a switch.
    """
    for stage in stages[1:]:
        stage[0][3] = 2


def _intraclass() -> dict[str, list[Any]]:
    """Kernel, stride and padding of each convolution: nothing but the kernels' sides is to be chosen."""
    single: list[Any] = [[1, 1], [1, 1], [0, 0]]
    made = {"reduce_channel": single, "return_channel": single}
    for name, side in (("long", _LONG), ("mid", _MIDDLE), ("short", _SHORT)):
        half = side // 2
        made[f"vertical_long_to_small_conv_{name}ratio"] = [[side, 1], [1, 1], [half, 0]]
        made[f"horizontal_small_to_long_conv_{name}ratio"] = [[1, side], [1, 1], [0, half]]
        made[f"symmetric_conv_long_{name}ratio"] = [[side, side], [1, 1], [half, half]]
    return made
