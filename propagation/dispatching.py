"""Drain the dirty rows of clusters: claim them, deliver concurrently, record what became of them."""

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from clusters import live
from clusters.domain.conditions import Status
from clusters.domain.references import ObjectReference
from clusters.kube import loop
from clusters.models import Cluster
from propagation import delivering
from propagation.claims import Claim
from propagation.delivering import Assignment, Lane, Outcome
from propagation.domain import kinds, rendering, takeover, types
from propagation.domain.statuses import PropagationStatus
from propagation.models import FederatedResource, Propagation

#: Rows of one round; the next round takes the rest, so that nobody waits long for a share.
BATCH = 2_000

#: Seconds. A failure that may pass by itself is tried again soon, one that needs a person seldom.
TRANSIENT_BACKOFF = (1.0, 60.0)
PERMANENT_BACKOFF = (30.0, 600.0)

#: KubeFed's patience with a removal.
REMOVAL_TIMEOUT = timedelta(seconds=30)

Again = Callable[[list[int]], Any]
Observe = Callable[[list[Outcome]], Any]


def drain(cluster_pks: Collection[int], again: Again, observe: Observe) -> None:
    """Deliver every due row of these clusters.

    ``again`` is given the clusters that need another drain, ``observe`` the outcomes of every batch.

    Clusters that another drain holds are left to it: it looks for new rows after it has let go.
    Safe to kill at any line: rows stay dirty until their outcome is recorded.
    """
    claim = Claim(cluster_pks)
    try:
        _deliver_round(claim, again, observe)
    finally:
        _let_go(claim, set(claim.cluster_pks), again)


def _deliver_round(claim: Claim, again: Again, observe: Observe) -> None:
    rows = _rows(claim.cluster_pks)
    clusters = Cluster.objects.in_bulk({row.cluster_id for row in rows})
    assignments = _assignments(rows, clusters)
    waiting = Counter(assignment.cluster_pk for assignment in assignments)
    _let_go(claim, claim.cluster_pks - waiting.keys(), again)
    lanes = _lanes(assignments, clusters)
    deliveries = [delivering.deliver(lanes[one.cluster_pk], one) for one in assignments]
    for outcomes in loop.gather_batches(deliveries):
        _record(outcomes)
        observe(outcomes)
        waiting.subtract(outcome.assignment.cluster_pk for outcome in outcomes)
        claim.renew()
        _let_go(claim, {pk for pk in claim.cluster_pks if not waiting[pk]}, again)


def _let_go(claim: Claim, cluster_pks: set[int], again: Again) -> None:
    """Release, and only then look again: whoever was refused the claim had made its row dirty before."""
    if not cluster_pks:
        return
    claim.release(cluster_pks)
    left = Propagation.objects.due(timezone.now()).filter(cluster_id__in=cluster_pks)
    if pks := sorted(set(left.values_list("cluster_id", flat=True))):
        again(pks)


def _lanes(assignments: Iterable[Assignment], clusters: Mapping[int, Cluster]) -> dict[int, Lane]:
    ranks: dict[int, Counter[int]] = {}
    for one in assignments:
        ranks.setdefault(one.cluster_pk, Counter())[one.rank] += 1
    pool = loop.shared_pool()
    return {pk: Lane(pool.member(clusters[pk].connection), counts) for pk, counts in ranks.items()}


def _rows(cluster_pks: Collection[int]) -> list[Propagation]:
    due = Propagation.objects.due(timezone.now()).filter(cluster_id__in=cluster_pks)
    return list(due.defer("last_event").order_by("pk")[:BATCH])


def _assignments(rows: Iterable[Propagation], clusters: Mapping[int, Cluster]) -> list[Assignment]:
    for row in rows:
        row.cluster = clusters[row.cluster_id]
    resources = FederatedResource.objects.select_related("type").in_bulk({row.resource_id for row in rows})
    return [assignment(row, resources[row.resource_id]) for row in rows]


