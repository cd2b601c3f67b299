"""Stand-ins for tokenizer classes that are not built on a backend: sentencepiece files, word lists, letters.

These classes read plain files, so the files are written directly and the class is never instantiated here.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

from alacard_twin.spec import Json
from alacard_twin.standins import pieces, settings, spm
from alacard_twin.standins.layout import Layout
from alacard_twin.standins.specials import Defaults, plan

_ORDER: dict[str, tuple[str, ...]] = {
    "MarianTokenizer": ("</s>", "<unk>"),
    "M2M100Tokenizer": ("<s>", "<pad>", "</s>", "<unk>"),
    "Speech2TextTokenizer": ("<s>", "<pad>", "</s>", "<unk>"),
    "SpeechT5Tokenizer": ("<s>", "<pad>", "</s>", "<unk>"),
    "BertGenerationTokenizer": ("<pad>", "</s>", "<s>", "<unk>"),
    "Wav2Vec2CTCTokenizer": ("<pad>", "<s>", "</s>", "<unk>", "|"),
    "Wav2Vec2PhonemeCTCTokenizer": ("<pad>", "<s>", "</s>", "<unk>", "|"),
    "EsmTokenizer": ("<cls>", "<pad>", "<eos>", "<unk>"),
    "ProphetNetTokenizer": ("[PAD]", "[X_SEP]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    "TapasTokenizer": ("[PAD]", "[EMPTY]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    "BlenderbotSmallTokenizer": ("__null__", "__start__", "__end__", "__unk__", "__newln__"),
    "MgpstrTokenizer": ("[GO]", "[s]"),
    "SiglipTokenizer": ("<pad>", "</s>", "<unk>"),
    "BioGptTokenizer": ("<s>", "<pad>", "</s>", "<unk>"),
    "FSMTTokenizer": ("<s>", "<pad>", "</s>", "<unk>"),
    "XLMTokenizer": ("<s>", "</s>", "<pad>", "<unk>", *(f"<special{index}>" for index in range(10))),
    "FlaubertTokenizer": ("<s>", "</s>", "<pad>", "<unk>", *(f"<special{index}>" for index in range(10))),
    "RoCBertTokenizer": ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    "GPTSw3Tokenizer": ("<pad>", "<unk>", "<s>", "<|endoftext|>"),
    "PLBartTokenizer": ("<s>", "<pad>", "</s>", "<unk>"),
}
"""Special tokens in the order of their ids, where it is not the order of the class's own arguments."""

_LETTERS = {
    "Wav2Vec2CTCTokenizer": "ETAONIHSRDLUMWCFGYPBVK'XJQZ",
    "Wav2Vec2PhonemeCTCTokenizer": "etaonihsrdlumwcfgypbvk'xjqz",
    "VitsTokenizer": " etaonihsrdlumwcfgypbvk'xjqz-_0123456789",
    "MgpstrTokenizer": "0123456789abcdefghijklmnopqrstuvwxyz",
    "EsmTokenizer": "LAGVSERTIDPKQNFYMHWCXBUZO.-",
}
"""Classes whose pieces are single letters."""


_SPOKEN = "etaoinhsrdlumcwfgypbvkxqjzETAOINHSRDLUMCWFGYPBVKXQJZ.,'-!?;:\"()"
"""The letters of a vocabulary that is too small for all of ASCII, the most useful first."""


def serves(cls: Any) -> bool:
    """Whether a class reads plain files (or none) instead of a tokenizer.json."""
    from transformers import TokenizersBackend

    return not issubclass(cls, TokenizersBackend)


def make(cls: Any, config: Any, out: Path) -> str | None:
    """Writes the files of a class; its name, or None for a class whose files have no stand-in."""
    files: dict[str, str] = dict(getattr(cls, "vocab_files_names", {}) or {})
    files.pop("tokenizer_config_file", None)
    files.pop("tokenizer_file", None)
    writer = _writer(cls.__name__, files)
    if writer is None:
        return None
    roles = _roles(cls)
    layout = _layout(cls.__name__, config, roles)
    options = writer(cls.__name__, layout, out, files)
    _write_json(out / "tokenizer_config.json", _tokenizer_config(cls, config, roles) | options)
    return str(cls.__name__)


def _writer(name: str, files: dict[str, str]) -> Any:
    if not files:
        return _nothing
    if name in _LETTERS:
        return _letters
    if name == "MarianTokenizer":
        return _marian
    if name == "FSMTTokenizer":
        return _fsmt
    if "spm_file" in files:
        return _translation
    if "merges_file" in files:
        return _merged
    if "emoji_file" in files:
        return _japanese
    if set(files) == {"vocab_file"}:
        return _sentencepiece if files["vocab_file"].endswith(".model") else _words
    return _roc_bert if name == "RoCBertTokenizer" else None


