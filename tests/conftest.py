"""Fixtures for all tests. Real clusters come from ``tests.sandbox_fixtures``."""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.stack import RedisServer, Stack

pytest_plugins = ["tests.sandbox_fixtures", "tests.processes"]


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A real Redis: ``url``, ``kill()``, ``start()``."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Where the real Redis listens; it runs, whatever an earlier test did to it."""
    redis_server.start()
    return redis_server.url


@pytest.fixture(scope="module")
def live_stack(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[Stack]:
    """The whole console as real processes, on an empty database, shared by the tests of one module."""
    stack = Stack(tmp_path_factory.mktemp("stack"), django_db_blocker)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
