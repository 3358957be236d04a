"""``make bench``: run the measures and print them beside the limit."""

import argparse
import asyncio
import os
from pathlib import Path

from benchmarks import console, measures, scale
from benchmarks.members import BareMember

RESULTS = Path(__file__).parent / "results.json"


async def run(clusters: int, objects: int, repeats: int, version: str) -> dict[str, float]:
    """Every measure, in milliseconds or seconds as its name says."""
    print(f"Starting the console with {clusters} clusters ...", flush=True)
    async with console.running(clusters, version=version) as running:
        members = {path.parent.name: BareMember(path) for path in running.kubeconfigs()}
        try:
            async with console.Browser(running) as browser:
                return await _measure(browser, members, objects, repeats)
        finally:
            await asyncio.gather(*(member.close() for member in members.values()))


async def _measure(
    browser: console.Browser, members: dict[str, BareMember], objects: int, repeats: int
) -> dict[str, float]:
    for member in members.values():
        await member.ensure_namespace("bare")
    print("The bare limit: one Deployment, and a burst ...", flush=True)
    await measures.bare_burst(members, 20, "warm")
    limits = await measures.bare_single(members, repeats)
    burst_limit = min([await measures.bare_burst(members, objects, f"limit{n}") for n in range(3)])
    print("The console: one Deployment by the form ...", flush=True)
    await measures.single(browser, members, 5, "warm", print)
    took = await measures.single(browser, members, repeats, "single", print)
    print(f"The console: {objects} Deployments by YAML ...", flush=True)
    bursts = [await measures.burst(browser, members, objects, f"burst{n}") for n in range(3)]
    print("From a pod that is Ready to the open page ...", flush=True)
    name = next(iter(members))
    ready = await measures.ready_to_browser(browser, name, members[name], 20)
    return {
        "single_p50_ms": measures.percentile(took, 0.5) * 1_000,
        "single_p99_ms": measures.percentile(took, 0.99) * 1_000,
        "single_p50_limit_ms": measures.percentile(limits, 0.5) * 1_000,
        "single_p99_limit_ms": measures.percentile(limits, 0.99) * 1_000,
        f"burst{objects}_s": measures.percentile(bursts, 0.5),
        f"burst{objects}_limit_s": burst_limit,
        "ready_to_browser_p50_ms": measures.percentile(ready, 0.5) * 1_000,
        "ready_to_browser_p95_ms": measures.percentile(ready, 0.95) * 1_000,
    }


#: What the figures aim at (docs/performance.md), by key.
AIMS = {
    "single_p50_ms": 60.0,
    "single_p99_ms": 200.0,
    "burst100_s": 1.2,
    "ready_to_browser_p95_ms": 400.0,
    "one_to_all_s": 10.0,
    "resync_s": 60.0,
    "idle_applies": 0.0,
    "idle_row_writes": 0.0,
    "informer_kb_per_cluster": 500.0,
    "informer_idle_cpu_percent": 5.0,
    **{f"page_{name}_p95_ms": 100.0 for name in scale.PAGES},
    **{f"page_{name}_gzip_kb": 150.0 for name in scale.PAGES},
}


def _limit(name: str, results: dict[str, float]) -> float | None:
    """The bare limit of the same run beside a figure, where there is one."""
    measure, _, unit = name.rpartition("_")
    return results.get(f"{measure}_limit_{unit}")


def show(results: dict[str, float]) -> None:
    """A table: each figure beside its aim and, where there is one, the bare limit of the same run."""
    print(f"\n{'measure':34}{'FedConsole':>12}{'aim':>10}{'bare limit':>12}{'ratio':>8}")
    for name, value in results.items():
        if "_limit_" in name:
            continue
        limit, aim = _limit(name, results), AIMS.get(name)
        beside = f"{limit:>12.2f}{value / limit:>8.1f}" if limit else ""
        print(f"{name:34}{value:>12.2f}{'' if aim is None else f'{aim:g}':>10}{beside}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--clusters", type=int, default=3, help="real members (default: 3)")
    parser.add_argument("--objects", type=int, default=100, help="Deployments of a burst (default: 100)")
    parser.add_argument("--repeats", type=int, default=100, help="single Deployments (default: 100)")
    parser.add_argument("--kubernetes-version", default="", help="of the real members (default: the newest)")
    parser.add_argument(
        "--scale", type=int, default=0, metavar="N", help="only this: N members that are stubs"
    )
    options = parser.parse_args()
    print(f"Load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    measured = asyncio.run(
        scale.run(options.scale, print)
        if options.scale
        else run(options.clusters, options.objects, options.repeats, options.kubernetes_version)
    )
    measures.write(RESULTS, measured)
    show(measured)
    print(f"\nWritten to {RESULTS.relative_to(RESULTS.parents[1])}")


if __name__ == "__main__":
    main()
