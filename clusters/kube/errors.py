"""What can go wrong between the console and a member, as types.

A transient error may pass by itself and is worth trying again soon; a permanent one needs a person.
Messages are for people: the server's own words where it has any, never a header or a credential.
"""

import asyncio
import json
import socket
import ssl
from typing import Any

import aiohttp

from clusters.domain.conditions import Reason

#: Characters of a server's message that are kept.
MESSAGE_LIMIT = 2_000


class MemberError(Exception):
    """Base of all; ``reason`` is one CamelCase word."""

    transient = False
    default_reason: str = Reason.SERVER_ERROR

    def __init__(self, message: str, *, reason: str = "") -> None:
        super().__init__(message[:MESSAGE_LIMIT])
        self.reason = reason or self.default_reason


class Unreachable(MemberError):
    """No answer: DNS, connection or TLS failed; ``reason`` tells which."""

    transient = True
    default_reason = Reason.CONNECTION_RESET


class TlsError(Unreachable):
    """The server's certificate cannot be trusted."""

    default_reason = Reason.TLS_FAILED


class TimedOut(MemberError):
    """Connected, but no answer in time."""

    transient = True
    default_reason = Reason.REQUEST_TIMEOUT


class TooManyRequests(MemberError):
    """429; ``retry_after`` is in seconds."""

    transient = True

    def __init__(self, message: str, *, reason: str = "", retry_after: float = 1.0) -> None:
        super().__init__(message, reason=reason)
        self.retry_after = retry_after


class ServerError(MemberError):
    """5xx."""

    transient = True


class Conflict(MemberError):
    """409: the object changed in between (``uid`` or ``resourceVersion`` do not fit any more)."""

    transient = True


class AddressNotAllowed(MemberError):
    """The server's name leads to an address that must not be connected to, or it redirects."""

    default_reason = Reason.ADDRESS_NOT_ALLOWED


class Unauthorized(MemberError):
    """401."""

    default_reason = Reason.UNAUTHORIZED


class Forbidden(MemberError):
    """403, with the server's words on what is missing."""

    default_reason = Reason.FORBIDDEN


class NotFound(MemberError):
    """404; ``kind`` is the plural of what is missing, as the server names it (``namespaces``)."""

    def __init__(self, message: str, *, reason: str = "", kind: str = "") -> None:
        super().__init__(message, reason=reason)
        self.kind = kind


class TypeNotServed(NotFound):
    """404 of the whole path: this API server knows no such kind in this version."""


class AlreadyExists(MemberError):
    """409 of a create."""


class ApplyConflict(MemberError):
    """409 of a server-side apply: other managers hold fields. ``managers`` maps their names to the fields."""

    def __init__(self, message: str, *, managers: dict[str, list[str]]) -> None:
        super().__init__(message, reason="Conflict")
        self.managers = managers


class Invalid(MemberError):
    """400, 413, 415 or 422: the object is not acceptable; the message names the fields."""


class Gone(MemberError):
    """410: the resource version is too old to watch or list from."""

    transient = True


class NotKubernetes(MemberError):
    """An answer that no Kubernetes API server gives."""

    default_reason = Reason.NOT_KUBERNETES


_VERIFY_REASONS = {
    9: Reason.CERTIFICATE_NOT_YET_VALID,
    10: Reason.CERTIFICATE_EXPIRED,
    18: Reason.UNKNOWN_AUTHORITY,
    19: Reason.UNKNOWN_AUTHORITY,
    20: Reason.UNKNOWN_AUTHORITY,
    21: Reason.UNKNOWN_AUTHORITY,
    62: Reason.WRONG_CERTIFICATE_NAME,
    64: Reason.WRONG_CERTIFICATE_NAME,
}


