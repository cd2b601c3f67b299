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
        _merged_widths,
        _shuffled_width,
        _joined_towers,
        _gathered_layers,
        _points,
        _block_widths,
        _chained_stages,
        _hiera,
        _encoder_inputs,
        _heads_per_layer,
        _split_layers,
        _adaptor,
        _compound_projection,
        _doubled_filters,
        _axes,
        _wide_attention,
        _hooks,
        _rounded_widths,
        _cycles,
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


def _cycles(new: Json, old: Json) -> None:
    """Stacks that are gone through several times (HRM) count as so many layers: each has a place in the
    cache.
    """
    outer, inner = _whole(old, "H_cycles"), _whole(old, "L_cycles")
    if outer is not None and inner is not None and "num_layers_per_stack" in old:
        new["num_layers_per_stack"] = min(2, old["num_layers_per_stack"])
        new["num_hidden_layers"] = new["num_layers_per_stack"] * outer * (inner + 1)


def _compound_scaling(new: Json, old: Json) -> None:
    """EfficientNet's widths are those of its smallest member times a coefficient: only that one shrinks."""
    if type(old.get("width_coefficient")) is not float or "hidden_dim" not in old:
        return
    new |= {name: old[name] for name in ("in_channels", "out_channels") if name in old}
    new |= {"width_coefficient": 0.25, "depth_coefficient": 0.25, "hidden_dim": 320}


def _feature_layers(new: Json, old: Json) -> None:
    """Layers of the part that sees whose output the text reads (LLaVA): those that are there."""
    vision = new.get("vision_config")
    depth = _whole(vision, *LAYER_COUNTS) if isinstance(vision, dict) else None
    for holder in (new, new.get("adapter_config"), new.get("text_config")):
        layers = holder.get("vision_feature_layer") if isinstance(holder, dict) else None
        if depth is None or not isinstance(holder, dict):
            continue
        if isinstance(layers, list) and all(type(layer) is int for layer in layers):
            holder["vision_feature_layer"] = [_existing(layer, depth) for layer in layers]


def _existing(layer: int, depth: int) -> int:
    """The layer, or the last that there is; counted from the end where it is negative."""
    return max(-depth, min(depth - 1 if depth > 1 else depth, layer))


_MERGES = ("merge_size", "spatial_merge_size", "pixel_shuffle_factor")


def _merged_widths(new: Json, old: Json) -> None:
    """What sees hands over squares of patches side by side: as wide as so many patches together."""
    before, after = old.get("vision_config"), new.get("vision_config")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return
    merge, width = _whole(before, *_MERGES), _width(before)
    for name in ("out_hidden_size", "projector_input_size", "projector_hidden_size"):
        if merge and width and old.get(name) == width * merge**2:
            new[name] = (_width(after) or width) * merge**2


def _shuffled_width(new: Json, old: Json) -> None:
    """Llama 4 puts the pixels of a square side by side: what follows is as wide as the square."""
    ratio, width = new.get("pixel_shuffle_ratio"), _width(new)
    if isinstance(ratio, float) and 0 < ratio <= 1 and width and "projector_input_dim" in new:
        new["intermediate_size"] = int(width / ratio**2)


def _joined_towers(new: Json, old: Json) -> None:
    """DeepSeek's readers of pages give what SAM sees to a second encoder, which must be as wide."""
    sam, encoder = _inside(new, "sam_config"), _inside(new, "encoder_config")
    channels, width = sam.get("downsample_channels"), _width(encoder)
    before = _inside(old, "sam_config").get("downsample_channels") or [None]
    if (
        isinstance(channels, list)
        and channels
        and width
        and before[-1] == _width(_inside(old, "encoder_config"))
    ):
        sam["downsample_channels"] = [*channels[:-1], width]


def _inside(config: Json, name: str) -> Json:
    """A configuration inside another; an empty one where there is none."""
    part = config.get(name)
    return part if isinstance(part, dict) else {}


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


