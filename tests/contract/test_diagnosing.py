"""Every way not to reach a cluster has its own reason, and says what to do."""

from dataclasses import replace

import pytest

from clusters.domain import kubeconfig
from clusters.domain.conditions import Reason
from clusters.domain.connections import Connection, Credential
from clusters.kube.diagnosing import Check, Finding, diagnose
from fedconsole.sandbox import impostors
from fedconsole.sandbox.certificates import Authority
from fedconsole.sandbox.fleet import Fleet

pytestmark = pytest.mark.integration

TOKEN = Credential(token="somebodys-token")


async def failure(connection: Connection) -> Finding:
    """The check that failed; all before it passed."""
    *passed, last = await diagnose(connection)
    assert all(finding.ok for finding in passed)
    assert not last.ok
    assert last.message
    assert last.hint
    assert "somebodys-token" not in repr(last)
    return last


def own(sandbox: Fleet) -> Connection:
    return kubeconfig.parse(sandbox[0].kubeconfig_text).context().connection


async def test_a_good_cluster_passes_every_check(sandbox: Fleet) -> None:
    findings = await diagnose(own(sandbox))
    assert [finding.check for finding in findings] == list(Check)
    assert all(finding.ok for finding in findings)


async def test_another_authority(sandbox: Fleet) -> None:
    found = await failure(replace(own(sandbox), ca_bundle=Authority("other").certificate))
    assert (found.check, found.reason) == (Check.TRUSTED, Reason.UNKNOWN_AUTHORITY)


async def test_an_expired_credential(sandbox: Fleet) -> None:
    text = sandbox[0].expired_kubeconfig_text
    found = await failure(kubeconfig.parse(text).context().connection)
    assert (found.check, found.reason) == (Check.AUTHENTICATED, Reason.UNAUTHORIZED)


async def test_a_wrong_token(sandbox: Fleet) -> None:
    found = await failure(replace(own(sandbox), credential=TOKEN))
    assert (found.check, found.reason) == (Check.AUTHENTICATED, Reason.UNAUTHORIZED)


async def test_an_expired_certificate() -> None:
    authority = Authority("a")
    with impostors.tls_server(impostors.expired(authority)) as url:
        found = await failure(Connection(url, authority.certificate, credential=TOKEN))
    assert (found.check, found.reason) == (Check.TRUSTED, Reason.CERTIFICATE_EXPIRED)


async def test_a_certificate_for_another_name() -> None:
    authority = Authority("a")
    with impostors.tls_server(impostors.wrong_name(authority)) as url:
        found = await failure(Connection(url, authority.certificate, credential=TOKEN))
    assert (found.check, found.reason) == (Check.TRUSTED, Reason.WRONG_CERTIFICATE_NAME)


async def test_plain_http() -> None:
    with impostors.plain_http() as url:
        found = await failure(Connection(url, credential=TOKEN))
    assert (found.check, found.reason) == (Check.REACHABLE, Reason.NOT_TLS)


async def test_a_closed_port() -> None:
    found = await failure(Connection(impostors.closed_port(), credential=TOKEN))
    assert (found.check, found.reason) == (Check.REACHABLE, Reason.CONNECTION_REFUSED)


async def test_a_black_hole() -> None:
    with impostors.black_hole() as url:
        found = await failure(Connection(url, credential=TOKEN))
    assert (found.check, found.reason) in [
        (Check.REACHABLE, Reason.REQUEST_TIMEOUT),
        (Check.REACHABLE, Reason.CONNECT_TIMEOUT),
    ]


async def test_a_name_that_does_not_exist() -> None:
    found = await failure(Connection("https://no-such-cluster.invalid:6443", credential=TOKEN))
    assert (found.check, found.reason) == (Check.REACHABLE, Reason.NAME_NOT_RESOLVED)
