"""Is what an object describes up? Read out of the live object, kind by kind.

The order of the checks matters, and follows ``kubectl rollout status`` and kstatus
(https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from propagation.domain.statuses import Rollout

Object = Mapping[str, Any]

#: A pod without a node for longer than this counts as one that its cluster has no room for.
STRANDED_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class RolloutStatus:
    """``ready`` of ``total`` are up; both are None for kinds that count nothing."""

    rollout: Rollout
    reason: str = ""
    message: str = ""
    ready: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """Why pods do not come up, long before a deadline says so."""

    reason: str
    message: str
    pod: str = ""


def read(live: Object) -> RolloutStatus:
    """The rollout of a live object of any kind."""
    metadata = live.get("metadata") or {}
    if metadata.get("deletionTimestamp"):
        return _deleting(metadata)
    status = live.get("status") or {}
    if metadata.get("generation", 0) > status.get("observedGeneration", metadata.get("generation", 0)):
        return _counted(live, Rollout.WAITING, "", "The cluster has not seen the newest version yet.")
    reader = _READERS.get(str(live.get("kind")), _generic)
    return reader(live)


def _deleting(metadata: Object) -> RolloutStatus:
    finalizers = ", ".join(metadata.get("finalizers") or [])
    message = f"Waiting for the finalizers {finalizers}." if finalizers else "It is being removed."
    return RolloutStatus(Rollout.PROGRESSING, "Terminating", message)


def _spec(live: Object) -> Object:
    return live.get("spec") or {}


def _status(live: Object) -> Object:
    return live.get("status") or {}


def _condition(live: Object, name: str) -> Object:
    conditions = _status(live).get("conditions") or []
    return next((one for one in conditions if one.get("type") == name), {})


def _counted(live: Object, rollout: Rollout, reason: str = "", message: str = "") -> RolloutStatus:
    """A status with the replicas that are available, of those that are wanted."""
    if "replicas" not in _spec(live):
        return RolloutStatus(rollout, reason, message)
    status = _status(live)
    available = status.get("availableReplicas", status.get("readyReplicas", 0))
    return RolloutStatus(rollout, reason, message, int(available or 0), int(_spec(live)["replicas"]))


def _deployment(live: Object) -> RolloutStatus:
    spec, status = _spec(live), _status(live)
    wanted = int(spec.get("replicas", 1))
    updated, total = int(status.get("updatedReplicas") or 0), int(status.get("replicas") or 0)
    available = int(status.get("availableReplicas") or 0)
    progressing, failure = _condition(live, "Progressing"), _condition(live, "ReplicaFailure")
    if "observedGeneration" not in status:
        return _counted(live, Rollout.WAITING, "", "The cluster has not seen it yet.")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return _counted(live, Rollout.FAILED, "ProgressDeadlineExceeded", str(progressing.get("message", "")))
    if failure.get("status") == "True":
        return _counted(live, Rollout.FAILED, str(failure.get("reason", "")), str(failure.get("message", "")))
    if spec.get("paused"):
        return _counted(live, Rollout.PAUSED, "", "The rollout is paused.")
    if updated < wanted:
        return _counted(live, Rollout.PROGRESSING, "", f"{updated} of {wanted} replicas are updated.")
    if total > updated:
        return _counted(live, Rollout.PROGRESSING, "", f"{total - updated} old replicas are terminating.")
    if available < updated:
        return _counted(live, Rollout.PROGRESSING, "", f"{available} of {updated} replicas are available.")
    return _counted(live, Rollout.COMPLETE if wanted else Rollout.SCALED_TO_ZERO)


def _replica_set(live: Object) -> RolloutStatus:
    wanted = int(_spec(live).get("replicas", 1))
    total = int(_status(live).get("replicas") or 0)
    ready = int(_status(live).get("availableReplicas") or 0)
    failure = _condition(live, "ReplicaFailure")
    if failure.get("status") == "True":
        return _counted(live, Rollout.FAILED, str(failure.get("reason", "")), str(failure.get("message", "")))
    if ready < wanted:
        return _counted(live, Rollout.PROGRESSING, "", f"{ready} of {wanted} replicas are available.")
    if total > wanted:
        return _counted(live, Rollout.PROGRESSING, "", f"{total - wanted} replicas are terminating.")
    return _counted(live, Rollout.COMPLETE if wanted else Rollout.SCALED_TO_ZERO)


def _stateful_set(live: Object) -> RolloutStatus:
    spec, status = _spec(live), _status(live)
    wanted, ready = int(spec.get("replicas", 1)), int(status.get("readyReplicas") or 0)
    update = (spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
    partition = int(update.get("partition") or 0)
    updated, total = int(status.get("updatedReplicas") or 0), int(status.get("replicas") or 0)
    if "observedGeneration" not in status:
        rollout, message = Rollout.WAITING, "The cluster has not seen it yet."
    elif ready < wanted:
        rollout, message = Rollout.PROGRESSING, f"{ready} of {wanted} replicas are ready."
    elif total > wanted:
        rollout, message = Rollout.PROGRESSING, f"{total - wanted} replicas are terminating."
    elif _by_hand(spec):
        rollout = Rollout.COMPLETE if wanted else Rollout.SCALED_TO_ZERO
        message = _left_to_people(updated, wanted)
    elif partition and updated < wanted - partition:
        rollout, message = Rollout.PROGRESSING, f"{updated} of {wanted - partition} replicas are updated."
    elif not partition and status.get("updateRevision") != status.get("currentRevision"):
        rollout, message = Rollout.PROGRESSING, f"{updated} of {wanted} replicas are updated."
    else:
        rollout, message = Rollout.COMPLETE if wanted else Rollout.SCALED_TO_ZERO, ""
    return RolloutStatus(rollout, "", message, ready, wanted)


def _by_hand(spec: Object) -> bool:
    """Whether pods become new only when somebody deletes them: no controller brings that to an end."""
    return (spec.get("updateStrategy") or {}).get("type") == "OnDelete"


def _left_to_people(updated: int, wanted: int) -> str:
    return f"{wanted - updated} pods run an older version until they are deleted." if updated < wanted else ""


def _daemon_set(live: Object) -> RolloutStatus:
    status = _status(live)
    wanted = int(status.get("desiredNumberScheduled") or 0)
    updated, available = (
        int(status.get("updatedNumberScheduled") or 0),
        int(status.get("numberAvailable") or 0),
    )
    if "observedGeneration" not in status:
        return RolloutStatus(Rollout.WAITING, "", "The cluster has not seen it yet.")
    if updated < wanted and not _by_hand(_spec(live)):
        message = f"{updated} of {wanted} nodes run the newest version."
        return RolloutStatus(Rollout.PROGRESSING, "", message, available, wanted)
    if available < wanted:
        message = f"It is available on {available} of {wanted} nodes."
        return RolloutStatus(Rollout.PROGRESSING, "", message, available, wanted)
    return RolloutStatus(Rollout.COMPLETE, "", _left_to_people(updated, wanted), available, wanted)


def _job(live: Object) -> RolloutStatus:
    spec, status = _spec(live), _status(live)
    wanted, done = int(spec.get("completions") or 1), int(status.get("succeeded") or 0)
    for name, rollout in (
        ("Failed", Rollout.FAILED),
        ("Suspended", Rollout.PAUSED),
        ("Complete", Rollout.COMPLETE),
    ):
        condition = _condition(live, name)
        if condition.get("status") == "True":
            reason, message = str(condition.get("reason", "")), str(condition.get("message", ""))
            return RolloutStatus(rollout, reason, message, done, wanted)
    if spec.get("suspend"):
        return RolloutStatus(Rollout.PAUSED, "", "The job is suspended.", done, wanted)
    return RolloutStatus(Rollout.PROGRESSING, "", f"{done} of {wanted} pods have succeeded.", done, wanted)


def _cron_job(live: Object) -> RolloutStatus:
    if _spec(live).get("suspend"):
        return RolloutStatus(Rollout.PAUSED, "", "The schedule is suspended.")
    return RolloutStatus(Rollout.COMPLETE)


def _service(live: Object) -> RolloutStatus:
    if _spec(live).get("type") != "LoadBalancer":
        return RolloutStatus(Rollout.COMPLETE)
    return _with_address(live, "The load balancer has no address yet.")


def _with_address(live: Object, message: str) -> RolloutStatus:
    if (_status(live).get("loadBalancer") or {}).get("ingress"):
        return RolloutStatus(Rollout.COMPLETE)
    return RolloutStatus(Rollout.PROGRESSING, "", message)


def _claim(live: Object) -> RolloutStatus:
    match _status(live).get("phase"):
        case "Bound":
            return RolloutStatus(Rollout.COMPLETE)
        case "Lost":
            return RolloutStatus(Rollout.FAILED, "Lost", "The volume that it was bound to is gone.")
    return RolloutStatus(Rollout.PROGRESSING, "Pending", "It is not bound to a volume yet.")


def _namespace(live: Object) -> RolloutStatus:
    if _status(live).get("phase") == "Terminating":
        return RolloutStatus(Rollout.PROGRESSING, "Terminating", "It is being removed.")
    return RolloutStatus(Rollout.COMPLETE)


def _definition(live: Object) -> RolloutStatus:
    names, established = _condition(live, "NamesAccepted"), _condition(live, "Established")
    if names.get("status") == "False":
        return RolloutStatus(Rollout.FAILED, str(names.get("reason", "")), str(names.get("message", "")))
    if established.get("status") == "True":
        return RolloutStatus(Rollout.COMPLETE)
    return RolloutStatus(Rollout.PROGRESSING, "", "It is not established yet.")


def _generic(live: Object) -> RolloutStatus:
    """kstatus for kinds that we know nothing of: abnormal conditions count, and Ready where it is told."""
    for name, rollout in (("Stalled", Rollout.STALLED), ("Reconciling", Rollout.PROGRESSING)):
        condition = _condition(live, name)
        if condition.get("status") == "True":
            return RolloutStatus(rollout, str(condition.get("reason", "")), str(condition.get("message", "")))
    ready = _condition(live, "Ready")
    if ready and ready.get("status") != "True":
        message = str(ready.get("message", ""))
        return RolloutStatus(Rollout.PROGRESSING, str(ready.get("reason", "")), message)
    return RolloutStatus(Rollout.COMPLETE)


_READERS = {
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
    "Service": _service,
    "PersistentVolumeClaim": _claim,
    "Namespace": _namespace,
    "CustomResourceDefinition": _definition,
}

#: Reasons of waiting containers that do not pass by themselves.
_BAD_WAITS = frozenset(
    {
        "ImagePullBackOff",
        "ErrImagePull",
        "InvalidImageName",
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)
#: Reasons of events about pods, or about what makes them, that say why none comes up.
_BAD_EVENTS = frozenset({"FailedScheduling", "FailedMount", "FailedAttachVolume", "FailedCreate"})


def hint(pods: Iterable[Object], events: Iterable[Object]) -> Hint | None:
    """The newest reason why pods do not come up; None when none is known."""
    known = list(pods)
    found = [one for pod in known for one in _pod_hints(pod)]
    names = {pod["metadata"]["name"] for pod in known if not _is_ready(pod)}
    found += [one for event in events for one in _event_hints(event, names)]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def unschedulable(pods: Iterable[Object], now: datetime) -> int:
    """How many pods have found no node for over a minute: KubeFed's measure of a full cluster."""
    return sum(_is_stranded(pod, now) for pod in pods)


