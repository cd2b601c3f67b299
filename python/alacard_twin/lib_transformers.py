"""Twins of models of the transformers library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from alacard_twin import classes, completions, files, fit, heads, remote, stop, weights
from alacard_twin.ladder import LADDER, PATIENCE_SECONDS, Climb
from alacard_twin.probe import GENERATIVE, Probe, described, generate
from alacard_twin.shrink import Strategy
from alacard_twin.spec import Json, TwinError, TwinReport, TwinSpec

NOT_OURS = ("quantization_config", "transformers_version", "_name_or_path", "compression_config")
"""Settings that describe the files of the real weights, not the model: a twin has plain weights."""

EXTRA_SIZE = 0.5
"""The share of the size cap that a second embedding, separate from the output's, may take."""


def make(spec: TwinSpec, out: Path) -> TwinReport:
    """Makes a twin: small files first, then the smallest model that builds and runs, then its weights."""
    _quiet()
    report = TwinReport()
    with report.timed("config"):
        original = read_config(spec)
        files.copy_small(spec.files, out)
        config, cls, task = _resolve(spec, original, out)
    with report.timed("standins"):
        files.stand_in(spec, out, config, report)
    model, probe = _climb(spec, config, cls, task, out, report)
    report.inputs = described(probe.inputs)
    with report.timed("tune"):
        tune(model, task, out, probe, report)
    with report.timed("save"):
        files.save(model, spec, original, out, report)
    report.class_name = type(model).__name__
    report.parameters = weights.count_parameters(model)
    return report


def _quiet() -> None:
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()


def read_config(spec: TwinSpec) -> Json:
    """The real configuration, from the repo's own file or from the request."""
    path = spec.files / "config.json" if spec.files else None
    value: Any = spec.config
    if path is not None and path.is_file():
        try:
            value = json.loads(path.read_text(encoding="utf-8"), object_hook=_number)
        except ValueError as error:
            hint = "The repo's config.json is damaged; fetch it again."
            raise TwinError("config", f"config.json is not JSON: {error}", hint) from error
    if not isinstance(value, dict) or not value:
        hint = "A twin of a transformers model needs the repo's config.json."
        raise TwinError("config", "there is no config.json", hint)
    return dict(value)


def _number(value: Json) -> Any:
    """What the library writes for a number that JSON does not have: `{"__float__": "Infinity"}`."""
    return float(value["__float__"]) if set(value) == {"__float__"} else value


def _resolve(spec: TwinSpec, original: Json, folder: Path) -> tuple[Any, type[Any], str | None]:
    """The configuration object, the model class and the task."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    model_type = original.get("model_type") or _guessed_type(original)
    if model_type not in CONFIG_MAPPING:
        return remote.resolve(spec, original, folder)
    plain = {name: value for name, value in original.items() if name not in NOT_OURS}
    try:
        config = CONFIG_MAPPING[model_type].from_dict(plain)
    except Exception as error:
        hint = "The installed transformers may be too old or too new for this repo."
        raise TwinError("config", f"{type(error).__name__}: {error}"[:600], hint) from error
    completions.complete(config)
    cls, task = classes.choose(config, original.get("architectures") or (), spec.task)
    return config, cls, task


def _guessed_type(original: Json) -> str:
    """Old repos have no model type: the name of their class begins with it."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    name = "".join(original.get("architectures") or [""])[:80].lower()
    known = sorted(CONFIG_MAPPING_NAMES, key=len, reverse=True)
    return next((kind for kind in known if name.startswith(kind.replace("-", "").replace("_", ""))), "")


def _climb(
    spec: TwinSpec, config: Any, cls: type[Any], task: str | None, out: Path, report: TwinReport
) -> tuple[Any, Probe]:
    """The smallest model that answers a picture of its own processor, where it sees; else one that runs."""
    processor = fit.fitting(cls, out, report) if generates(cls, task) else None
    if processor is not None:
        model, probe = _settle(spec, config, cls, report, Probe(task, processor.inputs))
        if model is not None and report.ran:
            processor.keep()
            return model, probe
        report.notes.append(f"the processor does not fit the model: {_last_error(report)}")
        report.tried.clear()
    model, probe = _settle(spec, config, cls, report, Probe(task))
    if model is None:
        hint = "This architecture does not build from its configuration with the installed library."
        raise TwinError("build", _last_error(report), hint)
    return model, probe


