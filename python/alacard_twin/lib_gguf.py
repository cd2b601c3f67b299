"""Twins for GGUF: one tiny file of the right architecture, under every name that the repo has."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

from alacard_twin import files, gguf_tensors
from alacard_twin.gguf_tensors import ARCHITECTURES, Words
from alacard_twin.spec import Json, TwinError, TwinReport, TwinSpec
from alacard_twin.standins import chat, pieces
from alacard_twin.standins.families import GEMMA3, LLAMA2, PLAIN, QWEN, Family
from alacard_twin.standins.layout import Layout
from alacard_twin.standins.specials import Specials
from alacard_twin.standins.words import words

VOCABULARY = 1500
"""Tokens of a GGUF twin: enough for the small text that its pieces come from."""

_KINDS = {"normal": 1, "unknown": 2, "control": 3, "byte": 6}

_NAMES = (
    ("qwen3", "qwen3"),
    ("qwen2", "qwen2"),
    ("qwen", "qwen2"),
    ("gemma-3", "gemma3"),
    ("gemma-2", "gemma2"),
    ("gemma", "gemma"),
    ("phi-3", "phi3"),
    ("phi-4", "phi3"),
    ("phi3", "phi3"),
)
"""What a repo's name says about its architecture."""


def make(spec: TwinSpec, out: Path) -> TwinReport:
    """Writes the file and its other names."""
    try:
        import gguf
    except ImportError as error:
        hint = "Add the package `gguf` to the environment."
        raise TwinError("library", "the package gguf is not installed", hint) from error
    report = TwinReport(strategy="const/2")
    files.copy_small(spec.files, out)
    architecture = _architecture(spec, report)
    names = file_names(spec)
    first = out / names[0]
    first.parent.mkdir(parents=True, exist_ok=True)
    with report.timed("save"):
        report.parameters = _write(gguf, first, architecture, spec)
        for name in names[1:]:
            _again(first, out / name)
    with report.timed("probe"):
        _try(first, report)
    report.class_name = architecture
    report.weights = names
    report.standins.append(f"tokenizer inside the file: {VOCABULARY} tokens made from a small text")
    report.notes.append("every quantization of the repo is the same file with plain numbers")
    return report


def file_names(spec: TwinSpec) -> list[str]:
    """All GGUF files of the repo; one with a usual name if they are not known."""
    names = sorted(name for name in spec.siblings if name.lower().endswith(".gguf"))
    usual = re.sub(r"[-_.]?gguf$", "", spec.repo.split("/")[-1], flags=re.IGNORECASE) or "model"
    return names or [f"{usual}-Q4_K_M.gguf"]


def _architecture(spec: TwinSpec, report: TwinReport) -> str:
    """From the file's own metadata if it is known, else the model type, else the repo's name."""
    config: Json = spec.config or {}
    named = str(
        config.get("architecture") or config.get("general.architecture") or config.get("model_type") or ""
    )
    named = named.removesuffix("_text").replace("mistral", "llama").replace("mixtral", "llama")
    if not named:
        lower = spec.repo.lower()
        named = next((name for part, name in _NAMES if part in lower), "llama")
    if named in ARCHITECTURES[:7]:
        return named
    report.notes.append(f"the architecture {named} is stood in for by llama")
    return "llama"


def _family(architecture: str) -> Family:
    if architecture.startswith("gemma"):
        return GEMMA3
    return QWEN if architecture.startswith("qwen") else LLAMA2


