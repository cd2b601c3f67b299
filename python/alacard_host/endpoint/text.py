"""Chat and completion: real generation with the twin, in the shape that clients expect."""

from __future__ import annotations

import importlib
import io
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alacard_host.endpoint.models import Model, Registry
from alacard_host.endpoint.wire import ApiError, Call, Reply, as_json, decoded, number

MOST_TOKENS = 256
"""Tokens written for one answer at most, whatever is asked for: random weights have no end of their own."""

LEAST_TOKENS = 3
"""Tokens written at least, so that an answer holds something to look at."""

EMPTY = "(no text)"
"""Stands for an answer whose tokens are all invisible."""


@dataclass
class Wish:
    """What a request asks of the generation."""

    most: int
    choices: int
    temperature: float
    top_p: float
    stop: tuple[str, ...]
    seed: int | None


@dataclass
class Choice:
    """One answer: its text in the pieces in which it was written."""

    pieces: list[str]
    tokens: int
    reason: str

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)


@dataclass
class Written:
    """The answers to a prompt."""

    prompt: int
    choices: list[Choice]

    def usage(self) -> dict[str, int]:
        """Token counts."""
        out = sum(choice.tokens for choice in self.choices)
        return {"prompt_tokens": self.prompt, "completion_tokens": out, "total_tokens": self.prompt + out}


def wish(body: dict[str, Any], default: int) -> Wish:
    """Reads the settings of a request and refuses impossible ones."""
    asked = body.get("max_completion_tokens")
    most = number(body, "max_tokens" if asked is None else "max_completion_tokens", default, 1, 10_000_000)
    stop = body.get("stop") or []
    stop = [stop] if isinstance(stop, str) else stop
    if not isinstance(stop, list) or not all(isinstance(text, str) for text in stop):
        raise ApiError(400, "stop must be a text or a list of texts.")
    seed = body.get("seed")
    return Wish(
        most=int(most),
        choices=int(number(body, "n", 1, 1, 128)),
        temperature=number(body, "temperature", 1.0, 0, 2),
        top_p=number(body, "top_p", 1.0, 0, 1),
        stop=tuple(text for text in stop if text),
        seed=seed if isinstance(seed, int) else None,
    )


def chat(registry: Registry, call: Call) -> Reply:
    """POST /v1/chat/completions."""
    body = call.json()
    model = registry.get(call.model or body.get("model"))
    call.model, call.task = model.repo, "chat"
    messages = checked(body.get("messages"))
    settings = wish(body, 128)
    with model.lock:
        pictures = model.task == "image-text-to-text" or any(images(message) for message in messages)
        inputs, tokenizer = picture_inputs(model, messages) if pictures else chat_inputs(model, messages)
        written = generate(model, inputs, tokenizer, settings)
    name = f"chatcmpl-{uuid.uuid4().hex}"
    if body.get("stream"):
        return Reply(kind="text/event-stream", events=chat_events(name, model, written, body))
    choices = [
        {
            "index": n,
            "message": {"role": "assistant", "content": choice.text, "refusal": None},
            "logprobs": None,
            "finish_reason": choice.reason,
        }
        for n, choice in enumerate(written.choices)
    ]
    return as_json(envelope(name, "chat.completion", model) | {"choices": choices, "usage": written.usage()})


def completion(registry: Registry, call: Call) -> Reply:
    """POST /v1/completions."""
    body = call.json()
    model = registry.get(call.model or body.get("model"))
    call.model, call.task = model.repo, "completion"
    prompts = body.get("prompt", "")
    prompts = [prompts] if isinstance(prompts, str) else prompts
    if not isinstance(prompts, list) or not prompts or not all(isinstance(text, str) for text in prompts):
        raise ApiError(400, "prompt must be a text or a list of texts.")
    settings = wish(body, 16)
    written = [continued(model, prompt, settings, bool(body.get("echo"))) for prompt in prompts]
    joined = Written(sum(item.prompt for item in written), [c for item in written for c in item.choices])
    name = f"cmpl-{uuid.uuid4().hex}"
    if body.get("stream"):
        return Reply(kind="text/event-stream", events=completion_events(name, model, joined, body))
    choices = [
        {"index": n, "text": choice.text, "logprobs": None, "finish_reason": choice.reason}
        for n, choice in enumerate(joined.choices)
    ]
    return as_json(envelope(name, "text_completion", model) | {"choices": choices, "usage": joined.usage()})


