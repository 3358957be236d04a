"""Live pages: who may listen, what is sent, and that it is what the page with its address shows."""

import re
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser, Group, User

from clusters import live
from clusters.models import Cluster
from propagation import feed
from propagation.models import FederatedResource, NamespaceScope, Propagation
from tests import factories_propagation as factories
from tests.sockets import Socket, opened, wake

pytestmark = pytest.mark.django_db(transaction=True)


def ids(message: str) -> set[str]:
    """The ids in a message."""
    return set(re.findall(r' id="([^"]+)"', message))


@sync_to_async
def scene() -> tuple[Cluster, FederatedResource, Propagation]:
    """A workload in a cluster, and another one of each."""
    member, resource = factories.cluster("eu-1"), factories.workload("shop")
    row = factories.propagation(resource, member)
    factories.propagation(factories.workload("other"), factories.cluster("us-1"))
    return member, resource, row


viewer = sync_to_async(lambda: factories.user(*factories.VIEW))


@sync_to_async
def change(row: Propagation, **values: Any) -> None:
    Propagation.objects.filter(pk=row.pk).update(**values)


PATHS = ["/ws/", "/ws/workloads/", "/ws/workloads/1/", "/ws/clusters/eu-1/"]


@pytest.mark.parametrize("path", PATHS)
async def test_only_people_who_may_see_the_page_may_listen(path: str) -> None:
    assert not await Socket(path, AnonymousUser()).open()
    some = [factories.VIEW[:1]] if "clusters" in path else [factories.VIEW[:1], factories.VIEW[1:]]
    for permissions in ((), *some):
        assert not await Socket(path, await sync_to_async(factories.user)(*permissions)).open()


async def test_the_board_comes_whole_then_by_rows() -> None:
    _member, resource, row = await scene()
    async with opened("/ws/", await viewer()) as page:
        bodies, rows, others = await page.messages(3)
        assert {"board-clusters", "board-workloads", f"board-workload-{resource.pk}"} <= ids(bodies)
        assert ids(rows) == {"board-headings"}
        assert "<t" not in others.replace("<title", "")
        await change(row, rollout="Progressing", ready_replicas=1)
        await wake(live.WORKLOADS, resource.pk)
        rows, others = await page.messages(2)
    assert f"board-workload-{resource.pk}" in ids(rows)
    assert not ids(rows) & {"board-workloads", "board-clusters"}
    assert "1/2" in rows
    assert {"board-workload-counters", "board-summary"} <= ids(others)


async def test_nothing_is_sent_that_did_not_change() -> None:
    _member, resource, _row = await scene()
    async with opened("/ws/", await viewer()) as page:
        await page.messages(3)
        await wake(live.WORKLOADS, resource.pk)
        assert await page.is_quiet()


async def test_new_rows_come_with_their_body() -> None:
    await scene()
    async with opened("/ws/workloads/", await viewer()) as page:
        await page.messages(2)
        fresh = await sync_to_async(factories.workload)("fresh")
        await wake(live.WORKLOADS, fresh.pk)
        bodies, _others = await page.messages(2)
    assert {"workload-rows", f"workload-row-{fresh.pk}"} <= ids(bodies)


async def test_a_page_gets_what_its_address_shows() -> None:
    _member, resource, _row = await scene()
    async with opened("/ws/workloads/?q=other", await viewer()) as page:
        bodies, _others = await page.messages(2)
    assert f"workload-row-{resource.pk}" not in ids(bodies)
    assert "other" in bodies


async def test_a_workload_that_goes_says_so() -> None:
    _member, resource, _row = await scene()
    async with opened(f"/ws/workloads/{resource.pk}/", await viewer()) as page:
        await page.messages(2)
        pk = resource.pk
        await sync_to_async(resource.delete)()
        await wake(live.WORKLOADS, pk)
        bodies, others = await page.messages(2)
    assert "Nothing is left of it" in bodies
    assert "has been removed" in others


async def test_a_workload_hears_of_its_own_changes_only() -> None:
    _member, resource, row = await scene()
    async with opened(f"/ws/workloads/{resource.pk}/", await viewer()) as page:
        await page.messages(2)
        await change(row, rollout="Failed")
        await wake(live.WORKLOADS, resource.pk + 1_000)
        assert await page.is_quiet()
        await wake(live.WORKLOADS, resource.pk)
        rows, others = await page.messages(2)
    assert ids(rows) == {f"detail-row-{row.pk}"}
    assert f"detail-header-{resource.pk}" in ids(others)


