"""What travels: requests as they are read, replies as they are written, errors in the provider's words."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

MAX_BODY = 64 * 1024 * 1024
"""Largest request body in bytes."""


class ApiError(Exception):
    """A refusal with its status, as the OpenAI wire format words it."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code

    def body(self) -> dict[str, Any]:
        """The JSON body."""
        kinds = {401: "authentication_error", 404: "not_found_error", 500: "server_error"}
        kind = kinds.get(self.status, "invalid_request_error")
        return {"error": {"message": self.message, "type": kind, "param": None, "code": self.code}}


@dataclass
class Call:
    """One request, its body not yet interpreted."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    model: str | None = None
    task: str | None = None

    def header(self, name: str) -> str:
        """A header by its name in lower case, empty if it is absent."""
        return next((value for key, value in self.headers.items() if key.lower() == name), "")

    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        try:
            value = json.loads(self.body or b"{}")
        except (ValueError, RecursionError) as error:
            raise ApiError(400, f"The body is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise ApiError(400, "The body must be a JSON object.")
        return value

    def kind(self) -> str:
        """The content type without its parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    def form(self) -> Form:
        """The body as multipart form data."""
        if self.kind() != "multipart/form-data":
            raise ApiError(400, "The body must be multipart/form-data.")
        head = f"Content-Type: {self.header('content-type')}\r\n\r\n".encode()
        form = Form()
        for part in BytesParser(policy=HTTP).parsebytes(head + self.body).iter_parts():
            name = part.get_param("name", header="content-disposition")
            data = part.get_payload(decode=True)
            if isinstance(name, str) and isinstance(data, bytes):
                if part.get_filename() is not None:
                    form.files[name.removesuffix("[]")] = data
                else:
                    form.fields[name.removesuffix("[]")] = data.decode("utf-8", "replace")
        return form


@dataclass
class Form:
    """Fields and files of a form."""

    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Reply:
    """A whole answer, or an answer in pieces when `events` is set."""

    body: bytes = b""
    kind: str = "application/json"
    status: int = 200
    events: Iterator[dict[str, Any]] | None = None


def as_json(value: Any, status: int = 200) -> Reply:
    """A JSON reply."""
    return Reply(json.dumps(value).encode(), status=status)


def number(body: Mapping[str, Any], name: str, default: float, low: float, high: float) -> float:
    """A number of a request within its limits; absent or null is the default."""
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ApiError(400, f"{name} must be a number from {low:g} to {high:g}.")
    return float(value)


def decoded(text: str) -> bytes:
    """Base64, with or without the head of a data URL."""
    if text.startswith(("http://", "https://")):
        raise ApiError(400, "Only data URLs are read here, no addresses.")
    try:
        return base64.b64decode(
            text.partition("base64,")[2] if text.startswith("data:") else text, validate=False
        )
    except (binascii.Error, ValueError) as error:
        raise ApiError(400, f"Not base64: {error}") from error
