"""A thousand members: stub API servers, the console's real processes, and what both did."""

import asyncio
import gzip
import os
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.console import ROOT, Browser, Running, running
from benchmarks.measures import percentile
from fedconsole.sandbox.processes import free_ports
from propagation.domain import manifests

Report = Callable[[str], None]

#: Resources of the second measure, each in every member.
RESOURCES = 10
#: Seconds that anything may take before the run is given up.
PATIENCE = 600.0
#: Seconds over which an idle informer's CPU is measured.
IDLE = 20.0
#: Loads of each page.
LOADS = 15

PAGES = {
    "board": "/",
    "clusters": "/clusters/",
    "workloads": "/workloads/",
    "filtered": "/clusters/?state=Ready&region=region-3",
    "sorted": "/clusters/?sort=-version",
}


class Stubs:
    """The running stubs."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url = url
        self._http = http

    async def counts(self) -> dict[str, int]:
        """Requests by verb, and ``objects``."""
        async with self._http.get(f"{self.url}/counts") as answer:
            found: dict[str, int] = await answer.json()
        return found

    async def hold(self, objects: int) -> None:
        """Return when the stubs have this many objects."""
        await until(lambda: self._hold(objects), f"{objects} objects")

    async def _hold(self, objects: int) -> bool:
        return (await self.counts())["objects"] >= objects


async def until(ask: Callable[[], Any], what: str) -> None:
    """Return when the answer is true."""
    deadline = time.monotonic() + PATIENCE
    while not await ask():
        if time.monotonic() > deadline:
            raise RuntimeError(f"Waited too long for {what}.")
        await asyncio.sleep(0.05)


@asynccontextmanager
async def stubs() -> AsyncIterator[Stubs]:
    """The stub API servers in a process of their own."""
    (port,) = free_ports(1)
    command = (sys.executable, "-m", "benchmarks.stubs", "--port", str(port))
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
    try:
        async with aiohttp.ClientSession() as http:
            started = Stubs(f"http://127.0.0.1:{port}", http)
            await until(lambda: _answers(started), "the stubs")
            yield started
    finally:
        process.terminate()
        await process.wait()


async def _answers(started: Stubs) -> bool:
    try:
        await started.counts()
    except aiohttp.ClientError:
        return False
    return True


class Database:
    """The console's database, read beside it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "fedconsole.sqlite3"

    def one(self, statement: str) -> tuple[Any, ...]:
        """The first row of a query."""
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as connection:
            found: tuple[Any, ...] = connection.execute(statement).fetchone()
        return found

    async def all_ready(self, count: int) -> None:
        """Return when every member was probed and is well."""
        statement = "SELECT count(*) FROM clusters_cluster WHERE ready = 'True'"
        await until(lambda: self._is(statement, count), "the members to be Ready")

    async def settled(self) -> None:
        """Return when no row is dirty."""
        statement = (
            "SELECT count(*) FROM propagation_propagation WHERE desired_generation > applied_generation"
        )
        await until(lambda: self._is(statement, 0), "the rows to be applied")

    async def _is(self, statement: str, value: int) -> bool:
        return bool(self.one(statement)[0] == value)

    def fingerprint(self) -> tuple[Any, ...]:
        """Changes with every write to a row."""
        return self.one(
            "SELECT sum(desired_generation), sum(applied_generation), max(delivered_at), max(observed_at) "
            "FROM propagation_propagation"
        )


async def run(clusters: int, report: Report) -> dict[str, float]:
    """All measures; keys say their units."""
    async with stubs() as members, running(0) as console:
        results = await _first_half(console, members, clusters, report)
        report("Killing every process in the middle of a burst ...")
        await _post(console, [_config_map(number) for number in range(1, RESOURCES)])
        await members.hold(clusters * RESOURCES // 3)
        console.kill()
        before = (await members.counts())["PATCH"]
        left = clusters * RESOURCES - (await members.counts())["objects"]
        started = time.perf_counter()
        async with running(0, console.state_dir) as again:
            await members.hold(clusters * RESOURCES)
            await Database(again.state_dir).settled()
            results["resync_s"] = time.perf_counter() - started
            results["resync_applied_again"] = (await members.counts())["PATCH"] - before - left
            return results | await _second_half(again, members, clusters, report)


async def _first_half(console: Running, members: Stubs, clusters: int, report: Report) -> dict[str, float]:
    report(f"Filling in {clusters} members ...")
    alone = _memory(_informer(console))
    await _fill(console, clusters, members.url)
    database = Database(console.state_dir)
    await database.all_ready(clusters)
    report(f"One federated object to {clusters} members ...")
    started = time.perf_counter()
    await _post(console, [_config_map(0)])
    await members.hold(clusters)
    took = time.perf_counter() - started
    await database.settled()
    await asyncio.sleep(IDLE / 2)  # every watch is open by then
    grown = _memory(_informer(console)) - alone
    return {"scale_clusters": clusters, "one_to_all_s": took, "informer_kb_per_cluster": grown / clusters}


async def _second_half(console: Running, members: Stubs, clusters: int, report: Report) -> dict[str, float]:
    database = Database(console.state_dir)
    report("Idle: nothing may be written ...")
    await asyncio.sleep(IDLE)
    patches, rows, cpu = (await members.counts())["PATCH"], database.fingerprint(), _cpu(_informer(console))
    await asyncio.sleep(IDLE)
    results = {
        "idle_applies": float((await members.counts())["PATCH"] - patches),
        "idle_row_writes": float(database.fingerprint() != rows),
        "informer_idle_cpu_percent": (_cpu(_informer(console)) - cpu) / IDLE * 100,
    }
    report("Pages ...")
    async with Browser(console) as browser:
        for name, path in PAGES.items():
            results |= await _page(browser, name, path)
    return results


async def _page(browser: Browser, name: str, path: str) -> dict[str, float]:
    took = []
    body = await browser.load(path)  # not counted: the first one reads templates
    for _ in range(LOADS):
        started = time.perf_counter()
        body = await browser.load(path)
        took.append(time.perf_counter() - started)
    return {
        f"page_{name}_p95_ms": percentile(took, 0.95) * 1_000,
        f"page_{name}_gzip_kb": len(gzip.compress(body)) / 1_000,
    }


async def _post(console: Running, documents: list[dict[str, Any]]) -> None:
    async with Browser(console) as browser:
        typed = {"text": manifests.dump(documents), "action": "save"}
        await browser.submit("/workloads/yaml/", typed)


def _config_map(number: int) -> dict[str, Any]:
    return {
        "apiVersion": "types.kubefed.io/v1beta1",
        "kind": "FederatedConfigMap",
        "metadata": {"name": f"settings-{number}", "namespace": "default"},
        "spec": {"template": {"data": {"a": "b"}}, "placement": {"clusterSelector": {}}},
    }


async def _fill(console: Running, clusters: int, url: str) -> None:
    command = (sys.executable, "-m", "benchmarks.fill", str(clusters), url)
    env = os.environ | {"FEDCONSOLE_STATE_DIR": str(console.state_dir)}
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=env)
    if await process.wait():
        raise RuntimeError("The members could not be filled in.")


def _informer(console: Running) -> int:
    """The process number of the console's informer (Linux)."""
    state = f"FEDCONSOLE_STATE_DIR={console.state_dir}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, env = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:
            continue
        if b"runinformer" in command and b"tether" not in command and state in env.split(b"\0"):
            return int(process.name)
    raise RuntimeError("There is no informer.")


def _memory(pid: int) -> float:
    """Resident kilobytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("VmRSS")))


def _cpu(pid: int) -> float:
    """Seconds of CPU so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
