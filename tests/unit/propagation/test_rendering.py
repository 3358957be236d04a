"""The object for one cluster, and what of the live one it keeps."""

from typing import Any

import pytest

from clusters.domain.labels import MANAGED
from clusters.domain.references import ObjectReference, ResourceType
from propagation.domain import rendering, retention
from propagation.domain.overrides import OverrideError
from propagation.domain.rendering import Spec, Target

DEPLOYMENT = ResourceType("apps", "v1", "Deployment", "deployments", True)
CLUSTER_ROLE = ResourceType("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", False)
OVERRIDES = [
    {"clusterName": "eu-1", "clusterOverrides": [{"path": "/spec/replicas", "value": 5}]},
]


def spec(**changes: Any) -> Spec:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"replicas": 2}}
    return Spec(ObjectReference(DEPLOYMENT, "shop", "web"), template, **changes)


def test_identity_and_managed_label() -> None:
    rendered = rendering.render(spec(), Target("eu-1"))
    assert rendered["apiVersion"] == "apps/v1"
    assert rendered["kind"] == "Deployment"
    assert rendered["metadata"] == {"name": "web", "namespace": "shop", "labels": {"a": "b", MANAGED: "true"}}


def test_cluster_scoped_kinds_have_no_namespace() -> None:
    rendered = rendering.render(Spec(ObjectReference(CLUSTER_ROLE, "", "r"), {}), Target("eu-1"))
    assert "namespace" not in rendered["metadata"]


def test_overrides_win_over_what_is_retained_and_a_plan_over_overrides() -> None:
    live = {"spec": {"replicas": 9}}
    rendered = rendering.render(spec(overrides=OVERRIDES, retain_replicas=True), Target("eu-1"), live)
    assert rendered["spec"]["replicas"] == 5
    planned = rendering.render(spec(overrides=OVERRIDES, replicas=7), Target("eu-1"))
    assert planned["spec"]["replicas"] == 7
    assert rendering.render(spec(replicas=7), Target("us-1"))["spec"]["replicas"] == 7
    assert (
        rendering.render(spec(replicas=7, retain_replicas=True), Target("us-1"), live)["spec"]["replicas"]
        == 9
    )


@pytest.mark.parametrize(
    ("patch", "labels"),
    [
        ({"path": f"/metadata/labels/{MANAGED.replace('/', '~1')}", "value": "false"}, {"a": "b"}),
        ({"path": "/metadata/labels", "value": {"x": "y"}}, {"x": "y"}),
        ({"op": "remove", "path": "/metadata/labels"}, {}),
        ({"path": "/metadata", "value": {"name": "other", "namespace": "other", "labels": {}}}, {}),
        ({"op": "remove", "path": "/metadata"}, {}),
    ],
)
def test_no_override_makes_it_another_object_or_one_that_is_not_ours(
    patch: dict[str, Any], labels: dict[str, str]
) -> None:
    wanted = spec(overrides=[{"clusterName": "eu-1", "clusterOverrides": [patch]}])
    metadata = rendering.render(wanted, Target("eu-1"))["metadata"]
    assert metadata == {"name": "web", "namespace": "shop", "labels": {**labels, MANAGED: "true"}}
    assert wanted == spec(overrides=[{"clusterName": "eu-1", "clusterOverrides": [patch]}])


@pytest.mark.parametrize("path", ["/metadata", "/metadata/labels"])
def test_an_override_that_leaves_no_place_for_the_label_is_refused(path: str) -> None:
    patch = {"path": path, "value": "none"}
    with pytest.raises(OverrideError) as refused:
        rendering.render(
            spec(overrides=[{"clusterName": "eu-1", "clusterOverrides": [patch]}]), Target("eu-1")
        )
    assert refused.value.path == path


def test_the_template_is_not_touched() -> None:
    wanted = spec(overrides=OVERRIDES)
    rendering.render(wanted, Target("eu-1"))
    assert wanted == spec(overrides=OVERRIDES)


def test_overrides_are_not_touched_by_what_is_completed_afterwards() -> None:
    container = {"name": "web", "ports": [{"containerPort": 80}]}
    patch = {"op": "add", "path": "/spec/template", "value": {"spec": {"containers": [container]}}}
    wanted = spec(overrides=[{"clusterName": "eu-1", "clusterOverrides": [patch]}])
    rendered = rendering.render(wanted, Target("eu-1"))
    assert rendered["spec"]["template"]["spec"]["containers"][0]["ports"][0]["protocol"] == "TCP"
    assert container == {"name": "web", "ports": [{"containerPort": 80}]}


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert rendering.digest({"a": 1, "b": {"c": 2, "d": 3}}) == rendering.digest(
        {"b": {"d": 3, "c": 2}, "a": 1}
    )
    assert rendering.digest({"a": 1}) != rendering.digest({"a": 2})


