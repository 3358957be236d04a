"""Every page of the console, with something to see on it."""

from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.integration.federation import Federation, template


@dataclass(frozen=True)
class Shown:
    """What there is to show: the keys of a workload that is well and of one that is not."""

    cluster: str
    good: int
    bad: int


def fill(federation: Federation, namespace: str) -> Shown:
    """Put two workloads into every cluster; one of them cannot be pulled."""
    good = federation.create("storefront", namespace, template=template("storefront", replicas=2))
    federation.edit(good, template=template("storefront", replicas=3))
    bad = federation.create("checkout", namespace, template=template("checkout", image="nginx:broken"))
    federation.wait_settled(good)
    federation.wait_for(lambda: all(row.hint_reason for row in federation.rows(bad)))
    return Shown(federation.members[0].name, good.pk, bad.pk)


def paths(shown: Shown) -> dict[str, str]:
    """Every page by name, without the slash in front."""
    return {
        "board": "",
        "clusters": "clusters/",
        "clusters-filtered-out": "clusters/?q=nothing-like-this",
        "import": "clusters/import/",
        "migrate": "migrate/",
        "cluster": f"clusters/{shown.cluster}/",
        "cluster-edit": f"clusters/{shown.cluster}/edit/",
        "cluster-reconnect": f"clusters/{shown.cluster}/reconnect/",
        "cluster-leave": f"clusters/{shown.cluster}/unjoin/",
        "workloads": "workloads/",
        "workload-create": "workloads/new/",
        "workload": f"workloads/{shown.good}/",
        "workload-in-trouble": f"workloads/{shown.bad}/",
        "workload-yaml": f"workloads/{shown.good}/?tab=yaml",
        "workload-revisions": f"workloads/{shown.good}/revisions/?from=1&to=2",
        "workload-rollback": f"workloads/{shown.good}/revisions/1/rollback/",
        "workload-in-cluster": f"workloads/{shown.bad}/in/{shown.cluster}/",
        "workload-delete-preview": f"workloads/{shown.good}/delete/preview/",
        "activity": "activity/",
        "workload-edit": f"workloads/{shown.good}/edit/",
        "workload-scale": f"workloads/{shown.good}/scale/",
        "workload-delete": f"workloads/{shown.good}/delete/",
        "yaml": f"workloads/yaml/?resource={shown.good}",
        "password": "accounts/password_change/",
        "missing": "no/such/page/",
    }


def settle(page: Page) -> None:
    """Until scripts have done their part."""
    if page.locator("#live-indicator").count():
        expect(page.locator("#live-indicator")).to_have_attribute("data-state", "live")
    if page.locator("[hx-get][hx-trigger=load]").count():
        expect(page.locator("[id^=in-cluster]")).to_be_visible()
    expect(page.locator("textarea[data-editor=yaml]:not([data-enhanced])")).to_have_count(0)
