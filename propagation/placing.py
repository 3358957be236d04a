"""Where resources should be now, and with how many replicas: asked by scheduling and by every preview.

A round reads the clusters once, and answers for many resources with a number of queries that does not
depend on how many they are.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from operator import itemgetter

from django.conf import settings
from django.db.models import QuerySet

from clusters.domain import taints
from clusters.domain.conditions import Status
from clusters.models import Cluster, Phase
from propagation.domain import dependencies, overrides, placement, replicas
from propagation.domain.placement import Verdict
from propagation.domain.replicas import ReplicaFacts
from propagation.domain.statuses import ConditionReason
from propagation.models import ClusterCapacity, FederatedResource, Propagation

#: The columns that ``facts`` are read from.
FACTS = ("name", "labels", "region", "zones", "provider", "version", "cordoned", "taints")
#: And those that tell whether replicas may go there.
HEALTH = ("ready", "last_transition_time")

#: How long a cluster has to be away before its replicas go elsewhere, as in KubeFed.
GONE_AFTER = timedelta(seconds=60)

#: Why a preference does not use a cluster.
GIVEN_NONE = "The preference gives it no replicas."
AWAY = "It has not been ready for over a minute: its replicas go elsewhere."

NAMESPACES = "namespaces"


@dataclass(frozen=True, slots=True)
class Place:
    """A resource's clusters, by key, with the replicas that a preference plans for them.

    ``verdicts`` say why. ``reason`` is KubeFed's word where the resource goes nowhere as a whole.
    """

    clusters: dict[int, int | None]
    verdicts: list[Verdict] = field(default_factory=list)
    reason: ConditionReason = ConditionReason.NONE
    message: str = ""


def facts(cluster: Cluster) -> placement.ClusterFacts:
    """What placement rules may know about a cluster."""
    return placement.ClusterFacts(
        name=cluster.name,
        labels=cluster.selection_labels,
        region=cluster.region,
        zones=tuple(cluster.zones),
        provider=cluster.provider,
        version=cluster.version,
        cordoned=cluster.cordoned,
        taints=taints.parse_taints(cluster.taints),
    )


def candidates() -> QuerySet[Cluster]:
    """Clusters that an object may be placed in: members, and those on the way to be."""
    return Cluster.objects.filter(phase__in=[Phase.PENDING, Phase.JOINING, Phase.JOINED])


def followers(
    resources: Collection[FederatedResource], among: QuerySet[FederatedResource]
) -> list[FederatedResource]:
    """Others that are placed with these: what lives in the namespaces among them, and what they name."""
    others = among.exclude(pk__in=[one.pk for one in resources])
    namespaces = {one.name for one in resources if one.type.name == NAMESPACES}
    named = {(one.namespace, name) for one in resources for name in one.dependencies}
    found = list(others.filter(namespace__in=namespaces)) if namespaces else []
    if named:
        found += _named(others.exclude(pk__in=[one.pk for one in found]), named)
    return found


def _named(among: QuerySet[FederatedResource], named: Collection[tuple[str, str]]) -> list[FederatedResource]:
    found = among.filter(
        type__name__in=dependencies.KINDS,
        namespace__in={namespace for namespace, _name in named},
        name__in={name.partition("/")[2] for _namespace, name in named},
    )
    return [one for one in found if (one.namespace, _dependency(one)) in named]


class Round:
    """The clusters at one moment, and what is known of the resources that others depend on."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        clusters = list(candidates().only(*FACTS, *HEALTH))
        self.clusters = {cluster.name: cluster for cluster in clusters}
        self.names = {cluster.pk: cluster.name for cluster in clusters}
        self._facts = [facts(cluster) for cluster in clusters]
        self._placed: dict[int, Place] = {}
        self.namespaces: dict[str, Place] = {}
        self._needed: dict[tuple[str, str], set[int]] = {}
        self._free: dict[int, int] | None = None

    @property
    def fingerprint(self) -> str:
        """A digest of the clusters and of all that placement may know about them."""
        known = sorted((asdict(one) for one in self._facts), key=itemgetter("name"))
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()

    def place_all(
        self, resources: Iterable[FederatedResource], rows: Mapping[int, Collection[Propagation]]
    ) -> dict[int, Place]:
        """Places by resource key; namespaces first, and what workloads need after the workloads.

        ``rows`` has the rows that each resource has by now.
        """
        chosen = sorted(resources, key=_order)
        self._read_namespaces({one.namespace for one in chosen if one.type.name != NAMESPACES})
        self._read_needs(chosen)
        _read_overrides([one for one in chosen if one.replica_scheduling and not rows.get(one.pk)])
        for resource in chosen:
            place = self.place(resource, rows.get(resource.pk, ()))
            self._placed[resource.pk] = place
            if resource.type.name == NAMESPACES:
                self._place_namespace(resource, place)
            if resource.follow_dependencies:
                self._need(resource, place.clusters)
        return self._placed

    def place(self, resource: FederatedResource, rows: Collection[Propagation]) -> Place:
        """One resource on its own (see ``place_all`` for the order that many need)."""
        if resource.deletion_requested_at:
            return Place({})
        holding = {self.names[row.cluster_id] for row in rows if row.cluster_id in self.names}
        if resource.replica_scheduling:
            place = self._by_preference(resource, rows, holding)
        else:
            place = self._by_placement(resource.placement, resource, holding)
        return self._with_dependents(resource, place)

    def _by_placement(
        self, wanted: Mapping[str, object], resource: FederatedResource, holding: Collection[str]
    ) -> Place:
        key = f"{resource.namespace}/{resource.name}"
        verdicts = placement.evaluate(wanted, self._facts, holding, key, self._within(resource))
        clusters: dict[int, int | None] = {
            self.clusters[one.name].pk: None for one in verdicts if one.selected
        }
        if not self._lacks_namespace(resource):
            return Place(clusters, verdicts)
        message = f"The namespace {resource.namespace} is not federated: create a FederatedNamespace first."
        return Place(clusters, verdicts, ConditionReason.NAMESPACE_NOT_FEDERATED, message)

    # Replicas

    def _by_preference(
        self, resource: FederatedResource, rows: Collection[Propagation], holding: Collection[str]
    ) -> Place:
        """The replicas' plan decides; clusters that are away for long do not take part."""
        eligible = self._by_placement(_eligible(resource), resource, holding)
        present = {pk: None for pk in eligible.clusters if self._is_there(self.clusters[self.names[pk]])}
        planned = self.plan(resource, present, rows)
        clusters = {self.clusters[name].pk: count for name, count in planned.items()}
        verdicts = [
            replace(one, selected=False, reason=GIVEN_NONE if self.clusters[one.name].pk in present else AWAY)
            if one.selected and one.name not in planned
            else one
            for one in eligible.verdicts
        ]
        return replace(eligible, clusters=dict(clusters), verdicts=verdicts)

    def plan(
        self, resource: FederatedResource, cluster_pks: Collection[int], rows: Collection[Propagation]
    ) -> dict[str, int]:
        """Replicas by the names of these clusters."""
        by_cluster = {row.cluster_id: row for row in rows}
        # A preference of KubeFed's has written its plan into the overrides: what runs stays where it is.
        before = {} if rows else overrides.replicas(resource.overrides)
        free = self._free_cpu() if replicas.mode(resource.replica_scheduling) != "weighted" else {}
        found = [
            _replica_facts(self.names[pk], by_cluster.get(pk), free.get(pk), before)
            for pk in sorted(cluster_pks)
        ]
        return replicas.plan(resource.replica_scheduling, found, f"{resource.namespace}/{resource.name}")

    def _is_there(self, cluster: Cluster) -> bool:
        if cluster.ready == Status.TRUE:
            return True
        since = cluster.last_transition_time
        return since is not None and self._now - since < GONE_AFTER

    def _free_cpu(self) -> dict[int, int]:
        if self._free is None:
            self._free = dict(ClusterCapacity.objects.values_list("cluster_id", "free_cpu_millis"))
        return self._free

    # Namespaces

    def _read_namespaces(self, names: set[str]) -> None:
        """Places of the federated namespaces, by the rows that they have."""
        found = Propagation.objects.filter(
            resource__type__name=NAMESPACES, resource__name__in=names, resource__deletion_requested_at=None
        )
        federated = FederatedResource.objects.filter(
            type__name=NAMESPACES, name__in=names, deletion_requested_at=None
        )
        self.namespaces = {name: Place({}) for name in federated.values_list("name", flat=True)}
        for name, cluster_pk in found.filter(selected=True).values_list("resource__name", "cluster_id"):
            self.namespaces[name].clusters[cluster_pk] = None

    def _place_namespace(self, namespace: FederatedResource, place: Place) -> None:
        """A namespace that is being deleted limits nothing any more."""
        if namespace.deletion_requested_at:
            self.namespaces.pop(namespace.name, None)
        else:
            self.namespaces[namespace.name] = place

    def _within(self, resource: FederatedResource) -> Collection[str] | None:
        """KubeFed's rule: what lives in a federated namespace goes nowhere that the namespace does not.

        The names of the clusters that have its namespace; None where any may.
        """
        if self._lacks_namespace(resource):
            return ()
        if resource.type.name == NAMESPACES or resource.namespace not in self.namespaces:
            return None
        return {self.names[pk] for pk in self.namespaces[resource.namespace].clusters if pk in self.names}

    def _lacks_namespace(self, resource: FederatedResource) -> bool:
        """Whether the strict rule keeps it from going anywhere."""
        federated = not resource.type.namespaced or resource.namespace in self.namespaces
        return settings.STRICT_NAMESPACES and not federated

    # Dependencies

    def _read_needs(self, chosen: Collection[FederatedResource]) -> None:
        """Where the workloads are that need one of these; those of this round are placed before."""
        names = {(one.namespace, _dependency(one)) for one in chosen if one.type.name in dependencies.KINDS}
        if not names:
            return
        workloads = FederatedResource.objects.filter(
            namespace__in={namespace for namespace, _ in names},
            follow_dependencies=True,
            deletion_requested_at=None,
        ).exclude(dependencies=[])
        others = workloads.exclude(pk__in=[one.pk for one in chosen if one.pk])
        naming = {
            pk: found
            for pk, namespace, given in others.values_list("pk", "namespace", "dependencies")
            if (found := {(namespace, one) for one in given} & names)
        }
        rows = Propagation.objects.filter(resource_id__in=naming, selected=True)
        for resource_pk, cluster_pk in rows.values_list("resource_id", "cluster_id"):
            for name in naming[resource_pk]:
                self._needed.setdefault(name, set()).add(cluster_pk)

    def _need(self, resource: FederatedResource, cluster_pks: Collection[int]) -> None:
        for name in resource.dependencies:
            self._needed.setdefault((resource.namespace, name), set()).update(cluster_pks)

    def _with_dependents(self, resource: FederatedResource, place: Place) -> Place:
        needed = self._needed.get((resource.namespace, _dependency(resource)), set())
        added = {pk for pk in needed if pk in self.names} - place.clusters.keys()
        if resource.type.name not in dependencies.KINDS or not added:
            return place
        reason = "A workload that needs it goes there."
        names = {self.names[pk] for pk in added}
        verdicts = [
            replace(one, selected=True, reason=reason) if one.name in names else one for one in place.verdicts
        ]
        return Place({**place.clusters, **dict.fromkeys(added)}, verdicts)