def _last_error(report: TwinReport) -> str:
    return report.tried[0].error if report.tried else "nothing was built"


def _settle(
    spec: TwinSpec, config: Any, cls: type[Any], report: TwinReport, probe: Probe
) -> tuple[Any, Probe]:
    """With input and output embedding apart where it generates and there is room, else as they are."""
    value = plain_config(config)
    separate = generates(cls, probe.task) and _affordable(value, spec.size_cap_mb)
    model = _try(spec, config, cls, report, probe, separate_embeddings(value) if separate else value)
    if model is None or (separate and not report.ran):
        model = _try(spec, config, cls, report, probe, value)
    return model, probe


def _try(
    spec: TwinSpec, config: Any, cls: type[Any], report: TwinReport, probe: Probe, value: Json
) -> Any | None:
    climb = Climb(
        read=lambda shrunk: type(config).from_dict(shrunk),
        build=lambda shrunk: _build(cls, shrunk, spec),
        run=probe.run,
        report=report,
        patience=PATIENCE_SECONDS if probe.own is None else fit.PATIENCE_SECONDS,
    )
    return climb.climb(value)


def _build(cls: type[Any], config: Any, spec: TwinSpec) -> Any:
    model = weights.build(cls, config, spec.seed, spec.parameter_cap)
    if _megabytes(model) > spec.size_cap_mb:
        # Half as wide numbers before nothing at all: huge vocabularies are published that way anyway.
        model = weights.halve(model)
    if (size := _megabytes(model)) > spec.size_cap_mb:
        error = f"weights of {size:.0f} MB are more than the cap of {spec.size_cap_mb} MB"
        raise weights.TooLarge("size", error, "Raise the size cap.")
    return model


def _megabytes(model: Any) -> float:
    return float(sum(parameter.numel() * parameter.element_size() for parameter in model.parameters()) / 1e6)


def plain_config(config: Any) -> Json:
    """A configuration as a dictionary, without what describes the real weights' files."""
    value = dict(config.to_dict())
    for name in NOT_OURS:
        value.pop(name, None)
    return value


def generates(cls: type[Any], task: str | None) -> bool:
    """Whether the main call of this class for this task is a generation of tokens."""
    can = getattr(cls, "can_generate", None)
    return task in GENERATIVE and bool(can and can())


def separate_embeddings(value: Json) -> Json:
    """The same configuration with input and output embedding apart: only then can a twin learn to stop."""
    new = {
        name: separate_embeddings(item) if isinstance(item, dict) else item for name, item in value.items()
    }
    if "tie_word_embeddings" in new:
        new["tie_word_embeddings"] = False
    return new


def _affordable(value: Json, cap_mb: int) -> bool:
    vocabularies = [item for item in _walk(value, "vocab_size") if isinstance(item, int)]
    tables = 4 if value.get("is_encoder_decoder") else 2
    return max(vocabularies, default=0) * 64 * tables * 4 / 1e6 < cap_mb * EXTRA_SIZE * 2


def _walk(value: Json, name: str) -> list[Any]:
    found = [value[name]] if name in value else []
    for item in value.values():
        if isinstance(item, dict):
            found += _walk(item, name)
    return found


def tune(model: Any, task: str | None, folder: Path, probe: Probe, report: TwinReport) -> None:
    """Makes the twin's output usable: generations that end, scores that differ, numbers that are finite."""
    try:
        if report.ran == "generate":
            note = stop.shorten(model, folder, probe.inputs)
            if note is None:
                generate(model, probe.inputs)
        else:
            note = heads.spread(model, task, folder, probe.inputs) if report.ran else None
    except Exception as error:
        note = f"the output is not tuned: {type(error).__name__}: {error}"[:300]
    if note:
        report.notes.append(note)


__all__ = ["LADDER", "Strategy", "make", "plain_config", "read_config", "tune"]
