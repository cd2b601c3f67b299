"""Which special tokens a stand-in tokenizer has, at which ids, and what each is for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from alacard_twin.standins import settings
from alacard_twin.standins.asked import Asked, asked
from alacard_twin.standins.families import Family, family
from alacard_twin.standins.layout import Layout

ROLES = ("eos", "bos", "unk", "pad", "cls", "sep", "mask")
"""The roles that tokenizers know, in the order in which ids are given out."""

GENERIC = {
    "eos": "<|endoftext|>",
    "bos": "<|startoftext|>",
    "unk": "<unk>",
    "pad": "<|pad|>",
    "cls": "[CLS]",
    "sep": "[SEP]",
    "mask": "[MASK]",
}
"""Names for roles that neither the class nor the family names."""

MEDIA = {
    "image": "<image>",
    "video": "<video>",
    "audio": "<audio>",
    "vision_start": "<|vision_start|>",
    "vision_end": "<|vision_end|>",
    "boi": "<start_of_image>",
    "eoi": "<end_of_image>",
    "boa": "<start_of_audio>",
    "eoa": "<end_of_audio>",
    "image_start": "<|begin_of_image|>",
    "image_end": "<|end_of_image|>",
    "video_start": "<|begin_of_video|>",
    "video_end": "<|end_of_video|>",
    "audio_bos": "<|audio_bos|>",
    "audio_eos": "<|audio_eos|>",
    "audio_start": "<|audio_start|>",
    "audio_end": "<|audio_end|>",
    "audio_delay": "<|audio_delay|>",
    "image_break": "<image_break>",
    "vision_bos": "<|vision_bos|>",
    "vision_eos": "<|vision_eos|>",
}
"""Tokens that stand for something that is not text: configuration name without suffix, to token."""

NAMED: dict[str, dict[str, str]] = {
    "qwen2_vl": {"image": "<|image_pad|>", "video": "<|video_pad|>"},
    "qwen2_5_vl": {"image": "<|image_pad|>", "video": "<|video_pad|>"},
    "qwen2_audio": {"audio": "<|AUDIO|>", "audio_bos": "<|audio_bos|>", "audio_eos": "<|audio_eos|>"},
    "qwen3_vl": {"image": "<|image_pad|>", "video": "<|video_pad|>"},
    "qwen3_vl_moe": {"image": "<|image_pad|>", "video": "<|video_pad|>"},
    "colqwen2": {"image": "<|image_pad|>", "video": "<|video_pad|>"},
    "qwen2_5_omni": {"image": "<|IMAGE|>", "video": "<|VIDEO|>", "audio": "<|AUDIO|>"},
    "gemma3": {"image": "<image_soft_token>"},
    "gemma3n": {"image": "<image_soft_token>", "audio": "<audio_soft_token>"},
    "shieldgemma2": {"image": "<image_soft_token>"},
    "t5gemma2": {"image": "<image_soft_token>"},
    "internvl": {"image": "<IMG_CONTEXT>"},
    "ovis2": {"image": "<IMG_ATOM>"},
    "pixtral": {"image": "[IMG]"},
    "mistral3": {"image": "[IMG]"},
    "mllama": {"image": "<|image|>"},
    "aya_vision": {"image": "<|IMG_PATCH|>"},
    "cohere2_vision": {"image": "<|IMG_PATCH|>"},
    "janus": {"image": "<image_placeholder>"},
    "deepseek_vl": {"image": "<image_placeholder>"},
    "perception_lm": {"image": "<|image|>", "video": "<|video|>"},
    "llama4": {"image": "<|patch|>", "boi": "<|image_start|>", "eoi": "<|image_end|>"},
    "glm4v": {"image": "<|image|>", "video": "<|video|>"},
    "glm4v_moe": {"image": "<|image|>", "video": "<|video|>"},
    "glm46v": {"image": "<|image|>", "video": "<|video|>"},
}
"""Where a model type's processor expects other names."""

