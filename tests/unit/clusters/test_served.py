"""What a member serves, as it is remembered."""

import pytest

from clusters.domain import served
from clusters.domain.references import NODE, ResourceType
from clusters.domain.served import Served

DEPLOYMENT = ResourceType("apps", "v1", "Deployment", "deployments", namespaced=True)
ALL = (*served.KEEPING, "update", "deletecollection")


@pytest.mark.parametrize(
    ("kind", "verbs", "text"),
    [
        (DEPLOYMENT, ALL, "apps/v1/deployments Deployment Namespaced"),
        (NODE, ALL, "v1/nodes Node Cluster"),
        (NODE, ("get", "list"), "v1/nodes"),
    ],
)
def test_writes(kind: ResourceType, verbs: tuple[str, ...], text: str) -> None:
    assert served.write(kind, verbs) == text


@pytest.mark.parametrize("kind", [DEPLOYMENT, NODE])
def test_reads_what_was_written(kind: ResourceType) -> None:
    assert [one.type for one in served.read([served.write(kind, ALL)])] == [kind]


def test_reads_what_has_no_kind() -> None:
    assert served.read(["v1/pods", "apps/v1/deployments"]) == [
        Served("", "v1", "pods"),
        Served("apps", "v1", "deployments"),
    ]
