"""Relations between the settings of what sees: backbones, their stages, towers, and what reads them.

As in `relations`: each function mends one, in place; `old` is the object before.
"""

from __future__ import annotations

import re

from alacard_twin.measures import divisor, part_of, whole, whole_list, width_of
from alacard_twin.rules import LAYER_COUNTS
from alacard_twin.spec import Json


def compound_scaling(new: Json, old: Json) -> None:
    """EfficientNet's widths are those of its smallest member times a coefficient: only that one shrinks."""
    if type(old.get("width_coefficient")) is not float or "hidden_dim" not in old:
        return
    new |= {name: old[name] for name in ("in_channels", "out_channels") if name in old}
    new |= {"width_coefficient": 0.25, "depth_coefficient": 0.25, "hidden_dim": 320}


def feature_layers(new: Json, old: Json) -> None:
    """Layers of the part that sees whose output the text reads (LLaVA): those that are there."""
    vision = new.get("vision_config")
    depth = whole(vision, *LAYER_COUNTS) if isinstance(vision, dict) else None
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


def merged_widths(new: Json, old: Json) -> None:
    """What sees hands over squares of patches side by side: as wide as so many patches together."""
    before, after = old.get("vision_config"), new.get("vision_config")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return
    merge, width = whole(before, *_MERGES), width_of(before)
    for name in ("out_hidden_size", "projector_input_size", "projector_hidden_size"):
        if merge and width and old.get(name) == width * merge**2:
            new[name] = (width_of(after) or width) * merge**2


def shuffled_width(new: Json, old: Json) -> None:
    """Llama 4 puts the pixels of a square side by side: what follows is as wide as the square."""
    ratio, width = new.get("pixel_shuffle_ratio"), width_of(new)
    if isinstance(ratio, float) and 0 < ratio <= 1 and width and "projector_input_dim" in new:
        new["intermediate_size"] = int(width / ratio**2)


def joined_towers(new: Json, old: Json) -> None:
    """DeepSeek's readers of pages give what SAM sees to a second encoder, which must be as wide."""
    sam, encoder = part_of(new, "sam_config"), part_of(new, "encoder_config")
    channels, width = sam.get("downsample_channels"), width_of(encoder)
    before = part_of(old, "sam_config").get("downsample_channels") or [None]
    if (
        isinstance(channels, list)
        and channels
        and width
        and before[-1] == width_of(part_of(old, "encoder_config"))
    ):
        sam["downsample_channels"] = [*channels[:-1], width]


def gathered_layers(new: Json, old: Json) -> None:
    """Mllama's pictures are the last layer's output and that of some before it, side by side."""
    layers, width = new.get("intermediate_layers_indices"), width_of(new)
    if "vision_output_dim" in new and isinstance(layers, list) and width:
        new["vision_output_dim"] = width * (1 + len(layers))


def points(new: Json, old: Json) -> None:
    """SAM writes a point as sines and cosines of so many frequencies: together the prompt's width."""
    vision, prompt = new.get("vision_config"), new.get("prompt_encoder_config")
    if isinstance(vision, dict) and isinstance(prompt, dict) and "num_pos_feats" in vision:
        width = width_of(prompt)
        vision["num_pos_feats"] = width // 2 if width else vision["num_pos_feats"]


def block_widths(new: Json, old: Json) -> None:
    """Where every block is given by numbers of its own, the widths of stages stay those of their blocks."""
    if new.get("block_configs"):
        new |= {name: old[name] for name in ("stage_out_channels", "stem_channels") if name in old}
    widths = part_of(new, "backbone_config").get("stage_out_channels")
    if "layer_list_out_channels" in new and isinstance(widths, list):
        new["layer_list_out_channels"] = widths


def chained_stages(new: Json, old: Json) -> None:
    """What goes into a stage is what came out of the one before, and out of the stem at first (HGNet)."""
    outs, stem = new.get("stage_out_channels"), new.get("stem_channels")
    if not (whole_list(outs) and whole_list(stem) and whole_list(new.get("stage_in_channels"))):
        return
    new["stage_in_channels"] = [stem[-1], *outs[:-1]]
    widths = dict(zip(old["stage_out_channels"], outs, strict=True))
    if whole_list(old.get("hidden_sizes")):
        new["hidden_sizes"] = [widths.get(width, width) for width in old["hidden_sizes"]]


def hiera(new: Json, old: Json) -> None:
    """Hiera begins as wide as its first stage; SAM 2's neck takes its stages from the last to the first."""
    widths = new.get("embed_dim_per_stage")
    if whole_list(widths) and width_of(old) == old["embed_dim_per_stage"][0]:
        new["hidden_size"] = widths[0]
    inner, before = (part_of(config, "backbone_config").get("embed_dim_per_stage") for config in (new, old))
    if whole_list(inner) and whole_list(before) and old.get("backbone_channel_list") == before[::-1]:
        new["backbone_channel_list"] = inner[::-1]