ATTRIBUTES: dict[str, dict[str, str]] = {
    "internvl": {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    },
    "qwen2_5_omni": {
        "image_token": "<|IMAGE|>",
        "audio_token": "<|AUDIO|>",
        "video_token": "<|VIDEO|>",
        "vision_bos_token": "<|vision_bos|>",
        "vision_eos_token": "<|vision_eos|>",
        "audio_bos_token": "<|audio_bos|>",
        "audio_eos_token": "<|audio_eos|>",
    },
    "idefics3": {
        "image_token": "<image>",
        "fake_image_token": "<fake_token_around_image>",
        "global_image_token": "<global-img>",
        "end_of_utterance_token": "<end_of_utterance>",
    },
    "smolvlm": {
        "image_token": "<image>",
        "fake_image_token": "<fake_token_around_image>",
        "global_image_token": "<global-img>",
        "end_of_utterance_token": "<end_of_utterance>",
    },
    "idefics2": {
        "image_token": "<image>",
        "image_boundary_token": "<fake_token_around_image>",
        "end_of_utterance_token": "<end_of_utterance>",
    },
    "llama4": {
        "image_token": "<|image|>",
        "image_start_token": "<|image_start|>",
        "image_end_token": "<|image_end|>",
        "tile_x_token": "<|tile_x_separator|>",
        "tile_y_token": "<|tile_y_separator|>",
    },
    "emu3": {
        "image_token": "<image>",
        "boi_token": "<|image start|>",
        "eoi_token": "<|image end|>",
        "image_wrapper_token": "<|image token|>",
        "eof_token": "<|extra_201|>",
    },
    "janus": {
        "image_token": "<image_placeholder>",
        "boi_token": "<begin_of_image>",
        "eoi_token": "<end_of_image>",
    },
    "deepseek_vl": {"image_token": "<image_placeholder>"},
    "deepseek_vl_hybrid": {"image_token": "<image_placeholder>"},
    "perception_lm": {"image_token": "<|image|>", "video_token": "<|video|>"},
    "cohere2_vision": {
        "boi_token": "<|START_OF_IMG|>",
        "eoi_token": "<|END_OF_IMG|>",
        "image_token": "<|IMG_PATCH|>",
        "img_line_break_token": "<|IMG_LINE_BREAK|>",
    },
    "aya_vision": {"image_token": "<|IMG_PATCH|>", "tile_token": "TILE"},
    "pixtral": {"image_break_token": "[IMG_BREAK]", "image_end_token": "[IMG_END]"},
    "mistral3": {"image_break_token": "[IMG_BREAK]", "image_end_token": "[IMG_END]"},
}
"""Tokens that a processor asks of its tokenizer beyond those with an id in the configuration."""

MARGIN = 4096
"""How far beyond the vocabulary an image token may lie (some models add its row apart)."""


@dataclass
class Specials:
    """What `plan` decided; the tokens themselves are already in the layout."""

    family: Family
    roles: dict[str, str] = field(default_factory=dict)
    """`eos_token` and the like, to token."""
    media: dict[str, str] = field(default_factory=dict)
    """`image_token` and the like, to token: attributes of the tokenizer."""
    extra: list[str] = field(default_factory=list)
    """Further special tokens."""

    def named(self) -> list[str]:
        """All special tokens, each once."""
        return list(dict.fromkeys([*self.roles.values(), *self.media.values(), *self.extra]))


@dataclass(frozen=True)
class Defaults:
    """What a tokenizer class brings by itself."""

    ids: dict[str, int] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)


def size_with_media(config: Any) -> int:
    """The size of the vocabulary, with room for image tokens that lie just behind it."""
    size = settings.vocabulary_size(config)
    media = [number for name, number in _media_ids(config) if size <= number < size + MARGIN]
    return max([size, *(number + 1 for number in media)])


def plan(config: Any, tokenizer_class: str, defaults: Defaults, layout: Layout) -> Specials:
    """Places all special tokens: first what the configuration says, then the family, then the class."""
    model_type = str(getattr(config, "model_type", ""))
    known = family(tokenizer_class, str(getattr(settings.text_part(config), "model_type", "")), layout.size)
    outer = family(tokenizer_class, model_type, layout.size)
    known = outer if outer.ids or outer.roles else known
    specials = Specials(known, roles={**defaults.roles, **known.roles})
    for token, index in known.ids.items():
        if layout.place(token, index):
            specials.extra.append(token)
    _roles(config, specials, layout)
    _media(config, model_type, specials, layout)
    _padding(specials)
    _defaults(defaults, layout)
    for token in specials.named():
        if layout.at(token) is None:
            layout.add(token)
    return specials


def _roles(config: Any, specials: Specials, layout: Layout) -> None:
    fixed: set[str] = set()
    for role in ROLES:
        key, index = f"{role}_token", settings.role_id(config, role)
        if index is None or index >= layout.size:
            continue
        there = layout.tokens.get(index)
        if there is None:
            wanted = specials.roles.get(key)
            there = wanted if wanted and layout.at(wanted) is None else GENERIC[role]
            if not layout.place(there, index):
                there = f"<|{role}|>"
                layout.place(there, index)
        wanted_before = specials.roles.get(key)
        if wanted_before is None and role == "bos" and specials.family.ids:
            continue
        if not (specials.family.roles.get(key) and wanted_before in specials.family.ids):
            specials.roles[key] = there
            fixed.add(key)
    _follow(specials, fixed)