def assignment(row: Propagation, resource: FederatedResource) -> Assignment:
    """A row as work to do; the row need not be stored."""
    reference = reference_in(row.cluster, resource)
    return Assignment(
        pk=row.pk,
        cluster_pk=row.cluster_id,
        target=rendering.Target(row.cluster.name, row.cluster.selection_labels),
        resource_pk=resource.pk,
        reference=reference,
        spec=specification(resource, reference, row.replicas),
        generation=resource.generation,
        desired_generation=row.desired_generation,
        selected=row.selected,
        ready=row.cluster.ready == Status.TRUE,
        deleting=resource.deletion_requested_at is not None,
        orphan=resource.orphan,
        policy=resource.conflict_policy,
        retain_replicas=resource.retain_replicas,
        applied_hash=row.applied_hash,
        drifted=row.drifted,
        attempts=row.attempts,
        rank=types.rank(resource.type.kind, removing=not row.selected),
        in_place=resource.adopt_in_place,
        joined=row.cluster.joined_at is not None,
        delete_contents=resource.delete_contents,
        removal_asked_at=row.removal_asked_at,
    )


def reference_in(cluster: Cluster, resource: FederatedResource) -> ObjectReference:
    """The object in the version in which this cluster serves its kind."""
    kind = kinds.as_served(resource.type.resource_type, tuple(cluster.api_resources))
    return ObjectReference(kind, resource.namespace, resource.name)


def specification(
    resource: FederatedResource, reference: ObjectReference, replicas: int | None
) -> rendering.Spec:
    """What the pure renderer needs to know of a resource."""
    return rendering.Spec(
        reference=reference,
        template=resource.template,
        overrides=resource.overrides,
        replicas=replicas,
        retain_replicas=resource.retain_replicas,
    )


def _record(outcomes: list[Outcome]) -> None:
    now = timezone.now()
    applied = [one for one in outcomes if one.live is not None]
    unsettled = [one for one in outcomes if one.live is None and not one.gone]
    gone = [one.assignment.pk for one in outcomes if one.gone]
    Propagation.objects.record([_applied_row(one, now) for one in applied])
    # A row that was changed meanwhile is due at once: the failure of its former wish must not delay it.
    Propagation.objects.record([_unsettled_row(one, now) for one in unsettled], guard="desired_generation")
    if gone:
        Propagation.objects.filter(pk__in=gone, selected=False).delete()
        resource_pks = {one.assignment.resource_pk for one in outcomes if one.gone}
        FederatedResource.objects.filter(pk__in=resource_pks).finished().delete()
    live.announce("workloads", {one.assignment.resource_pk for one in outcomes})
    live.announce("cluster-propagations", {one.assignment.cluster_pk for one in outcomes})


def _applied_row(outcome: Outcome, now: datetime) -> dict[str, Any]:
    assert outcome.live is not None  # noqa: S101  (the caller chose these)
    return {
        **_common(outcome, now),
        "applied_generation": outcome.assignment.desired_generation,
        "applied_revision": outcome.assignment.generation,
        "applied_hash": outcome.digest,
        "applied_owned": takeover.held(outcome.live),
        "uid": outcome.live["metadata"].get("uid", ""),
        "attempts": 0,
        "next_attempt_at": None,
        "removal_asked_at": None,
    }


def _unsettled_row(outcome: Outcome, now: datetime) -> dict[str, Any]:
    return {
        **_common(outcome, now),
        "desired_generation": outcome.assignment.desired_generation,
        "attempts": outcome.assignment.attempts + 1,
        "next_attempt_at": now + backoff(outcome),
        "removal_asked_at": outcome.assignment.removal_asked_at or (now if outcome.removing else None),
    }


def _status(outcome: Outcome, now: datetime) -> PropagationStatus:
    """A removal that takes long is told apart from one that has just begun."""
    asked = outcome.assignment.removal_asked_at
    late = outcome.removing and asked is not None and now - asked > REMOVAL_TIMEOUT
    return PropagationStatus.DELETION_TIMED_OUT if late else outcome.status


def _common(outcome: Outcome, now: datetime) -> dict[str, Any]:
    return {
        "pk": outcome.assignment.pk,
        "delivery": outcome.delivery,
        "reason": _status(outcome, now),
        "message": outcome.message,
        "delivered_at": now,
    }


def backoff(outcome: Outcome) -> timedelta:
    """Exponential with full jitter above half; never sooner than the server asked (``Retry-After``)."""
    first, longest = TRANSIENT_BACKOFF if outcome.transient else PERMANENT_BACKOFF
    step = min(longest, first * 2 ** min(outcome.assignment.attempts, 10))
    jittered = step * random.uniform(0.5, 1.0)  # noqa: S311  (not a secret)
    return timedelta(seconds=max(jittered, outcome.retry_after))
