"""A model field whose value is encrypted at rest."""

import json
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class DecryptionError(ValueError):
    """The value was encrypted with a key that ``FEDCONSOLE_ENCRYPTION_KEYS`` does not list."""


@cache
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def cipher() -> MultiFernet:
    """The first key encrypts, every key decrypts: putting a new one in front rotates them."""
    return _cipher(tuple(settings.ENCRYPTION_KEYS))


class EncryptedJSONField(models.TextField[Any, Any]):
    """A JSON value kept as a Fernet token; it can be neither searched nor ordered by."""

    description = "Encrypted JSON"

    # For the type checker, which would take it for the text that it is in the database.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        if not value:
            return None
        try:
            return json.loads(cipher().decrypt(value.encode()))
        except InvalidToken:
            raise DecryptionError("No key in FEDCONSOLE_ENCRYPTION_KEYS decrypts this value.") from None

    def to_python(self, value: Any) -> Any:
        """Validation leaves the value what it is (a text field would make it a string)."""
        return value

    def get_prep_value(self, value: Any) -> str | None:
        if value is None:
            return None
        return cipher().encrypt(json.dumps(value).encode()).decode()
