"""The part of a Deployment that the form knows: read out of a template, and written back into it.

Both ways are lossless: what the form does not know stays as it was, and writing what was read changes
nothing. Templates are those of federated resources: without apiVersion, kind, name and namespace.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from clusters.domain import labels
from propagation.domain.overrides import REPLICAS

Object = dict[str, Any]

IMAGE = "/spec/template/spec/containers/0/image"

#: The operations of a JSON patch that set a member of an object.
_SETTING = ("add", "replace")


@dataclass(frozen=True, slots=True)
class Basics:
    """What people fill in; None is "not given". ``environment`` has the variables with a literal value."""

    image: str
    replicas: int | None = None
    port: int | None = None
    environment: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Override:
    """What differs in one cluster; None is "inherited"."""

    replicas: int | None = None
    image: str | None = None


def new(name: str, basics: Basics) -> Object:
    """A template whose pods carry the label ``app``, by which the Deployment selects them."""
    selector = {"app": name}
    pod = {"metadata": {"labels": dict(selector)}, "spec": {"containers": [{"name": name, "image": ""}]}}
    template: Object = {"spec": {"selector": {"matchLabels": selector}, "template": pod}}
    return write(template, basics)


def unrepresentable(template: Object) -> str:
    """Why the form cannot show a template, in English; empty when it can."""
    try:
        container = _container(template)
        names = [entry["name"] for entry in container.get("env") or []]
        twice = len(names) != len(set(names))
        ports = [entry["containerPort"] for entry in (container.get("ports") or [])[:1]]
    except (KeyError, IndexError, TypeError, AttributeError):
        return "Its containers are not written in the usual way."
    if twice:
        return "A variable is set twice in its environment."
    if not _plain(template, container, ports):
        return "A value in it is not of the usual kind."
    return ""


def _plain(template: Object, container: Object, ports: list[Any]) -> bool:
    """Whether every value that the form shows is of the type that it writes."""
    labels = (template.get("metadata") or {}).get("labels") or {}
    values = [entry.get("value", "") for entry in container.get("env") or []]
    numbers = [*ports, *([] if template["spec"].get("replicas") is None else [template["spec"]["replicas"]])]
    return all(
        (
            isinstance(container.get("image", ""), str),
            isinstance(labels, dict) and all(isinstance(value, str) for value in labels.values()),
            all(isinstance(value, str) for value in values),
            all(isinstance(number, int) and not isinstance(number, bool) for number in numbers),
        )
    )


def _container(template: Object) -> Object:
    container: Object = template["spec"]["template"]["spec"]["containers"][0]
    return container


def read(template: Object) -> Basics:
    """What the form shows of a template that it can represent."""
    container = _container(template)
    ports = container.get("ports") or []
    labels = (template.get("metadata") or {}).get("labels") or {}
    return Basics(
        image=container.get("image", ""),
        replicas=template["spec"].get("replicas"),
        port=ports[0]["containerPort"] if ports else None,
        environment=tuple(_literals(container).items()),
        labels=tuple(labels.items()),
    )


def referenced_variables(template: Object) -> list[str]:
    """The names of the variables that come from elsewhere (``valueFrom``), which the form leaves alone."""
    return [entry["name"] for entry in _container(template).get("env") or [] if "valueFrom" in entry]


def containers(template: Object) -> int:
    """How many containers a pod has; the form edits the first one."""
    return len(template["spec"]["template"]["spec"]["containers"])


def _literals(container: Object) -> dict[str, str]:
    entries = [entry for entry in container.get("env") or [] if "valueFrom" not in entry]
    return {entry["name"]: entry.get("value", "") for entry in entries}


def write(template: Object, basics: Basics) -> Object:
    """A copy of the template with these basics; parts that are as they were are not touched."""
    written = deepcopy(template)
    container = _container(written)
    if container.get("image", "") != basics.image:
        container["image"] = basics.image
    _set(written["spec"], "replicas", basics.replicas)
    _write_port(container, basics.port)
    _write_environment(container, dict(basics.environment))
    _write_labels(written, dict(basics.labels))
    return written


def _set(target: Object, key: str, value: Any) -> None:
    """Set a member, or remove it for a value that is empty, unless it is so already."""
    if value in (None, {}, []):
        if target.get(key) not in (None, {}, []):
            del target[key]
    elif target.get(key) != value:
        target[key] = value


def _write_port(container: Object, port: int | None) -> None:
    ports = container.get("ports") or []
    if port is None:
        _set(container, "ports", ports[1:])
    elif ports:
        ports[0]["containerPort"] = port
    else:
        container["ports"] = [{"containerPort": port}]


def _write_environment(container: Object, wanted: Mapping[str, str]) -> None:
    if wanted == _literals(container):
        return
    entries = []
    for entry in container.get("env") or []:
        if "valueFrom" in entry or entry.get("value", "") == wanted.get(entry["name"]):
            entries.append(entry)
        elif entry["name"] in wanted:
            entries.append({**entry, "value": wanted[entry["name"]]})
    present = {entry["name"] for entry in entries}
    added = [{"name": name, "value": value} for name, value in wanted.items() if name not in present]
    _set(container, "env", entries + added)


def _write_labels(template: Object, labels: dict[str, str]) -> None:
    metadata = template.get("metadata") or {}
    if labels == (metadata.get("labels") or {}):
        return
    changed = {**metadata, "labels": labels}
    if not labels:
        del changed["labels"]
    _set(template, "metadata", changed)


def with_replicas(template: Object, replicas: int) -> Object:
    """A copy with another number of replicas."""
    return {**template, "spec": {**template["spec"], "replicas": replicas}}


def read_overrides(overrides: list[Object]) -> dict[str, Override]:
    """What the form shows of each cluster's overrides; clusters for which it shows nothing are left out."""
    shown = {}
    for entry in _named(overrides):
        values = {_path(operation): operation.get("value") for operation in _known(entry)}
        if values:
            shown[entry["clusterName"]] = Override(values.get(REPLICAS), values.get(IMAGE))
    return shown