def _roles(cls: Any) -> dict[str, str]:
    """Special tokens from the defaults of the class's arguments."""
    parameters = inspect.signature(cls.__init__).parameters.values()
    named = {
        p.name: p.default for p in parameters if p.name.endswith("_token") and isinstance(p.default, str)
    }
    if cls.__name__ == "SiglipTokenizer":
        return {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "</s>"}
    return {name: token for name, token in named.items() if token}


def _layout(name: str, config: Any, roles: dict[str, str]) -> Layout:
    size = settings.vocabulary_size(config)
    if name == "M2M100Tokenizer":
        size = max(300, size - 108)
    if name == "PLBartTokenizer":
        size -= 4
    layout = Layout(size)
    order = _ORDER.get(name) or tuple(dict.fromkeys(roles.values()))
    if name == "MarianTokenizer":
        layout.place("<pad>", settings.role_id(config, "pad") or size - 1)
    for index, token in enumerate(order):
        layout.place(token, index)
    known = {
        key: token
        for key, token in roles.items()
        if key[:-6] in ("bos", "eos", "unk", "pad", "cls", "sep", "mask")
    }
    if name not in _ORDER:
        plan(config, name, Defaults({}, known), layout)
    layout.extend(dict.fromkeys(roles.values()))
    return layout


def _tokenizer_config(cls: Any, config: Any, roles: dict[str, str]) -> Json:
    values: Json = {"tokenizer_class": cls.__name__, **roles}
    longest = getattr(settings.text_part(config), "max_position_embeddings", None)
    if isinstance(longest, int) and cls.__name__ not in _LETTERS:
        values["model_max_length"] = longest
    return values


def _nothing(name: str, layout: Layout, out: Path, files: dict[str, str]) -> Json:
    return {}


def _letters(name: str, layout: Layout, out: Path, files: dict[str, str]) -> Json:
    if name == "EsmTokenizer":
        layout.extend([*_LETTERS[name], "<null_1>", "<mask>"])
        _write_lines(out / files["vocab_file"], list(layout.ids()))
        return {}
    layout.extend(_LETTERS[name])
    layout.extend(chr(0x4E00 + offset) for offset in range(max(0, layout.size - len(layout.ids()))))
    _write_json(out / files["vocab_file"], layout.ids())
    if name == "VitsTokenizer":
        return {
            "phonemize": False,
            "is_uroman": False,
            "add_blank": True,
            "normalize": True,
            "language": "eng",
        }
    return {"do_phonemize": False} if "Phoneme" in name else {}


def _words(name: str, layout: Layout, out: Path, files: dict[str, str]) -> Json:
    kind = pieces.Kind("WordPiece")
    layout.extend(pieces.alphabet(kind))
    layout.extend(pieces.word_pieces(kind))
    tokens = layout.filled(kind.written)
    if name == "CpmAntTokenizer":
        tokens = list(dict.fromkeys(["<bod>", "<eod>", "</_>", "</n>", *tokens]))[: layout.size]
    _write_lines(out / files["vocab_file"], tokens)
    return {}


def _japanese(name: str, layout: Layout, out: Path, files: dict[str, str]) -> Json:
    """GPT-NeoX-Japanese cuts everywhere, has words for blanks and writes what it does not know as bytes."""
    layout.extend(f"<|byte{byte}|>" for byte in range(256))
    layout.extend(["<SP>", "<BR>", "<TAB>", "<BLOCK>", "<KIGOU>", "<U2000U2BFF>"])
    layout.extend(pieces.alphabet(pieces.Kind("BPE")))
    _words(name, layout, out, files)
    _write_json(out / files["emoji_file"], {"emoji": {}, "emoji_inv": {}})
    return {}


def _roc_bert(name: str, layout: Layout, out: Path, files: dict[str, str]) -> Json:
    _words(name, layout, out, {"vocab_file": files["vocab_file"]})
    for key in ("word_shape_file", "word_pronunciation_file"):
        _write_json(out / files[key], {"[UNK]": 0, "[PAD]": 1})
    return {}


