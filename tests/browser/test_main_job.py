"""The main job, as a person does it: import, deploy everywhere, scale, survive a death, delete."""

import re

import pytest
import yaml
from playwright.sync_api import Browser, Locator, Page, expect

from fedconsole.sandbox.cluster import SandboxCluster
from fedconsole.sandbox.fleet import Fleet
from tests.browser.browsing import Visit, visit
from tests.deadlines import until
from tests.integration.federation import Federation, Member
from tests.sandbox_fixtures import MakeCluster

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NAME = "shop"


def two_contexts(cluster: SandboxCluster, other: SandboxCluster) -> str:
    """A kubeconfig of two clusters whose current context is the other one."""
    merged, more = yaml.safe_load(other.kubeconfig_text), yaml.safe_load(cluster.kubeconfig_text)
    for part in ("clusters", "users", "contexts"):
        merged[part] += more[part]
    return yaml.safe_dump(merged)


def cluster_row(page: Page, name: str) -> Locator:
    """The row of a cluster on the board."""
    return page.locator("#board-clusters tr").filter(has=page.get_by_role("link", name=name, exact=True))


def rows(page: Page) -> Locator:
    """The rows of a workload's page, one for each cluster."""
    return page.locator("#detail-rows tr")


def row(page: Page, cluster: str) -> Locator:
    return rows(page).filter(has=page.get_by_role("link", name=cluster, exact=True))


def import_cluster(visited: Visit, cluster: SandboxCluster, text: str) -> None:
    """Paste, choose the context, test, save, and watch the checklist."""
    page = visited.page
    page.get_by_role("link", name="Clusters", exact=True).click()
    page.locator(".fc-head").get_by_role("link", name="Import a cluster").click()
    page.get_by_label("Paste a kubeconfig").fill(text)
    page.get_by_role("button", name="Read kubeconfig").click()
    page.get_by_role("radio", name=cluster.name).check()
    expect(page.locator("#import-kubeconfig")).not_to_contain_text("certificate-authority-data")
    page.get_by_label("Name", exact=True).fill(cluster.name)
    expect(page.locator("#name-check")).to_have_text("This name is free.")
    page.get_by_label(re.compile("^Region")).fill("local")
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#import-findings li").first).to_be_visible()
    expect(page.locator("#import-findings li:not(:has-text('Yes'))")).to_have_count(0)
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_url(f"**/clusters/{cluster.name}/")
    with visited.without_reload():
        expect(page.locator("[id^=cluster-header]")).to_contain_text("Ready")
        steps = page.locator("[id^=cluster-checklist] li")
        expect(steps).to_have_count(9)
        expect(page.locator("[id^=cluster-checklist] li:has(.fc-fg-ok)")).to_have_count(9)


def create_workload(page: Page, overridden: str) -> None:
    """Fill the form: two replicas in each cluster, four in one."""
    page.get_by_role("link", name="Board", exact=True).click()
    page.locator(".fc-head").get_by_role("link", name="Create a workload").click()
    page.get_by_label("Name", exact=True).first.fill(NAME)
    page.get_by_label("Image", exact=True).fill("nginx:1.27")
    page.get_by_label(re.compile("^Replicas optional")).fill("2")
    page.get_by_label("Container port").fill("80")
    expect(page.locator("#preview-heading")).to_have_text("Matched 4 of 4 clusters")
    page.get_by_label(f"Replicas, {overridden}").fill("4")
    page.get_by_role("button", name="Create", exact=True).click()
    page.wait_for_url(re.compile(r"/workloads/\d+/$"))


def expect_complete(page: Page, ready: dict[str, str]) -> None:
    """Every row says Complete, with its own numbers."""
    expect(rows(page)).to_have_count(len(ready))
    for cluster, numbers in ready.items():
        expect(row(page, cluster)).to_contain_text("Complete")
        expect(row(page, cluster).locator("td[data-label=Ready]")).to_have_text(numbers)


def scale(page: Page, replicas: int) -> None:
    page.get_by_role("link", name="Scale").click()
    page.get_by_label("Replicas in each cluster").fill(str(replicas))
    page.get_by_role("button", name="Scale").click()
    page.wait_for_url(re.compile(r"/workloads/\d+/$"))


def kill_and_restart(visited: Visit, victim: SandboxCluster, others: list[str]) -> None:
    """A dead API server is seen, without harm to the others, and so is its return."""
    page = visited.go_live()
    with visited.without_reload():
        expect(cluster_row(page, victim.name)).to_contain_text("Ready")
        victim.kill_apiserver()
        expect(cluster_row(page, victim.name)).to_contain_text("Unreachable")
        for name in others:
            expect(cluster_row(page, name).locator("td[data-label=State]")).to_have_text(re.compile("Ready"))
        victim.restart_apiserver()
        expect(cluster_row(page, victim.name).locator("td[data-label=State]")).to_have_text("Ready")


def delete_workload(visited: Visit, members: list[Member]) -> None:
    """Only the typed name deletes, and then the members hold nothing of it."""
    page = visited.page
    page.get_by_role("link", name=NAME, exact=True).first.click()
    page.get_by_role("link", name="Delete").click()
    button = page.get_by_role("button", name="Delete", exact=True)
    expect(button).to_be_disabled()
    page.get_by_label("Type the name to confirm").fill(NAME)
    button.click()
    expect(page.get_by_text("This workload has been removed.")).to_be_visible()
    until(lambda: not holders(members), 60, "A member still has it")


def holders(members: list[Member]) -> list[str]:
    """The members that have the workload, asked one by one."""
    return [member.name for member in members if member.deployment(NAME, "default")]


def leave(visited: Visit, name: str) -> None:
    """Let a cluster go, on its page."""
    page = visited.go_live(f"clusters/{name}/")
    page.get_by_role("link", name="Leave").click()
    page.get_by_label("Type the name to confirm").fill(name)
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_text("has left the federation")).to_be_visible()
    page.get_by_role("link", name="Clusters", exact=True).first.click()
    expect(page.locator("#cluster-rows tr")).to_have_count(3)


def test_the_main_job(
    chromium: Browser,
    federation: Federation,
    healthy_sandbox: Fleet,
    make_sandbox_cluster: MakeCluster,
) -> None:
    fourth = make_sandbox_cluster("cape-town")
    members = [*federation.members, Member(fourth)]
    amsterdam, boston, singapore = (cluster.name for cluster in healthy_sandbox)
    with visit(chromium, federation.stack) as visited:
        page = visited.go()
        visited.log_in()
        for cluster in healthy_sandbox:
            expect(cluster_row(page, cluster.name)).to_contain_text("Ready")
        import_cluster(visited, fourth, two_contexts(fourth, healthy_sandbox[0]))

        create_workload(page, overridden=boston)
        with visited.without_reload():
            expect_complete(page, {amsterdam: "2/2", boston: "4/4", singapore: "2/2", fourth.name: "2/2"})
        replicas = {member.name: member.deployment(NAME, "default").spec.replicas for member in members}
        assert replicas == {amsterdam: 2, boston: 4, singapore: 2, fourth.name: 2}

        scale(page, 3)
        with visited.without_reload():
            expect_complete(page, {amsterdam: "3/3", boston: "4/4", singapore: "3/3", fourth.name: "3/3"})

        kill_and_restart(visited, healthy_sandbox[singapore], [amsterdam, boston, fourth.name])
        delete_workload(visited, members)
        leave(visited, fourth.name)
