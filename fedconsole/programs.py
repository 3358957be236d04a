"""The console's processes: how each one is started."""

import sys
from collections.abc import Iterable

from fedconsole.env import BASE_DIR
from fedconsole.supervisor import Program

_PYTHON = (sys.executable, "-u")
_CELERY = (*_PYTHON, "-m", "celery", "-A", "fedconsole", "--quiet")


def manage(*arguments: str) -> tuple[str, ...]:
    """A management command."""
    return (*_PYTHON, str(BASE_DIR / "manage.py"), *arguments)


def web(host: str, port: int) -> Program:
    """Pages and websockets."""
    server = ("-m", "uvicorn", "fedconsole.asgi:application", "--host", host, "--port", str(port))
    quiet = ("--log-level", "warning", "--no-access-log", "--no-server-header")
    return Program(
        "web", (*_PYTHON, *server, *quiet, "--lifespan", "off", "--timeout-graceful-shutdown", "2")
    )


def worker() -> Program:
    """Everything that talks to members and may take its time. It waits for networks: threads do."""
    pool = ("-P", "threads", "-c", "16", "-O", "fair")
    lonely = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return Program("worker", (*_CELERY, "worker", *pool, *lonely))


def beat() -> Program:
    """The clock of the periodic tasks; one of them is enough for all machines."""
    return Program("beat", (*_CELERY, "beat"))


def informer() -> Program:
    """Watches the members' objects."""
    return Program("informer", manage("runinformer"))


def sandbox(clusters: int, version: str) -> Program:
    """Local Kubernetes clusters; an empty version takes what the machine has."""
    options = ("--clusters", str(clusters), "--kubernetes-version", version)
    return Program("sandbox", manage("runsandbox", *options))


def console(host: str, port: int) -> Iterable[Program]:
    """Every process that the console itself consists of."""
    return (web(host, port), worker(), beat(), informer())
