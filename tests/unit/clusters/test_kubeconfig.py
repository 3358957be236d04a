"""Kubeconfigs: what is read, and what is refused without being executed or opened."""

import base64
import contextlib
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clusters.domain import kubeconfig
from clusters.domain.kubeconfig import KubeconfigError

CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN EC PRIVATE KEY-----\nMIIB\n-----END EC PRIVATE KEY-----\n"
TOKEN = "secret-token-of-somebody"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def config(cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None) -> str:
    cluster = {
        "server": "https://10.0.0.1:6443",
        "certificate-authority-data": encoded(CA),
        **(cluster or {}),
    }
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": TOKEN} if user is None else user}],
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        }
    )


def only(text: str) -> kubeconfig.Context:
    (context,) = kubeconfig.parse(text).contexts
    return context


def test_a_token() -> None:
    context = only(config())
    assert context.refused == ""
    assert (context.server, context.user, context.credential_kind) == ("https://10.0.0.1:6443", "u", "token")
    assert context.connection.ca_bundle == CA
    assert context.connection.credential.token == TOKEN


def test_a_client_certificate() -> None:
    context = only(config(user={"client-certificate-data": encoded(CA), "client-key-data": encoded(KEY)}))
    assert (context.refused, context.credential_kind) == ("", "certificate")


def test_no_credential_is_in_a_repr() -> None:
    parsed = kubeconfig.parse(config())
    assert TOKEN not in repr(parsed)
    assert TOKEN not in repr(parsed.context().connection.credential)


@pytest.mark.parametrize(
    ("cluster", "user", "word"),
    [
        ({}, {"exec": {"command": "touch", "args": ["/x"]}}, "exec"),
        ({}, {"auth-provider": {"name": "gcp"}}, "auth-provider"),
        ({}, {"tokenFile": "/etc/passwd"}, "tokenFile"),
        ({}, {"client-certificate": "/a", "client-key": "/b"}, "client-certificate"),
        ({}, {"username": "a", "password": "b"}, "user name"),
        ({}, {"token": TOKEN, "as": "system:admin"}, "impersonates"),
        ({}, {"client-key-data": encoded(KEY)}, "belong together"),
        ({}, {"client-certificate-data": "%%%", "client-key-data": encoded(KEY)}, "base64"),
        ({}, {"token": "two words"}, "token"),
        ({}, {}, "credential"),
        ({"certificate-authority": "/etc/passwd"}, None, "certificate-authority"),
        ({"certificate-authority-data": encoded("no pem")}, None, "PEM"),
        ({"server": "https://169.254.169.254/latest"}, None, "metadata"),
        ({"server": "https://[fd00:ec2::254]/"}, None, "metadata"),
        ({"server": "https://[::ffff:169.254.169.254]/"}, None, "metadata"),
        ({"server": "https://metadata.google.internal"}, None, "metadata"),
        ({"server": "https://user:pw@host"}, None, "password"),
        ({"server": "ftp://host"}, None, "https://"),
        ({"server": ""}, None, "https://"),
        ({"server": "https://host:99999"}, None, "valid URL"),
        ({"proxy-url": "http://169.254.169.254"}, None, "metadata"),
    ],
)
def test_refused(cluster: dict[str, Any], user: dict[str, Any] | None, word: str) -> None:
    context = only(config(cluster, user))
    assert word in context.refused
    assert TOKEN not in context.refused
    assert context.credential_kind == "none"


def test_insecurity_needs_consent() -> None:
    context = only(config({"insecure-skip-tls-verify": True}))
    assert context.insecure
    assert not context.connection.insecure_skip_tls_verify
    assert context.accepting_insecurity().connection.insecure_skip_tls_verify


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just text",
        "kind: Pod",
        "contexts: []",
        "contexts: {}",
        "contexts: [1]",
        "contexts: [{name: a, context: b}]",
        "a: &a [1]\nb: *a",
        "a: 1\n---\nb: 2",
        "x" * 1_000_001,
    ],
)
def test_not_a_kubeconfig(text: str) -> None:
    with pytest.raises(KubeconfigError):
        kubeconfig.parse(text)


def test_a_syntax_error_does_not_quote_the_credential() -> None:
    broken = config().replace(f"token: {TOKEN}", f"token: {TOKEN}\n  token: {TOKEN}-and-more-of-it: x: y")
    with pytest.raises(KubeconfigError) as caught:
        kubeconfig.parse(broken)
    assert TOKEN not in str(caught.value)
    assert caught.value.line > 1


def test_contexts_are_found_by_name() -> None:
    parsed = kubeconfig.parse(config())
    assert parsed.context().name == parsed.context("here").name == "here"
    with pytest.raises(KubeconfigError, match="here"):
        parsed.context("there")


@given(
    st.text(max_size=100)
    | st.from_regex(r"(clusters|users|contexts): (\[.{0,20}\]|\{.{0,20}\})", fullmatch=True)
)
def test_nothing_else_is_ever_raised(text: str) -> None:
    with contextlib.suppress(KubeconfigError):
        kubeconfig.parse(text)
