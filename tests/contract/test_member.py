"""What the adapter promises, on real API servers of every version that the cache holds."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from clusters.domain import kubeconfig
from clusters.domain.connections import Credential
from clusters.domain.references import ObjectReference, ResourceType
from clusters.kube import discovery, errors, watching
from clusters.kube.client import Member
from fedconsole.sandbox.fleet import Fleet

pytestmark = pytest.mark.integration

CONFIG_MAP = ResourceType("", "v1", "ConfigMap", "configmaps", True)
UNKNOWN = ResourceType("example.com", "v1", "Widget", "widgets", True)
#: Seconds.
PATIENCE = 90


@pytest.fixture(params=[0, 1])
async def member(request: pytest.FixtureRequest, sandbox: Fleet) -> AsyncIterator[Member]:
    """Two members: of different versions where the cache holds several."""
    cluster = sandbox[request.param]
    made = Member(kubeconfig.parse(cluster.kubeconfig_text).context().connection)
    yield made
    for reference in (NAMED, *NUMBERED):
        await made.delete(reference)
    await made.close()


def reference(name: str) -> ObjectReference:
    return ObjectReference(CONFIG_MAP, "default", name)


NAMED = reference("contract")
NUMBERED = [reference(f"contract-{number}") for number in range(5)]


def config_map(ref: ObjectReference, **data: str) -> dict[str, Any]:
    metadata = {"name": ref.name, "namespace": ref.namespace, "labels": {"suite": "contract"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


async def test_a_certificate_that_this_machine_does_not_trust_is_refused(sandbox: Fleet) -> None:
    own = kubeconfig.parse(sandbox[0].kubeconfig_text).context().connection
    for _ in range(2):
        member = Member(replace(own, ca_bundle="", credential=Credential()))
        with pytest.raises(errors.TlsError) as caught:
            await member.get(NAMED)
        assert caught.value.reason == "UnknownAuthority"
        await member.close()


async def test_apply_tells_what_was_new(member: Member) -> None:
    first = await member.apply(NAMED, config_map(NAMED, a="1"), force=False)
    second = await member.apply(NAMED, config_map(NAMED, a="2"), force=False)
    assert (first.created, second.created) == (True, False)
    assert second.object["data"] == {"a": "2"}
    same = await member.apply(NAMED, config_map(NAMED, a="2"), force=False)
    assert same.object["metadata"]["resourceVersion"] == second.object["metadata"]["resourceVersion"]


async def test_a_dry_run_changes_nothing(member: Member) -> None:
    await member.apply(NAMED, config_map(NAMED), force=False, dry_run=True)
    assert await member.get(NAMED) is None


async def test_conflicts_name_the_other_manager_and_force_takes_over(member: Member) -> None:
    body = config_map(NAMED, a="theirs")
    await member.request("POST", CONFIG_MAP.path("default"), {"fieldManager": "somebody"}, body)
    with pytest.raises(errors.ApplyConflict) as caught:
        await member.apply(NAMED, config_map(NAMED, a="ours"), force=False)
    assert caught.value.managers == {"somebody": [".data.a"]}
    taken = await member.apply(NAMED, config_map(NAMED, a="ours"), force=True)
    assert taken.object["data"] == {"a": "ours"}


async def test_absence_and_unknown_kinds_are_different(member: Member) -> None:
    assert await member.get(NAMED) is None
    assert await member.delete(NAMED) is None
    with pytest.raises(errors.TypeNotServed):
        await member.get(ObjectReference(UNKNOWN, "default", "x"))
    nowhere = ObjectReference(CONFIG_MAP, "no-such-namespace", "x")
    with pytest.raises(errors.NotFound) as caught:
        await member.apply(nowhere, config_map(nowhere), force=False)
    assert caught.value.kind == "namespaces"


async def test_errors_have_types_and_the_servers_words(member: Member) -> None:
    await member.create(NAMED, config_map(NAMED))
    with pytest.raises(errors.AlreadyExists, match="already exists"):
        await member.create(NAMED, config_map(NAMED))
    bad = reference("Not_A_Name")
    with pytest.raises(errors.Invalid, match=r"metadata\.name"):
        await member.apply(bad, config_map(bad), force=False)
    with pytest.raises(errors.Conflict):
        await member.delete(NAMED, uid="00000000-0000-0000-0000-000000000000")
    assert await member.get(NAMED)


async def test_lists_follow_their_pages(member: Member) -> None:
    for ref in NUMBERED:
        await member.apply(ref, config_map(ref), force=False)
    found = await member.list(CONFIG_MAP, "default", label_selector="suite=contract", limit=2)
    assert {item["metadata"]["name"] for item in found.items} == {ref.name for ref in NUMBERED}
    assert all(item["kind"] == "ConfigMap" for item in found.items)
    assert int(found.resource_version) > 0


async def test_discovery_finds_kinds_with_their_versions(member: Member) -> None:
    found = await discovery.served(member)
    kinds = {(one.type.kind, one.type.api_version) for one in found}
    assert {("Deployment", "apps/v1"), ("ConfigMap", "v1"), ("Namespace", "v1")} <= kinds
    assert all("/" not in one.type.plural for one in found)


@asynccontextmanager
async def watched(member: Member) -> AsyncIterator[asyncio.Queue[Any]]:
    """What a watch on our ConfigMaps yields, for as long as the block lasts."""
    found: asyncio.Queue[Any] = asyncio.Queue()

    async def collect() -> None:
        objects = watching.watch(member, CONFIG_MAP, label_selector="suite=contract", namespace="default")
        async for one in objects:
            found.put_nowait(one)

    task = asyncio.create_task(collect())
    try:
        async with asyncio.timeout(PATIENCE):
            yield found
    finally:
        task.cancel()


async def first(found: asyncio.Queue[Any], wanted: Callable[[Any], bool]) -> Any:
    """The next one that is wanted; others are skipped."""
    while not wanted(one := await found.get()):
        pass
    return one


async def test_a_watch_tells_everything_that_happens(member: Member) -> None:
    async with watched(member) as found:
        assert isinstance(await found.get(), watching.Synced)
        await member.apply(NAMED, config_map(NAMED, a="1"), force=False)
        await member.apply(NAMED, config_map(NAMED, a="2"), force=False)
        await member.delete(NAMED)
        assert [(await found.get()).kind for _ in range(3)] == ["ADDED", "MODIFIED", "DELETED"]


async def test_a_watch_survives_death_and_compaction(healthy_sandbox: Fleet) -> None:
    cluster = healthy_sandbox[2]
    made = Member(kubeconfig.parse(cluster.kubeconfig_text).context().connection)
    try:
        async with watched(made) as found:
            await first(found, lambda one: isinstance(one, watching.Synced))
            await asyncio.to_thread(cluster.kill_apiserver)
            broken = await first(found, lambda one: isinstance(one, watching.Broken))
            assert broken.error.transient
            await asyncio.to_thread(cluster.restart_apiserver)
            await first(found, lambda one: isinstance(one, watching.Synced))
            await asyncio.to_thread(cluster.compact_etcd)
            await made.apply(NAMED, config_map(NAMED, after="compaction"), force=False)
            await first(found, _shows_it)
    finally:
        await made.delete(NAMED)
        await made.close()


def _shows_it(one: Any) -> bool:
    """Whether by an event or by the list that follows a 410."""
    items = getattr(one, "items", None) or [getattr(one, "object", {"metadata": {}})]
    return any(item["metadata"].get("name") == NAMED.name for item in items)
