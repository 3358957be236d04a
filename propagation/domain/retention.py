"""What a member owns in an object and must keep when the object is updated."""

from copy import deepcopy
from typing import Any

Object = dict[str, Any]

#: A HorizontalPodAutoscaler writes the scale under this name, and nothing else of Kubernetes' does. Releases
#: before 1.22 do not record who changed a scale: there, ``retainReplicas`` has to say it.
AUTOSCALER = "kube-controller-manager"

#: Kinds of which an API server takes no update without what is retained: once it was sent, it is ours, and an
#: apply without it would remove it.
READ_FIRST = frozenset({"Job", "PersistentVolumeClaim"})


def retain(desired: Object, live: Object, *, replicas: bool = False) -> Object:
    """``desired`` with what the member owns taken from ``live``.

    ``replicas`` keeps its scale too; where an autoscaler sets that, it is kept anyway.
    """
    kept = deepcopy(desired)
    match desired.get("kind"):
        case "Service":
            _retain_service(kept, live)
        case "ServiceAccount" if not desired.get("secrets") and live.get("secrets"):
            kept["secrets"] = deepcopy(live["secrets"])
        case "PersistentVolumeClaim":
            _retain_claim(kept, live)
        case "Job":
            _retain_job(kept, live)
    if "replicas" in _spec(live) and (replicas or AUTOSCALER in _managers_of_replicas(live)):
        kept.setdefault("spec", {})["replicas"] = live["spec"]["replicas"]
    return kept


def _managers_of_replicas(live: Object) -> set[str]:
    entries = (live.get("metadata") or {}).get("managedFields") or []
    return {
        str(entry.get("manager"))
        for entry in entries
        if "f:replicas" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
    }


def _spec(item: Object) -> Object:
    return item.get("spec") or {}


def _retain_service(kept: Object, live: Object) -> None:
    spec, old = kept.setdefault("spec", {}), _spec(live)
    if (old.get("healthCheckNodePort") or 0) > 0:
        spec["healthCheckNodePort"] = old["healthCheckNodePort"]
    for name in ("clusterIP", "clusterIPs"):
        if old.get(name):
            spec[name] = deepcopy(old[name])
    ports = {_port_key(port): port.get("nodePort") for port in old.get("ports") or []}
    for port in spec.get("ports") or []:
        if node_port := ports.get(_port_key(port)):
            port["nodePort"] = node_port


def _port_key(port: Object) -> tuple[Any, ...]:
    return (port.get("name") or "", port.get("protocol") or "TCP", port.get("port"))


def _retain_claim(kept: Object, live: Object) -> None:
    """The volume, and the class that is the default there: neither may be changed, nor taken away."""
    given = {name: _spec(live)[name] for name in ("volumeName", "storageClassName") if _spec(live).get(name)}
    kept["spec"] = {**given, **_spec(kept)}


def _retain_job(kept: Object, live: Object) -> None:
    """The API server generates a Job's selector and the pods' labels that it selects."""
    spec, old = kept.setdefault("spec", {}), _spec(live)
    if "selector" in old:
        spec.setdefault("selector", deepcopy(old["selector"]))
    generated = ((old.get("template") or {}).get("metadata") or {}).get("labels") or {}
    template = spec["template"] = spec.get("template") or {}
    metadata = template["metadata"] = template.get("metadata") or {}
    metadata["labels"] = {**generated, **(metadata.get("labels") or {})}
