"""Kubeconfig files with everything inline."""

import base64

import yaml

from fedconsole.sandbox.certificates import KeyPair


def kubeconfig(name: str, server: str, ca: str, user: KeyPair | None = None, *, token: str = "") -> str:
    """A kubeconfig with one context; the user has a client certificate or a token."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [
                {"name": name, "cluster": {"server": server, "certificate-authority-data": _encoded(ca)}}
            ],
            "users": [{"name": f"{name}-admin", "user": _user(user, token)}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": f"{name}-admin"}}],
        },
        sort_keys=False,
    )


def _user(user: KeyPair | None, token: str) -> dict[str, str]:
    if user is None:
        return {"token": token}
    return {"client-certificate-data": _encoded(user.certificate), "client-key-data": _encoded(user.key)}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
