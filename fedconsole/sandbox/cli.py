"""The command line: ``manage.py sandbox ...`` and ``python -m fedconsole.sandbox ...``."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from fedconsole.sandbox import binaries, faults, supervisor
from fedconsole.sandbox.cluster import SandboxError
from fedconsole.sandbox.files import ClusterFiles
from fedconsole.sandbox.fleet import Fleet, default_folder
from fedconsole.sandbox.progress import Report
from fedconsole.sandbox.records import Record, read_all
from fedconsole.sandbox.rest import ApiError
from fedconsole.sandbox.sources import Unavailable

#: What users can do something about; the message says what.
ERRORS = (SandboxError, Unavailable, faults.Refused, ApiError, OSError)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands and their options; ``execute`` takes what they parse to."""
    commands = parser.add_subparsers(dest="action", required=True)
    up = commands.add_parser("up", help="start clusters, and keep them until Ctrl-C")
    up.add_argument("-n", "--clusters", type=_positive, default=3, metavar="N")
    up.add_argument("--nodes", type=_positive, default=3, metavar="N", help="hollow nodes of each cluster")
    up.add_argument(
        "--version",
        action="append",
        dest="versions",
        metavar="VERSION",
        help="such as 1.20.2; several take turns; without it the newest that this machine has",
    )
    up.add_argument("--detach", action="store_true", help="leave them running in the background")
    down = commands.add_parser("down", help="end what `up --detach` started")
    status = commands.add_parser("status", help="show the clusters")
    fault = commands.add_parser("fault", help="give a running cluster a bad day")
    fault.add_argument("name", help="of the cluster")
    fault.add_argument("kind", choices=faults.KINDS)
    fault.add_argument("--node", default="node-1", help="for node-down and node-up")
    for command in (up, down, status, fault):
        command.add_argument(
            "--folder", type=Path, default=default_folder(), help="where they keep their files"
        )


def execute(options: argparse.Namespace, report: Report) -> None:
    """Do what was asked for; raises one of ``ERRORS``."""
    folder: Path = options.folder
    if options.action == "up":
        _up(options, folder, report)
    elif options.action == "down":
        _down(folder, report)
    elif options.action == "status":
        report(table(read_all(folder).items()))
    else:
        report(faults.inflict(folder / options.name, options.kind, options.node))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _up(options: argparse.Namespace, folder: Path, report: Report) -> None:
    if identity := supervisor.running(folder):
        raise SandboxError(f"A sandbox runs in {folder} already, by process {identity.pid}.")
    programs = [binaries.ensure(version, report) for version in options.versions or [""]]
    if not options.detach:
        supervisor.run(Fleet(options.clusters, programs, folder, nodes=options.nodes), report)
        return
    arguments = ["up", "-n", str(options.clusters), "--nodes", str(options.nodes), "--folder", str(folder)]
    for each in programs:
        arguments += ["--version", each.version]
    supervisor.detach(arguments, folder)
    report(table(read_all(folder).items()))


def _down(folder: Path, report: Report) -> None:
    if identity := supervisor.running(folder):
        supervisor.stop(identity)
        report("Stopped.")
        return
    owners = {record.owner.pid for record in read_all(folder).values() if record.is_running}
    if owners:
        raise SandboxError(f"These clusters belong to process {owners.pop()}: stop that one.")
    report("No sandbox runs here.")


def table(records: Iterable[tuple[Path, Record]]) -> str:
    """One line per cluster."""
    rows = [("NAME", "VERSION", "REGION", "STATE", "PID", "URL")]
    rows += [_row(folder, record) for folder, record in records]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _row(folder: Path, record: Record) -> tuple[str, str, str, str, str, str]:
    pid = str(record.programs["apiserver"].pid) if "apiserver" in record.programs else ""
    return (record.name, record.version, record.region, _condition(folder, record), pid, record.server)


def _condition(folder: Path, record: Record) -> str:
    if not record.is_running:
        return "Stopped"
    if "apiserver" not in record.programs or not record.programs["apiserver"].is_alive:
        return "API server down"
    try:
        ClusterFiles(folder).request("GET", "/readyz", timeout=1)
    except (ApiError, OSError):
        return "Not answering"
    return "Ready"
