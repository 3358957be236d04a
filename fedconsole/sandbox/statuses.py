"""What a kubelet reports: the statuses of pods and nodes, as values."""

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

Object = dict[str, Any]

_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


class Behaviour(StrEnum):
    """What becomes of a container; the tag of its image tells."""

    NORMAL = "normal"
    SLOW = "slow"
    CRASH = "crash"
    BROKEN = "broken"


def behaviour(image: str) -> Behaviour:
    tag = image.partition("@")[0].rpartition(":")[2]
    return Behaviour(tag) if tag in set(Behaviour) else Behaviour.NORMAL


def behaviours(pod: Object) -> set[Behaviour]:
    """Of its containers."""
    return {behaviour(container["image"]) for container in pod["spec"]["containers"]}


def timestamp(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_timestamp(moment: dt.datetime) -> str:
    """As leases want it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# Pods


def is_ready(thing: Object) -> bool:
    """Whether a pod or a node has ``Ready`` = ``True``."""
    conditions = (thing.get("status") or {}).get("conditions") or []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def is_finished(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def running(pod: Object, now: dt.datetime) -> Object:
    """Every container runs."""
    ready = {"state": {"running": {"startedAt": timestamp(now)}}, "ready": True, "started": True}
    return _started(pod, now, "Running", dict.fromkeys(Behaviour, ready))


def waiting_for_image(pod: Object, now: dt.datetime, *, back_off: bool) -> Object:
    """The images tagged ``broken`` do not arrive; the other containers run."""

    def state(image: str) -> Object:
        if back_off:
            return {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{image}"'}
        return {"reason": "ErrImagePull", "message": not_found(image)}

    broken = [c["image"] for c in pod["spec"]["containers"] if behaviour(c["image"]) is Behaviour.BROKEN]
    return _started(pod, now, "Pending", {Behaviour.BROKEN: {"state": {"waiting": state(broken[0])}}})


def not_found(image: str) -> str:
    """A registry's words, by way of containerd."""
    name = image.partition("@")[0]
    return (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{name}": '
        f'failed to resolve reference "{name}": {name}: not found'
    )


def crashed(pod: Object, now: dt.datetime, restarts: int) -> Object:
    """The containers tagged ``crash`` ended again and wait to be restarted; the others run."""
    ended = _ended("Error", 1, now)
    waiting = {"reason": "CrashLoopBackOff", "message": back_off(pod, restarts)}
    container = {"state": {"waiting": waiting}, "lastState": {"terminated": ended}, "restartCount": restarts}
    return _started(pod, now, "Running", {Behaviour.CRASH: container})


def back_off(pod: Object, restarts: int) -> str:
    """The kubelet's words."""
    metadata = pod["metadata"]
    seconds = min(300, 10 * 2 ** min(restarts - 1, 10))
    length = (
        "5m0s" if seconds == 300 else f"{seconds // 60}m{seconds % 60}s" if seconds > 59 else f"{seconds}s"
    )
    names = [c["name"] for c in pod["spec"]["containers"] if behaviour(c["image"]) is Behaviour.CRASH]
    return (
        f"back-off {length} restarting failed container={names[0]} "
        f"pod={metadata['name']}_{metadata['namespace']}({metadata['uid']})"
    )


def finished(pod: Object, now: dt.datetime, *, succeeded: bool) -> Object:
    """Every container has ended, for good."""
    ended = _ended("Completed", 0, now) if succeeded else _ended("Error", 1, now)
    container = {"state": {"terminated": ended}}
    status = _started(pod, now, "", dict.fromkeys(Behaviour, container))
    return status | {"phase": "Succeeded" if succeeded else "Failed"}


def _started(pod: Object, now: dt.datetime, phase: str, special: dict[Behaviour, Object]) -> Object:
    """The status of a pod whose containers run, but for the ``special`` ones."""
    containers = [
        _container(container, special.get(behaviour(container["image"]), _runs(now)))
        for container in pod["spec"]["containers"]
    ]
    ip = address(pod["metadata"]["uid"])
    return {
        "phase": phase,
        "conditions": _conditions(containers, now),
        "containerStatuses": containers,
        **_init_containers(pod, now),
        "hostIP": "127.0.0.1",
        "podIP": ip,
        "podIPs": [{"ip": ip}],
        "startTime": (pod.get("status") or {}).get("startTime") or timestamp(now),
    }


def _runs(now: dt.datetime) -> Object:
    return {"state": {"running": {"startedAt": timestamp(now)}}, "ready": True, "started": True}


def _ended(reason: str, code: int, now: dt.datetime) -> Object:
    moment = timestamp(now)
    return {"exitCode": code, "reason": reason, "startedAt": moment, "finishedAt": moment}


def _container(container: Object, state: Object) -> Object:
    ran = "waiting" not in state["state"] or "lastState" in state
    name, image = container["name"], container["image"]
    return {
        "name": name,
        "image": image,
        "imageID": f"hollow://{image}" if ran else "",
        "containerID": f"hollow://{name}" if ran else "",
        "ready": False,
        "started": False,
        "restartCount": 0,
        "lastState": {},
        **state,
    }


def _init_containers(pod: Object, now: dt.datetime) -> Object:
    containers = pod["spec"].get("initContainers") or []
    state = {"state": {"terminated": _ended("Completed", 0, now)}, "ready": True}
    return {"initContainerStatuses": [_container(each, state) for each in containers]} if containers else {}


def _conditions(containers: Iterable[Object], now: dt.datetime) -> list[Object]:
    unready = [container["name"] for container in containers if not container["ready"]]
    ready: Object = {"status": "True"}
    if unready:
        message = f"containers with unready status: [{' '.join(unready)}]"
        ready = {"status": "False", "reason": "ContainersNotReady", "message": message}
    values = {"PodScheduled": {"status": "True"}, "Initialized": {"status": "True"}}
    values |= {"ContainersReady": ready, "Ready": ready}
    return [{"type": name, **value, "lastTransitionTime": timestamp(now)} for name, value in values.items()]


def address(uid: str) -> str:
    """A pod's address: always the same for the same pod."""
    number = int(uid[:8], 16)
    return f"10.{64 + (number >> 16) % 64}.{(number >> 8) % 256}.{number % 256}"


# Nodes


def is_tainted(node: Object) -> bool:
    """Whether its cluster keeps pods away from it because of its health; this lags behind ``Ready``."""
    return any(taint["key"] in _TAINTS for taint in node["spec"].get("taints") or [])


def node(version: str, name: str, pods: int) -> Object:
    """What does not change about a node."""
    capacity = {"cpu": "16", "memory": "64Gi", "ephemeral-storage": "100Gi", "pods": str(pods)}
    return {
        "capacity": capacity,
        "allocatable": capacity,
        "addresses": [
            {"type": "InternalIP", "address": "127.0.0.1"},
            {"type": "Hostname", "address": name},
        ],
        "nodeInfo": {
            "kubeletVersion": version,
            "kubeProxyVersion": version,
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


def node_conditions(*, ready: bool, now: dt.datetime) -> list[Object]:
    """Its conditions, in the kubelet's words."""
    good = ("True", "KubeletReady", "kubelet is posting ready status")
    bad = ("False", "KubeletNotReady", "PLEG is not healthy: pleg was last seen active 3m0s ago")
    values = {
        "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        "Ready": good if ready else bad,
    }
    times = {"lastHeartbeatTime": timestamp(now), "lastTransitionTime": timestamp(now)}
    return [
        {"type": name, "status": status, "reason": reason, "message": message, **times}
        for name, (status, reason, message) in values.items()
    ]
