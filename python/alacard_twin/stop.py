"""Makes a generating twin say a few ordinary words and then stop.

Random weights almost never choose the end token: every generation would run to its limit, and decoded text
would be noise. So the vocabulary gets a chain: after any token comes one of the first group of words, after
that one of the second, and so on; after the last group comes the end token. The next token depends on the
last one only, so this holds for any prompt, chat templates, beams and sampling.

How: every row of the input embedding gets a large mark that says which group its token is in. What the layers
make of the marks is measured at the input of the output head, and the rows of the head that should follow
each group are solved for. Nothing is assumed about the layers in between.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alacard_twin import words
from alacard_twin.inputs import Inputs

GROUPS = 3
"""Words that a generation says before it ends."""

GROUP_SIZE = 8
"""Words to choose from at each step, so that different inputs and samples give different text."""

MARK = 16.0
"""Height of a mark: well above what two small layers add to a token's representation."""

SPREAD = 0.7
"""Standard deviation of the embedding beside the marks: what makes one input differ from another."""

GAP = 24.0
"""How far the wanted tokens' logits are above the rest: e^24 is far above any vocabulary, also when
sampling."""

RIDGE = 0.02
"""Weight of the penalty that keeps the solution on the marks and off the noise."""

SAMPLES = 160

ENCODED = 16
"""Positions of an encoder's output that the measurement attends to."""


class _Reached(Exception):  # noqa: N818
    """The head's input was seen: the rest of the forward is not needed."""


@dataclass
class Chain:
    """The groups of words and the ids that end."""

    groups: list[list[int]]
    ends: list[int]


def shorten(model: Any, folder: Path, inputs: Inputs) -> str | None:
    """Builds the chain into a model's weights; a sentence when that was not possible."""
    import torch

    head, embedding = model.get_output_embeddings(), _input_embedding(model)
    if head is None or embedding is None or getattr(head, "weight", None) is None:
        return "generation is not made to end early: the model has no output embedding"
    if head.weight.dim() != 2 or head.weight.shape[0] > embedding.weight.shape[0] + 1024:
        return "generation is not made to end early: its output is no vocabulary"
    if head.weight.data_ptr() == embedding.weight.data_ptr():
        return "generation is not made to end early: input and output embedding are one"
    chain = plan(model, folder, min(head.weight.shape[0], embedding.weight.shape[0]))
    if chain is None:
        return "generation is not made to end early: no end token is known"
    _name_end(model, folder, chain.ends[0])
    with torch.no_grad():
        mark(embedding.weight, chain)
        states, kinds = _measure(model, head, chain, inputs, embedding.weight.shape[0])
        solve(head, chain, states, kinds)
        return _check_gap(model, head, chain, inputs)


