"""Addresses where something else than the wanted API server is found. Use each in a ``with`` statement."""

import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from fedconsole.sandbox import processes
from fedconsole.sandbox.certificates import Authority, KeyPair

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def closed_port() -> str:
    """A URL where nobody listens: connection refused."""
    return f"https://127.0.0.1:{processes.free_ports(1)[0]}"


@contextlib.contextmanager
def black_hole() -> Iterator[str]:
    """The URL of a listener that accepts connections and never says a word."""
    with _listening() as listener:
        yield _url("https", listener)


@contextlib.contextmanager
def plain_http() -> Iterator[str]:
    """The ``https`` URL of a server that speaks HTTP without TLS."""
    with _listening() as listener, _answering(listener, None):
        yield _url("https", listener)


@contextlib.contextmanager
def tls_server(pair: KeyPair) -> Iterator[str]:
    """The URL of a TLS server with this certificate; it answers ``ok`` to everything."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        pair.write(Path(folder), "server")
        context.load_cert_chain(Path(folder) / "server.crt", Path(folder) / "server.key")
    with _listening() as listener, _answering(listener, context):
        yield _url("https", listener)


def stranger() -> KeyPair:
    """A certificate for 127.0.0.1 by an authority that nobody knows."""
    return Authority("another CA").server()


def expired(authority: Authority) -> KeyPair:
    """A certificate for 127.0.0.1 that ended yesterday."""
    return authority.server(expired=True)


def wrong_name(authority: Authority) -> KeyPair:
    """A certificate for another name than 127.0.0.1."""
    return authority.server(names=("elsewhere.example",))


def _url(scheme: str, listener: socket.socket) -> str:
    return f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def _listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@contextlib.contextmanager
def _answering(listener: socket.socket, context: ssl.SSLContext | None) -> Iterator[None]:
    thread = threading.Thread(target=_serve, args=(listener, context), daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread, which closing would not
        thread.join()


def _serve(listener: socket.socket, context: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        # Clients that do not trust us go away in the middle of it.
        with contextlib.suppress(OSError), connection:
            connection.settimeout(2)
            with context.wrap_socket(connection, server_side=True) if context else connection as peer:
                peer.recv(64 * 1024)
                peer.sendall(_ANSWER)
