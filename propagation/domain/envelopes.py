"""What every document has, whatever its kind: apiVersion, kind and metadata, and a place in its text."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clusters.domain import labels
from clusters.domain.documents import Document
from propagation.domain import templates
from propagation.domain.confidential import LAST_APPLIED
from propagation.domain.problems import Problem

Object = dict[str, Any]

DEFAULT_NAMESPACE = "default"

FIELDS = ("apiVersion", "kind", "metadata", "spec", "status")
METADATA = ("name", "namespace", "labels", "annotations")

#: What an API server writes into metadata: it comes with ``kubectl get``, and says nothing about us.
SERVER_SIDE = frozenset(
    {
        *("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink"),
        *("finalizers", "ownerReferences", "deletionTimestamp", "deletionGracePeriodSeconds"),
    }
)

_SUBDOMAIN = re.compile(labels.DNS_SUBDOMAIN)
_LABEL = re.compile(labels.DNS_LABEL)


@dataclass(frozen=True, slots=True)
class ManifestError:
    """What is wrong in a document (counted from 1), and where; ``line`` and ``column`` count from 1."""

    document: int
    line: int
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document is: its number in the text, and inside a list the pointer that leads to it."""

    document: Document
    number: int
    prefix: str = ""

    @property
    def line(self) -> int:
        """Where it begins, counted from 1."""
        return self.document.position(self.prefix)[0]

    def error(self, message: str, path: str = "") -> ManifestError:
        """Something is wrong at this JSON pointer into the document."""
        line, column = self.document.position(self.prefix + path)
        return ManifestError(self.number, line, column, message)


#: The place of what was not read from a text.
NOWHERE = Place(Document(None, 1, {}), 0)


def problems(value: Mapping[str, Any], fields: Collection[str] = FIELDS) -> list[Problem]:
    """What is wrong with the outside of a document; its spec is the matter of its kind."""
    found = unknown(value, fields, "", "A document has")
    metadata = value.get("metadata")
    if not isinstance(metadata, Mapping):
        return [*found, Problem("/metadata", "A document has metadata with a name.")]
    found += unknown(metadata, {*METADATA, *SERVER_SIDE}, "/metadata", "metadata has")
    if not isinstance(metadata.get("name"), str) or not _SUBDOMAIN.fullmatch(metadata["name"]):
        message = "The name has lower-case letters, digits, hyphens and dots, at most 253."
        found.append(Problem("/metadata/name", message))
    namespace = metadata.get("namespace", DEFAULT_NAMESPACE)
    if not isinstance(namespace, str) or not _LABEL.fullmatch(namespace):
        message = "The namespace has lower-case letters, digits and hyphens."
        found.append(Problem("/metadata/namespace", message))
    return found + templates.untextual(metadata)


def unknown(value: Mapping[str, Any], fields: Collection[str], path: str, having: str) -> list[Problem]:
    """A problem for every field that there is none of; ``having`` begins the sentence."""
    return [
        Problem(f"{path}/{escaped(name)}", f"{having} no field {name}.")
        for name in value
        if name not in fields
    ]


def under(path: str, found: Sequence[Problem]) -> list[Problem]:
    """Problems of a part as those of the whole."""
    return [Problem(path + problem.path, problem.message) for problem in found]


def escaped(name: str) -> str:
    """A field's name as a step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def annotations(metadata: Mapping[str, Any]) -> dict[str, str]:
    """The annotations without kubectl's copy of the whole document."""
    given = metadata.get("annotations") or {}
    return {name: value for name, value in given.items() if name != LAST_APPLIED}
