"""What the tools of ``make lint`` and Django's own checks say."""

import os
import subprocess
import sys
from pathlib import Path

from cryptography.fernet import Fernet

from fedconsole.env import BASE_DIR

#: A console of several machines, as README.md tells to set it up.
PRODUCTION = {
    "DATABASE_URL": "postgres://console:secret@database.example/console",
    "REDIS_URL": "rediss://:secret@redis.example:6379/0",
    "FEDCONSOLE_SECRET_KEY": "a-long-and-random-one" * 4,
    "FEDCONSOLE_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "FEDCONSOLE_ALLOWED_HOSTS": "console.example.com",
    "FEDCONSOLE_TRUSTED_ORIGINS": "https://console.example.com",
    "FEDCONSOLE_HTTPS": "true",
}


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a tool in the work tree; no file is written there."""
    environment = {**os.environ, **variables, "DJANGO_SETTINGS_MODULE": "fedconsole.settings"}
    return subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "manage.py", *arguments, **variables)


def test_imports_go_downwards_only() -> None:
    done = run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")
    assert done.returncode == 0, done.stdout


def test_no_migration_is_missing() -> None:
    done = manage("makemigrations", "--check", "--dry-run")
    assert done.returncode == 0, done.stdout


def test_a_production_console_passes_every_check() -> None:
    done = manage("check", "--deploy", "--fail-level", "INFO", **PRODUCTION)
    assert done.returncode == 0, done.stderr


def test_a_laptop_passes_the_checks_of_every_start(tmp_path: Path) -> None:
    unset = dict.fromkeys(PRODUCTION, "")
    done = manage("check", "--fail-level", "INFO", **unset, FEDCONSOLE_STATE_DIR=str(tmp_path))
    assert done.returncode == 0, done.stderr


def test_no_server_starts_with_a_variable_that_cannot_be_read(tmp_path: Path) -> None:
    done = run(
        *(sys.executable, "-c", "import fedconsole.asgi"),
        FEDCONSOLE_STATE_DIR=str(tmp_path),
        FEDCONSOLE_HTTPS="flase",
    )
    assert "FEDCONSOLE_HTTPS must be true or false" in done.stderr
    assert done.returncode != 0


def test_a_state_directory_that_cannot_be_written_is_named() -> None:
    done = manage("check", FEDCONSOLE_STATE_DIR="/proc/nowhere", FEDCONSOLE_SECRET_KEY="")
    assert done.stderr.startswith("Cannot write /proc/nowhere")
    assert "FEDCONSOLE_STATE_DIR" in done.stderr
    assert "Traceback" not in done.stderr
