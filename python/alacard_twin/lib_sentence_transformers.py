"""Twins for sentence-transformers: bi-encoders made of modules, and cross-encoders.

The transformer inside is a twin of its own. What people see of a bi-encoder is the width of its
embeddings, so
that width is kept where the embedding table is not too large; else the other modules follow the twin's width.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from alacard_twin import files, lib_transformers, weights
from alacard_twin.spec import Json, TwinError, TwinReport, TwinSpec

KEEP_WIDTH_MB = 100
"""An embedding table of this size or less keeps the real width."""

DEFAULT_MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
]
"""What the library itself puts together for a repo without modules.json: a transformer and the mean."""


def make(spec: TwinSpec, out: Path) -> TwinReport:
    """Makes a bi-encoder from its modules, or a cross-encoder as a classifier of pairs."""
    if spec.library == "cross-encoder":
        return _cross_encoder(spec, out)
    modules = _modules(spec)
    path = str(modules[0].get("path") or "")
    inner = spec.with_part(library="transformers", task="feature-extraction", files=_folder(spec, path))
    if _ends(modules[0], "StaticEmbedding"):
        report = _static(spec, out / path)
    else:
        (out / path).mkdir(parents=True, exist_ok=True)
        report = _transformer(inner, out / path)
    if path and spec.files:
        files.copy_small(spec.files, out / ".real")
    _merge(out / ".real", out)
    width = _finish(modules, spec, out, path, report)
    _try(out, report)
    report.notes.append(f"embeddings have {width} numbers")
    return report


def _cross_encoder(spec: TwinSpec, out: Path) -> TwinReport:
    plain = spec.with_part(library="transformers", task="text-classification")
    original = lib_transformers.read_config(plain)
    named = original.get("architectures") or []
    if any(str(name).endswith("ForCausalLM") for name in named):
        plain = plain.with_part(task="text-generation")
    return lib_transformers.make(plain, out)


def _modules(spec: TwinSpec) -> list[Json]:
    path = spec.files / "modules.json" if spec.files else None
    if path is None or not path.is_file():
        return [dict(module) for module in DEFAULT_MODULES]
    value = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, list) or not value:
        raise TwinError("config", "modules.json names no module", "Fetch the repo's modules.json again.")
    return [dict(module) for module in value]


def _ends(module: Json, name: str) -> bool:
    return str(module.get("type", "")).rsplit(".", 1)[-1] == name


def _folder(spec: TwinSpec, path: str) -> Path | None:
    if spec.files is None or not path:
        return spec.files
    return spec.files / path if (spec.files / path).is_dir() else spec.files


def _merge(source: Path, out: Path) -> None:
    """Puts the real small files where the twin has none of its own."""
    if not source.is_dir():
        return
    for path in sorted(source.rglob("*")):
        target = out / path.relative_to(source)
        if path.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    shutil.rmtree(source)


def _transformer(spec: TwinSpec, out: Path) -> TwinReport:
    original = lib_transformers.read_config(spec)
    if not _keeps_width(original):
        return lib_transformers.make(spec, out)
    try:
        return _wide(spec, original, out)
    except Exception:
        shutil.rmtree(out)
        out.mkdir(parents=True)
        return lib_transformers.make(spec, out)


def _keeps_width(config: Json) -> bool:
    width: Any = config.get("hidden_size")
    words: Any = config.get("vocab_size")
    plain = (
        isinstance(width, int) and isinstance(words, int) and isinstance(config.get("num_hidden_layers"), int)
    )
    return plain and "auto_map" not in config and width * words * 4 / 1e6 <= KEEP_WIDTH_MB


def _wide(spec: TwinSpec, original: Json, out: Path) -> TwinReport:
    """Two layers of the real width with small feed-forward parts."""
    import torch
    from transformers import AutoConfig, AutoModel

    report = TwinReport(strategy="width/2")
    with report.timed("config"):
        files.copy_small(spec.files, out)
        small = {**original, "num_hidden_layers": min(2, original["num_hidden_layers"])}
        if isinstance(original.get("intermediate_size"), int):
            small["intermediate_size"] = min(256, original["intermediate_size"])
        values = {
            key: value
            for key, value in small.items()
            if key not in (*lib_transformers.NOT_OURS, "model_type")
        }
        config = AutoConfig.for_model(original["model_type"], **values)
    with report.timed("standins"):
        files.stand_in(
            spec, out, AutoConfig.for_model(original["model_type"], **_without_type(original)), report
        )
    with report.timed("build"):
        cls = AutoModel._model_mapping[type(config)]
        model = weights.build(cls, config, spec.seed, spec.parameter_cap)
    with report.timed("probe"), torch.no_grad():
        model(input_ids=torch.ones(1, 4, dtype=torch.long) * 5)
    report.ran = "forward"
    with report.timed("save"):
        files.save(model, spec, original, out, report)
    _set(out / "config.json", small, ("num_hidden_layers", "intermediate_size"))
    report.class_name = type(model).__name__
    report.parameters = weights.count_parameters(model)
    return report


def _without_type(original: Json) -> Json:
    return {key: value for key, value in original.items() if key != "model_type"}


def _set(path: Path, values: Json, keys: tuple[str, ...]) -> None:
    config = json.loads(path.read_text(encoding="utf-8"))
    config.update({key: values[key] for key in keys if key in values})
    _write(path, config)


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _read(path: Path) -> Json:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _finish(modules: list[Json], spec: TwinSpec, out: Path, path: str, report: TwinReport) -> int:
    """Writes what the other modules need at the twin's width; returns the width of the embeddings."""
    known = spec.files is not None and (spec.files / "modules.json").is_file()
    if not known:
        _write(out / "modules.json", modules)
        _write(out / "config_sentence_transformers.json", {"prompts": {}, "default_prompt_name": None})
        report.standins.append(
            "modules.json: a transformer and the mean of its tokens, as the library does by itself"
        )
    width = _width(out / path)
    for module in modules[1:]:
        width = _module(module, out / str(module.get("path") or ""), width, spec.seed, report)
    return width


