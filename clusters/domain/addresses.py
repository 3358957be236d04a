"""Which addresses a cluster may have: never those that cloud providers keep their secrets behind."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

#: Link-local networks hold the metadata services; the others are the providers' own exceptions to that.
_FORBIDDEN_NETWORKS = tuple(
    map(
        ip_network,
        ("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32", "0.0.0.0/32", "::/128"),
    )
)
_FORBIDDEN_NAMES = frozenset({"metadata", "metadata.google.internal", "metadata.goog", "instance-data"})


class InvalidAddress(ValueError):
    """A server address that is malformed or not allowed."""


def is_forbidden_ip(address: str) -> bool:
    """Whether an IP address must never be connected to, IPv4 in IPv6 included."""
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return any(ip in network for network in _FORBIDDEN_NETWORKS if network.version == ip.version)


def check_server(url: str) -> None:
    """Raise ``InvalidAddress`` unless ``url`` may be the address of an API server."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidAddress("The server's address is not a valid URL.") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise InvalidAddress("The server's address starts with https:// (or http://) and names a host.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidAddress("The server's address must hold no user, password, query or fragment.")
    if _is_forbidden_host(parts.hostname):
        raise InvalidAddress(
            f"{parts.hostname} is the address of a cloud metadata service, not of a cluster."
        )


def _is_forbidden_host(host: str) -> bool:
    try:
        return is_forbidden_ip(host)
    except ValueError:
        return host.rstrip(".").lower() in _FORBIDDEN_NAMES
