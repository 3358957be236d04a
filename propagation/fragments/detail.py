"""One workload: a row per cluster with both axes, the aggregate, and where it is not placed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, QuerySet

from clusters.domain.conditions import ClusterState, Reason
from clusters.models import Cluster
from propagation.domain.statuses import UNREPORTED, Badge, Delivery, Rollout, badge
from propagation.fragments import options, placements, standing, whereabouts
from propagation.fragments.needs import Need, needs
from propagation.fragments.placements import Preview
from propagation.models import FederatedResource, Propagation


@dataclass(frozen=True, slots=True)
class DetailRow:
    """A workload in one cluster. Of a cluster that does not report, the rollout is the last known one."""

    propagation: Propagation
    resource: FederatedResource
    state: ClusterState
    reporting: bool
    delivery: Delivery
    rollout: Rollout

    @property
    def pk(self) -> int:
        return self.propagation.pk

    @property
    def cluster(self) -> Cluster:
        return self.propagation.cluster

    @property
    def badge(self) -> Badge:
        """The one word for it."""
        return badge(self.delivery, self.rollout) if self.reporting else UNREPORTED

    @property
    def outdated(self) -> bool:
        """Whether the cluster has, or reports on, an older revision than the newest."""
        return 0 < self.propagation.applied_revision < self.resource.generation

    @property
    def reason(self) -> str:
        """Why it is not where it should be: of the cluster, the delivery, or the rollout."""
        row = self.propagation
        if not self.reporting:
            told = self.cluster.reason not in ("", Reason.CLUSTER_READY)
            return self.cluster.reason if told else self.state.value
        return row.reason or row.hint_reason or row.rollout_reason

    @property
    def explained(self) -> bool:
        """Whether there is anything to say about it."""
        return bool(self.reason or self.message or self.propagation.last_event or self.waiting)

    @property
    def waiting(self) -> bool:
        """Whether it will be tried again, at ``next_attempt_at``."""
        return self.propagation.dirty and self.propagation.next_attempt_at is not None

    @property
    def message(self) -> str:
        row = self.propagation
        if not self.reporting:
            return self.cluster.message
        if row.message or row.reason:
            return row.message
        return row.last_event if row.hint_reason else row.rollout_message


@dataclass(frozen=True, slots=True)
class Gone:
    """A workload that has been removed while somebody looks at it."""

    pk: int
    rows: tuple[DetailRow, ...] = ()
    gone: bool = True


#: Columns that only the pages of one workload need.
HEAVY = [f"resource__{name}" for name in ("template", "overrides", "placement", "annotations")]


class Detail:
    """A workload at one moment; every part is read once, when asked for."""

    def __init__(self, resource: FederatedResource, now: datetime) -> None:
        self.resource = resource
        self.now = now

    @property
    def pk(self) -> int:
        return self.resource.pk

    @cached_property
    def rows(self) -> list[DetailRow]:
        """A row per cluster, worst first."""
        found = rows(self.resource.propagations.all(), self.resource, self.now)
        return sorted(found, key=lambda row: (row.badge.rank, row.cluster.name))

    @cached_property
    def counts(self) -> list[tuple[Badge, int]]:
        """Badges with their counts, worst first."""
        counts = Counter(row.badge for row in self.rows)
        return sorted(counts.items(), key=lambda pair: pair[0].rank)

    @cached_property
    def badge(self) -> Badge:
        """The worst of all clusters."""
        if self.counts:
            return self.counts[0][0]
        if self.resource.deletion_requested_at:
            return badge(Delivery.DELETING, Rollout.COMPLETE)
        if self.resource.observed_generation < self.resource.generation:
            return badge(Delivery.QUEUED, Rollout.COMPLETE)
        return standing.NOWHERE

    @property
    def whereabouts(self) -> list[str]:
        """Its placement, in words."""
        return whereabouts.told(self.resource.placement)

    @property
    def options(self) -> list[str]:
        """What is not dealt with in the usual way."""
        return options.told(self.resource)

    @cached_property
    def needs(self) -> list[Need]:
        """What it names and cannot run without."""
        return needs(self.resource)

    @property
    def shared_out(self) -> str:
        """How its replicas are shared out; empty for the same number everywhere."""
        return options.shared_out(self.resource)

    @cached_property
    def preview(self) -> Preview:
        """What its placement selects now, and why not the other clusters."""
        rows = [row.propagation for row in self.rows]
        return placements.preview(self.resource, placements.candidates(), rows)


def rows(found: QuerySet[Propagation], resource: FederatedResource, now: datetime) -> list[DetailRow]:
    """Rows of one resource."""
    return [row_of(row, resource, now) for row in _slim(found)]


def rows_of_all(resources: Sequence[FederatedResource], now: datetime) -> dict[int, list[DetailRow]]:
    """Rows of several resources, by their keys, with one query."""
    found: dict[int, list[DetailRow]] = {resource.pk: [] for resource in resources}
    by_pk = {resource.pk: resource for resource in resources}
    for row in _slim(Propagation.objects.filter(resource__in=by_pk)):
        found[row.resource_id].append(row_of(row, by_pk[row.resource_id], now))
    return found


def _slim(found: QuerySet[Propagation]) -> QuerySet[Propagation]:
    columns = [f"cluster__{name}" for name in (*placements.COLUMNS, "message", "last_transition_time")]
    own = [field.attname for field in Propagation._meta.concrete_fields]
    return found.select_related("cluster").only(*own, *columns)


def row_of(row: Propagation, resource: FederatedResource, now: datetime) -> DetailRow:
    """A row whose cluster was read too."""
    return DetailRow(
        propagation=row,
        resource=resource,
        state=row.cluster.state_at(now),
        reporting=standing.reporting(row.cluster, now),
        delivery=standing.effective_delivery(row, resource),
        rollout=standing.ROLLOUTS.get(row.rollout, Rollout.UNKNOWN),
    )


class Placed:
    """What is placed in one cluster, worst first; ``SHOWN`` rows of it."""

    SHOWN = 100

    def __init__(self, cluster: Cluster, now: datetime) -> None:
        self.cluster = cluster
        self.now = now

    @property
    def pk(self) -> int:
        return self.cluster.pk

    def _ranked(self) -> QuerySet[Any]:
        return Propagation.objects.filter(cluster=self.cluster).annotate(rank=standing.row_rank(self.now))

    @cached_property
    def counts(self) -> list[tuple[Badge, int]]:
        """Badges with their counts, worst first."""
        groups = self._ranked().order_by("rank").values_list("rank").annotate(count=Count("pk"))
        return [(standing.badge(rank), count) for rank, count in groups]

    @cached_property
    def total(self) -> int:
        return sum(count for _badge, count in self.counts)

    @cached_property
    def rows(self) -> list[DetailRow]:
        """The worst ones."""
        slim = self._ranked().select_related("resource__type").defer(*HEAVY)
        worst = list(slim.order_by("rank", "resource__namespace", "resource__name", "pk")[: self.SHOWN])
        for row in worst:
            row.cluster = self.cluster
        return [row_of(row, row.resource, self.now) for row in worst]

    @property
    def hidden(self) -> int:
        return self.total - len(self.rows)