def _merged(name: str, layout: Layout, out: Path, files: dict[str, str]) -> Json:
    """BPE files. The words end in `</w>`, or in these two classes all but the last piece end in `@@`."""
    kind = pieces.Kind(
        "BPE", byte_level=name == "ClvpTokenizer", end="" if name == "ClvpTokenizer" else "</w>"
    )
    joined = name in ("CTRLTokenizer", "BlenderbotSmallTokenizer", "BertweetTokenizer", "PhobertTokenizer")
    plain = pieces.Kind("BPE")
    if joined:
        letters = pieces.alphabet(plain)
        layout.extend([*letters, *(letter + "@@" for letter in letters)])
    else:
        layout.extend(pieces.alphabet(kind))
    merges = pieces.merges(kind, set() if joined else set(layout.ids()), min(2000, len(layout.free()) // 3))
    layout.extend(_written(pair, joined) for pair in merges)
    if joined:
        layout.extend(pair[0] + pair[1] for pair in merges if not pair[1].endswith("</w>"))
    head = [] if name in ("BioGptTokenizer", "BertweetTokenizer", "PhobertTokenizer") else ["#version: 0.2"]
    suffix = " 1" if files["merges_file"] == "bpe.codes" else ""
    lines = head + [f"{a} {b}{suffix}" for a, b in merges]
    _write_lines(out / files["merges_file"], lines)
    tokens = layout.filled((plain if joined else kind).written)
    if files["vocab_file"].endswith(".txt"):
        _write_lines(out / files["vocab_file"], [f"{token} 1" for token in tokens[4:]])
    else:
        _write_json(out / files["vocab_file"], {token: index for index, token in enumerate(tokens)})
    return {}


def _written(pair: tuple[str, str], joined: bool) -> str:
    piece = "".join(pair)
    if not joined:
        return piece
    return piece.removesuffix("</w>") if piece.endswith("</w>") else piece + "@@"


def _fsmt(name: str, layout: Layout, out: Path, files: dict[str, str]) -> Json:
    kind = pieces.Kind("BPE", end="</w>")
    layout.extend(pieces.alphabet(kind))
    merges = pieces.merges(kind, set(layout.ids()), min(2000, len(layout.free())))
    layout.extend("".join(pair) for pair in merges)
    for key in ("src_vocab_file", "tgt_vocab_file"):
        _write_json(
            out / files[key], {token: index for index, token in enumerate(layout.filled(kind.written))}
        )
    _write_lines(out / files["merges_file"], [f"{a} {b} 1" for a, b in merges])
    return {"langs": ["en", "de"]}


def _sentencepiece(name: str, layout: Layout, out: Path, files: dict[str, str]) -> Json:
    spm.write(out / files["vocab_file"], _spm_pieces(layout, letters_only=name == "SpeechT5Tokenizer"))
    return {}


def _spm_pieces(layout: Layout, letters_only: bool = False) -> list[tuple[str, float, int]]:
    scores = pieces.unigram_scores()
    named = set(layout.ids())
    usual = sorted(scores, key=lambda piece: (len(piece) > 1, not piece.isalpha(), -scores[piece], piece))
    layout.extend([pieces.SPACE, *(_SPOKEN if letters_only else "")])
    layout.extend(piece for piece in usual if not letters_only or len(piece) == 1)
    tokens = layout.filled(pieces.Kind("Unigram").written)
    return [_spm_piece(token, named, scores) for token in tokens]


def _spm_piece(token: str, named: set[str], scores: dict[str, float]) -> tuple[str, float, int]:
    if token == "<unk>":
        return token, 0.0, spm.UNKNOWN
    return (token, 0.0, spm.CONTROL) if token in named else (token, scores.get(token, -30.0), spm.NORMAL)


def _common_spm() -> list[tuple[str, float, int]]:
    """A sentencepiece model whose ids nobody sees: the tokenizer looks its pieces up in vocab.json."""
    heads = [("<unk>", 0.0, spm.UNKNOWN), ("<s>", 0.0, spm.CONTROL), ("</s>", 0.0, spm.CONTROL)]
    return heads + [(piece, score, spm.NORMAL) for piece, score in pieces.unigram_scores().items()]


def _write_pieces(layout: Layout, path: Path) -> None:
    layout.extend(sorted(pieces.unigram_scores(), key=lambda piece: (len(piece) > 1, piece)))
    tokens = layout.filled(pieces.Kind("Unigram").written)
    _write_json(path, {token: index for index, token in enumerate(tokens)})


def _translation(name: str, layout: Layout, out: Path, files: dict[str, str]) -> Json:
    _write_pieces(layout, out / files["vocab_file"])
    spm.write(out / files["spm_file"], _common_spm())
    if name != "M2M100Tokenizer":
        return {}
    from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES

    return {"extra_special_tokens": [f"__{code}__" for code in FAIRSEQ_LANGUAGE_CODES["m2m100"]]}


def _marian(name: str, layout: Layout, out: Path, files: dict[str, str]) -> Json:
    _write_pieces(layout, out / files["vocab"])
    for key in ("source_spm", "target_spm"):
        spm.write(out / files[key], _common_spm())
    return {"source_lang": "en", "target_lang": "de", "separate_vocabs": False}


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
