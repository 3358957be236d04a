"""What the console may do in a member: the least that propagation needs, by preset.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Manifest = dict[str, Any]

NAMESPACE = "fedconsole-system"
NAMESPACES, DEPLOY, ADMIN = "namespaces", "deploy", "cluster-admin"

_READ = ("get", "list", "watch")
_WRITE = (*_READ, "create", "patch", "update", "delete")
_RBAC_GROUP = "rbac.authorization.k8s.io"

#: What is federated out of the box and lives in namespaces, by API group.
_NAMESPACED_KINDS = {
    "": ("configmaps", "persistentvolumeclaims", "secrets", "serviceaccounts", "services"),
    "apps": ("daemonsets", "deployments", "replicasets", "statefulsets"),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
    "networking.k8s.io": ("ingresses", "networkpolicies"),
    "policy": ("poddisruptionbudgets",),
}
_TROUBLE = ("events", "pods")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a role; ``urls`` are non-resource URLs."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()

    def manifest(self) -> Manifest:
        fields = {
            "verbs": self.verbs,
            "apiGroups": self.groups,
            "resources": self.resources,
            "resourceNames": self.names,
            "nonResourceURLs": self.urls,
        }
        return {name: list(value) for name, value in fields.items() if value}


@dataclass(frozen=True, slots=True)
class AccessReview:
    """One thing that the credential must be allowed to do; ``namespace`` is empty for all of them."""

    verb: str
    group: str
    resource: str
    namespace: str = ""

    def __str__(self) -> str:
        name = f"{self.resource}.{self.group}" if self.group else self.resource
        where = f" in the namespace {self.namespace}" if self.namespace else ""
        return f"{self.verb} {name}{where}"

    def manifest(self) -> Manifest:
        """The body of a SelfSubjectAccessReview."""
        attributes = {"verb": self.verb, "group": self.group, "resource": self.resource}
        if self.namespace:
            attributes["namespace"] = self.namespace
        return {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }


def account(cluster: str) -> str:
    """The name of our service account in a member, and of its roles."""
    return f"fedconsole-{cluster}"[:63].rstrip("-")


def _health_rules() -> list[Rule]:
    return [
        Rule(
            ("get",), urls=("/healthz", "/livez", "/readyz", "/version", "/api", "/api/*", "/apis", "/apis/*")
        ),
        Rule(("get", "list"), ("",), ("namespaces", "nodes")),
    ]


def _own_rules(cluster: str) -> list[Rule]:
    """Renew our own token, look at our own account, and leave: our namespace owns all that a join creates."""
    return [
        Rule(("get", "delete"), ("",), ("namespaces",), (NAMESPACE,)),
        Rule(("create",), ("",), ("serviceaccounts/token",), (account(cluster),)),
        Rule(("get",), ("",), ("serviceaccounts",), (account(cluster),)),
    ]


def _workload_rules() -> list[Rule]:
    rules = [Rule(_WRITE, (group,), kinds) for group, kinds in _NAMESPACED_KINDS.items()]
    return [*rules, Rule(_READ, ("",), _TROUBLE)]


def cluster_rules(preset: str) -> list[Rule]:
    """What is granted in the whole cluster."""
    match preset:
        case "cluster-admin":
            return [Rule(("*",), ("*",), ("*",)), Rule(("*",), urls=("*",))]
        case "deploy":
            namespaces = Rule(("create", "patch", "update", "delete", "watch"), ("",), ("namespaces",))
            return [*_health_rules(), *_workload_rules(), namespaces, Rule(_READ, ("*",), ("*",))]
        case "namespaces":
            return _health_rules()
    raise ValueError(f"There is no preset {preset!r}.")


def manifests(cluster: str, preset: str, namespaces: Sequence[str] = (), console: str = "") -> list[Manifest]:
    """Everything that a join creates, in order; ``console`` is our id, by which others see who holds it."""
    name = account(cluster)
    annotations = {"annotations": {"fedconsole.io/console": console}} if console else {}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, **annotations}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": NAMESPACE}},
        _role("ClusterRole", name, cluster_rules(preset)),
        _binding("ClusterRoleBinding", "ClusterRole", name),
        _role("Role", name, _own_rules(cluster), NAMESPACE),
        _binding("RoleBinding", "Role", name, NAMESPACE),
        *(_namespace_roles(name, namespaces) if preset == NAMESPACES else ()),
    ]


def _namespace_roles(name: str, namespaces: Sequence[str]) -> Iterator[Manifest]:
    for namespace in namespaces:
        yield _role("Role", name, _workload_rules(), namespace)
        yield _binding("RoleBinding", "Role", name, namespace)


def _metadata(name: str, namespace: str) -> Manifest:
    metadata: Manifest = {"name": name, "labels": {"app.kubernetes.io/managed-by": "fedconsole"}}
    return {**metadata, "namespace": namespace} if namespace else metadata


def _role(kind: str, name: str, rules: Sequence[Rule], namespace: str = "") -> Manifest:
    return {
        "apiVersion": f"{_RBAC_GROUP}/v1",
        "kind": kind,
        "metadata": _metadata(name, namespace),
        "rules": [rule.manifest() for rule in rules],
    }


def _binding(kind: str, role_kind: str, name: str, namespace: str = "") -> Manifest:
    return {
        "apiVersion": f"{_RBAC_GROUP}/v1",
        "kind": kind,
        "metadata": _metadata(name, namespace),
        "roleRef": {"apiGroup": _RBAC_GROUP, "kind": role_kind, "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}],
    }


def required(preset: str, namespaces: Sequence[str] = ()) -> list[AccessReview]:
    """What the uploaded credential must be allowed to do for the join to succeed.

    Kubernetes lets nobody grant what they may not do themselves, so the console's own rights are
    among them.
    """
    reviews = [
        AccessReview("create", "", "namespaces"),
        AccessReview("get", "", "namespaces"),
        AccessReview("patch", "", "namespaces"),
        AccessReview("delete", "", "namespaces"),
        AccessReview("create", "", "serviceaccounts", NAMESPACE),
        AccessReview("create", "", "serviceaccounts/token", NAMESPACE),
        AccessReview("create", _RBAC_GROUP, "clusterroles"),
        AccessReview("create", _RBAC_GROUP, "clusterrolebindings"),
        AccessReview("create", _RBAC_GROUP, "roles", NAMESPACE),
        AccessReview("create", _RBAC_GROUP, "rolebindings", NAMESPACE),
        AccessReview("list", "", "nodes"),
    ]
    if preset == ADMIN:
        return [*reviews, AccessReview("*", "*", "*")]
    places = list(namespaces) if preset == NAMESPACES else [""]
    return reviews + [
        AccessReview(verb, group, kind, place)
        for place in places
        for group, kinds in _NAMESPACED_KINDS.items()
        for kind in kinds
        for verb in ("create", "patch", "delete")
    ]