def _follow(specials: Specials, fixed: set[str]) -> None:
    """Keeps roles together that share a token by habit (the RoBERTa family's `<s>` is both bos and cls)."""
    for role, with_role in (("cls_token", "bos_token"), ("sep_token", "eos_token")):
        if role in specials.roles and role not in fixed and with_role in fixed:
            same = specials.roles[role] in ("<s>", "</s>")
            specials.roles[role] = specials.roles[with_role] if same else specials.roles[role]


def _media_ids(config: Any) -> list[tuple[str, int]]:
    found = settings.ids(config, ("_token_id", "_token_index"))
    return [(name, number) for name, number in found if name in MEDIA]


def _media(config: Any, model_type: str, specials: Specials, layout: Layout) -> None:
    wanted = asked(config)
    attributes = ATTRIBUTES.get(model_type, {})
    fixed = {name.removesuffix("_token"): word for name, word in attributes.items()}
    names = {**MEDIA, **_own_names(wanted), **fixed, **NAMED.get(model_type, {})}
    _namesakes(config, wanted, layout)
    for name, index in _media_ids(config):
        token = layout.tokens.get(index, names[name])
        if layout.at(token) not in (None, index):
            token = f"<|{name}|>"
        layout.place(token, index)
        if f"{name}_token" in wanted.objects:
            specials.extra.append(token)
        elif layout.at(token) is not None:
            specials.media[f"{name}_token"] = token
            specials.media |= dict.fromkeys(_other_names(wanted, name), token)
    specials.media |= attributes
    _asked_for(wanted, names, specials)


def _namesakes(config: Any, wanted: Asked, layout: Layout) -> None:
    """Words of the processor that are called as a setting of the configuration: `image_patch_id` is
    `<im_patch>`.
    """
    # `<|im_start|>` begins a turn of a conversation, not a picture.
    words = {_plain(w): w for w in wanted.extra if _is_token(w) and not w.startswith("<|im_")}
    for name, index in settings.ids(config, ("_token_id", "_token_index", "_patch_id")):
        word = words.get(name) or words.get(f"{name}_patch")
        if word and index < layout.size and layout.at(word) is None:
            layout.place(word, index)
    for word, index in (getattr(config, "vocabulary_map", None) or {}).items():
        layout.place(word, index)


def _plain(word: str) -> str:
    """A special token's word without its brackets, with nothing shortened."""
    name = word.strip("<|>[]/")
    return re.sub(r"(^|_)im(?=_)", r"\1image", name)


def _padding(specials: Specials) -> None:
    """Processors of pictures and sounds pad texts and look for their ends: no published one lacks these."""
    if specials.media:
        end = specials.roles.setdefault("eos_token", GENERIC["eos"])
        specials.roles.setdefault("pad_token", end)


def _own_names(wanted: Asked) -> dict[str, str]:
    """The names that the type's processor itself has for its media."""
    return {name: wanted.words[f"{name}_token"] for name in MEDIA if f"{name}_token" in wanted.words}


def _other_names(wanted: Asked, name: str) -> list[str]:
    """What the processor calls the same token of its tokenizer (`context_image_token`)."""
    other = wanted.aliases.get(f"{name}_token", "")
    return [other] if other in wanted.attributes and other.removesuffix("_token") not in MEDIA else []


def _asked_for(wanted: Asked, names: dict[str, str], specials: Specials) -> None:
    """Everything else that the processor asks of its tokenizer, wherever there is room."""
    for attribute, word in wanted.attributes.items():
        stem = attribute.removesuffix("_token")
        specials.media.setdefault(attribute, word or names.get(stem) or f"<|{stem}|>")
    ours = {f"{name}_token" for name in names} & specials.media.keys()
    specials.extra += [word for name, word in wanted.words.items() if name not in ours and _is_token(word)]
    specials.extra += [word for word in wanted.extra if _is_token(word)]


def _is_token(word: str) -> bool:
    """Whether a word is written as special tokens are: in some kind of brackets, without blanks."""
    return len(word) > 2 and not word[0].isalnum() and not word[-1].isalnum() and " " not in word


def _defaults(defaults: Defaults, layout: Layout) -> None:
    """Tokens of the class go to their usual id if it is still free, else to the next free one."""
    late = [token for token, index in defaults.ids.items() if not layout.place(token, index)]
    for token in late:
        if layout.at(token) is None:
            layout.add(token)
