"""Read a kubeconfig that somebody pasted: nothing in it is executed, opened or believed.

https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from clusters.domain import addresses, documents
from clusters.domain.connections import Connection, Credential
from clusters.domain.documents import DocumentError

MAX_BYTES = documents.MAX_BYTES

_ACCOUNT = "Use a token of a service account."
_FLATTEN = "Make a self-contained file with: kubectl config view --minify --flatten --raw"

#: What would run a program or read a file of the console's machine, and why it is refused.
_REFUSED_USER = {
    "exec": f"it runs a program (exec), which the console never does. {_ACCOUNT}",
    "auth-provider": f"it uses an auth-provider, which the console never runs. {_ACCOUNT}",
    "tokenFile": f"its token is in a file (tokenFile). {_FLATTEN}",
    "client-certificate": f"its certificate is in a file (client-certificate). {_FLATTEN}",
    "client-key": f"its key is in a file (client-key). {_FLATTEN}",
    "username": "it uses a user name and password, which Kubernetes no longer accepts. Use a token.",
    "password": "it uses a user name and password, which Kubernetes no longer accepts. Use a token.",
    "as": "it impersonates another user (as). Give the credential of that user itself.",
}
_REFUSED_CLUSTER = {
    "certificate-authority": f"its CA is in a file (certificate-authority). {_FLATTEN}",
}
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----")
_KEY = re.compile(r"-----BEGIN ([A-Z]+ )?PRIVATE KEY-----")


class KubeconfigError(DocumentError):
    """A kubeconfig that cannot be read; what it says never quotes a credential."""


@dataclass(frozen=True, slots=True)
class Context:
    """One way into one cluster. ``refused`` says why it cannot be used; empty when it can.

    ``insecure``: the file asks not to verify TLS, which needs somebody's explicit consent: the
    ``connection`` verifies nonetheless.
    """

    name: str
    cluster: str
    user: str
    server: str
    connection: Connection
    insecure: bool = False
    refused: str = ""

    @property
    def credential_kind(self) -> str:
        return self.connection.credential.kind

    @property
    def has_ca(self) -> bool:
        """Whether it brings its own authority; else the system's are trusted."""
        return bool(self.connection.ca_bundle)

    def accepting_insecurity(self) -> "Context":
        """The same context without TLS verification, for people who ticked that."""
        insecure = replace(self.connection, insecure_skip_tls_verify=True, ca_bundle="")
        return replace(self, connection=insecure)


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """The contexts in their order, and the name of the one that is current."""

    contexts: tuple[Context, ...]
    current_context: str = ""

    def context(self, name: str = "") -> Context:
        """The context of that name (the current, or the only one, when empty); raises ``KubeconfigError``."""
        wanted = name or self.current_context
        for context in self.contexts:
            if context.name == wanted or (not wanted and len(self.contexts) == 1):
                return context
        known = ", ".join(context.name for context in self.contexts)
        raise KubeconfigError(f"There is no context {wanted!r}; there are: {known}.")


def parse(text: str, *, max_bytes: int = MAX_BYTES) -> Kubeconfig:
    """Read a kubeconfig; raises ``KubeconfigError`` and nothing else."""
    try:
        found = documents.load_all(text, max_bytes)
    except DocumentError as error:
        raise KubeconfigError(_without_values(error.message), error.line, error.column) from None
    if len(found) != 1 or not isinstance(found[0].value, Mapping):
        raise KubeconfigError("A kubeconfig is one YAML document with clusters, users and contexts.")
    document = found[0]
    if document.value.get("kind") not in (None, "Config"):
        raise KubeconfigError(
            "This is not a kubeconfig: its kind is not Config.", *document.position("/kind")
        )
    return _read(document)


def _without_values(message: str) -> str:
    """Parser messages may quote a piece of the text, which may be a piece of a token."""
    return re.sub(r"'[^']{12,}'", "'…'", message)


