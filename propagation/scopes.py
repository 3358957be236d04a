"""Which namespaces somebody may deal with: row-level security for pages and live updates.

A page, a form or a consumer reads through the models' managers, and these show no more than the
namespaces of whoever is being served: there is one place that can be forgotten, the middleware, instead of
one per view. Outside of requests (tasks, informer, commands) nothing is hidden.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Q

Names = frozenset[str]


class Scope:
    """What one person may deal with; read from the database when it is first asked for."""

    def __init__(self, user: Any) -> None:
        self._user = user

    @cached_property
    def namespaces(self) -> Names | None:
        """The namespaces; None is all of them."""
        own, installed = self._own(), installation()
        if own is None or installed is None:
            return installed if own is None else own
        return own & installed

    def _own(self) -> Names | None:
        """The namespaces of all groups that are limited; people without such a group are not."""
        if not self._user.is_authenticated or self._user.is_superuser:
            return None
        limits = self._user.groups.exclude(namespace_scope=None)
        found = list(limits.values_list("namespace_scope__namespaces", flat=True))
        return frozenset(name for names in found for name in names) if found else None


_current: ContextVar[Scope | None] = ContextVar("scope", default=None)


@contextmanager
def serving(user: Any) -> Iterator[None]:
    """Within this context, the managers show what this person may see."""
    token = _current.set(Scope(user))
    try:
        yield
    finally:
        _current.reset(token)


def installation() -> Names | None:
    """The namespaces that the whole installation is limited to; None is all of them."""
    return frozenset(settings.NAMESPACES) or None


def namespaces() -> Names | None:
    """The namespaces of whoever is being served; None is all of them."""
    scope = _current.get()
    return scope.namespaces if scope else installation()


def is_limited() -> bool:
    """Whether others may deal with more than whoever is being served: what concerns all is not theirs."""
    return namespaces() != installation()


@dataclass(frozen=True, slots=True)
class Filter:
    """The visible part of a table whose rows lead to a federated resource by ``prefix``."""

    prefix: str = ""

    def q(self) -> Q:
        """A condition that holds for what is visible; a namespace is visible to those who may use it."""
        names = namespaces() if _current.get() else None
        if names is None:
            return Q()
        inside = Q(**{f"{self.prefix}namespace__in": names})
        itself = {f"{self.prefix}type__name": "namespaces", f"{self.prefix}name__in": names}
        return inside | Q(**itself)


def permits(type_name: str, namespace: str, name: str) -> bool:
    """Whether an object of this type and name may be dealt with here and now."""
    names = namespaces()
    if names is None:
        return True
    return (name if type_name == "namespaces" else namespace) in names


def refusal(namespace: str) -> str:
    """What to tell people who are not let into a namespace; an empty one is that of cluster-wide objects."""
    known = ", ".join(sorted(namespaces() or ()))
    what = f"The namespace {namespace} is" if namespace else "Objects of a whole cluster are"
    return f"{what} not open to you here; these namespaces are: {known or 'none'}."
