"""What the sandbox beside the console leaves alone."""

from pathlib import Path

import pytest

from fedconsole.management.commands import runsandbox
from fedconsole.sandbox import records
from tests import factories

pytestmark = pytest.mark.django_db


def test_only_strangers_that_do_not_run_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.cluster("known")
    for name in ("known", "stranger", "running"):
        (tmp_path / name).mkdir()

    class Running:
        is_running = True

    monkeypatch.setattr(records, "read_all", lambda folder: {folder / "running": Running()})
    runsandbox._forget_strangers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["known", "running"]
