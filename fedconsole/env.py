"""Typed readers of the environment; README.md has a table of every variable.

A value that cannot be read is remembered in ``problems`` and its default returned, so that the system checks
can list all of them at once; no server starts with one (see ``refuse_problems``).
"""

import logging
import re
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from environs import Env

T = TypeVar("T")

BASE_DIR = Path(__file__).resolve().parent.parent

_env = Env()
_env.read_env(str(BASE_DIR / ".env"), recurse=False)

_ORIGIN = re.compile(r"https?://[^/\s]+")
_REDIS = re.compile(r"rediss?://\S+")


#: Variables that cannot be read, and what was expected. Their values may be secrets: they are not here.
problems: dict[str, str] = {}


def refuse_problems() -> None:
    """For processes that run no system checks: raise ``ImproperlyConfigured`` when a variable is wrong."""
    if problems:
        wrong = "; ".join(f"{variable} must be {expected}" for variable, expected in problems.items())
        raise ImproperlyConfigured(f"Wrong environment: {wrong}.")


def _read(read: Callable[[], T], name: str, default: T, expected: str) -> T:
    if not text(name).strip():  # set to nothing is not set: container files do that
        return default
    try:
        return read()
    except ValueError:  # EnvError is one too
        problems[name] = expected
        return default


def text(name: str, default: str = "") -> str:
    """Any text."""
    value: str = _env.str(name, default)
    return value


def flag(name: str, default: bool = False) -> bool:
    """Yes or no."""
    return _read(lambda: _env.bool(name, default), name, default, "true or false")


def port(name: str, default: int) -> int:
    """A TCP port."""

    def read() -> int:
        number: int = _env.int(name, default)
        if not 0 < number < 65536:
            raise ValueError
        return number

    return _read(read, name, default, "a port between 1 and 65535")


def words(name: str, default: list[str] | None = None) -> list[str]:
    """A comma-separated list; blanks around and between the commas do not count."""
    given: list[str] = _env.list(name, default or [])
    return [word.strip() for word in given if word.strip()]


def origins(name: str) -> list[str]:
    """A comma-separated list of ``scheme://host[:port]``."""

    def read() -> list[str]:
        found = words(name)
        if not all(_ORIGIN.fullmatch(origin) for origin in found):
            raise ValueError
        return found

    return _read(read, name, [], "a list of origins such as https://console.example.com")


def log_level(name: str, default: int) -> int:
    """A level of the ``logging`` module, by its name."""
    names = ", ".join(logging.getLevelNamesMapping())
    return _read(lambda: _env.log_level(name, default), name, default, f"one of {names}")


def time_zone(name: str, default: str) -> str:
    """A name of the IANA time zone database."""

    def read() -> str:
        try:
            return zoneinfo.ZoneInfo(text(name, default)).key
        except (OSError, zoneinfo.ZoneInfoNotFoundError):
            raise ValueError from None

    return _read(read, name, default, "a time zone such as Europe/Paris")


def state_dir() -> Path:
    """Where everything lives that a single machine keeps: database, generated keys, embedded Redis."""
    return Path(text("FEDCONSOLE_STATE_DIR") or BASE_DIR / "var").absolute()


def redis_url() -> str:
    """``redis://`` or ``rediss://``; empty when unset."""

    def read() -> str:
        url = text("REDIS_URL")
        if url and not _REDIS.fullmatch(url):
            raise ValueError
        return url

    return _read(read, "REDIS_URL", "", "like redis://user:password@host:6379/0")


def database(default: str) -> dict[str, Any]:
    """Django's settings of the database that DATABASE_URL names."""
    expected = "like postgres://user:password@host:5432/name"
    url, fallback = text("DATABASE_URL") or default, dj_database_url.parse(default)
    return dict(_read(lambda: dj_database_url.parse(url), "DATABASE_URL", fallback, expected))
