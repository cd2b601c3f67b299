"""Makes a stand-in processor fit its model: a picture takes as many places in the text as the model fills.

How many places that are follows from settings under many names, and published repos carry them in files
that a bare configuration lacks. So one picture goes through the processor and the model; the error says how
many places were made and how many were wanted, and the settings that give the number are searched.
"""

from __future__ import annotations

import inspect
import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alacard_twin.inputs import Inputs
from alacard_twin.probe import generate, typed
from alacard_twin.spec import Json, TwinReport

SIDE = 384
"""The side of the trial's picture in pixels: that of the lessons' own."""

QUESTION = "What is this?"
"""What the trial asks about it."""

ROUNDS = 4
"""How many settings may be changed one after the other."""

PATIENCE_SECONDS = 25.0
"""No further attempt is begun after so much computing (not time of the clock: others may be busy)."""

_COUNTS = re.compile(r"tokens?:? (\d+)[^\d]*features:? (\d+)")
_UNSEEN = re.compile(r"\b(?:total \d+|tokens: 0)\b|placeholder")
_NUMBERS = re.compile(r"num_|seq_len|patch_size|merge_size|tokens|downsample|queries|scale_factor")


@dataclass(frozen=True)
class Change:
    """One other setting."""

    where: str
    """`prompt` (the word for a picture in the chat template), `processor` or `image_processor`."""
    name: str
    value: Any

    def __str__(self) -> str:
        return f"{self.name} {self.value}"


class Fitting:
    """A stand-in (or real) processor that models are tried with, one after the other."""

    def __init__(self, out: Path, report: TwinReport) -> None:
        self._out = out
        self._report = report
        self._ours = any(said.startswith("processor:") for said in report.standins)
        self._processor = _load(out)
        self._changes: list[Change] = []
        self._deadline = time.process_time() + PATIENCE_SECONDS

    def inputs(self, model: Any) -> Inputs:
        """What the processor makes of a picture and a question, once the model has answered it.

        Settings of a stand-in are changed until it does; a real processor stays as it is. The last error
        is raised when nothing helps.
        """
        trial = Trial(model, self._processor)
        changes = _search(trial, self._deadline) if self._ours else []
        if trial.error:
            raise ValueError(trial.error)
        self._processor, self._changes = trial.processor, [*self._changes, *changes]
        return trial.inputs

    def keep(self) -> None:
        """Writes the changed settings."""
        if self._changes:
            _save(self._processor, self._out)
            told = ", ".join(map(str, self._changes))
            self._report.standins.append(f"processor settings fitted to the model: {told}")


def fitting(cls: type[Any], out: Path, report: TwinReport) -> Fitting | None:
    """A processor for a class that sees and writes; None where there is none, with the reason noted."""
    takes = inspect.signature(cls.forward).parameters
    if "pixel_values" not in takes or "input_ids" not in takes:
        return None
    try:
        return Fitting(out, report)
    except Exception as error:
        report.notes.append(f"the processor was not tried: {type(error).__name__}: {error}"[:300])
        return None


def _load(out: Path) -> Any:
    from transformers import AutoProcessor

    processor = AutoProcessor.from_pretrained(out)
    if getattr(processor, "image_processor", None) is None:
        raise TypeError(f"{type(processor).__name__} reads no pictures")
    return processor


def _save(processor: Any, out: Path) -> None:
    from alacard_twin.standins import processors

    for name in ("processor_config.json", "preprocessor_config.json", "chat_template.jinja"):
        (out / name).unlink(missing_ok=True)
    processors.save(processor, out)
    processors.save_part(processor.image_processor, out)


class Trial:
    """A processor and a model that are to work together."""

    def __init__(self, model: Any, processor: Any) -> None:
        self.model = model
        self.processor = processor
        self.inputs: Inputs = {}
        self.error = self.run(processor)

    def run(self, processor: Any) -> str:
        """The error of one call; nothing when it worked."""
        import torch

        try:
            inputs = typed(self.model, dict(inputs_of(processor)))
            with torch.no_grad():
                generate(self.model, inputs, max_new_tokens=2)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        self.inputs = inputs
        return ""


def inputs_of(processor: Any) -> Any:
    """What the processor makes of a picture and a question, asked as a person would."""
    import numpy
    from PIL import Image

    picture = Image.fromarray(numpy.full((SIDE, SIDE, 3), 127, dtype=numpy.uint8))
    if not getattr(processor, "chat_template", None):
        return _without_turns(processor, picture)
    content = [{"type": "image", "image": picture}, {"type": "text", "text": QUESTION}]
    turns = [{"role": "user", "content": content}]
    asked = {"add_generation_prompt": True, "tokenize": True, "return_dict": True, "return_tensors": "pt"}
    return processor.apply_chat_template(turns, **asked)


def _without_turns(processor: Any, picture: Any) -> Any:
    """Some processors put the word for a picture in front by themselves."""
    errors: list[Exception] = []
    for word in ("", str(getattr(processor, "image_token", ""))):
        try:
            return processor(images=[picture], text=[f"{word}{QUESTION}"], return_tensors="pt")
        except Exception as error:
            errors.append(error)
    raise next((error for error in errors if not _UNSEEN.search(str(error))), errors[-1])


