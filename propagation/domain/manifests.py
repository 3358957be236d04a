"""Federated objects as KubeFed's documents: read out of what people paste, and written to take away.

https://github.com/kubernetes-retired/kubefed/blob/master/docs/userguide.md
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from clusters.domain import documents
from clusters.domain.references import ResourceType
from propagation.domain import envelopes, overrides, placement, templates
from propagation.domain.envelopes import DEFAULT_NAMESPACE, NOWHERE, Place
from propagation.domain.problems import Problem

Object = dict[str, Any]

API_VERSION = "types.kubefed.io/v1beta1"

#: What KubeFed has no field for travels as annotations, where it is not the default.
OWN_ANNOTATIONS = "fedconsole.io/"
CONFLICT_POLICY = "fedconsole.io/conflict-policy"
SUSPEND_REPAIR = "fedconsole.io/suspend-repair"
FOLLOW_DEPENDENCIES = "fedconsole.io/follow-dependencies"

_POLICIES = ("adopt", "refuse", "overwrite")
_ALLOWED: Mapping[str, Sequence[str]] = {
    CONFLICT_POLICY: _POLICIES,
    SUSPEND_REPAIR: ("true", "false"),
    FOLLOW_DEPENDENCIES: ("true", "false"),
}
_SPEC_FIELDS = ("template", "placement", "overrides", "retainReplicas")


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
    conflict_policy: str = "adopt"
    suspend_repair: bool = False
    follow_dependencies: bool = True
    place: Place = field(default=NOWHERE, compare=False, repr=False)


def problems(value: Mapping[str, Any], kind: ResourceType) -> list[Problem]:
    """What is wrong with the document of a federated object of this kind."""
    found = envelopes.problems(value)
    metadata = value.get("metadata")
    if isinstance(metadata, Mapping):
        found += _namespace_problems(metadata, kind) + _annotation_problems(metadata)
    return found + _spec_problems(value.get("spec"), kind)


def _namespace_problems(metadata: Mapping[str, Any], kind: ResourceType) -> list[Problem]:
    """A FederatedNamespace lives inside the namespace that it federates."""
    if kind.kind != "Namespace" or metadata.get("namespace", metadata.get("name")) == metadata.get("name"):
        return []
    return [Problem("/metadata/namespace", "A FederatedNamespace lives in the namespace of its name.")]


def _annotation_problems(metadata: Mapping[str, Any]) -> list[Problem]:
    given = metadata.get("annotations")
    if not isinstance(given, Mapping):
        return []
    return [
        Problem(f"/metadata/annotations/{envelopes.escaped(name)}", _annotation_problem(name))
        for name, value in given.items()
        if name.startswith(OWN_ANNOTATIONS) and value not in _ALLOWED.get(name, ())
    ]


def _annotation_problem(name: str) -> str:
    if name not in _ALLOWED:
        return f"There is no annotation {name}; there are {', '.join(_ALLOWED)}."
    return f"{name} is one of {', '.join(_ALLOWED[name])}, in quotes."


def _spec_problems(spec: Any, kind: ResourceType) -> list[Problem]:
    if spec is None:
        spec = {}
    if not isinstance(spec, Mapping):
        return [Problem("/spec", "spec has a template, a placement and overrides.")]
    found = envelopes.unknown(spec, _SPEC_FIELDS, "/spec", "The spec of a federated object has")
    found += envelopes.under("/spec/template", templates.validate(kind.kind, spec.get("template") or {}))
    found += envelopes.under("/spec/placement", placement.validate(spec.get("placement") or {}))
    found += envelopes.under("/spec/overrides", overrides.validate(spec.get("overrides") or []))
    if not isinstance(spec.get("retainReplicas") or False, bool):
        found.append(Problem("/spec/retainReplicas", "retainReplicas is true or false."))
    return found


def read(value: Mapping[str, Any], kind: ResourceType, place: Place = NOWHERE) -> Manifest:
    """The federated object of a document without problems."""
    metadata, spec = value["metadata"], value.get("spec") or {}
    annotations = envelopes.annotations(metadata)
    return Manifest(
        type=kind,
        namespace=metadata.get("namespace", DEFAULT_NAMESPACE) if kind.namespaced else "",
        name=metadata["name"],
        template=spec.get("template") or {},
        placement=spec.get("placement") or {},
        overrides=spec.get("overrides") or [],
        retain_replicas=bool(spec.get("retainReplicas")),
        labels=metadata.get("labels") or {},
        annotations={name: text for name, text in annotations.items() if name not in _ALLOWED},
        conflict_policy=annotations.get(CONFLICT_POLICY, "adopt"),
        suspend_repair=annotations.get(SUSPEND_REPAIR) == "true",
        follow_dependencies=annotations.get(FOLLOW_DEPENDENCIES) != "false",
        place=place,
    )


def document(manifest: Manifest, status: Object | None = None) -> Object:
    """The federated object as KubeFed writes it."""
    spec: Object = {"template": manifest.template, "placement": manifest.placement}
    if manifest.overrides:
        spec["overrides"] = manifest.overrides
    if manifest.retain_replicas:
        spec["retainReplicas"] = True
    kind = f"Federated{manifest.type.kind}"
    written: Object = {"apiVersion": API_VERSION, "kind": kind, "metadata": _metadata(manifest), "spec": spec}
    return {**written, "status": status} if status else written


def _metadata(manifest: Manifest) -> Object:
    metadata: Object = {"name": manifest.name}
    if manifest.type.namespaced:
        metadata["namespace"] = manifest.namespace
    elif manifest.type.kind == "Namespace":
        metadata["namespace"] = manifest.name
    if manifest.labels:
        metadata["labels"] = dict(manifest.labels)
    if annotations := _annotations(manifest):
        metadata["annotations"] = annotations
    return metadata


def _annotations(manifest: Manifest) -> dict[str, str]:
    annotations = {name: text for name, text in manifest.annotations.items() if name not in _ALLOWED}
    if manifest.conflict_policy != "adopt":
        annotations[CONFLICT_POLICY] = manifest.conflict_policy
    if manifest.suspend_repair:
        annotations[SUSPEND_REPAIR] = "true"
    if not manifest.follow_dependencies:
        annotations[FOLLOW_DEPENDENCIES] = "false"
    return annotations


class _Dumper(yaml.CSafeDumper):
    """Several lines of text as a block, which is how people wrote them; no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


