"""A template of every built-in kind, a change to it, and what somebody else might do to it by hand."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]

_LABELS = {"app": "kinds"}
_CONTAINER = {"name": "main", "image": "nginx:1.27"}
_POD: Object = {"metadata": {"labels": _LABELS}, "spec": {"containers": [_CONTAINER]}}
_ONCE: Object = {
    "metadata": {"labels": _LABELS},
    "spec": {"containers": [_CONTAINER], "restartPolicy": "Never"},
}
_RULES = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
_SUBJECTS = [{"kind": "ServiceAccount", "name": "default", "namespace": "kinds"}]
_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class Sample:
    """``type`` is the FederatedType's name. ``path`` leads to a text or number that ``values`` differ in.

    The first value is in the template, the second is the change, the third what somebody puts there by
    hand, and the fourth an override.
    """

    type: str
    template: Object
    path: tuple[str | int, ...]
    values: tuple[Any, Any, Any, Any]
    namespaced: bool = True
    name: str = "sample"
    patch: Object = field(default_factory=dict)

    def with_value(self, value: Any) -> Object:
        """The template with a value at the path."""
        changed = deepcopy(self.template)
        put(changed, self.path, value)
        return changed

    @property
    def pointer(self) -> str:
        """The path as a JSON pointer."""
        return "/" + "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in self.path)


def put(target: Any, path: tuple[str | int, ...], value: Any) -> None:
    """Set what the path leads to; missing maps are made."""
    for step in path[:-1]:
        target = target[step] if isinstance(step, int) else target.setdefault(step, {})
    target[path[-1]] = value


def at(target: Any, path: tuple[str | int, ...]) -> Any:
    """What the path leads to, or None."""
    for step in path:
        if isinstance(target, dict):
            target = target.get(step)
        elif isinstance(target, list) and isinstance(step, int) and step < len(target):
            target = target[step]
        else:
            return None
    return target


_LABEL = ("metadata", "labels", "stage")
_WORDS = ("one", "two", "by-hand", "of-boston")


def _labelled(type_name: str, template: Object, *, namespaced: bool = True, name: str = "sample") -> Sample:
    return Sample(type_name, template, _LABEL, _WORDS, namespaced, name)


def _crd() -> Object:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "samples", "singular": "sample", "kind": "Sample", "listKind": "SampleList"}
    return {
        "spec": {"group": "kinds.example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    }


_SELECTOR = {"matchLabels": _LABELS}
_REPLICAS = ("spec", "replicas")
_TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "sample"}
_CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
}
_BACKEND = {"service": {"name": "sample", "port": {"number": 80}}}
_PATHS = {"paths": [{"path": "/", "pathType": "Prefix", "backend": _BACKEND}]}

#: One of each built-in kind.
SAMPLES = (
    Sample("deployments.apps", {"spec": {"selector": _SELECTOR, "template": _POD}}, _REPLICAS, (1, 2, 4, 3)),
    Sample(
        "statefulsets.apps",
        {"spec": {"selector": _SELECTOR, "serviceName": "sample", "template": _POD}},
        _REPLICAS,
        (1, 2, 4, 3),
    ),
    _labelled("daemonsets.apps", {"spec": {"selector": _SELECTOR, "template": _POD}}),
    Sample("replicasets.apps", {"spec": {"selector": _SELECTOR, "template": _POD}}, _REPLICAS, (1, 2, 4, 3)),
    _labelled("jobs.batch", {"spec": {"template": _ONCE}}),
    Sample(
        "cronjobs.batch",
        {"spec": {"jobTemplate": {"spec": {"template": _ONCE}}}},
        ("spec", "schedule"),
        ("0 1 * * *", "0 2 * * *", "0 3 * * *", "0 4 * * *"),
    ),
    Sample(
        "services",
        {"spec": {"selector": _LABELS, "ports": [{"port": 80}]}},
        ("spec", "sessionAffinity"),
        ("None", "ClientIP", "None", "ClientIP"),
    ),
    Sample("configmaps", {}, ("data", "stage"), _WORDS),
    Sample("secrets", {"type": "Opaque"}, ("data", "stage"), ("b25l", "dHdv", "aGFuZA==", "Ym9zdG9u")),
    _labelled("serviceaccounts", {}),
    _labelled("namespaces", {}, namespaced=False, name="kinds-of-its-own"),
    Sample(
        "ingresses.networking.k8s.io",
        {"spec": {"rules": [{"http": _PATHS}]}},
        ("spec", "rules", 0, "host"),
        ("one.example.com", "two.example.com", "hand.example.com", "boston.example.com"),
    ),
    _labelled(
        "persistentvolumeclaims",
        {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}},
    ),
    Sample(
        "horizontalpodautoscalers.autoscaling",
        {"spec": {"scaleTargetRef": _TARGET, "metrics": [_CPU]}},
        ("spec", "maxReplicas"),
        (3, 4, 9, 5),
    ),
    Sample(
        "poddisruptionbudgets.policy",
        {"spec": {"selector": _SELECTOR}},
        ("spec", "minAvailable"),
        (1, 2, 4, 3),
    ),
    _labelled(
        "networkpolicies.networking.k8s.io", {"spec": {"podSelector": _SELECTOR, "policyTypes": ["Ingress"]}}
    ),
    _labelled(f"roles.{_RBAC}", {"rules": _RULES}),
    _labelled(
        f"rolebindings.{_RBAC}",
        {"roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": "sample"}, "subjects": _SUBJECTS},
    ),
    _labelled(f"clusterroles.{_RBAC}", {"rules": _RULES}, namespaced=False, name="kinds-sample"),
    _labelled(
        f"clusterrolebindings.{_RBAC}",
        {
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": "kinds-sample"},
            "subjects": _SUBJECTS,
        },
        namespaced=False,
        name="kinds-sample",
    ),
    _labelled(
        "customresourcedefinitions.apiextensions.k8s.io",
        _crd(),
        namespaced=False,
        name="samples.kinds.example.com",
    ),
)
