"""Why can a cluster not be reached? Each step has its own reason, and says what to do next."""

from dataclasses import dataclass
from enum import StrEnum

from clusters.domain import versions
from clusters.domain.conditions import Reason
from clusters.domain.connections import Connection
from clusters.kube import errors
from clusters.kube.client import Member


class Check(StrEnum):
    """What has to hold before a cluster can be joined, in order."""

    REACHABLE = "reachable"
    TRUSTED = "trusted"
    AUTHENTICATED = "authenticated"
    SUPPORTED = "supported"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check; ``hint`` says what to do about a failure."""

    check: Check
    ok: bool
    message: str
    reason: str = ""
    hint: str = ""


_HINTS = {
    Reason.NAME_NOT_RESOLVED: "Check the spelling of the server's name, and this machine's DNS.",
    Reason.CONNECTION_REFUSED: "Check the port, and that the API server runs and listens there.",
    Reason.CONNECT_TIMEOUT: "A firewall may drop the packets: may this machine reach the address?",
    Reason.CONNECTION_RESET: "Something on the way closes the connection. Check proxies.",
    Reason.REQUEST_TIMEOUT: "The server accepts connections but does not answer. Check its health.",
    Reason.NOT_TLS: "Something else answers here. Check the port, and http against https.",
    Reason.UNKNOWN_AUTHORITY: "The CA in the kubeconfig did not sign the server's certificate. Take a new "
    "kubeconfig from the cluster, or add its CA.",
    Reason.CERTIFICATE_EXPIRED: "Renew the API server's certificate, or check the clocks.",
    Reason.CERTIFICATE_NOT_YET_VALID: "Check the clocks of this machine and of the server.",
    Reason.WRONG_CERTIFICATE_NAME: "Use an address that the certificate names, or set tls-server-name.",
    Reason.TLS_FAILED: "Check the server's certificate.",
    Reason.UNAUTHORIZED: "The token or certificate is wrong or has expired. Take a new kubeconfig.",
    Reason.FORBIDDEN: "The credential may not even ask for this. Use one with more rights to join.",
    Reason.ADDRESS_NOT_ALLOWED: "Give the address of the API server itself.",
    Reason.NOT_KUBERNETES: "Something else answers here. Check the address.",
    Reason.UNSUPPORTED_VERSION: "Upgrade the cluster first.",
}

_REVIEW = {
    "apiVersion": "authorization.k8s.io/v1",
    "kind": "SelfSubjectRulesReview",
    "spec": {"namespace": "default"},
}


def hint(reason: str) -> str:
    """What to do about a reason; empty when there is nothing general to say."""
    return _HINTS.get(Reason(reason), "") if reason in list(Reason) else ""


async def diagnose(connection: Connection) -> list[Finding]:
    """The checks in order, up to and including the first that fails."""
    member = Member(connection)
    try:
        return await _checks(member)
    finally:
        await member.close()


async def _checks(member: Member) -> list[Finding]:
    findings: list[Finding] = []
    try:
        await _authenticate(member)
    except errors.MemberError as error:
        return _failed(error, findings)
    findings += _passed(member.connection)
    try:
        version = versions.parse((await member.version())["gitVersion"])
    except (errors.MemberError, ValueError) as error:
        return [*findings, Finding(Check.SUPPORTED, False, str(error), Reason.NOT_KUBERNETES)]
    if not versions.supported(version):
        message, reason = versions.support_message(version), Reason.UNSUPPORTED_VERSION
        return [*findings, Finding(Check.SUPPORTED, False, message, reason, hint(reason))]
    return [*findings, Finding(Check.SUPPORTED, True, f"Kubernetes {version}")]


async def _authenticate(member: Member) -> None:
    """A request that every authenticated user may make, and no anonymous one."""
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    await member.request("POST", path, body=_REVIEW)


def _passed(connection: Connection) -> list[Finding]:
    if not connection.server.startswith("https:"):
        trust = "Not encrypted: http"
    elif connection.insecure_skip_tls_verify:
        trust = "Not verified, as asked for"
    else:
        trust = "The certificate is trusted"
    return [
        Finding(Check.REACHABLE, True, connection.server),
        Finding(Check.TRUSTED, True, trust),
        Finding(Check.AUTHENTICATED, True, f"By {connection.credential.kind}"),
    ]


def _failed(error: errors.MemberError, findings: list[Finding]) -> list[Finding]:
    """The checks before the one that an error belongs to have passed."""
    if isinstance(error, errors.TlsError) and error.reason != Reason.NOT_TLS:
        failed = Check.TRUSTED
    elif isinstance(error, errors.Unauthorized | errors.Forbidden):
        failed = Check.AUTHENTICATED
    else:
        failed = Check.REACHABLE
    for check in Check:
        if check == failed:
            break
        findings.append(Finding(check, True, ""))
    return [*findings, Finding(failed, False, str(error), error.reason, hint(error.reason))]