#: Line ends other than ours, and what stands for nothing: only quotes give them back as they were.
_ODD = ("\r", "\x85", "\u2028", "\u2029", "\ufeff")
#: Blocks begin with a letter, and give back no spaces at the end of a line.
_UNFIT = ("\t", " \n")


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    """A block for lines, quotes around what would be read as something else, or as it comes."""
    if any(odd in text for odd in _ODD):
        return '"'
    if "\n" in text:
        return '"' if text[0] in " \n" or any(unfit in text for unfit in _UNFIT) else "|"
    return None if _is_plain(text) else "'"


def _is_plain(text: str) -> bool:
    """Whether it is a text without quotes, too: YAML's versions differ on what a number is."""
    try:
        return bool(documents.plain(text) == text)
    except (ValueError, OverflowError):
        return False


_Dumper.add_representer(str, _represent_text)


def dump(written: Sequence[Object]) -> str:
    """YAML of several documents, keys in their own order."""
    return yaml.dump_all(written, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def dump_json(written: Sequence[Object], left_out: int = 0) -> str:
    """A JSON ``List`` of documents; ``left_out`` more are not in it, which its metadata tell."""
    metadata = {"remainingItemCount": left_out} if left_out else {}
    listed = {"apiVersion": "v1", "kind": "List", "metadata": metadata, "items": list(written)}
    return _CONTROLS.sub(_escape, json.dumps(listed, indent=2, ensure_ascii=False)) + "\n"


#: JSON allows these in texts, YAML (as which it is read here) does not.
_CONTROLS = re.compile("[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]")


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
