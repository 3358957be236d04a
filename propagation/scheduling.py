"""Turn what people want into one Propagation row per selected cluster."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db.models import F, QuerySet

from clusters import joining, live
from clusters.domain.conditions import Status
from clusters.models import Cluster, Phase
from propagation.domain import placement
from propagation.domain.statuses import PropagationStatus
from propagation.models import FederatedResource, Propagation

#: Rows named in one statement; SQLite allows 32,766 parameters.
CHUNK = 5_000


#: The columns that ``facts`` are read from.
FACTS = ("name", "labels", "region", "zones", "provider", "version", "cordoned")


@dataclass
class Plan:
    """What a round of scheduling changes, gathered so that each kind of change is one statement."""

    create: list[Propagation] = field(default_factory=list)
    select: list[int] = field(default_factory=list)
    deselect: list[int] = field(default_factory=list)
    refresh: list[int] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)


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
    )


def candidates() -> QuerySet[Cluster]:
    """Clusters that an object may be placed in: members, and those on the way to be."""
    return Cluster.objects.filter(phase__in=[Phase.PENDING, Phase.JOINING, Phase.JOINED])


def schedule(resource_pks: Collection[int] | None = None) -> set[int]:
    """Place resources (all of them by default); return the keys of the clusters with something to do.

    Safe to run twice, and at the same time as another: rows are unique per (resource, cluster), and a
    generation is recorded as observed only when it is still the one that was read.
    """
    resources = FederatedResource.objects.select_related("type").prefetch_related("propagations")
    if resource_pks is not None:
        resources = resources.filter(pk__in=resource_pks)
    clusters = {cluster.name: cluster for cluster in candidates().only(*FACTS)}
    cluster_facts = [facts(cluster) for cluster in clusters.values()]
    # What stays in a cluster that leaves must not be deselected, which would delete it.
    kept = set(joining.keeping_workloads().values_list("pk", flat=True))
    plan = Plan()
    placed = list(resources)
    for resource in placed:
        rows = {row.cluster_id: row for row in resource.propagations.all() if row.cluster_id not in kept}
        _place(resource, rows, cluster_facts, clusters, plan)
    _write(plan)
    _observe(placed)
    FederatedResource.objects.filter(pk__in=[resource.pk for resource in placed]).finished().delete()
    live.announce("workloads", [resource.pk for resource in placed])
    live.announce("cluster-propagations", plan.touched)
    return plan.touched


def _place(
    resource: FederatedResource,
    rows: dict[int, Propagation],
    cluster_facts: list[placement.ClusterFacts],
    clusters: dict[str, Cluster],
    plan: Plan,
) -> None:
    wanted = _wanted(resource, cluster_facts, clusters, rows)
    changed = resource.generation != resource.observed_generation
    for cluster_pk in wanted - rows.keys():
        plan.create.append(Propagation(resource=resource, cluster_id=cluster_pk))
        plan.touched.add(cluster_pk)
    for cluster_pk, row in rows.items():
        if row.selected != (cluster_pk in wanted):
            (plan.deselect if row.selected else plan.select).append(row.pk)
        elif changed:
            plan.refresh.append(row.pk)
        else:
            continue
        plan.touched.add(cluster_pk)


def _wanted(
    resource: FederatedResource,
    cluster_facts: list[placement.ClusterFacts],
    clusters: dict[str, Cluster],
    rows: dict[int, Propagation],
) -> set[int]:
    """The keys of the clusters that the resource should be in: a cordoned one keeps what it has."""
    if resource.deletion_requested_at:
        return set()
    verdicts = placement.evaluate(resource.placement, cluster_facts)
    selected = [clusters[verdict.name] for verdict in verdicts if verdict.selected]
    return {cluster.pk for cluster in selected if cluster.pk in rows or not cluster.cordoned}


def _write(plan: Plan) -> None:
    Propagation.objects.bulk_create(plan.create, ignore_conflicts=True, batch_size=CHUNK // 10)
    again = {"desired_generation": F("desired_generation") + 1, "next_attempt_at": None, "attempts": 0}
    for pks, changes in (
        (plan.select, {"selected": True, **again}),
        (plan.deselect, {"selected": False, **again}),
        (plan.refresh, again),
    ):
        for start in range(0, len(pks), CHUNK):
            Propagation.objects.filter(pk__in=pks[start : start + CHUNK]).update(**changes)


def _observe(resources: Iterable[FederatedResource]) -> None:
    """Record which generation was scheduled, unless it was changed meanwhile."""
    fresh = [resource for resource in resources if resource.observed_generation != resource.generation]
    by_generation: dict[int, list[int]] = {}
    for resource in fresh:
        by_generation.setdefault(resource.generation, []).append(resource.pk)
    for generation, pks in by_generation.items():
        FederatedResource.objects.filter(pk__in=pks, generation=generation).update(
            observed_generation=generation
        )


def unscheduled() -> list[int]:
    """Resources whose newest generation was not scheduled: a wake-up was lost."""
    behind = FederatedResource.objects.exclude(generation=F("observed_generation"))
    return list(behind.values_list("pk", flat=True))


def sweep() -> None:
    """Find what lost wake-ups left: resources whose last object has gone, rows whose cluster is back."""
    FederatedResource.objects.finished().delete()
    waiting = Propagation.objects.dirty().filter(reason=PropagationStatus.CLUSTER_NOT_READY)
    back = waiting.filter(cluster__ready=Status.TRUE, next_attempt_at__isnull=False)
    back.update(next_attempt_at=None, attempts=0)


def retry_now(cluster_pks: Collection[int]) -> None:
    """End the backoff of everything that waits for these clusters."""
    waiting = Propagation.objects.dirty().filter(cluster_id__in=cluster_pks, next_attempt_at__isnull=False)
    waiting.update(next_attempt_at=None, attempts=0)
