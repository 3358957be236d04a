"""The list: filters, order and pages come from the address, and are done in SQL."""

from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from clusters.fragments.listing import SIZE, Listing
from tests import factories

pytestmark = pytest.mark.django_db


def names(query: str) -> list[str]:
    return [row.cluster.name for row in Listing(QueryDict(query), timezone.now()).rows]


@pytest.fixture
def three() -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    factories.cluster("ams", region="eu", labels={"env": "prod", "example.com/tier": "gold"})
    factories.cluster(
        "bos", region="us", labels={"env": "dev"}, ready="False", offline="True", reason="ConnectTimeout"
    )
    factories.cluster("cgn", region="eu", labels={}, last_probe_time=long_ago)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["ams", "bos", "cgn"]),
        ("sort=-name", ["cgn", "bos", "ams"]),
        ("sort=state", ["bos", "cgn", "ams"]),
        ("q=m", ["ams"]),
        ("region=eu", ["ams", "cgn"]),
        ("label=env%3Dprod", ["ams"]),
        ("label=example.com/tier%3Dgold,env%3Dprod", ["ams"]),
        ("label=example.com/tier%3Dsilver", []),
        ("state=Unreachable", ["bos"]),
        ("state=Stale", ["cgn"]),
        ("state=Nonsense", []),
        ("sort=nonsense&page=nonsense", ["ams", "bos", "cgn"]),
        ("page=99", ["ams", "bos", "cgn"]),
    ],
)
def test_shows_what_the_address_asks_for(three: None, query: str, expected: list[str]) -> None:
    assert names(query) == expected


def test_a_label_that_is_none_is_said_and_filters_nothing(three: None) -> None:
    listing = Listing(QueryDict("label=nonsense"), timezone.now())
    assert "key=value" in listing.problem
    assert len(listing.rows) == 3


def test_counts_states_worst_first_and_links_to_them(three: None) -> None:
    chips = Listing(QueryDict("state=Stale&region=eu&page=2"), timezone.now()).chips
    assert [(chip.value, chip.count, chip.active) for chip in chips] == [
        ("Stale", 1, True),
        ("Ready", 1, False),
    ]
    assert chips[0].url == "/clusters/?region=eu"
    assert chips[1].url == "/clusters/?state=Ready&region=eu"


def test_cuts_pages_in_sql(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(SIZE + 1):
        factories.cluster(f"c-{number:03}")
    with django_assert_num_queries(2):
        assert names("page=2") == [f"c-{SIZE:03}"]
