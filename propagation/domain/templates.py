"""The template of a federated object: what can be said of it before any API server sees it."""

from collections.abc import Mapping
from typing import Any

from propagation.domain.problems import Problem

_IDENTITY = ("apiVersion", "kind", "status")
_IDENTITY_METADATA = ("name", "namespace", "generateName", "uid", "resourceVersion", "managedFields")


def validate(kind: str, template: Any) -> list[Problem]:
    """What is surely wrong, for people who wait for an answer; the API servers have the last word."""
    if not isinstance(template, Mapping):
        return [Problem("", "template is the object itself, without apiVersion, kind and name.")]
    problems = [
        Problem(f"/{name}", f"The template has no {name}: that comes with the federated object.")
        for name in _IDENTITY
        if name in template
    ]
    metadata = template.get("metadata") or {}
    if not isinstance(metadata, Mapping):
        return [*problems, Problem("/metadata", "metadata is a mapping with labels and annotations.")]
    problems += [
        Problem(f"/metadata/{name}", f"The template has no metadata.{name}.")
        for name in _IDENTITY_METADATA
        if name in metadata
    ]
    problems += untextual(metadata)
    if kind == "Deployment":
        problems += _deployment(template)
    elif "spec" in template and not isinstance(template["spec"], Mapping):
        problems.append(Problem("/spec", "spec is a mapping."))
    return problems


def untextual(metadata: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the labels and annotations of an object."""
    return [
        Problem(f"/metadata/{name}", f"{name} maps texts to texts; quote numbers.")
        for name in ("labels", "annotations")
        if not _is_texts(metadata.get(name) or {})
    ]


def _is_texts(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(one, str) for one in value.values())


def _deployment(template: Mapping[str, Any]) -> list[Problem]:
    spec = template.get("spec")
    if not isinstance(spec, Mapping):
        return [Problem("/spec", "A Deployment has a spec.")]
    problems = []
    replicas = spec.get("replicas", 1)
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        problems.append(Problem("/spec/replicas", "replicas is a number, 0 or more."))
    pod = spec.get("template")
    if not isinstance(pod, Mapping) or not isinstance(pod.get("spec"), Mapping):
        return [
            *problems,
            Problem("/spec/template", "A Deployment has a template for its pods, with a spec."),
        ]
    return problems + _selector(spec, pod) + _containers(pod["spec"].get("containers"))


def _selector(spec: Mapping[str, Any], pod: Mapping[str, Any]) -> list[Problem]:
    selector = spec.get("selector")
    if not isinstance(selector, Mapping) or not (
        selector.get("matchLabels") or selector.get("matchExpressions")
    ):
        return [Problem("/spec/selector", "A Deployment selects its pods by labels.")]
    wanted, metadata = selector.get("matchLabels") or {}, pod.get("metadata") or {}
    labels = (metadata.get("labels") if isinstance(metadata, Mapping) else None) or {}
    if not isinstance(wanted, Mapping) or not isinstance(labels, Mapping):
        return [Problem("/spec/selector/matchLabels", "matchLabels and the pods' labels are mappings.")]
    return [
        Problem(
            "/spec/selector/matchLabels", f"The pods do not have the label {key}={value} that is selected."
        )
        for key, value in wanted.items()
        if labels.get(key) != value
    ]


def _containers(containers: Any) -> list[Problem]:
    path = "/spec/template/spec/containers"
    if not isinstance(containers, list) or not containers:
        return [Problem(path, "A pod has at least one container.")]
    return [
        Problem(f"{path}/{index}", f"A container has a {name}.")
        for index, container in enumerate(containers)
        for name in ("name", "image")
        if not isinstance(container, Mapping)
        or not isinstance(container.get(name), str)
        or not container[name]
    ]