def plan(model: Any, folder: Path, vocabulary: int) -> Chain | None:
    """Which words and which end tokens."""
    ends = [number for number in words.end_ids(model, folder) if number < vocabulary]
    banned = words.special_ids(model.config, folder) | set(ends)
    size = min(GROUP_SIZE, max(1, (vocabulary - len(banned)) // (4 * GROUPS)))
    chosen = words.ordinary(folder, vocabulary, banned, GROUPS * size)
    if not ends or len(chosen) < GROUPS:
        return None
    return Chain([chosen[number::GROUPS] for number in range(GROUPS)], ends)


def _name_end(model: Any, folder: Path, end: int) -> None:
    """Settings that name no end token, or are known in part only: generation has to know the tokenizer's."""
    settings = getattr(model, "generation_config", None)
    if settings is not None and settings.eos_token_id is None:
        settings.eos_token_id = end
    text = words.text_config(model.config)
    if getattr(text, "eos_token_id", None) is None:
        text.eos_token_id = end
    path = folder / "generation_config.json"
    known = words.read_json(path)
    if known and known.get("eos_token_id") is None:
        path.write_text(json.dumps({**known, "eos_token_id": end}, sort_keys=True), encoding="utf-8")


def _input_embedding(model: Any) -> Any:
    part = model
    if getattr(model.config, "is_encoder_decoder", False):
        part = _decoder(model) or model
    found = part.get_input_embeddings()
    return found if getattr(found, "weight", None) is not None and found.weight.dim() == 2 else None


def _decoder(model: Any) -> Any:
    try:
        decoder = model.get_decoder()
    except Exception:
        return None
    return decoder if hasattr(decoder, "get_input_embeddings") else None


def mark(weight: Any, chain: Chain) -> None:
    """Marks every row with its group: coordinate 0 for all tokens outside the chain."""
    deviation = weight[: 1 << 12].float().std().clamp_min(1e-6)
    weight.mul_(SPREAD / deviation)
    weight[:, : len(chain.groups) + 1] = 0.0
    weight[:, 0] = MARK
    for number, group in enumerate(chain.groups, start=1):
        weight[group, 0] = 0.0
        weight[group, number] = MARK


def _measure(model: Any, head: Any, chain: Chain, inputs: Inputs, vocabulary: int) -> tuple[Any, Any]:
    """Inputs of the head after short texts that end in each kind of token: (states, number of the kind)."""
    import torch

    generator = torch.Generator().manual_seed(2)
    last = torch.randint(3, vocabulary, (SAMPLES,), generator=generator).tolist() + chain.ends
    member = {token: number for number, group in enumerate(chain.groups, start=1) for token in group}
    last += list(member) * 2
    text = torch.randint(3, vocabulary, (len(last), 4), generator=generator)
    text[:, -1] = torch.tensor(last)
    kinds = torch.tensor([member.get(token, 0) for token in last])
    return _states(model, head, text, inputs), kinds


def _states(model: Any, head: Any, text: Any, inputs: Inputs) -> Any:
    import torch

    seen: list[Any] = []

    def look(_: Any, arguments: tuple[Any, ...]) -> None:
        seen.append(arguments[0].detach())
        raise _Reached

    hook = head.register_forward_pre_hook(look)
    try:
        for call in _calls(model, text, inputs):
            try:
                model(**call())
            except _Reached:
                break
            except Exception:
                continue
    finally:
        hook.remove()
    if not seen:
        raise RuntimeError("the output head was not reached")
    states = seen[-1].float()
    return (
        states.reshape(text.shape[0], -1, states.shape[-1])[:, -1]
        if states.dim() == 3
        else torch.squeeze(states)
    )


def _check_gap(model: Any, head: Any, chain: Chain, inputs: Inputs) -> str | None:
    """Measures the gap in the model's real scores, which some models scale or cap after the head."""
    import torch

    last = [3, *(group[0] for group in chain.groups)]
    text = torch.full((len(last), 4), 3)
    text[:, -1] = torch.tensor(last)
    follows = [*(group for group in chain.groups), chain.ends]
    for _ in range(3):
        scores = _scores(model, text, inputs)
        wanted = torch.stack([scores[row, group].max() for row, group in enumerate(follows)])
        gaps = wanted - scores.median(dim=1).values
        lowest = float(gaps.min())
        if lowest >= 0.8 * GAP:
            return None
        rows = [number for group in follows for number in group]
        head.weight[rows] *= max(1.1, min(40.0, GAP / max(lowest, 0.2)))
    return f"the scores of the words to be said are only {lowest:.1f} above the rest" if lowest < 10 else None


def _scores(model: Any, text: Any, inputs: Inputs) -> Any:
    for call in _calls(model, text, inputs):
        try:
            return model(**call()).logits[:, -1].float()
        except Exception:
            continue
    raise RuntimeError("the scores cannot be measured")


def _calls(model: Any, text: Any, inputs: Inputs) -> list[Callable[[], Inputs]]:
    count = text.shape[0]

    def repeated() -> Inputs:
        skipped = ("input_ids", "attention_mask", "decoder_input_ids", "token_type_ids")
        return {n: v.repeat(count, *[1] * (v.dim() - 1)) for n, v in inputs.items() if n not in skipped}

    if getattr(model.config, "is_encoder_decoder", False):
        return [lambda: _decoding(model, text, inputs), lambda: {**repeated(), "decoder_input_ids": text}]
    return [
        lambda: {"input_ids": text, "use_cache": False},
        lambda: {"input_ids": text},
        lambda: {**repeated(), "input_ids": text},
    ]


def _decoding(model: Any, text: Any, inputs: Inputs) -> Inputs:
    """The encoder runs once; all short texts attend to the beginning of what it says."""
    from transformers.modeling_outputs import BaseModelOutput

    source = {name: value for name, value in inputs.items() if not name.startswith("decoder")}
    encoded = model.get_encoder()(**source)
    states = encoded[0][:1, :ENCODED].expand(text.shape[0], -1, -1)
    return {"encoder_outputs": BaseModelOutput(last_hidden_state=states), "decoder_input_ids": text}


def solve(head: Any, chain: Chain, states: Any, kinds: Any) -> None:
    """Sets the rows of the head: the next group, or the end, is far above all other tokens."""
    import torch

    wanted = torch.nn.functional.one_hot(kinds, len(chain.groups) + 1).float()
    shares = wanted.sum(0).clamp_min(1.0)
    balance = (1.0 / shares)[kinds].sqrt()[:, None]
    left = states * balance
    gram = left.T @ left
    gram += RIDGE * gram.diagonal().mean() * torch.eye(gram.shape[0])
    rows = torch.linalg.solve(gram, left.T @ (wanted * balance)).T
    level = ((states @ rows.T) * wanted).sum(1)
    rows = rows * (GAP / level.median().clamp_min(1e-3))
    noise = 1.0 / states.norm(dim=1).median().clamp_min(1e-6)
    generator = torch.Generator().manual_seed(3)
    weight, bias = head.weight, getattr(head, "bias", None)
    for number, group in enumerate([*chain.groups, chain.ends]):
        own = torch.randn(len(group), rows.shape[1], generator=generator) * noise
        if number == len(chain.groups):
            own = torch.zeros_like(own)
            rows_here = rows[number][None] * torch.tensor([1.0] + [0.9] * (len(group) - 1))[:, None]
        else:
            rows_here = rows[number][None].expand_as(own)
        weight[group] = (rows_here + own).to(weight.dtype)
        if bias is not None:
            bias[group] = 0.0
