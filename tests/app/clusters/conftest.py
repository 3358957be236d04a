"""People, and tasks that run where they are enqueued."""

from collections.abc import Iterator

import pytest
from django.test import Client

from fedconsole.celery import app
from tests import factories


@pytest.fixture
def eager() -> Iterator[None]:
    """Tasks run at once, in this process."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


@pytest.fixture
def anonymous() -> Client:
    return Client()


@pytest.fixture
def stranger(db: None) -> Client:
    """Logged in, without any permission."""
    return _client()


@pytest.fixture
def viewer(db: None) -> Client:
    return _client(*factories.VIEW)


@pytest.fixture
def administrator(db: None) -> Client:
    return _client(*factories.EVERYTHING)


def _client(*permissions: str) -> Client:
    client = Client()
    client.force_login(factories.person(*permissions))
    return client
