"""As much of an API client as a kubelet's stand-in needs: calls that are repeated, and list-watches."""

import asyncio
import json
import ssl
import tempfile
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import yaml

Object = dict[str, Any]
T = TypeVar("T")

#: What an API server that is away, ends or is overloaded makes of a request.
LOST = (aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError)

#: Seconds between two attempts: the first pause, and the longest.
_PAUSE, _LONGEST_PAUSE = 0.2, 2.0
#: Requests under way at once.
_CONCURRENCY = 24
#: Seconds that a watch is asked to last.
_WATCH = 300
_CONTENT_TYPES = {"PATCH": "application/merge-patch+json"}
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


class Api:
    """The API server of a kubeconfig whose user has a client certificate."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self._server: str = cluster["server"]
        connector = aiohttp.TCPConnector(ssl=_context(cluster, user), limit=_CONCURRENCY + 4)
        self._session = aiohttp.ClientSession(connector=connector, read_bufsize=2**21)
        self._places = asyncio.Semaphore(_CONCURRENCY)

    async def close(self) -> None:
        await self._session.close()

    async def call(self, method: str, path: str, body: Object | None = None) -> Object:
        """The parsed answer, a ``Status`` with its ``code`` included. PATCH is a merge patch.

        Repeated until the server has answered: a cluster that is stopped for a while goes on afterwards.
        """
        return await persist(lambda: self._call(method, path, body))

    async def _call(
        self, method: str, path: str, body: Object | None, query: dict[str, str] | None = None
    ) -> Object:
        options: Any = {
            "headers": {"Content-Type": _CONTENT_TYPES.get(method, "application/json")},
            "data": None if body is None else json.dumps(body),
            "timeout": aiohttp.ClientTimeout(total=10),
            "params": query,
        }
        async with self._places, self._session.request(method, self._server + path, **options) as answer:
            if answer.status == _TOO_MANY_REQUESTS or answer.status >= _SERVER_ERROR:
                answer.raise_for_status()
            content: Object = await answer.json(content_type=None)
            return content

    async def list_watch(self, path: str, selector: str = "") -> AsyncIterator[Object]:
        """One list, as ``{"type": "LISTED", "items": [...]}``, then the events of one watch until it ends."""
        query = {"fieldSelector": selector} if selector else {}
        listing = await self._call("GET", path, None, query)
        yield {"type": "LISTED", "items": listing["items"]}
        query |= {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(_WATCH)}
        query |= {"resourceVersion": listing["metadata"]["resourceVersion"]}
        timeout = aiohttp.ClientTimeout(sock_read=_WATCH + 20)
        async with self._session.get(self._server + path, params=query, timeout=timeout) as answer:
            async for line in answer.content:
                event = json.loads(line)
                if event["type"] == "ERROR":  # such as 410: the history that it asked for is gone
                    return
                if event["type"] != "BOOKMARK":
                    yield event


def _context(cluster: Object, user: Object) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=b64decode(cluster["certificate-authority-data"]).decode())
    with tempfile.NamedTemporaryFile() as file:
        file.write(b64decode(user["client-certificate-data"]) + b64decode(user["client-key-data"]))
        file.flush()
        context.load_cert_chain(file.name)
    return context


async def persist(activity: Callable[[], Awaitable[T]]) -> T:
    """Repeat an activity until it ends without losing the server."""
    pause = _PAUSE
    while True:
        try:
            return await activity()
        except LOST as error:
            print(f"{error!r}; again in {pause} s", flush=True)
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, 2 * pause)


async def forever(activity: Callable[[], Awaitable[None]]) -> None:
    """Begin an activity again whenever it ends."""
    while True:
        await persist(activity)
        await asyncio.sleep(_PAUSE)
