"""The HTTP side of an endpoint: routes, keys, the log of what was served."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from alacard_host.endpoint import media, tasks, text, vectors
from alacard_host.endpoint.models import Model, Registry
from alacard_host.endpoint.wire import MAX_BODY, ApiError, Call, Reply, as_json

PREFIXES = ("/hf-inference/models/", "/models/")
"""Under these addresses each model has its own, as on the Hub's inference service."""

SUFFIXES = {
    "/chat/completions": text.chat,
    "/completions": text.completion,
    "/embeddings": vectors.embeddings,
    "/audio/transcriptions": media.transcription,
    "/audio/translations": media.transcription,
    "/images/generations": media.pictures,
    "/images/edits": media.edits,
}
"""What is served under /v1."""


class Log:
    """One line for each request."""

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._lock = threading.Lock()

    def write(self, line: dict[str, Any]) -> None:
        """Appends one line; a full disk must not end the service."""
        if self._path is None:
            return
        try:
            with self._lock, Path(self._path).open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError:
            return


class Server(ThreadingHTTPServer):
    """An endpoint on the loopback address."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, registry: Registry, log: Log, port: int = 0, key: str | None = None) -> None:
        self.registry = registry
        self.log = log
        self.key = key
        super().__init__(("127.0.0.1", port), Handler)

    def server_bind(self) -> None:
        """Binds without asking for the machine's name, which may take seconds without a network."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no fault of the server."""


def route(registry: Registry, call: Call) -> Reply:
    """The reply to a request, or ApiError."""
    path = urlsplit(call.path).path.rstrip("/") or "/"
    if call.method == "GET":
        return listing(registry, path)
    if call.method != "POST":
        raise ApiError(405, f"{call.method} is not served here.")
    for prefix in PREFIXES:
        if path.startswith(prefix):
            return hub_route(registry, call, unquote(path[len(prefix) :]))
    handler = SUFFIXES.get(path.removeprefix("/v1"))
    if handler is not None:
        return handler(registry, call)
    if path == "/":
        return tasks.task(only(registry), call, None)
    raise ApiError(404, f"Unknown address {path}.", "unknown_url")


def hub_route(registry: Registry, call: Call, rest: str) -> Reply:
    """An address of the Hub's inference service: a model's own, with a task or an OpenAI path behind it."""
    name, _, tail = rest.partition("/v1/")
    if tail:
        handler = SUFFIXES.get("/" + tail)
        if handler is None:
            raise ApiError(404, f"Unknown address /v1/{tail}.", "unknown_url")
        call.model = registry.get(name).repo
        return handler(registry, call)
    name, _, forced = name.partition("/pipeline/")
    return tasks.task(registry.get(name), call, forced or None)


def listing(registry: Registry, path: str) -> Reply:
    """GET /v1/models and /v1/models/ID."""
    if path in ("/v1/models", "/models"):
        return as_json({"object": "list", "data": [entry(model) for model in registry.all()]})
    if path.startswith("/v1/models/"):
        return as_json(entry(registry.get(unquote(path.removeprefix("/v1/models/")))))
    if path in ("/", "/health", "/v1"):
        return as_json({"status": "ok"})
    raise ApiError(404, f"Unknown address {path}.", "unknown_url")


def entry(model: Model) -> dict[str, Any]:
    """A model as the list shows it."""
    owner = model.repo.partition("/")[0]
    return {"id": model.repo, "object": "model", "created": model.created, "owned_by": owner}


def only(registry: Registry) -> Model:
    """The first model: a request without a model's name means that one."""
    models = registry.all()
    if not models:
        raise ApiError(404, "This endpoint has no model.", "model_not_found")
    return models[0]


class Handler(BaseHTTPRequestHandler):
    """Reads a request, answers it, logs it."""

    protocol_version = "HTTP/1.1"
    server_version = "alacard"
    timeout = 120
    server: Server

    def do_GET(self) -> None:
        """Lists of models."""
        self._serve()

    def do_POST(self) -> None:
        """Everything that runs a model."""
        self._serve()

    def do_DELETE(self) -> None:
        """Refused in the provider's words."""
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on stderr: there is a log."""

    def _serve(self) -> None:
        started = time.perf_counter()
        call = Call(self.command, self.path, dict(self.headers.items()), b"")
        try:
            call.body = self._body()
            self._authorise()
            reply = route(self.server.registry, call)
        except ApiError as error:
            short = urlsplit(self.path).path.startswith(PREFIXES)
            reply = as_json({"error": error.message} if short else error.body(), error.status)
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            reply = as_json(ApiError(500, f"{type(error).__name__}: {error}"[:500]).body(), 500)
        if reply.events is None:
            self._log(call, reply.status, started)
            self._send(reply)
            return
        try:
            self._send(reply)
        finally:
            self._log(call, reply.status, started)

    def _body(self) -> bytes:
        """The whole body, by its length or in chunks."""
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            return self._chunks()
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if not 0 <= length <= MAX_BODY:
            self.close_connection = True
            raise ApiError(413 if length > 0 else 400, "The body is too long or has no valid length.")
        return self.rfile.read(length)

    def _chunks(self) -> bytes:
        """A body whose length was not known when it was sent."""
        body = bytearray()
        while True:
            try:
                length = int(self.rfile.readline(1024).partition(b";")[0].strip() or b"0", 16)
            except ValueError:
                length = -1
            if length < 0 or len(body) + length > MAX_BODY:
                self.close_connection = True
                raise ApiError(413, "The body is too long or its chunks are broken.")
            body += self.rfile.read(length)
            self.rfile.readline(1024)
            if length == 0:
                return bytes(body)

    def _authorise(self) -> None:
        """A key must be there; which one is asked only where the specification names one."""
        given = (self.headers.get("Authorization") or "").removeprefix("Bearer").strip()
        if not given:
            raise ApiError(401, "You didn't provide an API key.", "invalid_api_key")
        if self.server.key is not None and given != self.server.key:
            raise ApiError(401, "Incorrect API key provided.", "invalid_api_key")

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        if reply.events is None:
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
            return
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for event in reply.events:
            self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
            self.wfile.flush()
        self.wfile.write(b"data: [DONE]\n\n")

    def _log(self, call: Call, status: int, started: float) -> None:
        self.server.log.write(
            {
                "time": round(time.time(), 3),
                "method": call.method,
                "path": call.path,
                "model": call.model,
                "status": status,
                "milliseconds": round((time.perf_counter() - started) * 1000, 1),
                "task": call.task,
            }
        )


def main(spec: dict[str, Any], folder: str) -> int:
    """Serves the models of a specification until the process is killed."""
    key = spec.get("key")
    registry = Registry(spec.get("models") or [])
    server = Server(
        registry, Log(spec.get("log")), int(spec.get("port") or 0), key if isinstance(key, str) else None
    )
    ready = Path(folder) / "ready.json"
    part = ready.with_suffix(".part")
    part.write_text(json.dumps({"port": server.server_port, "pid": os.getpid()}), encoding="utf-8")
    part.replace(ready)
    server.serve_forever()
    return 0
