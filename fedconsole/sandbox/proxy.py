"""A TCP proxy on the loopback that misbehaves on demand; put it in front of an API server."""

import asyncio
import contextlib
import threading
from enum import StrEnum
from types import TracebackType
from typing import Self

_CHUNK = 64 * 1024


class Mode(StrEnum):
    """What the proxy does with what passes."""

    PASS = "pass"  # noqa: S105  (no password)
    DELAY = "delay"
    CUT = "cut"
    BLACK_HOLE = "black-hole"


class FaultProxy:
    """Listens on ``port``, forwards to ``upstream`` on 127.0.0.1. Use it in a ``with`` statement.

    It runs in a thread of its own; modes may be changed at any time, from any thread, and hold for
    connections that are open as well.
    """

    def __init__(self, upstream: int) -> None:
        self.port = 0
        self._upstream = upstream
        self._mode = Mode.PASS
        self._seconds = 0.0
        self._writers: set[asyncio.StreamWriter] = set()
        self._passing = asyncio.Event()
        self._passing.set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def restore(self) -> None:
        """Pass everything on again, what was held back included."""
        self._set(Mode.PASS)

    def delay(self, seconds: float) -> None:
        """Hold every piece of data back for so long, in both directions."""
        self._set(Mode.DELAY, seconds)

    def cut(self) -> None:
        """Reset the open connections, and new ones as soon as they are made."""
        self._set(Mode.CUT)
        self._loop.call_soon_threadsafe(self._reset)

    def black_hole(self) -> None:
        """Accept connections and swallow time: nothing comes back until ``restore``."""
        self._set(Mode.BLACK_HOLE)

    def _set(self, mode: Mode, seconds: float = 0.0) -> None:
        self._mode, self._seconds = mode, seconds
        block = mode is Mode.BLACK_HOLE
        self._loop.call_soon_threadsafe(self._passing.clear if block else self._passing.set)

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _close(self) -> None:
        self._server.close()
        self._reset()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _reset(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._forward(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode is Mode.CUT:
            return
        with contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
            self._writers.add(far_writer)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pump(reader, far_writer))
                    both.create_task(self._pump(far_reader, writer))
            except* OSError:
                pass
            finally:
                self._writers.discard(far_writer)
                far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Ends by ``ConnectionResetError``, which ends the other direction too."""
        while data := await reader.read(_CHUNK):
            await self._hold()
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError

    async def _hold(self) -> None:
        if self._mode is Mode.DELAY:
            await asyncio.sleep(self._seconds)
        await self._passing.wait()
