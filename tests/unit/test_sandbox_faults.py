"""Bad networks and impostors, over the loopback."""

import contextlib
import http.client
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from fedconsole.sandbox import guard, impostors, processes
from fedconsole.sandbox.certificates import Authority
from fedconsole.sandbox.impostors import tls_server
from fedconsole.sandbox.proxy import FaultProxy


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that returns what it receives."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_echo, args=(connection,), daemon=True).start()


def _echo(connection: socket.socket) -> None:
    with contextlib.suppress(OSError), connection:
        while data := connection.recv(1024):
            connection.sendall(data)


def _said(connection: socket.socket, text: bytes) -> bytes:
    connection.sendall(text)
    return connection.recv(1024)


def _has_ended(connection: socket.socket) -> bool:
    try:
        return not connection.recv(1024)
    except ConnectionError:
        return True


def test_the_proxy_passes_then_cuts_then_passes_again(echo: int) -> None:
    with FaultProxy(echo) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
            assert _said(connection, b"one") == b"one"
            proxy.cut()
            assert _has_ended(connection)
        proxy.restore()
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
            assert _said(connection, b"three") == b"three"


def test_the_proxy_delays(echo: int) -> None:
    with (
        FaultProxy(echo) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection,
    ):
        proxy.delay(0.1)
        started = time.monotonic()
        assert _said(connection, b"one") == b"one"
        assert time.monotonic() - started >= 0.2  # there and back


def test_the_black_hole_gives_back_what_it_held(echo: int) -> None:
    with (
        FaultProxy(echo) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port), timeout=0.2) as connection,
    ):
        proxy.black_hole()
        with pytest.raises(TimeoutError):
            _said(connection, b"one")
        proxy.restore()
        connection.settimeout(5)
        assert connection.recv(1024) == b"one"


def _get(url: str, authority: Authority) -> bytes:
    context = ssl.create_default_context(cadata=authority.certificate)
    with urllib.request.urlopen(url, timeout=5, context=context) as answer:  # noqa: S310
        content: bytes = answer.read()
    return content


def test_the_tls_server_answers_those_who_trust_it() -> None:
    authority = Authority("test")
    with tls_server(authority.server()) as url:
        assert _get(url, authority) == b"ok"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("stranger", "unable to get local issuer"),
        ("expired", "expired"),
        ("name", "IP address mis"),
    ],
)
def test_impostors_are_told_apart(kind: str, message: str) -> None:
    authority = Authority("test")
    pairs = {
        "stranger": impostors.stranger(),
        "expired": impostors.expired(authority),
        "name": impostors.wrong_name(authority),
    }
    with tls_server(pairs[kind]) as url, pytest.raises(urllib.error.URLError, match=message):
        _get(url, authority)


def test_plain_http_is_no_tls() -> None:
    authority = Authority("test")
    with impostors.plain_http() as url:
        with pytest.raises(urllib.error.URLError, match=r"(?i)wrong.version|record layer"):
            _get(url, authority)
        port = int(url.rpartition(":")[2])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"ok"


def test_a_closed_port_refuses_and_a_black_hole_waits() -> None:
    authority = Authority("test")
    with pytest.raises(urllib.error.URLError, match="refused"):
        _get(impostors.closed_port(), authority)
    with impostors.black_hole() as url:
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=0.1) as connection:
            connection.sendall(b"hello")
            with pytest.raises(TimeoutError):
                connection.recv(1)


def test_the_guard_kills_what_its_owner_left_and_nobody_else() -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    left, stranger = subprocess.Popen(sleep), subprocess.Popen(sleep)
    try:
        lines = f"{left.pid} {guard.started_at(left.pid)}\n{stranger.pid} another-time\n"
        subprocess.run([sys.executable, "-I", guard.__file__], input=lines, text=True, check=True, timeout=10)
        assert left.wait(10) == -9
        assert stranger.poll() is None
        assert not processes.Identity(left.pid, "").is_alive
    finally:
        for process in (left, stranger):
            process.kill()
            process.wait()
