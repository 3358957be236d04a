"""What the sandbox beside the console leaves alone."""

from pathlib import Path

import pytest

from fedconsole.management.commands import runsandbox
from fedconsole.sandbox.records import Record, this_process
from tests import factories

pytestmark = pytest.mark.django_db


def test_only_strangers_that_do_not_run_are_forgotten(tmp_path: Path) -> None:
    factories.cluster("known")
    for name in ("known", "stranger", "running"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "version").write_text("v1.20.2")
    alive = this_process()
    record = Record("running", "v1.20.2", "eu", "https://127.0.0.1:1", alive, {"apiserver": alive})
    record.write(tmp_path / "running")
    runsandbox._forget_strangers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["known", "running"]
