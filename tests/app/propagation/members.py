"""A small HTTP server that stands in for an API server that is asked to apply without doing it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]


@dataclass
class Stub:
    """What is ``there`` by path, ``answers`` that come first by method, and every request that came.

    Further pages of a list are there by ``path?continue=token``.
    """

    url: str = ""
    there: dict[str, Object] = field(default_factory=dict)
    answers: dict[str, list[tuple[int, Object]]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)

    def answer(self, method: str, path: str, body: Object | None) -> tuple[int, Object]:
        if self.answers.get(method):
            return self.answers[method].pop(0)
        live = self.there.get(path)
        if method == "PATCH" and body is not None:
            return (200, owned(merged(live, body))) if live else (201, owned(body))
        return (200, live) if live else (404, status("NotFound", f"{path} not found", kind="deployments"))


def owned(body: Object) -> Object:
    """The object with its fields ours, as after an apply."""
    ours = {"manager": "fedconsole", "operation": "Apply", "fieldsV1": {"f:all": {}}}
    return {**body, "metadata": {**body.get("metadata", {}), "managedFields": [ours]}}


def merged(live: Object, body: Object) -> Object:
    """Enough of an apply for objects without lists of several items."""
    found = dict(live)
    for name, value in body.items():
        both = isinstance(value, dict) and isinstance(live.get(name), dict)
        found[name] = merged(live[name], value) if both else value
    return found


def status(reason: str, message: str, *, kind: str = "", causes: list[Object] | None = None) -> Object:
    """Kubernetes' answer when something goes wrong."""
    details = {"kind": kind, "causes": causes or []}
    return {"kind": "Status", "status": "Failure", "reason": reason, "message": message, "details": details}


def conflict(manager: str, *fields: str) -> tuple[int, Object]:
    """The answer to an apply that is not forced, of fields that somebody else holds."""
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f'conflict with "{manager}" using apps/v1',
            "field": one,
        }
        for one in fields
    ]
    return 409, status("Conflict", f"Apply failed with {len(fields)} conflicts", causes=causes)


@contextmanager
def stub() -> Iterator[Stub]:
    """A member in which nothing is there yet."""
    made = Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            made.asked.append((self.command, query))
            path = "?continue=".join([parts.path, *query.get("continue", [])])
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            code, body = made.answer(self.command, path, json.loads(text) if text else None)
            content = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PATCH = do_POST = do_DELETE = _answer  # noqa: N815

        def log_message(self, *arguments: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256  # many may come at once

    server = Server(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
