"""The console's real processes, for tests that need all of it."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.utils import load_backend
from django.utils.crypto import get_random_string

from fedconsole import embedded_redis, programs
from fedconsole.env import BASE_DIR
from fedconsole.supervisor import TETHER, Program
from tests.deadlines import until


class Blocker(Protocol):
    """What keeps tests from using a database that they have not asked for: pytest-django's."""

    def unblock(self) -> contextlib.AbstractContextManager[None]: ...


class Running:
    """One program as a child that cannot outlive the tests."""

    def __init__(self, program: Program, environment: dict[str, str], log: Path) -> None:
        self.name = program.name
        self._command = [sys.executable, "-I", str(TETHER), str(os.getpid()), *program.command]
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        """What it has printed, over all its runs."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def start(self) -> None:
        """Start it, unless it runs."""
        if self._process is None or self._process.poll() is not None:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    self._command,
                    env=self._environment,
                    cwd=BASE_DIR,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def kill(self) -> None:
        """``kill -9``."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end; kill it when it does not within ten seconds."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class RedisServer:
    """A real Redis of one's own: ``url``, ``kill``, ``start`` (on the same port)."""

    def __init__(self, folder: Path) -> None:
        redis = embedded_redis.prepare(folder)
        self.url = redis.url
        program = Program("redis", redis.command)
        self._process = Running(program, dict(os.environ), folder / "redis.out")

    def start(self) -> None:
        """Return when it answers."""
        self._process.start()
        until(self._answers, 10, "Redis did not start")

    def kill(self) -> None:
        """``kill -9``."""
        self._process.kill()

    def stop(self) -> None:
        """End it."""
        self._process.stop()

    def _answers(self) -> bool:
        import redis

        try:
            return bool(redis.Redis.from_url(self.url).ping())
        except redis.RedisError:
            return False


class Stack:
    """Web, worker, beat, informer and Redis on a database of their own, with one administrator.

    ``url`` ends in a slash. Names for ``kill`` and ``restart``: web, worker, beat, informer, redis.
    """

    user = "admin"

    def __init__(self, folder: Path, blocker: Blocker) -> None:
        self.folder = folder
        self.password = secrets.token_urlsafe(12)
        self._port = embedded_redis.free_port()
        self.url = f"http://127.0.0.1:{self._port}/"
        self._redis = RedisServer(folder)
        self._database = _Database(folder, blocker)
        self.environment = self._make_environment()
        self._running = {
            program.name: Running(program, self.environment, folder / f"{program.name}.log")
            for program in programs.console("127.0.0.1", self._port)
        }

    def _make_environment(self) -> dict[str, str]:
        environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        return environment | {
            "DATABASE_URL": self._database.url,
            "REDIS_URL": self._redis.url,
            "FEDCONSOLE_STATE_DIR": str(self.folder),
            "FEDCONSOLE_LOG_LEVEL": "INFO",
        }

    def start(self) -> None:
        """Return when pages are served."""
        (self.folder / "static").mkdir()
        self._database.create()
        with self.database():
            call_command("migrate", verbosity=0)
            encoded = PBKDF2PasswordHasher().encode(self.password, get_random_string(22))
            get_user_model().objects.create(
                username=self.user, password=encoded, is_staff=True, is_superuser=True
            )
        self._redis.start()
        for process in self._running.values():
            process.start()
        self.wait_ready()

    def stop(self) -> None:
        """End every process and drop the database."""
        for process in self._running.values():
            process.stop()
        self._redis.stop()
        self._database.drop()

    def wait_ready(self) -> None:
        """Return when the web process answers."""
        until(self._answers, 30, f"The web process does not answer:\n{self.output('web')[-3000:]}")

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}healthz", timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def pid(self, name: str) -> int:
        """The process number of one process."""
        return self._running[name].pid

    def output(self, name: str) -> str:
        """What a process has printed so far."""
        return self._running[name].output

    def kill(self, name: str) -> None:
        """``kill -9`` of one process; nothing restarts it but ``restart``."""
        self._named(name).kill()

    def restart(self, name: str) -> None:
        """End a process if it runs, and start it again."""
        self._named(name).stop()
        self._named(name).start()
        if name == "web":
            self.wait_ready()

    def recover(self) -> None:
        """Start again whatever was killed."""
        self._redis.start()
        for process in self._running.values():
            process.start()
        self.wait_ready()

    def _named(self, name: str) -> "Running | RedisServer":
        return self._redis if name == "redis" else self._running[name]

    def manage(self, *arguments: str) -> str:
        """Run a management command on the stack's database; its output. Raises when it fails."""
        command = programs.manage(*arguments)
        done = subprocess.run(
            command, env=self.environment, cwd=BASE_DIR, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    @contextlib.contextmanager
    def database(self) -> Iterator[None]:
        """Within this context, the ORM in this thread reads and writes the stack's database."""
        with self._database.connected():
            yield


class _Database:
    """A SQLite file, or a database of one's own on the PostgreSQL server of ``TEST_DATABASE_URL``."""

    def __init__(self, folder: Path, blocker: Blocker) -> None:
        self._blocker = blocker
        self._server = os.environ.get("TEST_DATABASE_URL", "")
        self._name = f"stack_{secrets.token_hex(6)}" if self._server else str(folder / "fedconsole.sqlite3")
        self.url = (
            urlsplit(self._server)._replace(path=f"/{self._name}").geturl()
            if self._server
            else f"sqlite:///{self._name}"
        )

    def create(self) -> None:
        self._on_server(f'CREATE DATABASE "{self._name}"')

    def drop(self) -> None:
        self._on_server(f'DROP DATABASE IF EXISTS "{self._name}" WITH (FORCE)')

    def _on_server(self, statement: str) -> None:
        if not self._server:
            return
        with self._blocker.unblock(), connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
            cursor.execute(statement)

    @contextlib.contextmanager
    def connected(self) -> Iterator[None]:
        usual: Any = connections[DEFAULT_DB_ALIAS]
        values = {**usual.settings_dict, "NAME": self._name, "TEST": {}}
        own = load_backend(settings.DATABASES["default"]["ENGINE"]).DatabaseWrapper(values, DEFAULT_DB_ALIAS)
        connections[DEFAULT_DB_ALIAS] = own
        try:
            with self._blocker.unblock():
                yield
        finally:
            own.close()
            connections[DEFAULT_DB_ALIAS] = usual
