"""What the members report: drift that is repaired or left, removals that end, pods without a node."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from clusters import joining
from clusters.models import Cluster
from propagation import departing, dispatching, observing
from propagation.delivering import Assignment, Outcome
from propagation.domain import rendering
from propagation.domain.statuses import Delivery, PropagationStatus
from propagation.models import FederatedType, Propagation
from tests import factories_propagation as factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Cluster:
    return factories.cluster("ams")


def reported(member: Cluster, name: str, owned: dict[str, Any] | None, version: int) -> observing.Observation:
    managed = [{"manager": "fedconsole", "operation": "Apply", "fieldsV1": owned}]
    metadata = {
        "namespace": "default",
        "name": name,
        "resourceVersion": str(version),
        "managedFields": managed,
    }
    item = {"kind": "Deployment", "metadata": metadata, "spec": {}, "status": {}}
    return observing.observe(member.pk, "deployments.apps", item, gone=owned is None)


def dirty() -> bool:
    return Propagation.objects.dirty().exists()


@pytest.mark.parametrize("suspended", [False, True])
def test_drift_is_repaired_unless_that_is_suspended(member: Cluster, suspended: bool) -> None:
    resource = factories.workload("web", suspend_repair=suspended)
    row = factories.propagation(resource, member, applied_owned="ours", live_owned="ours")
    touched = observing.record([reported(member, "web", {"f:spec": {}}, 7)])
    assert touched == (set() if suspended else {member.pk})
    assert dirty() is not suspended
    row.refresh_from_db()
    assert row.drifted


def test_a_removal_that_was_waited_for_is_finished_at_once(member: Cluster) -> None:
    resource = factories.workload("web", deletion_requested_at=timezone.now())
    later = timezone.now() + timedelta(minutes=1)
    row = factories.propagation(
        resource, member, selected=False, desired_generation=2, next_attempt_at=later, delivery="Deleting"
    )
    assert observing.record([reported(member, "web", None, 9)]) == {member.pk}
    row.refresh_from_db()
    assert row.next_attempt_at is None


def test_pods_without_a_node_are_counted_and_forgotten(member: Cluster) -> None:
    row = factories.propagation(factories.workload(), member, rollout="Progressing")
    observing.record_hints([observing.Hint(row.pk, "FailedScheduling", "No room.", 2)])
    row.refresh_from_db()
    assert (row.unschedulable_replicas, row.rollout) == (2, "Stalled")
    observing.record_hints([observing.Hint(row.pk, "", "", 0)])
    row.refresh_from_db()
    assert row.unschedulable_replicas == 0


def test_rows_of_a_disabled_kind_are_not_due(member: Cluster) -> None:
    factories.propagation(factories.workload(), member, desired_generation=2)
    assert Propagation.objects.due(timezone.now()).exists()
    FederatedType.objects.update(enabled=False)
    assert not Propagation.objects.due(timezone.now()).exists()
    Propagation.objects.update(selected=False)  # what has to go goes: a cluster that leaves waits for it
    assert Propagation.objects.due(timezone.now()).exists()


def test_a_cluster_that_leaves_takes_objects_of_disabled_kinds_with_it(member: Cluster) -> None:
    row = factories.propagation(factories.workload(), member)
    FederatedType.objects.update(enabled=False)
    joining.begin_unjoin(member, delete_workloads=True)
    departing.begin()
    row.refresh_from_db()
    assert (row.selected, row.dirty) == (False, True)


@pytest.mark.parametrize(
    ("age", "expected"),
    [(None, PropagationStatus.WAITING_FOR_REMOVAL), (40, PropagationStatus.DELETION_TIMED_OUT)],
)
def test_a_removal_that_takes_long_is_told(
    member: Cluster, age: int | None, expected: PropagationStatus
) -> None:
    now = timezone.now()
    asked = now - timedelta(seconds=age) if age else None
    resource = factories.workload("web", deletion_requested_at=now)
    row = factories.propagation(
        resource, member, selected=False, desired_generation=2, removal_asked_at=asked
    )
    outcome = Outcome(
        _assignment(row),
        Delivery.DELETING,
        PropagationStatus.WAITING_FOR_REMOVAL,
        removing=True,
        transient=True,
    )
    dispatching._record([outcome])
    row.refresh_from_db()
    assert row.reason == expected
    assert row.removal_asked_at is not None


def _assignment(row: Propagation) -> Assignment:
    return Assignment(
        pk=row.pk,
        cluster_pk=row.cluster_id,
        target=rendering.Target("ams"),
        resource_pk=row.resource_id,
        reference=row.resource.reference,
        spec=rendering.Spec(row.resource.reference, {}),
        generation=1,
        desired_generation=row.desired_generation,
        selected=False,
        ready=True,
        deleting=True,
        orphan=False,
        policy="adopt",
        retain_replicas=False,
        applied_hash="",
        drifted=False,
        attempts=0,
        rank=0,
        removal_asked_at=row.removal_asked_at,
    )
