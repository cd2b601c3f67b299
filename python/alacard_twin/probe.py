"""Runs a model's main call once: with the first guess of inputs that it accepts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from alacard_twin.inputs import ARGUMENTS, TEXT_LENGTH, Context, Inputs, _noise, _ones, _torch

NEW_TOKENS = 4

GENERATIVE = frozenset(
    {
        "text-generation",
        "text2text-generation",
        "summarization",
        "translation",
        "image-text-to-text",
        "video-text-to-text",
        "image-to-text",
        "any-to-any",
        "automatic-speech-recognition",
        "audio-text-to-text",
        "visual-question-answering",
        "document-question-answering",
        "table-question-answering",
        "text-to-audio",
        "text-to-speech",
    }
)
"""Tasks whose main call is `generate`, where the class has it."""

PARTS: dict[str, tuple[str, ...]] = {"bark": ("semantic", "coarse_acoustics", "fine_acoustics")}
"""Models without a forward of their own."""

FORWARD_ONLY = frozenset({"blt"})
"""Models whose `generate` does not work with the library's own configuration (blt's has no number
of layers)."""

_MISSING = re.compile(r"missing \d+ required (?:positional|keyword-only) arguments?: (.*)")
_LENGTH = re.compile(r"features to be of length (\d+)")


class Probe:
    """Finds inputs for a model, runs it, and remembers the inputs that worked."""

    def __init__(self, task: str | None, own: Callable[[Any], Inputs] | None = None) -> None:
        self.task = task
        self.own = own
        """Makes the inputs of the model's own processor, and has tried them; then nothing is guessed."""
        self.inputs: Inputs = {}
        self.output: Any = None

    def run(self, model: Any) -> str:
        """The name of the main call that worked; the first error when no guess was accepted."""
        if model.config.model_type in PARTS:
            return self._run_parts(model)
        if self.own is not None:
            self.inputs = self.own(model)
            return "generate"
        first: Exception | None = None
        generates = self.task in GENERATIVE and bool(model.can_generate())
        if generates and model.config.model_type in FORWARD_ONLY:
            generates = False
        for guess in candidates(Context(model)):
            inputs: Inputs | None = guess
            for _ in range(3):
                if inputs is None:
                    break
                try:
                    return self._call(model, inputs, generates)
                except Exception as error:
                    first = first or error
                    inputs = _repaired(Context(model), inputs, error)
        raise first or RuntimeError("no inputs are known for this model")

    def _run_parts(self, model: Any) -> str:
        """Models that are several generators in a row, with settings that only real repos carry: each part
        once.
        """
        import torch

        with torch.no_grad():
            for name in PARTS[model.config.model_type]:
                part = getattr(model, name)
                ids = torch.randint(3, 90, (1, TEXT_LENGTH))
                codes = torch.randint(3, 90, (1, TEXT_LENGTH, getattr(part.config, "n_codes_total", 1)))
                part(1, codes) if "fine" in name else part(ids)
        return "forward"

    def _call(self, model: Any, inputs: Inputs, generates: bool) -> str:
        import torch

        inputs = typed(model, inputs)
        with torch.no_grad():
            self.output = generate(model, inputs) if generates else model(**inputs)
        self.inputs = inputs
        return "generate" if generates else "forward"


MOST_RUNS = 40
"""A tensor of whole numbers with more runs of equal ones than this is described by its shape alone."""


def described(inputs: Inputs) -> dict[str, Any]:
    """The tensors among some inputs, by argument: shape, type of number, largest number, and what a row of
    tokens consists of: pairs of a token and how often it follows itself.
    """
    torch = _torch()
    tensors = {name: value for name, value in inputs.items() if torch.is_tensor(value) and value.numel()}
    return {name: _described(value) for name, value in tensors.items()}


def _described(tensor: Any) -> dict[str, Any]:
    kind = "float32" if tensor.is_floating_point() else "bool" if tensor.dtype == _torch().bool else "int64"
    about = {"shape": list(tensor.shape), "dtype": kind, "high": int(tensor.max())}
    if kind != "int64" or tensor.dim() != 2 or len(tensor) != 1:
        return about
    values, counts = tensor[0].unique_consecutive(return_counts=True)
    runs = [list(pair) for pair in zip(values.tolist(), counts.tolist(), strict=True)]
    return {**about, "runs": runs} if len(runs) <= MOST_RUNS else about


def generate(model: Any, inputs: Inputs, **options: Any) -> Any:
    """A short greedy generation; ids that bare configurations lack are given."""
    settings: dict[str, Any] = {"max_new_tokens": NEW_TOKENS, "do_sample": False, **options}
    known = model.generation_config
    decodes = getattr(model.config, "is_encoder_decoder", False) or "flattened_patches" in inputs
    if decodes and known.decoder_start_token_id is None:
        settings["decoder_start_token_id"] = known.bos_token_id if known.bos_token_id is not None else 0
    if known.pad_token_id is None:
        settings["pad_token_id"] = 0
    if known.bos_token_id is None and "input_ids" not in inputs:
        settings["bos_token_id"] = 0
    return model.generate(**inputs, **settings)


