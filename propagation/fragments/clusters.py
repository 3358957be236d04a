"""The table of clusters on the board: a query for its counters, one for a page, one for what is placed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, Q, QuerySet

from clusters import ranking
from clusters.domain.conditions import ClusterState, Reason
from clusters.fragments import tables
from clusters.fragments.tables import Address, Chip, Page
from clusters.models import Cluster
from propagation.fragments import standing
from propagation.fragments.placements import COLUMNS
from propagation.models import Propagation

#: Rows of a page, and the most columns of the matrix: its columns are the rows of the first page.
SIZE = 30

ORDERS = {
    "state": "rank",
    "name": "name",
    "since": "last_transition_time",
    "version": "version",
    "nodes": "nodes_ready",
    "report": "last_probe_time",
}


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """A line of the table; ``settled`` of ``placed`` propagations need nobody."""

    cluster: Cluster
    state: ClusterState
    reporting: bool
    placed: int = 0
    settled: int = 0

    @property
    def pk(self) -> int:
        return self.cluster.pk

    @property
    def reason(self) -> str:
        """Why it is not well; nothing where it is."""
        return "" if self.cluster.reason == Reason.CLUSTER_READY else self.cluster.reason


class ClusterTable:
    """The clusters that an address asks for, at one moment; every part is read once, when asked for."""

    def __init__(self, where: Address, now: datetime, *, may_import: bool) -> None:
        self.where = where
        self.may_import = may_import
        self.now = now
        self.chosen = where.text("state")
        self.region = where.text("region")
        self.search = where.text("cluster")

    @cached_property
    def _groups(self) -> list[tuple[int, str, int]]:
        """(rank, region, count) of the clusters that bear the name that is looked for."""
        ranked = Cluster.objects.filter(name__icontains=self.search).annotate(
            rank=ranking.state_rank(self.now)
        )
        groups = ranked.order_by().values_list("rank", "region").annotate(count=Count("pk"))
        return list(groups)

    @cached_property
    def chips(self) -> list[Chip]:
        """A counter for every state that occurs, worst first."""
        counts: dict[int, int] = defaultdict(int)
        for rank, _region, count in self._groups:
            counts[rank] += count
        return [
            tables.chip(self.where, "state", "cpage", standing.state(rank), counts[rank])
            for rank in sorted(counts)
        ]

    @cached_property
    def regions(self) -> dict[str, int]:
        """Clusters by region, of those that the other filters let through."""
        counts: dict[str, int] = defaultdict(int)
        for rank, region, count in self._groups:
            if self.chosen in ("", standing.state(rank).value):
                counts[region] += count
        return dict(sorted(counts.items()))

    @cached_property
    def matching(self) -> int:
        """How many clusters all filters let through."""
        return sum(count for region, count in self.regions.items() if self.region in ("", region))

    @cached_property
    def empty(self) -> bool:
        """Whether no cluster was imported yet."""
        return not self._groups and not self.search

    @cached_property
    def page(self) -> Page:
        return tables.page(self.where, "cpage", SIZE, self.matching)

    @cached_property
    def columns(self) -> dict[str, tables.Column]:
        return tables.columns(self.where, "csort", tuple(ORDERS), "cpage")

    def clusters(self) -> QuerySet[Any]:
        """All clusters that the filters let through, with their ``rank``."""
        wanted = Q(name__icontains=self.search)
        if self.region:
            wanted &= Q(region=self.region)
        if self.chosen:
            wanted &= Q(rank__in=[state.rank for state in ClusterState if state.value == self.chosen])
        return Cluster.objects.annotate(rank=ranking.state_rank(self.now)).filter(wanted)

    @cached_property
    def rows(self) -> list[ClusterRow]:
        """The page in its order."""
        order = tables.ordering(self.where.choice("csort", tuple(ORDERS)), ORDERS)
        ordered = self.clusters().order_by(order, "name")
        return rows(ordered[self.page.start : self.page.stop], self.now)


def rows(clusters: QuerySet[Any], now: datetime) -> list[ClusterRow]:
    """Rows for these clusters, with the counts of what is placed in them."""
    members: list[Cluster] = list(clusters.only(*COLUMNS, "message", "last_transition_time"))
    counts = _placed(members, now)
    return [
        ClusterRow(
            cluster=member,
            state=member.state_at(now),
            reporting=standing.reporting(member, now),
            **dict(zip(("placed", "settled"), counts.get(member.pk, (0, 0)), strict=True)),
        )
        for member in members
    ]


def _placed(clusters: Iterable[Cluster], now: datetime) -> dict[int, tuple[int, int]]:
    """Rows in all and settled ones, by the key of the cluster."""
    ranked = Propagation.objects.filter(cluster__in=list(clusters)).annotate(rank=standing.row_rank(now))
    groups = (
        ranked.order_by()
        .values_list("cluster_id")
        .annotate(placed=Count("pk"), settled=Count("pk", filter=Q(rank__in=standing.SETTLED)))
    )
    return {pk: (placed, settled) for pk, placed, settled in groups}
