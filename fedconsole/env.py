"""Typed readers of the environment; README.md has a table of every variable.

A value that cannot be read ends the process with the variable's name and what was expected.
"""

import re
from pathlib import Path
from typing import Any

import dj_database_url
from environs import Env, validate

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
env.read_env(str(BASE_DIR / ".env"), recurse=False)

_ORIGIN = re.compile(r"https?://[^/\s]+")
_REDIS = re.compile(r"rediss?://\S+")


def state_dir() -> Path:
    """Where everything lives that a single machine keeps: database, generated keys, embedded Redis."""
    path: Path = env.path("FEDCONSOLE_STATE_DIR", BASE_DIR / "var")
    return path.absolute()


def words(name: str, default: list[str] | None = None) -> list[str]:
    """A comma-separated list; blanks around and between the commas do not count."""
    given: list[str] = env.list(name, default or [])
    return [word.strip() for word in given if word.strip()]


def origins(name: str) -> list[str]:
    """A list of ``scheme://host[:port]``."""
    found = words(name)
    for origin in found:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(f"{name}: {origin!r} is not an origin such as https://console.example.com")
    return found


def redis_url() -> str:
    """``redis://`` or ``rediss://``; empty when unset."""
    url: str = env.str("REDIS_URL", "")
    if url and not _REDIS.fullmatch(url):
        raise ValueError("REDIS_URL must look like redis://user:password@host:6379/0")  # never show the value
    return url


def database(default: str) -> dict[str, Any]:
    """Django's settings of the database that DATABASE_URL names."""
    url: str = env.str("DATABASE_URL", "") or default
    try:
        return dict(dj_database_url.parse(url))
    except ValueError:  # its message can hold the password
        raise ValueError("DATABASE_URL must look like postgres://user:password@host:5432/name") from None


def port(name: str, default: int) -> int:
    """A TCP port."""
    number: int = env.int(name, default, validate=validate.Range(1, 65535))
    return number
