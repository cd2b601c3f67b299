"""Twins for timm, loaded by timm itself."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("timm")

from alacard_twin.make import make
from alacard_twin.spec import TwinError, TwinSpec


@pytest.mark.parametrize("name", ["vit_base_patch16_224", "mobilenetv3_small_100", "convnext_base"])
def test_a_twin_loads_and_classifies(name: str, tmp_path: Path) -> None:
    import timm
    import torch

    config = {"architecture": name, "num_classes": 12, "pretrained_cfg": {"input_size": [3, 224, 224]}}
    report = make(TwinSpec(repo="timm/x", library="timm", config=config), tmp_path / "twin")
    model = timm.create_model(f"local-dir:{tmp_path / 'twin'}", pretrained=True).eval()
    size = timm.data.resolve_model_data_config(model)["input_size"]
    with torch.no_grad():
        assert model(torch.zeros(1, *size)).shape == (1, 12)
    assert report.ran == "forward" and report.bytes < 50e6


def test_an_unknown_architecture_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TwinError, match="timm has no model 'nothing'"):
        make(TwinSpec(repo="timm/x", library="timm", config={"architecture": "nothing"}), tmp_path / "twin")
