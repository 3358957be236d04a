"""Every built-in kind on API servers of several releases: created, changed, drifted, orphaned, deleted."""

from collections.abc import Callable
from typing import Any

import pytest

from clusters.domain.labels import MANAGED
from clusters.domain.references import ResourceType
from fedconsole.sandbox.fleet import Fleet
from propagation.domain import statuses
from propagation.models import FederatedResource, FederatedType
from tests.integration.federation import Federation, Member
from tests.integration.manifests import SAMPLES, Sample, at, put
from tests.stack import Stack

pytestmark = pytest.mark.integration

NAMESPACE = "kinds"
EVERYWHERE = {"clusterSelector": {}}
#: What is as it should be: claims wait for a volume and deployments for their pods, which is no trouble.
FINE = ("Complete", "Progressing", "ScaledToZero", "Waiting")


class Kinds:
    """One federated resource of every kind, and what the members hold of them."""

    def __init__(self, federation: Federation) -> None:
        self.federation = federation
        self.resources: dict[str, FederatedResource] = {}
        self.types: dict[str, ResourceType] = {}

    def create(self) -> None:
        made = [self._new(sample) for sample in SAMPLES]
        self.federation.create_all(made)
        self.resources = {sample.type: one for sample, one in zip(SAMPLES, made, strict=True)}
        self.types = {sample.type: one.type.resource_type for sample, one in zip(SAMPLES, made, strict=True)}

    def _new(self, sample: Sample) -> FederatedResource:
        with self.federation.stack.database():
            kind = FederatedType.objects.get(name=sample.type)
        override = {"path": sample.pointer, "op": "add", "value": sample.values[3]}
        return FederatedResource(
            type=kind,
            namespace=NAMESPACE if sample.namespaced else "",
            name=sample.name,
            template=sample.with_value(sample.values[0]),
            placement=EVERYWHERE,
            overrides=[{"clusterName": "boston", "clusterOverrides": [override]}],
        )

    def live(self, member: Member, sample: Sample) -> dict[str, Any] | None:
        return member.read(self._path(member, sample))

    def _path(self, member: Member, sample: Sample) -> str:
        kind = member.served(self.types[sample.type])
        return kind.path(NAMESPACE if sample.namespaced else "", sample.name)

    def change_by_hand(self, member: Member, sample: Sample) -> None:
        """Again when a controller was quicker than the hand."""

        def changed() -> bool:
            live = self.live(member, sample)
            assert live
            put(live, sample.path, sample.values[2])
            return member.replace(self._path(member, sample), live)

        self.federation.wait_for(changed)

    def wait_for(self, number: int) -> None:
        """Until every member holds this value of every kind (the override in its cluster)."""
        found: list[str] = ["not looked yet"]

        def arrived() -> bool:
            found[:] = [
                f"{sample.type} in {member.name}: {self._state(member, sample)}"
                for sample in SAMPLES
                for member in self.federation.members
                if at(self.live(member, sample), sample.path)
                != sample.values[3 if member.name == "boston" else number]
            ]
            return not found

        self._until(arrived, found)

    def _state(self, member: Member, sample: Sample) -> str:
        row = self.federation.row(self.resources[sample.type], member.name)
        return f"{row.delivery} {row.reason} {row.message} {row.rollout} {row.rollout_reason}"

    def _until(self, predicate: Callable[[], bool], found: list[str]) -> None:
        try:
            self.federation.wait_for(predicate)
        except AssertionError:
            raise AssertionError("\n".join(found)) from None

    def wait_settled(self) -> None:
        """Until no row is dirty and the console knows how each fares."""

        def open_rows() -> list[str]:
            rows = self.federation.rows(*self.resources.values())
            return [
                f"{row} {row.delivery} {row.reason} {row.message} {row.rollout}"
                for row in rows
                if row.dirty or row.delivery != statuses.Delivery.APPLIED or row.rollout not in FINE
            ]

        found: list[str] = ["not looked yet"]

        def settled() -> bool:
            found[:] = open_rows()
            return not found

        self._until(settled, found)


@pytest.fixture(scope="module")
def kinds(live_stack: Stack, sandbox: Fleet) -> Kinds:
    federation = Federation(live_stack, sandbox)
    federation.join(preset="cluster-admin")  # roles and definitions are not for everybody to write
    made = Kinds(federation)
    made.create()
    return made


def test_every_kind_is_among_the_samples(kinds: Kinds) -> None:
    with kinds.federation.stack.database():
        assert set(FederatedType.objects.values_list("name", flat=True)) == set(kinds.resources)


def test_every_kind_arrives_with_its_override(kinds: Kinds) -> None:
    kinds.wait_for(0)
    kinds.wait_settled()


def test_every_kind_can_be_changed(kinds: Kinds) -> None:
    for sample in SAMPLES:
        kinds.federation.edit(kinds.resources[sample.type], template=sample.with_value(sample.values[1]))
    kinds.wait_for(1)
    kinds.wait_settled()


def test_every_kind_is_repaired(kinds: Kinds) -> None:
    kinds.wait_settled()
    for sample in SAMPLES:
        for member in kinds.federation.members:
            kinds.change_by_hand(member, sample)
    kinds.wait_for(1)
    kinds.wait_settled()


def test_a_second_look_writes_nothing(kinds: Kinds) -> None:
    kinds.wait_settled()
    before = {
        (member.name, sample.type): ours(kinds.live(member, sample))
        for member in kinds.federation.members
        for sample in SAMPLES
    }
    for resource in kinds.resources.values():
        kinds.federation.edit(resource, description="looked at again")
        kinds.federation.look_again(resource)
    kinds.wait_settled()
    for (name, _type), written in before.items():
        sample = next(one for one in SAMPLES if one.type == _type)
        assert ours(kinds.live(kinds.federation[name], sample)) == written


def ours(live: dict[str, Any] | None) -> list[str]:
    """When we wrote it."""
    assert live
    entries = live["metadata"]["managedFields"]
    return [entry["time"] for entry in entries if entry["manager"] == "fedconsole"]


def test_half_are_orphaned_and_half_deleted(kinds: Kinds) -> None:
    orphaned = {sample.type for sample in SAMPLES[::2]}
    for sample in SAMPLES:
        kinds.federation.delete(kinds.resources[sample.type], orphan=sample.type in orphaned)
    kinds.federation.wait_for(
        lambda: not any(kinds.federation.exists(one) for one in kinds.resources.values()),
        "Not everything was let go",
    )
    for sample in SAMPLES:
        for member in kinds.federation.members:
            live = kinds.live(member, sample)
            if sample.type in orphaned:
                assert live
                assert MANAGED not in (live["metadata"].get("labels") or {})
            else:
                assert live is None or live["metadata"].get("deletionTimestamp")