def typed(model: Any, inputs: Inputs) -> Inputs:
    """The inputs with real numbers of the model's own type."""
    import torch

    dtype = getattr(model, "dtype", torch.float32)
    return {
        name: value.to(dtype) if torch.is_tensor(value) and value.is_floating_point() else value
        for name, value in inputs.items()
    }


def _repaired(context: Context, inputs: Inputs, error: Exception) -> Inputs | None:
    """The same inputs with what the error asks for; None when it asks for nothing that is known."""
    text = str(error)
    missing = _MISSING.search(text)
    if missing:
        names = re.findall(r"'(\w+)'", missing.group(1))
        added = {name: _argument(context, name) for name in names if name in ARGUMENTS and name not in inputs}
        return {**inputs, **added} if added else None
    length = _LENGTH.search(text)
    if length and "input_features" in inputs:
        bins = min(inputs["input_features"].shape[1:])
        return {**inputs, "input_features": _noise(1, bins, int(length.group(1)))}
    return None


def _argument(context: Context, name: str) -> Any:
    return ARGUMENTS[name](context)


def candidates(context: Context) -> Iterator[Inputs]:
    """Guesses of inputs, the most likely first."""
    for guess in (
        _special,
        _required,
        _main,
        _text_and_image,
        _text,
        _images,
        _features,
        _waves,
        _own_dummies,
    ):
        try:
            yield from guess(context)
        except Exception:
            continue


def _only(context: Context, *names: str) -> Inputs:
    return {name: _argument(context, name) for name in names if context.takes(name)}


def _text_inputs(context: Context) -> Inputs:
    inputs = _only(context, "input_ids", "attention_mask")
    if context.takes("decoder_input_ids") and not context.model.can_generate():
        inputs["decoder_input_ids"] = _argument(context, "decoder_input_ids")
    return inputs


def _required(context: Context) -> Iterator[Inputs]:
    names = context.required()
    if names and all(name in ARGUMENTS for name in names):
        yield {name: _argument(context, name) for name in names}


def _main(context: Context) -> Iterator[Inputs]:
    main = context.main
    if main == "input_ids" and context.takes("input_ids"):
        yield _text_inputs(context)
        return
    if main not in ARGUMENTS or not context.takes(main):
        return
    inputs = {main: _argument(context, main)}
    if main == "input_features" and context.takes("attention_mask"):
        frames = inputs[main].shape[2 if "whisper" in context.type else 1]
        yield {**inputs, "attention_mask": _ones(1, frames)}
    if context.takes("decoder_input_ids") and not context.model.can_generate():
        inputs["decoder_input_ids"] = _argument(context, "decoder_input_ids")
    yield inputs


def _text_and_image(context: Context) -> Iterator[Inputs]:
    if context.takes("pixel_values") and context.takes("input_ids"):
        both = {**_text_inputs(context), "pixel_values": _argument(context, "pixel_values")}
        yield both
        if context.takes("bbox"):
            yield {**both, "bbox": _argument(context, "bbox")}


def _text(context: Context) -> Iterator[Inputs]:
    if context.takes("input_ids"):
        yield _text_inputs(context)
        if context.takes("bbox"):
            yield {**_text_inputs(context), "bbox": _argument(context, "bbox")}


def _images(context: Context) -> Iterator[Inputs]:
    if not context.takes("pixel_values"):
        return
    image = _argument(context, "pixel_values")
    yield {"pixel_values": image}
    if image.dim() == 4:
        frames = context.number("num_frames", default=2)
        text = _text_inputs(context)
        for count in dict.fromkeys((frames, 1, 2)):
            video = image[:, None].repeat(1, count, 1, 1, 1)
            yield {"pixel_values": video}
            yield {**text, "pixel_values": video}


def _features(context: Context) -> Iterator[Inputs]:
    if not context.takes("input_features"):
        return
    torch = _torch()
    first = _argument(context, "input_features")
    text = _only(context, "input_ids")
    for features in (first, first.transpose(1, 2)):
        yield {"input_features": features}
        yield {"input_features": features, **text}
        yield {"input_features": features, **_only(context, "decoder_input_ids")}
        for name in ("input_features_mask", "attention_mask"):
            if context.takes(name):
                mask = torch.ones(1, max(features.shape[1:]), dtype=torch.bool)
                yield {"input_features": features, name: mask}
                yield {"input_features": features, name: mask.long()}
    for bins in (80, 128, 160, 320):
        features = _noise(1, 160, bins)
        yield {
            "input_features": features,
            **({"attention_mask": _ones(1, 160)} if context.takes("attention_mask") else {}),
        }


def _waves(context: Context) -> Iterator[Inputs]:
    if not context.takes("input_values"):
        return
    decoder = {} if context.model.can_generate() else _only(context, "decoder_input_ids")
    for shape in ((1, 16000), (1, 1, 16000), (1, 128, 1024), (1, 1024, 128)):
        yield {"input_values": _noise(*shape), **decoder}


def _own_dummies(context: Context) -> Iterator[Inputs]:
    yield dict(context.model.dummy_inputs)


def _special(context: Context) -> Iterator[Inputs]:
    from alacard_twin.special_inputs import SPECIAL

    make = SPECIAL.get(context.type)
    if make:
        yield make(context)
