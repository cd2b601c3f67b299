"""Relations that must hold between settings of one configuration object, mended after shrinking.

Each function mends one relation in place and says which library code asks for it. `old` is the object before.
"""

from __future__ import annotations

import math
import re

from alacard_twin import sight
from alacard_twin.measures import divisor, head_dim, heads_of, part_of, whole, whole_list, width_of
from alacard_twin.rules import LAYER_COUNTS, ROPE
from alacard_twin.spec import Json


def mend(new: Json, old: Json) -> None:
    """Mends every known relation."""
    for relation in (
        sight.stage_names,
        _head_divides_width,
        _rope_sections,
        _rotary_dim,
        _mamba_heads,
        _long_rope_factors,
        _experts_exist,
        sight.pooled_stages,
        _layers_block,
        _glm_sections,
        _codec_groups,
        _split_heads,
        sight.merge_index,
        sight.timm_tower,
        sight.timm_backbone,
        _periods,
        sight.compound_scaling,
        sight.feature_layers,
        sight.merged_widths,
        sight.shuffled_width,
        sight.joined_towers,
        sight.gathered_layers,
        sight.points,
        sight.block_widths,
        sight.chained_stages,
        sight.hiera,
        sight.encoder_inputs,
        _heads_per_layer,
        _split_layers,
        _adaptor,
        sight.compound_projection,
        _doubled_filters,
        _axes,
        _wide_attention,
        sight.hooks,
        _rounded_widths,
        _cycles,
    ):
        relation(new, old)


_MAMBA_NAMES = (
    ("mamba_expand", "mamba_n_heads", "mamba_d_head"),
    ("mamba_expand", "mamba_num_heads", "mamba_head_dim"),
    ("expand", "num_heads", "head_dim"),
    ("expand", "mamba_num_heads", "mamba_head_dim"),
)


def _periods(new: Json, old: Json) -> None:
    """Hybrids that name every n-th layer as one of attention or experts (Jamba) keep one of each kind."""
    depth = whole(new, *LAYER_COUNTS)
    for kind in ("attn_layer", "expert_layer"):
        period, offset = new.get(f"{kind}_period"), new.get(f"{kind}_offset")
        if type(period) is int and type(offset) is int and depth is not None and offset >= depth > 1:
            new[f"{kind}_period"], new[f"{kind}_offset"] = depth, depth - 1


def _cycles(new: Json, old: Json) -> None:
    """Stacks that are gone through several times (HRM) count as so many layers: each has a place in the
    cache.
    """
    outer, inner = whole(old, "H_cycles"), whole(old, "L_cycles")
    if outer is not None and inner is not None and "num_layers_per_stack" in old:
        new["num_layers_per_stack"] = min(2, old["num_layers_per_stack"])
        new["num_hidden_layers"] = new["num_layers_per_stack"] * outer * (inner + 1)


def _heads_per_layer(new: Json, old: Json) -> None:
    """No layer has more heads of keys than the model has heads."""
    counts, heads = new.get("num_key_value_heads_per_layer"), heads_of(new)
    if whole_list(counts) and heads:
        new["num_key_value_heads_per_layer"] = [math.gcd(count, heads) for count in counts]


def _split_layers(new: Json, old: Json) -> None:
    """As `_split_heads`, where single layers differ from the whole (Dots 3's sliding ones)."""
    names, layers = ("qk_nope_head_dim", "qk_rope_head_dim"), new.get("per_layer_config")
    before: Json = next(iter(part_of(old, "per_layer_config").values()), {})
    whole, *parts = ({**old, **before}.get(name) for name in ("head_dim", *names))
    if not layers or type(whole) is not int or whole != sum(part or 0 for part in parts):
        return
    for layer in layers.values():
        layer["head_dim"] = sum({**new, **layer}[name] for name in names)


def _adaptor(new: Json, old: Json) -> None:
    """Fun-ASR's adaptor is a quarter as wide inside as the text model."""
    was, wide = part_of(old, "adaptor_config").get("intermediate_size"), width_of(part_of(old, "text_config"))
    if was and was == (wide or 0) // 4:
        new["adaptor_config"]["intermediate_size"] = (width_of(new["text_config"]) or 0) // 4


