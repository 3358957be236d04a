"""What somebody made in one cluster is federated as it is: adopted there, and brought to the others."""

from typing import Any

import pytest
from django.test import Client
from kubernetes import utils

from clusters.domain import versions
from clusters.domain.labels import MANAGED
from clusters.domain.references import ResourceType
from propagation.domain import types
from propagation.models import FederatedResource, Propagation
from tests import factories_propagation as factories
from tests.integration.federation import Federation, Member, template

pytestmark = pytest.mark.integration

URL = "/workloads/federate/"
NAMESPACE = "grown"

TYPES = {kind.kind: kind for kind in types.BUILT_IN}
POD = {"containers": [{"name": "main", "image": "nginx:1.27"}], "restartPolicy": "Never"}

#: As people write them; the API server of the newest release fills in the rest.
MADE: list[dict[str, Any]] = [
    {
        "kind": "Deployment",
        "metadata": {"name": "web", "annotations": {"note": "mine"}},
        **template("web", replicas=2),
    },
    {
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}], "type": "NodePort"},
    },
    {"kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"mode": "fast"}},
    {"kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"password": "hunter2"}},
    {"kind": "ServiceAccount", "metadata": {"name": "web"}},
    {"kind": "Job", "metadata": {"name": "migrate"}, "spec": {"template": {"spec": POD}}},
    {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    },
]


def type_of(item: dict[str, Any]) -> ResourceType:
    return TYPES[item["kind"]]


def key(item: dict[str, Any]) -> str:
    return f"{type_of(item).name}/{item['metadata']['name']}"


@pytest.fixture
def newest(federation: Federation) -> Member:
    """The member whose API server fills in most that others do not know."""

    def known() -> bool:
        return all(federation.cluster(member.name).version for member in federation.members)

    federation.wait_for(known)
    return max(federation.members, key=lambda one: versions.parse(federation.cluster(one.name).version))


def make(member: Member) -> None:
    member.core.create_namespace({"metadata": {"name": NAMESPACE}})
    for item in MADE:
        body = {"apiVersion": type_of(item).api_version, **item}
        utils.create_from_dict(member.core.api_client, body, namespace=NAMESPACE)


def read(member: Member) -> dict[str, dict[str, Any]]:
    """What was made, as this member holds it; without those that it lacks."""
    found = {key(item): member.read(type_of(item).path(NAMESPACE, item["metadata"]["name"])) for item in MADE}
    return {name: item for name, item in found.items() if item}


def federate(federation: Federation, member: Member) -> list[FederatedResource]:
    """What a person does on the page."""
    with federation.stack.database():
        person = factories.user(*factories.EDIT)
        browser = Client()
        browser.force_login(person)
        source = {"cluster": member.name, "namespace": NAMESPACE}
        page = browser.get(URL, source)
        assert not page.context["contents"].troubles
        chosen = page.context["form"].ticked
        assert set(chosen) == {key(item) for item in MADE}
        choice = {**source, "where": "all", "objects": chosen}
        preview = browser.post(URL, {**choice, "action": "preview"})
        stored = browser.post(URL, {**choice, "action": "save", "seal": preview.context["seal"]})
        assert stored.status_code == 302
        resources = list(FederatedResource.objects.select_related("type"))
    federation.send("propagation.tasks.schedule", [one.pk for one in resources])
    return resources


def without_status(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in ("metadata", "status")}


def settled(rows: list[Propagation]) -> bool:
    return len(rows) == 3 * len(MADE) and not any(row.dirty for row in rows)


def test_a_namespace_is_adopted_where_it_is_and_brought_to_the_others(
    federation: Federation, newest: Member
) -> None:
    make(newest)

    def running() -> bool:
        live = newest.deployment("web", NAMESPACE)
        return live.status.observed_generation == live.metadata.generation and live.status.ready_replicas == 2

    federation.wait_for(running)
    before = read(newest)
    resources = federate(federation, newest)
    found: list[str] = []

    def arrived() -> bool:
        rows = federation.rows(*resources)
        found[:] = [
            f"{row.resource_id} in {row.cluster.name}: {row.reason} {row.message}"
            for row in rows
            if row.dirty
        ]
        return settled(rows)

    try:
        federation.wait_for(arrived)
    except AssertionError as error:
        raise AssertionError("\n".join([str(error), *found])) from None

    after = read(newest)
    for name, item in after.items():
        assert without_status(item) == without_status(before[name]), name
        assert item["metadata"]["uid"] == before[name]["metadata"]["uid"]
        assert item["metadata"].get("generation") == before[name]["metadata"].get("generation"), name
        assert item["metadata"]["labels"][MANAGED] == "true"
    assert after["deployments.apps/web"]["metadata"]["annotations"]["note"] == "mine"

    for member in federation.members:
        there = read(member)
        assert there.keys() == before.keys(), member.name
        assert all(item["metadata"]["labels"][MANAGED] == "true" for item in there.values())
        assert there["deployments.apps/web"]["spec"]["replicas"] == 2
        assert there["configmaps/settings"]["data"] == {"mode": "fast"}
        assert there["secrets/keys"]["data"] == before["secrets/keys"]["data"]
        assert there["services/web"]["spec"]["clusterIP"]
