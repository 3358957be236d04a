"""From KubeFed to here: what of a host's objects comes, and what does not, with the reason."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from clusters.domain.references import ResourceType
from clusters.domain.words import Vocabulary
from propagation.domain import kubefed_clusters, manifests, preferences, type_configs
from propagation.domain.bundles import Parsed
from propagation.domain.kubefed_clusters import KubeFedCluster
from propagation.domain.manifests import Manifest
from propagation.domain.preferences import SchedulingPreference
from propagation.domain.problems import Problem
from propagation.domain.type_configs import SYSTEM_NAMESPACE, TypeConfig

Object = dict[str, Any]

SYSTEM = SYSTEM_NAMESPACE

CLUSTERS = ResourceType("core.kubefed.io", "v1beta1", "KubeFedCluster", "kubefedclusters", namespaced=True)
TYPE_CONFIGS = ResourceType(
    "core.kubefed.io", "v1beta1", "FederatedTypeConfig", "federatedtypeconfigs", namespaced=True
)
PREFERENCES = ResourceType(
    "scheduling.kubefed.io",
    "v1alpha1",
    "ReplicaSchedulingPreference",
    "replicaschedulingpreferences",
    namespaced=True,
)


class Standing(Vocabulary):
    """What becomes of something that a host holds."""

    REFUSED = "refused", "Does not come", "error", "x", 0
    UNREACHABLE = "unreachable", "Unreachable", "error", "link-off", 1
    DIFFERS = "differs", "Differs", "warn", "diff", 2
    JOINING = "joining", "Joining", "progress", "progress", 3
    COMES = "comes", "Comes", "ok", "plus", 4
    KNOWN = "known", "Is here", "unknown", "check", 5


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of a report; ``note`` says why, ``hint`` what to do about it."""

    subject: str
    standing: Standing
    note: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All that a host holds, and what becomes of it; ``notices`` concern the whole of it."""

    clusters: list[Line] = field(default_factory=list)
    kinds: list[Line] = field(default_factory=list)
    resources: list[Line] = field(default_factory=list)
    preferences: list[Line] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """Tells whether what would be stored is what somebody has seen; clusters join meanwhile."""
        seen = (self.kinds, self.resources, self.preferences)
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Host:
    """What was read of a host, as its API server told it.

    ``tokens`` are the members' credentials by the names of their KubeFedClusters, ``resources`` the
    federated objects by the names of their FederatedTypeConfigs. ``unread`` says, by the name of what
    could not be read, why.
    """

    clusters: list[Object] = field(default_factory=list)
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    type_configs: list[Object] = field(default_factory=list)
    resources: Mapping[str, list[Object]] = field(default_factory=dict, repr=False)
    preferences: list[Object] = field(default_factory=list)
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sorted:
    """A host's objects: what can come, and lines on what cannot."""

    parsed: Parsed = field(default_factory=Parsed)
    clusters: list[Line] = field(default_factory=list)
    kinds: list[Line] = field(default_factory=list)
    resources: list[Line] = field(default_factory=list)
    preferences: list[Line] = field(default_factory=list)


def sort_out(host: Host, known: Mapping[str, ResourceType]) -> Sorted:
    """Read a host's objects; ``known`` are the kinds here, by their names, enabled or not."""
    found = Sorted()
    _sort_clusters(host, found)
    federated = _federated_namespaces(host)
    for item in host.type_configs:
        config = _sort_kind(item, host, known, found)
        if config:
            _sort_resources(host.resources.get(config.type.name, ()), config, federated, found)
    _sort_preferences(host.preferences, found)
    return found


def _sort_clusters(host: Host, found: Sorted) -> None:
    for item in host.clusters:
        if problems := kubefed_clusters.problems(item):
            found.clusters.append(_refused(name_of(item), _told(problems)))
        else:
            found.parsed.clusters.append(kubefed_clusters.read(item))


# Kinds


def _sort_kind(
    item: Object, host: Host, known: Mapping[str, ResourceType], found: Sorted
) -> TypeConfig | None:
    """The configuration of a kind whose objects may come."""
    name = name_of(item)
    if problems := type_configs.problems(item):
        found.kinds.append(_refused(name, _told(problems)))
        return None
    config = type_configs.read(item)
    if reason := _kind_refusal(config, host, known):
        found.kinds.append(_refused(name, reason))
        return None
    found.parsed.type_configs.append(config)
    return config


def _kind_refusal(config: TypeConfig, host: Host, known: Mapping[str, ResourceType]) -> str:
    if not config.enabled:
        return "KubeFed does not propagate it (Disabled)."
    if unread := host.unread.get(config.type.name):
        return unread
    mine = known.get(config.type.name)
    if mine and mine.version != config.type.version:
        return (
            f"Its templates are written for {config.type.api_version}, and here {mine.api_version} is "
            "federated: convert them (kubectl convert), and paste them."
        )
    other = next((kind for kind in known.values() if kind.kind == config.type.kind), None)
    if mine is None and other:
        return f"{other.kind} is federated as {other.name} here; two kinds of one name cannot be told apart."
    return ""