def _doubled_filters(new: Json, old: Json) -> None:
    """VibeVoice's codec is twice as wide after each of six steps: what counts is the width of the first."""
    if type(new.get("num_filters")) is int and len(new.get("downsampling_ratios") or ()) > 4:
        new["num_filters"] = min(new["num_filters"], 4)


def _axes(new: Json, old: Json) -> None:
    """Reformer's positions are two parts side by side: together as wide as the model."""
    parts, width = new.get("axial_pos_embds_dim"), width_of(new)
    if whole_list(parts) and width and sum(parts) != width:
        first = width * parts[0] // sum(parts)
        new["axial_pos_embds_dim"] = [first, width - first]


def _wide_attention(new: Json, old: Json) -> None:
    """Zamba's attention reads two streams side by side: it is twice as wide as one."""
    wide, width, heads = old.get("attention_hidden_size"), width_of(new), heads_of(new)
    if type(wide) is int and width and heads and wide == 2 * (width_of(old) or 0):
        new |= {"attention_hidden_size": 2 * width, "attention_head_dim": 2 * width // heads}


def _rounded_widths(new: Json, old: Json) -> None:
    """The widths of xLSTM's queries and values are shares of its own, rounded up to 64 in one place and not
    in the other: both agree where the shares are whole.
    """
    shares = [new.get(name) for name in ("qk_dim_factor", "v_dim_factor")]
    known = [share for share in shares if isinstance(share, float) and 0 < share <= 1]
    if len(known) == len(shares) and width_of(new):
        wide = min(width_of(old) or 0, int(64 / min(known)))
        new |= {name: wide for name in ("hidden_size", "embedding_dim") if name in new}


def _head_divides_width(new: Json, old: Json) -> None:
    """Where the heads divide the model's width they must go on doing so (11 heads of 704), even where a
    head's own width is named: some configurations check it.
    """
    heads, width = heads_of(new), width_of(new)
    if not heads or not width or width % heads == 0:
        return
    if whole(new, "head_dim") and (width_of(old) or 0) % (heads_of(old) or 1):
        return
    count = divisor(heads, width)
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
    width = width_of(new)
    for expand, heads, dim in _MAMBA_NAMES:
        ready = (
            width and isinstance(new.get(expand), int | float) and type(new.get(heads)) is int and dim in new
        )
        if not ready or width is None:
            continue
        inner = whole(new, "mamba_d_ssm") or int(new[expand] * width)
        new[heads] = min(4, new[heads])
        new[dim] = inner // new[heads]
        for groups in ("n_groups", "mamba_n_groups"):
            if type(new.get(groups)) is int:
                new[groups] = 1


def _experts_exist(new: Json, old: Json) -> None:
    """A token cannot use more experts than there are, whatever the two settings are called."""
    experts = whole(new, "num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
    if experts is None:
        return
    for name in ("num_experts_per_tok", "moe_topk", "moe_k", "top_k_experts", "moe_top_k"):
        if type(new.get(name)) is int:
            new[name] = max(1, min(new[name], experts))


def _layers_block(new: Json, old: Json) -> None:
    """Settings that say where something happens among the layers stay inside them."""
    depth, before = whole(new, "num_hidden_layers"), whole(old, "num_hidden_layers")
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
        or not heads_of(new)
    ):
        return
    if not rope.get("mrope_section"):
        rope["mrope_section"] = [8, 12, 12]
        _rope_sections(new, old)


_GLM = re.compile(r"glm(4v|46v|_image|ga|_ocr)\w*text|glm_image_text|glm4v_text|glm4v_moe_text")


def _codec_groups(new: Json, old: Json) -> None:
    """Mimi's upsampling is depth-wise: as many groups as the width."""
    if type(old.get("upsample_groups")) is int and old["upsample_groups"] == width_of(old):
        new["upsample_groups"] = width_of(new)


def _split_heads(new: Json, old: Json) -> None:
    """Where a head is a rotary and a plain part, its width is their sum."""
    for prefix in ("", "swa_"):
        names = [prefix + name for name in ("head_dim", "qk_nope_head_dim", "qk_rope_head_dim")]
        whole, plain, rotary = (old.get(name) for name in names)
        if type(whole) is int and type(plain) is int and type(rotary) is int and whole == plain + rotary:
            new[names[0]] = new[names[1]] + new[names[2]]
