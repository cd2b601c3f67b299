"""Which class of transformers a repo's configuration stands for, and which task that class serves."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from alacard_twin.spec import TwinError

MAPPINGS: tuple[tuple[str, str], ...] = (
    ("automatic-speech-recognition", "SPEECH_SEQ_2_SEQ"),
    ("image-text-to-text", "IMAGE_TEXT_TO_TEXT"),
    ("any-to-any", "MULTIMODAL_LM"),
    ("text2text-generation", "SEQ_TO_SEQ_CAUSAL_LM"),
    ("automatic-speech-recognition", "CTC"),
    ("automatic-speech-recognition", "RNNT"),
    ("automatic-speech-recognition", "TDT"),
    ("fill-mask", "MASKED_LM"),
    ("text-to-audio", "TEXT_TO_WAVEFORM"),
    ("text-to-audio", "TEXT_TO_SPECTROGRAM"),
    ("text-generation", "CAUSAL_LM"),
    ("zero-shot-image-classification", "ZERO_SHOT_IMAGE_CLASSIFICATION"),
    ("image-classification", "IMAGE_CLASSIFICATION"),
    ("zero-shot-object-detection", "ZERO_SHOT_OBJECT_DETECTION"),
    ("object-detection", "OBJECT_DETECTION"),
    ("image-segmentation", "UNIVERSAL_SEGMENTATION"),
    ("image-segmentation", "SEMANTIC_SEGMENTATION"),
    ("image-segmentation", "INSTANCE_SEGMENTATION"),
    ("image-segmentation", "IMAGE_SEGMENTATION"),
    ("depth-estimation", "DEPTH_ESTIMATION"),
    ("video-classification", "VIDEO_CLASSIFICATION"),
    ("audio-classification", "AUDIO_CLASSIFICATION"),
    ("mask-generation", "MASK_GENERATION"),
    ("text-classification", "SEQUENCE_CLASSIFICATION"),
    ("token-classification", "TOKEN_CLASSIFICATION"),
    ("question-answering", "QUESTION_ANSWERING"),
    ("image-matting", "IMAGE_MATTING"),
    ("keypoint-detection", "KEYPOINT_DETECTION"),
    ("keypoint-matching", "KEYPOINT_MATCHING"),
    ("pose-estimation", "POSE_ESTIMATION"),
    ("visual-document-retrieval", "RETRIEVAL"),
    ("time-series-forecasting", "TIME_SERIES_PREDICTION"),
    ("image-to-image", "IMAGE_TO_IMAGE"),
    ("text-recognition", "TEXT_RECOGNITION"),
    ("table-recognition", "TABLE_RECOGNITION"),
    ("feature-extraction", "TEXT_ENCODING"),
    ("masked-image-modeling", "MASKED_IMAGE_MODELING"),
    ("pretraining", "PRETRAINING"),
    ("image-feature-extraction", "BACKBONE"),
    ("audio-tokenization", "AUDIO_TOKENIZATION"),
    ("feature-extraction", ""),
)
"""Task and the library's own table of classes for it, the most telling first: a model's main task
is its first."""

TASK_NAMES: dict[str, tuple[str, ...]] = {
    "text-classification": ("SEQUENCE_CLASSIFICATION",),
    "text-ranking": ("SEQUENCE_CLASSIFICATION",),
    "zero-shot-classification": ("SEQUENCE_CLASSIFICATION",),
    "token-classification": ("TOKEN_CLASSIFICATION",),
    "question-answering": ("QUESTION_ANSWERING",),
    "table-question-answering": ("TABLE_QUESTION_ANSWERING", "SEQ_TO_SEQ_CAUSAL_LM"),
    "document-question-answering": ("DOCUMENT_QUESTION_ANSWERING", "IMAGE_TEXT_TO_TEXT"),
    "visual-question-answering": ("VISUAL_QUESTION_ANSWERING", "IMAGE_TEXT_TO_TEXT"),
    "multiple-choice": ("MULTIPLE_CHOICE",),
    "summarization": ("SEQ_TO_SEQ_CAUSAL_LM", "CAUSAL_LM"),
    "translation": ("SEQ_TO_SEQ_CAUSAL_LM", "CAUSAL_LM"),
    "text2text-generation": ("SEQ_TO_SEQ_CAUSAL_LM",),
    "text-generation": ("CAUSAL_LM", "SEQ_TO_SEQ_CAUSAL_LM"),
    "image-to-text": ("IMAGE_TEXT_TO_TEXT",),
    "image-text-to-text": ("IMAGE_TEXT_TO_TEXT",),
    "video-text-to-text": ("IMAGE_TEXT_TO_TEXT",),
    "automatic-speech-recognition": ("SPEECH_SEQ_2_SEQ", "CTC", "RNNT", "TDT"),
    "audio-text-to-text": ("SPEECH_SEQ_2_SEQ", "MULTIMODAL_LM"),
    "text-to-speech": ("TEXT_TO_WAVEFORM", "TEXT_TO_SPECTROGRAM"),
    "text-to-audio": ("TEXT_TO_WAVEFORM", "TEXT_TO_SPECTROGRAM"),
    "image-segmentation": (
        "UNIVERSAL_SEGMENTATION",
        "SEMANTIC_SEGMENTATION",
        "INSTANCE_SEGMENTATION",
        "IMAGE_SEGMENTATION",
    ),
    "feature-extraction": ("",),
    "sentence-similarity": ("",),
    "image-feature-extraction": ("",),
}
"""Tables to look a task up in where its name alone does not say it."""

SPECIAL: dict[str, tuple[str, str]] = {
    "musicgen": ("text-to-audio", "MusicgenForConditionalGeneration"),
    "musicgen_melody": ("text-to-audio", "MusicgenMelodyForConditionalGeneration"),
    "voxtral_realtime_text": ("text-generation", "VoxtralRealtimeTextForCausalLM"),
}
"""Types whose first table names a part of the model and not the model that repos of this type hold."""


def main_class(model_type: str, task: str | None = None) -> tuple[str | None, str | None]:
    """The task and the class name for a model type; the wished task wins where the type has a class for
    it.
    """
    for table in _tables_of(task):
        name = _lookup(table, model_type)
        if name:
            return task, name
    if model_type in SPECIAL:
        return SPECIAL[model_type]
    for own_task, table in MAPPINGS:
        found = _lookup(table, model_type)
        if found:
            return own_task, found
    return None, None


def task_of_class(name: str) -> str | None:
    """The task that the library's tables give for a class."""
    for task, table in MAPPINGS:
        if any(name in _names(value) for value in _table(table).values()):
            return task
    return None


