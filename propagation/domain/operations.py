"""The heart: what to do about one object in one cluster. Dispatch and preview ask the same function."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clusters.domain.labels import KUBEFED_MANAGED, MANAGED
from propagation.domain import takeover, versions
from propagation.domain.statuses import PropagationStatus

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the decision depends on.

    ``selected``: the object should be there. ``joined``: the cluster is or was a member; ``ready``: it can
    be worked on. ``deleting``: the federated object itself is being deleted. ``desired`` is the rendered
    object (None when not selected), ``live`` the object that is there (None when absent or, in a cluster
    that is not ready, unknown). ``applied_before``: we have applied it here. ``up_to_date_hash``: what we
    applied last is what is desired now. ``policy``: adopt, refuse or overwrite. ``in_place``: what KubeFed
    left is not written as long as it is as desired.
    """

    selected: bool
    ready: bool
    deleting: bool
    orphan: bool
    desired: Object | None
    live: Object | None
    applied_before: bool
    up_to_date_hash: bool
    policy: str = "adopt"
    in_place: bool = False
    joined: bool = True


@dataclass(frozen=True, slots=True)
class Create:
    """It is not there: apply it."""


@dataclass(frozen=True, slots=True)
class Update:
    """It is there and ours, but differs: apply it, with ``force`` taking back what others took."""

    force: bool = True


@dataclass(frozen=True, slots=True)
class Adopt:
    """It is there and not ours yet: make it ours."""

    force: bool = True


@dataclass(frozen=True, slots=True)
class Overwrite:
    """It is there and not ours yet: make it ours, and take out what is not desired."""

    force: bool = True


@dataclass(frozen=True, slots=True)
class Delete:
    """It is there, ours and not wanted; only the object with this ``uid`` may go."""

    uid: str


@dataclass(frozen=True, slots=True)
class Release:
    """It is there and ours: take the managed label off and leave it."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Nothing can or may be done now."""

    status: PropagationStatus
    message: str


@dataclass(frozen=True, slots=True)
class Gone:
    """It is not wanted, and not there (or not ours): nothing of ours is left."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """It is as desired."""


Decision = Create | Update | Adopt | Overwrite | Delete | Release | Blocked | Gone | Nothing

_NOT_READY = Blocked(PropagationStatus.CLUSTER_NOT_READY, "The cluster is not ready; this waits for it.")
_LEAVING = Blocked(PropagationStatus.WAITING_FOR_REMOVAL, "The object is being removed by the cluster.")


def decide(situation: Situation) -> Decision:
    """What to do. Pure and total; once the answer is carried out, the next is Nothing, Gone or Blocked."""
    if not situation.ready:
        # Where nothing could ever be written, nothing is left to be removed.
        return _NOT_READY if situation.selected or situation.joined else Gone()
    if situation.selected:
        return _decide_wanted(situation)
    return _decide_unwanted(situation)


def _decide_wanted(situation: Situation) -> Decision:
    live = situation.live
    if live is None:
        return Create()
    if _is_leaving(live):
        return _LEAVING
    if _has_label(live, "false"):
        return Blocked(
            PropagationStatus.MANAGED_LABEL_FALSE,
            f"The object is labelled {MANAGED}=false there and is left alone.",
        )
    if not situation.applied_before and not _has_label(live, "true"):
        return _decide_foreign(situation, live)
    if situation.up_to_date_hash and versions.covers(live, situation.desired):
        return Nothing()
    if _stays_in_place(situation, live):
        return Nothing()
    return Update(force=situation.policy != "refuse")


def _decide_foreign(situation: Situation, live: Object) -> Decision:
    if situation.policy == "refuse":
        return Blocked(PropagationStatus.ALREADY_EXISTS, _what_is_there(live))
    return Adopt() if situation.policy == "adopt" else Overwrite()


def _stays_in_place(situation: Situation, live: Object) -> bool:
    """Another wish than the one that was found fulfilled there is carried out: it may lack a field."""
    news = situation.applied_before and not situation.up_to_date_hash
    return situation.in_place and not news and takeover.may_stay(live, situation.desired or {})


def _decide_unwanted(situation: Situation) -> Decision:
    live = situation.live
    if live is None or not _is_ours(situation, live):
        return Gone()
    if _is_leaving(live):
        return _LEAVING
    if situation.deleting and situation.orphan:
        return Release()
    return Delete(uid=str(live["metadata"].get("uid", "")))


def _is_ours(situation: Situation, live: Object) -> bool:
    return _labels(live).get(MANAGED) == "true" or (situation.in_place and takeover.is_kept(live))


def failure(*, removing: bool, existed: bool, timed_out: bool) -> PropagationStatus:
    """KubeFed's word for a request that failed."""
    if removing:
        return PropagationStatus.DELETION_TIMED_OUT if timed_out else PropagationStatus.DELETION_FAILED
    if existed:
        return PropagationStatus.UPDATE_TIMED_OUT if timed_out else PropagationStatus.UPDATE_FAILED
    return PropagationStatus.CREATION_TIMED_OUT if timed_out else PropagationStatus.CREATION_FAILED


def _labels(live: Object) -> Mapping[str, str]:
    return (live.get("metadata") or {}).get("labels") or {}


def _has_label(live: Object, value: str) -> bool:
    labels = _labels(live)
    return labels.get(MANAGED, labels.get(KUBEFED_MANAGED)) == value


def _is_leaving(live: Object) -> bool:
    return bool((live.get("metadata") or {}).get("deletionTimestamp"))


def _what_is_there(live: Object) -> str:
    metadata = live.get("metadata") or {}
    managers = sorted({str(entry.get("manager")) for entry in metadata.get("managedFields") or []})
    by = f", managed by {', '.join(managers)}" if managers else ""
    since = metadata.get("creationTimestamp", "an unknown time")
    return f"An object of this name is there since {since}{by}; the conflict policy is to refuse."
