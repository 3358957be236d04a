"""Look at every member: does it answer, is it well, what is it made of."""

import asyncio
import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from clusters import live
from clusters.domain import conditions, nodes, served
from clusters.domain.conditions import Health, Probe, Reason, Status
from clusters.domain.references import NODE
from clusters.kube import discovery, errors, loop
from clusters.kube.client import Member
from clusters.models import Cluster, Phase

logger = logging.getLogger(__name__)

#: Members are looked at as long as we have access to them.
PROBED = (Phase.JOINED, Phase.DETACHING, Phase.DETACH_FAILED)
#: Seconds before a member that refused is asked again; one that did not answer has taken its time already.
PAUSE = 1.0
#: Every how many probe intervals version and nodes, and the served kinds, are read again.
DETAILS_EVERY = 6
DISCOVERY_EVERY = 60

#: Columns that are read; the larger ones are not needed to probe.
_UNUSED = ("api_resources", "labels", "permitted_namespaces", "description")
_HEALTH = tuple(one.name for one in fields(Health))
#: Their changes are no news to a page.
_COUNTERS = frozenset({"failures", "successes", "last_probe_time"})
#: Their changes concern what is placed in a member, or whether it can be delivered.
_PLACEMENT = frozenset({"ready", "region", "zones"})

_under_way: set[int] = set()
_under_way_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in one member: its health as of now, and other columns that were read."""

    cluster: Cluster
    health: Health
    facts: Mapping[str, Any]

    @property
    def changes(self) -> dict[str, Any]:
        """Columns whose value is another now, the counters included."""
        values = {name: getattr(self.health, name) for name in _HEALTH} | dict(self.facts)
        return {name: value for name, value in values.items() if getattr(self.cluster, name) != value}


def probe(pks: Collection[int] | None, tell: Callable[[list[int]], None]) -> None:
    """Probe these members (None: all) at once; each report is written as soon as it is there.

    A member that fails is asked again right away until the failure counts: one that refuses is known to be
    down after two pauses, one that swallows packets after three timeouts. ``tell`` is called with the
    keys of members whose readiness or region changed. A member that another thread of this process is
    looking at is left to that one.
    """
    now = timezone.now()
    members = Cluster.objects.filter(phase__in=PROBED).defer(*_UNUSED)
    if pks is not None:
        members = members.filter(pk__in=pks)
    chosen = _claim(members)
    try:
        for reports in loop.gather_batches([_examine(cluster, now) for cluster in chosen]):
            flipped = _record([report for report in reports if report])
            if flipped:
                tell(flipped)
    finally:
        _release(chosen)


def _claim(clusters: Iterable[Cluster]) -> list[Cluster]:
    candidates = list(clusters)
    with _under_way_lock:
        chosen = [cluster for cluster in candidates if cluster.pk not in _under_way]
        _under_way.update(cluster.pk for cluster in chosen)
    return chosen


def _release(clusters: Iterable[Cluster]) -> None:
    with _under_way_lock:
        _under_way.difference_update(cluster.pk for cluster in clusters)


# One member, on the loop


async def _examine(cluster: Cluster, now: datetime) -> Report | None:
    try:
        member = loop.shared_pool().member(cluster.connection)
        health, last = await _health(member, cluster)
        facts = await _facts(member, cluster, now) if last.healthy else {}
        return Report(cluster, health, facts)
    except Exception:  # a sweep must not end because of one member
        logger.exception("Cannot probe %s", cluster.name)
        return None


async def _health(member: Member, cluster: Cluster) -> tuple[Health, Probe]:
    """Probe until the outcome counts: below the threshold, a failure is looked into at once."""
    health = health_of(cluster)
    while True:
        found = await _look(member)
        health = conditions.advance(health, found, timezone.now())
        if found.healthy or health.ready != Status.TRUE:
            return health, found
        if found.reason == Reason.CONNECTION_REFUSED or found.answered:
            await asyncio.sleep(PAUSE)


async def _look(member: Member) -> Probe:
    """``GET /healthz``, KubeFed's probe."""
    try:
        answer = await member.healthz()
    except (errors.Unreachable, errors.TimedOut, errors.AddressNotAllowed) as error:
        return Probe(answered=False, healthy=False, reason=error.reason, message=str(error))
    except errors.MemberError as error:
        return Probe(answered=True, healthy=False, reason=error.reason, message=str(error))
    if answer.strip() == "ok":
        return Probe(answered=True, healthy=True, reason=Reason.CLUSTER_READY)
    return Probe(answered=True, healthy=False, reason=Reason.CLUSTER_NOT_READY, message=answer)


