"""Key fields of lists that may be left out, and that API servers before 1.21 want in an apply all the same.

https://github.com/kubernetes/kubernetes/issues/92332
"""

from collections.abc import Iterator
from typing import Any

from propagation.domain.pods import as_map, maps, pod_of

Object = dict[str, Any]

PROTOCOL = "TCP"


def complete(rendered: Object) -> None:
    """Write out the protocol of every port, in place."""
    for port in _ports(rendered):
        port.setdefault("protocol", PROTOCOL)


def _ports(rendered: Object) -> Iterator[Object]:
    if rendered.get("kind") == "Service":
        yield from maps(as_map(rendered.get("spec")).get("ports"))
    pod = pod_of(rendered)
    for group in ("initContainers", "containers"):
        for container in maps(pod.get(group)):
            yield from maps(container.get("ports"))
