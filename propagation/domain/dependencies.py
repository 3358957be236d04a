"""What a workload names and cannot run without: it has to be wherever the workload goes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from propagation.domain.pods import as_map, maps, pod_of

Object = Mapping[str, Any]

CONFIG_MAP, SECRET = "configmaps", "secrets"
SERVICE_ACCOUNT, CLAIM = "serviceaccounts", "persistentvolumeclaims"

#: The types that follow, by the name of their FederatedType.
KINDS = frozenset({CONFIG_MAP, SECRET, SERVICE_ACCOUNT, CLAIM})


def named(template: Object, overrides: Sequence[Object] = ()) -> list[str]:
    """``configmaps/name`` and the like, sorted: what the pods of a template, or an override, name."""
    pods = [pod_of(template), *(_patched(overrides))]
    return sorted({f"{kind}/{name}" for pod in pods for kind, name in _of_pod(pod) if name})


def _patched(overrides: Sequence[Object]) -> Iterator[Object]:
    """Overrides bring volumes and variables of their own: their values are read as parts of a pod."""
    for entry in overrides:
        for patch in entry.get("clusterOverrides") or []:
            value = patch.get("value")
            parts = value if isinstance(value, list) else [value]
            for part in filter(lambda one: isinstance(one, Mapping), parts):
                yield {"volumes": [part], "containers": [part, {"env": [part], "envFrom": [part]}]}


def _of_pod(pod: Object) -> Iterator[tuple[str, str]]:
    account = pod.get("serviceAccountName") or pod.get("serviceAccount")
    # Every namespace has a service account "default" of its own.
    if isinstance(account, str) and account != "default":
        yield SERVICE_ACCOUNT, account
    yield from ((SECRET, _name(one)) for one in maps(pod.get("imagePullSecrets")))
    for volume in maps(pod.get("volumes")):
        yield from _of_volume(volume)
    for group in ("initContainers", "containers"):
        for container in maps(pod.get(group)):
            yield from _of_container(container)


def _of_volume(volume: Object) -> Iterator[tuple[str, str]]:
    yield CONFIG_MAP, _name(volume.get("configMap"))
    yield SECRET, _name(volume.get("secret"), "secretName")
    yield CLAIM, _name(volume.get("persistentVolumeClaim"), "claimName")
    for source in maps(as_map(volume.get("projected")).get("sources")):
        yield CONFIG_MAP, _name(source.get("configMap"))
        yield SECRET, _name(source.get("secret"))


def _of_container(container: Object) -> Iterator[tuple[str, str]]:
    for source in maps(container.get("envFrom")):
        yield CONFIG_MAP, _name(source.get("configMapRef"))
        yield SECRET, _name(source.get("secretRef"))
    for variable in maps(container.get("env")):
        origin = as_map(variable.get("valueFrom"))
        yield CONFIG_MAP, _name(origin.get("configMapKeyRef"))
        yield SECRET, _name(origin.get("secretKeyRef"))


def _name(value: Any, field: str = "name") -> str:
    name = as_map(value).get(field)
    return name if isinstance(name, str) else ""
