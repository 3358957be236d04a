"""Real clusters for tests: a pytest plugin.

``FEDCONSOLE_TEST_KUBERNETES`` chooses versions, separated by commas; otherwise every version that the
cache holds takes part. Nothing is built here: ``manage.py sandbox up`` does that.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fedconsole.sandbox import binaries
from fedconsole.sandbox.binaries import Binaries
from fedconsole.sandbox.cluster import SandboxCluster
from fedconsole.sandbox.fleet import Fleet
from fedconsole.sandbox.places import Place

CLUSTERS = 3

MakeCluster = Callable[..., SandboxCluster]


def versions() -> list[str]:
    """The versions to test against, like ``v1.20.2``."""
    chosen = os.environ.get("FEDCONSOLE_TEST_KUBERNETES", "")
    named = [f"v{name.strip().removeprefix('v')}" for name in chosen.split(",") if name.strip()]
    return named or binaries.cached_versions()


def _programs(version: str) -> Binaries:
    if version not in binaries.cached_versions():
        pytest.fail(f"Kubernetes {version} is not in {binaries.cache()}: build it by `manage.py sandbox up`.")
    return binaries.ensure(version)


def _all_programs() -> list[Binaries]:
    found = [_programs(version) for version in versions()]
    if not found:
        pytest.skip("no Kubernetes in the cache: `manage.py sandbox up` puts one there")
    return found


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Three clusters for the whole session: ``sandbox[0]``, ``sandbox["boston"]``, or one after the other.

    Tests clean up what they create, or use a namespace of their own. Who breaks a cluster takes
    ``healthy_sandbox`` instead.
    """
    fleet = Fleet(CLUSTERS, _all_programs(), tmp_path_factory.mktemp("sandbox"))
    fleet.start()
    yield fleet
    fleet.stop()


@pytest.fixture
def healthy_sandbox(sandbox: Fleet) -> Iterator[Fleet]:
    """The same clusters; whatever the test did to their programs and nodes is undone afterwards."""
    yield sandbox
    sandbox.recover()


@pytest.fixture
def make_sandbox_cluster(tmp_path: Path) -> Iterator[MakeCluster]:
    """Make clusters of one's own, ready when returned, stopped after the test."""
    made: list[SandboxCluster] = []

    def make(
        name: str = "", *, version: str = "", nodes: int = 3, pods_per_node: int = 500
    ) -> SandboxCluster:
        programs = _programs(version) if version else _all_programs()[0]
        place = Place(name or f"own-{len(made) + 1}", "local", ("local-a",), {"env": "test"})
        folder = tmp_path / place.name
        cluster = SandboxCluster(place, programs, folder, nodes=nodes, pods_per_node=pods_per_node)
        made.append(cluster)
        cluster.start()
        cluster.wait_ready()
        return cluster

    yield make
    for cluster in reversed(made):
        cluster.stop()
