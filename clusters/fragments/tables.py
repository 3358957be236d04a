"""What is in the address of a table: filters, order and page, read forgivingly and written back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import F
from django.db.models.expressions import OrderBy
from django.http import QueryDict

from clusters.domain.words import Word

LONGEST = 253


@dataclass(frozen=True, slots=True)
class Address:
    """A path with its parameters; links keep every parameter that they do not change."""

    path: str
    parameters: Mapping[str, str]

    def text(self, name: str) -> str:
        """A parameter, empty where it is not given; cut where no name could be that long."""
        return self.parameters.get(name, "").strip()[:LONGEST]

    def page(self, name: str) -> int:
        """A page number from 1; anything else is the first page."""
        value = self.parameters.get(name, "")
        return max(1, int(value)) if value.isdecimal() and len(value) < 8 else 1

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """One of the choices, by default the first; a hyphen in front reverses an order."""
        value = self.parameters.get(name, "")
        return value if value.removeprefix("-") in choices else choices[0]

    def link(self, **changes: Any) -> str:
        """This address with other parameters; empty ones go."""
        merged = {**self.parameters, **{name: str(value) for name, value in changes.items()}}
        query = urlencode({name: value for name, value in merged.items() if value})
        return f"{self.path}?{query}" if query else self.path


def address(path: str, query: QueryDict, known: Sequence[str]) -> Address:
    """The parameters that a page knows; others are dropped, so that no link carries them on.

    So is one with a NUL character: no database holds what it asks for, and PostgreSQL refuses to look.
    """
    given = {name: value for name in known if isinstance(value := query.get(name), str)}
    return Address(path, {name: value for name, value in given.items() if "\0" not in value})


def number(text: str) -> int:
    """A whole number in an address or a form, such as a key; 0 for anything else, and for a huge one."""
    return int(text) if text.isdecimal() and len(text) < 18 else 0


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a table, with the links to its neighbours (empty at the ends)."""

    number: int
    size: int
    total: int
    previous_url: str = ""
    next_url: str = ""

    @property
    def start(self) -> int:
        """Rows before this page."""
        return (self.number - 1) * self.size

    @property
    def stop(self) -> int:
        return min(self.start + self.size, self.total)

    @property
    def first(self) -> int:
        """The number of the first row, for people; 0 when there is none."""
        return self.start + 1 if self.total else 0

    @property
    def several(self) -> bool:
        return self.total > self.size


def page(where: Address, name: str, size: int, total: int) -> Page:
    """The page that the address asks for, or the last one when there are not so many."""
    last = max(1, -(-total // size))
    number = min(where.page(name), last)
    previous_url = where.link(**{name: "" if number == 2 else number - 1}) if number > 1 else ""
    next_url = where.link(**{name: number + 1}) if number < last else ""
    return Page(number, size, total, previous_url, next_url)


@dataclass(frozen=True, slots=True)
class Chip:
    """A counter that filters: chosen again, it shows everything."""

    value: str
    label: str
    tone: str
    icon: str
    count: int
    active: bool
    url: str


def chip(where: Address, name: str, page_name: str, word: Word, count: int) -> Chip:
    """The counter of a word; ``name`` is the filter's parameter, whose page starts anew."""
    active = where.text(name) == word.value
    url = where.link(**{name: "" if active else word.value, page_name: ""})
    return Chip(word.value, word.label, word.tone, word.icon, count, active, url)


@dataclass(frozen=True, slots=True)
class Column:
    """A heading that sorts; ``direction`` is what ``aria-sort`` takes."""

    value: str
    direction: str
    url: str


def columns(where: Address, name: str, choices: Sequence[str], page_name: str) -> dict[str, Column]:
    """The headings of a table by their order's name; a click on the chosen one reverses it."""
    chosen = where.choice(name, choices)
    headings = {}
    for value in choices:
        active = chosen.removeprefix("-") == value
        descending = active and chosen.startswith("-")
        direction = ("descending" if descending else "ascending") if active else "none"
        following = f"-{value}" if active and not descending else value
        url = where.link(**{name: "" if following == choices[0] else following, page_name: ""})
        headings[value] = Column(value, direction, url)
    return headings


def ordering(order: str, orders: Mapping[str, str]) -> OrderBy:
    """What to order by; rows without a value come last either way."""
    column = F(orders[order.removeprefix("-")])
    return column.desc(nulls_last=True) if order.startswith("-") else column.asc(nulls_last=True)
