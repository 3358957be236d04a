"""Small HTTP servers that stand in for API servers: well, ill, or silent."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answers = dict[str, tuple[int, Any]]

#: What an API server without any nodes and kinds answers.
WELL: Answers = {
    "/healthz": (200, "ok"),
    "/version": (200, {"gitVersion": "v1.33.1"}),
    "/api/v1/nodes": (200, {"metadata": {"resourceVersion": "1"}, "items": []}),
    "/api": (200, {"versions": ["v1"]}),
    "/apis": (200, {"groups": []}),
    "/api/v1": (200, {"resources": [{"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["get"]}]}),
}


class Stub:
    """A server whose ``answers`` (by path) can be changed; it counts what it is asked."""

    def __init__(self, answers: Answers) -> None:
        self.answers = dict(answers)
        self.asked: list[str] = []
        self.url = ""


@contextmanager
def stub(**changes: tuple[int, Any]) -> Iterator[Stub]:
    """A server that is well but for these answers: ``healthz=(500, "no")``."""
    made = Stub(WELL | {f"/{path}": answer for path, answer in changes.items()})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            made.asked.append(path)
            status, body = made.answers.get(path, (404, "not found"))
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def silent() -> Iterator[str]:
    """A server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