async def _facts(member: Member, cluster: Cluster, now: datetime) -> dict[str, Any]:
    """What changes slowly; each member has its own turn, so that they do not all come at once."""
    turn = _turn(now) + cluster.pk
    unknown = not cluster.version
    facts: dict[str, Any] = {}
    try:
        if unknown or turn % DETAILS_EVERY == 0:
            facts["version"] = (await member.version())["gitVersion"]
            facts |= _node_facts((await member.list(NODE)).items)
        if unknown or turn % DISCOVERY_EVERY == 0 or facts.get("version", cluster.version) != cluster.version:
            facts["api_resources"] = await _served(member)
    except errors.MemberError as error:
        logger.warning("Cannot read the details of %s: %s", cluster.name, error.reason)
    return facts


def _turn(now: datetime) -> int:
    return int(now.timestamp() / conditions.PROBE_INTERVAL.total_seconds())


def _node_facts(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    summary = nodes.summarize(items)
    facts: dict[str, Any] = {
        "nodes_ready": summary.ready,
        "nodes_total": summary.total,
        "cpu_capacity_millis": summary.cpu_millis,
        "memory_capacity_bytes": summary.memory_bytes,
    }
    if summary.region:
        facts["region"] = summary.region[:63]
    if summary.zones:
        facts["zones"] = list(summary.zones)
    return facts


async def _served(member: Member) -> list[str]:
    """Every served kind, as ``domain.served`` writes it."""
    return sorted(served.write(one.type, one.verbs) for one in await discovery.served(member))


def rediscover(pks: Collection[int] | None) -> None:
    """Read now which kinds these members (None: all) serve: somebody knows that there are others."""
    members = Cluster.objects.filter(phase__in=PROBED, ready=Status.TRUE)
    chosen = list(members if pks is None else members.filter(pk__in=pks))
    for batch in loop.gather_batches([_rediscover(cluster) for cluster in chosen]):
        for cluster, kinds in batch:
            if kinds != cluster.api_resources:
                Cluster.objects.filter(pk=cluster.pk).update(api_resources=kinds)
                live.announce(live.CLUSTERS, [cluster.pk])


async def _rediscover(cluster: Cluster) -> tuple[Cluster, list[str]]:
    try:
        return cluster, await _served(loop.shared_pool().member(cluster.connection))
    except errors.MemberError as error:
        logger.warning("Cannot read what %s serves: %s", cluster.name, error.reason)
        return cluster, cluster.api_resources


# In the database


def health_of(cluster: Cluster) -> Health:
    """The conditions as they are stored."""
    return Health(**{name: getattr(cluster, name) for name in _HEALTH})


def _record(reports: Sequence[Report]) -> list[int]:
    """Write what changed; the keys of members whose readiness or region did.

    A sweep over members that are all well is one statement.
    """
    changes = {report.cluster.pk: report.changes for report in reports}
    quiet = [pk for pk, changed in changes.items() if changed.keys() <= {"last_probe_time"}]
    seen = [report.health.last_probe_time for report in reports if report.health.last_probe_time]
    with transaction.atomic():
        if quiet:
            Cluster.objects.filter(pk__in=quiet).update(last_probe_time=max(seen))
        for pk in changes.keys() - set(quiet):
            Cluster.objects.filter(pk=pk).update(**changes[pk])
        live.announce(live.CLUSTERS, [pk for pk, changed in changes.items() if changed.keys() - _COUNTERS])
    return [pk for pk, changed in changes.items() if changed.keys() & _PLACEMENT]