def _width(folder: Path) -> int:
    config = _read(folder / "config.json")
    text = config.get("text_config") if isinstance(config.get("text_config"), dict) else {}
    for holder in (config, text or {}):
        for name in ("projection_dim", "hidden_size", "d_model", "dim", "n_embd"):
            if isinstance(holder.get(name), int) and (name != "projection_dim" or "text_config" in config):
                return int(holder[name])
    return 0


def _module(module: Json, folder: Path, width: int, seed: int, report: TwinReport) -> int:
    if _ends(module, "Pooling"):
        return _pooling(folder / "config.json", width)
    if _ends(module, "Dense"):
        return _dense(folder, width, seed, report)
    if _ends(module, "LayerNorm"):
        import torch
        from safetensors.torch import save_file

        _write(folder / "config.json", {"dimension": width})
        save_file(
            {"norm.weight": torch.ones(width), "norm.bias": torch.zeros(width)}, folder / "model.safetensors"
        )
    folder.mkdir(parents=True, exist_ok=True)
    return width


def _pooling(path: Path, width: int) -> int:
    config = _read(path) or {"word_embedding_dimension": width, "pooling_mode_mean_tokens": True}
    key = "embedding_dimension" if "embedding_dimension" in config else "word_embedding_dimension"
    _write(path, {**config, key: width})
    modes = [name for name, on in config.items() if name.startswith("pooling_mode_") and on is True]
    mode = config.get("pooling_mode")
    return width * max(1, len(mode) if isinstance(mode, list) else len(modes))


def _dense(folder: Path, width: int, seed: int, report: TwinReport) -> int:
    """A layer from the twin's width to the real width of the embeddings."""
    import torch
    from safetensors.torch import save_file

    config = _read(folder / "config.json")
    target = int(config.get("out_features") or width)
    activation = config.get("activation_function") or "torch.nn.modules.activation.Tanh"
    bias = bool(config.get("bias", True))
    values = {
        **config,
        "in_features": width,
        "out_features": target,
        "bias": bias,
        "activation_function": activation,
    }
    _write(folder / "config.json", values)
    generator = torch.Generator().manual_seed(seed)
    tensors = {"linear.weight": torch.randn(target, width, generator=generator) / width**0.5}
    if bias:
        tensors["linear.bias"] = torch.zeros(target)
    save_file(tensors, folder / "model.safetensors")
    report.weights.append(f"{folder.name}/model.safetensors")
    return target


def _static(spec: TwinSpec, out: Path) -> TwinReport:
    """A table of embeddings: one row a token, as the real tokenizer counts them."""
    import torch
    from safetensors.torch import save_file
    from tokenizers import Tokenizer

    report = TwinReport(class_name="StaticEmbedding", strategy="table", ran="forward")
    files.copy_small(spec.files, out)
    path = next((found for found in sorted(out.rglob("tokenizer.json"))), None)
    if path is None:
        hint = "A twin of a static embedding needs the repo's tokenizer.json."
        raise TwinError("config", "there is no tokenizer.json", hint)
    words = Tokenizer.from_file(str(path)).get_vocab_size()
    width = int(_read(out / "config.json").get("hidden_dim") or 256)
    width = max(8, min(width, int(spec.size_cap_mb * 250_000 / max(words, 1))))
    generator = torch.Generator().manual_seed(spec.seed)
    save_file(
        {"embedding.weight": torch.randn(words, width, generator=generator)},
        path.parent / "model.safetensors",
    )
    report.parameters = words * width
    report.weights.append("model.safetensors")
    return report


def _try(out: Path, report: TwinReport) -> None:
    """Encodes one sentence where the library is installed."""
    try:
        import sentence_transformers
    except ImportError:
        report.notes.append("not tried with sentence-transformers: it is not installed")
        return
    with report.timed("probe"):
        try:
            sentence_transformers.SentenceTransformer(str(out), device="cpu").encode(["A short text."])
        except Exception as error:
            report.notes.append(
                f"sentence-transformers did not run it: {type(error).__name__}: {error}"[:300]
            )
            return
    report.ran = "encode"