def encoder_inputs(new: Json, old: Json) -> None:
    """A detector's encoder takes the last stages of its backbone, and its decoder what the encoder makes."""
    if set(old.get("decoder_in_channels") or ()) == {old.get("encoder_hidden_dim")}:
        new["decoder_in_channels"] = [new["encoder_hidden_dim"]] * len(old["decoder_in_channels"])
    taken, backbones = (
        old.get("encoder_in_channels"),
        [part_of(part, "backbone_config") for part in (old, new)],
    )
    if not whole_list(taken):
        return
    for name in ("stage_out_channels", "hidden_sizes"):
        was, now = (part.get(name) for part in backbones)
        if whole_list(was) and whole_list(now) and set(taken) <= set(was):
            widths = dict(zip(was, now, strict=True))
            new["encoder_in_channels"] = [widths[width] for width in taken]
            if "x4_feat_dim" in new:  # PP-DocLayout's masks are drawn from the first stage
                new["x4_feat_dim"] = widths.get(old["x4_feat_dim"], new["x4_feat_dim"])
            return


def compound_projection(new: Json, old: Json) -> None:
    """ALIGN compares its text with the picture's features as they are: a quarter of the last width."""
    vision = new.get("vision_config")
    if (
        isinstance(vision, dict)
        and "projection_dim" in new
        and type(vision.get("width_coefficient")) is float
    ):
        new["projection_dim"] = int(vision["hidden_dim"] * vision["width_coefficient"])


def hooks(new: Json, old: Json) -> None:
    """DepthPro reads layers of its patch encoder, those that are there; and what joins its pictures of
    several sizes, half a million places each, is as narrow as it can be.
    """
    hooks, depth = (
        new.get("intermediate_hook_ids"),
        whole(part_of(new, "patch_model_config"), *LAYER_COUNTS),
    )
    if whole_list(hooks) and depth:
        new["intermediate_hook_ids"] = [min(number, depth - 1) for number in hooks]
    narrow = new.get("fusion_hidden_size")
    if "scaled_images_feature_dims" in new and type(narrow) is int and narrow <= _NARROWED:
        new["fusion_hidden_size"] = _JOINED
        for name in ("scaled_images_feature_dims", "intermediate_feature_dims"):
            new[name] = [min(size, _JOINED) for size in new[name]]


_NARROWED, _JOINED = 64, 16
"""The width of a twin that was made narrow, and that of what joins DepthPro's pictures in it."""


def stage_names(new: Json, old: Json) -> None:
    """Plain backbones name one stage a layer in `out_features`: keep as many layers as there are outputs."""
    names, depth = old.get("stage_names"), whole(old, "num_hidden_layers", "depth")
    if not isinstance(names, list) or depth is None or len(names) != depth + 1:
        return
    outputs = old.get("out_features") or old.get("out_indices") or [0]
    count = whole(new, "num_hidden_layers", "depth") or 1
    count = min(depth, max(count, len(outputs)))
    new.pop("stage_names", None)
    new.pop("out_indices", None)
    for name in ("num_hidden_layers", "depth"):
        if type(old.get(name)) is int:
            new[name] = count
    new["out_features"] = [f"stage{number}" for number in range(count - len(outputs) + 1, count + 1)]


def pooled_stages(new: Json, old: Json) -> None:
    """Hierarchical encoders give one head count a stage: each must divide the width of its stage."""
    for heads_name, widths_name in _STAGE_PAIRS:
        heads, widths = new.get(heads_name), new.get(widths_name)
        if not whole_list(heads) or not whole_list(widths):
            continue
        if len(heads) == len(widths):
            new[heads_name] = [divisor(count, width) for count, width in zip(heads, widths, strict=True)]


_STAGE_PAIRS = (
    ("num_attention_heads", "hidden_sizes"),
    ("num_heads", "hidden_sizes"),
    ("num_heads", "embed_dims"),
    ("num_heads", "embed_dim"),
    ("num_attention_heads", "embed_dims"),
    ("num_attention_heads_per_stage", "embed_dim_per_stage"),
)


def merge_index(new: Json, old: Json) -> None:
    """SegGPT merges its two images before the first layer whose output it keeps."""
    kept = new.get("intermediate_hidden_state_indices")
    if type(new.get("merge_index")) is int and whole_list(kept):
        new["merge_index"] = min(new["merge_index"], *kept)


def timm_backbone(new: Json, old: Json) -> None:
    """Backbones of timm are fixed by their name: the shallowest of the same family, with the same stages."""
    if new.get("model_type") == "timm_backbone" and re.fullmatch(r"resnet\d+", str(new.get("backbone"))):
        new["backbone"] = "resnet10t"


def timm_tower(new: Json, old: Json) -> None:
    """Towers of timm are fixed by their name; these arguments make them smaller without changing their
    output.
    """
    if "architecture" not in new or "model_args" not in new:
        return
    name = str(new.get("architecture"))
    smaller: Json | None = {"channel_multiplier": 0.25} if name.startswith("mobilenetv5") else None
    smaller = {"depth": 2} if name.startswith("vit_") else smaller
    if name.startswith("fastvit_mci") and width_of(new):
        # The last of its five stages is doubled once more before it leaves the tower.
        smaller = {"layers": [1] * 5, "embed_dims": [(width_of(new) or 0) // 2] * 5}
    if name.startswith("mobilenetv5") and "hidden_size" in old:
        new["hidden_size"] = old["hidden_size"]
    if smaller:
        new["model_args"] = {**(new.get("model_args") or {}), **smaller}
