"""How rows and workloads stand, as SQL: the same words as ``statuses`` gives (for clusters see ``ranking``).

Counting, filtering and sorting happen in the database, so the rules have to be there too. Every
expression yields a ``rank`` (0 is the worst), and the enums tell which word a rank is.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Case, Expression, F, IntegerField, Min, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Least

from clusters.domain.conditions import STALE_AFTER, ClusterState, Status
from clusters.models import Cluster
from propagation.domain.statuses import BADGES, UNREPORTED, Badge, Delivery, Rollout
from propagation.models import FederatedResource, Propagation

#: A workload whose placement selects no cluster at all.
NOWHERE = Badge("Nowhere", "Not placed", "warn", "alert", 7, "placement")

_BADGES = {badge.rank: badge for badge in [*BADGES.values(), NOWHERE]}
_VALUES = {badge.value: badge for badge in _BADGES.values()}
_STATES = {state.rank: state for state in ClusterState}

#: The words by their spelling in the database.
DELIVERIES = {word.value: word for word in Delivery}
ROLLOUTS = {word.value: word for word in Rollout}

#: Ranks of rows that need nobody: complete, or at rest because somebody wants it so.
SETTLED = tuple(word.rank for word in (Rollout.PAUSED, Rollout.SCALED_TO_ZERO, Rollout.COMPLETE))


def badge(rank: int) -> Badge:
    """The badge of a rank."""
    return _BADGES[rank]


def badge_named(value: str) -> Badge | None:
    """The badge of this value, as it stands in addresses."""
    return _VALUES.get(value)


def state(rank: int) -> ClusterState:
    """The cluster state of a rank."""
    return _STATES[rank]


def reporting(cluster: Cluster, now: datetime) -> bool:
    """Whether what is known of the objects in a cluster is news."""
    last = cluster.last_probe_time
    return cluster.ready == Status.TRUE and last is not None and now - last <= STALE_AFTER


def reporting_where(now: datetime, prefix: str = "") -> Q:
    """``reporting`` as a condition; ``prefix`` leads to the cluster."""
    return Q(**{f"{prefix}ready": Status.TRUE, f"{prefix}last_probe_time__gte": now - STALE_AFTER})


def _words(column: str, words: Iterable[Delivery | Rollout], default: Delivery | Rollout) -> Case:
    cases = [When(**{column: word.value}, then=Value(word.rank)) for word in words if word is not default]
    return Case(*cases, default=Value(default.rank), output_field=IntegerField())


def row_rank(now: datetime, generation: Any = None) -> Case:
    """The rank of a propagation's badge.

    Of a cluster that does not report nothing is known. What was applied of an older wish is not applied.
    ``generation`` is that of the resource, where the query has it at hand.
    """
    newest = F("resource__generation") if generation is None else generation
    outdated = Q(desired_generation__gt=F("applied_generation")) | Q(applied_revision__lt=newest)
    drifted = ~Q(applied_hash="") & ~Q(live_owned="") & ~Q(live_owned=F("applied_owned"))
    dirty = Q(desired_generation__gt=F("applied_generation"))
    unrepaired = Q(resource__suspend_repair=True)
    delivery = Case(
        When(
            Q(delivery=Delivery.APPLIED) & (dirty | unrepaired) & drifted, then=Value(Delivery.DRIFTED.rank)
        ),
        When(Q(delivery=Delivery.APPLIED) & outdated, then=Value(Delivery.QUEUED.rank)),
        default=_words("delivery", Delivery, Delivery.QUEUED),
        output_field=IntegerField(),
    )
    return Case(
        When(
            reporting_where(now, "cluster__"),
            then=Least(delivery, _words("rollout", Rollout, Rollout.UNKNOWN)),
        ),
        default=Value(UNREPORTED.rank),
        output_field=IntegerField(),
    )


def workload_rank(now: datetime) -> Expression:
    """The rank of the worst row of a resource, or what it means that it has none."""
    rows = Propagation.objects.filter(resource=OuterRef("pk")).order_by().values("resource")
    worst = rows.annotate(worst=Min(row_rank(now, OuterRef("generation")))).values("worst")
    without_rows = Case(
        When(deletion_requested_at__isnull=False, then=Value(Delivery.DELETING.rank)),
        When(observed_generation__lt=F("generation"), then=Value(Delivery.QUEUED.rank)),
        default=Value(NOWHERE.rank),
        output_field=IntegerField(),
    )
    return Coalesce(Subquery(worst), without_rows, output_field=IntegerField())


def effective_delivery(row: Propagation, resource: FederatedResource) -> Delivery:
    """What ``row_rank`` makes of the delivery: an older wish that was applied is not applied."""
    delivery = DELIVERIES.get(row.delivery, Delivery.QUEUED)
    if delivery is not Delivery.APPLIED:
        return delivery
    if row.drifted and (row.dirty or resource.suspend_repair):
        return Delivery.DRIFTED
    outdated = row.dirty or row.applied_revision < resource.generation
    return Delivery.QUEUED if outdated else delivery
