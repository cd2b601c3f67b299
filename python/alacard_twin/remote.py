"""Models whose Python lies in their repo: run only with the user's consent, and only inside the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alacard_twin.spec import Json, TwinError, TwinSpec

CONSENT = (
    "Allow the repo's own code (it runs inside the sandbox only) or choose a model that transformers knows."
)

_AUTO_OF_TASK = {
    "text-generation": "AutoModelForCausalLM",
    "text2text-generation": "AutoModelForSeq2SeqLM",
    "fill-mask": "AutoModelForMaskedLM",
    "text-classification": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
    "question-answering": "AutoModelForQuestionAnswering",
    "image-text-to-text": "AutoModelForImageTextToText",
    "image-classification": "AutoModelForImageClassification",
    "automatic-speech-recognition": "AutoModelForSpeechSeq2Seq",
}


def resolve(spec: TwinSpec, original: Json, folder: Path) -> tuple[Any, type[Any], str | None]:
    """The configuration object, class and task of a repo with its own code."""
    table = original.get("auto_map")
    model_type = original.get("model_type")
    if not isinstance(table, dict):
        hint = "Update transformers, or check that the repo is a transformers model."
        raise TwinError("class", f"transformers does not know the model type {model_type!r}", hint)
    if not spec.remote_code:
        raise TwinError("remote-code", f"the model type {model_type!r} needs code from the repo", CONSENT)
    try:
        return _load(spec, table, folder)
    except TwinError:
        raise
    except Exception as error:
        hint = "The repo's own code does not load with the installed library."
        raise TwinError("remote-code", f"{type(error).__name__}: {error}"[:600], hint) from error


def _load(spec: TwinSpec, table: Json, folder: Path) -> tuple[Any, type[Any], str | None]:
    from transformers import AutoConfig
    from transformers.dynamic_module_utils import get_class_from_dynamic_module

    config = AutoConfig.from_pretrained(folder, trust_remote_code=True, local_files_only=True)
    auto, task = _entry(table, spec.task)
    if auto is None:
        hint = "Its config.json names no model class in auto_map."
        raise TwinError("remote-code", "the repo's code has no model class", hint)
    reference = table[auto][0] if isinstance(table[auto], list) else table[auto]
    reference = str(reference).split("--")[-1]
    return config, get_class_from_dynamic_module(reference, str(folder), local_files_only=True), task


def _entry(table: Json, task: str | None) -> tuple[str | None, str | None]:
    wanted = _AUTO_OF_TASK.get(task or "")
    if wanted in table:
        return wanted, task
    for own_task, auto in _AUTO_OF_TASK.items():
        if auto in table:
            return auto, own_task
    return ("AutoModel", "feature-extraction") if "AutoModel" in table else (None, None)
