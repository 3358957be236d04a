"""Watch every managed object of every joined cluster, and hand what is seen to ``observing``.

One watch per (cluster, kind in use), one writer for all of them. Watches only put what they see on a
queue; the writer takes all that has come within a window and writes it in one go, so that a
storm of events costs few statements, and a slow database slows no watch of another cluster.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import channel_layers
from django.db import close_old_connections
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils import timezone

from clusters import tasks as cluster_tasks
from clusters.domain.labels import KUBEFED_MANAGED, MANAGED
from clusters.domain.references import EVENT, POD, ResourceType
from clusters.kube import errors, watching
from clusters.kube.client import Member
from clusters.kube.pool import Pool
from clusters.models import Cluster, Phase, Preset
from propagation import observing, tasks
from propagation.domain import kinds, rollout, takeover, types
from propagation.models import FederatedType, Propagation
from propagation.observing import Hint, Observation

logger = logging.getLogger(__name__)

#: Seconds between two looks at which clusters and kinds there are; wake-ups come in between.
REFRESH = 5.0
#: Seconds in which events are gathered into one write, and in which they are where many came at once: a
#: storm has several for each object, of which the newest is enough, and others need the processor.
WINDOW = 0.05
STORM_WINDOW = 0.25
#: Events that make a storm.
STORM = 40
#: Events of one write.
BATCH = 1_000
#: Seconds between two looks at the pods of unfinished rollouts, and how many rollouts one look takes.
HINT_INTERVAL = 2.0
HINT_ROWS = 200
#: Requests for hints under way at once.
HINT_CONCURRENCY = 16
#: Seconds in which a cluster whose watches broke is probed once, however many they are.
PROBE_PAUSE = 1.0
#: Seconds after a definition has come or gone until it is read what the cluster serves now.
DISCOVERY_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Target:
    """What one watch sees; without a namespace, the objects of all.

    ``label`` is what the objects bear: KubeFed's where it has left some that were not written since.
    """

    cluster_pk: int
    type: ResourceType
    namespace: str = ""
    label: str = MANAGED

    @property
    def kept(self) -> bool:
        return self.label == KUBEFED_MANAGED


#: What a watch depends on: when it changes, the watch is started anew.
Fingerprint = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """A running watch and the connection that it was started with."""

    fingerprint: Fingerprint
    task: "asyncio.Task[None]"


class Informer:
    """Everything that one informer process does; a second process does harmless double work."""

    def __init__(self) -> None:
        self._pool = Pool()
        self._queue: asyncio.Queue[list[Observation]] = asyncio.Queue()
        self._watches: dict[Target, Watched] = {}
        self._wake_up = asyncio.Event()
        self._probed: set[int] = set()
        self._discovering: set[int] = set()

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for activity in (self._keep_watches, self._write, self._listen, self._look_for_hints):
                    group.create_task(_forever(activity))
        finally:
            await self._stop(list(self._watches))
            await self._pool.close()

    # Which watches there should be

    async def _keep_watches(self) -> None:
        while True:
            self._wake_up.clear()
            await self._refresh()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake_up.wait(), REFRESH)

    async def _refresh(self) -> None:
        wanted = await _in_database(_targets)
        stale = [
            target for target, watched in self._watches.items() if wanted.get(target) != watched.fingerprint
        ]
        await self._stop(stale)
        new = [target for target in wanted if target not in self._watches]
        clusters = await _in_database(_clusters, {target.cluster_pk for target in new})
        for target in new:
            member = self._pool.member(clusters[target.cluster_pk].connection)
            task = asyncio.create_task(self._watch(member, target))
            self._watches[target] = Watched(wanted[target], task)

    async def _stop(self, targets: Iterable[Target]) -> None:
        stopping = [self._watches.pop(target).task for target in targets]
        for task in stopping:
            task.cancel()
        await asyncio.gather(*stopping, return_exceptions=True)

    async def _listen(self) -> None:
        """Look at once when a cluster or a workload changes; without Redis, every few seconds."""
        layer = channel_layers[DEFAULT_CHANNEL_LAYER]
        channel = await layer.new_channel()
        for group in ("clusters", "workloads"):
            await layer.group_add(group, channel)
        while True:
            await layer.receive(channel)
            self._wake_up.set()

    # What the watches see

    async def _watch(self, member: Member, target: Target) -> None:
        selector = f"{target.label}=true"
        watched = watching.watch(member, target.type, label_selector=selector, namespace=target.namespace)
        async for seen in watched:
            match seen:
                case watching.Synced():
                    await self._synced(target, seen.items)
                case watching.Event():
                    self._seen(target, seen)
                case watching.Broken():
                    self._probe_soon(target.cluster_pk, seen.error)

    def _seen(self, target: Target, seen: watching.Event) -> None:
        gone = seen.kind == "DELETED"
        if gone and target.kept and MANAGED in (seen.object["metadata"].get("labels") or {}):
            return  # it bears our label by now: the other watch tells what becomes of it
        observation = observing.observe(target.cluster_pk, target.type.name, seen.object, gone=gone)
        self._queue.put_nowait([observation])
        if target.type.name == types.DEFINITIONS:
            self._discover_soon(target.cluster_pk)

    async def _synced(self, target: Target, items: list[dict[str, Any]]) -> None:
        pk, name = target.cluster_pk, target.type.name
        missing = partial(observing.missing, pk, name, items, target.namespace, kept=target.kept)
        gone = await _in_database(missing)
        there = [observing.observe(pk, name, item, listed=True) for item in items]
        self._queue.put_nowait(there + gone)

    def _probe_soon(self, cluster_pk: int, error: Exception) -> None:
        if isinstance(error, errors.Gone | errors.TypeNotServed) or cluster_pk in self._probed:
            return
        self._probed.add(cluster_pk)
        loop = asyncio.get_running_loop()
        loop.call_later(PROBE_PAUSE, self._probed.discard, cluster_pk)
        loop.run_in_executor(None, cluster_tasks.wake, cluster_tasks.probe_clusters, [cluster_pk])

    def _discover_soon(self, cluster_pk: int) -> None:
        """A definition changes several times until it is established: what is served is read once."""
        if cluster_pk in self._discovering:
            return
        self._discovering.add(cluster_pk)
        asyncio.get_running_loop().call_later(DISCOVERY_PAUSE, self._discover, cluster_pk)

    def _discover(self, cluster_pk: int) -> None:
        self._discovering.discard(cluster_pk)
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, cluster_tasks.wake, cluster_tasks.discover_kinds, [cluster_pk])

    async def _write(self) -> None:
        async for batch in _batches(self._queue):
            drifted = await _in_database(observing.record, batch)
            await _in_database(tasks.drain_soon, drifted)

    # Why rollouts do not get on

    async def _look_for_hints(self) -> None:
        while True:
            rows = await _in_database(observing.troubled, HINT_ROWS)
            places = asyncio.Semaphore(HINT_CONCURRENCY)
            hints = await asyncio.gather(*(self._hint(row, places) for row in rows))
            await _in_database(observing.record_hints, [hint for hint in hints if hint])
            await asyncio.sleep(HINT_INTERVAL)

    async def _hint(self, row: Propagation, places: asyncio.Semaphore) -> Hint | None:
        selector = types.pod_selector(row.resource.type.kind, row.resource.template)
        if not selector:
            return None
        member = self._pool.member(row.cluster.connection)
        namespace = row.resource.namespace
        try:
            async with places:
                pods = await member.list(POD, namespace, label_selector=selector)
                warnings = await member.list(EVENT, namespace, field_selector="type=Warning")
        except errors.MemberError:
            return None  # the probe tells why a cluster does not answer
        found = rollout.hint(pods.items, warnings.items)
        stranded = rollout.unschedulable(pods.items, timezone.now())
        return Hint(row.pk, found.reason if found else "", found.message if found else "", stranded)


async def _forever(activity: Any) -> None:
    """Run an activity again when it fails: the database or Redis may be away for a while."""
    while True:
        try:
            await activity()
        except Exception:
            logger.exception("%s failed; trying again", activity.__name__)
            await asyncio.sleep(1)


async def _in_database(function: Any, *arguments: Any) -> Any:
    """Call a function that uses the database in a thread, on a connection that is alive."""

    def call() -> Any:
        close_old_connections()
        return function(*arguments)

    return await sync_to_async(call, thread_sensitive=True)()


async def _batches(queue: asyncio.Queue[list[Observation]]) -> AsyncIterator[list[Observation]]:
    """What has come within a window; the first of a quiet time is not made to wait for others."""
    while True:
        batch = list(await queue.get())
        while not queue.empty() and len(batch) < BATCH:
            batch += queue.get_nowait()
        yield batch
        await asyncio.sleep(WINDOW if len(batch) < STORM else STORM_WINDOW)


def _targets() -> dict[Target, Fingerprint]:
    """The watches that there should be, each with all that its connection depends on.

    The credential is compared as it is stored: to decrypt a thousand of them every few seconds is not needed.
    """
    columns = ("server", "ca_bundle", "tls_server_name", "insecure_skip_tls_verify", "proxy_url")
    members = Cluster.objects.filter(phase__in=[Phase.JOINED, Phase.DETACHING])
    sealed = members.annotate(sealed=Cast("credential", TextField()))
    in_use = FederatedType.objects.filter(enabled=True, resources__isnull=False).distinct()
    types_in_use = [federated.resource_type for federated in in_use]
    kept = _kept()
    return {
        Target(cluster.pk, kinds.as_served(kind, tuple(cluster.api_resources)), namespace, label): tuple(
            getattr(cluster, name) for name in ("sealed", *columns)
        )
        for cluster in sealed.only(*columns, "preset", "permitted_namespaces", "api_resources")
        for kind in types_in_use
        for namespace in _namespaces(cluster, kind)
        for label in ((MANAGED, KUBEFED_MANAGED) if (cluster.pk, kind.name) in kept else (MANAGED,))
    }


def _kept() -> set[tuple[int, str]]:
    """Where there is what KubeFed has left, and what we have not written since: keys and types' names."""
    rows = Propagation.objects.filter(
        resource__adopt_in_place=True, applied_owned__startswith=takeover.KEPT
    ).order_by()
    return set(rows.values_list("cluster_id", "resource__type__name").distinct())


def _namespaces(cluster: Cluster, kind: ResourceType) -> list[str]:
    """Where objects of this kind may be listed: everywhere, unless only some namespaces are open to us."""
    if cluster.preset != Preset.NAMESPACES:
        return [""]
    return list(cluster.permitted_namespaces) if kind.namespaced else []


def _clusters(pks: set[int]) -> dict[int, Cluster]:
    return Cluster.objects.in_bulk(pks)
