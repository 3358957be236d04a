"""The object for one cluster, in KubeFed's order.

template, then identity, managed label, planned replicas, what the member owns, and last the overrides,
which change neither the identity nor the label.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from clusters.domain.labels import MANAGED
from clusters.domain.references import ObjectReference
from propagation.domain import keyfields, overrides, retention

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Spec:
    """A federated object for the renderer; ``replicas`` is the plan's share of the cluster, if any."""

    reference: ObjectReference
    template: Mapping[str, Any]
    overrides: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    replicas: int | None = None
    retain_replicas: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """The cluster that something is rendered for."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)


def render(spec: Spec, target: Target, live: Object | None = None) -> Object:
    """The object as it should be in a cluster; raises ``OverrideError``."""
    rendered: Object = deepcopy(dict(spec.template))
    rendered["apiVersion"] = spec.reference.type.api_version
    rendered["kind"] = spec.reference.type.kind
    _mark(rendered, spec.reference)
    rendered.pop("status", None)
    if spec.replicas is not None:
        rendered.setdefault("spec", {})["replicas"] = spec.replicas
    if live is not None:
        rendered = retention.retain(rendered, live, replicas=spec.retain_replicas)
    patches = overrides.for_cluster(spec.overrides, target.name, target.labels)
    if spec.replicas is not None:
        # As in KubeFed, a preference decides alone: it would have rewritten this override.
        patches = [patch for patch in patches if patch["path"] != overrides.REPLICAS]
    patched = overrides.apply(rendered, patches)
    if patches:
        _mark(patched, spec.reference)
    keyfields.complete(patched)
    return patched


def _mark(item: Object, reference: ObjectReference) -> None:
    """Set its name and our label, in place; without the label nobody would watch or remove it."""
    metadata = item["metadata"] = dict(_mapping(item.get("metadata"), "/metadata"))
    metadata["name"] = reference.name
    if reference.type.namespaced:
        metadata["namespace"] = reference.namespace
    metadata["labels"] = {**_mapping(metadata.get("labels"), "/metadata/labels"), MANAGED: "true"}


def _mapping(value: Any, path: str) -> Mapping[str, Any]:
    if value is not None and not isinstance(value, Mapping):
        raise overrides.OverrideError(path, f"{path} is overridden with something that is no mapping.")
    return value or {}


def digest(rendered: Object) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    canonical = json.dumps(rendered, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
