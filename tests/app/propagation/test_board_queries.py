"""The board's SQL says the same as the rules, and counts, filters, orders and pages."""

from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict
from django.utils import timezone

from clusters.models import Cluster
from propagation.domain import statuses
from propagation.domain.statuses import Delivery, Rollout
from propagation.fragments import standing
from propagation.fragments.board import MOST_COLUMNS, Board
from propagation.fragments.detail import Detail
from propagation.models import FederatedResource, Propagation
from tests import factories_propagation as factories

pytestmark = pytest.mark.django_db


def board(query: str = "") -> Board:
    return Board(QueryDict(query), AnonymousUser(), timezone.now())


@pytest.mark.parametrize("suspended", [False, True])
def test_the_badge_of_a_row_is_the_same_in_sql(suspended: bool) -> None:
    now = timezone.now()
    resource = factories.workload(generation=2, suspend_repair=suspended)
    combinations = list(product(Delivery, Rollout, (0, 1), (1, 2), ("", "b")))
    for member in (factories.cluster(), factories.unreachable_cluster()):
        for delivery, rollout, behind, revision, owned in combinations:
            Propagation.objects.all().delete()
            factories.propagation(
                resource,
                member,
                delivery=delivery,
                rollout=rollout,
                desired_generation=1 + behind,
                applied_revision=revision,
                live_owned=owned,
                applied_owned="a",
            )
            rank = Propagation.objects.annotate(rank=standing.row_rank(now)).get().rank
            assert standing.badge(rank) == Detail(resource, now).badge
            assert FederatedResource.objects.annotate(rank=standing.workload_rank(now)).get().rank == rank


def test_ranks_name_one_badge_each() -> None:
    ranks = [badge.rank for badge in [*statuses.BADGES.values(), standing.NOWHERE]]
    assert len(set(ranks)) == len(ranks)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "Nowhere"),
        ({"generation": 2}, "Queued"),
        ({"deletion_requested_at": timezone.now()}, "Deleting"),
    ],
)
def test_a_workload_without_rows_says_why(values: dict[str, Any], expected: str) -> None:
    resource = factories.workload(**values)
    (row,) = board().rows
    assert row.badge.value == Detail(resource, timezone.now()).badge.value == expected


def test_counters_come_worst_first() -> None:
    factories.cluster()
    factories.unreachable_cluster()
    factories.cluster(last_probe_time=factories.long_ago())
    chips = board().clusters.chips
    assert [(chip.value, chip.count) for chip in chips] == [("Unreachable", 1), ("Stale", 1), ("Ready", 1)]


def test_a_chip_filters_and_chosen_again_shows_everything() -> None:
    factories.cluster("well")
    factories.unreachable_cluster("ill")
    chip = board("csort=name").clusters.chips[0]
    assert chip.url == "/?csort=name&state=Unreachable"
    chosen = board("state=Unreachable&cpage=3")
    assert [row.cluster.name for row in chosen.clusters.rows] == ["ill"]
    assert chosen.clusters.chips[0].active
    assert chosen.clusters.chips[0].url == "/"


def test_nothing_is_green_in_a_cluster_that_does_not_report() -> None:
    resource = factories.workload()
    for member in (
        factories.unreachable_cluster("ill"),
        factories.cluster("old", last_probe_time=factories.long_ago()),
    ):
        factories.propagation(resource, member)
    (row,) = board().rows
    assert [(badge.value, count) for badge, count in row.counts] == [("Unreported", 2)]
    assert [cell.known for _heading, cell in row.cells if cell] == [False, False]
    assert [row.settled for row in board().clusters.rows] == [0, 0]


def test_a_cell_shows_how_many_are_ready() -> None:
    resource, member = factories.workload(), factories.cluster()
    factories.propagation(resource, member, rollout="Progressing", ready_replicas=1)
    factories.cluster("zz-empty")
    (row,) = board().rows
    cells = [cell for _heading, cell in row.cells]
    assert (cells[0].badge.value, cells[0].ready, cells[0].total) == ("Progressing", 1, 2)  # type: ignore[union-attr]
    assert cells[1] is None


def test_many_clusters_become_regions() -> None:
    resource = factories.workload()
    members = [factories.cluster(region=region) for region in ["eu"] * MOST_COLUMNS + ["us"]]
    for member in members:
        factories.propagation(resource, member)
    everything = board()
    assert [(one.label, one.clusters) for one in everything.headings] == [("eu", MOST_COLUMNS), ("us", 1)]
    cells = {heading.label: cell for heading, cell in everything.rows[0].cells}
    assert cells["eu"].counts[0][1] == MOST_COLUMNS  # type: ignore[union-attr]
    assert cells["us"].total == 2  # type: ignore[union-attr]
    assert not board("region=eu").grouped


def test_workloads_are_filtered_by_badge_and_text() -> None:
    member = factories.cluster()
    factories.propagation(factories.workload("failing"), member, rollout="Failed")
    factories.propagation(factories.workload("fine", namespace="shop"), member)
    assert [row.resource.name for row in board().rows] == ["failing", "fine"]
    assert [row.resource.name for row in board("status=Failed").rows] == ["failing"]
    assert [row.resource.name for row in board("q=shop").rows] == ["fine"]
    assert board("status=Nonsense").rows == []
    assert [row.resource.name for row in board("wsort=-name").rows] == ["fine", "failing"]


@pytest.mark.parametrize(
    "query", ["cpage=99", "cpage=-1", "cpage=x", "csort=evil", "wsort=-", "state=x&region=y"]
)
def test_nonsense_in_the_address_does_no_harm(query: str) -> None:
    factories.cluster()
    shown = board(query)
    assert shown.clusters.page.number == 1
    assert shown.rows == []


def test_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    Cluster.objects.bulk_create(Cluster(name=f"c{number:03}") for number in range(MOST_COLUMNS + 1))
    first, second = board("csort=name"), board("csort=name&cpage=2")
    assert (first.clusters.page.previous_url, first.clusters.page.next_url) == ("", "/?csort=name&cpage=2")
    assert [row.cluster.name for row in second.clusters.rows] == [f"c{MOST_COLUMNS:03}"]
    assert second.clusters.page.previous_url == "/?csort=name"