def _order(resource: FederatedResource) -> tuple[int, int]:
    if resource.type.name == NAMESPACES:
        return 0, resource.pk or 0
    return (2 if resource.type.name in dependencies.KINDS else 1), resource.pk or 0


def _dependency(resource: FederatedResource) -> str:
    return f"{resource.type.name}/{resource.name}"


def _eligible(resource: FederatedResource) -> dict[str, object]:
    """The clusters that a preference may use.

    As in KubeFed: all of them, unless it says to heed the selector; a preference writes ``clusters`` itself.
    """
    wanted = dict(resource.placement)
    heeded = resource.replica_scheduling.get("intersectWithClusterSelector")
    if not heeded:
        wanted.pop("clusters", None)
        wanted["clusterSelector"] = {}
    elif wanted.get("clusterSelector") is not None:
        wanted.pop("clusters", None)
    return wanted


def _read_overrides(resources: Iterable[FederatedResource]) -> None:
    """Read those that were deferred at once, and not one by one."""
    unread = {one.pk: one for one in resources if "overrides" in one.get_deferred_fields()}
    found = FederatedResource.objects.filter(pk__in=unread) if unread else FederatedResource.objects.none()
    for pk, given in found.values_list("pk", "overrides"):
        unread[pk].overrides = given


def _replica_facts(
    name: str, row: Propagation | None, free_cpu: int | None, before: Mapping[str, int]
) -> ReplicaFacts:
    if row is None:
        return ReplicaFacts(name, before.get(name, 0), free_cpu=free_cpu)
    capacity = replicas.capacity(row.total_replicas, row.unschedulable_replicas)
    # Until the cluster has told what is ready, what is planned there is on its way.
    current = row.replicas if row.ready_replicas is None else row.ready_replicas
    return ReplicaFacts(name, current or 0, capacity, free_cpu)
