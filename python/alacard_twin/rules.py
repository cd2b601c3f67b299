"""What a setting of a configuration means for its size: the tables that `shrink` works from.

Every rule is a pattern over the lower-case name of a setting with the reason it is there. The first rule that
matches decides; a setting that no rule knows is left as it is, which is always safe and at worst too large.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache


class Kind(Enum):
    """What a whole-number setting counts."""

    KEEP = "keep"
    LAYERS = "layers"
    NONE = "none"
    DENSE_FIRST = "dense_first"
    HASH_TABLE = "hash_table"
    EXPERTS = "experts"
    TOP_K = "top_k"
    EXPERT_GROUPS = "expert_groups"
    KV_HEADS = "kv_heads"
    HEADS = "heads"
    HEAD_DIM = "head_dim"
    WIDTH = "width"


@dataclass(frozen=True)
class Rule:
    """A pattern over setting names, what such a setting counts, and why the rule exists."""

    pattern: re.Pattern[str]
    kind: Kind
    reason: str


def _rule(pattern: str, kind: Kind, reason: str) -> Rule:
    return Rule(re.compile(pattern), kind, reason)


RULES: tuple[Rule, ...] = (
    _rule(
        r"window|nextn|dense_replace|out_|query|max_|num_hidden_groups|feat_extract|conv_layers|conv_depth"
        r"|adapter_layers|downsampl.*layers|num_feature_levels|num_stages",
        Kind.KEEP,
        "names that look like a number of layers but count something that the input or the wiring fixes",
    ),
    _rule(
        r"kv_shared_layers", Kind.NONE, "layers that reuse the cache of a layer which the twin no longer has"
    ),
    _rule(
        r"^first_k_dense_replace$", Kind.DENSE_FIRST, "one dense layer is enough to show both kinds of layer"
    ),
    _rule(r"hash_\w*vocab", Kind.HASH_TABLE, "tables of hashed byte groups: no tokenizer sees their size"),
    _rule(
        r"(^|_)(n_?layers?|layers?|num_layers|num_hidden_layers|n_layer|num_blocks|blocks|depth|n_blocks)$",
        Kind.LAYERS,
        "repeated layers: two show everything that many show",
    ),
    _rule(
        r"^(moe_)?(num|n)_(local_|routed_)?experts$|^moe_num_experts$",
        Kind.EXPERTS,
        "routed experts: four are enough for a router to have a choice",
    ),
    _rule(
        r"experts_per_tok|^moe_k$|^moe_topk$|^top_k_experts$|num_selected_experts|moe_top_k|^experts_top_k$",
        Kind.TOP_K,
        "experts a token uses: never more than there are",
    ),
    _rule(
        r"^(n_group|topk_group|num_expert_groups?)$",
        Kind.EXPERT_GROUPS,
        "four experts fit into one group only",
    ),
    _rule(
        r"key_value_heads?$|kv_heads|num_kv|query_groups|multi_query_group_num|n_head_kv",
        Kind.KV_HEADS,
        "heads of keys and values must divide the heads of queries",
    ),
    _rule(
        r"(head_dim|head_size|d_kv|kv_channels|attention_head_dim)$|^d_head$|head_width",
        Kind.HEAD_DIM,
        "the width of a head; 16 is the smallest that rotary embeddings of every kind can halve",
    ),
    _rule(r"(^|_)(n_?heads?|heads?|num_attention_heads|n_head)$|_heads$", Kind.HEADS, "attention heads"),
    _rule(
        r"vocab|position|image|patch|window|kernel|stride|token_id|_ids$|_index|num_labels|num_channels$"
        r"|in_channels|in_chans|mel|sampling|rate|max_|min_|num_frames|tubelet|feature_size|input_feat"
        r"|projection_input_dim"
        r"|context_length|prediction_length|spatial_merge|temporal|num_queries|codebook_size|bins|n_fft|hop"
        r"|scale|factor|theta|state_dim|act_dim|act_vocab|num_buckets|relative|pretraining_tp|bits|n_codes"
        r"|seq_len|levels|points|coord|resolution|num_image_tokens|query_tokens|num_latents|memory_size"
        r"|num_special|block_size|audio_channels|input_channels|visual_feat|chunk_size|crop_size|frames_per",
        Kind.KEEP,
        "what the tokenizer, the processor, the labels or the user can see, "
        "and what fixes how inputs are cut",
    ),
    _rule(
        r"hidden_size|hidden_dim|d_model|n_embd|embed_dim|embedding_size|embedding_dim|ffn_dim|intermediate|d_ff"
        r"|mlp_dim|n_inner|d_inner|(^|_)dim$|_dims?$|_size$|_channels$|(^|_)width$|lora_rank|ssm_state|inner"
        r"|attention_size|_features$|^d_[a-z]+$|hidden_channels|initial_channel$|embed_size|dimension",
        Kind.WIDTH,
        "widths of layers: nothing outside the model can see them",
    ),
)

DEPTH_LIST = re.compile(
    r"^(depths|layer_depths|encoder_depths|layers|num_blocks|num_hidden_blocks|blocks|blocks_per_stage"
    r"|stage_num_blocks)$|depths|num_layers|_layers$|layers_per|block_depth"
)
"""Lists that say how many blocks each stage of a backbone has."""

NOT_DEPTH_LIST = re.compile(
    r"out|interaction|attn_layers|extract|idx|ind|deepstack|global|fpn|hidden_layers_to"
)
"""Lists of layer numbers, which look like lists of depths."""

LAYER_NUMBERS = re.compile(
    r"indices|indexes|idxs|layer_ids|layers_to|_idx$|attn_layers|layers_block|_index$|_layers_ids$|layer_idx"
)
"""Lists whose members are numbers of layers: those beyond the last layer go."""

WIDTH_LIST = re.compile(
    r"hidden_sizes|embed_dims?|channels|out_features_dims|widths|dims|neck_hidden|encoder_hidden|conv_dim"
    r"|filters|encoder_embed|sizes$|hidden_dim"
)
"""Lists of widths, one a stage: divided by one number so that their ratios stay."""

OPAQUE = frozenset(
    {"id2label", "label2id", "aggregation_labels", "task_specific_params", "quantization_config", "auto_map"}
)
"""Objects that are no configurations, though their keys may be numbers."""

ROPE = ("rope_scaling", "rope_parameters")
"""Objects with the settings of rotary embeddings: `relations` mends them once the widths are known."""

LAYER_COUNTS = ("num_hidden_layers", "n_layer", "num_layers", "n_layers", "depth")
"""The names of the one number of layers that per-layer lists agree with."""

HIDDEN_SIZES = ("hidden_size", "d_model", "n_embd", "embed_dim", "dim", "hidden_dim")
"""The names of the width of the residual stream."""


@lru_cache(maxsize=4096)
def kind_of(name: str) -> Kind | None:
    """What a whole-number setting of this name counts; None when no rule knows."""
    lower = name.lower()
    for rule in RULES:
        if rule.pattern.search(lower):
            if rule.kind is Kind.KEEP and rule is RULES[0] and not _looks_like_layers(lower):
                continue
            return rule.kind
    return None


def _looks_like_layers(name: str) -> bool:
    return any(rule.kind is Kind.LAYERS and rule.pattern.search(name) for rule in RULES)
