"""KubeFed documents, pasted as they are."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.browsing import REFUSED, Visit
from tests.deadlines import until
from tests.integration.federation import Federation

pytestmark = pytest.mark.browser

GUIDE = Path(__file__).parents[1] / "unit" / "cases" / "federated-deployment.yaml"


def paste(page: Page, text: str) -> None:
    """Into the editor, as by the clipboard; the text area that it takes the place of is no good any more."""
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)
    expect(page.locator("#id_text")).to_have_value(text)


def test_the_guides_document_arrives_in_its_cluster_alone(visited: Visit, federation: Federation) -> None:
    chosen, *others = federation.members
    page = visited.go("workloads/yaml/")
    paste(page, GUIDE.read_text().replace("member-cluster", chosen.name))
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile(r"/workloads/\d+/$"))
    with visited.without_reload():
        expect(page.locator("#detail-rows tr")).to_have_count(1)
        expect(page.locator("#detail-rows tr")).to_contain_text("Complete")
        expect(page.locator("#detail-rows td[data-label=Ready]")).to_have_text("2/2")

    found = until(lambda: chosen.deployment("nginx-federated", "default"))
    assert found.spec.replicas == 2
    assert found.spec.selector.match_labels == {"app": "nginx"}
    assert [(one.name, one.image) for one in found.spec.template.spec.containers] == [
        ("nginx", "nginx:1.25.3")
    ]
    assert found.metadata.labels["fedconsole.io/managed"] == "true"
    assert not any(member.deployment("nginx-federated", "default") for member in others)


def test_what_is_wrong_is_shown_with_line_and_column(visited: Visit, federation: Federation) -> None:
    visited.complaints.allow(REFUSED)
    page = visited.go("workloads/yaml/")
    broken = GUIDE.read_text().replace("replicas: 2", "replicas: [2").replace("nginx-federated", "broken")
    paste(page, broken)
    page.get_by_role("button", name="Save").click()
    errors = page.get_by_role("alert").filter(has_text="nothing was saved")
    expect(errors).to_contain_text(re.compile(r"line \d+, column \d+"))
    expect(page.locator("#id_text")).to_have_value(broken)  # nothing typed is lost
    expect(page.locator(".cm-lintRange-error, .cm-lint-marker-error").first).to_be_visible()
    page.goto("about:blank")  # what is unsaved asks before it is left, and is left
    assert not federation.members[0].deployment("broken", "default")


def test_a_wrong_value_is_shown_where_it_stands(visited: Visit, federation: Federation) -> None:
    visited.complaints.allow(REFUSED)
    text = GUIDE.read_text().replace("replicas: 2", "replicas: -2").replace("nginx-federated", "wrong")
    line = next(number for number, one in enumerate(text.splitlines(), 1) if "replicas" in one)
    page = visited.go("workloads/yaml/")
    paste(page, text)
    page.get_by_role("button", name="Check").click()
    errors = page.get_by_role("alert").filter(has_text="nothing was saved")
    expect(errors).to_contain_text(f"line {line}, column")
