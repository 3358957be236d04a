"""One client per member and process, kept as long as it is used."""

import asyncio
import time

from clusters.domain.connections import Connection
from clusters.kube.client import Member

#: Seconds after which the client of a connection that nobody asked for is closed.
IDLE = 600.0


class Pool:
    """Clients by connection: a changed address or credential is another client."""

    def __init__(self) -> None:
        self._members: dict[Connection, Member] = {}
        self._used: dict[Connection, float] = {}

    def member(self, connection: Connection) -> Member:
        """The client of a connection; its sockets are opened on first use and kept alive."""
        now = time.monotonic()
        self._used[connection] = now
        member = self._members.get(connection)
        if member is None:
            member = self._members[connection] = Member(connection)
        return member

    async def close_idle(self) -> None:
        """Close the clients that were not asked for in the last ten minutes."""
        horizon = time.monotonic() - IDLE
        idle = [connection for connection, used in self._used.items() if used < horizon]
        await self._close(idle)

    async def close(self) -> None:
        await self._close(list(self._members))

    async def _close(self, connections: list[Connection]) -> None:
        members = [self._members.pop(connection) for connection in connections]
        for connection in connections:
            self._used.pop(connection, None)
        await asyncio.gather(*(member.close() for member in members))
