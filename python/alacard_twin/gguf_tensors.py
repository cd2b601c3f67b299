"""The tensors of a tiny GGUF model, and weights that say a few words and stop.

The layers hardly change what they are given, so the next token follows from the last one alone: words of one
group lead to words of the next group, and those of the last group to the end token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

WIDTH, HEADS, KV_HEADS, FEED, LAYERS = 64, 4, 2, 128, 2
"""Dimensions of every GGUF twin."""

HEAD_WIDTH = WIDTH // HEADS

GROUPS = 4
"""Words that a generation says before it ends."""

CONSTANT = WIDTH - 1
"""The column that is the same for all tokens, where one is needed."""

ARCHITECTURES = ("llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi3", "mistral3", "smollm3")
"""Architectures whose tensors are known here; all others get those of Llama."""


@dataclass(frozen=True)
class Words:
    """Which tokens are chained."""

    size: int
    groups: list[list[int]]
    end: int


def tensors(architecture: str, words: Words, seed: int) -> dict[str, Any]:
    """All tensors by their names in the format."""
    import numpy

    random = numpy.random.default_rng(seed)
    embedding, output = _tables(words, random, tied=architecture.startswith("gemma"))
    found: dict[str, Any] = {"token_embd.weight": embedding, "output_norm.weight": _norm(architecture, WIDTH)}
    if output is not None:
        found["output.weight"] = output
    for layer in range(LAYERS):
        part = _layer(architecture, random)
        if output is None:
            _step(part, len(words.groups) + 1, first=layer == 0)
        for name, value in part.items():
            found[f"blk.{layer}.{name}"] = value
    return found


def _step(part: dict[str, Any], marks: int, first: bool) -> None:
    """Moves each mark to the next one in the first layer, for models whose output table is the input's.

    The gate reads a column that is the same for all tokens, so the layer is linear in the marks.
    """
    for name in ("attn_output.weight", "ffn_down.weight"):
        part[name] *= 0.0
    for name in ("post_attention_norm.weight", "post_ffw_norm.weight"):
        if name in part:
            part[name] = part[name] * (40.0 if first and "ffw" in name else 0.001)
    if first:
        for name in ("ffn_gate.weight", "ffn_up.weight"):
            part[name] *= 0.0
        part["ffn_gate.weight"][:marks, CONSTANT] = 1.0
        for mark in range(marks):
            part["ffn_up.weight"][mark, mark] = 1.0
            part["ffn_down.weight"][mark + 1, mark] = 40.0
            part["ffn_down.weight"][mark, mark] = -8.0


def _tables(words: Words, random: Any, tied: bool) -> tuple[Any, Any]:
    """Input and output tables: column 0 marks tokens outside the chain, column g those of group g."""
    embedding = random.normal(0, 0.3, (words.size, WIDTH)).astype("float32")
    output = random.normal(0, 0.02, (words.size, WIDTH)).astype("float32")
    marks = len(words.groups) + 1
    embedding[:, :marks] = 0.0
    embedding[:, 0] = 8.0
    output[:, :marks] = 0.0
    for number, group in enumerate(words.groups, start=1):
        embedding[group, 0] = 0.0
        embedding[group, number] = 8.0
        output[group, number - 1] = 4.0 + 0.05 * random.normal(0, 1, len(group))
    output[words.end, marks - 1] = 6.0
    if not tied:
        return embedding, output
    embedding[words.end, 0] = 0.0
    embedding[words.end, marks] = 12.0
    embedding[:, CONSTANT] = 8.0
    return embedding, None


def _norm(architecture: str, width: int) -> Any:
    import numpy

    return numpy.ones(width, dtype="float32")


def _layer(architecture: str, random: Any) -> dict[str, Any]:
    kv = KV_HEADS * HEAD_WIDTH
    shapes = {"attn_output": (WIDTH, WIDTH), "ffn_down": (WIDTH, FEED)}
    if architecture == "phi3":
        shapes |= {"attn_qkv": (WIDTH + 2 * kv, WIDTH), "ffn_up": (2 * FEED, WIDTH)}
    else:
        shapes |= {
            "attn_q": (WIDTH, WIDTH),
            "attn_k": (kv, WIDTH),
            "attn_v": (kv, WIDTH),
            "ffn_gate": (FEED, WIDTH),
            "ffn_up": (FEED, WIDTH),
        }
    found = {
        f"{name}.weight": random.normal(0, 0.01, shape).astype("float32") for name, shape in shapes.items()
    }
    for name in _norms(architecture):
        width = HEAD_WIDTH if name in ("attn_q_norm", "attn_k_norm") else WIDTH
        found[f"{name}.weight"] = _norm(architecture, width)
    if architecture == "qwen2":
        for name, width in (("attn_q", WIDTH), ("attn_k", kv), ("attn_v", kv)):
            found[f"{name}.bias"] = random.normal(0, 0.01, width).astype("float32")
    return found


def _norms(architecture: str) -> list[str]:
    names = ["attn_norm", "ffn_norm"]
    if architecture in ("qwen3", "gemma3"):
        names += ["attn_q_norm", "attn_k_norm"]
    if architecture in ("gemma2", "gemma3"):
        names += ["post_attention_norm", "post_ffw_norm"]
    return names
