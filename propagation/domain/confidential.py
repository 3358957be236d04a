"""What of an object only those may read who may change it: its values are replaced by markers.

A marker tells the same value from another one at the same place, and nothing else about it.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Object = dict[str, Any]

#: Where the objects of a kind keep their secrets.
FIELDS: Mapping[str, Sequence[str]] = {"Secret": ("data", "stringData")}

#: ``kubectl apply`` keeps a copy of the whole object here.
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

HIDDEN = "(hidden)"

#: Shorter values are no secrets, and replacing them would spoil every message.
SHORTEST = 3

#: How API servers quote the surroundings of what they cannot read.
_SURROUNDINGS = re.compile(r"\.\.\.\|.*?\|\.\.\.", re.DOTALL)


class Veil:
    """Hides the values of several versions of one thing, so that they can still be compared."""

    def __init__(self, kind: str) -> None:
        self._fields = FIELDS.get(kind, ())
        self._seen: dict[str, list[str]] = {}

    def conceal(self, item: Object) -> Object:
        """An object, or a template, without secret values."""
        concealed: Object = self._without_copies(item)
        for name in self._fields:
            if name in concealed:
                concealed[name] = self._hide(concealed[name], f"/{name}")
        return concealed

    def conceal_overrides(self, overrides: Sequence[Mapping[str, Any]]) -> list[Object]:
        """A list of overrides without the secret values that they set."""
        return [
            {
                **entry,
                "clusterOverrides": [
                    self._operation(one, entry) for one in entry.get("clusterOverrides") or []
                ],
            }
            for entry in overrides
        ]

    def _operation(self, operation: Mapping[str, Any], entry: Mapping[str, Any]) -> Object:
        pointer = str(operation.get("path", ""))
        concealed: Object = self._without_copies(operation)
        secret = pointer.split("/")[1:2] and pointer.split("/")[1] in self._fields
        if "value" in operation and (secret or pointer.endswith(LAST_APPLIED.replace("/", "~1"))):
            where = _canonical([entry.get("clusterName"), entry.get("clusterSelector")])
            concealed["value"] = self._hide(operation["value"], f"{where}{pointer}")
        return concealed

    def _without_copies(self, value: Any, path: str = "") -> Any:
        if isinstance(value, Mapping):
            return {
                name: self._marker(one, f"{path}/{name}")
                if name == LAST_APPLIED
                else self._without_copies(one, f"{path}/{name}")
                for name, one in value.items()
            }
        if isinstance(value, list):
            return [self._without_copies(one, f"{path}/{index}") for index, one in enumerate(value)]
        return value

    def _hide(self, value: Any, path: str) -> Any:
        if not isinstance(value, Mapping):
            return self._marker(value, path)
        return {name: self._marker(one, f"{path}/{name}") for name, one in value.items()}

    def _marker(self, value: Any, path: str) -> str:
        seen, text = self._seen.setdefault(path, []), _canonical(value)
        if text not in seen:
            seen.append(text)
        number = seen.index(text)
        return HIDDEN if number == 0 else f"(hidden, value {number + 1})"


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def redact(message: str, item: Mapping[str, Any] | None) -> str:
    """An API server's message about an object, without what is secret in that."""
    if item is None or item.get("kind") not in FIELDS:
        return message
    message = _SURROUNDINGS.sub(f"...{HIDDEN}...", message)
    secrets = {text for name in FIELDS[item["kind"]] for text in _spellings(item.get(name))}
    for text in sorted(secrets, key=len, reverse=True):
        message = message.replace(text, HIDDEN)
    return message


def _spellings(value: Any) -> Iterator[str]:
    """Every text in a value as it is, and as base64 would have it."""
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _spellings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _spellings(one)
    elif value is not None and len(str(value)) >= SHORTEST:
        yield str(value)
        yield base64.b64encode(str(value).encode()).decode()
        if decoded := _decoded(str(value)):
            yield decoded


def _decoded(text: str) -> str:
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return decoded if len(decoded) >= SHORTEST else ""
