"""What differs between two versions of an object, for people: without what changes by itself."""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from propagation.domain import manifests, versions
from propagation.domain.confidential import Veil

Object = dict[str, Any]

#: Fields of ``metadata`` that the API server writes by itself.
NOISE = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")

#: Fields that come first, as everybody writes them.
_FIRST = ("apiVersion", "kind", "metadata")

#: Lines of an object that are compared at all, since that is quadratic, and lines of a diff that are shown.
COMPARED, SHOWN = 5_000, 400

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list, by the field that identifies it there."""

    key: str
    value: str | int


#: From the top of an object to a field: names, indexes, and items that have an identity.
Path = tuple[str | int | Item, ...]


class Mark(StrEnum):
    """What became of a line; a gap stands for lines that are the same."""

    SAME = " "
    ADDED = "+"
    REMOVED = "-"
    GAP = "@"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a diff."""

    mark: Mark
    text: str = ""


@dataclass(frozen=True, slots=True)
class Diff:
    """What changes from one version to another; empty lines and fields when nothing does.

    ``cut`` says that there is more than the lines tell.
    """

    lines: tuple[Line, ...] = ()
    fields: tuple[str, ...] = ()
    cut: bool = False
    paths: tuple[Path, ...] = field(default=(), compare=False)

    def __bool__(self) -> bool:
        return bool(self.lines or self.fields)


def normalise(item: Object) -> Object:
    """An object without its status and what the API server writes by itself, in a stable order."""
    metadata = {
        name: value for name, value in (item.get("metadata") or {}).items() if name not in NOISE and value
    }
    kept: Object = {**item, "metadata": metadata}
    kept.pop("status", None)
    return {name: _sorted(kept[name]) for name in [*_FIRST, *sorted(kept.keys() - {*_FIRST})] if name in kept}


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_sorted(one) for one in value]
    return value


def compare(kind: str, before: Object | None, after: Object | None) -> Diff:
    """What changes between two versions of an object (None: it is not there); shows no secret."""
    veil = Veil(kind)
    old, new = (normalise(veil.conceal(item)) if item else None for item in (before, after))
    return between(old, new)


def between(before: Object | None, after: Object | None) -> Diff:
    """What changes between two mappings as they are; nothing in them is secret."""
    if before == after:
        return Diff()
    lines, cut = _unified(_written(before), _written(after))
    paths = tuple(differences(before or {}, after or {}))
    return Diff(lines, tuple(map(spell, paths)), cut, paths)


def _written(item: Object | None) -> list[str]:
    return manifests.dump([item]).rstrip("\n").split("\n") if item else []


def _unified(before: Sequence[str], after: Sequence[str]) -> tuple[tuple[Line, ...], bool]:
    if max(len(before), len(after)) > COMPARED:
        return (), True
    lines: list[Line] = []
    for text in list(difflib.unified_diff(before, after, lineterm="", n=3))[2:]:
        if not text.startswith("@@"):
            lines.append(Line(Mark(text[0]), text[1:]))
        elif lines:
            lines.append(Line(Mark.GAP))
    return tuple(lines[:SHOWN]), len(lines) > SHOWN


def differences(before: Any, after: Any, path: Path = ()) -> Iterator[Path]:
    """The fields that differ, each as far down as both sides have it."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from differences(before.get(name, _ABSENT), after.get(name, _ABSENT), (*path, name))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_differences(before, after, path)
    else:
        yield path


def _list_differences(before: list[Any], after: list[Any], path: Path) -> Iterator[Path]:
    key = versions.key_of([*before, *after])
    old, new = _by_identity(before, key), _by_identity(after, key)
    if key is None or len(old) < len(before) or len(new) < len(after):  # no identity, or not a unique one
        yield from _differences_by_position(before, after, path)
        return
    for name in {**old, **new}:
        yield from differences(old.get(name, _ABSENT), new.get(name, _ABSENT), (*path, Item(key, name)))
    if [name for name in old if name in new] != [name for name in new if name in old]:
        yield path


def _by_identity(items: list[Any], key: str | None) -> dict[str | int, Any]:
    return {item[key]: item for item in items} if key else {}


def _differences_by_position(before: list[Any], after: list[Any], path: Path) -> Iterator[Path]:
    if len(before) != len(after):
        yield path
        return
    for index, (one, other) in enumerate(zip(before, after, strict=True)):
        yield from differences(one, other, (*path, index))


def spell(path: Path) -> str:
    """A path as people write it: ``spec.containers[main].image``."""
    return "".join(map(_step, path)).removeprefix(".")


def _step(step: str | int | Item) -> str:
    if isinstance(step, Item):
        return f"[{step.value}]"
    if isinstance(step, int) or "." in step or "/" in step:
        return f"[{step}]"
    return f".{step}"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who wrote a field last: the name of a field manager, and when."""

    manager: str
    moment: datetime | None


def owners(live: Object, path: Path) -> list[Owner]:
    """The managers of a field of a live object, read from its ``managedFields``; none for what is absent.

    https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
    """
    entries = (live.get("metadata") or {}).get("managedFields") or []
    return [
        Owner(str(entry.get("manager", "")), _moment(entry.get("time")))
        for entry in entries
        if _owns(entry.get("fieldsV1") or {}, path)
    ]


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


def _owns(fields: Mapping[str, Any], path: Path) -> bool:
    for step in path:
        found = next((name for name in fields if _names(name, step)), None)
        if found is None:
            return False
        fields = fields[found]
        if not fields:  # from here on down it is one whole
            return True
    return True


def _names(name: str, step: str | int | Item) -> bool:
    """Whether a key of ``fieldsV1`` means this step."""
    if isinstance(step, Item):
        return name.startswith("k:") and json.loads(name[2:]).get(step.key) == step.value
    return name == f"f:{step}" if isinstance(step, str) else name == f"i:{step}"