def _is_stranded(pod: Object, now: datetime) -> bool:
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") != "False" or scheduled.get("reason") != "Unschedulable":
        return False
    since = str(scheduled.get("lastTransitionTime") or pod["metadata"].get("creationTimestamp") or "")
    try:
        return now - datetime.fromisoformat(since) > STRANDED_AFTER
    except ValueError:
        return False


def _is_ready(pod: Object) -> bool:
    return _condition(pod, "Ready").get("status") == "True"


def _pod_hints(pod: Object) -> Iterable[tuple[str, Hint]]:
    """Hints with the time since when they hold; a container's trouble has no time and counts as newest."""
    name = pod["metadata"]["name"]
    status = _status(pod)
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in _BAD_WAITS:
            message = f"{name}: {waiting.get('message') or waiting['reason']}"
            yield "~" + str(status.get("startTime", "")), Hint(waiting["reason"], message, name)
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        reason = (
            "FailedScheduling" if scheduled.get("reason") == "Unschedulable" else str(scheduled.get("reason"))
        )
        message = f"{name}: {scheduled.get('message', '')}"
        yield str(scheduled.get("lastTransitionTime", "")), Hint(reason, message, name)


def _event_hints(event: Object, pods: set[str]) -> Iterable[tuple[str, Hint]]:
    involved = event.get("involvedObject") or {}
    name = str(involved.get("name", ""))
    if event.get("reason") in _BAD_EVENTS and name in pods:
        when = str(event.get("lastTimestamp") or event.get("eventTime") or "")
        yield when, Hint(str(event["reason"]), f"{name}: {event.get('message', '')}", name)
