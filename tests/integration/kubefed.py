"""What a KubeFed control plane leaves behind: kinds and objects in a host, access and objects in members.

As KubeFed v0.8.1 writes them; no controller of it runs.
"""

import base64
from typing import Any

import jsonpatch

from clusters.domain.labels import KUBEFED_MANAGED
from clusters.domain.references import ResourceType
from fedconsole.sandbox.cluster import SandboxCluster
from propagation.domain import manifests, migrating, preferences, type_configs
from propagation.domain.type_configs import SYSTEM_NAMESPACE

Object = dict[str, Any]

#: How KubeFed's controllers sign what they write.
MANAGER = "controller-manager"

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


class Host:
    """The cluster that KubeFed ran in, with a kind per ``kinds``."""

    def __init__(self, cluster: SandboxCluster, kinds: list[ResourceType]) -> None:
        self.cluster = cluster
        self.configs = {kind.kind: type_configs.of(kind) for kind in kinds}

    def install(self) -> None:
        """Its kinds, its namespace, and its FederatedTypeConfigs."""
        own = [migrating.CLUSTERS, migrating.TYPE_CONFIGS, migrating.PREFERENCES]
        served = [*own, *(config.federated for config in self.configs.values())]
        for kind in served:
            self.cluster.request(
                "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", _crd(kind)
            )
        self._namespace(SYSTEM_NAMESPACE)
        for config in self.configs.values():
            self.create(migrating.TYPE_CONFIGS, type_configs.document(config))

    def remove(self) -> None:
        """Leave nothing behind for other tests."""
        listed = self.cluster.request("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
        for item in listed["items"]:
            if item["spec"]["group"].endswith("kubefed.io"):
                name = item["metadata"]["name"]
                path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
                self.cluster.request("DELETE", path)
        self.cluster.request("DELETE", f"/api/v1/namespaces/{SYSTEM_NAMESPACE}")

    def _namespace(self, name: str) -> None:
        found = self.cluster.request("GET", "/api/v1/namespaces")["items"]
        if name not in {item["metadata"]["name"] for item in found}:
            self.cluster.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})

    def create(self, kind: ResourceType, item: Object) -> None:
        namespace = item["metadata"].get("namespace", "")
        if namespace:
            self._namespace(namespace)
        self.cluster.request("POST", kind.path(namespace), item)

    def federate(self, kind: str, namespace: str, name: str, **spec: Any) -> None:
        """A federated object."""
        config = self.configs[kind]
        item = {
            "apiVersion": manifests.API_VERSION,
            "kind": config.federated.kind,
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec,
        }
        self.create(config.federated, item)

    def prefer(self, namespace: str, name: str, **spec: Any) -> None:
        """A preference of a FederatedDeployment."""
        item = {
            "apiVersion": preferences.API_VERSION,
            "kind": preferences.KIND,
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"targetKind": "FederatedDeployment", **spec},
        }
        self.create(migrating.PREFERENCES, item)

    def join(self, member: SandboxCluster) -> None:
        """What ``kubefedctl join`` does: an account that may do everything there, and its token here."""
        token = _account(member, f"{member.name}-{self.cluster.name}")
        self.know(member.name, member.server, member.ca, token, member.labels)

    def know(self, name: str, server: str, ca: str, token: str, labels: dict[str, str] | None = None) -> None:
        """A KubeFedCluster with its Secret."""
        secret = {"metadata": {"name": f"{name}-secret"}, "data": {"token": _encoded(token)}}
        self.cluster.request("POST", f"/api/v1/namespaces/{SYSTEM_NAMESPACE}/secrets", secret)
        item = {
            "apiVersion": type_configs.API_VERSION,
            "kind": "KubeFedCluster",
            "metadata": {"name": name, "namespace": SYSTEM_NAMESPACE, "labels": labels or {}},
            "spec": {
                "apiEndpoint": server,
                "caBundle": _encoded(ca),
                "secretRef": {"name": f"{name}-secret"},
            },
        }
        self.create(migrating.CLUSTERS, item)


def _crd(kind: ResourceType) -> Object:
    names = {
        "kind": kind.kind,
        "plural": kind.plural,
        "singular": kind.kind.lower(),
        "listKind": f"{kind.kind}List",
    }
    version = {
        "name": kind.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _ANYTHING},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{kind.plural}.{kind.group}",
            # The API machinery guards this group's names on newer releases.
            "annotations": {"api-approved.kubernetes.io": "unapproved, as in KubeFed"},
        },
        "spec": {"group": kind.group, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def _account(member: SandboxCluster, name: str) -> str:
    """KubeFed's account in a member, and a token of it."""
    accounts = f"/api/v1/namespaces/{SYSTEM_NAMESPACE}/serviceaccounts"
    role = f"kubefed-controller-manager:{name}"
    rules = [
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["get"]},
    ]
    subject = {"kind": "ServiceAccount", "name": name, "namespace": SYSTEM_NAMESPACE}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    member.request("POST", "/api/v1/namespaces", {"metadata": {"name": SYSTEM_NAMESPACE}})
    member.request("POST", accounts, {"metadata": {"name": name}})
    member.request("POST", f"{_RBAC}/clusterroles", {"metadata": {"name": role}, "rules": rules})
    binding = {"metadata": {"name": role}, "subjects": [subject], "roleRef": reference}
    member.request("POST", f"{_RBAC}/clusterrolebindings", binding)
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": 7200},
    }
    token: str = member.request("POST", f"{accounts}/{name}/token", body)["status"]["token"]
    return token


def leave(member: SandboxCluster, host: str) -> None:
    """Take KubeFed's account away again."""
    role = f"kubefed-controller-manager:{member.name}-{host}"
    for path in (
        f"{_RBAC}/clusterrolebindings/{role}",
        f"{_RBAC}/clusterroles/{role}",
        f"/api/v1/namespaces/{SYSTEM_NAMESPACE}",
    ):
        member.request("DELETE", path)


def put(member: SandboxCluster, kind: ResourceType, namespace: str, name: str, spec: Object) -> None:
    """An object in a member as KubeFed's sync controller creates it from a federated object's spec."""
    item: Object = {**spec.get("template", {}), "apiVersion": kind.api_version, "kind": kind.kind}
    metadata = {**item.get("metadata", {}), "name": name}
    if kind.namespaced:
        metadata["namespace"] = namespace
    metadata["labels"] = {**metadata.get("labels", {}), KUBEFED_MANAGED: "true"}
    item["metadata"] = metadata
    for entry in spec.get("overrides", ()):
        if entry["clusterName"] == member.name:
            patches = [{"op": "replace", **one} for one in entry["clusterOverrides"]]
            item = jsonpatch.apply_patch(item, patches)
    path = kind.path(namespace if kind.namespaced else "")
    member.request("POST", f"{path}?fieldManager={MANAGER}", item)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
