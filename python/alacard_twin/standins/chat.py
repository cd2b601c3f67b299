"""Plain chat templates, written here: turns, a system message, images, the prompt for the answer."""

from __future__ import annotations

import re

from alacard_twin.standins.specials import Specials

_CONTENT = """\
{%- macro text_of(content) -%}
{%- if content is string -%}{{ content }}{%- else -%}
{%- for part in content or [] -%}
{%- if part.type == 'text' -%}{{ part.text }}
IMAGE{%- endif -%}
{%- endfor -%}
{%- endif -%}
{%- endmacro -%}
"""

_TURNS = {
    "chatml": ("<|im_start|>", "\n", "<|im_end|>\n", "assistant"),
    "headers": ("<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>", "assistant"),
    "turns": ("<start_of_turn>", "\n", "<end_of_turn>\n", "model"),
}

_CHAT_NAME = re.compile(
    r"instruct|chat|(^|[-_/.])it($|[-_.])|assistant|think|-vl|llava|smolvlm|r1|zephyr|gpt-oss", re.IGNORECASE
)

_CHAT_TYPES = re.compile(
    r"^(qwen|smollm|gemma3|gpt_oss|glm4|deepseek_v3|llava|idefics|smolvlm|internvl|paligemma)"
)


def expects_chat(model_type: str, repo: str, task: str | None) -> bool:
    """Whether people talk to the model in turns, by its task, its name and its type."""
    if task in ("image-text-to-text", "any-to-any", "audio-text-to-text", "conversational"):
        return True
    if task not in (None, "text-generation"):
        return False
    return bool(_CHAT_NAME.search(repo) or _CHAT_TYPES.search(model_type))


def template(specials: Specials) -> str:
    """A chat template in the turns of the family, with places for the media tokens that there are."""
    before, after, end, assistant = _TURNS[specials.family.turns]
    role = (
        "message.role"
        if assistant == "assistant"
        else "('model' if message.role == 'assistant' else message.role)"
    )
    bos = "{{- bos_token -}}\n" if "bos_token" in specials.roles else ""
    return (
        _CONTENT.replace("IMAGE", _media(specials))
        + bos
        + "{%- for message in messages -%}\n"
        + "{{- "
        + _literal(before)
        + " + "
        + role
        + " + "
        + _literal(after)
        + " -}}\n"
        + "{{- text_of(message.content) + "
        + _literal(end)
        + " -}}\n"
        + "{%- endfor -%}\n"
        + "{%- if add_generation_prompt -%}{{- "
        + _literal(before + assistant + after)
        + " -}}{%- endif -%}\n"
    )


def _media(specials: Specials) -> str:
    lines = []
    media = specials.media
    for name in ("image", "video", "audio"):
        token = _prompt_token(media, name)
        if token:
            lines.append("{%- elif part.type.startswith('" + name + "') -%}{{ " + _literal(token) + " }}\n")
    return "".join(lines)


def _prompt_token(media: dict[str, str], name: str) -> str:
    """What a prompt holds for one image (or video, or sound): the token that the processor multiplies."""
    token = media.get(f"{name}_token", "")
    if (
        name == "image"
        and "boi_token" in media
        and "audio_token" not in media
        and token == "<image_soft_token>"
    ):
        return media["boi_token"]
    if token == "<|IMG_PATCH|>":
        return "<image>" if "tile_token" in media else token
    if name == "audio" and "boa_token" in media and token == "<audio_soft_token>":
        return token
    if "<|vision_start|>" in media.values() and name in ("image", "video") and token:
        return "<|vision_start|>" + token + "<|vision_end|>"
    if name == "audio" and media.get("audio_bos_token") and token:
        return media["audio_bos_token"] + token + media.get("audio_eos_token", "")
    return token


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
