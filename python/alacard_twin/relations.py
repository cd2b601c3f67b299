"""Relations that must hold between settings of one configuration object, mended after shrinking.

Each function mends one relation in place and says which library code asks for it. `old` is the object before.
"""

from __future__ import annotations

import math
import re
from typing import Any, TypeGuard

from alacard_twin.rules import LAYER_COUNTS, ROPE
from alacard_twin.spec import Json

_MAMBA_NAMES = (
    ("mamba_expand", "mamba_n_heads", "mamba_d_head"),
    ("mamba_expand", "mamba_num_heads", "mamba_head_dim"),
    ("expand", "num_heads", "head_dim"),
    ("expand", "mamba_num_heads", "mamba_head_dim"),
)


def mend(new: Json, old: Json) -> None:
    """Mends every known relation."""
    for relation in (
        _stage_names,
        _head_divides_width,
        _rope_sections,
        _rotary_dim,
        _mamba_heads,
        _long_rope_factors,
        _experts_exist,
        _pooled_stages,
        _layers_block,
        _glm_sections,
        _codec_groups,
        _split_heads,
        _merge_index,
        _timm_tower,
        _timm_backbone,
        _periods,
        _compound_scaling,
        _feature_layers,
        _gathered_layers,
        _points,
    ):
        relation(new, old)


def _whole(config: Json, *names: str) -> int | None:
    return next((config[name] for name in names if type(config.get(name)) is int), None)


def _periods(new: Json, old: Json) -> None:
    """Hybrids that name every n-th layer as one of attention or experts (Jamba) keep one of each kind."""
    depth = _whole(new, *LAYER_COUNTS)
    for kind in ("attn_layer", "expert_layer"):
        period, offset = new.get(f"{kind}_period"), new.get(f"{kind}_offset")
        if type(period) is int and type(offset) is int and depth is not None and offset >= depth > 1:
            new[f"{kind}_period"], new[f"{kind}_offset"] = depth, depth - 1


def _compound_scaling(new: Json, old: Json) -> None:
    """EfficientNet's widths are those of its smallest member times a coefficient: only that one shrinks."""
    if type(old.get("width_coefficient")) is not float or "hidden_dim" not in old:
        return
    new |= {name: old[name] for name in ("in_channels", "out_channels") if name in old}
    new |= {"width_coefficient": 0.25, "depth_coefficient": 0.25, "hidden_dim": 320}


def _feature_layers(new: Json, old: Json) -> None:
    """Layers of the part that sees whose output the text reads (LLaVA): those that are there."""
    vision, layers = new.get("vision_config"), new.get("vision_feature_layer")
    depth = _whole(vision, *LAYER_COUNTS) if isinstance(vision, dict) else None
    if depth is not None and isinstance(layers, list) and all(type(layer) is int for layer in layers):
        new["vision_feature_layer"] = [max(-depth, min(depth, layer)) for layer in layers]


def _gathered_layers(new: Json, old: Json) -> None:
    """Mllama's pictures are the last layer's output and that of some before it, side by side."""
    layers, width = new.get("intermediate_layers_indices"), _width(new)
    if "vision_output_dim" in new and isinstance(layers, list) and width:
        new["vision_output_dim"] = width * (1 + len(layers))


def _points(new: Json, old: Json) -> None:
    """SAM writes a point as sines and cosines of so many frequencies: together the prompt's width."""
    vision, prompt = new.get("vision_config"), new.get("prompt_encoder_config")
    if isinstance(vision, dict) and isinstance(prompt, dict) and "num_pos_feats" in vision:
        width = _width(prompt)
        vision["num_pos_feats"] = width // 2 if width else vision["num_pos_feats"]


def _width(config: Json) -> int | None:
    return _whole(config, "hidden_size", "d_model", "n_embd", "embed_dim", "dim", "hidden_dim")


def _heads(config: Json) -> int | None:
    return _whole(config, "num_attention_heads", "n_head", "num_heads")


