"""Typed readers of the environment; README.md has a table of every variable."""

from pathlib import Path

from environs import Env

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
env.read_env(BASE_DIR / ".env", recurse=False)


def state_dir() -> Path:
    """Where everything lives that a single machine keeps: database, generated keys, embedded Redis."""
    path: Path = env.path("FEDCONSOLE_STATE_DIR", BASE_DIR / "var")
    return path
