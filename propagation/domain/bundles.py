"""What a text holds: documents of KubeFed's kinds in any order and mixture, also in lists.

Whatever ``kubectl get -o yaml`` prints (or ``-o json``) can be read as it is.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clusters.domain import documents
from clusters.domain.documents import Document, DocumentError
from clusters.domain.references import ResourceType
from propagation.domain import envelopes, kubefed_clusters, manifests, preferences, type_configs
from propagation.domain.envelopes import ManifestError, Place
from propagation.domain.kubefed_clusters import KubeFedCluster
from propagation.domain.manifests import Manifest
from propagation.domain.preferences import SchedulingPreference
from propagation.domain.problems import Problem
from propagation.domain.type_configs import TypeConfig

Value = Mapping[str, Any]

#: The kinds that are not federated objects, and their versions.
API_VERSIONS = {
    preferences.KIND: preferences.API_VERSION,
    type_configs.KIND: type_configs.API_VERSION,
    kubefed_clusters.KIND: type_configs.API_VERSION,
}
_LIST_FIELDS = ("apiVersion", "kind", "metadata", "items")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What could be read of a text, and everything that is wrong with the rest."""

    manifests: list[Manifest] = field(default_factory=list)
    preferences: list[SchedulingPreference] = field(default_factory=list)
    type_configs: list[TypeConfig] = field(default_factory=list)
    clusters: list[KubeFedCluster] = field(default_factory=list)
    errors: list[ManifestError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Piece:
    value: Any
    place: Place


def parse(text: str, types: Iterable[ResourceType]) -> Parsed:
    """Read every document of a YAML or JSON text; ``types`` are the kinds that are federated.

    The FederatedTypeConfigs of the text add to these kinds, and take from them, for all of the text.
    """
    parsed = Parsed()
    pieces = _pieces(text, parsed.errors)
    for piece in pieces:
        if _kind(piece) == type_configs.KIND:
            _read(piece, parsed, {})
    kinds = _kinds(types, parsed.type_configs)
    for piece in pieces:
        if _kind(piece) != type_configs.KIND:
            _read(piece, parsed, kinds)
    _refuse_twins(parsed)
    parsed.errors.sort(key=lambda error: (error.line, error.column))
    return parsed


def _kinds(types: Iterable[ResourceType], configs: Sequence[TypeConfig]) -> dict[str, ResourceType]:
    kinds = {f"Federated{kind.kind}": kind for kind in types}
    for config in configs:
        if config.enabled:
            known = kinds.get(config.federated.kind)
            kinds[config.federated.kind] = known if known and known.name == config.type.name else config.type
        else:
            kinds.pop(config.federated.kind, None)
    return kinds


# Documents and lists


def _pieces(text: str, errors: list[ManifestError]) -> list[_Piece]:
    try:
        found = documents.load_all(_as_yaml(text))
    except DocumentError as error:
        errors.append(ManifestError(1, error.line, error.column, error.message))
        return []
    if not found:
        errors.append(ManifestError(1, 1, 1, "There is no document in it."))
    return [piece for number, one in enumerate(found, 1) for piece in _unpacked(one, number, errors)]


#: How JSON spells what lies beyond the first 65,536 characters; YAML knows no such pairs.
_PAIR = re.compile(r"(?<!\\)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


def _as_yaml(text: str) -> str:
    """JSON is YAML but for one thing."""
    return _PAIR.sub(_character, text) if text.lstrip()[:1] in ("{", "[") else text


def _character(pair: re.Match[str]) -> str:
    high, low = int(pair[1], 16), int(pair[2], 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _unpacked(document: Document, number: int, errors: list[ManifestError]) -> Iterator[_Piece]:
    """The document itself or, of a list, what it lists."""
    value, place = document.value, Place(document, number)
    kind = value.get("kind") if isinstance(value, Mapping) else None
    if not isinstance(kind, str) or not kind.endswith("List"):
        yield _Piece(value, place)
        return
    unknown = envelopes.unknown(value, _LIST_FIELDS, "", "A list has")
    errors += [place.error(problem.message, problem.path) for problem in unknown]
    items = value.get("items")
    if not isinstance(items, list):
        errors.append(place.error(f"A {kind} has items.", "/items"))
        return
    for index, item in enumerate(items):
        yield _Piece(_with_identity(item, value, kind), Place(document, number, f"/items/{index}"))


def _with_identity(item: Any, listed: Value, kind: str) -> Any:
    """The items of an API server's own lists do without what the list says for all of them."""
    if kind == "List" or not isinstance(item, Mapping):
        return item
    return {"apiVersion": listed.get("apiVersion"), "kind": kind.removesuffix("List"), **item}


def _kind(piece: _Piece) -> Any:
    return piece.value.get("kind") if isinstance(piece.value, Mapping) else None


# One document


def _read(piece: _Piece, parsed: Parsed, kinds: Mapping[str, ResourceType]) -> None:
    problems = _problems(piece.value, kinds)
    if problems:
        parsed.errors.extend(piece.place.error(one.message, one.path) for one in problems)
        return
    match piece.value["kind"]:
        case preferences.KIND:
            parsed.preferences.append(preferences.read(piece.value, piece.place))
        case type_configs.KIND:
            parsed.type_configs.append(type_configs.read(piece.value, piece.place))
        case kubefed_clusters.KIND:
            parsed.clusters.append(kubefed_clusters.read(piece.value, piece.place))
        case kind:
            parsed.manifests.append(manifests.read(piece.value, kinds[kind], piece.place))


def _problems(value: Any, kinds: Mapping[str, ResourceType]) -> list[Problem]:
    if not isinstance(value, Mapping):
        return [Problem("", "A document is a mapping with apiVersion, kind, metadata and spec.")]
    if not isinstance(value.get("kind"), str):
        return [Problem("/kind", "A document has a kind.")]
    if problem := _identity_problem(value["kind"], value.get("apiVersion"), kinds):
        return [problem]
    match value["kind"]:
        case preferences.KIND:
            return preferences.problems(value)
        case type_configs.KIND:
            return type_configs.problems(value)
        case kubefed_clusters.KIND:
            return kubefed_clusters.problems(value)
        case kind:
            return manifests.problems(value, kinds[kind])


def _identity_problem(kind: str, api_version: Any, kinds: Mapping[str, ResourceType]) -> Problem | None:
    expected = API_VERSIONS.get(kind, manifests.API_VERSION)
    if api_version != expected:
        hint = (
            f" Write it as Federated{kind} with a template and a placement."
            if f"Federated{kind}" in kinds
            else ""
        )
        return Problem("/apiVersion", f"Only {expected} is read here, not {api_version}.{hint}")
    if kind not in API_VERSIONS and kind not in kinds:
        return Problem("/kind", f"{kind} is not a kind that is federated here.")
    return None


# The same thing twice


def _refuse_twins(parsed: Parsed) -> None:
    _refuse(parsed, parsed.manifests, lambda one: f"{one.type.kind} {_scoped(one.namespace, one.name)}")
    _refuse(
        parsed,
        parsed.preferences,
        lambda one: f"{preferences.KIND} {_scoped(one.namespace, one.name)} of a {one.kind}",
    )
    _refuse(parsed, parsed.type_configs, lambda one: f"{type_configs.KIND} {one.type.name}")
    _refuse(parsed, parsed.clusters, lambda one: f"{kubefed_clusters.KIND} {one.name}")


def _refuse(parsed: Parsed, read: Sequence[Any], named: Callable[[Any], str]) -> None:
    seen: dict[str, int] = {}
    for one in read:
        name = named(one)
        if name in seen:
            parsed.errors.append(one.place.error(f"{name} stands in line {seen[name]} already."))
        seen.setdefault(name, one.place.line)


def _scoped(namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name
