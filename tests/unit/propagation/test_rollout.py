"""Rollouts, kind by kind, and why pods do not come up."""

from datetime import UTC, datetime
from typing import Any

import pytest

from propagation.domain import rollout
from propagation.domain.statuses import Rollout


def deployment(spec: dict[str, Any] | None = None, *, generation: int = 2, **status: Any) -> dict[str, Any]:
    full = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, **status}
    return {
        "kind": "Deployment",
        "metadata": {"generation": generation},
        "spec": {"replicas": 3, **(spec or {})},
        "status": full,
    }


def condition(name: str, status: str, reason: str = "", message: str = "") -> dict[str, Any]:
    return {"conditions": [{"type": name, "status": status, "reason": reason, "message": message}]}


DEADLINE = condition("Progressing", "False", "ProgressDeadlineExceeded", "too slow")
QUOTA = condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota")


@pytest.mark.parametrize(
    ("live", "expected", "counts"),
    [
        (deployment(), Rollout.COMPLETE, (3, 3)),
        (deployment(generation=3), Rollout.WAITING, (3, 3)),
        (deployment(**DEADLINE), Rollout.FAILED, (3, 3)),
        (deployment(**QUOTA), Rollout.FAILED, (3, 3)),
        (deployment({"paused": True}, updatedReplicas=1), Rollout.PAUSED, (3, 3)),
        (deployment(updatedReplicas=1), Rollout.PROGRESSING, (3, 3)),
        (deployment(replicas=4), Rollout.PROGRESSING, (3, 3)),
        (deployment(availableReplicas=1), Rollout.PROGRESSING, (1, 3)),
        (deployment(availableReplicas=None), Rollout.PROGRESSING, (0, 3)),
        (
            deployment({"replicas": 0}, replicas=0, updatedReplicas=0, availableReplicas=0),
            Rollout.SCALED_TO_ZERO,
            (0, 0),
        ),
        (
            {"kind": "Deployment", "metadata": {"generation": 1}, "spec": {"replicas": 1}},
            Rollout.WAITING,
            (0, 1),
        ),
    ],
)
def test_deployment(live: dict[str, Any], expected: Rollout, counts: tuple[int, int]) -> None:
    status = rollout.read(live)
    assert status.rollout == expected
    assert (status.ready, status.total) == counts


STATEFUL = {
    "observedGeneration": 1,
    "readyReplicas": 2,
    "updatedReplicas": 2,
    "updateRevision": "b",
    "currentRevision": "b",
}
BY_HAND = {"updateStrategy": {"type": "OnDelete"}}
DAEMON = {
    "observedGeneration": 1,
    "desiredNumberScheduled": 3,
    "updatedNumberScheduled": 3,
    "numberAvailable": 3,
}


