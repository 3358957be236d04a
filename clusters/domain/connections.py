"""How to reach a member cluster's API server, as a value."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credential:
    """What proves who we are; never shown: ``repr`` names the kind alone.

    Either a bearer ``token``, or a PEM ``client_certificate`` with its ``client_key``.
    """

    token: str = field(default="", repr=False)
    client_certificate: str = field(default="", repr=False)
    client_key: str = field(default="", repr=False)

    @property
    def kind(self) -> str:
        """``token``, ``certificate`` or ``none``."""
        if self.token:
            return "token"
        return "certificate" if self.client_certificate else "none"

    def __repr__(self) -> str:
        return f"Credential({self.kind})"


@dataclass(frozen=True, slots=True)
class Connection:
    """Everything a client needs; hashable, so that it can key a pool of clients.

    ``server`` is an http or https URL, ``ca_bundle`` PEM text (empty: the system's authorities).
    """

    server: str
    ca_bundle: str = field(default="", repr=False)
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    proxy_url: str = ""
    credential: Credential = field(default=Credential())