def _layout(architecture: str) -> tuple[Layout, Specials, dict[str, int], list[tuple[str, str]]]:
    """The vocabulary: its special tokens by role come first."""
    layout = Layout(VOCABULARY)
    family = _family(architecture)
    names = {
        "qwen": ("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
        "gemm": ("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"),
    }.get(architecture[:4], ("<unk>", "<s>", "</s>"))
    for index, token in enumerate(names):
        layout.place(token, index)
    kind = _kind(architecture)
    layout.extend(pieces.alphabet(kind))
    merges = pieces.merges(kind, set(layout.ids()), len(layout.free()) - 50)
    layout.extend("".join(pair) for pair in merges)
    end = {"qwen": "<|im_end|>", "gemm": "<end_of_turn>"}.get(architecture[:4], "</s>")
    begin = {"qwen": "<|endoftext|>", "gemm": "<bos>"}.get(architecture[:4], "<s>")
    roles = {"eos": layout.at(end) or 0, "bos": layout.at(begin) or 0, "padding": 0}
    if "<unk>" in names:
        roles["unknown"] = layout.at("<unk>") or 0
    turns = family if family is not LLAMA2 else PLAIN
    return layout, Specials(turns, roles={"eos_token": end}), roles, merges


def _kind(architecture: str) -> pieces.Kind:
    if architecture.startswith("qwen"):
        return pieces.Kind("BPE", byte_level=True)
    return pieces.Kind("BPE", byte_fallback=True, metaspace=True)


def _write(gguf: Any, path: Path, architecture: str, spec: TwinSpec) -> int:
    layout, specials, roles, merges = _layout(architecture)
    writer = gguf.GGUFWriter(path, architecture)
    _dimensions(writer, architecture, spec)
    tokens = layout.filled(_kind(architecture).written)
    _tokenizer(writer, architecture, tokens, specials, roles, merges)
    writer.add_chat_template(chat.template(specials))
    whole = set(words())
    ordinary = [index for index, token in enumerate(tokens) if token[:1] in "Ġ▁" and token[1:] in whole]
    chain = [ordinary[start :: gguf_tensors.GROUPS][:12] for start in range(gguf_tensors.GROUPS)]
    found = gguf_tensors.tensors(architecture, Words(len(tokens), chain, roles["eos"]), spec.seed)
    for name, value in found.items():
        writer.add_tensor(name, value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return sum(int(value.size) for value in found.values())


def _dimensions(writer: Any, architecture: str, spec: TwinSpec) -> None:
    config = spec.config or {}
    longest = config.get("context_length") or config.get("max_position_embeddings") or 4096
    writer.add_name(spec.repo.split("/")[-1])
    writer.add_context_length(int(longest))
    writer.add_embedding_length(gguf_tensors.WIDTH)
    writer.add_block_count(gguf_tensors.LAYERS)
    writer.add_feed_forward_length(gguf_tensors.FEED)
    writer.add_head_count(gguf_tensors.HEADS)
    writer.add_head_count_kv(gguf_tensors.KV_HEADS)
    writer.add_key_length(gguf_tensors.HEAD_WIDTH)
    writer.add_value_length(gguf_tensors.HEAD_WIDTH)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(gguf_tensors.HEAD_WIDTH)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(VOCABULARY)
    writer.add_file_type(0)
    if architecture in ("gemma2", "gemma3", "phi3"):
        writer.add_sliding_window(int(config.get("sliding_window") or 512))


def _tokenizer(
    writer: Any,
    architecture: str,
    tokens: list[str],
    specials: Specials,
    roles: dict[str, int],
    merges: list[tuple[str, str]],
) -> None:
    byte_level = architecture.startswith("qwen")
    writer.add_tokenizer_model("gpt2" if byte_level else "llama")
    writer.add_tokenizer_pre("qwen2" if byte_level else "default")
    writer.add_token_list(tokens)
    writer.add_token_types([_KINDS[_kind_of(token)] for token in tokens])
    if byte_level:
        writer.add_token_merges([" ".join(pair) for pair in merges])
    else:
        writer.add_token_scores([-float(index) for index in range(len(tokens))])
    writer.add_bos_token_id(roles["bos"])
    writer.add_eos_token_id(roles["eos"])
    writer.add_pad_token_id(roles["padding"])
    if "unknown" in roles:
        writer.add_unk_token_id(roles["unknown"])
    writer.add_add_bos_token(not byte_level)


def _kind_of(token: str) -> str:
    if token == "<unk>":
        return "unknown"
    if re.fullmatch(r"<0x[0-9A-F]{2}>", token):
        return "byte"
    return "control" if re.fullmatch(r"<\|.+\|>|</?[a-z_]{1,}>", token) else "normal"


def _again(first: Path, other: Path) -> None:
    """The same file under another name, without using its space twice where the file system allows it."""
    other.parent.mkdir(parents=True, exist_ok=True)
    other.unlink(missing_ok=True)
    try:
        os.link(first, other)
    except OSError:
        shutil.copyfile(first, other)


def _try(path: Path, report: TwinReport) -> None:
    """Generates a few tokens where llama-cpp-python is installed."""
    try:
        import llama_cpp
    except ImportError:
        report.notes.append("not tried: llama-cpp-python is not installed")
        return
    try:
        model = llama_cpp.Llama(str(path), n_ctx=256, n_threads=1, verbose=False)
        model("Hello", max_tokens=8)
        report.ran = "generate"
    except Exception as error:
        report.notes.append(f"llama.cpp did not run it: {type(error).__name__}: {error}"[:300])
