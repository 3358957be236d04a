"""Turn what people want into one Propagation row per selected cluster."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import F, Q
from django.utils import timezone

from clusters import joining, live
from clusters.domain.conditions import Status
from propagation import feed, placing
from propagation.domain import overrides
from propagation.domain.statuses import PropagationStatus
from propagation.models import Activity, FederatedResource, Propagation
from propagation.placing import Place, Round, candidates

#: Rows named in one statement; SQLite allows 32,766 parameters.
CHUNK = 5_000

#: Replans that are told one by one; of more at once, only their number is told.
TOLD = 20

#: What scheduling does not need to know of a resource; the first two cost a decryption each.
UNREAD = ("template", "overrides", "annotations", "labels")


@dataclass
class Plan:
    """What a round of scheduling changes, gathered so that each kind of change is one statement."""

    create: list[Propagation] = field(default_factory=list)
    select: list[int] = field(default_factory=list)
    deselect: list[int] = field(default_factory=list)
    refresh: list[int] = field(default_factory=list)
    scale: dict[int | None, list[int]] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)
    #: What a resource that nobody changed now does otherwise, in words.
    replanned: dict[int, list[str]] = field(default_factory=dict)


def schedule(resource_pks: Collection[int] | None = None, relabelled: Collection[int] = ()) -> set[int]:
    """Place resources (all of them by default); return the keys of the clusters with something to do.

    What depends on them is placed with them. ``relabelled`` are clusters whose labels may have changed:
    rows whose overrides go by labels are delivered there again.

    Safe to run twice, and at the same time as another: rows are unique per (resource, cluster), and a
    generation is recorded as observed only when it is still the one that was read. Who finds that somebody
    else has placed a newer one meanwhile has it placed again.
    """
    chosen = _chosen(resource_pks)
    # What stays in a cluster that leaves must not be deselected, which would delete it.
    kept = set(joining.keeping_workloads().values_list("pk", flat=True))
    rows = {one.pk: [row for row in one.propagations.all() if row.cluster_id not in kept] for one in chosen}
    current = Round(timezone.now())
    places = current.place_all(chosen, rows)
    plan = Plan()
    for resource in chosen:
        _compare(resource, places[resource.pk], rows[resource.pk], current.names, plan)
    _repeat_relabelled(relabelled, plan)
    _write(plan)
    _observe(chosen, places)
    if plan.touched:
        _give_way({one.pk: one.generation for one in chosen})
    if resource_pks is None:
        _remember(current)
    _tell(chosen, plan)
    FederatedResource.objects.filter(pk__in=[one.pk for one in chosen]).finished().delete()
    live.announce("workloads", [one.pk for one in chosen])
    live.announce("cluster-propagations", plan.touched)
    return plan.touched


def _chosen(pks: Collection[int] | None) -> list[FederatedResource]:
    """The resources with these keys, what they name, and what lives in the namespaces among them."""
    resources = FederatedResource.objects.select_related("type").prefetch_related("propagations")
    enabled = resources.filter(Q(type__enabled=True) | Q(deletion_requested_at__isnull=False))
    slim = enabled.defer(*UNREAD)
    if pks is None:
        return list(slim)
    chosen = list(slim.filter(pk__in=pks))
    return chosen + placing.followers(chosen, slim)


def _compare(
    resource: FederatedResource,
    place: Place,
    rows: Iterable[Propagation],
    names: Mapping[int, str],
    plan: Plan,
) -> None:
    changed = resource.generation != resource.observed_generation
    there = set()
    changes = []
    for row in rows:
        there.add(row.cluster_id)
        wanted = row.cluster_id in place.clusters
        replicas = place.clusters.get(row.cluster_id, row.replicas)
        name = names.get(row.cluster_id, "a cluster that leaves")
        if row.selected != wanted:
            (plan.select if wanted else plan.deselect).append(row.pk)
            changes.append(f"{'back in' if wanted else 'taken out of'} {name}")
        elif changed:
            plan.refresh.append(row.pk)
        if row.replicas != replicas:
            plan.scale.setdefault(replicas, []).append(row.pk)
            changes.append(f"{name}: {_count(row.replicas)} to {_count(replicas)} replicas")
        if row.selected != wanted or changed or row.replicas != replicas:
            plan.touched.add(row.cluster_id)
    for cluster_pk in place.clusters.keys() - there:
        replicas = place.clusters[cluster_pk]
        plan.create.append(Propagation(resource=resource, cluster_id=cluster_pk, replicas=replicas))
        plan.touched.add(cluster_pk)
        changes.append(f"added to {names[cluster_pk]}")
    if changes and not changed and not resource.deletion_requested_at:
        plan.replanned[resource.pk] = changes


def _count(replicas: int | None) -> str:
    return "its own" if replicas is None else str(replicas)


def _repeat_relabelled(cluster_pks: Collection[int], plan: Plan) -> None:
    """Deliver again what goes by the labels of these clusters."""
    if not cluster_pks:
        return
    resources = FederatedResource.objects.filter(propagations__cluster__in=cluster_pks).distinct()
    by_labels = [one.pk for one in resources.only("overrides") if overrides.by_labels(one.overrides)]
    rows = Propagation.objects.filter(resource_id__in=by_labels, cluster_id__in=cluster_pks, selected=True)
    for pk, cluster_pk in rows.values_list("pk", "cluster_id"):
        plan.refresh.append(pk)
        plan.touched.add(cluster_pk)


def _write(plan: Plan) -> None:
    Propagation.objects.bulk_create(plan.create, ignore_conflicts=True, batch_size=CHUNK // 10)
    again = {"desired_generation": F("desired_generation") + 1, "next_attempt_at": None, "attempts": 0}
    scaled = [(pks, {"replicas": count, **again}) for count, pks in plan.scale.items()]
    for pks, changes in (
        (plan.select, {"selected": True, "removal_asked_at": None, **again}),
        (plan.deselect, {"selected": False, **again}),
        (plan.refresh, again),
        *scaled,
    ):
        for start in range(0, len(pks), CHUNK):
            Propagation.objects.filter(pk__in=pks[start : start + CHUNK]).update(**changes)


def _observe(resources: Iterable[FederatedResource], places: Mapping[int, Place]) -> None:
    """Record which generation was scheduled, unless it was changed meanwhile, and why it goes nowhere."""
    groups: dict[tuple[int, str, str], list[int]] = {}
    for one in resources:
        place = places[one.pk]
        known = (one.observed_generation, one.placement_reason, one.placement_message)
        found = (one.generation, str(place.reason), place.message)
        if known != found:
            groups.setdefault(found, []).append(one.pk)
    for (generation, reason, message), pks in groups.items():
        FederatedResource.objects.filter(pk__in=pks, generation=generation).update(
            observed_generation=generation, placement_reason=reason, placement_message=message
        )


def _give_way(read: Mapping[int, int]) -> None:
    """Have what was changed since it was ``read`` placed again: our rows may have come after newer ones."""
    pks = list(read)
    for start in range(0, len(pks), CHUNK):
        found = FederatedResource.objects.filter(pk__in=pks[start : start + CHUNK])
        overtaken = [pk for pk, newest in found.values_list("pk", "generation") if newest != read[pk]]
        if overtaken:
            FederatedResource.objects.filter(pk__in=overtaken).update(observed_generation=0)


def _remember(current: Round) -> None:
    """Note among which clusters everything has been placed."""
    among = current.fingerprint
    candidates().exclude(placed_among=among).update(placed_among=among)


def overlooked() -> bool:
    """Whether clusters have come, gone or changed since everything was placed, and nobody was woken by it."""
    among = Round(timezone.now()).fingerprint
    return candidates().exclude(placed_among=among).exists()


def _tell(resources: Iterable[FederatedResource], plan: Plan) -> None:
    """Say in the feed what was replanned without anybody having asked for it."""
    replanned = [one for one in resources if one.pk in plan.replanned]
    if len(replanned) > TOLD:
        subject = f"{len(replanned)} workloads"
        feed.write(
            [Activity(verb=Activity.Verb.REPLANNED, subject=subject, message="Clusters have changed.")]
        )
        return
    verb = Activity.Verb.REPLANNED
    feed.write([feed.line(verb, one, message="; ".join(plan.replanned[one.pk])) for one in replanned])


def unscheduled() -> list[int]:
    """Resources whose newest generation was not scheduled, and those whose plan follows their health."""
    due = ~Q(generation=F("observed_generation")) | ~Q(replica_scheduling={})
    return list(FederatedResource.objects.filter(due).values_list("pk", flat=True))


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