def from_exception(error: BaseException, server: str) -> MemberError:
    """The typed error for what aiohttp raised; ``server`` is the URL, for the message."""
    match error:
        case MemberError():
            return error
        case aiohttp.ClientConnectorCertificateError():
            return _from_certificate(error.certificate_error, server)
        case ssl.SSLCertVerificationError():
            return _from_certificate(error, server)
        case aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            return TlsError(f"{server} does not speak TLS as expected.", reason=Reason.NOT_TLS)
        case aiohttp.ClientConnectorDNSError() | socket.gaierror():
            return Unreachable(f"The name in {server} cannot be resolved.", reason=Reason.NAME_NOT_RESOLVED)
        case aiohttp.ServerTimeoutError() if "onnect" in str(error):
            return Unreachable(
                f"{server} did not accept a connection in time.", reason=Reason.CONNECT_TIMEOUT
            )
        case asyncio.TimeoutError():
            return TimedOut(f"{server} did not answer in time.")
        case aiohttp.ClientConnectorError() if isinstance(error.os_error, ConnectionRefusedError):
            return Unreachable(f"{server} refuses connections.", reason=Reason.CONNECTION_REFUSED)
        case aiohttp.ClientError() | OSError() | EOFError():
            return Unreachable(f"The connection to {server} broke ({type(error).__name__}).")
    raise error


def _from_certificate(error: BaseException, server: str) -> TlsError:
    code = getattr(error, "verify_code", 0)
    words = getattr(error, "verify_message", "") or "it was not accepted"
    reason = _VERIFY_REASONS.get(code, Reason.TLS_FAILED)
    return TlsError(f"The certificate of {server} cannot be trusted: {words}.", reason=reason)


def from_response(status: int, body: bytes, headers: Any, path: str) -> MemberError:
    """The typed error for an answer of 400 and above (or one that is no ``Status``)."""
    answer = _status_of(body)
    if answer is None:
        return _from_plain(status, body, path)
    message = str(answer.get("message") or answer.get("reason") or f"HTTP {status}")
    reason = str(answer.get("reason") or "")
    details = answer.get("details") or {}
    match status:
        case 401:
            return Unauthorized(message, reason=Reason.UNAUTHORIZED)
        case 403:
            return Forbidden(message, reason=Reason.FORBIDDEN)
        case 404 if not details.get("kind"):
            return TypeNotServed(f"The server knows nothing at {path}.", reason=reason)
        case 404:
            return NotFound(message, reason=reason, kind=str(details["kind"]))
        case 409:
            return _from_conflict(message, reason, details)
        case 410:
            return Gone(message, reason=reason)
        case 429:
            return TooManyRequests(message, reason=reason, retry_after=_retry_after(headers, details))
        case _ if status >= 500:
            return ServerError(message, reason=reason)
    return Invalid(message, reason=reason or "Invalid")


def _status_of(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and answer.get("kind") == "Status" else None


def _from_plain(status: int, body: bytes, path: str) -> MemberError:
    if status == 401:
        return Unauthorized("The server does not accept the credential.")
    if status == 403:
        return Forbidden("The server forbids this request.")
    if status == 404 and path.startswith("/api"):
        return TypeNotServed(f"The server knows nothing at {path}.")
    if status == 429:
        return TooManyRequests("The server asks to slow down.")
    if status >= 500:
        return ServerError(f"The server answers with HTTP {status}.")
    return NotKubernetes(f"The server answers with HTTP {status} in a way that Kubernetes does not.")


def _from_conflict(message: str, reason: str, details: dict[str, Any]) -> MemberError:
    if reason == "AlreadyExists":
        return AlreadyExists(message, reason=reason)
    managers: dict[str, list[str]] = {}
    for cause in details.get("causes") or []:
        if cause.get("reason") == "FieldManagerConflict":
            name = str(cause.get("message", "")).removeprefix("conflict with ").split(" using ")[0].strip('"')
            managers.setdefault(name, []).append(str(cause.get("field", "")))
    return ApplyConflict(message, managers=managers) if managers else Conflict(message, reason=reason)


def _retry_after(headers: Any, details: dict[str, Any]) -> float:
    try:
        return float(headers.get("Retry-After") or details.get("retryAfterSeconds") or 1)
    except ValueError:
        return 1.0
