"""Wait for something to come true, but not forever."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

#: Seconds between two looks.
PAUSE = 0.05


def until(predicate: Callable[[], T], timeout: float = 10.0, message: str = "") -> T:
    """The first true value of the predicate; ``AssertionError`` when none came in time."""
    deadline = time.monotonic() + timeout
    while not (value := predicate()):
        assert time.monotonic() < deadline, _late(timeout, message, value)
        time.sleep(PAUSE)
    return value


async def async_until(
    predicate: Callable[[], T | Awaitable[T]],
    timeout: float = 10.0,  # noqa: ASYNC109  (asyncio.timeout would not say what was last seen)
    message: str = "",
) -> T:
    """The same on an event loop; the predicate may be a coroutine function."""
    deadline = time.monotonic() + timeout
    while not (value := await _value(predicate)):
        assert time.monotonic() < deadline, _late(timeout, message, value)
        await asyncio.sleep(PAUSE)
    return value


async def _value(predicate: Callable[[], T | Awaitable[T]]) -> T:
    value = predicate()
    return await value if inspect.isawaitable(value) else value  # type: ignore[return-value]


def _late(timeout: float, message: str, value: object) -> str:
    return f"{message or 'It did not come true'} (within {timeout:g} s; last seen: {value!r})"
