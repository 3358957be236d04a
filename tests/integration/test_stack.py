"""The processes survive each other's deaths."""

import urllib.request
from datetime import datetime

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from clusters.models import Cluster, Phase
from fedconsole.embedded_redis import free_port
from tests.deadlines import until
from tests.stack import Stack

pytestmark = pytest.mark.integration


@pytest.fixture
def dead_member(live_stack: Stack) -> str:
    """A member that refuses connections: that it is probed shows that beat and worker work."""
    with live_stack.database():
        server = f"https://127.0.0.1:{free_port()}"
        Cluster.objects.get_or_create(name="dead", defaults={"server": server, "phase": Phase.JOINED})
    return "dead"


def is_probed(stack: Stack, name: str, since: datetime) -> None:
    """Return when the member was probed after that moment."""
    with stack.database():
        found = Cluster.objects.filter(name=name, last_probe_time__gt=since)
        until(
            found.exists, 40, f"Nobody probes: {stack.output('worker')[-3000:]}{stack.output('beat')[-3000:]}"
        )


def test_serves_pages_and_has_an_administrator(live_stack: Stack) -> None:
    with urllib.request.urlopen(live_stack.url, timeout=10) as answer:  # noqa: S310
        assert answer.status == 200
    with live_stack.database():
        assert get_user_model().objects.get().username == live_stack.user


def test_probes_go_on_after_redis_was_killed(live_stack: Stack, dead_member: str) -> None:
    is_probed(live_stack, dead_member, timezone.now())
    live_stack.kill("redis")
    live_stack.restart("redis")
    is_probed(live_stack, dead_member, timezone.now())


@pytest.mark.parametrize("name", ["worker", "beat", "web", "informer"])
def test_probes_go_on_after_a_process_was_killed(live_stack: Stack, dead_member: str, name: str) -> None:
    live_stack.kill(name)
    live_stack.restart(name)
    is_probed(live_stack, dead_member, timezone.now())
