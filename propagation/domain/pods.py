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
    """Millicores that a pod asks for, as the scheduler counts: init containers run before the others."""
    together = sum(_cpu(container) for container in maps(pod.get("containers")))
    first = max((_cpu(container) for container in maps(pod.get("initContainers"))), default=0)
    return max(together, first)


def _cpu(container: Object) -> int:
    asked = as_map(as_map(container.get("resources")).get("requests")).get("cpu", 0)
    found = quantities.parse(asked)
    return 0 if found is None else int(found * 1_000)


def as_map(value: Any) -> Object:
    """The value, if it is a map; an empty one if not."""
    return value if isinstance(value, Mapping) else {}


def maps(value: Any) -> list[Any]:
    """The maps of a list; none of anything else."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
