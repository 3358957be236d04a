"""Members that have joined, as most of these tests need them."""

from collections.abc import Iterator

import pytest

from fedconsole.sandbox.fleet import Fleet
from tests.integration.federation import Federation
from tests.stack import Stack


@pytest.fixture(scope="module")
def preset() -> str:
    """The console's rights in the members; a module that needs others has a fixture of this name."""
    return "deploy"


@pytest.fixture(scope="module")
def joined(live_stack: Stack, sandbox: Fleet, preset: str) -> Federation:
    """The members of one module, joined once."""
    found = Federation(live_stack, sandbox)
    found.join(preset=preset)
    return found


@pytest.fixture
def federation(joined: Federation, healthy_sandbox: Fleet) -> Iterator[Federation]:
    """The members, well before the test and after it."""

    def all_ready() -> bool:
        return all(joined.cluster(member.name).state == "Ready" for member in joined.members)

    joined.wait_for(all_ready, "Not every cluster is Ready")
    yield joined
    joined.stack.recover()
