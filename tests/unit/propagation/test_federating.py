"""Live objects become templates that another cluster accepts; what its cluster made is left there."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusters.domain.references import ResourceType
from propagation.domain import federating, templates, types
from propagation.domain.federating import Skip

KINDS = {kind.kind: kind for kind in types.BUILT_IN}

METADATA = {
    "name": "web",
    "namespace": "shop",
    "uid": "5f0c2b1e-8f0e-4f6e-9a43-1b2c3d4e5f60",
    "resourceVersion": "81723",
    "generation": 3,
    "creationTimestamp": "2024-05-01T10:00:00Z",
    "labels": {"app": "web"},
    "annotations": {
        "deployment.kubernetes.io/revision": "3",
        "kubectl.kubernetes.io/last-applied-configuration": "{...}",
    },
    "managedFields": [{"manager": "kubectl-client-side-apply", "operation": "Update"}],
}
POD_SPEC = {
    "containers": [{"name": "web", "image": "nginx:1.27", "terminationMessagePath": "/dev/termination-log"}],
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": METADATA,
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
        "template": {"metadata": {"creationTimestamp": None, "labels": {"app": "web"}}, "spec": POD_SPEC},
    },
    "status": {"observedGeneration": 3, "replicas": 2, "readyReplicas": 2},
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": METADATA,
    "spec": {
        "clusterIP": "10.96.12.7",
        "clusterIPs": ["10.96.12.7"],
        "externalTrafficPolicy": "Local",
        "healthCheckNodePort": 31234,
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "ports": [{"name": "http", "nodePort": 30080, "port": 80, "protocol": "TCP", "targetPort": 8080}],
        "selector": {"app": "web"},
        "type": "LoadBalancer",
    },
    "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
}
JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {
        **METADATA,
        "labels": {"app": "migrate", "controller-uid": "ab12", "batch.kubernetes.io/job-name": "web"},
    },
    "spec": {
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "manualSelector": False,
        "podReplacementPolicy": "TerminatingOrFailed",
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "ab12"}},
        "suspend": False,
        "template": {
            "metadata": {
                "creationTimestamp": None,
                "labels": {
                    "batch.kubernetes.io/controller-uid": "ab12",
                    "batch.kubernetes.io/job-name": "web",
                    "controller-uid": "ab12",
                    "job-name": "web",
                },
            },
            "spec": {**POD_SPEC, "restartPolicy": "Never"},
        },
    },
    "status": {"succeeded": 1},
}
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {
        **METADATA,
        "annotations": {"pv.kubernetes.io/bind-completed": "yes"},
        "finalizers": ["kubernetes.io/pvc-protection"],
    },
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "standard",
        "volumeMode": "Filesystem",
        "volumeName": "pvc-5f0c2b1e",
    },
    "status": {"phase": "Bound"},
}
STATEFUL_SET = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": METADATA,
    "spec": {
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"creationTimestamp": None, "labels": {"app": "web"}}, "spec": POD_SPEC},
        "volumeClaimTemplates": [
            {
                "metadata": {"creationTimestamp": None, "name": "data"},
                "spec": {"accessModes": ["ReadWriteOnce"]},
                "status": {"phase": "Pending"},
            }
        ],
    },
}
LABELS = {"metadata": {"labels": {"app": "web"}}}


def live(kind: str, **values: Any) -> dict[str, Any]:
    return {"apiVersion": KINDS[kind].api_version, "kind": kind, "metadata": METADATA, **values}


@pytest.mark.parametrize(
    ("item", "template"),
    [
        (
            DEPLOYMENT,
            LABELS
            | {
                "spec": {
                    **DEPLOYMENT["spec"],  # type: ignore[dict-item]
                    "template": {"metadata": {"labels": {"app": "web"}}, "spec": POD_SPEC},
                }
            },
        ),
        (
            SERVICE,
            LABELS
            | {
                "spec": {
                    "externalTrafficPolicy": "Local",
                    "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080}],
                    "selector": {"app": "web"},
                    "type": "LoadBalancer",
                }
            },
        ),
        (
            JOB,
            {
                "metadata": {"labels": {"app": "migrate"}},
                "spec": {
                    "backoffLimit": 6,
                    "template": {"metadata": {}, "spec": {**POD_SPEC, "restartPolicy": "Never"}},
                },
            },
        ),
        (
            CLAIM,
            LABELS
            | {
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "1Gi"}},
                    "storageClassName": "standard",
                    "volumeMode": "Filesystem",
                }
            },
        ),
        (
            STATEFUL_SET,
            LABELS
            | {
                "spec": {
                    "replicas": 1,
                    "selector": {"matchLabels": {"app": "web"}},
                    "template": {"metadata": {"labels": {"app": "web"}}, "spec": POD_SPEC},
                    "volumeClaimTemplates": [
                        {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
                    ],
                }
            },
        ),
        (
            live("ServiceAccount", secrets=[{"name": "web-token-x7k2p"}], imagePullSecrets=[{"name": "hub"}]),
            LABELS | {"imagePullSecrets": [{"name": "hub"}]},
        ),
        (
            live("ConfigMap", data={"mode": "fast"}, immutable=True),
            LABELS | {"data": {"mode": "fast"}, "immutable": True},
        ),
        (
            live("Secret", type="Opaque", data={"password": "aHVudGVyMg=="}),
            LABELS | {"type": "Opaque", "data": {"password": "aHVudGVyMg=="}},
        ),
        (
            live("Namespace", spec={"finalizers": ["kubernetes"]}, status={"phase": "Active"})
            | {"metadata": {"name": "shop", "labels": {"kubernetes.io/metadata.name": "shop"}}},
            {},
        ),
    ],
    ids=lambda value: value.get("kind", ""),
)
def test_a_live_object_becomes_a_template(item: dict[str, Any], template: dict[str, Any]) -> None:
    before = deepcopy(item)
    assert federating.clean(KINDS[item["kind"]], item) == template
    assert item == before


def test_a_headless_service_stays_headless() -> None:
    item = live("Service", spec={"clusterIP": "None", "clusterIPs": ["None"], "selector": {"app": "web"}})
    assert federating.clean(KINDS["Service"], item)["spec"] == {
        "clusterIP": "None",
        "selector": {"app": "web"},
    }


def test_a_service_of_both_families_stays_one() -> None:
    item = live("Service", spec={"ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv6", "IPv4"]})
    assert federating.clean(KINDS["Service"], item)["spec"] == {"ipFamilyPolicy": "RequireDualStack"}


def test_a_job_with_a_selector_of_its_own_keeps_it() -> None:
    spec = {
        "manualSelector": True,
        "selector": {"matchLabels": {"job-name": "mine"}},
        "template": {"metadata": {"labels": {"job-name": "mine"}}},
    }
    assert federating.clean(KINDS["Job"], live("Job", spec=spec))["spec"] == spec


def test_the_jobs_of_a_cron_job_are_cleaned_too() -> None:
    job = {"metadata": {"creationTimestamp": None}, "spec": JOB["spec"]}
    cleaned = federating.clean(
        KINDS["CronJob"], live("CronJob", spec={"schedule": "@daily", "jobTemplate": job})
    )
    inner = cleaned["spec"]["jobTemplate"]
    assert inner["metadata"] == {}
    assert "selector" not in inner["spec"]
    assert inner["spec"]["template"]["metadata"] == {}


def test_a_kind_of_another_group_is_left_as_it_is() -> None:
    kind = ResourceType("serving.example.com", "v1", "Service", "services", namespaced=True)
    spec = {"clusterIP": "10.0.0.1", "ipFamilies": ["IPv4"]}
    assert federating.clean(kind, {"metadata": METADATA, "spec": spec})["spec"] == spec


def with_metadata(kind: str = "ConfigMap", **values: Any) -> dict[str, Any]:
    return {**live(kind), "metadata": METADATA | values}


def marked(name: str, value: str) -> dict[str, Any]:
    return with_metadata(labels={f"{name}/managed": value})


def named(name: str, namespace: str = "shop") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}}


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (live("ConfigMap"), None),
        (marked("fedconsole.io", "true"), Skip.FEDERATED),
        (marked("fedconsole.io", "false"), Skip.HANDS_OFF),
        (marked("kubefed.io", "false"), Skip.HANDS_OFF),
        (marked("kubefed.io", "true"), None),
        (with_metadata(deletionTimestamp="2024-05-01T10:00:00Z"), Skip.LEAVING),
        (with_metadata("ReplicaSet", ownerReferences=[{"kind": "Deployment"}]), Skip.OWNED),
        (live("ConfigMap") | named("kube-root-ca.crt"), Skip.EVERYWHERE),
        (live("ConfigMap") | named("default"), None),
        (live("ServiceAccount") | named("default"), Skip.EVERYWHERE),
        (live("Service") | named("kubernetes", "default"), Skip.EVERYWHERE),
        (live("Service") | named("kubernetes"), None),
        (live("Namespace") | {"metadata": {"name": "default"}}, Skip.EVERYWHERE),
        (live("Secret", type="kubernetes.io/service-account-token"), Skip.TOKEN),
        (live("Secret", type="helm.sh/release.v1"), Skip.HELM),
        (live("ConfigMap", type="helm.sh/release.v1"), None),
        (live("Role") | named("system:reader"), Skip.NAME),
        (live("Deployment", spec={"template": {}}), Skip.INVALID),
        (DEPLOYMENT, None),
    ],
)
def test_what_is_left_where_it_is(item: dict[str, Any], reason: Skip | None) -> None:
    assert federating.skip(KINDS[item["kind"]], item) == reason


def test_what_an_autoscaler_scales_is_found() -> None:
    scaler = live("HorizontalPodAutoscaler", spec={"scaleTargetRef": {"kind": "Deployment", "name": "web"}})
    items = [(KINDS["HorizontalPodAutoscaler"], scaler), (KINDS["Deployment"], DEPLOYMENT)]
    assert federating.autoscaled(items) == {("Deployment", "web")}


# Whatever an API server holds

texts = st.text(max_size=8)
label_names = st.sampled_from(sorted(federating.GENERATED_LABELS)) | texts
some_labels = st.dictionaries(label_names, texts, max_size=4)
some_metadata = st.fixed_dictionaries(
    {"name": st.just("web"), "labels": some_labels},
    optional={
        "uid": texts,
        "annotations": some_labels,
        "creationTimestamp": st.none(),
        "managedFields": st.just([{}]),
    },
)
values = st.none() | st.booleans() | st.integers() | texts
fields = st.sampled_from(
    [
        *(
            "clusterIP",
            "clusterIPs",
            "ports",
            "ipFamilies",
            "ipFamilyPolicy",
            "volumeName",
            "selector",
            "jobTemplate",
        ),
        *(
            "manualSelector",
            "suspend",
            "volumeClaimTemplates",
            "finalizers",
            "replicas",
            "metadata",
            "status",
        ),
    ]
)
nested = st.recursive(
    values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields | texts, inner, max_size=4),
    max_leaves=10,
)
specs = st.dictionaries(fields | texts, nested, max_size=6)


@st.composite
def live_objects(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(types.BUILT_IN))
    item = draw(st.dictionaries(st.sampled_from(["data", "type", "secrets", "status"]), nested, max_size=3))
    item |= {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": draw(some_metadata)}
    if draw(st.booleans()):
        item["spec"] = draw(specs)
    if kind.kind == "Deployment":
        labels = {"app": draw(texts)}
        pod = {"metadata": draw(some_metadata), "spec": POD_SPEC}
        pod["metadata"]["labels"] = pod["metadata"]["labels"] | labels
        item["spec"] = item.get("spec", {}) | {
            "replicas": draw(st.integers(0, 9)),
            "selector": {"matchLabels": labels},
            "template": pod,
        }
    return item


@given(live_objects())
def test_cleaning_is_idempotent_and_valid(item: dict[str, Any]) -> None:
    kind = KINDS[item["kind"]]
    cleaned = federating.clean(kind, item)
    assert federating.clean(kind, cleaned) == cleaned
    assert templates.validate(kind.kind, cleaned) == []
    labels = cleaned.get("metadata", {}).get("labels", {})
    assert not labels.keys() & federating.GENERATED_LABELS
