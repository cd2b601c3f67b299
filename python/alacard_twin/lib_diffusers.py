"""Twins for diffusers: every part of the pipeline in model_index.json, small and fitting the others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from alacard_twin import diffusion_parts, files, weights
from alacard_twin.shrink import Strategy, shrink
from alacard_twin.spec import Json, TwinError, TwinReport, TwinSpec

POOLED_SIDE_BY_SIDE = ("StableDiffusion3", "SD3")
"""Pipelines that put the pooled text of two CLIP encoders side by side."""

DRAWING = 64
"""Size of a U-Net's image when nothing tells it: pipelines of older releases cannot do with none."""

_IMPORTED_FROM = {"transformers", "diffusers"}


def make(spec: TwinSpec, out: Path) -> TwinReport:
    """Makes a pipeline, a single part (a control net, a VAE) or an adapter over the twin of its base."""
    index = _index(spec)
    report = TwinReport()
    if "_class_name" not in index:
        return _adapter(spec, out, report)
    with report.timed("config"):
        files.copy_small(spec.files, out)
    if not _is_pipeline(index):
        with report.timed("build"):
            model = _diffusion_part(index["_class_name"], index, {}, spec)
            model.save_pretrained(out)
        report.class_name, report.strategy = index["_class_name"], "parts"
        report.parameters = weights.count_parameters(model)
    else:
        _pipeline(spec, index, out, report)
    _variants(spec, out, report)
    return report


_SCHEDULERS: dict[str, Json] = {"PNDMScheduler": {"skip_prk_steps": True, "steps_offset": 1}}
"""Settings of stand-in schedulers whose defaults do not run in a few steps."""


def _index(spec: TwinSpec) -> Json:
    for name in ("model_index.json", "config.json"):
        path = spec.files / name if spec.files else None
        if path is not None and path.is_file():
            return dict(json.loads(path.read_text(encoding="utf-8")))
    return dict(spec.config or {})


def _is_pipeline(index: Json) -> bool:
    return "Pipeline" in str(index["_class_name"]) or any(
        isinstance(value, list) and len(value) == 2 and value[0] in _IMPORTED_FROM for value in index.values()
    )


