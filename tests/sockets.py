"""The live side of a page, as a browser has it: opened, fed, and read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from asgiref.testing import ApplicationCommunicator
from channels.layers import get_channel_layer
from channels.routing import URLRouter
from django.contrib.auth.models import AnonymousUser, User

from fedconsole.routing import websocket_urlpatterns

#: Seconds: how long a message may take on a busy machine, and how long silence lasts.
PATIENCE, QUIET = 10, 0.6


class Socket:
    """What is connected to ``/ws`` and a page's path."""

    def __init__(self, path: str, user: User | AnonymousUser) -> None:
        path, _mark, query = path.partition("?")
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": query.encode(),
            "headers": [],
            "cookies": {},
            "user": user,
        }
        self._application = ApplicationCommunicator(URLRouter(websocket_urlpatterns), scope)

    async def open(self) -> bool:
        """Whether it was accepted."""
        await self._application.send_input({"type": "websocket.connect"})
        answer: dict[str, Any] = await self._application.receive_output(timeout=PATIENCE)
        return bool(answer["type"] == "websocket.accept")

    async def close(self) -> None:
        await self._application.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._application.wait()

    async def messages(self, count: int) -> list[str]:
        """The next messages."""
        return [(await self._application.receive_output(timeout=PATIENCE))["text"] for _ in range(count)]

    async def is_quiet(self) -> bool:
        """Whether nothing comes."""
        return bool(await self._application.receive_nothing(timeout=QUIET))


@asynccontextmanager
async def opened(path: str, user: User) -> AsyncIterator[Socket]:
    """An accepted socket."""
    socket = Socket(path, user)
    assert await socket.open()
    yield socket
    await socket.close()


async def wake(group: str, *pks: int) -> None:
    """As ``live.announce`` does it after a commit."""
    await get_channel_layer().group_send(group, {"type": "changed", "group": group, "pks": list(pks)})
