"""FederatedTypeConfig: which kinds are federated, as documents.

https://github.com/kubernetes-retired/kubefed/blob/master/docs/userguide.md#enabling-federation-of-an-api-type
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clusters.domain import labels
from clusters.domain.references import ResourceType
from propagation.domain import envelopes, manifests
from propagation.domain.envelopes import NOWHERE, Place
from propagation.domain.problems import Problem

Object = dict[str, Any]

API_VERSION = "core.kubefed.io/v1beta1"
KIND = "FederatedTypeConfig"
#: Where KubeFed keeps them, and its clusters.
SYSTEM_NAMESPACE = "kube-federation-system"

_SPEC_FIELDS = ("targetType", "federatedType", "statusType", "propagation", "statusCollection")
_TYPE_FIELDS = ("group", "version", "kind", "pluralName", "scope")
_SWITCH = ("Enabled", "Disabled")
_SCOPES = ("Namespaced", "Cluster")

_PATTERNS = {
    "group": re.compile(rf"^$|{labels.DNS_SUBDOMAIN}"),
    "version": re.compile(r"^v[0-9a-z]{1,62}\Z"),
    "kind": re.compile(r"^[A-Z][A-Za-z0-9]{0,52}\Z"),
    "pluralName": re.compile(labels.DNS_LABEL),
}


@dataclass(frozen=True, slots=True)
class TypeConfig:
    """A kind, and whether it is propagated; ``federated`` is the kind that its documents are of."""

    type: ResourceType
    federated: ResourceType
    enabled: bool = True
    place: Place = field(default=NOWHERE, compare=False, repr=False)


def of(kind: ResourceType, *, enabled: bool = True) -> TypeConfig:
    """The configuration of a kind, with KubeFed's name for what its documents are."""
    group, _slash, version = manifests.API_VERSION.partition("/")
    # A FederatedNamespace lives in the namespace that it federates.
    namespaced = kind.namespaced or kind.kind == "Namespace"
    federated = ResourceType(group, version, f"Federated{kind.kind}", f"federated{kind.plural}", namespaced)
    return TypeConfig(kind, federated, enabled)


def problems(value: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with such a document."""
    found = envelopes.problems(value)
    spec = value.get("spec")
    if not isinstance(spec, Mapping):
        return [*found, Problem("/spec", "A FederatedTypeConfig has a spec with targetType and propagation.")]
    found += envelopes.unknown(spec, _SPEC_FIELDS, "/spec", "The spec of a FederatedTypeConfig has")
    found += _type_problems(spec.get("targetType"), "/spec/targetType")
    for name in ("federatedType", "statusType"):
        if spec.get(name) is not None:
            found += _type_problems(spec[name], f"/spec/{name}")
    for name in ("propagation", "statusCollection"):
        if spec.get(name, _SWITCH[0]) not in _SWITCH:
            found.append(Problem(f"/spec/{name}", f"{name} is {' or '.join(_SWITCH)}."))
    return found or _name_problems(value)


def _type_problems(given: Any, path: str) -> list[Problem]:
    if not isinstance(given, Mapping):
        return [Problem(path, "A type has group, version, kind, pluralName and scope.")]
    found = envelopes.unknown(given, _TYPE_FIELDS, path, "A type has")
    if given.get("scope") not in _SCOPES:
        found.append(Problem(f"{path}/scope", f"The scope is {' or '.join(_SCOPES)}."))
    return found + [
        Problem(f"{path}/{name}", f"This is not the {name} of a kind.")
        for name, pattern in _PATTERNS.items()
        if not isinstance(given.get(name) or "", str) or not pattern.fullmatch(given.get(name) or "")
    ]


def _name_problems(value: Mapping[str, Any]) -> list[Problem]:
    wanted = _type(value["spec"]["targetType"]).name
    if value["metadata"]["name"] == wanted:
        return []
    return [Problem("/metadata/name", f"The FederatedTypeConfig of this kind is called {wanted}.")]


def read(value: Mapping[str, Any], place: Place = NOWHERE) -> TypeConfig:
    """The configuration of a document without problems."""
    spec = value["spec"]
    kind = _type(spec["targetType"])
    federated = _type(spec["federatedType"]) if spec.get("federatedType") else of(kind).federated
    return TypeConfig(kind, federated, spec.get("propagation") != "Disabled", place)


def _type(given: Mapping[str, Any]) -> ResourceType:
    namespaced = given["scope"] == "Namespaced"
    return ResourceType(
        given.get("group") or "", given["version"], given["kind"], given["pluralName"], namespaced
    )


def document(config: TypeConfig) -> Object:
    """The configuration as KubeFed writes it."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": config.type.name, "namespace": SYSTEM_NAMESPACE},
        "spec": {
            "federatedType": _written(config.federated),
            "propagation": "Enabled" if config.enabled else "Disabled",
            "targetType": _written(config.type),
        },
    }


def _written(kind: ResourceType) -> Object:
    scope = "Namespaced" if kind.namespaced else "Cluster"
    written = {"kind": kind.kind, "pluralName": kind.plural, "scope": scope, "version": kind.version}
    return {"group": kind.group, **written} if kind.group else written
