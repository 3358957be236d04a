"""What people see when something is wrong: each failure under its own name, soon."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from playwright.sync_api import expect

from fedconsole.sandbox import impostors
from fedconsole.sandbox.cluster import SandboxCluster
from fedconsole.sandbox.fleet import Fleet
from tests.browser.browsing import Visit
from tests.integration.federation import Federation, template

pytestmark = pytest.mark.browser

#: Milliseconds in which an image that cannot be pulled has to be on the page: long before the rollout fails.
SOON = 15_000


def test_an_image_that_cannot_be_pulled_is_named_in_its_row(visited: Visit, federation: Federation) -> None:
    placed = {"clusters": [{"name": federation.members[0].name}]}
    resource = federation.create("wrong-image", "default", template=template("wrong-image"), placement=placed)
    federation.wait_settled(resource, clusters=1)
    page = visited.go_live(f"workloads/{resource.pk}/")
    row = page.locator("#detail-rows tr")
    expect(row).to_contain_text("Complete")
    with visited.without_reload():
        federation.edit(resource, template=template("wrong-image", image="nginx:broken"))
        expect(row).to_contain_text("ImagePullBackOff", timeout=SOON)
        expect(row.locator("td[data-label=Reason]")).to_contain_text("nginx:broken")


KubeconfigOf = Callable[[SandboxCluster], AbstractContextManager[str]]


@contextmanager
def expired_credential(cluster: SandboxCluster) -> Iterator[str]:
    yield cluster.expired_kubeconfig_text


@contextmanager
def closed_port(cluster: SandboxCluster) -> Iterator[str]:
    yield cluster.kubeconfig_text.replace(cluster.server, impostors.closed_port())


@contextmanager
def black_hole(cluster: SandboxCluster) -> Iterator[str]:
    with impostors.black_hole() as url:
        yield cluster.kubeconfig_text.replace(cluster.server, url)


@contextmanager
def wrong_ca(cluster: SandboxCluster) -> Iterator[str]:
    with impostors.tls_server(impostors.stranger()) as url:
        yield cluster.kubeconfig_text.replace(cluster.server, url)


@pytest.mark.parametrize(
    ("bad", "check", "advice"),
    [
        (wrong_ca, "TLS trusted", "The CA in the kubeconfig did not sign the server's certificate"),
        (expired_credential, "Authenticated", "The token or certificate is wrong or has expired"),
        (closed_port, "Reachable", "Check the port, and that the API server runs"),
        (black_hole, "Reachable", "A firewall may drop the packets"),
    ],
)
def test_a_cluster_that_cannot_be_imported_says_why(
    visited: Visit, sandbox: Fleet, federation: Federation, bad: KubeconfigOf, check: str, advice: str
) -> None:
    with bad(sandbox[0]) as text:
        page = visited.go("clusters/import/")
        page.get_by_label("Paste a kubeconfig").fill(text)
        page.get_by_role("button", name="Read kubeconfig").click()
        expect(page.get_by_role("radio", name=sandbox[0].name)).to_be_checked()
        page.get_by_role("button", name="Test connection").click()
        failed = page.locator("#import-findings li").filter(has=page.locator(".fc-fg-error"))
        expect(failed).to_have_count(1)
        expect(failed).to_contain_text(re.compile(f"{check}\\s+No.*{advice}", re.DOTALL))
        visited.page.goto("about:blank")
