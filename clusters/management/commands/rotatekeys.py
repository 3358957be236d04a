"""Encrypt everything that is stored encrypted with the first of the encryption keys."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import models, transaction

from clusters.fields import EncryptedJSONField


class Command(BaseCommand):
    help = (
        "Encrypt all that is stored encrypted anew with the first key of FEDCONSOLE_ENCRYPTION_KEYS. To "
        "rotate: put a new key in front, restart every process, run this, then remove the old keys."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """One row at a time, so that nobody waits; safe to repeat."""
        for model, names in _encrypted():
            count = _rotate(model, names)
            self.stdout.write(f"{count} {model._meta.verbose_name_plural} are encrypted with the first key.")


def _encrypted() -> Iterator[tuple[type[models.Model], list[str]]]:
    """The models that keep something encrypted, with the names of those columns."""
    for model in apps.get_models():
        names = [field.name for field in model._meta.fields if isinstance(field, EncryptedJSONField)]
        if names:
            yield model, names


def _rotate(model: type[models.Model], names: list[str]) -> int:
    rows = model._default_manager
    pks = list(rows.values_list("pk", flat=True))
    for pk in pks:
        with transaction.atomic():
            row = rows.select_for_update().only(*names).filter(pk=pk).first()
            if row:
                row.save(update_fields=names)
    return len(pks)
