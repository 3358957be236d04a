"""Replicas that are shared out, and a taint that moves them: in the form, and in three real clusters."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.browsing import Visit
from tests.deadlines import until
from tests.integration.federation import Federation, Member

pytestmark = pytest.mark.browser

NAME = "shared"


def test_a_total_is_split_by_weight_and_leaves_what_is_tainted(
    visited: Visit, federation: Federation
) -> None:
    first, second, third = federation.members
    create(visited, heavy=first.name)
    expect_replicas({first: 4, second: 1, third: 1})

    taint(visited, first.name, "retiring:NoExecute")
    until(lambda: replicas(first) is None, 60)
    expect_replicas({second: 3, third: 3})
    page = visited.go("workloads/")
    page.get_by_role("link", name=NAME).click()
    expect(page.locator("#live-content")).to_contain_text("Its taint retiring:NoExecute is not tolerated.")

    taint(visited, first.name, "")
    expect_replicas({first: 4, second: 1, third: 1})


def create(visited: Visit, heavy: str) -> None:
    """Six replicas, of which one cluster gets four parts of six."""
    page = visited.go("workloads/new/")
    page.get_by_label("Name", exact=True).first.fill(NAME)
    page.get_by_label("Image", exact=True).fill("nginx:1.27")
    page.get_by_text("A total, split by weight").click()
    page.get_by_label("Total", exact=True).fill("6")
    expect(page.locator("#placement-area").get_by_text("2 replicas")).to_have_count(3)
    page.get_by_label("Rebalance").check()
    page.get_by_label(f"Weight, {heavy}").fill("4")
    expect(candidate(page, heavy)).to_contain_text("4 replicas")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.locator("#detail-rows").get_by_text("planned")).to_have_count(3)


def candidate(page: Page, cluster: str) -> Locator:
    """The line of a cluster in the preview."""
    return page.locator("#placement-area .fc-candidates li", has_text=cluster)


def taint(visited: Visit, cluster: str, taints: str) -> None:
    """Let a cluster have these taints and no others."""
    page = visited.go(f"clusters/{cluster}/edit/")
    page.locator("#id_taints").fill(taints)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**/clusters/{cluster}/")


def expect_replicas(wanted: dict[Member, int]) -> None:
    """Each of these members has so many, before long."""
    until(lambda: {member: replicas(member) for member in wanted} == wanted, 60)


def replicas(member: Member) -> int | None:
    found = member.deployment(NAME, "default")
    return None if found is None else int(found.spec.replicas)
