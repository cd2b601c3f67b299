"""Speech to text and text to picture."""

from __future__ import annotations

import base64
import importlib
import io
import time
import wave
from typing import Any

from alacard_host.endpoint.models import Model, Registry
from alacard_host.endpoint.text import EMPTY
from alacard_host.endpoint.wire import ApiError, Call, Reply, as_json, number

RATE = 16_000
"""Samples a second that speech models expect."""

LARGEST = 256
"""Longest side in pixels that a twin really paints; the picture is then enlarged to what was asked for."""

STEPS = 2
"""Denoising steps of a twin: more of them make random pictures no better."""


def transcription(registry: Registry, call: Call) -> Reply:
    """POST /v1/audio/transcriptions and /v1/audio/translations."""
    form = call.form()
    model = registry.get(call.model or form.fields.get("model"))
    call.model, call.task = model.repo, "transcription"
    if "file" not in form.files:
        raise ApiError(400, "The form has no file.")
    samples = sound(form.files["file"])
    text = transcribe(model, samples)
    wanted = form.fields.get("response_format", "json")
    seconds = len(samples) / RATE
    if wanted == "text":
        return Reply((text + "\n").encode(), kind="text/plain; charset=utf-8")
    if wanted == "verbose_json":
        return as_json(verbose(text, seconds, form.fields.get("language", "english")))
    if wanted in ("srt", "vtt"):
        return Reply(subtitles(text, seconds, wanted).encode(), kind="text/plain; charset=utf-8")
    if wanted != "json":
        raise ApiError(400, f"response_format {wanted!r} is not known.")
    return as_json({"text": text, "usage": {"type": "duration", "seconds": int(seconds) + 1}})


def verbose(text: str, seconds: float, language: str) -> dict[str, Any]:
    """The long form of a transcript, with one segment."""
    segment = {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": seconds,
        "text": text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": -1.0,
        "compression_ratio": 1.0,
        "no_speech_prob": 0.0,
    }
    return {
        "task": "transcribe",
        "language": language,
        "duration": seconds,
        "text": text,
        "segments": [segment],
    }


def subtitles(text: str, seconds: float, kind: str) -> str:
    """The transcript as one subtitle."""
    whole, part = divmod(round(seconds * 1000), 1000)
    mark = "," if kind == "srt" else "."
    end = f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{mark}{part:03}"
    head = "1\n" if kind == "srt" else "WEBVTT\n\n"
    return f"{head}00:00:00{mark}000 --> {end}\n{text}\n"


def transcribe(model: Model, samples: Any) -> str:
    """What a model makes of a recording; never nothing, since random weights often write nothing."""
    with model.lock:
        run = model.pipeline("automatic-speech-recognition")
        answer = run({"raw": samples, "sampling_rate": RATE})
    text = str(answer["text"] if isinstance(answer, dict) else answer).strip()
    return text or EMPTY


def sound(data: bytes) -> Any:
    """Mono samples at the rate of speech models, from any file that the environment can read."""
    numpy: Any = importlib.import_module("numpy")
    try:
        samples, rate = read_sound(data)
    except ApiError:
        raise
    except Exception as error:
        raise ApiError(400, f"The sound file cannot be read: {error}") from error
    if len(samples) == 0:
        raise ApiError(400, "The sound file is empty.")
    places = numpy.linspace(0, len(samples) - 1, max(1, round(len(samples) * RATE / rate)))
    return numpy.interp(places, numpy.arange(len(samples)), samples).astype("float32")


def read_sound(data: bytes) -> tuple[Any, int]:
    """Samples and rate, through soundfile where it is installed, else plain WAV."""
    numpy: Any = importlib.import_module("numpy")
    try:
        soundfile: Any = importlib.import_module("soundfile")
    except (ImportError, OSError):
        with wave.open(io.BytesIO(data)) as file:
            if file.getsampwidth() != 2:
                raise ApiError(400, "Only 16-bit WAV can be read here.") from None
            raw = numpy.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32768
            return raw.reshape(-1, file.getnchannels()).mean(axis=1), file.getframerate()
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    return samples.mean(axis=1), int(rate)


def pictures(registry: Registry, call: Call) -> Reply:
    """POST /v1/images/generations."""
    body = call.json()
    model = registry.get(call.model or body.get("model"))
    call.model, call.task = model.repo, "image"
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise ApiError(400, "prompt must be a text that is not empty.")
    if body.get("response_format", "b64_json") not in ("b64_json", None):
        raise ApiError(400, "Only response_format b64_json is served here.")
    width, height = size(body.get("size"))
    count = int(number(body, "n", 1, 1, 10))
    data = [png(paint(model, prompt, width, height)) for _ in range(count)]
    rows = [{"b64_json": base64.b64encode(item).decode()} for item in data]
    return as_json({"created": int(time.time()), "data": rows})


def edits(registry: Registry, call: Call) -> Reply:
    """POST /v1/images/edits: the given picture is accepted, a new one is painted from the prompt."""
    form = call.form()
    model = registry.get(call.model or form.fields.get("model"))
    call.model, call.task = model.repo, "image-edit"
    if "image" not in form.files or not form.fields.get("prompt"):
        raise ApiError(400, "The form needs an image and a prompt.")
    width, height = size(form.fields.get("size"))
    data = base64.b64encode(png(paint(model, form.fields["prompt"], width, height))).decode()
    return as_json({"created": int(time.time()), "data": [{"b64_json": data}]})


def size(given: object) -> tuple[int, int]:
    """Width and height of a size such as 512x512."""
    if given is None or given == "auto":
        return 512, 512
    width, _, height = str(given).partition("x")
    if not (width.isdigit() and height.isdigit() and 16 <= int(width) <= 4096 and 16 <= int(height) <= 4096):
        raise ApiError(400, "size must be WIDTHxHEIGHT, each from 16 to 4096.")
    return int(width), int(height)


def paint(model: Model, prompt: str, width: int, height: int, **options: Any) -> Any:
    """One picture: painted small, then enlarged, since a twin's pictures are noise of any size."""
    library: Any = importlib.import_module("diffusers")
    with model.lock:
        run = model.part("painter", lambda: library.DiffusionPipeline.from_pretrained(model.folder))
        run.set_progress_bar_config(disable=True)
        picture = attempt(run, prompt, width, height)
    return picture.resize((width, height)) if picture.size != (width, height) else picture


def attempt(run: Any, prompt: str, width: int, height: int) -> Any:
    """Paints with a bounded size, else with the pipeline's own."""
    scale = min(1.0, LARGEST / max(width, height))
    sides = {
        name: max(64, round(side * scale / 64) * 64) for name, side in (("width", width), ("height", height))
    }
    try:
        return run(prompt, num_inference_steps=STEPS, **sides).images[0]
    except (TypeError, ValueError, RuntimeError):
        return run(prompt, num_inference_steps=STEPS).images[0]


def png(picture: Any) -> bytes:
    """The bytes of a PNG file."""
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()
