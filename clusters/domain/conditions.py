"""Is a member cluster well? KubeFed's conditions, and the one word that people see."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from clusters.domain.words import Vocabulary

#: How often every cluster is probed.
PROBE_INTERVAL = timedelta(seconds=5)
#: Without a report for this long, the last values are shown as stale.
STALE_AFTER = 3 * PROBE_INTERVAL
#: Failures in a row to go down, good reports in a row to come back.
FAILURE_THRESHOLD = 3
SUCCESS_THRESHOLD = 2


class Status(StrEnum):
    """The status of a condition, as Kubernetes spells it."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Reason(StrEnum):
    """Why a cluster is, or cannot be, reached. The first four are KubeFed's."""

    CLUSTER_READY = "ClusterReady"
    CLUSTER_NOT_READY = "ClusterNotReady"
    CLUSTER_REACHABLE = "ClusterReachable"
    CLUSTER_NOT_REACHABLE = "ClusterNotReachable"
    NAME_NOT_RESOLVED = "NameNotResolved"
    CONNECTION_REFUSED = "ConnectionRefused"
    CONNECT_TIMEOUT = "ConnectTimeout"
    CONNECTION_RESET = "ConnectionReset"
    REQUEST_TIMEOUT = "RequestTimeout"
    NOT_TLS = "NotTLS"
    UNKNOWN_AUTHORITY = "UnknownAuthority"
    CERTIFICATE_EXPIRED = "CertificateExpired"
    CERTIFICATE_NOT_YET_VALID = "CertificateNotYetValid"
    WRONG_CERTIFICATE_NAME = "WrongCertificateName"
    TLS_FAILED = "TLSFailed"
    UNAUTHORIZED = "Unauthorized"
    FORBIDDEN = "Forbidden"
    UNSUPPORTED_VERSION = "UnsupportedVersion"
    ADDRESS_NOT_ALLOWED = "AddressNotAllowed"
    NOT_KUBERNETES = "NotKubernetes"
    SERVER_ERROR = "ServerError"
    DUPLICATE_CLUSTER = "DuplicateCluster"
    HELD_BY_ANOTHER_CONSOLE = "HeldByAnotherConsole"


class ClusterState(Vocabulary):
    """What people see."""

    UNREACHABLE = "Unreachable", "Unreachable", "error", "link-off", 0
    AUTH_FAILED = "AuthFailed", "Authentication failed", "error", "lock", 1
    NOT_READY = "NotReady", "Not ready", "error", "x", 2
    DETACH_FAILED = "DetachFailed", "Detach failed", "error", "alert", 3
    DEGRADED = "Degraded", "Degraded", "warn", "alert", 4
    STALE = "Stale", "Stale", "unknown", "clock", 5
    DETACHING = "Detaching", "Detaching", "progress", "trash", 6
    JOINING = "Joining", "Joining", "progress", "progress", 7
    PENDING = "Pending", "Pending", "unknown", "question", 8
    MAINTENANCE = "Maintenance", "Maintenance", "paused", "pause", 9
    READY = "Ready", "Ready", "ok", "check", 10


_BY_PHASE = {
    "Pending": ClusterState.PENDING,
    "Joining": ClusterState.JOINING,
    "Detaching": ClusterState.DETACHING,
    "DetachFailed": ClusterState.DETACH_FAILED,
}


def state(
    *,
    phase: str,
    cordoned: bool,
    ready: str,
    offline: str,
    reason: str,
    nodes_ready: int | None,
    nodes_total: int | None,
    last_probe_time: datetime | None,
    now: datetime,
) -> ClusterState:
    """The one word for a cluster. Never ``Ready`` on old news, nor before the first good report."""
    if phase in _BY_PHASE:
        return _BY_PHASE[phase]
    if last_probe_time is None:
        return ClusterState.PENDING
    if now - last_probe_time > STALE_AFTER:
        return ClusterState.STALE
    if reason == Reason.UNAUTHORIZED:
        return ClusterState.AUTH_FAILED
    if offline == Status.TRUE:
        return ClusterState.UNREACHABLE
    if ready != Status.TRUE:
        return ClusterState.NOT_READY if ready == Status.FALSE else ClusterState.PENDING
    if cordoned:
        return ClusterState.MAINTENANCE
    if nodes_total is not None and (nodes_ready or 0) < nodes_total:
        return ClusterState.DEGRADED
    return ClusterState.READY


@dataclass(frozen=True, slots=True)
class Probe:
    """What one look at a cluster found; ``reason`` and ``message`` tell why it is not well."""

    answered: bool
    healthy: bool
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """A cluster's conditions, and how many probes in a row went the other way."""

    ready: str = Status.UNKNOWN
    offline: str = Status.UNKNOWN
    reason: str = ""
    message: str = ""
    failures: int = 0
    successes: int = 0
    last_probe_time: datetime | None = None
    last_transition_time: datetime | None = None


def advance(health: Health, probe: Probe, now: datetime) -> Health:
    """The conditions after one more probe.

    Below the thresholds only the probe time (and the count) moves; ``last_transition_time`` moves when
    readiness flips. The very first report counts at once: there is nothing that could flicker.
    """
    first = health.ready == Status.UNKNOWN
    if probe.healthy:
        return _after_success(health, now, needed=1 if first else SUCCESS_THRESHOLD)
    return _after_failure(health, probe, now, needed=1 if first else FAILURE_THRESHOLD)


def _after_success(health: Health, now: datetime, needed: int) -> Health:
    successes = min(health.successes + 1, SUCCESS_THRESHOLD)
    counted = replace(health, successes=successes, failures=0, last_probe_time=now)
    if health.ready == Status.TRUE or successes < needed:
        return counted
    return replace(
        counted,
        ready=Status.TRUE,
        offline=Status.FALSE,
        reason=Reason.CLUSTER_READY,
        message="",
        last_transition_time=now,
    )


def _after_failure(health: Health, probe: Probe, now: datetime, needed: int) -> Health:
    failures = min(health.failures + 1, FAILURE_THRESHOLD)
    counted = replace(health, failures=failures, successes=0, last_probe_time=now)
    if health.ready == Status.TRUE and failures < needed:
        return counted
    flipped = health.ready != Status.FALSE
    return replace(
        counted,
        ready=Status.FALSE,
        offline=Status.FALSE if probe.answered else Status.TRUE,
        reason=probe.reason,
        message=probe.message,
        last_transition_time=now if flipped else health.last_transition_time,
    )