def head_dim(config: Json) -> int | None:
    """The width of one attention head."""
    explicit = _whole(config, "head_dim")
    width, heads = _width(config), _heads(config)
    return explicit or (width // heads if width and heads else None)


def _stage_names(new: Json, old: Json) -> None:
    """Plain backbones name one stage a layer in `out_features`: keep as many layers as there are outputs."""
    names, depth = old.get("stage_names"), _whole(old, "num_hidden_layers", "depth")
    if not isinstance(names, list) or depth is None or len(names) != depth + 1:
        return
    outputs = old.get("out_features") or old.get("out_indices") or [0]
    count = _whole(new, "num_hidden_layers", "depth") or 1
    count = min(depth, max(count, len(outputs)))
    new.pop("stage_names", None)
    new.pop("out_indices", None)
    for name in ("num_hidden_layers", "depth"):
        if type(old.get(name)) is int:
            new[name] = count
    new["out_features"] = [f"stage{number}" for number in range(count - len(outputs) + 1, count + 1)]


def _head_divides_width(new: Json, old: Json) -> None:
    """Where the heads divide the model's width they must go on doing so (11 heads of 704), even where a
    head's own width is named: some configurations check it.
    """
    heads, width = _heads(new), _width(new)
    if not heads or not width or width % heads == 0:
        return
    if _whole(new, "head_dim") and (_width(old) or 0) % (_heads(old) or 1):
        return
    count = _divisor(heads, width)
    for name in ("num_attention_heads", "n_head", "num_heads"):
        if type(new.get(name)) is int:
            new[name] = count
    if type(new.get("num_key_value_heads")) is int:
        new["num_key_value_heads"] = math.gcd(new["num_key_value_heads"], count)


def _rope_sections(new: Json, old: Json) -> None:
    """Multimodal rotary embeddings cut half of the rotary width into sections: they must add up to it."""
    width = head_dim(new)
    if width is None:
        return
    for rope in _rope_objects(new):
        sections = rope.get("mrope_section")
        if isinstance(sections, list) and sections and sum(sections) > 0:
            share = rope.get("partial_rotary_factor") or new.get("partial_rotary_factor") or 1
            total = int(width * share) // 2
            parts = [max(1, item * total // sum(sections)) for item in sections]
            parts[0] += total - sum(parts)
            rope["mrope_section"] = parts


def _rope_objects(config: Json) -> list[Json]:
    found = []
    for name in ROPE:
        rope = config.get(name)
        if isinstance(rope, dict):
            found += [rope, *(value for value in rope.values() if isinstance(value, dict))]
    return found


def _long_rope_factors(new: Json, old: Json) -> None:
    """Long-rope has one factor for each pair of rotary coordinates."""
    width = head_dim(new)
    if width is None:
        return
    share = new.get("partial_rotary_factor")
    pairs = int(width * (share if isinstance(share, float) else 1.0)) // 2
    for rope in _rope_objects(new):
        for name in ("long_factor", "short_factor"):
            if isinstance(rope.get(name), list) and len(rope[name]) > pairs > 0:
                rope[name] = rope[name][:pairs]


def _rotary_dim(new: Json, old: Json) -> None:
    """The rotary part of a head cannot be wider than the head."""
    width = head_dim(new)
    if width and type(new.get("rotary_dim")) is int:
        new["rotary_dim"] = min(new["rotary_dim"], width)


def _mamba_heads(new: Json, old: Json) -> None:
    """State-space layers: heads times head width must be the expanded width."""
    width = _width(new)
    for expand, heads, dim in _MAMBA_NAMES:
        ready = (
            width and isinstance(new.get(expand), int | float) and type(new.get(heads)) is int and dim in new
        )
        if not ready or width is None:
            continue
        inner = _whole(new, "mamba_d_ssm") or int(new[expand] * width)
        new[heads] = min(4, new[heads])
        new[dim] = inner // new[heads]
        for groups in ("n_groups", "mamba_n_groups"):
            if type(new.get(groups)) is int:
                new[groups] = 1


def _experts_exist(new: Json, old: Json) -> None:
    """A token cannot use more experts than there are, whatever the two settings are called."""
    experts = _whole(new, "num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
    if experts is None:
        return
    for name in ("num_experts_per_tok", "moe_topk", "moe_k", "top_k_experts", "moe_top_k"):
        if type(new.get(name)) is int:
            new[name] = max(1, min(new[name], experts))


def _pooled_stages(new: Json, old: Json) -> None:
    """Hierarchical encoders give one head count a stage: each must divide the width of its stage."""
    for heads_name, widths_name in _STAGE_PAIRS:
        heads, widths = new.get(heads_name), new.get(widths_name)
        if not _whole_list(heads) or not _whole_list(widths):
            continue
        if len(heads) == len(widths):
            new[heads_name] = [_divisor(count, width) for count, width in zip(heads, widths, strict=True)]


_STAGE_PAIRS = (
    ("num_attention_heads", "hidden_sizes"),
    ("num_heads", "hidden_sizes"),
    ("num_heads", "embed_dims"),
    ("num_heads", "embed_dim"),
    ("num_attention_heads", "embed_dims"),
    ("num_attention_heads_per_stage", "embed_dim_per_stage"),
)


def _whole_list(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and bool(value) and all(type(item) is int for item in value)


def _divisor(count: int, width: int) -> int:
    return next((heads for heads in range(min(count, width), 0, -1) if width % heads == 0), 1)


def _layers_block(new: Json, old: Json) -> None:
    """Settings that say where something happens among the layers stay inside them."""
    depth, before = _whole(new, "num_hidden_layers"), _whole(old, "num_hidden_layers")
    if depth is None or before is None or depth >= before:
        return
    for name in ("merge_index", "vision_feature_layer", "vision_feature_select_layer"):
        if type(new.get(name)) is int and new[name] >= depth:
            new[name] = depth - 1


def _glm_sections(new: Json, old: Json) -> None:
    """GLM's vision models take sections of 8, 12 and 12 when the configuration names none: too wide for
    a twin.
    """
    rope, width = new.get("rope_parameters"), head_dim(new)
    if (
        not _GLM.match(str(new.get("model_type")))
        or not isinstance(rope, dict)
        or not width
        or not _heads(new)
    ):
        return
    if not rope.get("mrope_section"):
        rope["mrope_section"] = [8, 12, 12]
        _rope_sections(new, old)


_GLM = re.compile(r"glm(4v|46v|_image|ga|_ocr)\w*text|glm_image_text|glm4v_text|glm4v_moe_text")


def _codec_groups(new: Json, old: Json) -> None:
    """Mimi's upsampling is depth-wise: as many groups as the width."""
    if type(old.get("upsample_groups")) is int and old["upsample_groups"] == _width(old):
        new["upsample_groups"] = _width(new)


def _split_heads(new: Json, old: Json) -> None:
    """Where a head is a rotary and a plain part, its width is their sum."""
    for prefix in ("", "swa_"):
        names = [prefix + name for name in ("head_dim", "qk_nope_head_dim", "qk_rope_head_dim")]
        whole, plain, rotary = (old.get(name) for name in names)
        if type(whole) is int and type(plain) is int and type(rotary) is int and whole == plain + rotary:
            new[names[0]] = new[names[1]] + new[names[2]]


def _merge_index(new: Json, old: Json) -> None:
    """SegGPT merges its two images before the first layer whose output it keeps."""
    kept = new.get("intermediate_hidden_state_indices")
    if type(new.get("merge_index")) is int and _whole_list(kept):
        new["merge_index"] = min(new["merge_index"], *kept)


def _timm_backbone(new: Json, old: Json) -> None:
    """Backbones of timm are fixed by their name: the shallowest of the same family, with the same stages."""
    if new.get("model_type") == "timm_backbone" and re.fullmatch(r"resnet\d+", str(new.get("backbone"))):
        new["backbone"] = "resnet10t"


def _timm_tower(new: Json, old: Json) -> None:
    """Towers of timm are fixed by their name; these arguments make them smaller without changing their
    output.
    """
    if "architecture" not in new or "model_args" not in new:
        return
    name = str(new.get("architecture"))
    smaller = {"channel_multiplier": 0.25} if name.startswith("mobilenetv5") else None
    smaller = {"depth": 2} if name.startswith("vit_") else smaller
    if smaller:
        new["model_args"] = {**(new.get("model_args") or {}), **smaller}
