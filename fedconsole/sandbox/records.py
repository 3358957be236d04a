"""Who runs a cluster, written down for other processes."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from fedconsole.sandbox.processes import Identity

_FILE = "running.json"


@dataclass(frozen=True, slots=True)
class Record:
    """A running cluster: the process that it belongs to, and its programs."""

    name: str
    version: str
    region: str
    server: str
    owner: Identity
    programs: dict[str, Identity] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Replace what was written, at once."""
        temporary = folder / f".{_FILE}"
        temporary.write_text(json.dumps(asdict(self)))
        temporary.replace(folder / _FILE)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """None where no cluster was started, or where it was stopped in order."""
        try:
            content: dict[str, Any] = json.loads((folder / _FILE).read_text())
        except FileNotFoundError:
            return None
        owner = Identity(**content.pop("owner"))
        programs = {name: Identity(**identity) for name, identity in content.pop("programs").items()}
        return cls(**content, owner=owner, programs=programs)

    @staticmethod
    def remove(folder: Path) -> None:
        (folder / _FILE).unlink(missing_ok=True)

    @property
    def is_running(self) -> bool:
        """Whether any program of it lives."""
        return any(identity.is_alive for identity in self.programs.values())


def this_process() -> Identity:
    return Identity.of(os.getpid())


def read_all(folder: Path) -> dict[Path, Record]:
    """The records of all clusters under ``folder``, the oldest cluster first."""
    stamps = sorted(folder.glob("*/version"), key=lambda path: path.stat().st_mtime)
    found = {path.parent: Record.read(path.parent) for path in stamps}
    return {place: record for place, record in found.items() if record}
