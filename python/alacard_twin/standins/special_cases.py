"""Tokenizer classes that need more than special tokens: Whisper's languages and times, language codes."""

from __future__ import annotations

from typing import Any

from alacard_twin.standins import settings
from alacard_twin.standins.layout import Layout

_WHISPER_TAIL = (
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
)


def blank(cls: Any) -> Any:
    """An instance of the class without a vocabulary, to learn its defaults from."""
    if cls.__name__ == "PegasusTokenizer":
        return cls(
            vocab=[("<pad>", 0.0), ("</s>", 0.0), ("<mask_1>", 0.0), ("<mask_2>", 0.0), ("<unk>", 0.0)]
        )
    if cls.__name__ == "MarkupLMTokenizer":
        return cls(tags_dict=markup_tags())
    return cls()


def markup_tags() -> dict[str, int]:
    """The HTML tags that MarkupLM tells apart."""
    names = "a b body br button div em form h1 h2 h3 head html i img input label li link meta nav ol option p"
    names += " script select span strong table tbody td th title tr ul"
    return {name: index for index, name in enumerate(names.split())}


def before(name: str, config: Any, layout: Layout) -> None:
    """Places tokens whose ids follow from the class and the size of the vocabulary alone."""
    if getattr(config, "model_type", "") in ("paligemma", "colpali") and layout.size >= 257152:
        # The library's own default gives the picture the first of these ids; published ones the last.
        taken = getattr(config, "image_token_index", None)
        for index in range(1024):
            if 256000 + index != taken:
                layout.place(f"<loc{index:04}>", 256000 + index)
        for index in range(128):
            layout.place(f"<seg{index:03}>", 257024 + index)
    if getattr(config, "model_type", "") == "ovis2":
        for token, index in zip(_OVIS_INDICATORS, config.visual_indicator_token_ids, strict=False):
            layout.place(token, index)
    if name == "WhisperTokenizer":
        for token, index in whisper_tokens(layout.size).items():
            layout.place(token, index)
    elif name in ("T5Tokenizer", "LasrTokenizer", "VideoPrismTokenizer"):
        _sentinels(layout, 100)
    elif name == "PegasusTokenizer":
        for index, token in enumerate(["<pad>", "</s>", "<mask_1>", "<mask_2>"]):
            layout.place(token, index)
        for number in range(2, 103):
            layout.place(f"<unk_{number}>", number + 2)
        layout.place("<unk>", 105)
    elif name == "SeamlessM4TTokenizer":
        for offset, code in enumerate(_SPOKEN_CODES):
            layout.place(f"__{code}__", layout.size - 1 - offset)
    elif name == "XGLMTokenizer":
        for number in range(7):
            layout.place(f"<madeupword{number}>", layout.size - 7 + number)
    elif name == "XLNetTokenizer":
        for index, token in enumerate(
            ["<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"]
        ):
            layout.place(token, index)
    elif name == "LukeTokenizer":
        for offset, token in enumerate(["<ent>", "<ent2>"]):
            layout.place(token, layout.size - 2 + offset)
    elif name in _CODED:
        first = _first_code(name, layout.size, len(codes(name)))
        for offset, code in enumerate(codes(name)):
            layout.place(code, first + offset)


_OVIS_INDICATORS = ("<IMG_START>", "<IMG_GRID>", "<IMG_COL>", "<IMG_ROW>", "<IMG_END>")
"""What Ovis writes around and between the tiles of a picture, in the order of its configuration."""


def extra(name: str, layout: Layout) -> list[str]:
    """Further special tokens of the class, if they are in the layout."""
    if name == "WhisperTokenizer":
        return [token for token in whisper_tokens(layout.size) if layout.at(token) is not None]
    return [code for code in codes(name) if layout.at(code) is not None] if name in _CODED else []


def options(name: str, config: Any) -> dict[str, Any]:
    """Arguments that a class needs beside its tokens."""
    if name == "MarkupLMTokenizer":
        return {"tags_dict": markup_tags()}
    if name == "WhisperTokenizer":
        return {"add_prefix_space": False}
    if name == "NllbTokenizer":
        return {"src_lang": "eng_Latn"}
    if name in ("MBartTokenizer", "MBart50Tokenizer"):
        return {"src_lang": "en_XX"}
    return {}


_SPOKEN_CODES = (
    "eng",
    "fra",
    "deu",
    "spa",
    "ita",
    "por",
    "rus",
    "cmn",
    "jpn",
    "arb",
    "hin",
    "kor",
    "nld",
    "pol",
    "tur",
    "swe",
    "ukr",
    "vie",
    "ces",
    "dan",
    "fin",
    "ell",
    "ind",
    "ron",
)
"""Languages of Seamless that lessons ask for."""


