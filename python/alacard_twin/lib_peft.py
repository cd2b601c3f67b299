"""Twins for PEFT adapters: the real adapter_config.json, with weights that fit the twin of the base model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from alacard_twin import files, weights
from alacard_twin.spec import Json, TwinError, TwinReport, TwinSpec

AUTO_CLASSES = {
    "CAUSAL_LM": "AutoModelForCausalLM",
    "SEQ_2_SEQ_LM": "AutoModelForSeq2SeqLM",
    "SEQ_CLS": "AutoModelForSequenceClassification",
    "TOKEN_CLS": "AutoModelForTokenClassification",
    "QUESTION_ANS": "AutoModelForQuestionAnswering",
    "FEATURE_EXTRACTION": "AutoModel",
}
"""The class that loads the base for each task of an adapter."""

PROMPT_TYPES = ("PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "MULTITASK_PROMPT_TUNING", "CPT")
"""Adapters that add virtual tokens: their configuration repeats the base's dimensions."""

_DIMENSIONS = (
    "token_dim",
    "num_layers",
    "num_attention_heads",
    "num_transformer_submodules",
    "encoder_hidden_size",
)


def make(spec: TwinSpec, out: Path) -> TwinReport:
    """Makes an adapter over the twin in `spec.base`."""
    if spec.base is None:
        hint = "Make the twin of the base model first and name it as `base`."
        raise TwinError("config", "an adapter needs the twin of its base model", hint)
    if (spec.base.files / "model_index.json").is_file():
        from alacard_twin import lib_diffusers

        return lib_diffusers.make(spec, out)
    report = TwinReport()
    with report.timed("config"):
        original = _config(spec)
        files.copy_small(spec.files, out)
    with report.timed("build"):
        base = _base(spec, original)
        model = _adapt(base, original, spec, report)
    with report.timed("probe"):
        _probe(model, report)
    with report.timed("save"):
        _save(model, original, spec, out, report)
    trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    report.class_name = f"{type(base).__name__} with {original.get('peft_type', 'LORA')}"
    report.parameters = trained or weights.count_parameters(model) - weights.count_parameters(base)
    return report


def _config(spec: TwinSpec) -> Json:
    path = spec.files / "adapter_config.json" if spec.files else None
    value = json.loads(path.read_text(encoding="utf-8")) if path and path.is_file() else spec.config
    if not isinstance(value, dict) or "peft_type" not in value:
        hint = "A twin of an adapter needs the repo's adapter_config.json."
        raise TwinError("config", "adapter_config.json names no peft_type", hint)
    return dict(value)


def _base(spec: TwinSpec, original: Json) -> Any:
    import transformers

    assert spec.base is not None
    folder = spec.base.files
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    names = [
        AUTO_CLASSES.get(str(original.get("task_type")), ""),
        *(config.get("architectures") or []),
        "AutoModel",
    ]
    errors = []
    for name in dict.fromkeys(names):
        cls = getattr(transformers, name, None) if name else None
        if cls is None:
            continue
        try:
            return cls.from_pretrained(folder, local_files_only=True)
        except Exception as error:
            errors.append(f"{name}: {error}".splitlines()[0][:200])
    raise TwinError(
        "base", "the twin of the base does not load: " + "; ".join(errors), "Make the base's twin again."
    )


def _adapt(base: Any, original: Json, spec: TwinSpec, report: TwinReport) -> Any:
    """The base with the adapter; layers and modules that the twin of the base lacks are left out and said."""
    import torch

    settings = _settings(original, base, report)
    torch.manual_seed(spec.seed)
    try:
        return _wrap(base, settings)
    except Exception as error:
        if "target_modules" not in settings:
            raise TwinError(
                "build", f"{type(error).__name__}: {error}"[:400], "No twin of this adapter yet."
            ) from error
        report.notes.append(
            f"target_modules do not fit the twin of the base ({error}), all linear layers serve"[:300]
        )
        report.notes[-1] = report.notes[-1].replace("\n", " ")
    try:
        return _wrap(base, {**settings, "target_modules": "all-linear"})
    except Exception as error:
        raise TwinError(
            "build", f"{type(error).__name__}: {error}"[:400], "No twin of this adapter yet."
        ) from error


