"""What an object in a member cluster is called, and the URL path of it.

Path layout: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
"""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A kind as an API server serves it; ``group`` is empty for the core API."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """``apps/v1``; ``v1`` for the core API."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def name(self) -> str:
        """``deployments.apps``; ``configmaps`` for the core API: KubeFed's FederatedTypeConfig name."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str = "", name: str = "") -> str:
        """The URL path of the collection or, with a name, of one object.

        An empty namespace addresses the objects of all namespaces.
        """
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced and namespace else ""
        tail = f"/{quote(name, safe='')}" if name else ""
        return f"{root}{scope}/{self.plural}{tail}"


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """One object in some member cluster; ``namespace`` is empty for cluster-scoped kinds."""

    type: ResourceType
    namespace: str
    name: str

    @property
    def path(self) -> str:
        return self.type.path(self.namespace, self.name)

    def __str__(self) -> str:
        scope = f"{self.namespace}/" if self.namespace else ""
        return f"{self.type.kind} {scope}{self.name}"


NAMESPACE = ResourceType("", "v1", "Namespace", "namespaces", namespaced=False)
NODE = ResourceType("", "v1", "Node", "nodes", namespaced=False)
POD = ResourceType("", "v1", "Pod", "pods", namespaced=True)
EVENT = ResourceType("", "v1", "Event", "events", namespaced=True)
SERVICE_ACCOUNT = ResourceType("", "v1", "ServiceAccount", "serviceaccounts", namespaced=True)
