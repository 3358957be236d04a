"""Pieces of pages that are rendered three ways: with the page, in reply to htmx, and as a push."""

import re
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string

#: The text of a time is ticked by the page itself; only its moment is news.
_TICKING = re.compile(r"(<time\b[^>]*>)[^<]*")


@dataclass(frozen=True, slots=True)
class Fragment:
    """One element with an ``id`` of its own; a ``row`` is a table's part (``tr`` or ``tbody``)."""

    id: str
    html: str
    row: bool = False
    #: What is compared to find out whether it has to be sent again: ``html``, unless a part has its own push.
    version: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "version", _TICKING.sub(r"\1", self.version or self.html))


def fragment(template: str, *, key: str, row: bool = False, **context: Any) -> Fragment:
    """Render ``_name.html``; ``key`` is its root's id: the name with hyphens, and the primary key."""
    return Fragment(key, render_to_string(template, context), row=row)
