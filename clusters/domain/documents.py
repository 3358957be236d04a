"""YAML and JSON from people: parsed with limits, and with the position of every value.

Documents are read from parser events rather than composed: limits apply before anything is built, and
an alias, by which a few lines could unfold into gigabytes, is never followed.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

#: Bytes of one paste, levels of nesting, values in all documents.
MAX_BYTES = 1_000_000
MAX_DEPTH = 60
MAX_VALUES = 100_000

_INT = re.compile(r"^[-+]?(0|[1-9][0-9]*)\Z")
_OCTAL = re.compile(r"^[-+]?0o?[0-7]+\Z")
_HEX = re.compile(r"^[-+]?0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
_FALSE = frozenset({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})
_STR, _BINARY = "tag:yaml.org,2002:str", "tag:yaml.org,2002:binary"


class DocumentError(ValueError):
    """What cannot be read; ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Document:
    """One document; ``positions`` maps JSON pointers to (line, column), both counted from 1."""

    value: Any
    line: int
    positions: dict[str, tuple[int, int]] = field(repr=False)

    def position(self, path: str) -> tuple[int, int]:
        """Where the value at a JSON pointer is, or the nearest thing above it that is there."""
        while path and path not in self.positions:
            path = path.rpartition("/")[0]
        return self.positions.get(path, (self.line, 1))


def load_all(text: str, max_bytes: int = MAX_BYTES) -> list[Document]:
    """Every document that is not empty; raises ``DocumentError`` and nothing else."""
    if len(text.encode(errors="replace")) > max_bytes:
        raise DocumentError(f"The text is larger than {max_bytes:,} bytes.")
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, text) from None
    except (yaml.YAMLError, ValueError, UnicodeError) as error:
        if isinstance(error, DocumentError):
            raise
        raise DocumentError(f"This is not valid YAML: {_first_line(error)}.") from None
    return builder.documents


def _syntax_error(error: yaml.MarkedYAMLError, text: str) -> DocumentError:
    """What the parser says; what is missing at the end is missing in the last line, not after it."""
    mark = error.problem_mark or error.context_mark
    message = f"This is not valid YAML: {error.problem or error.context}."
    if mark is None:
        return DocumentError(message)
    return DocumentError(message, min(mark.line, text.rstrip("\n").count("\n")) + 1, mark.column + 1)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["it cannot be read"])[0]


@dataclass(slots=True)
class _Open:
    """A mapping or a list that is being filled."""

    value: dict[str, Any] | list[Any]
    path: str
    key: str | None = None


class _Builder:
    """Builds documents out of events, with a stack of what is open."""

    def __init__(self) -> None:
        self.documents: list[Document] = []
        self._stack: list[_Open] = []
        self._positions: dict[str, tuple[int, int]] = {}
        self._root: Any = None
        self._line = 1
        self._count = 0

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self._positions, self._root = {}, None
                self._line = _mark(event)[0]
            case yaml.DocumentEndEvent():
                if self._root is not None:
                    line = self._positions.get("", (self._line, 1))[0]
                    self.documents.append(Document(self._root, line, self._positions))
            case yaml.AliasEvent():
                raise _error("Aliases (*name) are not accepted; write the value out.", event)
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent():
                self._open({}, event)
            case yaml.SequenceStartEvent():
                self._open([], event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._stack.pop()

    def _open(self, value: dict[str, Any] | list[Any], event: yaml.Event) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise _error(f"It is nested more than {MAX_DEPTH} levels deep.", event)
        path = self._put(value, event)
        self._stack.append(_Open(value, path))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        parent = self._stack[-1] if self._stack else None
        if parent and isinstance(parent.value, dict) and parent.key is None:
            self._key(parent, event)
        else:
            self._put(_scalar_value(event), event)

    def _key(self, parent: _Open, event: yaml.ScalarEvent) -> None:
        if event.value in parent.value:
            raise _error(f"The key {event.value!r} is given twice.", event)
        _refuse_nul(event)
        if event.value == "<<" and event.implicit[0]:
            raise _error("Merge keys (<<) are not accepted; write the values out.", event)
        parent.key = event.value
        self._positions[f"{parent.path}/{_escaped(event.value)}"] = _mark(event)

    def _put(self, value: Any, event: yaml.Event) -> str:
        """Put a value into what is open; the JSON pointer of it."""
        self._count += 1
        if self._count > MAX_VALUES:
            raise _error(f"It holds more than {MAX_VALUES:,} values.", event)
        if not self._stack:
            self._root = value
            self._positions[""] = _mark(event)
            return ""
        parent = self._stack[-1]
        if isinstance(parent.value, list):
            path = f"{parent.path}/{len(parent.value)}"
            parent.value.append(value)
        elif parent.key is None:
            raise _error("A key has to be a plain word.", event)
        else:
            path = f"{parent.path}/{_escaped(parent.key)}"
            parent.value[parent.key] = value
            parent.key = None
        self._positions.setdefault(path, _mark(event))
        return path


def _mark(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _error(message: str, event: yaml.Event) -> DocumentError:
    return DocumentError(message, *_mark(event))


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _refuse_nul(event: yaml.ScalarEvent) -> None:
    """No name and no text of Kubernetes holds one, and PostgreSQL keeps none."""
    if "\0" in event.value:
        raise _error("NUL characters are not accepted.", event)


def _scalar_value(event: yaml.ScalarEvent) -> Any:
    _refuse_nul(event)
    if event.tag in (_STR, "!", _BINARY) or not event.implicit[0]:
        return event.value
    try:
        return plain(event.value)
    except (ValueError, OverflowError):
        raise _error(f"{event.value[:40]!r} is not a number that can be kept.", event) from None


def plain(text: str) -> Any:
    """What an unquoted word means to Kubernetes: YAML 1.1 without its dates and base-60 numbers."""
    if text in _NULLS:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INT.match(text):
        return _whole(text, 10)
    if _HEX.match(text):
        return _whole(text, 16)
    if _OCTAL.match(text):
        return _whole(text.replace("o", ""), 8)
    return _finite(text) if _FLOAT.match(text) else text


def _whole(text: str, base: int) -> int:
    """Of at most 64 bits, as in Kubernetes: a longer one may not even be written out again."""
    number = int(text, base)
    if number.bit_length() > 64:
        raise OverflowError(text)
    return number


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise OverflowError(text)
    return number
