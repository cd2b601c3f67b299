"""The files of a twin's repo: the real small ones, stand-ins for missing ones, and weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from alacard_twin.shrink import Strategy, shrink
from alacard_twin.spec import Json, TwinReport, TwinSpec

WEIGHT_ENDINGS = (
    ".safetensors",
    ".bin",
    ".pt",
    ".pth",
    ".h5",
    ".msgpack",
    ".onnx",
    ".gguf",
    ".ckpt",
    ".index.json",
)
"""Files of real weights: never copied, even if they are there."""

KEPT_FROM_REAL = ("architectures", "auto_map", "transformers_version", "model_type")
"""Settings of the real config.json that the library rewrites when saving."""

NOT_KEPT = frozenset(
    {
        "quantization_config",
        "compression_config",
        "torch_dtype",
        "rope_scaling",
        "rope_theta",
        "tie_word_embeddings",
    }
)
"""Settings of the real config.json that a twin must not have, or that the library writes under a
newer name."""


def copy_small(source: Path | None, out: Path) -> None:
    """Copies the known real files, weights excepted."""
    if source is None:
        return
    for path in sorted(source.rglob("*")):
        if path.is_file() and not path.name.endswith(WEIGHT_ENDINGS):
            target = out / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def stand_in(spec: TwinSpec, out: Path, config: Any, report: TwinReport) -> None:
    """Makes the tokenizer and processor files that the repo should have and that are not known."""
    try:
        from alacard_twin import standins

        made = standins.complete(spec, out, config)
    except Exception as error:
        report.notes.append(f"no stand-ins: {type(error).__name__}: {error}"[:300])
        return
    report.standins += made


def save(model: Any, spec: TwinSpec, original: Json, out: Path, report: TwinReport) -> None:
    """Writes the weights and config.json; other files that the real repo has stay untouched."""
    kept = {path: path.read_bytes() for path in out.glob("*.json") if path.name != "config.json"}
    code = {path: path.read_bytes() for path in out.glob("*.py")}
    model.save_pretrained(out, max_shard_size="100GB")
    for path, content in {**kept, **code}.items():
        path.write_bytes(content)
    _drop_unknown(spec, out, kept)
    _write_config(
        original, out / "config.json", frozenset(getattr(model.config, "attribute_map", None) or ())
    )
    report.weights.append("model.safetensors")
    if "pytorch_model.bin" in spec.siblings:
        _write_bin(out)
        report.weights.append("pytorch_model.bin")


def _drop_unknown(spec: TwinSpec, out: Path, kept: dict[Path, bytes]) -> None:
    """The library writes a generation_config.json; a repo without one must not get one."""
    path = out / "generation_config.json"
    if path.is_file() and path not in kept and spec.siblings and path.name not in spec.siblings:
        path.unlink()


def _write_config(original: Json, path: Path, aliases: frozenset[str]) -> None:
    """What the library wrote, plus the real file's own extra settings where they are no other name of a
    size.
    """
    value = json.loads(path.read_text(encoding="utf-8"))
    for name in KEPT_FROM_REAL:
        if name in original:
            value[name] = original[name]
    unchanged = shrink(original, Strategy("const", 2))
    for name, setting in original.items():
        ours = name in value or name in NOT_KEPT or name in aliases or setting is None
        if not ours and unchanged[name] == setting:
            value[name] = setting
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def _write_bin(out: Path) -> None:
    """The older format, for notebooks that ask for it by name; it reads the same tensors."""
    import torch
    from safetensors.torch import load_file

    torch.save(load_file(out / "model.safetensors"), out / "pytorch_model.bin")
