"""Placement, replicas, dependencies, removal and drift on real API servers, beyond the main job."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from kubernetes import client

from clusters.models import Cluster
from fedconsole.sandbox.fleet import Fleet
from propagation.models import Activity, FederatedResource, FederatedType
from tests.integration.federation import Federation, template

pytestmark = pytest.mark.integration

EVERYWHERE = {"clusterSelector": {}}


@pytest.fixture(scope="module")
def preset() -> str:
    """Rights for every kind."""
    return "cluster-admin"


def new(federation: Federation, kind: str, name: str, namespace: str, **values: Any) -> FederatedResource:
    with federation.stack.database():
        found = FederatedType.objects.get(name=kind)
    fields = {"placement": EVERYWHERE, "template": {}, **values}
    made = FederatedResource(type=found, namespace=namespace, name=name, **fields)
    return federation.create_all([made])[0]


def replicas(federation: Federation, name: str, namespace: str) -> dict[str, int]:
    """What the members hold."""
    found = {member.name: member.deployment(name, namespace) for member in federation.members}
    return {member: live.spec.replicas for member, live in found.items() if live}


def change_cluster(federation: Federation, name: str, **values: Any) -> None:
    """As somebody does on the cluster's page."""
    with federation.stack.database():
        Cluster.objects.filter(name=name).update(**values)
        pk = Cluster.objects.get(name=name).pk
    federation.send("propagation.tasks.clusters_changed", [pk])


def test_a_total_is_split_and_moves_when_a_cluster_has_gone(federation: Federation, sandbox: Fleet) -> None:
    preference = {
        "totalReplicas": 8,
        "rebalance": True,
        "clusters": {"amsterdam": {"weight": 2}, "*": {"weight": 1}},
    }
    made = federation.create("split", "engine-split", replica_scheduling=preference)
    federation.wait_for(
        lambda: replicas(federation, "split", "engine-split") == {"amsterdam": 4, "boston": 2, "singapore": 2}
    )
    sandbox["boston"].kill_apiserver()
    federation.wait_for(lambda: federation.cluster("boston").ready == "False")
    # As if it had been away for longer than it may be.
    with federation.stack.database():
        gone = timezone.now() - timedelta(minutes=5)
        Cluster.objects.filter(name="boston").update(last_transition_time=gone)
    federation.wait_for(lambda: sum(replicas_planned(federation, made).values()) == 8)
    federation.wait_for(lambda: "boston" not in replicas_planned(federation, made))
    living = [federation["amsterdam"], federation["singapore"]]
    federation.wait_for(
        lambda: sum(one.deployment("split", "engine-split").spec.replicas for one in living) == 8
    )
    with federation.stack.database():
        told = Activity.objects.filter(resource=made, verb=Activity.Verb.REPLANNED).latest("at")
    assert "taken out of boston" in told.message
    sandbox["boston"].restart_apiserver()
    federation.wait_for(lambda: replicas_planned(federation, made).get("boston") == 2)
    federation.wait_settled(made)


def replicas_planned(federation: Federation, resource: FederatedResource) -> dict[str, int | None]:
    return {row.cluster.name: row.replicas for row in federation.rows(resource) if row.selected}


def test_replicas_go_where_there_is_room(federation: Federation) -> None:
    nowhere = {"op": "add", "path": "/spec/template/spec/nodeSelector", "value": {"no-node": "has-this"}}
    made = federation.create(
        "room",
        "engine-room",
        replica_scheduling={"totalReplicas": 6},
        overrides=[{"clusterName": "singapore", "clusterOverrides": [nowhere]}],
    )
    federation.wait_for(lambda: replicas_planned(federation, made).get("singapore") == 2)
    # A pod has to be without a node for a minute before that counts.
    federation.wait_for(
        lambda: replicas_planned(federation, made) == {"amsterdam": 3, "boston": 3, "singapore": 0},
        timeout=150,
    )


