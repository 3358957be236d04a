"""The whole console on one machine: every process, an embedded Redis, SQLite, on request a sandbox."""

import asyncio
import contextlib
import fcntl
import os
import secrets
import socket
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from fedconsole import embedded_redis, env, keys, programs, sandbox_state, supervisor
from fedconsole.supervisor import Program

ADMINISTRATOR = "admin"

#: Seconds until the address is shown although not every cluster of the sandbox has joined.
PATIENCE = 90.0

UNKNOWN = "(was shown once; `manage.py changepassword` sets another)"


@dataclass(frozen=True)
class Login:
    """What to show of the administrator; ``password`` is empty when nobody but its owner knows it."""

    user: str
    password: str


class Command(BaseCommand):
    help = "Run the whole console on this machine until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=env.text("FEDCONSOLE_HOST", "127.0.0.1"))
        parser.add_argument("--port", type=int, default=env.port("FEDCONSOLE_PORT", 8000))
        parser.add_argument(
            "--sandbox", type=int, default=0, metavar="N", help="start and join N local Kubernetes clusters"
        )
        parser.add_argument(
            "--kubernetes-version", default="", help="of the sandbox's clusters, such as 1.20.2"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with contextlib.suppress(KeyboardInterrupt):
            self._up(options["host"], options["port"], options["sandbox"], options["kubernetes_version"])
        self.stdout.write("Everything is stopped.")

    def _up(self, host: str, port: int, clusters: int, version: str) -> None:
        with _alone(settings.STATE_DIR):
            _refuse_taken(host, port)
            chosen = _programs(host, port, clusters, version)
            settings.STATIC_ROOT.mkdir(exist_ok=True)
            call_command("migrate", verbosity=0, interactive=False)
            login = _administrator(settings.STATE_DIR, sandbox=clusters > 0)
            connections.close_all()
            sandbox_state.forget(settings.STATE_DIR)
            self.stdout.write("Starting: " + ", ".join(program.name for program in chosen))
            self.stdout.flush()
            supervisor.run(chosen, lambda: self._welcome(host, port, login, sandbox=clusters > 0))

    async def _welcome(self, host: str, port: int, login: Login, *, sandbox: bool) -> None:
        """Show the address once somebody who follows it sees something."""
        deadline = time.monotonic() + PATIENCE
        while not await _answers(host, port) or (  # noqa: ASYNC110  (other processes set no event)
            sandbox and not sandbox_state.is_ready(settings.STATE_DIR) and time.monotonic() < deadline
        ):
            await asyncio.sleep(0.2)
        self.stdout.write(f"\nURL: http://{_reachable(host)}:{port}/")
        self.stdout.write(f"User: {login.user}")
        self.stdout.write(f"Password: {login.password or UNKNOWN}\n")
        self.stdout.write("Ctrl-C stops everything.")
        self.stdout.flush()


@contextlib.contextmanager
def _alone(state_dir: Path) -> Iterator[None]:
    """Refuse to run twice on the same state directory; the kernel frees the lock however we end."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"The console runs on {state_dir} already. Stop it first, or name another directory in "
                "FEDCONSOLE_STATE_DIR."
            ) from None
        yield


def _refuse_taken(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {host}:{port}: {error.strerror}. "
                "Choose another port with FEDCONSOLE_PORT or --port."
            ) from None


def _programs(host: str, port: int, clusters: int, version: str) -> list[Program]:
    own = []
    if not env.redis_url():
        redis = embedded_redis.prepare(settings.STATE_DIR)
        os.environ["REDIS_URL"] = redis.url
        own.append(Program("redis", redis.command, foundation=True))
    own += programs.console(host, port)
    if clusters:
        own.append(programs.sandbox(clusters, version))
    return own


def _administrator(state_dir: Path, *, sandbox: bool) -> Login:
    """Make the first administrator. A sandbox keeps the password in a file, to show it every time."""
    user = _superuser()
    kept = state_dir / "sandbox-password"
    if user is not None:
        known = kept.read_text() if sandbox and kept.exists() else ""
        return Login(user.get_username(), known if known and user.check_password(known) else "")
    password = secrets.token_urlsafe(12)
    get_user_model().objects.create_superuser(ADMINISTRATOR, password=password)
    if sandbox:
        keys.write_private(kept, password)
    return Login(ADMINISTRATOR, password)


def _superuser() -> User | None:
    superusers = get_user_model().objects.filter(is_superuser=True, is_active=True).order_by("pk")
    return superusers.filter(username=ADMINISTRATOR).first() or superusers.first()


async def _answers(host: str, port: int) -> bool:
    """Whether the web process serves pages."""
    try:
        reader, writer = await asyncio.open_connection(_reachable(host), port)
        writer.write(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        line = await asyncio.wait_for(reader.readline(), 5)
        writer.close()
    except (TimeoutError, OSError):
        return False
    return b" 200 " in line


def _reachable(host: str) -> str:
    """An address to reach it by from here."""
    return "localhost" if host in ("0.0.0.0", "::") else host  # noqa: S104
