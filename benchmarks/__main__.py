"""``make bench``: run the measures and print them beside the limit."""

import argparse
import asyncio
from pathlib import Path

from benchmarks import console, measures
from benchmarks.members import BareMember

RESULTS = Path(__file__).parent / "results.json"


async def run(clusters: int, objects: int, repeats: int) -> dict[str, float]:
    """Every measure, in milliseconds or seconds as its name says."""
    print(f"Starting the console with {clusters} clusters ...", flush=True)
    async with console.running(clusters) as running:
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
    limits = await measures.bare_single(members, 50)
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
        "single_limit_ms": measures.percentile(limits, 0.5) * 1_000,
        f"burst{objects}_s": measures.percentile(bursts, 0.5),
        f"burst{objects}_limit_s": burst_limit,
        "ready_to_browser_p50_ms": measures.percentile(ready, 0.5) * 1_000,
        "ready_to_browser_p95_ms": measures.percentile(ready, 0.95) * 1_000,
    }


def show(results: dict[str, float], objects: int) -> None:
    """A table with the ratio to the limit."""
    single, burst = results["single_limit_ms"], results[f"burst{objects}_limit_s"]
    rows = [
        (
            "one Deployment, p50",
            f"{results['single_p50_ms']:.1f} ms",
            f"{single:.1f} ms",
            results["single_p50_ms"] / single,
        ),
        (
            "one Deployment, p99",
            f"{results['single_p99_ms']:.1f} ms",
            f"{single:.1f} ms",
            results["single_p99_ms"] / single,
        ),
        (
            f"burst of {objects}",
            f"{results[f'burst{objects}_s']:.2f} s",
            f"{burst:.2f} s",
            results[f"burst{objects}_s"] / burst,
        ),
    ]
    print(f"\n{'measure':34}{'FedConsole':>14}{'bare limit':>14}{'ratio':>8}")
    for name, ours, limit, ratio in rows:
        print(f"{name:34}{ours:>14}{limit:>14}{ratio:>8.1f}")
    print(f"{'pod Ready to browser, p95':34}{results['ready_to_browser_p95_ms']:>11.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--clusters", type=int, default=3, help="members (default: 3)")
    parser.add_argument("--objects", type=int, default=100, help="Deployments of a burst (default: 100)")
    parser.add_argument("--repeats", type=int, default=100, help="single Deployments (default: 100)")
    options = parser.parse_args()
    results = asyncio.run(run(options.clusters, options.objects, options.repeats))
    measures.write(RESULTS, results)
    show(results, options.objects)
    print(
        f"\nWritten to {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}"
    )


if __name__ == "__main__":
    main()