def _read(document: documents.Document) -> Kubeconfig:
    config = document.value
    clusters, users = _named(document, "clusters", "cluster"), _named(document, "users", "user")
    contexts = _named(document, "contexts", "context")
    if not contexts:
        raise KubeconfigError("It holds no context: nothing says which user goes with which cluster.")
    current = config.get("current-context")
    read = [_context(name, entry, clusters, users) for name, entry in contexts.items()]
    return Kubeconfig(tuple(read), current if isinstance(current, str) else "")


def _named(document: documents.Document, plural: str, singular: str) -> dict[str, Mapping[str, Any]]:
    """The entries of one of the lists, by name."""
    entries = document.value.get(plural) or []
    if not isinstance(entries, list):
        raise KubeconfigError(f"{plural} is a list.", *document.position(f"/{plural}"))
    named: dict[str, Mapping[str, Any]] = {}
    for index, entry in enumerate(entries):
        where = document.position(f"/{plural}/{index}")
        if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
            raise KubeconfigError(f"Every entry of {plural} has a name.", *where)
        body = entry.get(singular) or {}
        if not isinstance(body, Mapping):
            raise KubeconfigError(f"{singular} is a mapping.", *where)
        named.setdefault(entry["name"], body)
    return named


def _context(
    name: str,
    entry: Mapping[str, Any],
    clusters: Mapping[str, Mapping[str, Any]],
    users: Mapping[str, Mapping[str, Any]],
) -> Context:
    cluster_name, user_name = str(entry.get("cluster", "")), str(entry.get("user", ""))
    cluster, user = clusters.get(cluster_name), users.get(user_name)
    refused = _missing(cluster, user) or _refused(cluster or {}, _REFUSED_CLUSTER)
    refused = refused or _refused(user or {}, _REFUSED_USER)
    server = str((cluster or {}).get("server", ""))
    context = Context(name, cluster_name, user_name, server, Connection(server), refused=refused)
    if refused:
        return context
    try:
        connection = _connection(cluster or {}, user or {})
    except ValueError as error:
        return replace(context, refused=str(error))
    return replace(
        context, connection=connection, insecure=bool((cluster or {}).get("insecure-skip-tls-verify"))
    )


def _missing(cluster: Mapping[str, Any] | None, user: Mapping[str, Any] | None) -> str:
    if cluster is None:
        return "its cluster is not in the file."
    return "its user is not in the file." if user is None else ""


def _refused(entry: Mapping[str, Any], reasons: Mapping[str, str]) -> str:
    return next((reason for field, reason in reasons.items() if entry.get(field)), "")


def _connection(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> Connection:
    server, proxy = str(cluster.get("server") or ""), str(cluster.get("proxy-url") or "")
    addresses.check_server(server)
    if proxy:
        addresses.check_server(proxy)
    return Connection(
        server=server,
        ca_bundle=_pem(cluster, "certificate-authority-data", _CERTIFICATE),
        tls_server_name=str(cluster.get("tls-server-name") or ""),
        proxy_url=proxy,
        credential=_credential(user),
    )


def _credential(user: Mapping[str, Any]) -> Credential:
    token = user.get("token")
    if token:
        if not isinstance(token, str) or not token.isascii() or any(char.isspace() for char in token.strip()):
            raise ValueError("its token is not a token: it holds spaces or special characters.")
        return Credential(token=token.strip())
    certificate = _pem(user, "client-certificate-data", _CERTIFICATE)
    key = _pem(user, "client-key-data", _KEY)
    if bool(certificate) != bool(key):
        raise ValueError("client-certificate-data and client-key-data belong together; one is missing.")
    if not certificate:
        raise ValueError("its user has no credential (no token and no client certificate).")
    return Credential(client_certificate=certificate, client_key=key)


def _pem(entry: Mapping[str, Any], field: str, pattern: re.Pattern[str]) -> str:
    value = entry.get(field)
    if not value:
        return ""
    try:
        text = base64.b64decode("".join(str(value).split()), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise ValueError(f"{field} is not base64.") from None
    if not pattern.search(text):
        raise ValueError(f"{field} does not hold PEM text.")
    return text
