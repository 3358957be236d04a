"""The board: counters, the clusters, and the matrix of workloads and clusters.

Six queries, however many rows there are: counts of clusters, a page of them, what is placed in these;
counts of workloads, a page of them, and the cells of that page.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.db.models import Count, Sum
from django.http import QueryDict
from django.urls import reverse

from clusters.domain.conditions import ClusterState
from clusters.fragments import tables
from propagation.domain.statuses import Badge
from propagation.fragments import standing
from propagation.fragments.clusters import SIZE as MOST_COLUMNS
from propagation.fragments.clusters import ClusterTable
from propagation.fragments.workloads import AnyUser, WorkloadTable
from propagation.models import FederatedResource, Propagation

ROWS = 20

PARAMETERS = (
    *("state", "region", "cluster", "status", "namespace", "kind", "q"),
    *("csort", "cpage", "wsort", "wpage"),
)

#: What a column stands for: the key of a cluster, or the name of a region.
Key = int | str


@dataclass(frozen=True, slots=True)
class Heading:
    """A column of the matrix: a cluster with its state, or a region with so many clusters."""

    key: Key
    label: str
    url: str
    state: ClusterState | None = None
    clusters: int = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """A workload in a cluster, or in a region: then ``counts`` has its badges, worst first."""

    badge: Badge
    ready: int | None
    total: int | None
    counts: tuple[tuple[Badge, int], ...]

    @property
    def known(self) -> bool:
        """Whether its numbers are news."""
        return self.badge.axis != "cluster" and self.total is not None


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A workload with a cell per column; None where it is not placed."""

    resource: FederatedResource
    badge: Badge
    counts: list[tuple[Badge, int]]
    cells: list[tuple[Heading, Cell | None]]
    url: str

    @property
    def pk(self) -> int:
        return self.resource.pk


@dataclass
class Tally:
    """Rows of a cell by the rank of their badge, with their replicas."""

    ranks: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    ready: int | None = None
    total: int | None = None

    def add(self, rank: int, count: int, ready: int | None, total: int | None) -> None:
        """Count rows in; a number that is not there does not become zero."""
        self.ranks[rank] += count
        self.ready = self.ready if ready is None else (self.ready or 0) + ready
        self.total = self.total if total is None else (self.total or 0) + total

    def counts(self) -> list[tuple[Badge, int]]:
        """Badges with their counts, worst first."""
        return [(standing.badge(rank), self.ranks[rank]) for rank in sorted(self.ranks)]

    def cell(self) -> Cell:
        """The group as one cell: its worst badge."""
        counts = self.counts()
        return Cell(counts[0][0], self.ready, self.total, tuple(counts))


class Board:
    """The board as one address shows it at one moment; every part is read once, when asked for."""

    def __init__(self, query: QueryDict, user: AnyUser, now: datetime) -> None:
        self.where = tables.address(reverse("propagation:board"), query, PARAMETERS)
        self.now = now
        may_import = user.has_perm("clusters.add_cluster")
        self.clusters = ClusterTable(self.where, now, may_import=may_import)
        may_create = user.has_perm("propagation.add_federatedresource")
        self.workloads = WorkloadTable(
            self.where, now, order="wsort", page="wpage", size=ROWS, may_create=may_create
        )

    @property
    def kept(self) -> list[tuple[str, str]]:
        """The parameters that another filter keeps: those of its form change, and pages start anew."""
        fields = ("cluster", "region", "kind", "q", "wsort", "cpage", "wpage")
        return [(name, value) for name, value in self.where.parameters.items() if name not in fields]

    @cached_property
    def grouped(self) -> bool:
        """Whether the columns are regions."""
        return self.clusters.matching > MOST_COLUMNS

    @cached_property
    def headings(self) -> list[Heading]:
        """The columns of the matrix."""
        if self.grouped:
            return [self._region(region, count) for region, count in self._largest_regions()]
        rows = sorted(self.clusters.rows, key=lambda row: row.cluster.name)
        return [Heading(row.pk, row.cluster.name, row.cluster.get_absolute_url(), row.state) for row in rows]

    def _largest_regions(self) -> list[tuple[str, int]]:
        """The regions with the most clusters, by name; further ones are reached by the filter."""
        wanted = self.clusters.region
        regions = [(name, count) for name, count in self.clusters.regions.items() if wanted in ("", name)]
        return sorted(sorted(regions, key=lambda pair: -pair[1])[:MOST_COLUMNS])

    def _region(self, region: str, count: int) -> Heading:
        url = self.where.link(region=region, cpage="") if region else ""
        return Heading(region, region, url, clusters=count)

    @cached_property
    def hidden_columns(self) -> int:
        """Regions that do not fit."""
        if not self.grouped or self.clusters.region:
            return 0
        return len(self.clusters.regions) - len(self.headings)

    @cached_property
    def rows(self) -> list[MatrixRow]:
        """The page of workloads in their order."""
        return self.matrix(list(self.workloads.slice().defer("template", "overrides", "annotations")))

    def matrix(self, resources: Sequence[FederatedResource]) -> list[MatrixRow]:
        """Rows for these workloads, which carry their ``rank``, with the columns of this board."""
        tallies = self._tallies([resource.pk for resource in resources])
        return [self._row(resource, tallies[resource.pk]) for resource in resources]

    def _tallies(self, pks: Sequence[int]) -> Mapping[int, dict[Key, Tally]]:
        column = "cluster__region" if self.grouped else "cluster_id"
        keys = {f"{column}__in": [heading.key for heading in self.headings]}
        placed = Propagation.objects.filter(resource_id__in=pks, **keys)
        if self.grouped:
            placed = placed.filter(cluster__in=self.clusters.clusters().values("pk"))
        ranked = placed.annotate(rank=standing.row_rank(self.now)).order_by()
        groups = ranked.values_list("resource_id", column, "rank").annotate(
            count=Count("pk"), ready=Sum("ready_replicas"), total=Sum("total_replicas")
        )
        tallies: dict[int, dict[Key, Tally]] = defaultdict(lambda: defaultdict(Tally))
        for resource_pk, key, *numbers in groups:
            tallies[resource_pk][key].add(*numbers)
        return tallies

    def _row(self, resource: FederatedResource, by_column: Mapping[Key, Tally]) -> MatrixRow:
        whole = Tally()
        for tally in by_column.values():
            for rank, count in tally.ranks.items():
                whole.add(rank, count, None, None)
        cells = [(one, by_column[one.key].cell() if one.key in by_column else None) for one in self.headings]
        badge = standing.badge(resource.rank)  # type: ignore[attr-defined]
        return MatrixRow(resource, badge, whole.counts(), cells, resource.get_absolute_url())
