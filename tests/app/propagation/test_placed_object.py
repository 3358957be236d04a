"""One workload in one cluster: the comparison with what is there, and repair on request."""

from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from clusters import live as wake_ups
from clusters.domain.labels import MANAGED
from propagation.models import Activity, FederatedResource, Propagation
from tests import factories_propagation as factories
from tests.app.propagation import members
from tests.sockets import Socket, opened, wake

pytestmark = pytest.mark.django_db

PATH = "/apis/apps/v1/namespaces/default/deployments/web"
OWNED = [
    {
        "manager": "kubectl-scale",
        "operation": "Update",
        "time": "2026-01-02T00:00:00Z",
        "fieldsV1": {"f:spec": {"f:replicas": {}}},
    }
]


@pytest.fixture
def member() -> Iterator[members.Stub]:
    with members.stub() as made:
        factories.cluster("eu-1", server=made.url)
        yield made


def scene(**values: Any) -> Propagation:
    """A Deployment with two replicas that was applied in eu-1."""
    cluster = factories.Cluster.objects.filter(name="eu-1").first() or factories.cluster("eu-1")
    resource = factories.workload("web", **values)
    return factories.propagation(resource, cluster, live_owned="other", applied_owned="ours")


def live(replicas: int) -> dict[str, Any]:
    template = factories.template("web", replicas=replicas)
    metadata = {"name": "web", "namespace": "default", "labels": {MANAGED: "true"}, "managedFields": OWNED}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, **template}


def url(row: Propagation) -> str:
    return f"/workloads/{row.resource_id}/in/eu-1/"


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(factories.user(*factories.VIEW))
    return client


def test_shows_what_somebody_changed_and_who(viewer: Client, member: members.Stub) -> None:
    member.there[PATH] = live(5)
    page = viewer.get(url(scene())).content.decode()
    assert "<del>-   replicas: 5\n</del><ins>+   replicas: 2\n</ins>" in page
    assert "written by kubectl-scale" in page
    assert "it is being repaired" in page
    assert "Repair now" not in page
    assert all(query.get("dryRun") for method, query in member.asked if method != "GET")


def test_says_that_repair_is_suspended(viewer: Client, member: members.Stub) -> None:
    member.there[PATH] = live(5)
    page = viewer.get(url(scene(suspend_repair=True))).content.decode()
    assert "Repair is suspended for this workload" in page


def test_says_that_it_is_as_it_should_be(viewer: Client, member: members.Stub) -> None:
    member.there[PATH] = live(2)
    assert "It is there as it should be." in viewer.get(url(scene())).content.decode()


def test_says_that_the_cluster_is_away(viewer: Client) -> None:
    factories.unreachable_cluster("eu-1")
    page = viewer.get(url(scene())).content.decode()
    assert "The cluster is not ready" in page
    assert "last known" in page


def test_repairs_on_request(
    client: Client, member: members.Stub, django_capture_on_commit_callbacks: Any
) -> None:
    row = scene(suspend_repair=True)
    Propagation.objects.update(attempts=3)
    client.force_login(factories.user(*factories.EDIT))
    assert "Repair now" in client.get(url(row)).content.decode()
    with django_capture_on_commit_callbacks() as callbacks:
        response = client.post(f"{url(row)}repair/")
    assert response["Location"] == url(row)
    row.refresh_from_db()
    assert (row.dirty, row.desired_generation, row.attempts) == (True, 2, 0)
    assert callbacks
    line = Activity.objects.get()
    assert (line.verb, line.resource, line.message) == ("repaired", row.resource, f"In {row.cluster.name}.")


def test_who_may_see_may_not_repair(viewer: Client) -> None:
    row = scene()
    assert viewer.post(f"{url(row)}repair/").status_code == 403
    assert viewer.get(f"{url(row)}repair/").status_code in (403, 405)
    viewer.force_login(factories.user())
    assert viewer.get(url(row)).status_code == 403


def test_what_is_not_there(client: Client) -> None:
    row = scene()
    client.force_login(factories.user(*factories.EDIT))
    for missing in (f"/workloads/{row.resource_id}/in/nowhere/", "/workloads/99999/in/eu-1/"):
        assert client.get(missing).status_code == 404
        assert client.post(f"{missing}repair/").status_code == 404
        assert client.post(missing).status_code == 405


def test_the_workload_leads_there(viewer: Client) -> None:
    row = scene()
    page = viewer.get(f"/workloads/{row.resource_id}/").content.decode()
    assert f'href="{url(row)}">Compare with the cluster' in page


@pytest.mark.django_db(transaction=True)
async def test_it_is_live() -> None:
    row = await sync_to_async(scene)()
    assert not await Socket(f"/ws{url(row)}", AnonymousUser()).open()
    user = await sync_to_async(factories.user)(*factories.VIEW)
    async with opened(f"/ws{url(row)}", user) as page:
        (first,) = await page.messages(1)
        assert f'id="placed-object-{row.pk}"' in first
        await wake(wake_ups.WORKLOADS, row.resource_id + 1)
        assert await page.is_quiet()
        await Propagation.objects.filter(pk=row.pk).aupdate(rollout="Failed")
        await wake(wake_ups.WORKLOADS, row.resource_id)
        (second,) = await page.messages(1)
        assert "Failed" in second
        await FederatedResource.objects.all().adelete()
        await wake(wake_ups.WORKLOADS, row.resource_id)
        assert await page.is_quiet()
