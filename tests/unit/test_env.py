"""Environment variables: what is read, what is refused, and how it is told."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from fedconsole import env, keys


@pytest.fixture(autouse=True)
def _no_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "problems", {})


@pytest.mark.parametrize(("given", "value"), [("1", True), ("true", True), ("no", False), ("off", False)])
def test_flags(monkeypatch: pytest.MonkeyPatch, given: str, value: bool) -> None:
    monkeypatch.setenv("X", given)
    assert env.flag("X") is value


def test_a_wrong_flag_is_remembered_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "flase")
    assert env.flag("X", True) is True
    assert env.problems == {"X": "true or false"}
    with pytest.raises(ImproperlyConfigured, match="X must be true or false"):
        env.refuse_problems()


@pytest.mark.parametrize("given", ["0", "-1", "65536", "http", "80 "[::-1] + "x"])
def test_wrong_ports(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("X", given)
    assert env.port("X", 8000) == 8000
    assert "X" in env.problems


def test_words_ignore_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", " a , b,,c ")
    assert env.words("X") == ["a", "b", "c"]


@pytest.mark.parametrize("given", ["console.example.com", "https://a.example/path", "ftp://a"])
def test_wrong_origins(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("X", given)
    assert env.origins("X") == []
    assert "X" in env.problems


def test_origins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "https://a.example, http://127.0.0.1:8000")
    assert env.origins("X") == ["https://a.example", "http://127.0.0.1:8000"]


@pytest.mark.parametrize("given", ["Europe/Nowhere", "../../etc/passwd", "/etc/passwd"])
def test_wrong_time_zones(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("X", given)
    assert env.time_zone("X", "UTC") == "UTC"
    assert "X" in env.problems


@pytest.mark.parametrize("given", ["zzz://user:hunter2@host/name", "hunter2"])
def test_a_wrong_database_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("DATABASE_URL", given)
    env.database("sqlite:///x")
    with pytest.raises(ImproperlyConfigured) as caught:
        env.refuse_problems()
    assert "DATABASE_URL" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_wrong_redis_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "http://:hunter2@host")
    assert env.redis_url() == ""
    assert "hunter2" not in str(env.problems)


def test_generated_secrets_are_kept_and_private(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret"
    values = iter("ab")
    assert keys.generated(path, lambda: next(values)) == "a"
    assert keys.generated(path, lambda: next(values)) == "a"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret"]


def test_a_private_file_is_replaced_at_once(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    keys.write_private(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
