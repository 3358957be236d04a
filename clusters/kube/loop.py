"""One event loop per process, in a thread of its own, for synchronous callers.

Celery's threads share it and its pool of clients, so that connections to members stay open from one
task to the next.
"""

import asyncio
import os
import queue
import threading
from collections.abc import Coroutine, Iterable, Iterator
from typing import Any, TypeVar

from clusters.kube.pool import Pool

T = TypeVar("T")

#: Seconds between two looks at clients that nobody uses.
_TIDY = 60.0


class _Background:
    """A running loop with its pool; made anew after a fork."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.loop = asyncio.new_event_loop()
        self.pool = Pool()
        threading.Thread(target=self._run, name="kube-loop", daemon=True).start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.create_task(self._tidy())
        self.loop.run_forever()

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(_TIDY)
            await self.pool.close_idle()


_lock = threading.Lock()
_current: _Background | None = None


def _background() -> _Background:
    global _current
    with _lock:
        if _current is None or _current.pid != os.getpid():
            _current = _Background()
        return _current


def shared_pool() -> Pool:
    """The pool whose clients belong to this process's loop."""
    return _background().pool


def run(coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
    """Run a coroutine on the loop and wait for its result."""
    return asyncio.run_coroutine_threadsafe(coroutine, _background().loop).result(timeout)


def gather_batches(coroutines: Iterable[Coroutine[Any, Any, T]], window: float = 0.02) -> Iterator[list[T]]:
    """Run coroutines at once; yield their results in batches as they arrive, in any order.

    What comes within ``window`` seconds of the first result is one batch, so that the caller can do its
    own, synchronous work on many at a time. The coroutines must not raise.
    """
    running = list(coroutines)
    results: queue.SimpleQueue[T] = queue.SimpleQueue()

    async def start() -> None:
        await asyncio.gather(*(_put(coroutine) for coroutine in running))

    async def _put(coroutine: Coroutine[Any, Any, T]) -> None:
        results.put(await coroutine)

    left = len(running)
    finished = asyncio.run_coroutine_threadsafe(start(), _background().loop)
    while left:
        batch = [results.get()]
        if left > 1:
            threading.Event().wait(window)
        while len(batch) < left and not results.empty():
            batch.append(results.get())
        left -= len(batch)
        yield batch
    finished.result()


def start(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine on the loop without waiting for it; it must not raise."""
    asyncio.run_coroutine_threadsafe(coroutine, _background().loop)
