"""Read how objects fare out of what the members report, and write it to their rows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from clusters import live
from propagation.domain import rollout, takeover
from propagation.domain.statuses import Rollout
from propagation.models import Propagation

Object = dict[str, Any]

#: What ``live_owned`` holds when the object is not there.
ABSENT = "absent"

#: Rollouts for whose cause the pods are asked.
UNFINISHED = (Rollout.WAITING, Rollout.PROGRESSING, Rollout.STALLED, Rollout.FAILED)

Key = tuple[int, str, str, str]


@dataclass(frozen=True, slots=True)
class Observation:
    """An object in a member as its API server reported it; ``live`` is None when it is gone.

    ``version`` is the resourceVersion of the report. Reports come by the watch and by our own applies, in
    any order; what a list says holds whatever the version (a restored etcd counts from an earlier one).
    """

    cluster_pk: int
    type_name: str
    namespace: str
    name: str
    live: Object | None
    version: int = 0
    listed: bool = False

    @property
    def key(self) -> Key:
        return (self.cluster_pk, self.type_name, self.namespace, self.name)


@dataclass(frozen=True, slots=True)
class Hint:
    """Why a rollout does not get on, read from its pods; an empty reason clears the former one.

    ``unschedulable`` counts the pods that have found no node for long.
    """

    pk: int
    reason: str
    message: str
    unschedulable: int = 0


def observe(
    cluster_pk: int, type_name: str, item: Object, *, gone: bool = False, listed: bool = False
) -> Observation:
    """The observation of an object that a member reported."""
    metadata = item["metadata"]
    namespace, name = _name_of(item)
    version = str(metadata.get("resourceVersion", ""))
    number = int(version) if version.isdecimal() else 0
    return Observation(cluster_pk, type_name, namespace, name, None if gone else item, number, listed)


def record(observations: Sequence[Observation]) -> set[int]:
    """Write what changed; return the keys of the clusters in which something drifted.

    Of several observations of one object the newest counts. Objects without a row are not ours to report.
    Rows are locked from the comparison to the write: several processes report, and the newest has to win.
    """
    latest: dict[Key, Observation] = {}
    for observation in observations:
        if _is_news(observation, latest.get(observation.key)):
            latest[observation.key] = observation
    with transaction.atomic():
        rows = _rows(latest.values())
        now = timezone.now()
        changes = [change for row in rows if (change := _change(row, latest[_key(row)], now)) is not None]
        Propagation.objects.record(changes)
    changed = {change["pk"] for change in changes}
    _announce([row for row in rows if row.pk in changed])
    return repair({row.pk for row in rows}) | _finish_removals(rows, latest)


def _finish_removals(rows: Sequence[Propagation], latest: Mapping[Key, Observation]) -> set[int]:
    """Rows whose removal was waited for, and whose object has gone, are looked at again at once."""
    gone = {row.pk: row.cluster_id for row in rows if not row.selected and latest[_key(row)].live is None}
    if gone:
        Propagation.objects.dirty().filter(pk__in=gone).update(next_attempt_at=None)
    return set(gone.values())


def missing(
    cluster_pk: int, type_name: str, listed: Iterable[Object], namespace: str = "", *, kept: bool = False
) -> list[Observation]:
    """After a list, of one namespace if it is given: the objects that we applied and that are not there.

    ``kept``: the list is of what KubeFed left there and we have not written yet, else it is of all others.
    """
    present = {_name_of(item) for item in listed}
    rows = Propagation.objects.filter(cluster_id=cluster_pk, resource__type__name=type_name)
    if namespace:
        rows = rows.filter(resource__namespace=namespace)
    left = Q(applied_owned__startswith=takeover.KEPT)
    applied = rows.filter(left if kept else ~left).exclude(applied_hash="").exclude(live_owned=ABSENT)
    names = set(applied.values_list("resource__namespace", "resource__name"))
    return [
        Observation(cluster_pk, type_name, namespace, name, live=None, listed=True)
        for namespace, name in sorted(names - present)
    ]


def _is_news(observation: Observation, former: Observation | None) -> bool:
    return former is None or observation.listed or observation.version >= former.version


def repair(pks: Collection[int] | None = None) -> set[int]:
    """Make drifted rows dirty, unless repair is suspended; return their clusters.

    Without keys, look at all rows.
    """
    rows = Propagation.objects.drifted().exclude(resource__suspend_repair=True)
    if pks is not None:
        rows = rows.filter(pk__in=pks)
    drifted = dict(rows.values_list("pk", "cluster_id"))
    if drifted:
        Propagation.objects.filter(pk__in=drifted).update(
            desired_generation=F("desired_generation") + 1, next_attempt_at=None
        )
    return set(drifted.values())


def _rows(observations: Collection[Observation]) -> list[Propagation]:
    wanted = {observation.key for observation in observations}
    rows = Propagation.objects.filter(
        cluster_id__in={one.cluster_pk for one in observations},
        resource__type__name__in={one.type_name for one in observations},
        resource__name__in={one.name for one in observations},
    ).select_related("resource__type")
    rows = rows.select_for_update(of=("self",)).order_by("pk")
    slim = rows.defer("resource__template", "resource__overrides", "resource__placement")
    return [row for row in slim if _key(row) in wanted]


def _key(row: Propagation) -> Key:
    return (row.cluster_id, row.resource.type.name, row.resource.namespace, row.resource.name)


def _name_of(item: Object) -> tuple[str, str]:
    metadata = item["metadata"]
    return (metadata.get("namespace", ""), metadata["name"])


def _change(row: Propagation, observation: Observation, now: datetime) -> dict[str, Any] | None:
    """The new values of the row's observed columns, or None when they are what they were."""
    if not observation.listed and observation.version < row.live_version:
        return None
    values = _gone() if observation.live is None else _present(row, observation.live)
    if all(getattr(row, name) == value for name, value in values.items()):
        return None
    return {"pk": row.pk, "observed_at": now, "live_version": observation.version, **values}


