"""A live object as the template of a federated one, and what is better left where it is.

As ``kubefedctl federate`` does, and cleaner: what one cluster has generated would not be accepted in another.
https://github.com/kubernetes-retired/kubefed/blob/master/pkg/kubefedctl/federate/util.go
"""

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from enum import StrEnum
from typing import Any

from clusters.domain.labels import DNS_SUBDOMAIN, KUBEFED_MANAGED, MANAGED
from clusters.domain.references import ResourceType
from propagation.domain import templates

Object = dict[str, Any]

#: Namespaces that every cluster has for itself.
OF_THE_CLUSTER = frozenset({"fedconsole-system", "kube-node-lease", "kube-public", "kube-system"})

#: Labels that controllers and API servers put on objects, or that say whose they are.
GENERATED_LABELS = frozenset(
    {
        MANAGED,
        KUBEFED_MANAGED,
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name",
        "controller-revision-hash",
        "controller-uid",
        "job-name",
        "kubernetes.io/metadata.name",
        "pod-template-generation",
        "pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
    }
)

#: Fields that one cluster has generated.
_GENERATED: Mapping[str, tuple[str, ...]] = {
    "services": ("clusterIPs", "healthCheckNodePort", "ipFamilies"),
    "persistentvolumeclaims": ("volumeName",),
    "namespaces": ("finalizers",),
}

#: What newer API servers fill in: left out it means the same, and older ones do not know it.
_DEFAULTS: Mapping[str, Object] = {
    "services": {"internalTrafficPolicy": "Cluster", "ipFamilyPolicy": "SingleStack"},
    "jobs.batch": {
        "completionMode": "NonIndexed",
        "manualSelector": False,
        "podReplacementPolicy": "TerminatingOrFailed",
        "suspend": False,
    },
    "statefulsets.apps": {
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"}
    },
}

_TOKEN = "kubernetes.io/service-account-token"  # noqa: S105  (a type of Secret)
_HELM = "helm.sh/release.v1"

#: What every cluster makes for itself, as ``type/name`` or ``type/namespace/name``.
_EVERYWHERE = frozenset(
    {
        "configmaps/kube-root-ca.crt",
        "configmaps/openshift-service-ca.crt",
        "configmaps/istio-ca-root-cert",
        "serviceaccounts/default",
        "services/default/kubernetes",
        "namespaces/default",
    }
)

_NAME = re.compile(DNS_SUBDOMAIN)


class Skip(StrEnum):
    """Why an object is not federated; ``TAKEN`` is for whoever knows what is federated already."""

    TAKEN = "taken"
    FEDERATED = "federated"
    HANDS_OFF = "hands-off"
    LEAVING = "leaving"
    OWNED = "owned"
    EVERYWHERE = "everywhere"
    TOKEN = "token"  # noqa: S105
    HELM = "helm"
    NAME = "name"
    INVALID = "invalid"


def skip(kind: ResourceType, item: Mapping[str, Any]) -> Skip | None:
    """Why a live object is better left where it is; None for one that can be federated."""
    metadata = item.get("metadata") or {}
    labels, name = metadata.get("labels") or {}, metadata.get("name", "")
    keys = {f"{kind.name}/{name}", f"{kind.name}/{metadata.get('namespace', '')}/{name}"}
    reasons = {
        Skip.FEDERATED: labels.get(MANAGED) == "true",
        Skip.HANDS_OFF: "false" in (labels.get(MANAGED), labels.get(KUBEFED_MANAGED)),
        Skip.LEAVING: bool(metadata.get("deletionTimestamp")),
        Skip.OWNED: bool(metadata.get("ownerReferences")),
        Skip.EVERYWHERE: bool(keys & _EVERYWHERE),
        Skip.TOKEN: kind.name == "secrets" and item.get("type") == _TOKEN,
        Skip.HELM: kind.name == "secrets" and item.get("type") == _HELM,
        Skip.NAME: not _NAME.match(name),
        Skip.INVALID: bool(templates.validate(kind.kind, clean(kind, item))),
    }
    return next((reason for reason, applies in reasons.items() if applies), None)


def clean(kind: ResourceType, item: Mapping[str, Any]) -> Object:
    """The template of a live object: what somebody wanted of it, without what its cluster added."""
    dropped = ("apiVersion", "kind", "metadata", "status")
    template: Object = {name: deepcopy(value) for name, value in item.items() if name not in dropped}
    if labels := _own_labels(item.get("metadata")):
        template = {"metadata": {"labels": labels}, **template}
    match kind.name:
        case "services":
            _clean_service(_map(template.get("spec")))
        case "jobs.batch":
            _clean_job(_map(template.get("spec")))
        case "cronjobs.batch":
            _clean_job(_map(_map(_map(template.get("spec")).get("jobTemplate")).get("spec")))
        case "serviceaccounts":
            template.pop("secrets", None)
    _clean_spec(kind.name, template)
    return template


def _own_labels(metadata: Any) -> dict[str, str]:
    labels = _map(_map(metadata).get("labels"))
    return {name: value for name, value in labels.items() if name not in GENERATED_LABELS}


def _clean_spec(name: str, template: Object) -> None:
    spec = _map(template.get("spec"))
    for field in _GENERATED.get(name, ()):
        spec.pop(field, None)
    for field, default in _DEFAULTS.get(name, {}).items():
        if spec.get(field) == default:
            del spec[field]
    inner = [spec.get("template"), spec.get("jobTemplate"), *_list(spec.get("volumeClaimTemplates"))]
    for one in [*inner, _map(_map(spec.get("jobTemplate")).get("spec")).get("template")]:
        _clean_inner(_map(one))
    if "spec" in template and not spec:
        del template["spec"]


def _clean_inner(inner: Object) -> None:
    """Templates inside of templates: API servers fill in a time and a status that mean nothing."""
    metadata = _map(inner.get("metadata"))
    if metadata.get("creationTimestamp", "") is None:
        del metadata["creationTimestamp"]
    inner.pop("status", None)


def _clean_service(spec: Object) -> None:
    """A headless one stays headless; an address or a port that was handed out is of its cluster."""
    if spec.get("clusterIP") != "None":
        spec.pop("clusterIP", None)
    for port in _list(spec.get("ports")):
        _map(port).pop("nodePort", None)


def _clean_job(spec: Object) -> None:
    """The API server generates a Job's selector and the labels that it selects, unless told otherwise."""
    if spec.get("manualSelector"):
        return
    spec.pop("selector", None)
    metadata = _map(_map(spec.get("template")).get("metadata"))
    kept = _own_labels(metadata)
    metadata.pop("labels", None)
    if kept:
        metadata["labels"] = kept


def autoscaled(items: Iterable[tuple[ResourceType, Mapping[str, Any]]]) -> set[tuple[str, str]]:
    """Kind and name of what autoscalers among these objects scale."""
    targets = [
        _map(_map(item.get("spec")).get("scaleTargetRef"))
        for kind, item in items
        if kind.name == "horizontalpodautoscalers.autoscaling"
    ]
    return {(str(target.get("kind")), str(target.get("name"))) for target in targets}


def _map(value: Any) -> Object:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