def _pipeline(spec: TwinSpec, index: Json, out: Path, report: TwinReport) -> None:
    name = str(index["_class_name"])
    neighbours = {"pooled": diffusion_parts.pooled_width(2 if name.startswith(POOLED_SIDE_BY_SIDE) else 1)}
    parts = {
        key: value for key, value in index.items() if isinstance(value, (list, tuple)) and len(value) == 2
    }
    configs: dict[str, Any] = {}
    for key, (library, kind) in parts.items():
        if (
            library is None
            or kind is None
            or "Tokenizer" in kind
            or "Processor" in kind
            or "Extractor" in kind
        ):
            continue
        with report.timed("build"):
            made = _part(name, key, library, kind, neighbours, spec, out / key)
        configs[key] = made[1]
        report.parameters += made[0]
    with report.timed("standins"):
        for key, (library, kind) in parts.items():
            if library is not None and kind is not None and key not in configs:
                _small_part(key, str(kind), configs, out, report)
    if not (out / "model_index.json").is_file():
        (out / "model_index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
    report.class_name, report.strategy = name, "parts"
    with report.timed("probe"):
        _load(out, report)


def _part(
    pipeline: str, key: str, library: str, kind: str, neighbours: Json, spec: TwinSpec, out: Path
) -> tuple[int, Any]:
    """Makes one part: its number of parameters and its real configuration."""
    folder = spec.files / key if spec.files else None
    if "Scheduler" in kind:
        return 0, _scheduler(kind, folder, out)
    real = _real(folder) or diffusion_parts.usual(pipeline, kind)
    if library == "transformers":
        model, config = _encoder(kind, real, spec)
    else:
        model, config = _diffusion_part(kind, real, neighbours, spec), real
    model.save_pretrained(out)
    return weights.count_parameters(model), config


def _real(folder: Path | None) -> Json:
    path = folder / "config.json" if folder else None
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path is not None and path.is_file() else {}


def _scheduler(kind: str, folder: Path | None, out: Path) -> Json:
    import diffusers

    if folder is None or not (folder / "scheduler_config.json").is_file():
        getattr(diffusers, kind)(**_SCHEDULERS.get(kind, {})).save_config(out)
    return {}


def _diffusion_part(kind: str, real: Json, neighbours: Json, spec: TwinSpec) -> Any:
    import diffusers
    import torch

    cls = getattr(diffusers, kind, None)
    if kind == "StableDiffusionSafetyChecker":
        return _safety_checker(spec)
    if cls is None:
        hint = "The installed diffusers may be too old for this pipeline."
        raise TwinError("config", f"diffusers has no class {kind!r}", hint)
    known = _defaults(cls)
    settings = {**known, **{name: value for name, value in real.items() if name in known}}
    settings |= {
        name: value
        for name, value in diffusion_parts.shrink(kind, settings, neighbours).items()
        if name in known
    }
    if kind.startswith("UNet2D") and settings.get("sample_size") is None:
        settings["sample_size"] = DRAWING
    torch.manual_seed(spec.seed)
    try:
        return cls(**settings).eval()
    except Exception as error:
        raise TwinError(
            "build", f"{kind}: {type(error).__name__}: {error}"[:400], "No twin of this part yet."
        ) from error


def _defaults(cls: Any) -> Json:
    import inspect

    parameters = inspect.signature(cls.__init__).parameters.values()
    return {
        p.name: p.default
        for p in parameters
        if p.name not in ("self", "kwargs", "args") and p.default is not p.empty
    }


def _safety_checker(spec: TwinSpec) -> Any:
    """A checker that lets everything pass: on random weights it would blacken images at random."""
    import torch
    from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
    from transformers import CLIPConfig

    vision = {**diffusion_parts.shrink_text({"model_type": "clip_vision_model"}), "patch_size": 32}
    text = diffusion_parts.shrink_text({"model_type": "clip_text_model"})
    torch.manual_seed(spec.seed)
    model = StableDiffusionSafetyChecker(
        CLIPConfig(
            vision_config=vision,
            text_config={**text, "vocab_size": 100},
            projection_dim=diffusion_parts.CLIP_WIDTH,
        )
    )
    with torch.no_grad():
        model.concept_embeds_weights.fill_(2.0)
        model.special_care_embeds_weights.fill_(2.0)
    return model.eval()


def _encoder(kind: str, real: Json, spec: TwinSpec) -> tuple[Any, Any]:
    """A text or image encoder of the transformers library, and its real configuration object."""
    import transformers

    cls = getattr(transformers, kind, None)
    if cls is None:
        raise TwinError(
            "config", f"transformers has no class {kind!r}", "The installed transformers may be too old."
        )
    defaults = {"t5": {"vocab_size": 32128}, "clip_text_model": {"vocab_size": 49408}}
    own = cls.config_class
    base = {
        **defaults.get(own.model_type, {}),
        **{key: value for key, value in real.items() if key != "model_type"},
    }
    config = own(**base) if "text_config" not in base else own.from_dict(base)
    value = config.to_dict()
    small = diffusion_parts.shrink_text({"model_type": own.model_type, **base})
    shrunk = own.from_dict({**value, **small} if small else _narrow(shrink(value, Strategy("const", 2))))
    shrunk.dtype = None
    return weights.build(cls, shrunk, spec.seed, spec.parameter_cap), config


def _narrow(config: Json) -> Json:
    return {key: value for key, value in config.items() if key != "dtype"}


def _small_part(key: str, kind: str, configs: dict[str, Any], out: Path, report: TwinReport) -> None:
    """A tokenizer or image processor: the real one if its files are there, else a stand-in."""
    from alacard_twin import standins

    folder = out / key
    folder.mkdir(exist_ok=True)
    if "Tokenizer" in kind:
        encoder = configs.get(key.replace("tokenizer", "text_encoder"))
        if standins.has_tokenizer(folder) or encoder is None or not hasattr(encoder, "vocab_size"):
            return
        said = standins.fill(encoder, folder, ("tokenizer",))
        report.standins += [f"{key}: {sentence}" for sentence in said]
        return
    if any(folder.iterdir()):
        return
    import transformers

    cls = getattr(transformers, kind.replace("FeatureExtractor", "ImageProcessor"), None)
    if cls is not None:
        cls().save_pretrained(folder)
        report.standins.append(f"{key}: {cls.__name__} with the library's own defaults")


def _load(out: Path, report: TwinReport) -> None:
    """Puts the pipeline together once; whether it makes an image is the caller's to try."""
    import diffusers

    diffusers.utils.logging.set_verbosity_error()
    try:
        diffusers.DiffusionPipeline.from_pretrained(out, local_files_only=True)
        report.ran = "load"
    except Exception as error:
        report.notes.append(f"the pipeline did not load: {type(error).__name__}: {error}"[:300])


def _variants(spec: TwinSpec, out: Path, report: TwinReport) -> None:
    """Files that a notebook may ask for by variant (`fp16`) are the same weights under that name."""
    made = sorted(path for path in out.rglob("*.safetensors"))
    report.weights += [str(path.relative_to(out)) for path in made]
    for path in made:
        for variant in ("fp16", "bf16"):
            name = f"{path.stem}.{variant}.safetensors"
            wanted = str((path.parent / name).relative_to(out))
            sharded = wanted.replace(".safetensors", ".safetensors.index")
            if any(other == wanted or other.startswith(sharded) for other in spec.siblings):
                shutil.copyfile(path, path.parent / name)
                report.weights.append(wanted)


def _adapter(spec: TwinSpec, out: Path, report: TwinReport) -> TwinReport:
    """LoRA weights over the twin of the base pipeline, in the library's own format."""
    if spec.base is None:
        hint = "A pipeline needs its model_index.json; an adapter needs the twin of its base."
        raise TwinError("config", "there is neither a model_index.json nor a base", hint)
    import diffusers
    import torch
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    files.copy_small(spec.files, out)
    torch.manual_seed(spec.seed)
    with report.timed("build"):
        pipeline = diffusers.DiffusionPipeline.from_pretrained(spec.base.files, local_files_only=True)
        part = "unet" if hasattr(pipeline, "unet") else "transformer"
        model = getattr(pipeline, part)
        model.add_adapter(
            LoraConfig(
                r=4,
                lora_alpha=4,
                init_lora_weights="gaussian",
                target_modules=["to_q", "to_k", "to_v", "to_out.0"],
            )
        )
        tensors = get_peft_model_state_dict(model)
    name = next(
        (name for name in spec.siblings if name.endswith(".safetensors")), "pytorch_lora_weights.safetensors"
    )
    with report.timed("save"):
        type(pipeline).save_lora_weights(str(out), **{f"{part}_lora_layers": tensors}, weight_name=name)
    report.class_name, report.strategy, report.ran = f"{type(pipeline).__name__} LoRA", "lora/4", "load"
    report.weights.append(name)
    report.parameters = sum(tensor.numel() for tensor in tensors.values())
    return report