def _wrap(base: Any, settings: Json) -> Any:
    from peft import get_peft_model
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    cls = PEFT_TYPE_TO_CONFIG_MAPPING[settings["peft_type"]]
    known = {key: value for key, value in settings.items() if key in cls.__dataclass_fields__}
    return get_peft_model(base, cls(**known)).eval()


def _settings(original: Json, base: Any, report: TwinReport) -> Json:
    settings = {
        key: value for key, value in original.items() if value is not None and key != "inference_mode"
    }
    settings["peft_type"] = str(settings["peft_type"]).upper()
    for key in (
        "auto_mapping",
        "base_model_name_or_path",
        "revision",
        "loftq_config",
        "eva_config",
        "corda_config",
    ):
        settings.pop(key, None)
    if settings["peft_type"] in PROMPT_TYPES:
        for key in _DIMENSIONS:
            settings.pop(key, None)
        if "prompt_tuning_init" in settings:
            settings["prompt_tuning_init"] = "RANDOM"
    for key in ("init_lora_weights", "init_weights"):
        if key in settings or (key == "init_lora_weights" and settings["peft_type"] == "LORA"):
            settings[key] = False
    return _layers(settings, base, report)


def _layers(settings: Json, base: Any, report: TwinReport) -> Json:
    depth = getattr(base.config.get_text_config(), "num_hidden_layers", None)
    chosen = settings.get("layers_to_transform")
    if isinstance(depth, int) and isinstance(chosen, list):
        settings["layers_to_transform"] = [layer for layer in chosen if layer < depth] or [depth - 1]
        report.notes.append("layers_to_transform names the layers that the twin of the base has")
    return settings


def _probe(model: Any, report: TwinReport) -> None:
    import torch

    ids = torch.arange(3, 9).unsqueeze(0)
    seq2seq = getattr(model.config, "is_encoder_decoder", False)
    inputs = {"input_ids": ids, **({"decoder_input_ids": ids} if seq2seq else {})}
    try:
        with torch.no_grad():
            model(**inputs)
        report.ran = "forward"
    except Exception as error:
        report.notes.append(f"the adapter was not run: {type(error).__name__}: {error}"[:300])


def _save(model: Any, original: Json, spec: TwinSpec, out: Path, report: TwinReport) -> None:
    """Saves the weights; the configuration is the real one but for what the twin of the base decides."""
    path = out / "adapter_config.json"
    readme = (out / "README.md").read_bytes() if (out / "README.md").is_file() else None
    model.save_pretrained(out)
    written = json.loads(path.read_text(encoding="utf-8"))
    kept = dict(original)
    for key in (*_DIMENSIONS, "layers_to_transform", "target_modules"):
        if key in original and original[key] is not None and written.get(key) is not None:
            kept[key] = original[key] if key == "target_modules" and not report.notes else written[key]
    if str(original["peft_type"]).upper() in PROMPT_TYPES:
        kept = {**written, "base_model_name_or_path": original.get("base_model_name_or_path")}
    kept["base_model_name_or_path"] = original.get("base_model_name_or_path") or (
        spec.base.repo if spec.base else ""
    )
    kept["inference_mode"] = True
    path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    if readme is None:
        (out / "README.md").unlink(missing_ok=True)
    else:
        (out / "README.md").write_bytes(readme)
    report.strategy = f"r={original['r']}" if "r" in original else "as it is"
    report.weights.append("adapter_model.safetensors")
    if "adapter_model.bin" in spec.siblings:
        _write_bin(out, report)


def _write_bin(out: Path, report: TwinReport) -> None:
    import torch
    from safetensors.torch import load_file

    torch.save(load_file(out / "adapter_model.safetensors"), out / "adapter_model.bin")
    report.weights.append("adapter_model.bin")
