"""Hollow nodes: they register, renew their leases, and take the kubelet's part for pods, without containers.

An image tag tells how a container behaves: ``:broken`` cannot be pulled, ``:crash`` ends again and again,
``:slow`` takes its time. A node with the annotation ``ANNOTATION`` set to ``false`` is not ready.
"""

import argparse
import asyncio
import contextlib
import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from fedconsole.sandbox import statuses
from fedconsole.sandbox.api import Api, Object, forever
from fedconsole.sandbox.pods import Pods

ANNOTATION = "sandbox.fedconsole.io/ready"
#: Seconds; nodes are given up by their cluster after 40.
LEASE_INTERVAL = 10.0
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"


@dataclass(frozen=True, slots=True)
class Options:
    """How many nodes, where, of what version, and how many pods each of them takes."""

    count: int
    region: str
    zones: tuple[str, ...]
    version: str
    pods: int


class HollowNodes:
    """Every node of one cluster."""

    def __init__(self, api: Api, options: Options) -> None:
        self._api = api
        self._options = options
        zones = options.zones
        self._zones = {f"node-{n}": zones[(n - 1) % len(zones)] for n in range(1, options.count + 1)}
        self._down: set[str] = set()
        self._pods = Pods(api, self._zones, self._down)

    async def run(self) -> None:
        """Never ends by itself."""
        await asyncio.gather(forever(self._follow), forever(self._beat), forever(self._pods.follow))

    async def _follow(self) -> None:
        """Act on what happens to the nodes, until the watch ends."""
        await asyncio.gather(*[self._register(name) for name in self._zones])
        async for event in self._api.list_watch("/api/v1/nodes"):
            for node in event.get("items") or [event["object"]]:
                if event["type"] != "DELETED" and node["metadata"]["name"] in self._zones:
                    await self._see(node)

    async def _register(self, name: str) -> None:
        labels = {
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "node.kubernetes.io/instance-type": "hollow",
            "topology.kubernetes.io/region": self._options.region,
            "topology.kubernetes.io/zone": self._zones[name],
        }
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
        await self._api.call("POST", "/api/v1/nodes", node)
        status = statuses.node(self._options.version, name, self._options.pods)
        await self._api.call("PATCH", f"/api/v1/nodes/{name}/status", {"status": status})

    async def _see(self, node: Object) -> None:
        name = node["metadata"]["name"]
        ready = (node["metadata"].get("annotations") or {}).get(ANNOTATION) != "false"
        if ready == statuses.is_ready(node):
            return
        if not ready:
            self._down.add(name)
        await self._report(name, ready=ready)
        if ready:
            self._down.discard(name)
            self._pods.revive(name)

    async def _report(self, name: str, *, ready: bool) -> None:
        conditions = statuses.node_conditions(ready=ready, now=dt.datetime.now(dt.UTC))
        body = {"status": {"conditions": conditions}}
        await self._api.call("PATCH", f"/api/v1/nodes/{name}/status", body)

    async def _beat(self) -> None:
        """Renew every lease once, then pause."""
        await asyncio.gather(*[self._renew(name) for name in self._zones])
        await asyncio.sleep(LEASE_INTERVAL)

    async def _renew(self, name: str) -> None:
        now = statuses.micro_timestamp(dt.datetime.now(dt.UTC))
        spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": now}
        answer = await self._api.call("PATCH", f"{_LEASES}/{name}", {"spec": spec})
        if answer.get("code") == 404:
            metadata = {"name": name, "namespace": "kube-node-lease"}
            kind = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
            await self._api.call("POST", _LEASES, {**kind, "metadata": metadata, "spec": spec})


async def _main(kubeconfig: Path, options: Options) -> None:
    api = Api(kubeconfig)
    try:
        await HollowNodes(api, options).run()
    finally:
        await api.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--region", default="local")
    parser.add_argument("--zones", default="local-a", help="separated by commas")
    parser.add_argument("--version", default="v0.0.0")
    parser.add_argument("--pods", type=int, default=500, help="how many pods a node takes")
    return parser


if __name__ == "__main__":
    given = _parser().parse_args()
    chosen = Options(given.nodes, given.region, tuple(given.zones.split(",")), given.version, given.pods)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(given.kubeconfig, chosen))
