"""Every page of the console, with something to see on it."""

from collections.abc import Callable
from dataclasses import dataclass

from kubernetes import client
from playwright.sync_api import Page, expect

from tests.browser.browsing import Visit
from tests.integration.federation import Federation, Member, template

#: A namespace that is not federated yet, in the first member alone.
EXISTING = "existing"


@dataclass(frozen=True)
class Shown:
    """What there is to show: keys of a workload that is well, of one that is not, and of their kind."""

    cluster: str
    good: int
    bad: int
    kind: int


def fill(federation: Federation, namespace: str) -> Shown:
    """Put two workloads into every cluster; one of them cannot be pulled."""
    good = federation.create("storefront", namespace, template=template("storefront", replicas=2))
    federation.edit(good, template=template("storefront", replicas=3))
    bad = federation.create("checkout", namespace, template=template("checkout", image="nginx:broken"))
    federation.wait_settled(good)
    federation.wait_for(lambda: all(row.hint_reason for row in federation.rows(bad)))
    run_something(federation.members[0])
    return Shown(federation.members[0].name, good.pk, bad.pk, good.type_id)


def run_something(member: Member) -> None:
    """Have something run there that nobody federates."""
    member.core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=EXISTING)))
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "billing"}}
    member.apps.create_namespaced_deployment(EXISTING, body | template("billing", replicas=2))
    settings = {"metadata": {"name": "billing-settings"}, "data": {"currency": "EUR"}}
    member.core.create_namespaced_config_map(EXISTING, settings)


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
        "workload-options": f"workloads/{shown.good}/options/",
        "activity": "activity/",
        "kinds": "types/",
        "kinds-add": "types/discover/",
        "kind-disable": f"types/{shown.kind}/disable/",
        "federate": "workloads/federate/",
        "federate-objects": f"workloads/federate/?cluster={shown.cluster}&namespace={EXISTING}",
        "yaml-skeleton": "workloads/yaml/?kind=services",
        "workload-edit": f"workloads/{shown.good}/edit/",
        "workload-scale": f"workloads/{shown.good}/scale/",
        "workload-delete": f"workloads/{shown.good}/delete/",
        "yaml": f"workloads/yaml/?resource={shown.good}",
        "password": "accounts/password_change/",
        "missing": "no/such/page/",
    }


def preview_create(visited: Visit, shown: Shown) -> None:
    """What a new workload would do, with one override."""
    page = visited.go("workloads/new/")
    page.locator("#id_name").fill("newcomer")
    page.locator("#id_image").fill("shop/newcomer:1.0.0")
    page.get_by_label(f"Replicas, {shown.cluster}").fill("5")
    press(page, "Preview changes")
    expect(page.locator(".fc-forecast").first).to_be_visible()


def refuse_create(visited: Visit, shown: Shown) -> None:
    """An empty form that was sent."""
    page = visited.go("workloads/new/")
    press(page, "Create")
    expect(page.locator("#form-errors")).to_be_visible()


def share_out(visited: Visit, shown: Shown) -> None:
    """Replicas that are split by weight, and everything of the form that is folded."""
    page = visited.go("workloads/new/")
    page.get_by_text("A total, split by weight").click()
    page.get_by_label("Total", exact=True).fill("9")
    page.get_by_text("Clusters with these labels").click()
    for name in ("Narrow by place", "Options"):
        page.locator("#content summary", has_text=name).click()
    expect(page.locator("#placement-area").get_by_text("3 replicas")).to_have_count(3)


def check_yaml(visited: Visit, shown: Shown) -> None:
    """What documents would do."""
    page = visited.go(f"workloads/yaml/?resource={shown.good}")
    press(page, "Check")
    expect(page.get_by_role("heading", level=2).first).to_be_visible()


def preview_yaml(visited: Visit, shown: Shown) -> None:
    """What documents would do, as the clusters tell it."""
    page = visited.go("workloads/yaml/?kind=services")
    press(page, "Preview changes")
    expect(page.locator(".fc-forecast").first).to_be_visible()


def preview_federate(visited: Visit, shown: Shown) -> None:
    """The documents of what exists."""
    page = visited.go(paths(shown)["federate-objects"])
    page.get_by_role("checkbox", name="billing", exact=True).check()
    press(page, "Preview")
    expect(page.get_by_role("button", name="Federate", exact=True)).to_be_visible()


#: Pages that only a form leads to.
STEPS: dict[str, Callable[[Visit, Shown], None]] = {
    "workload-create-preview": preview_create,
    "workload-create-refused": refuse_create,
    "workload-create-shared": share_out,
    "yaml-checked": check_yaml,
    "yaml-preview": preview_yaml,
    "federate-preview": preview_federate,
}


def press(page: Page, name: str) -> None:
    """A button of the page, not one of its frame."""
    page.locator("#content").get_by_role("button", name=name, exact=True).click()


def settle(page: Page) -> None:
    """Until scripts have done their part."""
    if page.locator("#live-indicator").count():
        expect(page.locator("#live-indicator")).to_have_attribute("data-state", "live")
    if page.locator("[hx-get][hx-trigger=load]").count():
        expect(page.locator("[id^=in-cluster]")).to_be_visible()
    expect(page.locator("textarea[data-editor=yaml]:not([data-enhanced])")).to_have_count(0)
