"""The Hub's inference format: one address a model, the task decides what goes in and comes out."""

from __future__ import annotations

import base64
import importlib
import io
import wave
from collections.abc import Callable
from typing import Any

from alacard_host.endpoint import media, text, vectors
from alacard_host.endpoint.models import Model
from alacard_host.endpoint.wire import ApiError, Call, Reply, as_json, decoded

SOUNDS = ("audio-classification", "automatic-speech-recognition", "zero-shot-audio-classification")
PICTURES = (
    "image-classification",
    "image-segmentation",
    "image-to-text",
    "object-detection",
    "zero-shot-image-classification",
    "depth-estimation",
    "visual-question-answering",
    "document-question-answering",
    "mask-generation",
    "image-feature-extraction",
    "zero-shot-object-detection",
)


def task(model: Model, call: Call, forced: str | None) -> Reply:
    """One request of a model's task."""
    name = forced or model.task or guessed(call)
    call.model, call.task = model.repo, name
    inputs, parameters, extra = given(call)
    try:
        return answer(model, name, inputs, parameters, extra)
    except ApiError:
        raise
    except (TypeError, ValueError, KeyError) as error:
        raise ApiError(400, f"{type(error).__name__}: {error}"[:500]) from error


def guessed(call: Call) -> str:
    """A model without a known task is asked for text."""
    return "text-generation" if call.kind() == "application/json" else "image-classification"