def _search(trial: Trial, deadline: float) -> list[Change]:
    """The changes that made it work, the processor with them in the trial; none when nothing helps."""
    done: list[Change] = []
    for _ in range(ROUNDS):
        before = trial.error
        if not before:
            return done
        for change in _changes(trial.processor, before):
            if time.process_time() > deadline:
                return []
            changed = _changed(trial.processor, change)
            error = trial.run(changed) if changed is not None else before
            if error == "" or _nearer(error, before):
                trial.processor, trial.error = changed, error
                done.append(change)
                break
        else:
            return []
    return done if not trial.error else []


def _nearer(error: str, before: str) -> bool:
    """Whether an error came later than the other: first a picture is seen, then its places are counted."""
    if _UNSEEN.search(before):
        return not _UNSEEN.search(error)
    return _COUNTS.search(before) is None and _COUNTS.search(error) is not None


def _changes(processor: Any, error: str) -> Iterator[Change]:
    counts = _COUNTS.search(error)
    if _UNSEEN.search(error):
        yield from _prompts(processor)
    if counts and int(counts[1]):
        yield from _settings(processor, int(counts[1]), int(counts[2]))
    if "NoneType" in error:
        yield Change("image_processor", "image_seq_length", 1)
        yield from _unset(processor)


def _unset(processor: Any) -> Iterator[Change]:
    """Some number where there is none: the next error tells the right one."""
    for name in inspect.signature(type(processor).__init__).parameters:
        if _NUMBERS.search(name) and getattr(processor, name, None) is None:
            yield Change("processor", name, 16 if "patch" in name else 1)


def _prompts(processor: Any) -> Iterator[Change]:
    """The processor's own words, as the word for a picture: alone, between its neighbours, or none."""
    known = {name: value for name, value in vars(processor).items() if isinstance(value, str) and value}
    words = [value for name, value in known.items() if "token" in name]
    first = [known["image_token"]] if "image_token" in known else []
    framed = [
        known[before] + word + known[after]
        for word in first
        for before, after in _FRAMES
        if before in known and after in known
    ]
    for word in dict.fromkeys([*first, *framed, *sorted(words, key=lambda word: "image" not in word), ""]):
        yield Change("prompt", "the word for a picture", word)


_FRAMES = (
    ("image_start_token", "image_end_token"),
    ("start_image_token", "end_image_token"),
    ("vision_start_token", "vision_end_token"),
    ("boi_token", "eoi_token"),
)
"""How processors call what stands before and after a picture's places."""


def _settings(processor: Any, made: int, wanted: int) -> Iterator[Change]:
    """Other numbers that would give as many places as are wanted, where places follow from the number."""
    for where, holder in (("processor", processor), ("image_processor", processor.image_processor)):
        for name, value in sorted(_numbers(where, holder).items()):
            for other in _others(value, made, wanted):
                yield Change(where, name, other)


def _numbers(where: str, holder: Any) -> Json:
    known = inspect.signature(type(holder).__init__).parameters if where == "processor" else vars(holder)
    numbers = {name: getattr(holder, name, None) for name in known if _NUMBERS.search(name)}
    return {name: value for name, value in numbers.items() if type(value) is int}


def _others(value: int, made: int, wanted: int) -> list[int]:
    """Places in proportion to the number, to its square, against its square, or so many more."""
    root = math.isqrt(max(made, wanted) // max(1, min(made, wanted)))
    found = [value + wanted - made]
    if (value * wanted) % made == 0:
        found.insert(0, value * wanted // made)
    found.append(value * root if made > wanted else value // max(1, root))
    found.append(value // max(1, root) if made > wanted else value * root)
    return [number for number in dict.fromkeys(found) if number >= 0 and number != value]


def _changed(processor: Any, change: Change) -> Any:
    """The processor made anew with the change; None where it cannot be made so."""
    options = _options(processor)
    parts: Json = {name: getattr(processor, name, None) for name in processor.get_attributes()}
    if change.where == "prompt":
        options["chat_template"] = _reworded(processor, change.value)
    elif change.where == "processor":
        options[change.name] = change.value
    else:
        values = {**parts["image_processor"].to_dict(), change.name: change.value}
        parts["image_processor"] = type(parts["image_processor"]).from_dict(values)
    try:
        return type(processor)(**parts, **options)
    except Exception:
        return None


def _options(processor: Any) -> Json:
    """The arguments that a processor was made with, its parts excepted."""
    known = inspect.signature(type(processor).__init__).parameters
    skipped = {"self", "kwargs", *processor.get_attributes()}
    options = {
        name: getattr(processor, name) for name in known if name not in skipped and hasattr(processor, name)
    }
    return {**options, "chat_template": processor.chat_template}


def _reworded(processor: Any, word: str) -> Any:
    """The chat template with another word for a picture."""
    template = processor.chat_template
    if not isinstance(template, str):
        return template
    place = re.compile(r"(part\.type\.startswith\('image'\) -%\}\{\{ )'(?:[^'\\]|\\.)*'")
    quoted = "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if place.search(template):
        return place.sub(lambda found: found[1] + quoted, template)
    added = "{%- elif part.type.startswith('image') -%}{{ " + quoted + " }}\n{%- endif -%}\n{%- endfor -%}"
    return template.replace("{%- endif -%}\n{%- endfor -%}", added, 1)
