"""Run a command beside a PostgreSQL server of its own: ``with_postgresql.py COMMAND...``.

The server lives in a temporary directory and listens on a free port of the loopback interface; the command
finds it in ``TEST_DATABASE_URL``. PostgreSQL refuses to run as root: there, it runs as ``postgres`` or
``nobody``. Standard library only.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

PATIENCE = 60.0


def main(command: list[str]) -> int:
    """The command's exit code; the server has ended."""
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    folder = Path(tempfile.mkdtemp(prefix="fedconsole-postgresql-"))
    try:
        return _run(command, folder)
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(command: list[str], folder: Path) -> int:
    programs, owner, port = _programs(), _owner(), _free_port()
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    data, log = str(folder / "data"), folder / "log"
    initdb = [str(programs / "initdb"), "-D", data, "-U", "console", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(initdb, check=True, cwd=folder, stdout=subprocess.DEVNULL, **user)
    options = ("fsync=off", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}")
    postgres = [str(programs / "postgres"), "-D", data, "-p", str(port)]
    postgres += [argument for option in options for argument in ("-c", option)]
    with log.open("w") as output:
        server = subprocess.Popen(postgres, cwd=folder, stdout=output, stderr=output, **user)
        try:
            _wait(server, port, log)
            environment = os.environ | {"TEST_DATABASE_URL": f"postgres://console@127.0.0.1:{port}/postgres"}
            return subprocess.run(command, check=False, env=environment).returncode
        finally:
            server.send_signal(signal.SIGINT)  # ends the sessions, then itself
            server.wait(30)


def _programs() -> Path:
    """The folder of initdb and postgres; the newest release that Debian has installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    given = shutil.which("initdb")
    if not (found or given):
        sys.exit("There is no PostgreSQL: python3 -I fedconsole/bootstrap.py --postgresql")
    return found[-1].parent if found else Path(os.path.realpath(given)).parent


def _owner() -> pwd.struct_passwd | None:
    """Who runs the server; nobody else than us unless we are root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit(f"PostgreSQL did not start:\n{log.read_text()}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
