"""Special tokens of well-known vocabularies: names and ids that people meet in code and templates."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Family:
    """Named tokens of one vocabulary."""

    ids: dict[str, int]
    """Token to id in the published vocabulary."""
    roles: dict[str, str] = field(default_factory=dict)
    """`eos_token` and the like, to token."""
    turns: str = "chatml"
    """How its chat template marks turns: `chatml`, `headers` or `turns`."""
    smallest: int = 0
    """The smallest vocabulary that can be of this family."""
    metaspace: bool = False
    """Spaces are written as ▁ and unknown characters as bytes (for models that name no tokenizer class)."""


QWEN = Family(
    ids={
        "<|endoftext|>": 151643,
        "<|im_start|>": 151644,
        "<|im_end|>": 151645,
        "<|object_ref_start|>": 151646,
        "<|object_ref_end|>": 151647,
        "<|box_start|>": 151648,
        "<|box_end|>": 151649,
        "<|quad_start|>": 151650,
        "<|quad_end|>": 151651,
        "<|vision_start|>": 151652,
        "<|vision_end|>": 151653,
        "<|vision_pad|>": 151654,
        "<|image_pad|>": 151655,
        "<|video_pad|>": 151656,
    },
    roles={"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
    smallest=151657,
)

LLAMA3 = Family(
    ids={
        "<|begin_of_text|>": 128000,
        "<|end_of_text|>": 128001,
        "<|finetune_right_pad_id|>": 128004,
        "<|start_header_id|>": 128006,
        "<|end_header_id|>": 128007,
        "<|eom_id|>": 128008,
        "<|eot_id|>": 128009,
        "<|python_tag|>": 128010,
    },
    roles={"bos_token": "<|begin_of_text|>", "eos_token": "<|end_of_text|>"},
    turns="headers",
    smallest=128011,
)

LLAMA2 = Family(
    ids={"<unk>": 0, "<s>": 1, "</s>": 2},
    roles={"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"},
    metaspace=True,
)

PHI3 = Family(
    ids={
        "<unk>": 0,
        "<s>": 1,
        "</s>": 2,
        "<|endoftext|>": 32000,
        "<|assistant|>": 32001,
        "<|system|>": 32006,
        "<|end|>": 32007,
        "<|user|>": 32010,
    },
    roles={
        "unk_token": "<unk>",
        "bos_token": "<s>",
        "eos_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
    },
    metaspace=True,
)

GEMMA2 = Family(
    ids={
        "<pad>": 0,
        "<eos>": 1,
        "<bos>": 2,
        "<unk>": 3,
        "<mask>": 4,
        "<start_of_turn>": 106,
        "<end_of_turn>": 107,
    },
    turns="turns",
)

GEMMA3 = Family(
    ids={
        "<pad>": 0,
        "<eos>": 1,
        "<bos>": 2,
        "<unk>": 3,
        "<mask>": 4,
        "<start_of_turn>": 105,
        "<end_of_turn>": 106,
    },
    turns="turns",
)

BERT = Family(ids={"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103}, smallest=2000)

MODERNBERT = Family(
    ids={"[UNK]": 50280, "[CLS]": 50281, "[SEP]": 50282, "[PAD]": 50283, "[MASK]": 50284},
    roles={
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "pad_token": "[PAD]",
        "mask_token": "[MASK]",
    },
    smallest=50285,
)

MASKED = Family(
    ids={},
    roles={
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "pad_token": "[PAD]",
        "mask_token": "[MASK]",
    },
)

PLAIN = Family(ids={})

_BY_CLASS = {
    "Qwen2Tokenizer": QWEN,
    "Qwen3_5Tokenizer": QWEN,
    "Qwen2TokenizerFast": QWEN,
    "BertTokenizer": BERT,
    "LayoutLMv2Tokenizer": BERT,
    "DPRQuestionEncoderTokenizer": BERT,
    "LxmertTokenizer": BERT,
    "MobileBertTokenizer": BERT,
    "SplinterTokenizer": BERT,
    "LlamaTokenizer": LLAMA2,
}

_BY_TYPE = {
    "llama": LLAMA3,
    "llama4": LLAMA3,
    "llama4_text": LLAMA3,
    "mllama": LLAMA3,
    "mllama_text_model": LLAMA3,
    "mistral": LLAMA2,
    "mixtral": LLAMA2,
    "ministral": LLAMA2,
    "llava": LLAMA2,
    "vipllava": LLAMA2,
    "llava_next": LLAMA2,
    "phi3": PHI3,
    "phimoe": PHI3,
    "phi3_v": PHI3,
    "gemma": GEMMA2,
    "gemma2": GEMMA2,
    "paligemma": GEMMA2,
    "recurrent_gemma": GEMMA2,
    "gemma3": GEMMA3,
    "gemma3_text": GEMMA3,
    "gemma3n": GEMMA3,
    "gemma3n_text": GEMMA3,
    "t5gemma": GEMMA2,
    "modernbert": MODERNBERT,
    "ettin": MODERNBERT,
    "nystromformer": MASKED,
    "smolvlm": PLAIN,
    "idefics3": LLAMA3,
}


def family(tokenizer_class: str, model_type: str, size: int) -> Family:
    """The known vocabulary of a model type or tokenizer class; `PLAIN` when there is none of that size."""
    for found in (_BY_TYPE.get(model_type), _BY_CLASS.get(tokenizer_class)):
        if found is not None and size >= found.smallest:
            return found
    if model_type in ("llama", "llava", "idefics2", "fuyu"):
        return LLAMA2
    return MASKED if model_type == "modernbert" else PLAIN
