"""KubeFed's YAML: federated objects read out of what people paste, and written for them to take away.

https://github.com/kubernetes-retired/kubefed/blob/master/docs/userguide.md
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from clusters.domain import documents, labels
from clusters.domain.documents import Document, DocumentError
from clusters.domain.references import ResourceType
from propagation.domain import overrides, placement, templates
from propagation.domain.problems import Problem

Object = dict[str, Any]

API_VERSION = "types.kubefed.io/v1beta1"
DEFAULT_NAMESPACE = "default"

_SPEC_FIELDS = ("template", "placement", "overrides", "retainReplicas")
_SUBDOMAIN = re.compile(labels.DNS_SUBDOMAIN)
_LABEL = re.compile(labels.DNS_LABEL)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One federated object; ``type`` is what it federates. Cluster-scoped kinds have no namespace."""

    type: ResourceType
    namespace: str
    name: str
    template: Object
    placement: Object
    overrides: list[Object] = field(default_factory=list)
    retain_replicas: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    line: int = 1


@dataclass(frozen=True, slots=True)
class ManifestError:
    """What is wrong in a document (counted from 1), and where; ``line`` and ``column`` count from 1."""

    document: int
    line: int
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What could be read of a text, and everything that is wrong with the rest."""

    manifests: list[Manifest]
    errors: list[ManifestError]


def parse(text: str, types: Sequence[ResourceType]) -> Parsed:
    """Read every document of a YAML or JSON text; ``types`` are the kinds that may be federated."""
    try:
        found = documents.load_all(text)
    except DocumentError as error:
        return Parsed([], [ManifestError(1, error.line, error.column, error.message)])
    if not found:
        return Parsed([], [ManifestError(1, 1, 1, "There is no document in it.")])
    kinds = {f"Federated{kind.kind}": kind for kind in types}
    parsed = Parsed([], [])
    for index, document in enumerate(found, start=1):
        _read(document, index, kinds, parsed)
    _refuse_twins(parsed)
    return parsed


def _read(document: Document, index: int, kinds: Mapping[str, ResourceType], parsed: Parsed) -> None:
    problems = _problems(document.value, kinds)
    if problems:
        for problem in problems:
            line, column = document.position(problem.path)
            parsed.errors.append(ManifestError(index, line, column, problem.message))
    else:
        parsed.manifests.append(_manifest(document, kinds))


def _refuse_twins(parsed: Parsed) -> None:
    seen: dict[tuple[str, str, str], int] = {}
    for manifest in parsed.manifests:
        key = (manifest.type.name, manifest.namespace, manifest.name)
        if key in seen:
            message = f"{manifest.type.kind} {manifest.name} stands in line {seen[key]} already."
            parsed.errors.append(ManifestError(1, manifest.line, 1, message))
        seen.setdefault(key, manifest.line)


def _manifest(document: Document, kinds: Mapping[str, ResourceType]) -> Manifest:
    value = document.value
    metadata, spec, kind = value["metadata"], value.get("spec") or {}, kinds[value["kind"]]
    return Manifest(
        type=kind,
        namespace=metadata.get("namespace", DEFAULT_NAMESPACE) if kind.namespaced else "",
        name=metadata["name"],
        template=spec.get("template") or {},
        placement=spec.get("placement") or {},
        overrides=spec.get("overrides") or [],
        retain_replicas=bool(spec.get("retainReplicas")),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        line=document.line,
    )


def _problems(value: Any, kinds: Mapping[str, ResourceType]) -> list[Problem]:
    if not isinstance(value, Mapping):
        return [Problem("", "A document is a mapping with apiVersion, kind, metadata and spec.")]
    identity = _identity_problems(value, kinds)
    if identity:
        return identity
    return _metadata_problems(value, kinds[value["kind"]]) + _spec_problems(value, kinds[value["kind"]])


def _identity_problems(value: Mapping[str, Any], kinds: Mapping[str, ResourceType]) -> list[Problem]:
    api_version, kind = value.get("apiVersion"), value.get("kind")
    if not isinstance(kind, str):
        return [Problem("/kind", "A document has a kind.")]
    if api_version != API_VERSION:
        hint = (
            f" Write it as Federated{kind} with a template and a placement."
            if f"Federated{kind}" in kinds
            else ""
        )
        return [Problem("/apiVersion", f"Only {API_VERSION} is read here, not {api_version}.{hint}")]
    if kind not in kinds:
        return [Problem("/kind", f"{kind} is not a kind that is federated here.")]
    return []


def _metadata_problems(value: Mapping[str, Any], kind: ResourceType) -> list[Problem]:
    metadata = value.get("metadata")
    if not isinstance(metadata, Mapping):
        return [Problem("/metadata", "A document has metadata with a name.")]
    problems = []
    if not isinstance(metadata.get("name"), str) or not _SUBDOMAIN.match(metadata["name"]):
        message = "The name has lower-case letters, digits, hyphens and dots, at most 253."
        problems.append(Problem("/metadata/name", message))
    namespace = metadata.get("namespace", DEFAULT_NAMESPACE)
    if not isinstance(namespace, str) or not _LABEL.match(namespace):
        problems.append(
            Problem("/metadata/namespace", "The namespace has lower-case letters, digits and hyphens.")
        )
    elif kind.kind == "Namespace" and namespace != metadata.get("name") and "namespace" in metadata:
        problems.append(
            Problem("/metadata/namespace", "A FederatedNamespace lives in the namespace of its name.")
        )
    return problems + [
        Problem(f"/metadata/{name}", f"{name} maps texts to texts; quote numbers.")
        for name in ("labels", "annotations")
        if not _is_texts(metadata.get(name) or {})
    ]


def _is_texts(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(one, str) for one in value.values())


def _spec_problems(value: Mapping[str, Any], kind: ResourceType) -> list[Problem]:
    spec = value.get("spec")
    if spec is None:
        spec = {}
    if not isinstance(spec, Mapping):
        return [Problem("/spec", "spec has a template, a placement and overrides.")]
    problems = [
        Problem(f"/spec/{name}", f"A federated object has no field spec.{name}.")
        for name in spec
        if name not in _SPEC_FIELDS
    ]
    problems += _under("/spec/template", templates.validate(kind.kind, spec.get("template") or {}))
    problems += _under("/spec/placement", placement.validate(spec.get("placement") or {}))
    problems += _under("/spec/overrides", overrides.validate(spec.get("overrides") or []))
    return problems


def _under(path: str, problems: Sequence[Problem]) -> list[Problem]:
    return [Problem(path + problem.path, problem.message) for problem in problems]


def document(manifest: Manifest, status: Object | None = None) -> Object:
    """The federated object as KubeFed writes it."""
    metadata: Object = {"name": manifest.name}
    metadata["namespace"] = manifest.namespace or manifest.name
    if manifest.labels:
        metadata["labels"] = dict(manifest.labels)
    if manifest.annotations:
        metadata["annotations"] = dict(manifest.annotations)
    spec: Object = {"template": manifest.template, "placement": manifest.placement}
    if manifest.overrides:
        spec["overrides"] = manifest.overrides
    if manifest.retain_replicas:
        spec["retainReplicas"] = True
    kind = f"Federated{manifest.type.kind}"
    written: Object = {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
    return {**written, "status": status} if status else written


class _Dumper(yaml.SafeDumper):
    """Several lines of text as a block, which is how people wrote them; no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def dump(written: Sequence[Object]) -> str:
    """YAML of several documents, keys in their own order."""
    return yaml.dump_all(written, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
