"""Encrypt every stored credential with the first of the encryption keys."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from clusters.models import Cluster


class Command(BaseCommand):
    help = (
        "Encrypt all credentials anew with the first key of FEDCONSOLE_ENCRYPTION_KEYS. To rotate: put a "
        "new key in front, restart every process, run this, then remove the old keys."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """One row at a time, so that nobody waits; safe to repeat."""
        pks = Cluster.objects.exclude(credential=None).values_list("pk", flat=True)
        for pk in pks:
            with transaction.atomic():
                row = Cluster.objects.select_for_update().only("credential").filter(pk=pk).first()
                if row:
                    row.save(update_fields=["credential"])
        self.stdout.write(f"{len(pks)} credentials are encrypted with the first key.")
