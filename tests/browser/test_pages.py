"""Every page in both themes, on a desk and a phone; without scripts; and while the console is away."""

import re

import pytest
from playwright.sync_api import expect

from propagation.models import FederatedResource
from tests.browser.browsing import AWAY, DESK, PHONE, REFUSED, Visit, barriers, too_wide
from tests.browser.conftest import MakeVisit
from tests.browser.places import STEPS, Shown, fill, paths, settle
from tests.deadlines import until
from tests.integration.federation import Federation

pytestmark = pytest.mark.browser

NAMESPACE = "pages"
NOT_FOUND = re.compile("status of 404")
PAGES = list(paths(Shown("", 0, 0, 0)))


@pytest.fixture(scope="module")
def shown(federation: Federation) -> Shown:
    """Something to see on every page."""
    return fill(federation, NAMESPACE)


@pytest.mark.parametrize("name", PAGES)
def test_looks_right_to_everybody(visited: Visit, shown: Shown, name: str) -> None:
    visited.complaints.allow(NOT_FOUND if name == "missing" else re.compile("(?!)"))
    visited.go(paths(shown)[name])
    expect_right(visited)


@pytest.mark.parametrize("name", STEPS)
def test_what_forms_lead_to_looks_right_to_everybody(visited: Visit, shown: Shown, name: str) -> None:
    visited.complaints.allow(REFUSED)
    STEPS[name](visited, shown)
    expect_right(visited)
    visited.page.goto("about:blank")  # what is unsaved asks before it is left, and is left


def expect_right(visited: Visit) -> None:
    """Nothing is cut off, and axe finds no barrier, in any theme and width."""
    page = visited.page
    settle(page)
    found = []
    for width in (DESK, PHONE):
        for theme in ("light", "dark"):
            visited.look(theme, width)
            found += [f"{theme} {width}: {one}" for one in [*too_wide(page), *barriers(page)]]
    assert not found, "\n".join(found)


def test_the_login_looks_right_to_everybody(visited: Visit) -> None:
    visited.page.context.clear_cookies()
    page = visited.go()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    for width in (DESK, PHONE):
        for theme in ("light", "dark"):
            visited.look(theme, width)
            assert not [*too_wide(page), *barriers(page)]


def test_everything_works_without_scripts(make_visit: MakeVisit, federation: Federation) -> None:
    visited = make_visit(javascript=False)
    page = visited.page
    page.context.clear_cookies()
    visited.go()
    visited.log_in()
    expect(page.locator("#board-clusters tr")).to_have_count(3)
    expect(page.locator("#board-clusters")).to_contain_text("Ready")

    page.locator(".fc-head").get_by_role("link", name="Create a workload").click()
    page.locator("#id_name").fill("plain")
    page.locator("#id_image").fill("nginx:1.27")
    page.get_by_label(f"Replicas, {federation.members[0].name}").fill("2")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("plain")
    for member in federation.members:
        found = until(lambda member=member: member.deployment("plain", "default"), 60)
        assert found.spec.replicas == (2 if member is federation.members[0] else 1)


def test_the_indicator_tells_when_pages_are_not_live_and_what_was_missed_is_made_up_for(
    visited: Visit, federation: Federation, shown: Shown
) -> None:
    visited.complaints.allow(AWAY)
    stack = federation.stack
    page = visited.go_live()
    indicator = page.locator("#live-indicator")
    with visited.without_reload():
        stack.kill("web")
        try:
            expect(indicator).to_have_text("Reconnecting")
            missed = federation.create("missed", NAMESPACE)
            federation.wait_settled(missed)
        finally:
            stack.restart("web")
        expect(indicator).to_have_text("Live")
        row = page.locator(f"#board-workload-{missed.pk}")
        expect(row).to_contain_text("3 complete")
    with stack.database():
        stored = set(FederatedResource.objects.values_list("pk", flat=True))
    ids = page.locator("#board-workloads tr").evaluate_all("rows => rows.map((row) => row.id)")
    assert {int(one.rpartition("-")[2]) for one in ids} == stored