def continued(model: Model, prompt: str, settings: Wish, echo: bool) -> Written:
    """A prompt and what follows it."""
    with model.lock:
        tokenizer = model.tokenizer()
        inputs = tokenizer(prompt or " ", return_tensors="pt")
        written = generate(model, dict(inputs), tokenizer, settings)
    if echo:
        for choice in written.choices:
            choice.pieces.insert(0, prompt)
    return written


def checked(messages: object) -> list[dict[str, Any]]:
    """A list of messages with roles, or a refusal."""
    if not isinstance(messages, list) or not messages:
        raise ApiError(400, "messages must be a list that is not empty.")
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise ApiError(400, "Each message must be an object with a role.")
        if not isinstance(message.get("content"), (str, list, type(None))):
            raise ApiError(400, "The content of a message must be a text or a list of parts.")
    return messages


def images(message: dict[str, Any]) -> list[str]:
    """Addresses of the pictures in a message."""
    parts = message.get("content")
    found = []
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, dict) and part.get("type") == "image_url":
            address = part.get("image_url")
            address = address.get("url") if isinstance(address, dict) else address
            if not isinstance(address, str):
                raise ApiError(400, "image_url must hold a url.")
            found.append(address)
    return found


def words(message: dict[str, Any]) -> str:
    """The text of a message."""
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(
            str(part.get("text", "")) for part in content if isinstance(part, dict) and "text" in part
        )
    return content or ""


def chat_inputs(model: Model, messages: list[dict[str, Any]]) -> tuple[dict[str, Any], Any]:
    """Model inputs of a conversation without pictures."""
    tokenizer = model.tokenizer()
    turns = [{"role": message["role"], "content": words(message)} for message in messages]
    return dict(tokenizer(templated(tokenizer, turns), return_tensors="pt")), tokenizer


def templated(tokenizer: Any, turns: list[dict[str, Any]]) -> str:
    """The conversation as one text: by the model's own template where it has one."""
    if getattr(tokenizer, "chat_template", None):
        try:
            return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
        except Exception as error:
            raise ApiError(400, f"The model's template refuses these messages: {error}") from error
    return "\n".join(f"{turn['role']}: {turn['content']}" for turn in turns) + "\nassistant:"


def picture_inputs(model: Model, messages: list[dict[str, Any]]) -> tuple[dict[str, Any], Any]:
    """Model inputs of a conversation with pictures."""
    pillow: Any = importlib.import_module("PIL.Image")
    processor = model.processor()
    turns, pictures = [], []
    for message in messages:
        found = [picture(pillow, address) for address in images(message)]
        pictures += found
        parts = [{"type": "image"} for _ in found] + [{"type": "text", "text": words(message)}]
        turns.append({"role": message["role"], "content": parts})
    if getattr(processor, "chat_template", None):
        text = templated(processor, turns)
    else:
        token = getattr(processor, "image_token", None) or "<image>"
        text = token * len(pictures) + "\n".join(words(message) for message in messages)
    inputs = processor(text=text, images=pictures or None, return_tensors="pt")
    return dict(inputs), getattr(processor, "tokenizer", processor)


def picture(pillow: Any, address: str) -> Any:
    """A picture from a data URL."""
    try:
        return pillow.open(io.BytesIO(decoded(address))).convert("RGB")
    except (OSError, ValueError) as error:
        raise ApiError(400, f"The picture cannot be read: {error}") from error


