"""What storing documents would do, before anything is stored; and storing them, all or nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from clusters.models import Cluster
from propagation import changes, enabling, scopes
from propagation.domain import bundles, markers, preferences, types
from propagation.domain.bundles import Parsed
from propagation.domain.envelopes import ManifestError, Place
from propagation.domain.kubefed_clusters import KubeFedCluster
from propagation.domain.manifests import Manifest
from propagation.domain.preferences import SchedulingPreference
from propagation.domain.type_configs import TypeConfig
from propagation.models import FederatedResource, FederatedType

#: The type of what a preference is for.
_SCALABLE = {kind.kind: kind.name for kind in types.BUILT_IN if kind.kind in types.SCALABLE}

Key = tuple[str, str, str]
Types = Mapping[str, FederatedType]


class Action(StrEnum):
    """What storing does."""

    CREATE = "create"
    UPDATE = "update"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Rights:
    """What the person who pastes may do."""

    create: bool
    change: bool
    types: bool


@dataclass(frozen=True, slots=True)
class Planned:
    """A resource that documents (of these kinds) describe, and what storing them does.

    ``fields`` are the parts that an update changes; ``unknown`` clusters are ignored until they exist.
    """

    resource: FederatedResource
    action: Action
    fields: tuple[str, ...]
    unknown: tuple[str, ...]
    documents: tuple[str, ...]
    place: Place

    @property
    def token(self) -> str:
        """What confirms this update, and no later one."""
        return f"{self.resource.pk}:{self.resource.generation}"


@dataclass(frozen=True, slots=True)
class PlannedType:
    """A kind that is switched on or off, or added; a known one keeps its version."""

    config: TypeConfig
    stored: FederatedType | None
    action: Action

    @property
    def kept_version(self) -> str:
        """The version that is federated here, where the document has another one."""
        other = self.stored and self.stored.version != self.config.type.version
        return self.stored.version if self.stored and other else ""

    @property
    def token(self) -> str:
        return f"{self.config.type.name}:{self.config.enabled}"


@dataclass(frozen=True, slots=True)
class PlannedCluster:
    """A cluster that is only compared: a document holds no credential to join it with."""

    described: KubeFedCluster
    cluster: Cluster | None
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a text asks for, and everything that is wrong with it."""

    planned: list[Planned] = field(default_factory=list)
    types: list[PlannedType] = field(default_factory=list)
    clusters: list[PlannedCluster] = field(default_factory=list)
    errors: list[ManifestError] = field(default_factory=list)

    @property
    def valid(self) -> int:
        """How many documents are as they should be."""
        return sum(len(one.documents) for one in self.planned) + len(self.types) + len(self.clusters)

    @property
    def updates(self) -> list[Planned | PlannedType]:
        """What is there already and would be changed."""
        everything: list[Planned | PlannedType] = [*self.types, *self.planned]
        return [one for one in everything if one.action is Action.UPDATE]

    @property
    def changes(self) -> list[Planned]:
        """Resources that would be stored."""
        return [one for one in self.planned if one.action is not Action.NOTHING]

    @property
    def changed_types(self) -> list[PlannedType]:
        """Kinds that would be added or switched."""
        return [one for one in self.types if one.action is not Action.NOTHING]

    @property
    def confirmation(self) -> str:
        """What the form sends back to confirm all updates."""
        return ",".join(one.token for one in self.updates)

    def is_confirmed(self, shown: set[str]) -> bool:
        """Whether every update was shown as it is now."""
        return {one.token for one in self.updates} <= shown


def plan(text: str, clusters: Iterable[str], rights: Rights) -> Plan:
    """What storing a text would do: a few queries, whatever its length."""
    stored_types = types_by_name()
    parsed = bundles.parse(text, [one.resource_type for one in stored_types.values() if one.enabled])
    return plan_parsed(parsed, stored_types, clusters, rights)


def types_by_name() -> dict[str, FederatedType]:
    """Every kind that is known here, enabled or not."""
    return {one.name: one for one in FederatedType.objects.all()}


