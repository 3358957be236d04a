"""Where the kinds that make pods keep what they make."""

from collections.abc import Mapping
from typing import Any

from propagation.domain import quantities

Object = Mapping[str, Any]


def pod_of(template: Object) -> Object:
    """The pod's spec, wherever the kind keeps it; empty for kinds without pods, and for what is malformed."""
    spec = as_map(template.get("spec"))
    job = as_map(as_map(spec.get("jobTemplate")).get("spec"))
    for holder in (spec, job):
        pod = as_map(as_map(holder.get("template")).get("spec"))
        if pod:
            return pod
    return {}


def cpu_request(pod: Object) -> int:
    """Millicores that a pod asks for, as the scheduler counts.

    Init containers run one by one before the others, but for sidecars, which go on beside all that follow.
    """
    sidecars = first = 0
    for container in maps(pod.get("initContainers")):
        asked = _cpu(container)
        if container.get("restartPolicy") == "Always":
            sidecars += asked
            asked = 0
        first = max(first, sidecars + asked)
    together = sidecars + sum(_cpu(container) for container in maps(pod.get("containers")))
    return max(together, first) + _millicores(as_map(pod.get("overhead")))


def _cpu(container: Object) -> int:
    return _millicores(as_map(as_map(container.get("resources")).get("requests")))


def _millicores(resources: Object) -> int:
    found = quantities.parse(resources.get("cpu", 0))
    return 0 if found is None else int(found * 1_000)


def as_map(value: Any) -> Object:
    """The value, if it is a map; an empty one if not."""
    return value if isinstance(value, Mapping) else {}


def maps(value: Any) -> list[Any]:
    """The maps of a list; none of anything else."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