def choose(config: Any, architectures: Iterable[str], task: str | None) -> tuple[type[Any], str | None]:
    """The class of a repo: what its configuration says if the library has it, else the type's main class."""
    import transformers

    for name in architectures:
        found = _attribute(transformers, name)
        if found is not None:
            return found, task_of_class(name) or task
    chosen_task, main = main_class(str(config.model_type), task)
    found = _attribute(transformers, main) if main else None
    if found is None:
        hint = "Update transformers, or allow remote code if the repo brings its own."
        raise TwinError("class", f"transformers has no model class for the type {config.model_type!r}", hint)
    return found, chosen_task


def by_name(name: str) -> type[Any] | None:
    """A class of transformers by its name, also where the top of the package does not export it."""
    import transformers

    return _attribute(transformers, name) or _from_auto_tables(name)


def _attribute(module: Any, name: str) -> type[Any] | None:
    found = getattr(module, name, None)
    if found is None or not isinstance(found, type):
        found = _from_auto_tables(name)
    return found if isinstance(found, type) else None


def _from_auto_tables(name: str) -> type[Any] | None:
    """The auto classes can load classes from the modules of model types."""
    from transformers.models.auto.modeling_auto import MODEL_MAPPING

    try:
        return MODEL_MAPPING._load_attr_from_module(_type_of(name), name)
    except Exception:
        return None


def _type_of(name: str) -> str:
    for _, table in MAPPINGS:
        for model_type, value in _table(table).items():
            if name in _names(value):
                return str(model_type)
    return ""


def _tables_of(task: str | None) -> tuple[str, ...]:
    if not task:
        return ()
    return TASK_NAMES.get(task, (task.replace("-", "_").upper(),))


def _lookup(table: str, model_type: str) -> str | None:
    names = _names(_table(table).get(model_type))
    return names[0] if names else None


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if value else ()


@lru_cache(maxsize=128)
def _table(name: str) -> dict[str, Any]:
    from transformers.models.auto import modeling_auto

    variable = f"MODEL_FOR_{name}_MAPPING_NAMES" if name else "MODEL_MAPPING_NAMES"
    if name in ("PRETRAINING",):
        variable = "MODEL_FOR_PRETRAINING_MAPPING_NAMES"
    return dict(getattr(modeling_auto, variable, None) or {})
