"""Look before you leap: preview, go back, save, look back and go back, with scripts and without."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.browsing import barriers, too_wide
from tests.browser.conftest import MakeVisit
from tests.deadlines import until
from tests.integration.federation import Federation

pytestmark = pytest.mark.browser


def press(page: Page, name: str) -> None:
    page.locator("#content").get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_workload_is_previewed_changed_and_rolled_back(
    make_visit: MakeVisit, federation: Federation, scripts: bool
) -> None:
    visited = make_visit(javascript=scripts)
    page = visited.page
    if not scripts:
        page.context.clear_cookies()
        visited.go()
        visited.log_in()
    name, member = f"previewed-{str(scripts).lower()}", federation.members[0]
    page = visited.go("workloads/new/")
    page.locator("#id_name").fill(name)
    page.locator("#id_image").fill("nginx:1.27")
    page.locator("#id_note").fill("At first")
    page.get_by_label(f"Replicas, {member.name}").fill("2")

    press(page, "Preview changes")
    expect(page.locator(".fc-forecast")).to_have_count(2)
    expect(page.locator(".fc-forecast").first).to_contain_text("Will be created")
    if scripts:
        assert not [*too_wide(page), *barriers(page)]
    press(page, "Back to editing")
    expect(page.locator("#id_note")).to_have_value("At first")
    expect(page.get_by_label(f"Replicas, {member.name}")).to_have_value("2")
    page.locator("#id_image").fill("nginx:1.28")
    press(page, "Preview changes")
    expect(page.locator("input[type=hidden][name=image]")).to_have_value("nginx:1.28")
    assert member.deployment(name, "default") is None
    press(page, "Create")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    found = until(lambda: member.deployment(name, "default"), 60)
    assert (found.spec.replicas, found.spec.template.spec.containers[0].image) == (2, "nginx:1.28")

    page.get_by_role("link", name="Scale", exact=True).click()
    page.get_by_label("Replicas in each cluster").fill("3")
    press(page, "Preview changes")
    expect(page.locator(".fc-diff ins").first).to_contain_text("replicas: 3")
    press(page, "Scale")
    page.get_by_role("link", name="Revisions", exact=True).click()
    expect(page.locator("#revision-rows tr")).to_have_count(2)
    page.get_by_role("link", name="Roll back to this").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Roll {name} back to revision 1")
    page.get_by_label(re.compile("^Why")).fill("Too many")
    press(page, "Roll back")
    expect(page.locator("[id^=detail-activity] li").first).to_contain_text("Rollback to revision 1: Too many")