# Resources


def _federated_namespaces(host: Host) -> set[str] | None:
    """Namespaces that are federated; None where KubeFed does not ask for that (it has one namespace only)."""
    if "namespaces" not in host.resources and "namespaces" not in host.unread:
        return None
    return {name_of(item) for item in host.resources.get("namespaces", ())}


def _sort_resources(
    items: Iterable[Object], config: TypeConfig, federated: Collection[str] | None, found: Sorted
) -> None:
    for item in items:
        reason = _resource_refusal(item, config, federated)
        if reason:
            found.resources.append(_refused(subject(config.type.kind, item), reason))
        else:
            # KubeFed places everything by itself alone; here it should go no further, either.
            manifest = replace(manifests.read(item, config.type), follow_dependencies=False)
            found.parsed.manifests.append(manifest)


def _resource_refusal(item: Object, config: TypeConfig, federated: Collection[str] | None) -> str:
    if problems := manifests.problems(item, config.type):
        return _told(problems)
    metadata = item["metadata"]
    if metadata.get("deletionTimestamp"):
        return "KubeFed is deleting it."
    namespace = metadata.get("namespace", "")
    if config.type.namespaced and federated is not None and namespace not in federated:
        return (
            f"Its namespace {namespace} is not federated: KubeFed keeps it nowhere, and here it would go to "
            "its clusters."
        )
    return ""


def _sort_preferences(items: Iterable[Object], found: Sorted) -> None:
    coming = {(one.type.kind, one.namespace, one.name) for one in found.parsed.manifests}
    for item in items:
        if problems := preferences.problems(item):
            found.preferences.append(_refused(subject("", item), _told(problems)))
            continue
        preference = preferences.read(item)
        if (preference.kind, preference.namespace, preference.name) in coming:
            found.parsed.preferences.append(preference)
        else:
            reason = f"Its Federated{preference.kind} does not come."
            found.preferences.append(_refused(subject(preference.kind, item), reason))


# Names


def renamed(parsed: Parsed, names: Mapping[str, str]) -> Parsed:
    """The same for clusters that have other names here than KubeFed gave them."""
    return replace(
        parsed,
        manifests=[_renamed_manifest(one, names) for one in parsed.manifests],
        preferences=[_renamed_preference(one, names) for one in parsed.preferences],
    )


def _renamed_manifest(manifest: Manifest, names: Mapping[str, str]) -> Manifest:
    placement = dict(manifest.placement)
    if placement.get("clusters"):
        placement["clusters"] = [
            {**one, "name": names.get(one["name"], one["name"])} for one in placement["clusters"]
        ]
    overrides = [
        {**one, "clusterName": names.get(one["clusterName"], one["clusterName"])}
        if "clusterName" in one
        else one
        for one in manifest.overrides
    ]
    return replace(manifest, placement=placement, overrides=overrides)


def _renamed_preference(preference: SchedulingPreference, names: Mapping[str, str]) -> SchedulingPreference:
    scheduling = dict(preference.scheduling)
    if scheduling.get("clusters"):
        scheduling["clusters"] = {names.get(name, name): one for name, one in scheduling["clusters"].items()}
    return replace(preference, scheduling=scheduling)


def name_of(item: Mapping[str, Any]) -> str:
    """The name of an object as it was read, which may be anything."""
    metadata = item.get("metadata")
    return str(metadata.get("name", "")) if isinstance(metadata, Mapping) else ""


def subject(kind: str, item: Mapping[str, Any]) -> str:
    """``Deployment shop/web``."""
    metadata = item.get("metadata") or {}
    scope = f"{metadata['namespace']}/" if metadata.get("namespace") and kind != "Namespace" else ""
    return f"{kind} {scope}{name_of(item)}".strip()


def _refused(name: str, reason: str) -> Line:
    return Line(name, Standing.REFUSED, reason)


def _told(problems: Sequence[Problem]) -> str:
    """What is wrong, and where in the object."""
    told = [
        f"{one.path[1:].replace('/', '.')}: {one.message}" if one.path else one.message for one in problems
    ]
    return " ".join(told)


# How a member is reached


def kubeconfig(cluster: KubeFedCluster, token: str) -> Object:
    """How KubeFed reaches a member, as a kubeconfig: whatever is checked in those is checked in this, too."""
    where: Object = {"server": cluster.api_endpoint}
    if cluster.ca_bundle:
        where["certificate-authority-data"] = kubefed_clusters.encoded(cluster.ca_bundle)
    if cluster.unverified:
        where["insecure-skip-tls-verify"] = True
    if cluster.proxy_url:
        where["proxy-url"] = cluster.proxy_url
    name = cluster.name
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": where}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }
