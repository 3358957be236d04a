"""``manage.py sandbox up|down|status|fault``: local Kubernetes clusters, see docs/sandbox.md."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fedconsole.sandbox import cli


class Command(BaseCommand):
    help = "Start, stop, show and trouble local Kubernetes clusters; the console itself does not run."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        cli.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            cli.execute(argparse.Namespace(**options), self._say)
        except cli.ERRORS as error:
            raise CommandError(str(error)) from None

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