def _gone() -> dict[str, Any]:
    return {
        "live_owned": ABSENT,
        "rollout": Rollout.UNKNOWN,
        "rollout_reason": "",
        "rollout_message": "",
        "ready_replicas": None,
        "total_replicas": None,
        "hint_reason": "",
        "unschedulable_replicas": 0,
    }


def _present(row: Propagation, live_object: Object) -> dict[str, Any]:
    status = rollout.read(live_object)
    hint = row.hint_reason if status.rollout in UNFINISHED else ""
    stalled = hint and status.rollout == Rollout.PROGRESSING
    return {
        "live_owned": takeover.held(live_object) or ABSENT,
        "rollout": Rollout.STALLED if stalled else status.rollout,
        "rollout_reason": status.reason,
        "rollout_message": status.message,
        "ready_replicas": status.ready,
        "total_replicas": status.total,
        "hint_reason": hint,
        "unschedulable_replicas": row.unschedulable_replicas if hint else 0,
    }


def troubled(limit: int) -> list[Propagation]:
    """Rows whose rollout is not finished, in clusters that answer, those with the oldest news first."""
    rows = Propagation.objects.filter(rollout__in=UNFINISHED, cluster__ready="True").exclude(applied_hash="")
    return list(rows.select_related("resource__type", "cluster").order_by("observed_at")[:limit])


def record_hints(hints: Sequence[Hint]) -> None:
    """Write why rollouts do not get on; a rollout that has a cause is stalled, not progressing."""
    now = timezone.now()
    given = {hint.pk: hint for hint in hints}
    with transaction.atomic():
        rows = list(Propagation.objects.filter(pk__in=given).select_for_update().order_by("pk"))
        changed = [row for row in rows if _is_new_hint(row, given[row.pk])]
        Propagation.objects.record([_hinted(row, given[row.pk], now) for row in changed])
    _announce(changed)


def _is_new_hint(row: Propagation, hint: Hint) -> bool:
    told = bool(hint.message and row.last_event != hint.message)
    return told or row.hint_reason != hint.reason or row.unschedulable_replicas != hint.unschedulable


def _hinted(row: Propagation, hint: Hint, now: datetime) -> dict[str, Any]:
    return {
        "pk": row.pk,
        "rollout": _rollout_with(row.rollout, hint.reason),
        "hint_reason": hint.reason,
        "unschedulable_replicas": hint.unschedulable,
        "last_event": hint.message or row.last_event,
        "last_event_at": now,
        "observed_at": now,
    }


def _rollout_with(current: str, reason: str) -> str:
    if reason and current == Rollout.PROGRESSING:
        return Rollout.STALLED
    return Rollout.PROGRESSING if not reason and current == Rollout.STALLED else current


def _announce(rows: Collection[Propagation]) -> None:
    live.announce("workloads", {row.resource_id for row in rows})
    live.announce("cluster-propagations", {row.cluster_id for row in rows})
