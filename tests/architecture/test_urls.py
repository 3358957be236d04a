"""Nobody sees anything without logging in."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

#: What people need before or after they are logged in, and what tells nothing.
OPEN = {"accounts/login/", "accounts/logout/", "healthz", "i18n/setlang/", "admin/login/"}
#: Django's own pages behind the link of a password mail; they redirect or answer without saying anything.
OPEN_PREFIXES = ("accounts/password_reset/", "accounts/reset/")

VALUES = {"int": "1", "str": "some", "cluster": "some", "slug": "some", "path": "some/path", "uuid": "0" * 8}


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    """Every path, with example values in the places of its parameters."""
    for pattern in patterns:
        if not isinstance(pattern.pattern, RoutePattern):
            continue  # the admin's catch-all, behind the admin's own login
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            for name, converter in pattern.pattern.converters.items():
                kind = type(converter).__name__.removesuffix("Converter").lower()
                kind = {"string": "str"}.get(kind, kind)
                route = route.replace(f"<{kind}:{name}>", VALUES[kind]).replace(f"<{name}>", VALUES["str"])
            yield route


def private_routes() -> list[str]:
    found = set(routes(get_resolver().url_patterns))
    return sorted(route for route in found - OPEN if not route.startswith(OPEN_PREFIXES))


@pytest.mark.django_db
@pytest.mark.parametrize("route", private_routes())
def test_refuses_strangers(client: Client, route: str) -> None:
    for answer in (client.get(f"/{route}"), client.post(f"/{route}"), client.delete(f"/{route}")):
        assert answer.status_code == 302, f"/{route} answers {answer.status_code}"
        assert "/login/?next=" in answer["Location"]


@pytest.mark.django_db
@pytest.mark.parametrize("route", sorted(OPEN))
def test_what_is_open_answers(client: Client, route: str) -> None:
    assert client.get(f"/{route}").status_code in (200, 302, 405)
