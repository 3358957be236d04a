"""What is measured. Every figure of ours stands beside the bare limit of the same run."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.console import Browser
from benchmarks.members import BareMember, Seen, deployment
from propagation.domain import manifests

Report = Callable[[str], None]

_ALL_DEPLOYMENTS = "/apis/apps/v1/deployments"
_ALL_PODS = "/api/v1/pods"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the others lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


@asynccontextmanager
async def watching(members: dict[str, BareMember], path: str) -> AsyncIterator[Seen]:
    """Watches on every member, for as long as the block lasts."""
    seen = Seen()
    async with asyncio.TaskGroup() as group:
        tasks = []
        for name, member in members.items():
            tasks.append(group.create_task(member.watch(path, seen, name)))
            await seen.ready.wait()
            seen.ready.clear()
        yield seen
        for task in tasks:
            task.cancel()


async def at_rest(members: dict[str, BareMember]) -> None:
    """Wait for the members' controllers, so that no measure pays for what came before it."""
    async with watching(members, _ALL_DEPLOYMENTS) as seen:
        await seen.rest()


async def bare_single(members: dict[str, BareMember], repeats: int) -> list[float]:
    """Seconds from a server-side apply to each member until it is there in all of them."""
    took = []
    await at_rest(members)
    async with watching(members, _ALL_DEPLOYMENTS) as seen:
        for number in range(repeats):
            body = deployment(f"limit-{number}", "bare")
            started = time.perf_counter()
            await asyncio.gather(*(member.apply(body) for member in members.values()))
            took.append(await seen.everywhere(list(members), [body["metadata"]["name"]]) - started)
    return took


async def bare_burst(members: dict[str, BareMember], count: int, prefix: str) -> float:
    """Seconds for ``count`` Deployments to be there in all members."""
    bodies = [deployment(f"{prefix}-{number}", "bare") for number in range(count)]
    await at_rest(members)
    async with watching(members, _ALL_DEPLOYMENTS) as seen:
        started = time.perf_counter()
        await asyncio.gather(*(member.apply(body) for member in members.values() for body in bodies))
        names = [body["metadata"]["name"] for body in bodies]
        return await seen.everywhere(list(members), names) - started


async def single(
    browser: Browser, members: dict[str, BareMember], repeats: int, prefix: str, report: Report
) -> list[float]:
    """Seconds from the POST of the form until the Deployment is there in all members."""
    took = []
    await at_rest(members)
    async with watching(members, _ALL_DEPLOYMENTS) as seen:
        filled = await browser.form("/workloads/new/")
        for number in range(repeats):
            name = f"{prefix}-{number}"
            typed = {
                "name": name,
                "namespace": "ours",
                "image": "nginx:1.27",
                "replicas": "0",
                "action": "save",
            }
            started = time.perf_counter()
            await browser.submit("/workloads/new/", typed, filled)
            took.append(await seen.everywhere(list(members), [name]) - started)
            if number % 20 == 19:
                report(f"  {number + 1} of {repeats} posted")
            await asyncio.sleep(0.05)  # one after the other, not a burst
    return took


async def burst(browser: Browser, members: dict[str, BareMember], count: int, prefix: str) -> float:
    """Seconds from the POST of a YAML with ``count`` FederatedDeployments until all are everywhere."""
    names = [f"{prefix}-{number}" for number in range(count)]
    text = manifests.dump([_federated(name) for name in names])
    await at_rest(members)
    async with watching(members, _ALL_DEPLOYMENTS) as seen:
        filled = await browser.form("/workloads/yaml/")
        started = time.perf_counter()
        await browser.submit("/workloads/yaml/", {"text": text, "action": "save"}, filled)
        return await seen.everywhere(list(members), names) - started


def _federated(name: str, replicas: int = 0, clusters: Sequence[str] = ()) -> dict[str, Any]:
    bare = deployment(name, "ours", replicas)
    named = {"clusters": [{"name": cluster} for cluster in clusters]}
    return {
        "apiVersion": manifests.API_VERSION,
        "kind": "FederatedDeployment",
        "metadata": {"name": name, "namespace": "ours"},
        "spec": {
            "template": {"spec": bare["spec"]},
            "placement": named if clusters else {"clusterSelector": {}},
        },
    }


async def ready_to_browser(browser: Browser, name: str, member: BareMember, repeats: int) -> list[float]:
    """Seconds from a pod being Ready in a member until the open page has the new number."""
    await at_rest({name: member})
    text = manifests.dump([_federated("ticker", 0, [name])])
    await browser.submit("/workloads/yaml/", {"text": text, "action": "save"})
    page = await _page_of(browser, "ticker")
    took = []
    ready = _Ready()
    async with browser.socket(page) as socket, asyncio.TaskGroup() as group:
        watch = group.create_task(member.watch(f"{_ALL_PODS}", ready, name))
        await ready.ready.wait()
        for number in range(1, repeats + 1):
            await browser.submit(f"{page}scale/", {"replicas": str(number)})
            shown = await _shown(socket, f"{number}/{number}")
            took.append(shown - await ready.nth(number))
        watch.cancel()
    return took


async def _page_of(browser: Browser, name: str) -> str:
    async with browser.http.get(f"{browser.url}/workloads/?q={name}") as answer:
        page = await answer.text()
    anchor = page.split(f">{name}</a>")[0].rsplit('href="', 1)[1]
    return anchor.split('"')[0]


async def _shown(socket: Any, text: str) -> float:
    async for message in socket:
        if text in message.data:
            return time.perf_counter()
    raise RuntimeError("The page's websocket was closed.")


class _Ready(Seen):
    """The moments at which pods of the ticker became Ready, in order."""

    def __init__(self) -> None:
        super().__init__()
        self._ready: dict[str, float] = {}
        self._news = asyncio.Event()

    def note(self, member: str, body: dict[str, Any]) -> None:
        conditions = (body.get("status") or {}).get("conditions") or []
        is_ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
        if is_ready and (body["metadata"].get("labels") or {}).get("app") == "ticker":
            self._ready.setdefault(body["metadata"]["uid"], time.perf_counter())
            self._news.set()

    async def nth(self, number: int) -> float:
        """When the n-th pod became Ready; the page cannot know it before the watch here does by much."""
        async with asyncio.timeout(10):
            while len(self._ready) < number:
                self._news.clear()
                await self._news.wait()
        return sorted(self._ready.values())[number - 1]


def write(path: Path, results: dict[str, float]) -> None:
    """``results.json``, rounded to what was measured; figures that this run did not measure stay."""
    before = json.loads(path.read_text()) if path.exists() else {}
    rounded = {name: round(value, 3) for name, value in results.items()}
    path.write_text(json.dumps({**before, **rounded}, indent=2) + "\n")
