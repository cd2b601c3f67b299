"""Spreads the scores of classifying heads, so that what comes after them has something to work with.

With random weights every frame, word or box gets nearly the same scores: speech recognition writes nothing,
detection finds no box. The head's inputs are measured on the probe; its rows are scaled and its
bias is set so that the best class differs from place to place. Nothing but the last linear layer changes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alacard_twin import words
from alacard_twin.inputs import Inputs

SPREADS: dict[str, float] = {
    "ctc": 4.0,
    "token-classification": 2.0,
    "text-classification": 1.0,
    "image-classification": 1.0,
    "audio-classification": 1.0,
    "video-classification": 1.0,
    "object-detection": 8.0,
}
"""Standard deviation of the scores over classes that each task gets."""

CONFIDENT = 3.5
"""A score whose sigmoid is 0.97: above the usual thresholds of detection."""

SHARE_EMPTY = 0.8
"""The share of a detector's queries that find nothing."""


def spread(model: Any, task: str | None, folder: Path, inputs: Inputs) -> str | None:
    """Sets the head of a classifying model; a sentence when that was not possible."""
    kind = "ctc" if type(model).__name__.endswith("ForCTC") else task or ""
    if kind not in SPREADS:
        return None
    found = _head(model, inputs)
    if found is None:
        return "scores are not spread: the last layer is no plain linear layer"
    layer, states = found
    import torch

    with torch.no_grad():
        _scale(layer, states, SPREADS[kind])
        if layer.bias is not None and states.shape[0] > 1:
            _settle(layer, states, kind, model.config, folder)
    return None


def _head(model: Any, inputs: Inputs) -> tuple[Any, Any] | None:
    """The linear layer whose output is the model's scores, and what went into it."""
    import torch

    seen: list[tuple[Any, Any, Any]] = []
    hooks = [
        module.register_forward_hook(lambda m, a, o: seen.append((m, a[0].detach(), o.detach())))
        for module in model.modules()
        if isinstance(module, torch.nn.Linear)
    ]
    try:
        with torch.no_grad():
            output = model(**inputs)
    finally:
        for hook in hooks:
            hook.remove()
    scores = getattr(output, "logits", None)
    if scores is None:
        return None
    for layer, states, result in reversed(seen):
        if result.numel() == scores.numel() and bool(torch.equal(result.reshape(scores.shape), scores)):
            return layer, states.float().reshape(-1, states.shape[-1])
    return None


def _scale(layer: Any, states: Any, wanted: float) -> None:
    own = states - states.mean(0) if states.shape[0] > 1 else states
    level = (own @ layer.weight.float().T).std()
    if float(level) > 1e-9:
        layer.weight.mul_(min(1e4, wanted / float(level)))


def _settle(layer: Any, states: Any, kind: str, config: Any, folder: Path) -> None:
    """The bias: scores have mean zero in every class, then what the task needs."""
    centred = (states - states.mean(0)) @ layer.weight.float().T
    bias = -(states.mean(0) @ layer.weight.float().T)
    if kind == "ctc":
        for number in _silent(config, folder):
            if number < bias.shape[0]:
                bias[number] -= 3 * SPREADS["ctc"]
    if kind == "object-detection":
        bias += _detection_bias(centred, getattr(config, "num_labels", 0))
    layer.bias.copy_(bias.to(layer.bias.dtype))


def _silent(config: Any, folder: Path) -> set[int]:
    """Ids that decode to nothing or to a space: blanks must not win everywhere."""
    found = {getattr(config, f"{role}_token_id", None) for role in ("pad", "bos", "eos", "unk")}
    table = words.read_json(folder / "vocab.json")
    found |= {
        number for token, number in table.items() if token == "|" or (token[:1] in "<[" and len(token) > 1)
    }
    return {number for number in found if type(number) is int}


def _detection_bias(centred: Any, labels: int) -> Any:
    """Most queries find nothing, some find a class with high confidence."""
    import torch

    bias = torch.zeros(centred.shape[1])
    if centred.shape[1] == labels + 1:
        lead = centred[:, :-1].max(1).values - centred[:, -1]
        bias[-1] = torch.quantile(lead, SHARE_EMPTY)
        return bias
    best = centred.max(1).values
    return bias + CONFIDENT - torch.quantile(best, SHARE_EMPTY)