def test_what_a_workload_names_follows_it(federation: Federation) -> None:
    namespace = "engine-follow"
    settings = new(federation, "configmaps", "settings", namespace, placement={"clusters": []})
    pods = template("web")
    source = {"configMapRef": {"name": "settings"}}
    pods["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [source]
    made = federation.create("web", namespace, template=pods, placement={"clusters": [{"name": "boston"}]})
    federation.wait_settled(made, settings, clusters=1)
    assert federation["boston"].core.read_namespaced_config_map("settings", namespace)
    federation.edit(made, placement={"clusters": [{"name": "singapore"}]})
    federation.wait_for(lambda: exists(federation, "singapore", settings))
    federation.wait_for(lambda: not exists(federation, "boston", settings))
    federation.delete(made)
    federation.wait_for(lambda: not exists(federation, "singapore", settings))


def exists(federation: Federation, member: str, resource: FederatedResource) -> bool:
    with federation.stack.database():
        path = resource.reference.path
    return federation[member].read(path) is not None


def test_a_taint_keeps_newcomers_away_and_evicts(federation: Federation) -> None:
    first = federation.create("first", "engine-taints")
    federation.wait_settled(first)
    change_cluster(federation, "boston", taints=[{"key": "gpu", "value": "", "effect": "NoSchedule"}])
    tolerations = [{"key": "gpu", "operator": "Exists"}]
    second = federation.create("second", "engine-taints")
    third = federation.create("third", "engine-taints", placement={**EVERYWHERE, "tolerations": tolerations})
    federation.wait_settled(second, clusters=2)
    federation.wait_settled(first, third)
    change_cluster(federation, "boston", taints=[{"key": "gpu", "value": "", "effect": "NoExecute"}])
    federation.wait_for(lambda: federation["boston"].names("engine-taints") == {"third"})
    change_cluster(federation, "boston", taints=[])
    federation.wait_for(lambda: federation["boston"].names("engine-taints") == {"first", "second", "third"})


def test_overrides_by_label_follow_the_labels(federation: Federation) -> None:
    gold = {
        "clusterSelector": {"matchLabels": {"engine": "gold"}},
        "clusterOverrides": [{"path": "/spec/replicas", "value": 3}],
    }
    made = federation.create("labelled", "engine-labels", overrides=[gold])
    federation.wait_settled(made)
    labels = federation.cluster("singapore").labels
    change_cluster(federation, "singapore", labels={**labels, "engine": "gold"})
    federation.wait_for(lambda: replicas(federation, "labelled", "engine-labels").get("singapore") == 3)
    change_cluster(federation, "singapore", labels=labels)
    federation.wait_for(lambda: replicas(federation, "labelled", "engine-labels").get("singapore") == 1)


def test_drift_is_left_alone_while_repair_is_suspended(federation: Federation) -> None:
    made = federation.create("drift", "engine-drift", suspend_repair=True)
    federation.wait_settled(made)
    member = federation["amsterdam"]
    member.apps.patch_namespaced_deployment("drift", "engine-drift", {"spec": {"replicas": 5}})
    federation.wait_for(lambda: federation.row(made, "amsterdam").drifted)
    assert member.deployment("drift", "engine-drift").spec.replicas == 5
    federation.edit(made, suspend_repair=False)
    federation.wait_for(lambda: member.deployment("drift", "engine-drift").spec.replicas == 1)


def test_a_namespace_with_what_is_not_ours_stays_until_that_is_said(federation: Federation) -> None:
    name = "engine-namespace"
    made = new(federation, "namespaces", name, "")
    federation.wait_settled(made)
    core = federation["boston"].core
    core.create_namespaced_config_map(name, {"metadata": {"name": "theirs"}})
    federation.delete(made)
    federation.wait_for(lambda: "theirs" in federation.row(made, "boston").message)
    assert core.read_namespace(name).status.phase == "Active"
    core.delete_namespaced_config_map("theirs", name)
    federation.wait_for(lambda: not federation.exists(made), timeout=90)
    assert federation["boston"].read(f"/api/v1/namespaces/{name}") is None


def test_finalizers_in_members_are_respected(federation: Federation) -> None:
    made = new(federation, "configmaps", "held", "engine-held", placement={"clusters": [{"name": "boston"}]})
    federation.wait_settled(made, clusters=1)
    core = federation["boston"].core
    hold = {"metadata": {"finalizers": ["example.com/hold"]}}
    core.patch_namespaced_config_map("held", "engine-held", hold)
    federation.delete(made)
    federation.wait_for(lambda: "example.com/hold" in federation.row(made, "boston").message)
    assert federation.row(made, "boston").reason == "WaitingForRemoval"
    core.patch_namespaced_config_map("held", "engine-held", {"metadata": {"finalizers": None}})
    federation.wait_for(lambda: not federation.exists(made))


def test_custom_resources_wait_for_their_definition(federation: Federation) -> None:
    group = "engine.example.com"
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    definition = {"spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}}
    with federation.stack.database():
        kind = FederatedType.objects.create(
            name=f"widgets.{group}", group=group, version="v1", kind="Widget", plural="widgets"
        )
    widget = FederatedResource(
        type=kind, namespace="engine-crd", name="w", template={"spec": {"size": 3}}, placement=EVERYWHERE
    )
    federation.create_all([widget])
    federation.wait_for(lambda: federation.row(widget, "boston").reason == "ClientRetrievalFailed")
    crd = new(
        federation,
        "customresourcedefinitions.apiextensions.k8s.io",
        f"widgets.{group}",
        "",
        template=definition,
    )
    federation.wait_settled(crd)
    federation.wait_settled(widget)
    served = f"{group}/v1/widgets Widget Namespaced"
    federation.wait_for(lambda: served in federation.cluster("boston").api_resources)
    federation.delete(widget)
    federation.wait_for(lambda: not federation.exists(widget))
    federation.delete(crd)
    federation.wait_for(lambda: not federation.exists(crd))
    federation.wait_for(lambda: served not in federation.cluster("boston").api_resources)


def test_a_conflict_names_the_other_manager_and_its_fields(federation: Federation) -> None:
    made = federation.create("taken", "engine-conflict", conflict_policy="refuse")
    federation.wait_settled(made)
    api = client.AppsV1Api(federation["singapore"].core.api_client)
    body = {"spec": {"replicas": 7}}
    api.patch_namespaced_deployment("taken", "engine-conflict", body, field_manager="autoscaler")
    federation.wait_for(lambda: "autoscaler" in federation.row(made, "singapore").message)
    assert ".spec.replicas" in federation.row(made, "singapore").message
    assert replicas(federation, "taken", "engine-conflict")["singapore"] == 7
    federation.edit(made, conflict_policy="overwrite")
    federation.wait_for(lambda: replicas(federation, "taken", "engine-conflict")["singapore"] == 1)


def test_an_autoscaler_keeps_the_scale_that_it_set(federation: Federation) -> None:
    made = federation.create("scaled", "engine-scale", placement={"clusters": [{"name": "boston"}]})
    federation.wait_settled(made, clusters=1)
    member = federation["boston"]
    # As a HorizontalPodAutoscaler does it; there are no metrics here for a real one.
    member.apps.patch_namespaced_deployment_scale(
        "scaled", "engine-scale", {"spec": {"replicas": 4}}, field_manager="kube-controller-manager"
    )
    federation.wait_for(lambda: federation.row(made, "boston").ready_replicas == 4)
    federation.edit(made, template=template("scaled", image="nginx:1.28"))
    federation.wait_for(
        lambda: (
            member.deployment("scaled", "engine-scale").spec.template.spec.containers[0].image == "nginx:1.28"
        )
    )
    assert member.deployment("scaled", "engine-scale").spec.replicas == 4


@pytest.mark.parametrize(("policy", "left"), [("adopt", {"theirs", "ours"}), ("overwrite", {"ours"})])
def test_what_is_there_is_adopted_or_overwritten(federation: Federation, policy: str, left: set[str]) -> None:
    namespace = f"engine-{policy}"
    for member in federation.members:
        member.core.create_namespace({"metadata": {"name": namespace}})
        member.core.create_namespaced_config_map(
            namespace, {"metadata": {"name": "there"}, "data": {"theirs": "1", "ours": "old"}}
        )
    made = new(
        federation,
        "configmaps",
        "there",
        namespace,
        template={"data": {"ours": "new"}},
        conflict_policy=policy,
    )
    federation.wait_settled(made)
    for member in federation.members:
        data = member.core.read_namespaced_config_map("there", namespace).data
        assert set(data) == left
        assert data["ours"] == "new"