def given(call: Call) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Inputs, parameters and what else a request holds."""
    if call.kind() != "application/json":
        return call.body, {}, {}
    body = call.json()
    parameters = body.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise ApiError(400, "parameters must be an object.")
    rest = {name: value for name, value in body.items() if name not in ("inputs", "parameters")}
    return body.get("inputs"), parameters, rest


def answer(model: Model, name: str, inputs: Any, parameters: dict[str, Any], extra: dict[str, Any]) -> Reply:
    """Dispatches by task; what transformers has a pipeline for runs through it."""
    special = SPECIAL.get(name)
    if special is not None:
        return special(model, inputs, parameters, extra)
    if name == "text-classification":
        return classified(model, inputs, parameters)
    if name == "zero-shot-classification":
        return labelled(model, inputs, parameters)
    with model.lock:
        return plain(piped(model, name, inputs, parameters, extra))


def piped(model: Model, name: str, inputs: Any, parameters: dict[str, Any], extra: dict[str, Any]) -> Any:
    """Runs a transformers pipeline with the inputs in the form that it expects."""
    run = model.pipeline(name)
    known = {key: value for key, value in parameters.items() if value is not None}
    if name in SOUNDS:
        return run({"raw": media.sound(as_bytes(inputs)), "sampling_rate": media.RATE}, **known)
    if name == "document-question-answering":
        picture = extra.get("image") or (inputs.get("image") if isinstance(inputs, dict) else inputs)
        question = extra.get("question") or (inputs.get("question") if isinstance(inputs, dict) else None)
        return run(image=as_picture(picture), question=question or "What is this?", **known)
    if name in PICTURES:
        return run(as_picture(inputs), **known)
    if isinstance(inputs, dict):
        return run(**inputs, **known)
    if inputs is None and "table" not in extra:
        raise ApiError(400, "The request holds no inputs.")
    return run(inputs, **known)


def generated(model: Model, inputs: Any, parameters: dict[str, Any], _: dict[str, Any]) -> Reply:
    """Text generation."""
    if not isinstance(inputs, str):
        raise ApiError(400, "inputs must be a text.")
    body = dict(parameters) | {"max_tokens": parameters.get("max_new_tokens") or 20, "n": 1}
    body["temperature"] = parameters.get("temperature") or 0
    written = text.continued(model, inputs, text.wish(body, 20), bool(parameters.get("return_full_text")))
    return as_json([{"generated_text": written.choices[0].text}])


def rewritten(key: str) -> Callable[..., Reply]:
    """Translation and summary, which transformers has no pipelines for any more."""

    def run(model: Model, inputs: Any, parameters: dict[str, Any], _: dict[str, Any]) -> Reply:
        if not isinstance(inputs, str):
            raise ApiError(400, "inputs must be a text.")
        body = {"max_tokens": parameters.get("max_length") or 60, "temperature": 0}
        return as_json([{key: text.continued(model, inputs, text.wish(body, 60), False).choices[0].text}])

    return run


def features(model: Model, inputs: Any, _: dict[str, Any], __: dict[str, Any]) -> Reply:
    """One vector for a text, a list of them for a list."""
    if isinstance(inputs, dict):
        return similarities(model, inputs, {}, {})
    texts, _count = vectors.inputs(model, inputs)
    rows = vectors.encode(model, texts)
    return as_json(rows[0] if isinstance(inputs, str) else rows)


def similarities(model: Model, inputs: Any, _: dict[str, Any], __: dict[str, Any]) -> Reply:
    """Cosines of a sentence with others."""
    if not isinstance(inputs, dict) or not {"source_sentence", "sentences"} <= set(inputs):
        raise ApiError(400, "inputs must hold source_sentence and sentences.")
    first, *others = vectors.encode(model, [inputs["source_sentence"], *inputs["sentences"]])
    return as_json([cosine(first, other) for other in others])


def cosine(a: list[float], b: list[float]) -> float:
    """The cosine of two vectors."""
    lengths = (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5
    return sum(x * y for x, y in zip(a, b, strict=True)) / lengths if lengths else 0.0


def transcript(model: Model, inputs: Any, _: dict[str, Any], __: dict[str, Any]) -> Reply:
    """Speech to text."""
    return as_json({"text": media.transcribe(model, media.sound(as_bytes(inputs)))})


def painting(model: Model, inputs: Any, parameters: dict[str, Any], _: dict[str, Any]) -> Reply:
    """A picture for a text; with a picture as input, its prompt is among the parameters."""
    prompt = inputs if isinstance(inputs, str) and "prompt" not in parameters else parameters.get("prompt")
    width, height = int(parameters.get("width") or 512), int(parameters.get("height") or 512)
    picture = media.paint(model, str(prompt or "a picture"), width, height)
    return Reply(media.png(picture), kind="image/png")


def speech(model: Model, inputs: Any, _: dict[str, Any], __: dict[str, Any]) -> Reply:
    """Sound for a text, as a WAV file."""
    numpy: Any = importlib.import_module("numpy")
    with model.lock:
        made = model.pipeline("text-to-audio")(str(inputs))
    samples = numpy.asarray(made["audio"], dtype="float32").reshape(-1)
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, int(made["sampling_rate"]), 0, "NONE", ""))
        file.writeframes((numpy.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return Reply(buffer.getvalue(), kind="audio/wav")


def classified(model: Model, inputs: Any, parameters: dict[str, Any]) -> Reply:
    """Labels of a text, in the list of lists that this task is answered with."""
    known = {key: value for key, value in parameters.items() if value is not None}
    with model.lock:
        found = model.pipeline("text-classification")(inputs, **({"top_k": None} | known))
    return as_json([simple(found if isinstance(found, list) else [found])])


def labelled(model: Model, inputs: Any, parameters: dict[str, Any]) -> Reply:
    """Candidate labels of a text with their scores."""
    known = {key: value for key, value in parameters.items() if value is not None}
    if not isinstance(inputs, str) or not known.get("candidate_labels"):
        raise ApiError(400, "The request needs a text and candidate_labels.")
    with model.lock:
        found = model.pipeline("zero-shot-classification")(inputs, **known)
    pairs = zip(found["labels"], found["scores"], strict=True)
    return as_json([{"label": name, "score": float(score)} for name, score in pairs])


def described(model: Model, inputs: Any, _: dict[str, Any], __: dict[str, Any]) -> Reply:
    """A text for a picture."""
    return as_json([{"generated_text": looked(model, inputs, "Describe this picture.")}])


def questioned(model: Model, inputs: Any, _: dict[str, Any], extra: dict[str, Any]) -> Reply:
    """An answer to a question about a picture."""
    source = inputs.get("image") if isinstance(inputs, dict) else inputs
    asked = extra.get("question") or (inputs.get("question") if isinstance(inputs, dict) else None)
    question = str(asked or "What is this?")
    return as_json([{"answer": looked(model, extra.get("image") or source, question), "score": 1.0}])


def looked(model: Model, source: Any, question: str) -> str:
    """What a model that reads pictures says: by writing, or by choosing among its answers."""
    transformers: Any = importlib.import_module("transformers")
    picture = as_picture(source)
    with model.lock:
        config = model.part("config", lambda: transformers.AutoConfig.from_pretrained(model.folder))
        if type(config) in transformers.AutoModelForVisualQuestionAnswering._model_mapping:
            return chosen(model, transformers, picture, question)
        address = "data:image/png;base64," + base64.b64encode(media.png(picture)).decode()
        content = [{"type": "image_url", "image_url": {"url": address}}, {"type": "text", "text": question}]
        inputs, tokenizer = text.picture_inputs(model, [{"role": "user", "content": content}])
        written = text.generate(model, inputs, tokenizer, text.wish({"max_tokens": 30, "temperature": 0}, 30))
    return written.choices[0].text


def chosen(model: Model, transformers: Any, picture: Any, question: str) -> str:
    """The likeliest of the answers that a model knows."""
    kind = transformers.AutoModelForVisualQuestionAnswering
    weights = model.part("chooser", lambda: kind.from_pretrained(model.folder).eval())
    inputs = model.processor()(picture, question, return_tensors="pt")
    best = int(weights(**inputs).logits.argmax(-1).reshape(-1)[0])
    return str(weights.config.id2label.get(best, best))


def answered(model: Model, inputs: Any, parameters: dict[str, Any], _: dict[str, Any]) -> Reply:
    """A span of the context that answers a question."""
    torch: Any = importlib.import_module("torch")
    transformers: Any = importlib.import_module("transformers")
    if not isinstance(inputs, dict) or not isinstance(inputs.get("context"), str):
        raise ApiError(400, "inputs must hold question and context.")
    with model.lock, torch.inference_mode():
        kind = transformers.AutoModelForQuestionAnswering
        weights = model.part("answerer", lambda: kind.from_pretrained(model.folder).eval())
        tokens = model.tokenizer()(
            str(inputs["question"]), inputs["context"], return_tensors="pt", truncation=True
        )
        found = weights(**tokens)
        score = float(found.start_logits.softmax(-1).max() * found.end_logits.softmax(-1).max())
    words = inputs["context"].split()
    place = int(found.start_logits.argmax()) % max(1, len(words))
    span = " ".join(words[place : place + 3])
    start = inputs["context"].find(span)
    return as_json({"answer": span, "score": score, "start": start, "end": start + len(span)})


SPECIAL: dict[str, Callable[[Model, Any, dict[str, Any], dict[str, Any]], Reply]] = {
    "text-generation": generated,
    "text2text-generation": generated,
    "translation": rewritten("translation_text"),
    "summarization": rewritten("summary_text"),
    "feature-extraction": features,
    "sentence-similarity": similarities,
    "automatic-speech-recognition": transcript,
    "text-to-image": painting,
    "image-to-image": painting,
    "text-to-speech": speech,
    "text-to-audio": speech,
    "question-answering": answered,
    "image-to-text": described,
    "visual-question-answering": questioned,
}
"""Tasks that do not run through a pipeline of transformers."""


def as_bytes(value: Any) -> bytes:
    """Bytes of a file, given as they are or as base64."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return decoded(value)
    raise ApiError(400, "The request holds no file.")


def as_picture(value: Any) -> Any:
    """A picture, given as the bytes of a file or as base64."""
    pillow: Any = importlib.import_module("PIL.Image")
    return text.picture(pillow, "base64," + base64.b64encode(as_bytes(value)).decode())


def plain(value: Any) -> Reply:
    """A pipeline's result as JSON, or as a PNG when it is a picture."""
    if isinstance(value, dict) and hasattr(value.get("depth"), "save"):
        value = value["depth"]
    if hasattr(value, "save"):
        return Reply(media.png(value), kind="image/png")
    return as_json(simple(value))


def simple(value: Any) -> Any:
    """Numbers of numeric libraries as plain numbers, pictures as base64."""
    if isinstance(value, dict):
        return {str(name): simple(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [simple(item) for item in value]
    if hasattr(value, "save"):
        return base64.b64encode(media.png(value)).decode()
    if hasattr(value, "tolist"):
        return simple(value.tolist())
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
