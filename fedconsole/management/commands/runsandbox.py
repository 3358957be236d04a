"""Local Kubernetes clusters beside the console, joined by the same code as the page uses."""

import shutil
import signal
import time
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from clusters import changes
from clusters.models import Cluster, Phase
from fedconsole import sandbox_state
from fedconsole.sandbox import binaries, records
from fedconsole.sandbox.cluster import SandboxCluster, SandboxError
from fedconsole.sandbox.fleet import Fleet
from fedconsole.sandbox.sources import Unavailable

#: Seconds that a program of a cluster stays dead before its cluster is started again: long enough to watch
#: what the console makes of it.
OUTAGE = 60.0


class Command(BaseCommand):
    help = "Start local Kubernetes clusters, join them, and keep them running until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--clusters", type=int, default=3)
        parser.add_argument("--kubernetes-version", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _exit)
        try:
            self._run(options["clusters"], options["kubernetes_version"])
        except (SandboxError, Unavailable) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            pass

    def _run(self, count: int, version: str) -> None:
        programs = binaries.ensure(version, self.stdout.write)
        folder = sandbox_state.folder(settings.STATE_DIR)
        _forget_strangers(folder)
        fleet = Fleet(count, [programs], folder)
        self.stdout.write(f"Starting {count} clusters of Kubernetes {programs.version}.")
        fleet.start()
        try:
            for cluster in fleet:
                self.stdout.write(f"{cluster.name} answers at {cluster.server}.")
                enroll(cluster)
            _wait_until_joined([cluster.name for cluster in fleet])
            self.stdout.write("Every cluster has joined.")
            sandbox_state.declare_ready(settings.STATE_DIR)
            _keep_running(fleet)
        finally:
            fleet.stop()


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _forget_strangers(folder: Path) -> None:
    """A cluster that this database does not know belonged to another one: start it from nothing.

    One that runs belongs to somebody now: starting it says so.
    """
    running = {path.name for path, record in records.read_all(folder).items() if record.is_running}
    for path in folder.glob("*/"):
        if path.name not in running and not Cluster.objects.filter(name=path.name).exists():
            shutil.rmtree(path)


def enroll(cluster: SandboxCluster) -> None:
    """Join a cluster that is not a member yet, or that was made anew since."""
    known = Cluster.objects.filter(name=cluster.name).first()
    if known is not None and (known.server, known.ca_bundle.strip()) == (cluster.server, cluster.ca.strip()):
        return
    if known is not None:
        known.delete()
    changes.enroll(
        name=cluster.name,
        kubeconfig_text=cluster.kubeconfig_text,
        context=cluster.name,
        labels=dict(cluster.place.labels),
        region=cluster.place.region,
        zones=cluster.place.zones,
        provider=cluster.provider,
    )


def _wait_until_joined(names: list[str]) -> None:
    while Cluster.objects.filter(name__in=names).exclude(phase=Phase.JOINED).exists():
        time.sleep(0.2)


def _keep_running(fleet: Fleet) -> None:
    """Serve ``manage.py sandbox fault``; start a cluster again some time after one of its programs ended."""
    complete = {cluster.name: len(cluster.pids) for cluster in fleet}
    dead_since: dict[str, float] = {}
    while True:
        time.sleep(1)
        fleet.serve_requests()
        for cluster in fleet:
            if len(cluster.pids) >= complete[cluster.name]:
                dead_since.pop(cluster.name, None)
            elif time.monotonic() - dead_since.setdefault(cluster.name, time.monotonic()) > OUTAGE:
                cluster.stop()
                cluster.start()
                cluster.wait_ready()
