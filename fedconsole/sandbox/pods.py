"""The kubelet's part for the pods of hollow nodes, without containers."""

import asyncio
import datetime as dt
import random
from collections.abc import Container

from fedconsole.sandbox import statuses
from fedconsole.sandbox.api import Api, Object
from fedconsole.sandbox.statuses import Behaviour

#: Seconds.
START_DELAY = 0.3
SLOW_START = 8.0
JOB_DURATION = 1.0
LONGEST_GRACE = 1.0
LONGEST_BACK_OFF = 30.0


class Pods:
    """Every pod that is bound to one of ``nodes``; those of nodes that are ``down`` are left alone."""

    def __init__(self, api: Api, nodes: Container[str], down: Container[str]) -> None:
        self._api = api
        self._nodes = nodes
        self._down = down
        self._seen: dict[str, Object] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ending: set[str] = set()
        #: The newest version that we wrote; whatever is older is an echo.
        self._written: dict[str, int] = {}

    async def follow(self) -> None:
        """Act on what happens to pods, until the watch ends."""
        async for event in self._api.list_watch("/api/v1/pods", "spec.nodeName!="):
            if event["type"] == "LISTED":
                self._relist(event["items"])
            elif event["type"] == "DELETED":
                self._forget(event["object"]["metadata"]["uid"])
            else:
                self._see(event["object"])

    def revive(self, node: str) -> None:
        """A node is back: look at its pods again."""
        for pod in list(self._seen.values()):
            if pod["spec"]["nodeName"] == node:
                self._see(pod)

    def _relist(self, items: list[Object]) -> None:
        for uid in self._seen.keys() - {pod["metadata"]["uid"] for pod in items}:
            self._forget(uid)
        for pod in items:
            self._see(pod)

    def _see(self, pod: Object) -> None:
        uid, node = pod["metadata"]["uid"], pod["spec"].get("nodeName")
        if node not in self._nodes:
            return
        self._seen[uid] = pod
        if node in self._down or int(pod["metadata"]["resourceVersion"]) < self._written.get(uid, 0):
            return
        if pod["metadata"].get("deletionTimestamp"):
            self._begin_end(uid, pod)
        elif not self._is_busy(uid) and not statuses.is_ready(pod) and not statuses.is_finished(pod):
            self._tasks[uid] = asyncio.create_task(self._play(pod))

    def _is_busy(self, uid: str) -> bool:
        return uid in self._tasks and not self._tasks[uid].done()

    def _begin_end(self, uid: str, pod: Object) -> None:
        if uid in self._ending:
            return
        self._ending.add(uid)
        if task := self._tasks.pop(uid, None):
            task.cancel()
        self._tasks[uid] = asyncio.create_task(self._end(pod))

    def _forget(self, uid: str) -> None:
        self._seen.pop(uid, None)
        self._written.pop(uid, None)
        self._ending.discard(uid)
        if task := self._tasks.pop(uid, None):
            task.cancel()

    async def _end(self, pod: Object) -> None:
        grace = pod["metadata"].get("deletionGracePeriodSeconds") or 0
        await asyncio.sleep(min(grace, LONGEST_GRACE * random.uniform(0.3, 1)))  # noqa: S311
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "gracePeriodSeconds": 0,
            "preconditions": {"uid": pod["metadata"]["uid"]},
        }
        await self._api.call("DELETE", _path(pod), options)

    async def _play(self, pod: Object) -> None:
        kinds = statuses.behaviours(pod)
        await asyncio.sleep(START_DELAY * random.uniform(0.7, 1.3))  # noqa: S311
        if Behaviour.BROKEN in kinds:
            await self._wait_for_image(pod)
        if Behaviour.SLOW in kinds:
            await asyncio.sleep(SLOW_START)
        if Behaviour.CRASH in kinds:
            await self._crash(pod)
        else:
            await self._run(pod)

    async def _run(self, pod: Object) -> None:
        await self._report(pod, statuses.running(pod, _now()))
        if pod["spec"].get("restartPolicy") != "Always":
            await asyncio.sleep(JOB_DURATION)
            await self._report(pod, statuses.finished(pod, _now(), succeeded=True))

    async def _wait_for_image(self, pod: Object) -> None:
        """For ever: nobody pushes it."""
        images = (each["image"] for each in pod["spec"]["containers"])
        image = next(each for each in images if statuses.behaviour(each) is Behaviour.BROKEN)
        await self._report(pod, statuses.waiting_for_image(pod, _now(), back_off=False))
        await self._tell(pod, "Failed", f'Failed to pull image "{image}": {statuses.not_found(image)}', 1)
        await asyncio.sleep(START_DELAY)
        await self._report(pod, statuses.waiting_for_image(pod, _now(), back_off=True))
        count = 0
        while True:
            count += 1
            await self._tell(pod, "BackOff", f'Back-off pulling image "{image}"', count)
            await asyncio.sleep(LONGEST_BACK_OFF)

    async def _crash(self, pod: Object) -> None:
        if pod["spec"].get("restartPolicy") == "Never":
            await self._report(pod, statuses.finished(pod, _now(), succeeded=False))
            return
        restarts = 0
        while True:
            restarts += 1
            await self._report(pod, statuses.crashed(pod, _now(), restarts))
            await self._tell(pod, "BackOff", "Back-off restarting failed container", restarts)
            await asyncio.sleep(min(LONGEST_BACK_OFF, 2.0**restarts))

    async def _report(self, pod: Object, status: Object) -> None:
        metadata = {"uid": pod["metadata"]["uid"]}  # of a namesake it is refused
        body = {"metadata": metadata, "status": status}
        answer = await self._api.call("PATCH", f"{_path(pod)}/status", body)
        if answer["kind"] == "Pod":
            self._written[metadata["uid"]] = int(answer["metadata"]["resourceVersion"])

    async def _tell(self, pod: Object, reason: str, message: str, count: int) -> None:
        """A warning event; the same one again where it is not the first."""
        event = _event(pod, reason, message, count)
        path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/events"
        news = {name: event[name] for name in ("count", "message", "lastTimestamp")}
        answer = await self._api.call("PATCH", f"{path}/{event['metadata']['name']}", news)
        if answer.get("code") == 404:
            await self._api.call("POST", path, event)


def _event(pod: Object, reason: str, message: str, count: int) -> Object:
    metadata, now = pod["metadata"], statuses.timestamp(_now())
    name = f"{metadata['name']}.{metadata['uid'][:8]}.{reason.lower()}"
    identity = {field: metadata[field] for field in ("namespace", "name", "uid")}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": metadata["namespace"]},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", **identity},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "count": count,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "source": {"component": "kubelet", "host": pod["spec"]["nodeName"]},
        "reportingComponent": "kubelet",
    }


def _path(pod: Object) -> str:
    metadata = pod["metadata"]
    return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
