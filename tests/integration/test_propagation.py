"""Federated objects on real API servers, by the console's real processes."""

from typing import Any

import pytest

from clusters.domain.labels import MANAGED
from clusters.kube.client import CONCURRENCY
from propagation.models import ConflictPolicy
from tests.integration.federation import Federation, template

pytestmark = pytest.mark.integration

BURST = 100
#: Applies that a killed worker could not record: those under way, and the last batch.
UNKNOWN = 2 * CONCURRENCY


def test_a_deployment_comes_up_in_every_member(federation: Federation) -> None:
    overrides = [{"clusterName": "boston", "clusterOverrides": [{"path": "/spec/replicas", "value": 3}]}]
    resource = federation.create("web", "comes-up", overrides=overrides)
    federation.wait_settled(resource)
    for member in federation.members:
        live = member.deployment("web", "comes-up")
        assert live.metadata.labels[MANAGED] == "true"
        assert live.spec.replicas == (3 if member.name == "boston" else 1)
    assert [row.ready_replicas for row in federation.rows(resource)] == [1, 3, 1]


def test_a_change_reaches_every_member_and_a_second_look_writes_nothing(federation: Federation) -> None:
    resource = federation.create("web", "changes")
    federation.wait_settled(resource)
    federation.edit(resource, template=template("web", image="nginx:1.28", replicas=2))
    federation.wait_for(lambda: all(row.applied_revision == 2 for row in federation.rows(resource)))
    federation.wait_settled(resource)
    before = [member.versions("changes") for member in federation.members]
    # The same desired state once more: a new generation that renders to what is there already.
    federation.edit(resource, labels={"note": "again"})
    federation.wait_for(lambda: all(row.applied_revision == 3 for row in federation.rows(resource)))
    assert [member.versions("changes") for member in federation.members] == before


def test_what_somebody_changes_or_deletes_is_repaired(federation: Federation) -> None:
    resource = federation.create("web", "drifts")
    federation.wait_settled(resource)
    member = federation["amsterdam"]
    member.apps.patch_namespaced_deployment("web", "drifts", {"spec": {"replicas": 4}})
    federation.wait_for(lambda: member.deployment("web", "drifts").spec.replicas == 1)
    unlabelled = {"metadata": {"labels": {MANAGED: None}}}
    member.apps.patch_namespaced_deployment("web", "drifts", unlabelled)
    federation.wait_for(lambda: (member.deployment("web", "drifts").metadata.labels or {}).get(MANAGED))
    uid = member.deployment("web", "drifts").metadata.uid
    member.apps.delete_namespaced_deployment("web", "drifts")
    federation.wait_for(lambda: getattr(member.deployment("web", "drifts"), "metadata", None))
    assert member.deployment("web", "drifts").metadata.uid != uid
    federation.wait_settled(resource)


def test_fields_of_others_are_left_alone(federation: Federation) -> None:
    resource = federation.create("web", "shared")
    federation.wait_settled(resource)
    member = federation["boston"]
    member.apps.patch_namespaced_deployment("web", "shared", {"metadata": {"annotations": {"theirs": "1"}}})
    federation.edit(resource, template=template("web", image="nginx:1.28"))
    federation.wait_for(lambda: federation.row(resource, "boston").applied_revision == 2)
    assert member.deployment("web", "shared").metadata.annotations["theirs"] == "1"


def test_a_broken_image_says_so_within_seconds(federation: Federation) -> None:
    resource = federation.create("web", "broken", template=template("web", image="nginx:broken"))

    def all_hinted() -> bool:
        rows = federation.rows(resource)
        return len(rows) == 3 and all(row.hint_reason == "ImagePullBackOff" for row in rows)

    federation.wait_for(all_hinted, "No hint")
    row = federation.row(resource, "boston")
    assert row.rollout == "Stalled"
    assert "nginx:broken" in row.last_event
    federation.edit(resource, template=template("web"))
    federation.wait_settled(resource)
    assert not federation.row(resource, "boston").hint_reason


def foreign(member: Any, namespace: str, labels: dict[str, str]) -> None:
    """A Deployment that somebody made by hand."""
    member.core.create_namespace({"metadata": {"name": namespace}})
    body = {"metadata": {"name": "web", "labels": labels}, **template("web", image="nginx:1.26", replicas=2)}
    member.apps.create_namespaced_deployment(namespace, body, field_manager="by-hand")


def test_what_is_there_already_is_adopted(federation: Federation) -> None:
    member = federation["amsterdam"]
    foreign(member, "adopted", {})
    uid = member.deployment("web", "adopted").metadata.uid
    resource = federation.create("web", "adopted", placement={"clusters": [{"name": "amsterdam"}]})
    federation.wait_settled(resource, clusters=1)
    live = member.deployment("web", "adopted")
    assert (live.metadata.uid, live.spec.replicas) == (uid, 1)
    assert live.spec.template.spec.containers[0].image == "nginx:1.27"


