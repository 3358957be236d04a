"""The list of clusters: what its address asks for, filtered, sorted and cut into pages in SQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.fields.json import KeyTransform
from django.http import QueryDict
from django.urls import reverse

from clusters.domain import labels
from clusters.domain.conditions import ClusterState
from clusters.fragments import Fragment, fragment, tables
from clusters.models import Cluster
from clusters.ranking import state_rank

SIZE = 50
#: Orders by their names in the address; the first is the default.
ORDERS = {
    "name": "name",
    "state": "rank",
    "since": "last_transition_time",
    "version": "version",
    "region": "region",
}
_PARAMETERS = ("q", "state", "region", "label", "sort", "page")
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


class Listing:
    """One page of the list at one moment; every part is read once, when it is asked for."""

    def __init__(self, query: QueryDict, now: datetime) -> None:
        self.where = tables.address(reverse("clusters:list"), query, _PARAMETERS)
        self.now = now
        self.search = self.where.text("q")
        self.state = self.where.text("state")
        self.region = self.where.text("region")
        self.label = self.where.text("label")
        try:
            self._labels, self.problem = labels.parse_pairs(self.label), ""
        except labels.InvalidLabel as error:
            self._labels, self.problem = {}, str(error)

    @cached_property
    def _found(self) -> QuerySet[Any]:
        """What every filter but the state's lets through."""
        found: QuerySet[Any] = Cluster.objects.annotate(rank=state_rank(self.now))
        found = found.filter(name__icontains=self.search)
        if self.region:
            found = found.filter(region=self.region)
        for index, (key, value) in enumerate(self._labels.items()):
            found = found.alias(**{f"label_{index}": KeyTransform(key, "labels")})
            found = found.filter(**{f"label_{index}": value})
        return found

    @cached_property
    def _counts(self) -> dict[int, int]:
        groups = self._found.order_by().values_list("rank").annotate(count=Count("pk"))
        return dict(sorted((rank, count) for rank, count in groups))

    @cached_property
    def chips(self) -> list[tables.Chip]:
        """A counter for each state that occurs, worst first."""
        return [
            tables.chip(self.where, "state", "page", _STATES[rank], count)
            for rank, count in self._counts.items()
        ]

    @cached_property
    def total(self) -> int:
        """Clusters of every state."""
        return sum(self._counts.values())

    @property
    def all_url(self) -> str:
        return self.where.link(state="", page="")

    @cached_property
    def regions(self) -> list[str]:
        """Every region that occurs."""
        known = Cluster.objects.exclude(region="").order_by("region")
        return list(known.values_list("region", flat=True).distinct())

    @cached_property
    def columns(self) -> dict[str, tables.Column]:
        return tables.columns(self.where, "sort", tuple(ORDERS), "page")

    @cached_property
    def page(self) -> tables.Page:
        matching = sum(
            count for rank, count in self._counts.items() if self.state in ("", _STATES[rank].value)
        )
        return tables.page(self.where, "page", SIZE, matching)

    @cached_property
    def rows(self) -> list[Row]:
        """The page in its order."""
        chosen = self._found
        if self.state:
            chosen = chosen.filter(
                rank__in=[rank for rank, state in _STATES.items() if state.value == self.state]
            )
        order = tables.ordering(self.where.choice("sort", tuple(ORDERS)), ORDERS)
        found = chosen.defer(*_UNUSED).order_by(order, "name")[self.page.start : self.page.stop]
        return [Row(cluster, cluster.state_at(self.now)) for cluster in found]

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