@pytest.mark.parametrize(
    ("kind", "spec", "status", "expected"),
    [
        ("StatefulSet", {"replicas": 2}, STATEFUL, Rollout.COMPLETE),
        ("StatefulSet", {"replicas": 2}, {**STATEFUL, "currentRevision": "a"}, Rollout.PROGRESSING),
        ("StatefulSet", {"replicas": 3}, STATEFUL, Rollout.PROGRESSING),
        (
            "StatefulSet",
            {"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 1}}},
            {**STATEFUL, "updatedReplicas": 1, "currentRevision": "a"},
            Rollout.COMPLETE,
        ),
        ("StatefulSet", {"replicas": 2}, {**STATEFUL, "replicas": 3}, Rollout.PROGRESSING),
        ("StatefulSet", {"replicas": 0}, {**STATEFUL, "replicas": 2}, Rollout.PROGRESSING),
        ("StatefulSet", {"replicas": 0}, {**STATEFUL, "replicas": 0}, Rollout.SCALED_TO_ZERO),
        (
            "StatefulSet",
            {"replicas": 2, **BY_HAND},
            {**STATEFUL, "updatedReplicas": 1, "currentRevision": "a"},
            Rollout.COMPLETE,
        ),
        ("StatefulSet", {"replicas": 3, **BY_HAND}, STATEFUL, Rollout.PROGRESSING),
        ("ReplicaSet", {"replicas": 2}, {"replicas": 2, "availableReplicas": 2}, Rollout.COMPLETE),
        ("ReplicaSet", {"replicas": 0}, {"replicas": 2, "availableReplicas": 2}, Rollout.PROGRESSING),
        ("ReplicaSet", {"replicas": 0}, {"replicas": 0}, Rollout.SCALED_TO_ZERO),
        ("DaemonSet", BY_HAND, {**DAEMON, "updatedNumberScheduled": 1}, Rollout.COMPLETE),
        ("DaemonSet", BY_HAND, {**DAEMON, "numberAvailable": 2}, Rollout.PROGRESSING),
        ("DaemonSet", {}, DAEMON, Rollout.COMPLETE),
        ("DaemonSet", {}, {**DAEMON, "numberAvailable": 2}, Rollout.PROGRESSING),
        ("DaemonSet", {}, {**DAEMON, "updatedNumberScheduled": 2}, Rollout.PROGRESSING),
        ("Job", {}, condition("Complete", "True"), Rollout.COMPLETE),
        ("Job", {}, condition("Complete", "False"), Rollout.PROGRESSING),
        ("Job", {}, condition("Failed", "True", "BackoffLimitExceeded"), Rollout.FAILED),
        ("Job", {}, condition("Suspended", "True"), Rollout.PAUSED),
        ("CronJob", {"suspend": True}, {}, Rollout.PAUSED),
        ("Service", {"type": "ClusterIP"}, {}, Rollout.COMPLETE),
        ("Service", {"type": "LoadBalancer"}, {}, Rollout.PROGRESSING),
        (
            "Service",
            {"type": "LoadBalancer"},
            {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}},
            Rollout.COMPLETE,
        ),
        ("PersistentVolumeClaim", {}, {"phase": "Bound"}, Rollout.COMPLETE),
        ("PersistentVolumeClaim", {}, {"phase": "Pending"}, Rollout.PROGRESSING),
        ("PersistentVolumeClaim", {}, {"phase": "Lost"}, Rollout.FAILED),
        ("Namespace", {}, {"phase": "Active"}, Rollout.COMPLETE),
        ("ConfigMap", {}, {}, Rollout.COMPLETE),
        ("Widget", {}, condition("Ready", "False", "Starting"), Rollout.PROGRESSING),
        ("Widget", {}, condition("Ready", "True"), Rollout.COMPLETE),
        ("Widget", {}, condition("Stalled", "True"), Rollout.STALLED),
        ("Widget", {}, condition("Reconciling", "True"), Rollout.PROGRESSING),
    ],
)
def test_other_kinds(kind: str, spec: dict[str, Any], status: dict[str, Any], expected: Rollout) -> None:
    live = {"kind": kind, "metadata": {"generation": 1}, "spec": spec, "status": status}
    assert rollout.read(live).rollout == expected


def test_what_is_being_removed_is_never_complete() -> None:
    live = deployment()
    live["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a/b"]}
    assert rollout.read(live).rollout == Rollout.PROGRESSING
    assert "a/b" in rollout.read(live).message


def pod(name: str, *, waiting: str = "", ready: bool = False, unschedulable: str = "") -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    if unschedulable:
        conditions.append(
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": unschedulable}
        )
    state = {"waiting": {"reason": waiting, "message": f"{waiting} it is"}} if waiting else {}
    status = {"conditions": conditions, "containerStatuses": [{"name": "c", "state": state}]}
    return {"metadata": {"name": name}, "status": status}


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "CrashLoopBackOff", "CreateContainerConfigError"])
def test_waiting_containers_are_hints(reason: str) -> None:
    hint = rollout.hint([pod("a", ready=True), pod("b", waiting=reason)], [])
    assert hint is not None
    assert (hint.reason, hint.pod) == (reason, "b")
    assert hint.message == f"b: {reason} it is"


def test_pods_that_nobody_can_run() -> None:
    hint = rollout.hint([pod("a", unschedulable="0/3 nodes: insufficient cpu")], [])
    assert hint is not None
    assert (hint.reason, hint.message) == ("FailedScheduling", "a: 0/3 nodes: insufficient cpu")


def test_events_count_for_pods_that_are_not_ready_alone() -> None:
    event = {"reason": "FailedMount", "message": "no such secret", "involvedObject": {"name": "a"}}
    assert rollout.hint([pod("a", ready=True)], [event]) is None
    hint = rollout.hint([pod("a")], [event])
    assert hint is not None
    assert hint.reason == "FailedMount"


def test_nothing_wrong_is_no_hint() -> None:
    assert rollout.hint([pod("a", waiting="ContainerCreating"), pod("b", ready=True)], []) is None


def test_pods_that_wait_long_for_a_node_are_counted() -> None:
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def pod(since: str, reason: str = "Unschedulable") -> dict[str, Any]:
        condition = {"type": "PodScheduled", "status": "False", "reason": reason, "lastTransitionTime": since}
        return {"metadata": {"name": "web"}, "status": {"conditions": [condition]}}

    waiting = [pod("2026-01-01T11:58:00Z"), pod("2026-01-01T11:59:30Z"), pod("2026-01-01T11:00:00Z", "Gated")]
    assert rollout.unschedulable([*waiting, pod("nonsense"), {"metadata": {}}], now) == 1
