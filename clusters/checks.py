"""What can be wrong with the keys that protect the members' credentials."""

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError

from clusters.fields import DecryptionError
from clusters.models import Cluster


@register(Tags.security)
def encryption_keys(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Each key is one."""
    return [
        Error(
            f"Key {number} of FEDCONSOLE_ENCRYPTION_KEYS is not a Fernet key.",
            hint="Make one: python -c 'from cryptography.fernet import Fernet; "
            "print(Fernet.generate_key().decode())'. Several are separated by commas; the first encrypts.",
            id="clusters.E001",
        )
        for number, key in enumerate(settings.ENCRYPTION_KEYS, start=1)
        if not _is_key(key)
    ]


def _is_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


@register(Tags.database)
def stored_credentials(
    app_configs: Any, databases: Sequence[str] | None = None, **options: Any
) -> list[CheckMessage]:
    """Every stored credential can be decrypted."""
    if not databases or encryption_keys(None):
        return []
    try:
        for _ in Cluster.objects.values_list("credential", flat=True).iterator():
            pass
    except DecryptionError:
        return [
            Error(
                "A stored credential was encrypted with a key that is not in FEDCONSOLE_ENCRYPTION_KEYS.",
                hint="Add the key that was used before to the end of the list.",
                id="clusters.E002",
            )
        ]
    except DatabaseError:  # not migrated yet
        return []
    return []