def _sentinels(layout: Layout, count: int) -> None:
    """The sentinels of T5 end at the size of its tokenizer (32100), also where the embeddings are padded."""
    end = min(layout.size, 32100) if layout.size < 40000 else layout.size
    for index in range(count):
        layout.place(f"<extra_id_{index}>", end - 1 - index)


def whisper_tokens(size: int) -> dict[str, int]:
    """Whisper's special tokens by the size of its vocabulary; none if the size is not one of Whisper's."""
    if not 51864 <= size <= 51866:
        return {}
    from transformers.models.whisper.tokenization_whisper import LANGUAGES

    first = 50256 if size == 51864 else 50257
    languages = list(LANGUAGES)[: 100 if size == 51866 else 99]
    names = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in languages), *_WHISPER_TAIL]
    tokens = {name: first + offset for offset, name in enumerate(names)}
    start = first + len(names)
    tokens |= {f"<|{step * 0.02:.2f}|>": start + step for step in range(1501) if start + step < size}
    return tokens


def whisper_generation(config: Any) -> dict[str, Any]:
    """What Whisper's generation needs to know about its languages and tasks."""
    size = settings.vocabulary_size(config)
    tokens = whisper_tokens(size)
    if not tokens:
        return {}
    from transformers.models.whisper.tokenization_whisper import LANGUAGES

    many = size != 51864
    values: dict[str, Any] = {
        "is_multilingual": many,
        "no_timestamps_token_id": tokens["<|notimestamps|>"],
        "prev_sot_token_id": tokens["<|startofprev|>"],
        "max_initial_timestamp_index": 50,
        "max_length": int(getattr(config, "max_target_positions", 448)),
        "begin_suppress_tokens": [220, tokens["<|endoftext|>"]],
        "decoder_start_token_id": tokens["<|startoftranscript|>"],
        "eos_token_id": tokens["<|endoftext|>"],
        "bos_token_id": tokens["<|endoftext|>"],
        "pad_token_id": tokens["<|endoftext|>"],
        "return_timestamps": False,
    }
    if many:
        codes_of = [f"<|{code}|>" for code in LANGUAGES if f"<|{code}|>" in tokens]
        values["lang_to_id"] = {code: tokens[code] for code in codes_of}
        values["task_to_id"] = {name: tokens[f"<|{name}|>"] for name in ("transcribe", "translate")}
    return values


def seamless_generation(config: Any) -> dict[str, Any]:
    """What Seamless' generation needs to know about its languages: those that its stand-in tokenizer has."""
    size = settings.vocabulary_size(config)
    text = {code: size - 1 - offset for offset, code in enumerate(_SPOKEN_CODES)}
    spoken = {code: number for number, code in enumerate(_SPOKEN_CODES)}
    roles = ("decoder_start_token_id", "bos_token_id", "eos_token_id", "pad_token_id")
    return {
        **{role: getattr(config, role, None) for role in roles},
        "text_decoder_lang_to_code_id": text,
        "t2u_lang_code_to_id": spoken,
        "vocoder_lang_code_to_id": spoken,
    }


def bark_generation(config: Any) -> dict[str, Any]:
    """The library's own settings of Bark's three writers: its generation asks for all of them."""
    from transformers.models.bark.generation_configuration_bark import (
        BarkCoarseGenerationConfig,
        BarkFineGenerationConfig,
        BarkGenerationConfig,
        BarkSemanticGenerationConfig,
    )

    parts = BarkSemanticGenerationConfig(), BarkCoarseGenerationConfig(), BarkFineGenerationConfig()
    whole = BarkGenerationConfig.from_sub_model_configs(*parts)
    return {
        "model_type": "bark",
        **{name: value.to_dict() for name, value in zip(_WRITERS, parts, strict=True)},
        "sample_rate": whole.sample_rate,
        "codebook_size": whole.codebook_size,
    }


_WRITERS = ("semantic_config", "coarse_acoustics_config", "fine_acoustics_config")
"""What writes Bark's sounds, in order."""

_CODED = {
    "NllbTokenizer": "nllb.tokenization_nllb",
    "MBartTokenizer": "mbart.tokenization_mbart",
    "MBart50Tokenizer": "mbart50.tokenization_mbart50",
}


def codes(name: str) -> tuple[str, ...]:
    """The language codes that the library knows for a class, in the order of their ids."""
    if name not in _CODED:
        return ()
    from importlib import import_module

    module = import_module(f"transformers.models.{_CODED[name]}")
    return tuple(getattr(module, "FAIRSEQ_LANGUAGE_CODES", ()))


def _first_code(name: str, size: int, count: int) -> int:
    """Codes come last, before the mask and padding of the embeddings."""
    known = {
        ("NllbTokenizer", 256206): 256001,
        ("MBartTokenizer", 250027): 250001,
        ("MBart50Tokenizer", 250054): 250001,
    }
    return known.get((name, size), max(0, size - count - 2))
