"""The list of clusters: what its address asks for, filtered, sorted and cut into pages in SQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.http import QueryDict
from django.urls import reverse

from clusters.domain import labels
from clusters.domain.conditions import ClusterState
from clusters.fragments import Fragment, fragment
from clusters.models import Cluster
from clusters.ranking import state_rank

SIZE = 50
ORDERS = ("name", "state", "region", "version", "since")
_COLUMNS = {"state": "rank", "since": "last_transition_time"}
_STATES = {state.rank: state for state in ClusterState}
_UNUSED = ("credential", "ca_bundle", "api_resources", "permitted_namespaces", "description")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list."""

    cluster: Cluster
    state: ClusterState

    @property
    def pk(self) -> int:
        return self.cluster.pk


@dataclass(frozen=True, slots=True)
class Chip:
    """A counter that filters; chosen again, it shows everything."""

    state: ClusterState
    count: int
    active: bool
    url: str


class Listing:
    """One page of the list at one moment; every part is read once, when it is asked for."""

    def __init__(self, query: QueryDict, now: datetime) -> None:
        self.query = query
        self.now = now
        self.search = query.get("q", "").strip()[:63]
        self.state = query.get("state", "")
        self.region = query.get("region", "")
        self.label = query.get("label", "").strip()[:500]
        self.sort = query.get("sort", "")
        self.problem = ""

    @cached_property
    def _found(self) -> QuerySet[Any]:
        """What every filter but the state's lets through."""
        found: QuerySet[Any] = Cluster.objects.annotate(rank=state_rank(self.now))
        found = found.filter(name__icontains=self.search)
        if self.region:
            found = found.filter(region=self.region)
        for index, (key, value) in enumerate(self._pairs.items()):
            found = found.alias(**{f"label_{index}": KeyTextTransform(key, "labels")})
            found = found.filter(**{f"label_{index}": value})
        return found

    @cached_property
    def _pairs(self) -> dict[str, str]:
        try:
            return labels.parse_pairs(self.label)
        except labels.InvalidLabel as error:
            self.problem = str(error)
            return {}

    @cached_property
    def chips(self) -> list[Chip]:
        """A counter for each state that occurs, worst first."""
        groups = self._found.order_by().values_list("rank").annotate(count=Count("pk"))
        counts = sorted((rank, count) for rank, count in groups)
        return [self._chip(_STATES[rank], count) for rank, count in counts]

    def _chip(self, state: ClusterState, count: int) -> Chip:
        active = self.state == state
        query = self.query.copy()
        query.pop("page", None)
        query.pop("state", None)
        if not active:
            query["state"] = state.value
        encoded = query.urlencode()
        return Chip(state, count, active, reverse("clusters:list") + (f"?{encoded}" if encoded else ""))

    @cached_property
    def regions(self) -> list[str]:
        """Every region that occurs."""
        known = Cluster.objects.exclude(region="").order_by("region")
        return list(known.values_list("region", flat=True).distinct())

    @cached_property
    def page(self) -> "Page[Any]":
        chosen = self._found
        if self.state:
            ranks = [state.rank for state in ClusterState if state == self.state]
            chosen = chosen.filter(rank__in=ranks)
        return Paginator(chosen.defer(*_UNUSED).order_by(*self._order), SIZE).get_page(self.query.get("page"))

    @property
    def _order(self) -> tuple[str | Combinable, ...]:
        name = self.sort.removeprefix("-")
        if name not in ORDERS or self.sort == "name":
            return ("name",)
        column = F(_COLUMNS.get(name, name))
        first = column.desc(nulls_last=True) if self.sort.startswith("-") else column.asc(nulls_last=True)
        return (first, "name")

    @cached_property
    def rows(self) -> list[Row]:
        return [Row(cluster, cluster.state_at(self.now)) for cluster in self.page.object_list]

    @cached_property
    def filtered(self) -> bool:
        """Whether there could be clusters that are not shown."""
        return bool(self.search or self.state or self.region or self.label)

    @cached_property
    def empty(self) -> bool:
        """Whether there is no cluster at all."""
        return not self.rows and not Cluster.objects.exists()


def row(row: Row) -> Iterator[Fragment]:
    """A line, and apart from it the age of its last report, which alone is news most of the time."""
    seen = fragment("clusters/_cluster_seen.html", key=f"cluster-seen-{row.pk}", cluster_seen=row.cluster)
    line = fragment("clusters/_cluster_row.html", key=f"cluster-row-{row.pk}", row=True, cluster_row=row)
    yield Fragment(line.id, line.html, row=True, version=line.html.replace(seen.html.strip(), ""))
    yield seen


def body(listing: Listing) -> Fragment:
    """All lines of the page."""
    return fragment("clusters/_cluster_rows.html", key="cluster-rows", row=True, cluster_rows=listing)


def counters(listing: Listing) -> Fragment:
    """The chips above the list."""
    return fragment("clusters/_cluster_counters.html", key="cluster-counters", cluster_counters=listing)
