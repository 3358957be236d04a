"""The members as they are: the bare limit of applying to them, and when something is there."""

import asyncio
import base64
import contextlib
import json
import ssl
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import yaml

#: Connections to a cluster, for the console and for the bare client alike.
CONNECTIONS = 16
#: Seconds after which what does not come counts as lost.
PATIENCE = 120.0
#: Seconds without a change after which a member is at rest.
REST = 2.0
_DEPLOYMENTS = "/apis/apps/v1/namespaces/{namespace}/deployments"


def deployment(name: str, namespace: str, replicas: int = 0) -> dict[str, Any]:
    """The smallest Deployment."""
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": name, "image": "nginx:1.27"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod},
    }


class BareMember:
    """An API server, by aiohttp alone."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self._server = cluster["server"]
        context = ssl.create_default_context(
            cadata=base64.b64decode(cluster["certificate-authority-data"]).decode()
        )
        with tempfile.NamedTemporaryFile() as file:
            for name in ("client-certificate-data", "client-key-data"):
                file.write(base64.b64decode(user[name]))
            file.flush()
            context.load_cert_chain(file.name)
        connector = aiohttp.TCPConnector(ssl=context, limit=CONNECTIONS + 4)
        self._http = aiohttp.ClientSession(connector=connector, read_bufsize=2**21)
        self._places = asyncio.Semaphore(CONNECTIONS)

    async def apply(self, body: dict[str, Any]) -> None:
        """One server-side apply."""
        metadata = body["metadata"]
        path = _DEPLOYMENTS.format(namespace=metadata["namespace"]) + "/" + metadata["name"]
        url = f"{self._server}{path}?fieldManager=bare&force=true"
        headers = {"Content-Type": "application/apply-patch+yaml"}
        async with self._places, self._http.patch(url, data=json.dumps(body), headers=headers) as answer:
            await answer.read()
            answer.raise_for_status()

    async def ensure_namespace(self, name: str) -> None:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        async with self._http.post(f"{self._server}/api/v1/namespaces", json=body) as answer:
            await answer.read()

    async def watch(self, path: str, seen: "Seen", key: str) -> None:
        """Tell ``seen`` about every object of a collection, forever."""
        async with self._http.get(self._server + path) as answer:
            version = (await answer.json())["metadata"]["resourceVersion"]
        query = {"watch": "true", "resourceVersion": version}
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._http.get(self._server + path, params=query, timeout=timeout) as answer:
            seen.ready.set()
            async for line in answer.content:
                seen.note(key, json.loads(line)["object"])

    async def close(self) -> None:
        await self._http.close()


class Seen:
    """When objects came to be, by member: fed by watches."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self._at: dict[tuple[str, str], float] = {}
        self._missing: set[tuple[str, str]] = set()
        self._complete = asyncio.Event()
        self._moved = asyncio.Event()

    def note(self, member: str, body: dict[str, Any]) -> None:
        """An object was seen; its first time counts."""
        key = (member, body["metadata"]["name"])
        self._at.setdefault(key, time.perf_counter())
        self._moved.set()
        self._missing.discard(key)
        if not self._missing:
            self._complete.set()

    async def everywhere(self, members: list[str], names: list[str]) -> float:
        """Wait for all objects in all members; when the last came, by ``perf_counter``."""
        keys = {(member, name) for member in members for name in names}
        self._missing = keys - self._at.keys()
        if self._missing:
            self._complete.clear()
            await asyncio.wait_for(self._complete.wait(), PATIENCE)
        return max(self._at[key] for key in keys)

    async def rest(self) -> None:
        """Wait until nothing has been seen for a while: controllers have done what they were given."""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(TimeoutError):
                while True:
                    self._moved.clear()
                    await asyncio.wait_for(self._moved.wait(), REST)