def plan_parsed(parsed: Parsed, stored_types: Types, clusters: Iterable[str], rights: Rights) -> Plan:
    """What storing these documents would do."""
    planned_types = [_planned_type(one, stored_types) for one in parsed.type_configs]
    drafts = _Drafts(parsed, {**stored_types, **_new_types(planned_types)})
    known = set(clusters)
    planned = [draft.planned(known) for draft in drafts.by_key.values()]
    errors = [
        *parsed.errors,
        *drafts.errors,
        *(error for one in planned_types if (error := _type_refusal(one, stored_types, rights))),
        *(error for one in planned if (error := _refusal(one, rights))),
    ]
    errors.sort(key=lambda error: (error.line, error.column))
    return Plan(planned, planned_types, _planned_clusters(parsed.clusters), errors)


def store(
    wanted: Plan, user: AbstractBaseUser | None, note: str = "", verb: str = ""
) -> list[FederatedResource]:
    """Store all of it or nothing; raises as ``changes.save_all`` and ``enabling.add`` do."""
    with transaction.atomic():
        _store_types(wanted, user)
        return changes.save_all([one.resource for one in wanted.changes], user, note, verb)


def _store_types(wanted: Plan, user: AbstractBaseUser | None) -> None:
    new = [one.config.type for one in wanted.types if one.action is Action.CREATE]
    added = {one.name: one for one in enabling.add(new, user)} if new else {}
    for one in wanted.changes:
        if one.resource.type.pk is None:
            one.resource.type = added[one.resource.type.name]
    for change in wanted.types:
        if change.action is Action.UPDATE and change.stored:
            (enabling.enable if change.config.enabled else enabling.disable)(change.stored, user)


# Kinds


def _planned_type(config: TypeConfig, stored: Types) -> PlannedType:
    before = stored.get(config.type.name)
    if before is None:
        return PlannedType(config, None, Action.CREATE if config.enabled else Action.NOTHING)
    return PlannedType(config, before, Action.UPDATE if before.enabled != config.enabled else Action.NOTHING)


def _new_types(planned: Sequence[PlannedType]) -> dict[str, FederatedType]:
    """Types that are not stored yet, for the resources that are of them."""
    new = [one.config.type for one in planned if one.action is Action.CREATE]
    return {kind.name: enabling.unsaved(kind) for kind in new}


def _type_refusal(planned: PlannedType, stored: Types, rights: Rights) -> ManifestError | None:
    if planned.action is Action.NOTHING:
        return None
    config = planned.config
    if not rights.types:
        return config.place.error(_("You may not change which kinds are federated."), "/kind")
    other = next((one for one in stored.values() if one.kind == config.type.kind), None)
    if planned.stored is None and other:
        message = _("%(kind)s is federated as %(name)s here: two kinds of one name cannot be told apart.")
        return config.place.error(message % {"kind": other.kind, "name": other.name}, "/metadata/name")
    return None


# Resources


class _Draft:
    """A resource while document after document is applied to it."""

    def __init__(self, resource: FederatedResource, place: Place) -> None:
        self.resource = resource
        self.place = place
        self.fields: list[str] = []
        self.documents: list[str] = []

    def take(self, document: str, wanted: Mapping[str, Any]) -> None:
        """Let a document set these fields."""
        self.documents.append(document)
        for name, value in wanted.items():
            if getattr(self.resource, name) != value:
                self.fields.append(name)
                setattr(self.resource, name, value)

    def planned(self, known: set[str]) -> Planned:
        new = self.resource.pk is None
        action = Action.CREATE if new else Action.UPDATE if self.fields else Action.NOTHING
        return Planned(
            self.resource,
            action,
            tuple(self.fields),
            _unknown(self.resource, known),
            tuple(self.documents),
            self.place,
        )


