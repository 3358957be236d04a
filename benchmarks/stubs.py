"""Stub API servers: one process that plays a thousand, answers after 5 ms, and counts what it gets.

Each stub is a path prefix (``/c17``) of one HTTP server. It keeps what is applied to it with the
``managedFields`` of a server-side apply, and tells it to its watches: as much of an API server as the
console sees of one. ``/counts`` tells what came.
"""

import argparse
import asyncio
import contextlib
import hashlib
import itertools
import json
from collections import Counter
from typing import Any

from aiohttp import web

Object = dict[str, Any]

#: Seconds before an answer: a fast API server nearby.
DELAY = 0.005
VERSION = "v1.33.1"
NODE = {
    "metadata": {"name": "node", "labels": {"topology.kubernetes.io/region": "bench"}},
    "status": {
        "conditions": [{"type": "Ready", "status": "True"}],
        "capacity": {"cpu": "8", "memory": "16Gi"},
        "allocatable": {"cpu": "8", "memory": "16Gi"},
    },
}
_VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]
_SERVED: dict[str, list[tuple[str, str, bool]]] = {
    "/api/v1": [("configmaps", "ConfigMap", True), ("namespaces", "Namespace", False)],
    "/apis/apps/v1": [("deployments", "Deployment", True)],
}


class Stub:
    """One API server: its objects by path, and the watches of each collection."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.watches: dict[str, set[asyncio.Queue[bytes]]] = {}
        self.versions = itertools.count(1)
        self.version = 0

    def apply(self, path: str, body: Object) -> tuple[int, Object]:
        """Server-side apply of an object that nobody else writes."""
        before = self.objects.get(path)
        fields = {"f:all": hashlib.sha1(json.dumps(body, sort_keys=True).encode()).hexdigest()}  # noqa: S324
        managed = [{"manager": "fedconsole", "operation": "Apply", "fieldsV1": fields}]
        if before and before["metadata"]["managedFields"] == managed:
            return 200, before
        self.version = next(self.versions)
        metadata = {
            **body["metadata"],
            "uid": hashlib.sha1(path.encode()).hexdigest(),  # noqa: S324
            "resourceVersion": str(self.version),
            "generation": self.version,
            "managedFields": managed,
        }
        applied = {**body, "metadata": metadata, "status": {"observedGeneration": self.version}}
        self.objects[path] = applied
        self._tell(path, "MODIFIED" if before else "ADDED", applied)
        return (200 if before else 201), applied

    def delete(self, path: str) -> Object | None:
        gone = self.objects.pop(path, None)
        if gone:
            self.version = next(self.versions)
            gone["metadata"]["resourceVersion"] = str(self.version)
            self._tell(path, "DELETED", gone)
        return gone

    def _tell(self, path: str, kind: str, body: Object) -> None:
        line = json.dumps({"type": kind, "object": body}).encode() + b"\n"
        for queue in self.watches.get(path.rsplit("/", 2)[1], ()):
            queue.put_nowait(line)

    def listed(self, plural: str) -> Object:
        items = [one for path, one in self.objects.items() if path.rsplit("/", 2)[1] == plural]
        return {"kind": "List", "metadata": {"resourceVersion": str(self.version)}, "items": items}


class Stubs:
    """All stubs, and what came to them."""

    def __init__(self) -> None:
        self.stubs: dict[str, Stub] = {}
        self.counts: Counter[str] = Counter()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name, path = request.match_info["name"], "/" + request.match_info["path"]
        stub = self.stubs.setdefault(name, Stub())
        if request.query.get("watch"):
            return await self._watch(request, stub, path)
        await asyncio.sleep(DELAY)
        self.counts[request.method] += 1
        match request.method:
            case "PATCH":
                status, body = stub.apply(path, json.loads(await request.read()))
            case "DELETE":
                gone = stub.delete(path)
                status, body = (200, {"kind": "Status"}) if gone else _absent(path)
            case _:
                status, body = self._read(stub, name, path)
        return web.Response(status=status, body=json.dumps(body), content_type="application/json")

    def _read(self, stub: Stub, name: str, path: str) -> tuple[int, Object]:
        if path in _PAGES:
            return 200, _PAGES[path]
        if path == "/api/v1/namespaces/kube-system":
            return 200, {"kind": "Namespace", "metadata": {"name": "kube-system", "uid": name}}
        if path in stub.objects:
            return 200, stub.objects[path]
        plural = path.rsplit("/", 1)[1]
        return (200, stub.listed(plural)) if plural.endswith("s") else _absent(path)

    async def _watch(self, request: web.Request, stub: Stub, path: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        watches = stub.watches.setdefault(path.rsplit("/", 1)[1], set())
        watches.add(queue)
        try:
            with contextlib.suppress(ConnectionResetError):  # whoever watched was killed
                while True:
                    await response.write(await queue.get())
        finally:
            watches.discard(queue)
        return response

    async def health(self, request: web.Request) -> web.Response:
        await asyncio.sleep(DELAY)
        return web.Response(text="ok")

    async def tell_counts(self, request: web.Request) -> web.Response:
        objects = sum(len(stub.objects) for stub in self.stubs.values())
        return web.json_response({**self.counts, "objects": objects})


def _absent(path: str) -> tuple[int, Object]:
    plural, name = path.rsplit("/", 2)[1:]
    details = {"name": name, "kind": plural}
    return 404, {"kind": "Status", "reason": "NotFound", "message": f"{name} not found", "details": details}


def _group(path: str) -> Object:
    kinds = [
        {"name": plural, "kind": kind, "namespaced": namespaced, "verbs": _VERBS}
        for plural, kind, namespaced in _SERVED[path]
    ]
    return {"kind": "APIResourceList", "resources": kinds}


_PAGES: dict[str, Object] = {
    "/version": {"gitVersion": VERSION},
    "/api": {"versions": ["v1"]},
    "/apis": {
        "groups": [
            {"name": "apps", "versions": [{"version": "v1"}], "preferredVersion": {"version": "v1"}},
        ]
    },
    "/api/v1/nodes": {"metadata": {"resourceVersion": "1"}, "items": [NODE]},
    **{path: _group(path) for path in _SERVED},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    stubs = Stubs()
    app = web.Application(client_max_size=2**24)
    app.router.add_get("/counts", stubs.tell_counts)
    app.router.add_get("/{name}/healthz", stubs.health)
    app.router.add_route("*", "/{name}/{path:.*}", stubs.answer)
    web.run_app(app, host="127.0.0.1", port=parser.parse_args().port, print=None, access_log=None)


if __name__ == "__main__":
    main()