def raw_overrides(overrides: list[Object]) -> dict[str, list[Object]]:
    """The operations of each cluster that the form keeps without showing a field for them."""
    kept = {}
    for entry in _named(overrides):
        known = _known(entry)
        if rest := [one for one in entry.get("clusterOverrides") or [] if one not in known]:
            kept[entry["clusterName"]] = rest
    return kept


def selected_overrides(overrides: list[Object]) -> list[tuple[str, list[Object]]]:
    """The selector, in words, and the operations of each entry that goes by the labels of clusters."""
    return [
        (str(labels.parse_selector(entry["clusterSelector"])), entry.get("clusterOverrides") or [])
        for entry in overrides
        if "clusterSelector" in entry
    ]


def _named(overrides: list[Object]) -> list[Object]:
    """The entries for one cluster; those for a selector are kept as they are."""
    return [entry for entry in overrides if "clusterName" in entry]


def _path(operation: Object) -> str:
    return str(operation.get("path", ""))


def _known(entry: Object) -> list[Object]:
    """The operations that set the replicas or the image to a value that the form can show."""
    return [one for one in entry.get("clusterOverrides") or [] if _is_known(one)]


def _is_known(operation: Object) -> bool:
    value = operation.get("value")
    kind = {REPLICAS: int, IMAGE: str}.get(_path(operation))
    if kind is None or operation.get("op", "replace") not in _SETTING:
        return False
    return isinstance(value, kind) and not isinstance(value, bool)


def write_overrides(
    overrides: list[Object], wanted: Mapping[str, Override], template: Object
) -> list[Object]:
    """The overrides with these values; clusters that are not named keep theirs, byte for byte.

    New operations ``add`` where the template has no such member, since ``replace`` would fail there.
    """
    written = []
    for entry in overrides:
        override = wanted.get(entry.get("clusterName", ""))
        changed = _write_entry(entry, override, template) if override else entry
        if changed.get("clusterOverrides") or not entry.get("clusterOverrides"):
            written.append(changed)
    present = {entry["clusterName"] for entry in _named(overrides)}
    fresh = [name for name, override in wanted.items() if name not in present and override != Override()]
    return written + [_write_entry({"clusterName": name}, wanted[name], template) for name in fresh]


def _write_entry(entry: Object, override: Override, template: Object) -> Object:
    wanted = {REPLICAS: override.replicas, IMAGE: override.image}
    operations = []
    for operation in entry.get("clusterOverrides") or []:
        if not _is_known(operation):
            operations.append(operation)
            continue
        value = wanted.pop(_path(operation), None)
        if value is not None:
            operations.append(operation if operation["value"] == value else {**operation, "value": value})
    added = [_operation(path, value, template) for path, value in wanted.items() if value is not None]
    return {**entry, "clusterOverrides": operations + added}


def _operation(path: str, value: int | str, template: Object) -> Object:
    if path == REPLICAS and template["spec"].get("replicas") is None:
        return {"op": "add", "path": path, "value": value}
    return {"path": path, "value": value}
