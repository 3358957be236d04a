"""The built-in kinds, what goes before what, and where their pods are."""

from collections.abc import Mapping
from typing import Any

from clusters.domain.references import ResourceType


def _type(api_version: str, kind: str, plural: str, *, namespaced: bool = True) -> ResourceType:
    group, _, version = api_version.rpartition("/")
    return ResourceType(group, version, kind, plural, namespaced)


#: On from the start. Each kind in the version that current releases serve.
BUILT_IN = (
    _type("apps/v1", "Deployment", "deployments"),
    _type("apps/v1", "StatefulSet", "statefulsets"),
    _type("apps/v1", "DaemonSet", "daemonsets"),
    _type("apps/v1", "ReplicaSet", "replicasets"),
    _type("batch/v1", "Job", "jobs"),
    _type("batch/v1", "CronJob", "cronjobs"),
    _type("v1", "Service", "services"),
    _type("v1", "ConfigMap", "configmaps"),
    _type("v1", "Secret", "secrets"),
    _type("v1", "ServiceAccount", "serviceaccounts"),
    _type("v1", "Namespace", "namespaces", namespaced=False),
    _type("networking.k8s.io/v1", "Ingress", "ingresses"),
    _type("v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    _type("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
    _type("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    _type("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
    _type("rbac.authorization.k8s.io/v1", "Role", "roles"),
    _type("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings"),
    _type("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", namespaced=False),
    _type("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
    _type(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False
    ),
)

#: What makes a cluster serve other kinds.
DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"

_FIRST = {
    "CustomResourceDefinition": 0,
    "Namespace": 1,
    "ServiceAccount": 2,
    "ClusterRole": 2,
    "Role": 2,
    "ClusterRoleBinding": 3,
    "RoleBinding": 3,
    "ConfigMap": 4,
    "Secret": 4,
    "PersistentVolumeClaim": 4,
    "Service": 5,
    "NetworkPolicy": 5,
}
_OTHERS = 6

#: Kinds whose number of copies is ``/spec/replicas``.
SCALABLE = ("Deployment", "ReplicaSet", "StatefulSet")

_WITH_POD_SELECTOR = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})


def rank(kind: str, *, removing: bool) -> int:
    """What is applied first has the lowest rank; removals come after, the other way round."""
    order = _FIRST.get(kind, _OTHERS)
    return 2 * _OTHERS + 1 - order if removing else order


def pod_selector(kind: str, template: Mapping[str, Any]) -> str:
    """The label selector of a workload's pods as a query parameter; empty for kinds without pods."""
    if kind not in _WITH_POD_SELECTOR:
        return ""
    labels = (template.get("spec", {}).get("selector") or {}).get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
