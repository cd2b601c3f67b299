"""Embeddings: sentence-transformers where the model is one, else the mean over a model's tokens."""

from __future__ import annotations

import base64
import importlib
import struct
from typing import Any

from alacard_host.endpoint.models import Model, Registry
from alacard_host.endpoint.wire import ApiError, Call, Reply, as_json


def embeddings(registry: Registry, call: Call) -> Reply:
    """POST /v1/embeddings."""
    body = call.json()
    model = registry.get(call.model or body.get("model"))
    call.model, call.task = model.repo, "embeddings"
    texts, tokens = inputs(model, body.get("input"))
    rows = encode(model, texts)
    size = body.get("dimensions")
    if size is not None:
        if not isinstance(size, int) or not 1 <= size <= len(rows[0]):
            raise ApiError(400, "dimensions must be a number from 1 to the length of the model's vectors.")
        rows = [row[:size] for row in rows]
    packed = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": n, "embedding": pack(row) if packed else row}
        for n, row in enumerate(rows)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return as_json({"object": "list", "data": data, "model": model.repo, "usage": usage})


def inputs(model: Model, given: object) -> tuple[list[str], int]:
    """The texts of a request and the number of their tokens; token ids are turned back into text."""
    values: list[Any] = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    if values and all(isinstance(item, int) for item in values):
        values = [values]
    if not values or any(item == "" or item == [] for item in values):
        raise ApiError(400, "input must be a text or a list of texts, none of them empty.")
    if all(isinstance(item, str) for item in values):
        return values, sum(len(item.split()) + 2 for item in values)
    if all(isinstance(item, list) and all(isinstance(n, int) for n in item) for item in values):
        tokenizer = model.tokenizer()
        return [str(tokenizer.decode(item)) or " " for item in values], sum(map(len, values))
    raise ApiError(400, "input must be a text or a list of texts.")


def encode(model: Model, texts: list[str]) -> list[list[float]]:
    """One vector for each text."""
    with model.lock:
        if model.has("modules.json") or model.task in ("sentence-similarity", "sentence-transformers"):
            return [[float(x) for x in row] for row in encoder(model).encode(texts, show_progress_bar=False)]
        return means(model, texts)


def encoder(model: Model) -> Any:
    """The model as sentence-transformers loads it."""
    library: Any = importlib.import_module("sentence_transformers")
    return model.part("encoder", lambda: library.SentenceTransformer(model.folder, device="cpu"))


def means(model: Model, texts: list[str]) -> list[list[float]]:
    """Means of the last hidden states."""
    torch: Any = importlib.import_module("torch")
    transformers: Any = importlib.import_module("transformers")
    weights = model.part("base", lambda: transformers.AutoModel.from_pretrained(model.folder).eval())
    tokenizer = model.tokenizer()
    rows = []
    for text in texts:
        with torch.inference_mode():
            batch = tokenizer(text, return_tensors="pt", truncation=True, max_length=512)
            states = weights(**batch).last_hidden_state[0]
        rows.append([float(x) for x in states.float().mean(dim=0)])
    return rows


def pack(row: list[float]) -> str:
    """A vector as base64 of little-endian float32, which the openai client asks for by default."""
    return base64.b64encode(struct.pack(f"<{len(row)}f", *row)).decode()