async def test_the_yaml_tab_gets_no_rows() -> None:
    _member, resource, _row = await scene()
    async with opened(f"/ws/workloads/{resource.pk}/?tab=yaml", await viewer()) as page:
        (others,) = await page.messages(1)
    assert ids(others) == {f"detail-header-{resource.pk}"}


async def test_a_cluster_that_goes_dark_takes_its_numbers_with_it() -> None:
    member, resource, row = await scene()
    async with opened(f"/ws/workloads/{resource.pk}/", await viewer()) as page:
        await page.messages(2)
        await Cluster.objects.filter(pk=member.pk).aupdate(
            ready="False", offline="True", reason="ConnectTimeout"
        )
        await wake(live.CLUSTERS, member.pk)
        rows, _others = await page.messages(2)
    assert ids(rows) == {f"detail-row-{row.pk}"}
    assert "?/2" in rows


async def test_the_page_of_a_cluster_shows_what_is_placed_there() -> None:
    member, resource, row = await scene()
    async with opened("/ws/clusters/eu-1/", await viewer()) as page:
        (first,) = await page.messages(1)
        await change(row, rollout="Failed")
        await wake(live.CLUSTER_PROPAGATIONS, member.pk)
        (second,) = await page.messages(1)
    assert {f"in-cluster-{member.pk}", f"cluster-header-{member.name}"} <= ids(first)
    assert resource.get_absolute_url() in first
    assert ids(second) == {f"in-cluster-{member.pk}"}
    assert "Failed" in second


async def test_who_may_see_clusters_alone_gets_their_page_without_it() -> None:
    member, _resource, _row = await scene()
    user = await sync_to_async(factories.user)("clusters.view_cluster")
    async with opened("/ws/clusters/eu-1/", user) as page:
        (first,) = await page.messages(1)
    assert f"in-cluster-{member.pk}" not in first


#: What may stand in a socket's address; each page reads some of it.
NONSENSE = "q=%00&page={0}&resource={0}&from={0}&to=%FF&sort=-&state=%00&verb=%00&actor=%00&kind=%00&tab=%00"


@pytest.mark.parametrize(
    "path",
    [
        *PATHS,
        *("/ws/clusters/", "/ws/activity/"),
        *("/ws/workloads/1/revisions/", "/ws/workloads/1/in/x/", f"/ws/workloads/{'9' * 30}/"),
    ],
)
async def test_nonsense_in_addresses_breaks_no_page(path: str, caplog: pytest.LogCaptureFixture) -> None:
    user = await viewer()
    for number in ("-1", "9" * 30, "9" * 5_000):
        async with opened(f"{path}?{NONSENSE.format(number)}", user) as page:
            await page.is_quiet()
    assert "Cannot render" not in caplog.text


@sync_to_async
def two_banks() -> tuple[FederatedResource, User]:
    """Something in a namespace that somebody may not see, beside something that they may."""
    member, user = factories.cluster("eu-1"), factories.user(*factories.VIEW)
    group = Group.objects.create(name="bank")
    NamespaceScope.objects.create(group=group, namespaces=["bank"])
    user.groups.add(group)
    for name, namespace in (("theirs", "bank"), ("foreign", "shop")):
        resource = factories.workload(name, namespace=namespace)
        factories.propagation(resource, member)
        feed.tell("changed", [resource], None)
    return resource, user


@pytest.mark.parametrize(
    "path", ["/ws/", "/ws/workloads/", "/ws/activity/", "/ws/workloads/{foreign}/", "/ws/clusters/eu-1/"]
)
async def test_people_see_their_namespaces_only(path: str) -> None:
    foreign, user = await two_banks()
    async with opened(path.format(foreign=foreign.pk), user) as page:
        sent = ""
        while not await page.is_quiet():
            sent += "".join(await page.messages(1))
    assert sent
    assert ("theirs" in sent) == ("foreign" not in path)
    assert "foreign" not in sent


async def test_other_addresses_are_refused() -> None:
    for path in ("/ws/nowhere/", "/", "/ws/clusters/\0/", "/ws/workloads/x/"):
        assert not await Socket(path, await viewer()).open()
