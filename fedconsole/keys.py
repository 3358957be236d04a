"""Secrets that a single machine generates for itself, in files that only their owner can read."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured


def write_private(path: Path, text: str) -> None:
    """Replace a file at once; nobody but its owner can read it at any moment."""
    _private_part(path, text).replace(path)


def generated(path: Path, make: Callable[[], str]) -> str:
    """The secret kept at ``path``, made there on first use."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        value = make()
    part = _private_part(path, value)
    try:
        os.link(part, path)  # atomic: of several processes that start at once, one wins
    except FileExistsError:
        return path.read_text().strip()
    finally:
        part.unlink()
    return value


def _private_part(path: Path, text: str) -> Path:
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        part.write_text(text)
    except OSError as error:
        raise ImproperlyConfigured(
            f"Cannot write {path}: {error.strerror}. Name another directory in FEDCONSOLE_STATE_DIR."
        ) from None
    return part


def secret_key(state_dir: Path) -> str:
    """Django's SECRET_KEY."""
    return generated(state_dir / "secret-key", lambda: secrets.token_urlsafe(50))


def encryption_key(state_dir: Path) -> str:
    """A Fernet key for what is encrypted at rest."""
    return generated(state_dir / "encryption-key", lambda: Fernet.generate_key().decode())