class _Drafts:
    """The resources that a text is about; one query finds those that are stored."""

    def __init__(self, parsed: Parsed, types: Types) -> None:
        self._types = types
        self._stored = _stored(parsed)
        self.by_key: dict[Key, _Draft] = {}
        self.errors: list[ManifestError] = []
        for manifest in parsed.manifests:
            self._take_manifest(manifest)
        for preference in parsed.preferences:
            self._take_preference(preference)

    def _take_manifest(self, manifest: Manifest) -> None:
        kind = self._types[manifest.type.name]
        key = (kind.name, manifest.namespace, manifest.name)
        before = self._stored.get(key)
        resource = before or FederatedResource(type=kind, namespace=manifest.namespace, name=manifest.name)
        draft = self.by_key[key] = _Draft(resource, manifest.place)
        draft.take(kind.federated_kind, self._wanted(manifest, resource))

    def _wanted(self, manifest: Manifest, before: FederatedResource) -> dict[str, Any]:
        restored = markers.restore(
            manifest.type.kind, manifest.template, manifest.overrides, before.template, before.overrides
        )
        message = _("This value is hidden, and there is none stored to keep: write the value itself.")
        self.errors += [manifest.place.error(message, f"/spec{pointer}") for pointer in restored.missing]
        return {
            "labels": dict(manifest.labels),
            "annotations": dict(manifest.annotations),
            "template": restored.template,
            "placement": manifest.placement,
            "overrides": restored.overrides,
            "retain_replicas": manifest.retain_replicas,
            "conflict_policy": manifest.conflict_policy,
            "suspend_repair": manifest.suspend_repair,
            "follow_dependencies": manifest.follow_dependencies,
        }

    def _take_preference(self, preference: SchedulingPreference) -> None:
        key = (_SCALABLE[preference.kind], preference.namespace, preference.name)
        if key not in self.by_key and key not in self._stored:
            message = _("There is no Federated%(kind)s %(name)s in the namespace %(namespace)s, nor here.")
            values = {
                "kind": preference.kind,
                "name": preference.name,
                "namespace": preference.namespace,
            }
            self.errors.append(preference.place.error(message % values, "/metadata/name"))
            return
        if key not in self.by_key:
            self.by_key[key] = _Draft(self._stored[key], preference.place)
        self.by_key[key].take(preferences.KIND, {"replica_scheduling": preference.scheduling})


def _stored(parsed: Parsed) -> dict[Key, FederatedResource]:
    names = {one.name for one in parsed.manifests} | {one.name for one in parsed.preferences}
    resources = FederatedResource.objects.filter(name__in=names).select_related("type")
    return {(one.type.name, one.namespace, one.name): one for one in resources}


def _unknown(resource: FederatedResource, known: set[str]) -> tuple[str, ...]:
    """Clusters that are named somewhere in it, and that nobody imported."""
    placed = [entry["name"] for entry in resource.placement.get("clusters") or []]
    overridden = [entry["clusterName"] for entry in resource.overrides if "clusterName" in entry]
    preferred = [name for name in resource.replica_scheduling.get("clusters") or {} if name != "*"]
    named = dict.fromkeys([*placed, *overridden, *preferred])
    return tuple(name for name in named if name not in known)


def _refusal(planned: Planned, rights: Rights) -> ManifestError | None:
    resource, name = planned.resource, planned.resource.name
    if not scopes.permits(resource.type.name, resource.namespace, name):
        message = scopes.refusal(resource.namespace)
    elif resource.deletion_requested_at:
        message = _("%(name)s is being removed: wait until it is gone.") % {"name": name}
    elif planned.action is Action.CREATE and not rights.create:
        message = _("You may not create workloads, and %(name)s is new.") % {"name": name}
    elif planned.action is Action.UPDATE and not rights.change:
        message = _("You may not change workloads, and %(name)s would be changed.") % {"name": name}
    else:
        return None
    return planned.place.error(message)


# Clusters


def _planned_clusters(described: Sequence[KubeFedCluster]) -> list[PlannedCluster]:
    if not described:
        return []
    names = [one.name for one in described]
    known = {one.name: one for one in Cluster.objects.filter(name__in=names).only("name", "labels")}
    return [
        PlannedCluster(one, known.get(one.name), differences(one, known.get(one.name))) for one in described
    ]


def differences(described: KubeFedCluster, cluster: Cluster | None) -> tuple[str, ...]:
    """Labels that a known cluster does not have in the same way."""
    if cluster is None:
        return ()
    theirs, ours = described.labels, cluster.labels
    return tuple(
        _("%(key)s is %(theirs)s there and %(ours)s here")
        % {"key": key, "theirs": theirs.get(key) or _("nothing"), "ours": ours.get(key) or _("nothing")}
        for key in sorted({*theirs, *ours})
        if theirs.get(key) != ours.get(key)
    )