def _inner(config: Json, name: str) -> Json:
    """A configuration inside another; an empty one where there is none."""
    part = config.get(name)
    return part if isinstance(part, dict) else {}


def _block_widths(new: Json, old: Json) -> None:
    """Where every block is given by numbers of its own, the widths of stages stay those of their blocks."""
    if new.get("block_configs"):
        new |= {name: old[name] for name in ("stage_out_channels", "stem_channels") if name in old}
    widths = _inner(new, "backbone_config").get("stage_out_channels")
    if "layer_list_out_channels" in new and isinstance(widths, list):
        new["layer_list_out_channels"] = widths


def _chained_stages(new: Json, old: Json) -> None:
    """What goes into a stage is what came out of the one before, and out of the stem at first (HGNet)."""
    outs, stem = new.get("stage_out_channels"), new.get("stem_channels")
    if not (_whole_list(outs) and _whole_list(stem) and _whole_list(new.get("stage_in_channels"))):
        return
    new["stage_in_channels"] = [stem[-1], *outs[:-1]]
    widths = dict(zip(old["stage_out_channels"], outs, strict=True))
    if _whole_list(old.get("hidden_sizes")):
        new["hidden_sizes"] = [widths.get(width, width) for width in old["hidden_sizes"]]


def _hiera(new: Json, old: Json) -> None:
    """Hiera begins as wide as its first stage; SAM 2's neck takes its stages from the last to the first."""
    widths = new.get("embed_dim_per_stage")
    if _whole_list(widths) and _width(old) == old["embed_dim_per_stage"][0]:
        new["hidden_size"] = widths[0]
    inner, before = (_inner(config, "backbone_config").get("embed_dim_per_stage") for config in (new, old))
    if _whole_list(inner) and _whole_list(before) and old.get("backbone_channel_list") == before[::-1]:
        new["backbone_channel_list"] = inner[::-1]


def _encoder_inputs(new: Json, old: Json) -> None:
    """A detector's encoder takes the last stages of its backbone, and its decoder what the encoder makes."""
    if set(old.get("decoder_in_channels") or ()) == {old.get("encoder_hidden_dim")}:
        new["decoder_in_channels"] = [new["encoder_hidden_dim"]] * len(old["decoder_in_channels"])
    taken, backbones = (
        old.get("encoder_in_channels"),
        [_inner(part, "backbone_config") for part in (old, new)],
    )
    if not _whole_list(taken):
        return
    for name in ("stage_out_channels", "hidden_sizes"):
        was, now = (part.get(name) for part in backbones)
        if _whole_list(was) and _whole_list(now) and set(taken) <= set(was):
            widths = dict(zip(was, now, strict=True))
            new["encoder_in_channels"] = [widths[width] for width in taken]
            if "x4_feat_dim" in new:  # PP-DocLayout's masks are drawn from the first stage
                new["x4_feat_dim"] = widths.get(old["x4_feat_dim"], new["x4_feat_dim"])
            return


def _heads_per_layer(new: Json, old: Json) -> None:
    """No layer has more heads of keys than the model has heads."""
    counts, heads = new.get("num_key_value_heads_per_layer"), _heads(new)
    if _whole_list(counts) and heads:
        new["num_key_value_heads_per_layer"] = [math.gcd(count, heads) for count in counts]


def _split_layers(new: Json, old: Json) -> None:
    """As `_split_heads`, where single layers differ from the whole (Dots 3's sliding ones)."""
    names, layers = ("qk_nope_head_dim", "qk_rope_head_dim"), new.get("per_layer_config")
    before: Json = next(iter(_inner(old, "per_layer_config").values()), {})
    whole, *parts = ({**old, **before}.get(name) for name in ("head_dim", *names))
    if not layers or type(whole) is not int or whole != sum(part or 0 for part in parts):
        return
    for layer in layers.values():
        layer["head_dim"] = sum({**new, **layer}[name] for name in names)


def _adaptor(new: Json, old: Json) -> None:
    """Fun-ASR's adaptor is a quarter as wide inside as the text model."""
    was, wide = _inner(old, "adaptor_config").get("intermediate_size"), _width(_inner(old, "text_config"))
    if was and was == (wide or 0) // 4:
        new["adaptor_config"]["intermediate_size"] = (_width(new["text_config"]) or 0) // 4


def _compound_projection(new: Json, old: Json) -> None:
    """ALIGN compares its text with the picture's features as they are: a quarter of the last width."""
    vision = new.get("vision_config")
    if (
        isinstance(vision, dict)
        and "projection_dim" in new
        and type(vision.get("width_coefficient")) is float
    ):
        new["projection_dim"] = int(vision["hidden_dim"] * vision["width_coefficient"])


def _doubled_filters(new: Json, old: Json) -> None:
    """VibeVoice's codec is twice as wide after each of six steps: what counts is the width of the first."""
    if type(new.get("num_filters")) is int and len(new.get("downsampling_ratios") or ()) > 4:
        new["num_filters"] = min(new["num_filters"], 4)


def _axes(new: Json, old: Json) -> None:
    """Reformer's positions are two parts side by side: together as wide as the model."""
    parts, width = new.get("axial_pos_embds_dim"), _width(new)
    if _whole_list(parts) and width and sum(parts) != width:
        first = width * parts[0] // sum(parts)
        new["axial_pos_embds_dim"] = [first, width - first]


def _wide_attention(new: Json, old: Json) -> None:
    """Zamba's attention reads two streams side by side: it is twice as wide as one."""
    wide, width, heads = old.get("attention_hidden_size"), _width(new), _heads(new)
    if type(wide) is int and width and heads and wide == 2 * (_width(old) or 0):
        new |= {"attention_hidden_size": 2 * width, "attention_head_dim": 2 * width // heads}


def _hooks(new: Json, old: Json) -> None:
    """DepthPro reads layers of its patch encoder, those that are there; and what joins its pictures of
    several sizes, half a million places each, is as narrow as it can be.
    """
    hooks, depth = (
        new.get("intermediate_hook_ids"),
        _whole(_inner(new, "patch_model_config"), *LAYER_COUNTS),
    )
    if _whole_list(hooks) and depth:
        new["intermediate_hook_ids"] = [min(number, depth - 1) for number in hooks]
    narrow = new.get("fusion_hidden_size")
    if "scaled_images_feature_dims" in new and type(narrow) is int and narrow <= _NARROWED:
        new["fusion_hidden_size"] = _JOINED
        for name in ("scaled_images_feature_dims", "intermediate_feature_dims"):
            new[name] = [min(size, _JOINED) for size in new[name]]


_NARROWED, _JOINED = 64, 16
"""The width of a twin that was made narrow, and that of what joins DepthPro's pictures in it."""


def _rounded_widths(new: Json, old: Json) -> None:
    """The widths of xLSTM's queries and values are shares of its own, rounded up to 64 in one place and not
    in the other: both agree where the shares are whole.
    """
    shares = [new.get(name) for name in ("qk_dim_factor", "v_dim_factor")]
    known = [share for share in shares if isinstance(share, float) and 0 < share <= 1]
    if len(known) == len(shares) and _width(new):
        wide = min(_width(old) or 0, int(64 / min(known)))
        new |= {name: wide for name in ("hidden_size", "embedding_dim") if name in new}


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
    smaller: Json | None = {"channel_multiplier": 0.25} if name.startswith("mobilenetv5") else None
    smaller = {"depth": 2} if name.startswith("vit_") else smaller
    if name.startswith("fastvit_mci") and _width(new):
        # The last of its five stages is doubled once more before it leaves the tower.
        smaller = {"layers": [1] * 5, "embed_dims": [(_width(new) or 0) // 2] * 5}
    if name.startswith("mobilenetv5") and "hidden_size" in old:
        new["hidden_size"] = old["hidden_size"]
    if smaller:
        new["model_args"] = {**(new.get("model_args") or {}), **smaller}
