"""Hollow nodes: they register, renew their leases, and take the kubelet's part for pods, without containers.

An image tag tells how a pod behaves: ``:broken`` cannot be pulled, ``:crash`` ends again and again,
``:slow`` takes its time.
"""

import argparse
import asyncio
import contextlib
import datetime as dt
import json
import random
import ssl
import tempfile
from base64 import b64decode
from pathlib import Path
from typing import Any

import aiohttp
import yaml

Object = dict[str, Any]

#: Seconds.
START_DELAY = 0.3
SLOW_START = 8.0
JOB_DURATION = 1.0
LEASE_INTERVAL = 10.0
RECONNECT = 0.5
#: Requests under way at once.
CONCURRENCY = 24

_MERGE = {"Content-Type": "application/merge-patch+json"}


class Api:
    """As much of an API client as a kubelet's stand-in needs."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self._server = cluster["server"]
        ca = b64decode(cluster["certificate-authority-data"]).decode()
        context = ssl.create_default_context(cadata=ca)
        with tempfile.NamedTemporaryFile() as file:
            file.write(b64decode(user["client-certificate-data"]) + b64decode(user["client-key-data"]))
            file.flush()
            context.load_cert_chain(file.name)
        connector = aiohttp.TCPConnector(ssl=context, limit=CONCURRENCY + 4)
        self._session = aiohttp.ClientSession(connector=connector, read_bufsize=2**21)
        self._places = asyncio.Semaphore(CONCURRENCY)

    async def call(
        self, method: str, path: str, body: Object | None = None, *, merge: bool = False
    ) -> Object:
        """The parsed answer; statuses are not errors here, their ``code`` tells."""
        headers = _MERGE if merge else {}
        timeout = aiohttp.ClientTimeout(total=10)
        url = self._server + path
        async with (
            self._places,
            self._session.request(method, url, json=body, headers=headers, timeout=timeout) as answer,
        ):
            content: Object = await answer.json(content_type=None)
            return content

    async def watch(self, path: str, version: str) -> Any:
        """The events of a watch, until it ends."""
        query = {"watch": "true", "resourceVersion": version, "timeoutSeconds": "300"}
        timeout = aiohttp.ClientTimeout(sock_read=320)
        async with self._session.get(self._server + path, params=query, timeout=timeout) as answer:
            async for line in answer.content:
                yield json.loads(line)

    async def close(self) -> None:
        await self._session.close()


def _now(micro: bool = False) -> str:
    moment = dt.datetime.now(dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if micro else "%Y-%m-%dT%H:%M:%SZ")


class HollowNodes:
    """Every node of one cluster."""

    def __init__(self, api: Api, count: int, region: str, zones: list[str], version: str) -> None:
        self._api = api
        self._nodes = {f"node-{n}": zones[(n - 1) % len(zones)] for n in range(1, count + 1)}
        self._region = region
        self._version = version
        self._pods: dict[str, asyncio.Task[None]] = {}
        self._addresses = iter(range(1, 2**30))

    async def run(self) -> None:
        """Never ends by itself."""
        await asyncio.gather(_again(self._beat), _again(self._watch_pods))

    # Nodes

    async def _beat(self) -> None:
        for name in self._nodes:
            await self._register(name)
        while True:
            for name in self._nodes:
                await self._renew(name)
            await asyncio.sleep(LEASE_INTERVAL)

    async def _register(self, name: str) -> None:
        labels = {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "topology.kubernetes.io/region": self._region,
            "topology.kubernetes.io/zone": self._nodes[name],
        }
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
        await self._api.call("POST", "/api/v1/nodes", node)
        await self._api.call(
            "PATCH", f"/api/v1/nodes/{name}/status", {"status": self._status(name)}, merge=True
        )

    def _status(self, name: str) -> Object:
        capacity = {"cpu": "16", "memory": "64Gi", "pods": "500"}
        ready = {
            "type": "Ready",
            "status": "True",
            "reason": "HollowReady",
            "message": "The hollow node is ready.",
            "lastHeartbeatTime": _now(),
            "lastTransitionTime": _now(),
        }
        return {
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": [ready],
            "addresses": [{"type": "Hostname", "address": name}],
            "nodeInfo": {
                "kubeletVersion": self._version,
                "kubeProxyVersion": self._version,
                "containerRuntimeVersion": "hollow://1",
                "operatingSystem": "linux",
                "osImage": "Hollow",
                "kernelVersion": "0",
                "architecture": "amd64",
                "machineID": name,
                "systemUUID": name,
                "bootID": name,
            },
        }

    async def _renew(self, name: str) -> None:
        path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
        spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": _now(micro=True)}
        answer = await self._api.call("PATCH", f"{path}/{name}", {"spec": spec}, merge=True)
        if answer.get("code") == 404:
            metadata = {"name": name, "namespace": "kube-node-lease"}
            kind = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
            await self._api.call("POST", path, {**kind, "metadata": metadata, "spec": spec})

    # Pods

    async def _watch_pods(self) -> None:
        listing = await self._api.call("GET", "/api/v1/pods")
        for pod in listing["items"]:
            self._seen(pod)
        async for event in self._api.watch("/api/v1/pods", listing["metadata"]["resourceVersion"]):
            if event["type"] == "ERROR":
                return
            if event["type"] == "DELETED":
                self._forget(event["object"]["metadata"]["uid"])
            elif event["type"] != "BOOKMARK":
                self._seen(event["object"])

    def _seen(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        if pod["spec"].get("nodeName") not in self._nodes:
            return
        if pod["metadata"].get("deletionTimestamp"):
            self._forget(uid)
            self._pods[uid] = asyncio.create_task(self._end(pod))
        elif uid not in self._pods and not (pod.get("status") or {}).get("podIP"):
            self._pods[uid] = asyncio.create_task(self._play(pod))

    def _forget(self, uid: str) -> None:
        if task := self._pods.pop(uid, None):
            task.cancel()

    async def _end(self, pod: Object) -> None:
        await asyncio.sleep(START_DELAY)
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
        await _until_done(lambda: self._api.call("DELETE", _path(pod), options))

    async def _play(self, pod: Object) -> None:
        tags = {container["image"].rpartition(":")[2] for container in pod["spec"]["containers"]}
        await asyncio.sleep(START_DELAY * random.uniform(0.7, 1.3))  # noqa: S311
        if "broken" in tags:
            await self._fail_to_pull(pod)
        elif "crash" in tags:
            await self._crash(pod)
        else:
            if "slow" in tags:
                await asyncio.sleep(SLOW_START)
            await self._set(pod, self._running(pod))
            if pod["spec"].get("restartPolicy") in ("Never", "OnFailure"):
                await asyncio.sleep(JOB_DURATION)
                await self._set(pod, {"phase": "Succeeded"})

    async def _fail_to_pull(self, pod: Object) -> None:
        image = pod["spec"]["containers"][0]["image"]
        message = f'Back-off pulling image "{image}"'
        waiting = {"waiting": {"reason": "ImagePullBackOff", "message": message}}
        await self._set(pod, self._not_ready(pod, waiting, restarts=0))
        await self._tell(pod, "Failed", f'Failed to pull image "{image}": not found')

    async def _crash(self, pod: Object) -> None:
        for restarts in range(1, 1_000):
            message = f"back-off {min(300, 10 * 2**restarts)}s restarting failed container"
            waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
            await self._set(pod, self._not_ready(pod, waiting, restarts) | {"phase": "Running"})
            await self._tell(pod, "BackOff", "Back-off restarting failed container")
            await asyncio.sleep(min(60, 5 * 2**restarts))

    def _running(self, pod: Object) -> Object:
        address = next(self._addresses)
        ip = f"10.{64 + (address >> 16) % 64}.{(address >> 8) % 256}.{address % 256}"
        state = {"running": {"startedAt": _now()}}
        return {
            **self._containers(pod, state, ready=True, restarts=0),
            "phase": "Running",
            "podIP": ip,
            "podIPs": [{"ip": ip}],
            "hostIP": "127.0.0.1",
            "startTime": _now(),
            "conditions": _conditions(ready=True),
        }

    def _not_ready(self, pod: Object, state: Object, restarts: int) -> Object:
        return {
            **self._containers(pod, state, ready=False, restarts=restarts),
            "phase": "Pending",
            "hostIP": "127.0.0.1",
            "startTime": _now(),
            "conditions": _conditions(ready=False),
        }

    def _containers(self, pod: Object, state: Object, *, ready: bool, restarts: int) -> Object:
        statuses = [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": "",
                "ready": ready,
                "started": ready,
                "restartCount": restarts,
                "state": state,
            }
            for container in pod["spec"]["containers"]
        ]
        return {"containerStatuses": statuses}

    async def _set(self, pod: Object, status: Object) -> None:
        await _until_done(
            lambda: self._api.call("PATCH", f"{_path(pod)}/status", {"status": status}, merge=True)
        )

    async def _tell(self, pod: Object, reason: str, message: str) -> None:
        metadata = pod["metadata"]
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{metadata['name']}.", "namespace": metadata["namespace"]},
            "involvedObject": {
                "kind": "Pod",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
            "type": "Warning",
            "reason": reason,
            "message": message,
            "count": 1,
            "firstTimestamp": _now(),
            "lastTimestamp": _now(),
            "source": {"component": "kubelet", "host": pod["spec"]["nodeName"]},
        }
        await self._api.call("POST", f"/api/v1/namespaces/{metadata['namespace']}/events", event)


def _path(pod: Object) -> str:
    metadata = pod["metadata"]
    return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"


def _conditions(*, ready: bool) -> list[Object]:
    status = "True" if ready else "False"
    reason = {} if ready else {"reason": "ContainersNotReady"}
    values = {"PodScheduled": "True", "Initialized": "True", "ContainersReady": status, "Ready": status}
    return [
        {"type": name, "status": value, "lastTransitionTime": _now(), **(reason if value == "False" else {})}
        for name, value in values.items()
    ]


async def _again(activity: Any) -> None:
    """Run an activity again whenever it ends: the API server may be away for a while."""
    while True:
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, KeyError, ValueError):
            await activity()
        await asyncio.sleep(RECONNECT)


async def _until_done(call: Any) -> None:
    """Repeat a call until the server has answered it."""
    while True:
        with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, ValueError):
            await call()
            return
        await asyncio.sleep(RECONNECT)


async def _main(options: argparse.Namespace) -> None:
    api = Api(options.kubeconfig)
    try:
        zones = options.zones.split(",")
        await HollowNodes(api, options.nodes, options.region, zones, options.version).run()
    finally:
        await api.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--region", default="local")
    parser.add_argument("--zones", default="local-a")
    parser.add_argument("--version", default="v0.0.0")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(parser.parse_args()))
