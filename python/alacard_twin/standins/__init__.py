"""Stand-ins: tokenizers and processors of the right class where the repo's own files are not to be had.

`fill` is the only entry point: it writes what a folder lacks and says in one sentence each what it wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from alacard_twin.spec import TwinSpec
from alacard_twin.standins import asked, processors, settings, special_cases
from alacard_twin.standins.tokenizer import Made, Request
from alacard_twin.standins.tokenizer import make as make_tokenizer

TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.json",
    "vocab.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
    "source.spm",
    "bpe.codes",
    "spm_char.model",
    "tekken.json",
    "prophetnet.tokenizer",
    "spm.model",
    "tiktoken.model",
    "vocab-src.json",
)
"""A folder with any of these has a tokenizer of its own."""

ALL = ("tokenizer", "preprocessor", "processor", "generation")
"""What can be asked for: text, images or sound, both together, and settings of generation."""


def has_tokenizer(folder: Path) -> bool:
    """Whether a folder has a tokenizer's files."""
    return any((folder / name).is_file() for name in TOKENIZER_FILES)


def missing(folder: Path) -> list[str]:
    """What of `ALL` a folder lacks, by its files alone (the model type decides whether it is needed)."""
    lacks = []
    if not has_tokenizer(folder):
        lacks.append("tokenizer")
    if not any((folder / name).is_file() for name in ("preprocessor_config.json", "processor_config.json")):
        lacks += ["preprocessor", "processor"]
    return [*lacks, "generation"]


def complete(spec: TwinSpec, out: Path, config: Any = None) -> list[str]:
    """Fills a twin's folder; beside what the model type needs, what the repo is known to hold."""
    return fill(config, out, task=spec.task, repo=spec.repo)


def fill(
    config: Any, out: Path, needs: Iterable[str] | None = None, *, task: str | None = None, repo: str = ""
) -> list[str]:
    """Writes what `out` lacks for a model of this configuration; sentences for the twin's report.

    `config` is a configuration object, its values, or None for the folder's config.json. Files that are there
    are never replaced. Something that cannot be made is left out and said.
    """
    wanted = list(needs) if needs is not None else missing(out)
    loaded = settings.load(config, out)
    request = Request(loaded, out, repo, task)
    said: list[str] = []
    made = _tokenizer(request, said) if "tokenizer" in wanted and not has_tokenizer(out) else None
    parts = _preprocessors(loaded, out, said) if "preprocessor" in wanted else {}
    if "processor" in wanted and parts:
        _composite(request, made, parts, said)
    if "generation" in wanted:
        _generation(request, said)
    return said


def _tokenizer(request: Request, said: list[str]) -> Made | None:
    try:
        made = make_tokenizer(request)
    except Exception as error:
        said.append(f"tokenizer: none, its stand-in could not be made ({_short(error)})")
        return None
    if made is not None:
        said.append(f"tokenizer: {made.name}, made from a small text")
    return made


def _preprocessors(config: Any, out: Path, said: list[str]) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    makers = {
        "image_processor": processors.image_processor,
        "video_processor": processors.video_processor,
        "feature_extractor": processors.feature_extractor,
    }
    for name, maker in makers.items():
        try:
            part = maker(config)
        except Exception as error:
            said.append(f"{name.replace('_', ' ')}: none, its stand-in could not be made ({_short(error)})")
            continue
        if part is None:
            continue
        parts[name] = part
        if name != "video_processor":
            processors.save_part(part, out)
        said.append(f"{name.replace('_', ' ')}: {type(part).__name__} with the library's own defaults")
    if list(parts) == ["video_processor"]:
        processors.save_part(parts["video_processor"], out)
    return parts


def _composite(request: Request, made: Made | None, parts: dict[str, Any], said: list[str]) -> None:
    try:
        tokenizer = (
            made.tokenizer if made is not None and made.tokenizer is not None else _own_tokenizer(request.out)
        )
        aliases = {"audio_processor": parts.get("feature_extractor"), "tokenizer": tokenizer}
        aliases |= _second_tokenizer(request)
        processor = processors.composite(request.config, parts | aliases, made.template if made else None)
        if processor is None:
            return
        processors.save(processor, request.out)
    except Exception as error:
        said.append(f"processor: none, its stand-in could not be made ({_short(error)})")
        return
    said.append(f"processor: {type(processor).__name__} over these parts")


def _second_tokenizer(request: Request) -> dict[str, Any]:
    """InstructBLIP reads the question twice: its querying part is a BERT with a tokenizer of its own."""
    part = getattr(request.config, "qformer_config", None)
    cls = asked.processor_class(request.config)
    if part is None or cls is None or "qformer_tokenizer" not in cls.get_attributes():
        return {}
    from transformers import BertConfig

    folder = request.out / "qformer_tokenizer"
    folder.mkdir(exist_ok=True)
    made = make_tokenizer(Request(BertConfig(vocab_size=part.vocab_size), folder))
    return {"qformer_tokenizer": made.tokenizer} if made is not None else {}


def _own_tokenizer(out: Path) -> Any:
    if not has_tokenizer(out) and not (out / "tokenizer_config.json").is_file():
        return None
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(out)


_GENERATION = {
    "bark": special_cases.bark_generation,
    "whisper": special_cases.whisper_generation,
    "seamless_m4t": special_cases.seamless_generation,
    "seamless_m4t_v2": special_cases.seamless_generation,
}
"""Types whose generation reads more from its settings than the library's defaults hold."""


def _generation(request: Request, said: list[str]) -> None:
    maker, path = _GENERATION.get(request.model_type), request.out / "generation_config.json"
    if maker is None:
        return
    there = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if {"no_timestamps_token_id", "text_decoder_lang_to_code_id", "semantic_config"} & there.keys():
        return
    values = {**there, **maker(request.config)}
    if values:
        path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        said.append("generation settings: what the model type needs beyond the library's defaults")


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:160]
