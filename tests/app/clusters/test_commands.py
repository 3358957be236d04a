"""The same from the shell."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as configured
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from clusters.fields import DecryptionError
from clusters.models import Cluster, Phase
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(factories.kubeconfig())
    return path


def test_joincluster_stores_what_it_is_told(kubeconfig: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command(
        "joincluster", "ams", "--kubeconfig", str(kubeconfig), "--context", "first", "--label", "env=prod",
        "--label", "tier=gold", "--region", "eu", "--zone", "a", "--zone", "b", "--provider", "own",
        "--preset", "namespaces", "--namespace", "shop", "--taint", "dedicated=gpu:NoSchedule",
    )  # fmt: skip
    cluster = Cluster.objects.get()
    assert cluster.labels == {"env": "prod", "tier": "gold"}
    assert (cluster.region, cluster.zones, cluster.provider) == ("eu", ["a", "b"], "own")
    assert (cluster.preset, cluster.permitted_namespaces) == ("namespaces", ["shop"])
    assert cluster.taints == [{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}]
    assert "being joined" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["import"], "reserved"),
        (["Ams"], "lower-case"),
        (["ams", "--context", "program"], "exec"),
        (["ams", "--label", "nonsense"], "key=value"),
        (["ams", "--taint", "gpu"], "NoSchedule"),
        (["ams", "--kubeconfig", "/nowhere"], "Cannot read"),
    ],
)
def test_joincluster_says_what_is_wrong(kubeconfig: Path, arguments: list[str], expected: str) -> None:
    with pytest.raises(CommandError, match=expected):
        call_command("joincluster", "--kubeconfig", str(kubeconfig), *arguments)
    assert not Cluster.objects.exists()


def test_joincluster_waits_and_ends_with_the_reason(
    transactional_db: None, kubeconfig: Path, eager: None
) -> None:
    with pytest.raises(CommandError, match="Reachable: ConnectionRefused"):
        call_command("joincluster", "ams", "--kubeconfig", str(kubeconfig), "--wait")


@pytest.mark.parametrize(
    ("arguments", "phase", "workloads"),
    [
        ([], Phase.DETACHING, "skipped"),
        (["--delete-workloads"], Phase.DETACHING, "running"),
        (["--forget"], None, ""),
    ],
)
def test_unjoincluster(arguments: list[str], phase: Phase | None, workloads: str) -> None:
    factories.cluster("ams")
    call_command("unjoincluster", "ams", "--yes", *arguments)
    cluster = Cluster.objects.filter(name="ams").first()
    assert (cluster.phase if cluster else None) == phase
    if cluster:
        assert cluster.steps.get(name="workloads").status == workloads


def test_unjoincluster_asks_and_knows_its_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    factories.cluster("ams")
    monkeypatch.setattr("builtins.input", lambda prompt: "no")
    with pytest.raises(CommandError, match="Nothing was done"):
        call_command("unjoincluster", "ams")
    with pytest.raises(CommandError, match="no cluster"):
        call_command("unjoincluster", "nobody", "--yes")


def test_rotatekeys_lets_the_old_key_go(settings: Settings) -> None:
    cluster, old = factories.cluster(), configured.ENCRYPTION_KEYS
    new = [Fernet.generate_key().decode()]
    settings.ENCRYPTION_KEYS = [*new, *old]
    call_command("rotatekeys")
    settings.ENCRYPTION_KEYS = new
    cluster.refresh_from_db()
    assert cluster.credential == {"token": "a-token-of-our-own"}
    settings.ENCRYPTION_KEYS = old
    with pytest.raises(DecryptionError):
        cluster.refresh_from_db()


def test_credentials_are_not_in_the_database_in_the_clear() -> None:
    factories.cluster()
    with connection.cursor() as cursor:
        cursor.execute("SELECT credential FROM clusters_cluster")
        assert "a-token-of-our-own" not in str(cursor.fetchall())


def test_three_groups_to_begin_with() -> None:
    held = {
        group.name: set(group.permissions.values_list("codename", flat=True)) for group in Group.objects.all()
    }
    assert set(held) == {"Viewer", "Operator", "Administrator"}
    assert {"view_cluster", "view_federatedresource"} <= held["Viewer"]
    assert not any(name.startswith(("add_", "change_", "delete_")) for name in held["Viewer"])
    assert {"change_cluster", "add_federatedresource", "delete_federatedresource"} <= held["Operator"]
    assert not {"add_cluster", "delete_cluster", "add_user"} & held["Operator"]
    assert {"add_cluster", "delete_cluster", "add_user"} <= held["Administrator"]
