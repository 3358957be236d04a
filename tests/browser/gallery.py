"""The screenshots of ``docs/screenshots``: every page, on a desk and on a phone, light and dark.

Run by ``tests.browser.screenshots``, with the fixtures of the tests; it is none itself.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from fedconsole.sandbox.fleet import Fleet
from tests.browser.browsing import DESK, PHONE, Visit
from tests.browser.conftest import MakeVisit
from tests.browser.places import STEPS, Shown, paths, run_something, settle
from tests.integration.federation import Federation, template
from tests.stack import Stack

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
#: Bytes of one file.
LARGEST = 160_000
#: Pixels of height, beyond which a long page is cut off.
TALLEST = {DESK: 900, PHONE: 1300}

PAGES = (
    *(
        "clusters",
        "import",
        "migrate",
        "cluster",
        "cluster-leave",
        "workloads",
        "workload",
        "workload-in-trouble",
    ),
    *("workload-in-cluster", "workload-yaml", "workload-revisions", "workload-rollback", "workload-delete"),
    *("activity", "kinds", "kinds-add", "federate-objects", "yaml"),
)
#: Where pages are shown from that are long.
BEGINNINGS = {"workload-create-shared": ".card:has(> .fc-panel)"}
FORMS = ("workload-create-shared", "workload-create-preview", "yaml-checked", "federate-preview")

#: How a page is shown: theme and width.
LOOKS = (("light", DESK), ("dark", PHONE))
#: Pages that are shown in every way.
MAIN = {"board-full", "board-broken-cluster", "workload", "workload-create", "import-tested"}
ALL_LOOKS = [(theme, width) for theme in ("light", "dark") for width in (DESK, PHONE)]


def shoot(visited: Visit, name: str) -> None:
    """One page, on a desk and on a phone."""
    page = visited.page
    settle(page)
    for theme, width in ALL_LOOKS if name in MAIN else LOOKS:
        visited.look(theme, width)
        take(page, FOLDER / f"{name}-{theme}-{width}.png", width, BEGINNINGS.get(name))
    visited.look("light", DESK)


def take(page: Page, path: Path, width: int, beginning: str | None) -> None:
    """Write one file: what is above the fold, and somewhat more on a phone; or the same from there on."""
    page.evaluate("scrollTo(0, 0)")
    top = page.locator(beginning).evaluate("one => one.getBoundingClientRect().top") - 16 if beginning else 0
    height = min(page.evaluate("document.documentElement.scrollHeight") - top, TALLEST[width])
    page.screenshot(
        path=path,
        full_page=True,
        animations="disabled",
        clip={"x": 0, "y": top, "width": width, "height": height},
    )


def index() -> str:
    """The list of them, as Markdown."""
    names = sorted({path.name.split("-light-")[0] for path in FOLDER.glob("*-light-*.png")})
    lines = ["# Screenshots", "", "Taken by `make screenshots` from a console with three local clusters.", ""]
    for name in names:
        files = [(f"{theme} {width}", f"{name}-{theme}-{width}.png") for theme, width in ALL_LOOKS]
        links = " · ".join(f"[{label}]({file})" for label, file in files if (FOLDER / file).exists())
        lines += [
            f"## {name.replace('-', ' ').capitalize()}",
            "",
            links,
            "",
            f"![{name}]({name}-light-{DESK}.png)",
            "",
        ]
    return "\n".join(lines)


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_take_them(chromium: Browser, live_stack: Stack, sandbox: Fleet, make_visit: MakeVisit) -> None:
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    visited = make_visit()
    show_empty(visited)
    federation = Federation(live_stack, sandbox)
    federation.join()
    show_filled(visited, federation)
    show_broken(visited, federation, sandbox)
    (FOLDER / "README.md").write_text(index())
    too_large = {path.name: path.stat().st_size for path in FOLDER.iterdir() if path.stat().st_size > LARGEST}
    assert not too_large


def show_empty(visited: Visit) -> None:
    """What somebody sees on the first day."""
    visited.go_live()
    shoot(visited, "board-empty")
    kept = visited.page.context.cookies()
    visited.page.context.clear_cookies()
    visited.go()
    shoot(visited, "login")
    visited.page.context.add_cookies(kept)  # type: ignore[arg-type]


def show_filled(visited: Visit, federation: Federation) -> None:
    """Several workloads, one of them in trouble."""
    first = federation.members[0]
    shops = [
        federation.create(
            name, "shop", template=template(name, image=f"shop/{name}:2.4.1", replicas=replicas)
        )
        for name, replicas in (("storefront", 3), ("payments", 2), ("search", 1))
    ]
    wrong = federation.create(
        "recommendations", "shop", template=template("recommendations", image="shop/ai:broken")
    )
    federation.wait_settled(*shops)
    federation.wait_for(lambda: all(row.hint_reason for row in federation.rows(wrong)))
    image = "shop/storefront:2.5.0"
    federation.edit(shops[0], template=template("storefront", image=image, replicas=3))
    federation.wait_for(lambda: images(federation, "storefront") == {image})
    federation.wait_settled(*shops)
    run_something(first)
    shown = Shown(first.name, shops[0].pk, wrong.pk, shops[0].type_id)
    pages = paths(shown)
    visited.go()
    shoot(visited, "board-full")
    for name in PAGES:
        visited.go(pages[name])
        shoot(visited, name)
    show_forms(visited, federation, shown)


def images(federation: Federation, name: str) -> set[str]:
    """What the members run under this name."""
    found = [member.deployment(name, "shop") for member in federation.members]
    return {one.spec.template.spec.containers[0].image for one in found if one}


def show_forms(visited: Visit, federation: Federation, shown: Shown) -> None:
    """Forms with something typed into them, and what they lead to."""
    for name in FORMS:
        STEPS[name](visited, shown)
        shoot(visited, name)
    page, first = visited.page, federation.members[0]
    visited.go("workloads/new/")
    page.locator("#id_name").fill("storefront")
    page.locator("#id_image").fill("shop/storefront:2.5.0")
    page.locator("#id_replicas").fill("3")
    page.get_by_label(f"Replicas, {first.name}").fill("5")
    shoot(visited, "workload-create")
    visited.go("clusters/import/")
    page.get_by_label("Paste a kubeconfig").fill(first.cluster.kubeconfig_text)
    page.get_by_role("button", name="Read kubeconfig").click()
    expect(page.get_by_role("radio", name=first.name)).to_be_checked()
    page.get_by_label("Name", exact=True).fill("production")
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#import-findings li").first).to_be_visible()
    shoot(visited, "import-tested")


def show_broken(visited: Visit, federation: Federation, sandbox: Fleet) -> None:
    """A cluster whose API server is gone, and one that never was there."""
    page, victim = visited.page, sandbox[1]
    victim.kill_apiserver()
    visited.go_live()
    expect(page.locator("#board-clusters")).to_contain_text("Unreachable")
    shoot(visited, "board-broken-cluster")
    visited.go_live(f"clusters/{victim.name}/")
    shoot(visited, "cluster-unreachable")
    text = victim.kubeconfig_text
    path = federation.stack.folder / "gone.kubeconfig"
    path.write_text(text)
    federation.stack.manage("joincluster", "newcomer", "--kubeconfig", str(path))
    visited.go_live("clusters/newcomer/")
    expect(page.locator("[id^=cluster-checklist]")).to_contain_text("ConnectionRefused")
    shoot(visited, "cluster-checklist")
