"""Markers of hidden values that come back with a document: what is stored takes their place again."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from propagation.domain.confidential import FIELDS, HIDDEN, LAST_APPLIED
from propagation.domain.envelopes import escaped

Object = dict[str, Any]

#: Also those that tell several versions apart, which nobody can put a value to.
_MARKER = re.compile(r"^\(hidden(, value \d+)?\)\Z")


@dataclass(frozen=True, slots=True)
class Restored:
    """A template and overrides with the stored values; ``missing`` are pointers into the spec."""

    template: Object
    overrides: list[Object]
    missing: list[str]


class _Restoration:
    """Puts values back, and remembers where there were none."""

    def __init__(self, kind: str) -> None:
        self._fields = FIELDS.get(kind, ())
        self.missing: list[str] = []

    def template(self, given: Object, stored: Object) -> Object:
        return {
            name: self._lift(
                value, stored.get(name), f"/template/{escaped(name)}", hidden=name in self._fields
            )
            for name, value in given.items()
        }

    def overrides(self, given: Sequence[Object], stored: Sequence[Object]) -> list[Object]:
        values = {_where(entry, one): one.get("value") for entry in stored for one in _operations(entry)}
        return [self._entry(entry, f"/overrides/{index}", values) for index, entry in enumerate(given)]

    def _entry(self, entry: Object, path: str, values: Mapping[str, Any]) -> Object:
        if not _operations(entry):
            return entry
        operations = [
            self._operation(one, f"{path}/clusterOverrides/{index}", values.get(_where(entry, one)))
            for index, one in enumerate(_operations(entry))
        ]
        return {**entry, "clusterOverrides": operations}

    def _operation(self, operation: Object, path: str, stored: Any) -> Object:
        if "value" not in operation:
            return operation
        pointer = operation["path"]
        hidden = f"{pointer}/".split("/")[1] in self._fields or pointer.endswith(escaped(LAST_APPLIED))
        return {**operation, "value": self._lift(operation["value"], stored, f"{path}/value", hidden=hidden)}

    def _lift(self, value: Any, stored: Any, path: str, *, hidden: bool) -> Any:
        if hidden and isinstance(value, str) and _MARKER.match(value):
            if value == HIDDEN and stored is not None:
                return stored
            self.missing.append(path)
        if isinstance(value, Mapping):
            known = stored if isinstance(stored, Mapping) else {}
            return {
                name: self._lift(
                    one, known.get(name), f"{path}/{escaped(name)}", hidden=hidden or name == LAST_APPLIED
                )
                for name, one in value.items()
            }
        if isinstance(value, list):
            items = stored if isinstance(stored, list) else []
            padded = [*items, *[None] * len(value)]
            return [
                self._lift(one, padded[index], f"{path}/{index}", hidden=hidden)
                for index, one in enumerate(value)
            ]
        return value


def _operations(entry: Mapping[str, Any]) -> list[Object]:
    return entry.get("clusterOverrides") or []


def _where(entry: Mapping[str, Any], operation: Mapping[str, Any]) -> str:
    return repr((entry.get("clusterName"), entry.get("clusterSelector"), operation.get("path")))


def restore(
    kind: str,
    template: Object,
    overrides: Sequence[Object],
    stored_template: Object | None = None,
    stored_overrides: Sequence[Object] = (),
) -> Restored:
    """Put the stored values of an object of this kind in the place of markers."""
    restoration = _Restoration(kind)
    restored = restoration.template(template, stored_template or {})
    patches = restoration.overrides(overrides, stored_overrides)
    return Restored(restored, patches, restoration.missing)