@pytest.mark.parametrize(
    ("desired", "live", "kept"),
    [
        (
            {"kind": "Service", "spec": {"ports": [{"port": 80}]}},
            {
                "spec": {
                    "clusterIP": "10.0.0.9",
                    "healthCheckNodePort": 0,
                    "ports": [{"port": 80, "nodePort": 30001}],
                }
            },
            {"clusterIP": "10.0.0.9", "ports": [{"port": 80, "nodePort": 30001}]},
        ),
        (
            {"kind": "Service", "spec": {"ports": [{"name": "a", "port": 80}]}},
            {"spec": {"healthCheckNodePort": 30009, "ports": [{"name": "b", "port": 80, "nodePort": 30001}]}},
            {"healthCheckNodePort": 30009, "ports": [{"name": "a", "port": 80}]},
        ),
        ({"kind": "PersistentVolumeClaim", "spec": {}}, {"spec": {"volumeName": "pv"}}, {"volumeName": "pv"}),
        (
            {"kind": "PersistentVolumeClaim", "spec": {"storageClassName": "own"}},
            {"spec": {"storageClassName": "default", "volumeName": "pv"}},
            {"storageClassName": "own", "volumeName": "pv"},
        ),
        (
            {"kind": "PersistentVolumeClaim"},
            {"spec": {"storageClassName": "default"}},
            {"storageClassName": "default"},
        ),
        ({"kind": "ConfigMap", "spec": {}}, {"spec": {"volumeName": "pv"}}, {}),
        (
            {"kind": "Service", "spec": {"ports": [{"name": "", "port": 80, "protocol": None}]}},
            {"spec": {"ports": [{"port": 80, "protocol": "TCP", "nodePort": 30001}]}},
            {"ports": [{"name": "", "port": 80, "protocol": None, "nodePort": 30001}]},
        ),
        (
            {"kind": "Job", "spec": {"template": {"metadata": {"labels": None}}}},
            {"spec": {"template": {"metadata": {"labels": {"job-name": "a"}}}}},
            {"template": {"metadata": {"labels": {"job-name": "a"}}}},
        ),
        (
            {"kind": "Job", "spec": {"template": {"metadata": None}}},
            {"spec": {"selector": {"matchLabels": {"uid": "1"}}}},
            {"selector": {"matchLabels": {"uid": "1"}}, "template": {"metadata": {"labels": {}}}},
        ),
    ],
)
def test_retained(desired: dict[str, Any], live: dict[str, Any], kept: dict[str, Any]) -> None:
    assert retention.retain(desired, live)["spec"] == kept


def test_service_account_secrets_are_kept_unless_given() -> None:
    live = {"secrets": [{"name": "generated"}]}
    assert retention.retain({"kind": "ServiceAccount"}, live)["secrets"] == [{"name": "generated"}]
    own = {"kind": "ServiceAccount", "secrets": [{"name": "own"}]}
    assert retention.retain(own, live) == own


def test_ports_say_their_protocol() -> None:
    service = ResourceType("", "v1", "Service", "services", True)
    template = {"spec": {"ports": [{"port": 80}, {"port": 53, "protocol": "UDP"}]}}
    ports = rendering.render(Spec(ObjectReference(service, "shop", "web"), template), Target("eu-1"))["spec"][
        "ports"
    ]
    assert [port["protocol"] for port in ports] == ["TCP", "UDP"]
    container = {"name": "web", "ports": [{"containerPort": 80}]}
    wanted = Spec(
        ObjectReference(DEPLOYMENT, "shop", "web"),
        {"spec": {"template": {"spec": {"containers": [container]}}}},
    )
    pod = rendering.render(wanted, Target("eu-1"))["spec"]["template"]["spec"]
    assert pod["containers"][0]["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert "protocol" not in container["ports"][0]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("manager", "replicas"), [("kube-controller-manager", 9), ("kubectl", 2), ("fedconsole", 2)]
)
def test_a_scale_that_an_autoscaler_set_is_kept(manager: str, replicas: int) -> None:
    owned = {"manager": manager, "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
    live = {"metadata": {"managedFields": [owned]}, "spec": {"replicas": 9}}
    assert rendering.render(spec(), Target("us-1"), live)["spec"]["replicas"] == replicas
