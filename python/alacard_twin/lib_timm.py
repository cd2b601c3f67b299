"""Twins for timm: the real architecture with random weights, with fewer blocks where the cap asks for it.

timm's configurations name an architecture, not its dimensions, and the files are read back by that name. So
the architecture is built as it is if it fits the caps; else its depth is cut through the model's own
arguments,
which config.json then carries for whoever loads it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from alacard_twin import files, weights
from alacard_twin.spec import Attempt, Json, TwinError, TwinReport, TwinSpec

SMALL_ENOUGH = 8_000_000
"""Up to this many parameters a model is not cut at all."""

CUTS: tuple[Json, ...] = (
    {"depth": 2, "embed_dim": 96, "num_heads": 3},
    {"depths": (1, 1, 1, 1), "dims": (16, 32, 48, 64)},
    {"depths": (2, 2, 2, 2), "embed_dim": 24},
    {"layers": (1, 1, 1, 1)},
    {"depth": 2},
    {"depths": (1, 1, 1, 1)},
    {"depths": (2, 2, 2, 2)},
    {"depth_multiplier": 0.2, "channel_multiplier": 0.25},
    {"num_blocks": 2, "embed_dim": 96},
    {"num_features": 64},
    {},
)
"""Arguments that make a model smaller, tried in order; a model that does not know them refuses them."""


def make(spec: TwinSpec, out: Path) -> TwinReport:
    """Makes a timm twin: config.json and model.safetensors."""
    report = TwinReport()
    with report.timed("config"):
        config = _config(spec)
        files.copy_small(spec.files, out)
    with report.timed("build"):
        model, arguments = _build(config, spec, report)
    with report.timed("probe"):
        _probe(model, report)
    with report.timed("save"):
        _save(model, config, arguments, spec, out, report)
    report.class_name = type(model).__name__
    report.parameters = weights.count_parameters(model)
    return report


def _config(spec: TwinSpec) -> Json:
    path = spec.files / "config.json" if spec.files else None
    value = json.loads(path.read_text(encoding="utf-8")) if path and path.is_file() else spec.config
    if not isinstance(value, dict) or not isinstance(value.get("architecture"), str):
        hint = "A twin of a timm model needs the repo's config.json."
        raise TwinError("config", "config.json names no architecture", hint)
    return value


def _build(config: Json, spec: TwinSpec, report: TwinReport) -> tuple[Any, Json]:
    import timm
    import torch

    name, given = config["architecture"], dict(config.get("model_args") or {})
    classes = int(config.get("num_classes", 1000))
    if not timm.is_model(name):
        raise TwinError(
            "config", f"timm has no model {name!r}", "The installed timm may be too old for this repo."
        )
    whole = _count(name, classes, given)
    for cut in ({},) if whole is not None and whole <= SMALL_ENOUGH else CUTS:
        arguments = {**given, **cut}
        try:
            count = _count(name, classes, arguments)
            if count is None or count > spec.parameter_cap or count * 4 / 1e6 > spec.size_cap_mb:
                continue
            if cut and whole is not None and count >= whole:
                continue
            torch.manual_seed(spec.seed)
            model = timm.create_model(name, pretrained=False, num_classes=classes, **arguments).eval()
            _forward(model)
        except Exception as error:
            report.tried.append(Attempt(str(cut), "build", f"{type(error).__name__}: {error}"[:200]))
            continue
        report.strategy = f"cut {cut}" if cut else "whole"
        return model, arguments
    raise TwinError("build", f"{name} has {whole} parameters and no smaller form", "Raise the caps.")


def _count(name: str, classes: int, arguments: Json) -> int | None:
    import timm
    import torch

    try:
        with torch.device("meta"):
            return weights.count_parameters(
                timm.create_model(name, pretrained=False, num_classes=classes, **arguments)
            )
    except Exception:
        return None


def _forward(model: Any) -> Any:
    import torch

    size = (model.pretrained_cfg or {}).get("input_size") or (3, 224, 224)
    with torch.no_grad():
        return model(torch.zeros(1, *size))


def _probe(model: Any, report: TwinReport) -> None:
    report.ran = "forward" if _forward(model) is not None else None


def _save(model: Any, config: Json, arguments: Json, spec: TwinSpec, out: Path, report: TwinReport) -> None:
    from safetensors.torch import save_file

    tensors = {key: value.contiguous().clone() for key, value in model.state_dict().items()}
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    report.weights.append("model.safetensors")
    if "pytorch_model.bin" in spec.siblings:
        import torch

        torch.save(tensors, out / "pytorch_model.bin")
        report.weights.append("pytorch_model.bin")
    written = dict(config)
    if arguments:
        written["model_args"] = {
            key: list(value) if isinstance(value, tuple) else value for key, value in arguments.items()
        }
    written.setdefault("num_classes", int(getattr(model, "num_classes", 1000)))
    written.setdefault("num_features", int(getattr(model, "num_features", 0)))
    if not written.get("pretrained_cfg"):
        written["pretrained_cfg"] = _plain(model.pretrained_cfg)
        report.standins.append("pretrained_cfg: the library's own for this architecture")
    text = json.dumps(written, indent=2, default=str)
    (out / "config.json").write_text(text + "\n", encoding="utf-8")


def _plain(value: Any) -> Json:
    return {
        key: item
        for key, item in dict(value or {}).items()
        if key not in ("url", "hf_hub_id", "file", "state_dict")
    }