@pytest.mark.parametrize(
    ("policy", "labels", "status"),
    [
        (ConflictPolicy.REFUSE, {}, "AlreadyExists"),
        (ConflictPolicy.ADOPT, {MANAGED: "false"}, "ManagedLabelFalse"),
    ],
)
def test_what_must_not_be_touched_is_not(
    federation: Federation, policy: str, labels: dict[str, str], status: str
) -> None:
    member, namespace = federation["boston"], status.lower()
    foreign(member, namespace, labels)
    before = member.deployment("web", namespace).metadata.managed_fields[0].time
    placement = {"clusters": [{"name": "boston"}]}
    resource = federation.create("web", namespace, placement=placement, conflict_policy=policy)
    federation.wait_for(lambda: [row.reason for row in federation.rows(resource)] == [status])
    live = member.deployment("web", namespace)
    assert live.spec.replicas == 2
    assert live.metadata.managed_fields[0].time == before
    federation.delete(resource)
    federation.wait_for(lambda: not federation.exists(resource))
    assert member.deployment("web", namespace)


def test_a_smaller_placement_removes_the_object(federation: Federation) -> None:
    resource = federation.create("web", "shrinks")
    federation.wait_settled(resource)
    federation.edit(resource, placement={"clusterSelector": {"matchLabels": {"env": "prod"}}})
    federation.wait_for(lambda: len(federation.rows(resource)) == 2)
    assert federation["singapore"].deployment("web", "shrinks") is None
    assert federation["boston"].deployment("web", "shrinks")


@pytest.mark.parametrize("orphan", [False, True])
def test_deletion(federation: Federation, orphan: bool) -> None:
    namespace = f"deleted-{str(orphan).lower()}"
    resource = federation.create("web", namespace)
    federation.wait_settled(resource)
    federation.delete(resource, orphan=orphan)
    federation.wait_for(lambda: not federation.exists(resource))
    for member in federation.members:
        live = member.deployment("web", namespace)
        assert (live is not None) is orphan
        assert live is None or MANAGED not in (live.metadata.labels or {})


def test_a_dead_cluster_delays_only_itself_and_catches_up(federation: Federation) -> None:
    dead = federation["boston"]
    dead.cluster.kill_apiserver()
    federation.wait_for(lambda: federation.cluster("boston").state == "Unreachable")
    assert federation.cluster("boston").reason == "ConnectionRefused"
    assert federation.cluster("amsterdam").state == "Ready"
    resource = federation.create("web", "outage")

    def others_settled() -> bool:
        return sorted(row.rollout for row in federation.rows(resource)) == ["Complete", "Complete", "Unknown"]

    federation.wait_for(others_settled)
    assert federation.row(resource, "boston").reason == "ClusterNotReady"
    dead.cluster.restart_apiserver()
    federation.wait_for(lambda: federation.cluster("boston").state == "Ready")
    federation.wait_settled(resource)


def test_a_frozen_cluster_is_told_within_seconds(federation: Federation) -> None:
    federation["singapore"].cluster.freeze_apiserver()
    federation.wait_for(lambda: federation.cluster("singapore").state == "Unreachable", timeout=30)
    federation["singapore"].cluster.thaw_apiserver()
    federation.wait_for(lambda: federation.cluster("singapore").state == "Ready")


def test_a_bad_override_fails_in_its_cluster_alone(federation: Federation) -> None:
    overrides = [{"clusterName": "boston", "clusterOverrides": [{"path": "/spec/nothing", "value": 1}]}]
    resource = federation.create("web", "overridden", overrides=overrides)
    federation.wait_for(lambda: federation.row(resource, "boston").reason == "ApplyOverridesFailed")
    federation.wait_for(lambda: federation.row(resource, "amsterdam").rollout == "Complete")
    assert federation["boston"].deployment("web", "overridden") is None


@pytest.mark.parametrize("process", ["worker", "informer", "redis", "web"])
def test_nothing_is_lost_when_a_process_is_killed_in_a_burst(federation: Federation, process: str) -> None:
    namespace = f"burst-{process}"
    applied = [member.applies() for member in federation.members]
    new = [federation.new(f"web-{n}", namespace, template=template("web", replicas=0)) for n in range(BURST)]
    resources = federation.create_all(new)
    federation.wait_for(lambda: any(row.applied_hash for row in federation.rows(*resources)))
    federation.stack.kill(process)
    federation.stack.restart(process)
    federation.wait_settled(*resources)
    wanted = {resource.name for resource in resources}
    assert all(member.names(namespace) == wanted for member in federation.members)
    again = [
        member.applies() - before - BURST for member, before in zip(federation.members, applied, strict=True)
    ]
    assert all(0 <= count <= UNKNOWN for count in again), again
    for resource in resources:
        federation.delete(resource)
    federation.wait_for(lambda: not federation.rows(*resources))
    assert not any(member.names(namespace) for member in federation.members)