def generate(model: Model, inputs: dict[str, Any], tokenizer: Any, settings: Wish) -> Written:
    """Runs the model, once for each choice."""
    torch: Any = importlib.import_module("torch")
    weights = model.generator()
    inputs.pop("token_type_ids", None)
    prompt = int(inputs["input_ids"].shape[-1])
    if settings.seed is not None:
        torch.manual_seed(settings.seed)
    choices = []
    for _ in range(settings.choices):
        with torch.inference_mode():
            ids = weights.generate(**inputs, **arguments(settings, tokenizer))[0].tolist()
        fresh = ids if getattr(weights.config, "is_encoder_decoder", False) else ids[prompt:]
        choices.append(choice(fresh, tokenizer, settings))
    return Written(prompt, choices)


def arguments(settings: Wish, tokenizer: Any) -> dict[str, Any]:
    """Settings of the library for the wishes of a request."""
    most = min(settings.most, MOST_TOKENS)
    chosen: dict[str, Any] = {"max_new_tokens": most, "min_new_tokens": min(LEAST_TOKENS, most)}
    chosen["do_sample"] = settings.temperature > 0
    if settings.temperature > 0:
        chosen |= {"temperature": max(settings.temperature, 1e-3), "top_p": max(settings.top_p, 1e-3)}
    end = getattr(tokenizer, "eos_token_id", None)
    padding = getattr(tokenizer, "pad_token_id", None)
    if padding is None and end is not None:
        chosen["pad_token_id"] = end
    return chosen


def choice(ids: list[int], tokenizer: Any, settings: Wish) -> Choice:
    """One answer from its token ids: special tokens hidden, cut at a stop text."""
    pieces = split(ids, tokenizer)
    reason = "length" if len(ids) >= settings.most else "stop"
    text = "".join(pieces)
    ends = [text.find(stop) for stop in settings.stop if stop in text]
    if ends:
        return Choice(cut(pieces, min(ends)), len(ids), "stop")
    if not text.strip():
        pieces = [EMPTY]
    return Choice(pieces, len(ids), reason)


def split(ids: list[int], tokenizer: Any) -> list[str]:
    """The text in pieces of one token or more, each a valid text by itself."""
    pieces, shown = [], ""
    for end in range(1, len(ids) + 1):
        text = str(tokenizer.decode(ids[:end], skip_special_tokens=True))
        whole = not text.endswith("\ufffd") or end == len(ids)
        if whole and len(text) > len(shown) and text.startswith(shown):
            pieces.append(text[len(shown) :])
            shown = text
    return pieces


def cut(pieces: list[str], length: int) -> list[str]:
    """The pieces up to a number of characters."""
    kept = []
    for piece in pieces:
        if length <= 0:
            break
        kept.append(piece[:length])
        length -= len(piece)
    return kept


def envelope(name: str, kind: str, model: Model) -> dict[str, Any]:
    """What every answer and every piece of one carries."""
    return {"id": name, "object": kind, "created": int(time.time()), "model": model.repo}


def chat_events(name: str, model: Model, written: Written, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The pieces of a streamed chat."""
    head = envelope(name, "chat.completion.chunk", model)

    def event(index: int, delta: dict[str, Any], reason: str | None) -> dict[str, Any]:
        return head | {
            "choices": [{"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}]
        }

    for index, item in enumerate(written.choices):
        yield event(index, {"role": "assistant", "content": ""}, None)
        for piece in item.pieces:
            yield event(index, {"content": piece}, None)
        yield event(index, {}, item.reason)
    yield from usage_event(head, written, body)


def completion_events(
    name: str, model: Model, written: Written, body: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """The pieces of a streamed completion."""
    head = envelope(name, "text_completion", model)
    for index, item in enumerate(written.choices):
        for piece in [*item.pieces, None]:
            reason = item.reason if piece is None else None
            yield head | {
                "choices": [{"index": index, "text": piece or "", "logprobs": None, "finish_reason": reason}]
            }
    yield from usage_event(head, written, body)


def usage_event(head: dict[str, Any], written: Written, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Token counts at the end of a stream, for those who ask."""
    options = body.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        yield head | {"choices": [], "usage": written.usage()}
