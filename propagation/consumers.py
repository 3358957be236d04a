"""Live updates of the board, the workloads, one workload, and what is placed in a cluster."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Protocol

from django.contrib.auth import get_user_model
from django.utils import timezone

from clusters import live
from clusters.consumers import Changes, ClusterConsumer, LiveConsumer
from clusters.fragments import Fragment, fragment
from clusters.models import Cluster
from propagation import feed, scopes
from propagation.fragments import placed_object
from propagation.fragments.activity import Feed, Timeline
from propagation.fragments.board import Board
from propagation.fragments.detail import Detail, Gone, Placed
from propagation.fragments.revisions import Revisions
from propagation.fragments.workloads import workload_list
from propagation.models import FederatedResource

VIEW = ("propagation.view_federatedresource", "clusters.view_cluster")


class Row(Protocol):
    """What a line of a table shows; its key is part of its element's id."""

    @property
    def pk(self) -> int: ...


class ScopedConsumer(LiveConsumer):
    """Reads what the person at the other end may see."""

    def serving(self) -> AbstractContextManager[None]:
        """Their namespaces, as they are now."""
        return scopes.serving(self.user)


class TableConsumer(ScopedConsumer):
    """Pushes tables row by row; where rows came or went, the body that holds them.

    The order of rows that stay is left alone, so that none jumps away under the pointer.
    """

    permissions: ClassVar[tuple[str, ...]] = VIEW

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: The keys of the rows that the page has, by the name of their table.
        self.shown: dict[str, frozenset[int]] = {}

    def table(self, name: str, rows: Sequence[Row], body: Any) -> Iterator[Fragment]:
        """The rows as ``_name.html``, or the whole body as ``_names.html`` where their set has changed."""
        keys = frozenset(row.pk for row in rows)
        fragments = [one(name, row, key=row.pk, row=True) for row in rows]
        if self.shown.get(name) == keys:
            yield from fragments
            return
        self.shown[name] = keys
        for row in fragments:
            self._is_news(row)  # sent as part of the body
        yield one(f"{name}s", body, row=True)


def one(name: str, value: Any, *, key: Any = "", row: bool = False) -> Fragment:
    """The fragment ``_name.html`` of the one variable ``name``."""
    parts = [name.replace("_", "-"), *([str(key)] if key else [])]
    return fragment(f"propagation/_{name}.html", key="-".join(parts), row=row, **{name: value})


class BoardConsumer(TableConsumer):
    """The board, with the filters and the pages of its address."""

    groups: list[str] = [live.CLUSTERS, live.WORKLOADS]

    def fragments(self, changes: Changes) -> Iterable[Fragment]:
        """Read the board anew: its queries are few, and counters and pages may change by any change."""
        request = self.request
        board = Board(request.GET, request.user, timezone.now())
        yield one("board_headings", board, row=True)
        yield from self.table("board_cluster", board.clusters.rows, board.clusters)
        yield from self.table("board_workload", board.rows, board)
        yield one("board_cluster_counters", board.clusters)
        yield one("board_workload_counters", board.workloads)
        yield one("board_summary", board)


class ListConsumer(TableConsumer):
    """The list of workloads, with the filters and the page of its address."""

    groups: list[str] = [live.CLUSTERS, live.WORKLOADS]

    def fragments(self, changes: Changes) -> Iterable[Fragment]:
        """Read the page anew."""
        request = self.request
        workloads = workload_list(request.GET, request.user, timezone.now())
        yield from self.table("workload_row", workloads.rows, workloads)
        yield one("workload_counters", workloads)


class DetailConsumer(TableConsumer):
    """One workload."""

    groups: list[str] = [live.CLUSTERS, live.WORKLOADS, feed.GROUP]

    def fragments(self, changes: Changes) -> Iterable[Fragment]:
        """Its rows and its aggregate, or that it is gone; and what was done to it."""
        pk: int = self.scope["url_route"]["kwargs"]["pk"]
        concerned = changes is None or changes.get(live.CLUSTERS) or pk in changes.get(live.WORKLOADS, ())
        told = changes is None or changes.get(feed.GROUP)
        if not concerned and not told:
            return
        resource = FederatedResource.objects.select_related("type").filter(pk=pk).first()
        if concerned:
            yield from self._standing(pk, resource)
        if told and resource and self.request.GET.get("tab") != "yaml":
            yield one("detail_activity", Timeline(resource), key=pk)

    def _standing(self, pk: int, resource: FederatedResource | None) -> Iterator[Fragment]:
        workload = Detail(resource, timezone.now()) if resource else Gone(pk)
        if self.request.GET.get("tab") != "yaml":
            yield from self.table("detail_row", workload.rows, workload)
        yield one("detail_header", workload, key=pk)


class RevisionsConsumer(ScopedConsumer):
    """The revisions of one workload, on the page that the address asks for."""

    groups: list[str] = [live.WORKLOADS]
    permissions: ClassVar[tuple[str, ...]] = VIEW

    def fragments(self, changes: Changes) -> Iterable[Fragment]:
        """Its rows, as long as there is something that they belong to."""
        pk: int = self.scope["url_route"]["kwargs"]["pk"]
        if changes is not None and pk not in changes.get(live.WORKLOADS, ()):
            return
        request = self.request
        user = get_user_model().objects.filter(pk=request.user.pk or 0).first()
        resource = FederatedResource.objects.select_related("type").filter(pk=pk).first()
        if resource and user:
            yield one("revision_rows", Revisions(resource, request.path, request.GET, user), row=True)


class ActivityConsumer(ScopedConsumer):
    """The activity feed, with the filters and the page of its address."""

    groups: list[str] = [feed.GROUP]
    permissions: ClassVar[tuple[str, ...]] = VIEW

    def fragments(self, changes: Changes) -> Iterable[Fragment]:
        """Read the page anew."""
        yield one("activity_rows", Feed(self.request.GET), row=True)


class PlacedObjectConsumer(ScopedConsumer):
    """One workload in one cluster; its comparison stays as of when the page was opened."""

    groups: list[str] = [live.CLUSTERS, live.WORKLOADS]
    permissions: ClassVar[tuple[str, ...]] = VIEW

    def fragments(self, changes: Changes) -> Iterable[Fragment]:
        """How it fares, as long as it is placed there."""
        where: dict[str, Any] = self.scope["url_route"]["kwargs"]
        concerned = (
            changes is None or changes.get(live.CLUSTERS) or where["pk"] in changes.get(live.WORKLOADS, ())
        )
        row = placed_object.find(where["pk"], where["cluster"]).first() if concerned else None
        if row:
            yield one("placed_object", placed_object.PlacedObject(row, timezone.now()), key=row.pk)


class ClusterPageConsumer(ScopedConsumer, ClusterConsumer):
    """The cluster's page with the part of it that this app knows: what is placed there.

    A page has one socket, so that of the lower app is taken over.
    """

    groups: list[str] = [live.CLUSTERS, live.CLUSTER_PROPAGATIONS]

    def fragments(self, changes: Changes) -> Iterable[Fragment]:
        """The lower app's parts, then ours, for those who may see it."""
        yield from super().fragments(changes)
        if changes is not None and not any(self._pk in changed for changed in changes.values()):
            return
        cluster = Cluster.objects.defer("credential").filter(pk=self._pk).first()
        user = get_user_model().objects.filter(pk=self.request.user.pk or 0).first()
        if cluster and user and user.has_perms(VIEW):
            yield one("in_cluster", Placed(cluster, timezone.now()), key=cluster.pk)
