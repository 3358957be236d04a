"""Let a cluster leave from the shell, in the same way as its page does."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clusters import changes
from clusters.models import Cluster


class Command(BaseCommand):
    help = "Detach a member cluster and keep its workloads, unless told otherwise."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--delete-workloads", action="store_true", help="first delete what was propagated")
        how.add_argument("--forget", action="store_true", help="remove the record alone")
        parser.add_argument("--yes", action="store_true", help="do it without asking")

    def handle(self, *args: Any, **options: Any) -> None:
        """Begin; a worker does the rest."""
        cluster = Cluster.objects.filter(name=options["name"]).first()
        if cluster is None:
            raise CommandError(f"There is no cluster {options['name']}.")
        if not options["yes"] and input(f"Type {cluster.name} to confirm: ") != cluster.name:
            raise CommandError("Nothing was done.")
        if options["forget"]:
            changes.forget(cluster)
            self.stdout.write(f"{options['name']} was forgotten.")
            return
        changes.leave(cluster, delete_workloads=options["delete_workloads"])
        self.stdout.write(f"{cluster.name} is leaving.")
