"""Join a cluster from the shell, in the same way as the import page."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from clusters import changes, joining
from clusters.checklist import LABELS, Operation, Status, Step
from clusters.domain import labels, taints
from clusters.domain.kubeconfig import MAX_BYTES
from clusters.forms import check_name
from clusters.models import Cluster, JoinStep, Phase, Preset

#: Seconds between two looks at a join that is waited for, and until that is given up.
LOOK = 0.2
PATIENCE = 60.0


class Command(BaseCommand):
    help = "Join a member cluster with a context of a kubeconfig."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="its name here: a DNS label")
        parser.add_argument("--kubeconfig", type=Path, required=True, help="a self-contained kubeconfig")
        parser.add_argument("--context", default="", help="default: the kubeconfig's current context")
        parser.add_argument("--label", action="append", default=[], metavar="KEY=VALUE")
        parser.add_argument("--region", default="")
        parser.add_argument("--zone", action="append", default=[])
        parser.add_argument("--provider", default="")
        parser.add_argument("--taint", action="append", default=[], metavar="KEY=VALUE:EFFECT")
        parser.add_argument(
            "--preset", choices=Preset.values, default=str(Preset.DEPLOY), help="our rights there"
        )
        parser.add_argument("--namespace", action="append", default=[], help="for --preset namespaces")
        parser.add_argument("--insecure-skip-tls-verify", action="store_true")
        parser.add_argument("--wait", action="store_true", help="until it is a member; needs a worker")

    def handle(self, *args: Any, **options: Any) -> None:
        """Enroll it; a worker does the rest."""
        try:
            check_name(options["name"])
            cluster = changes.enroll(**_values(options))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except (joining.Refused, ValueError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{cluster.name} is being joined.")
        if options["wait"]:
            self._follow(cluster)

    def _follow(self, cluster: Cluster) -> None:
        """Print each step when it is over; an error ends the command."""
        deadline = time.monotonic() + PATIENCE
        printed: set[str] = set()
        while time.monotonic() < deadline:
            for step in cluster.steps.filter(operation=Operation.JOIN).exclude(name__in=printed):
                self._print(step, printed)
            cluster.refresh_from_db(fields=["phase"])
            if cluster.phase == Phase.JOINED:
                self.stdout.write(self.style.SUCCESS(f"{cluster.name} is a member."))
                return
            time.sleep(LOOK)
        raise CommandError(f"{cluster.name} has not joined within {PATIENCE:.0f} s; is a worker running?")

    def _print(self, step: JoinStep, printed: set[str]) -> None:
        label = LABELS[Step(step.name)]
        if step.status == Status.FAILED:
            raise CommandError(f"{label}: {step.reason}: {step.message} {step.hint}".strip())
        if step.status in (Status.DONE, Status.SKIPPED):
            printed.add(step.name)
            self.stdout.write(f"  {label}: {step.get_status_display()} {step.message}".rstrip())


def _values(options: dict[str, Any]) -> dict[str, Any]:
    """The options as ``changes.enroll`` takes them."""
    return {
        "name": options["name"],
        "kubeconfig_text": _read(options["kubeconfig"]),
        "context": options["context"],
        "labels": labels.parse_pairs("\n".join(options["label"])),
        "region": options["region"],
        "zones": options["zone"],
        "provider": options["provider"],
        "taints": taints.parse_text("\n".join(options["taint"])),
        "preset": options["preset"],
        "permitted_namespaces": options["namespace"],
        "insecure": options["insecure_skip_tls_verify"],
    }


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CommandError(f"{path} is larger than 1 MB: it is not a kubeconfig.")
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"Cannot read {path}: {error}") from None
