"""Tables of workloads: counted, filtered, ordered and paged by the database."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count, Q, QuerySet, Sum
from django.http import QueryDict
from django.urls import reverse

from clusters.fragments import tables
from clusters.fragments.tables import Address, Chip, Page
from propagation.domain import deployments
from propagation.domain.statuses import UNREPORTED, Badge
from propagation.fragments import standing
from propagation.models import FederatedResource, Propagation

#: Rows, ready replicas, wanted replicas.
Numbers = tuple[int, int | None, int | None]
AnyUser = User | AnonymousUser

ORDERS = {
    "status": "rank",
    "name": "name",
    "namespace": "namespace",
    "kind": "type__kind",
    "changed": "updated_at",
}

LIST_PARAMETERS = ("status", "namespace", "kind", "q", "sort", "page")
LIST_SIZE = 50


@dataclass(frozen=True, slots=True)
class WorkloadRow:
    """A line of the list: its worst badge, and how many clusters bear which.

    ``ready`` of ``total`` replicas are up, as far as clusters report; ``unknown`` more are elsewhere.
    """

    resource: FederatedResource
    badge: Badge
    counts: list[tuple[Badge, int]]
    ready: int | None
    total: int | None
    unknown: int | None

    @property
    def pk(self) -> int:
        return self.resource.pk

    @property
    def placed(self) -> int:
        """In how many clusters it is, or should be."""
        return sum(count for _badge, count in self.counts)

    @property
    def image(self) -> str:
        """The image of its first container, where it has one."""
        if deployments.unrepresentable(self.resource.template):
            return ""
        return deployments.read(self.resource.template).image


class WorkloadTable:
    """The workloads that an address asks for, at one moment; every part is read once, when asked for."""

    def __init__(
        self, where: Address, now: datetime, *, order: str, page: str, size: int, may_create: bool
    ) -> None:
        self.where = where
        self.now = now
        self.may_create = may_create
        self.chosen = where.text("status")
        self.search = where.text("q")
        self.order = where.choice(order, tuple(ORDERS))
        self._order, self._page, self._size = order, page, size

    @cached_property
    def filter(self) -> Q:
        """The filters but for the status, which is an expression."""
        wanted = Q()
        if self.search:
            wanted &= Q(name__icontains=self.search) | Q(namespace__icontains=self.search)
        if namespace := self.where.text("namespace"):
            wanted &= Q(namespace=namespace)
        if self.kind:
            wanted &= Q(type__kind=self.kind)
        return wanted

    def _ranked(self) -> QuerySet[Any]:
        return FederatedResource.objects.filter(self.filter).annotate(rank=standing.workload_rank(self.now))

    @cached_property
    def counts(self) -> dict[int, int]:
        """Workloads by the rank of their badge."""
        return dict(self._ranked().order_by().values_list("rank").annotate(count=Count("pk")))

    @property
    def kind(self) -> str:
        """The kind that is asked for."""
        return self.where.text("kind")

    @cached_property
    def kinds(self) -> list[str]:
        """The kinds that there are workloads of."""
        found = FederatedResource.objects.order_by("type__kind").values_list("type__kind", flat=True)
        return list(found.distinct())

    @cached_property
    def chips(self) -> list[Chip]:
        """A counter for every badge that occurs, worst first."""
        return [
            tables.chip(self.where, "status", self._page, standing.badge(rank), self.counts[rank])
            for rank in sorted(self.counts)
        ]

    @cached_property
    def empty(self) -> bool:
        """Whether nothing was created yet."""
        return not self.counts and not self.filter

    @cached_property
    def page(self) -> Page:
        badge = standing.badge_named(self.chosen)
        chosen = self.counts.get(badge.rank, 0) if badge else 0
        total = chosen if self.chosen else sum(self.counts.values())
        return tables.page(self.where, self._page, self._size, total)

    @cached_property
    def columns(self) -> dict[str, tables.Column]:
        return tables.columns(self.where, self._order, tuple(ORDERS), self._page)

    def workloads(self) -> QuerySet[Any]:
        """All workloads that the filters let through, with their ``rank``."""
        if not self.chosen:
            return self._ranked()
        badge = standing.badge_named(self.chosen)
        return self._ranked().filter(rank=badge.rank) if badge else self._ranked().none()

    def slice(self) -> QuerySet[Any]:
        """The page in its order."""
        order = tables.ordering(self.order, ORDERS)
        ordered = self.workloads().select_related("type").order_by(order, "namespace", "name", "pk")
        return ordered[self.page.start : self.page.stop]

    @cached_property
    def rows(self) -> list[WorkloadRow]:
        """The page with its aggregates."""
        return rows(list(self.slice()), self.now)


def workload_list(query: QueryDict, user: AnyUser, now: datetime) -> WorkloadTable:
    """The table of the list page, as its address asks for it."""
    where = tables.address(reverse("propagation:list"), query, LIST_PARAMETERS)
    may_create = user.has_perm("propagation.add_federatedresource")
    return WorkloadTable(where, now, order="sort", page="page", size=LIST_SIZE, may_create=may_create)


def rows(resources: Sequence[FederatedResource], now: datetime) -> list[WorkloadRow]:
    """Rows for these workloads, which carry their ``rank``."""
    tallies = tally([resource.pk for resource in resources], now)
    return [_row(resource, tallies[resource.pk]) for resource in resources]


def _row(resource: FederatedResource, by_rank: dict[int, Numbers]) -> WorkloadRow:
    known = [numbers for rank, numbers in by_rank.items() if rank != UNREPORTED.rank]
    _count, _ready, unknown = by_rank.get(UNREPORTED.rank, (0, None, None))
    return WorkloadRow(
        resource=resource,
        badge=standing.badge(resource.rank),  # type: ignore[attr-defined]
        counts=[(standing.badge(rank), by_rank[rank][0]) for rank in sorted(by_rank)],
        ready=_sum(ready for _count, ready, _total in known),
        total=_sum(total for _count, _ready, total in known),
        unknown=unknown,
    )


def tally(pks: Sequence[int], now: datetime) -> Mapping[int, dict[int, Numbers]]:
    """The numbers of resources (by key) by the rank of their rows."""
    ranked = Propagation.objects.filter(resource_id__in=pks).annotate(rank=standing.row_rank(now))
    groups = (
        ranked.order_by()
        .values_list("resource_id", "rank")
        .annotate(count=Count("pk"), ready=Sum("ready_replicas"), total=Sum("total_replicas"))
    )
    tallies: dict[int, dict[int, Numbers]] = defaultdict(dict)
    for pk, rank, count, ready, total in groups:
        tallies[pk][rank] = (count, ready, total)
    return tallies


def _sum(numbers: Any) -> int | None:
    """A sum that is not known when none of its parts is."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None
