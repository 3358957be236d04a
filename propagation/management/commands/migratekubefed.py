"""Migrate from KubeFed from the shell, in the same way as the page."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from django.db.models import Q

from clusters import joining
from clusters.domain.conditions import Status
from clusters.domain.connections import Connection
from clusters.domain.kubeconfig import MAX_BYTES
from clusters.models import Cluster, Phase, Preset
from propagation import changes, kubefed_host, migrating
from propagation.domain.migrating import Line
from propagation.domain.type_configs import SYSTEM_NAMESPACE
from propagation.migrating import Migration

#: Seconds between two looks at joins that are waited for, and until they are given up.
LOOK = 0.2
PATIENCE = 120.0


class Command(BaseCommand):
    help = "Take over the clusters, kinds and federated objects of a KubeFed control plane."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--kubeconfig", type=Path, required=True, help="of the host, self-contained")
        parser.add_argument("--context", default="", help="default: the kubeconfig's current context")
        parser.add_argument("--namespace", default=SYSTEM_NAMESPACE, help="KubeFed's own (%(default)s)")
        parser.add_argument("--dry-run", action="store_true", help="tell what would come, and change nothing")
        parser.add_argument(
            "--preset",
            choices=[str(Preset.DEPLOY), str(Preset.ADMIN)],
            default=str(Preset.DEPLOY),
            help="our rights in new members",
        )
        parser.add_argument("--overwrite", action="store_true", help="what is here already and differs")
        parser.add_argument("--insecure-skip-tls-verify", action="store_true", help="of the host")
        parser.add_argument(
            "--unverified-members", action="store_true", help="join members that KubeFed does not verify"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Report; then join, wait, and import. A worker does the joining."""
        connection = _connection(options)
        migration = self._examine(connection, options)
        self._print(migration)
        if options["dry_run"]:
            return
        if migration.blocked:
            raise CommandError(migration.blocked)
        self._join(migration, options)
        self._import(self._examine(connection, options), options)

    def _examine(self, connection: Connection, options: dict[str, Any]) -> Migration:
        try:
            return migrating.examine(connection, options["namespace"], insecure=options["unverified_members"])
        except kubefed_host.NotReadable as error:
            raise CommandError(f"{error} {error.hint}".strip()) from None

    def _print(self, migration: Migration) -> None:
        report = migration.report
        for notice in report.notices:
            self.stdout.write(self.style.WARNING(notice))
        sections = {
            "Clusters": report.clusters,
            "Kinds": report.kinds,
            "Workloads": report.resources,
            "Preferences": report.preferences,
        }
        for title, lines in sections.items():
            if lines:
                self.stdout.write(f"{title}:")
            for line in lines:
                self.stdout.write(_text(line))

    def _join(self, migration: Migration, options: dict[str, Any]) -> None:
        problems = migrating.join(migration, None, options["preset"], insecure=options["unverified_members"])
        for name, problem in problems.items():
            self.stderr.write(f"{name} cannot be joined: {problem}")
        names = [one.described.name for one in migration.joinable if one.described.name not in problems]
        self._follow([*names, *(one.here for one in migration.joining)])

    def _follow(self, names: list[str]) -> None:
        """Wait until all are members; replicas would be shared out without those that are not."""
        deadline = time.monotonic() + PATIENCE
        settled = Q(phase=Phase.JOINED) & ~Q(ready=Status.UNKNOWN)
        waiting = Cluster.objects.filter(~settled, name__in=names)
        while waiting.exists():
            if time.monotonic() > deadline:
                told = [f"{one.name} ({one.message or one.phase})" for one in waiting.all()]
                raise CommandError(
                    f"These have not joined within {PATIENCE:.0f} s: {', '.join(told)}. Is a worker running? "
                    "Nothing was imported; run this again once they are members, or gone."
                )
            time.sleep(LOOK)
        for name in names:
            self.stdout.write(self.style.SUCCESS(f"{name} is a member."))

    def _import(self, migration: Migration, options: dict[str, Any]) -> None:
        try:
            stored = migrating.store(migration, None, overwrite=options["overwrite"])
        except (changes.StaleEdit, IntegrityError) as error:
            raise CommandError(
                f"Somebody else changed something meanwhile; run this again. {error}"
            ) from None
        self.stdout.write(self.style.SUCCESS(f"{len(stored)} workloads were imported."))


def _text(line: Line) -> str:
    return f"  {line.standing.label:<14}{line.subject}  {line.note} {line.hint}".rstrip()


def _connection(options: dict[str, Any]) -> Connection:
    path = options["kubeconfig"]
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CommandError(f"{path} is larger than 1 MB: it is not a kubeconfig.")
        insecure = options["insecure_skip_tls_verify"]
        return joining.chosen(path.read_text(), options["context"], insecure=insecure)
    except (joining.Refused, ValueError) as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error}") from None
