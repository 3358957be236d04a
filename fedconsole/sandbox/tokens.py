"""Service account tokens signed by ourselves: the API server does not issue expired ones."""

import json
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


@dataclass(frozen=True, slots=True)
class Subject:
    """A service account."""

    namespace: str
    name: str
    uid: str = ""


def service_account_token(private_key: str, issuer: str, subject: Subject, *, lifetime: float) -> str:
    """A JWT like those of TokenRequest; ``lifetime`` in seconds from now, negative for an expired one."""
    key = serialization.load_pem_private_key(private_key.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("Service account keys are RSA keys.")
    end = int(time.time() + lifetime)
    account = {"namespace": subject.namespace, "serviceaccount": {"name": subject.name, "uid": subject.uid}}
    claims = {
        "aud": [issuer],
        "iss": issuer,
        "sub": f"system:serviceaccount:{subject.namespace}:{subject.name}",
        "iat": end - 3_600,
        "nbf": end - 3_600,
        "exp": end,
        "kubernetes.io": account,
    }
    signed = f"{_part({'alg': 'RS256', 'kid': key_id(key), 'typ': 'JWT'})}.{_part(claims)}"
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_encoded(signature)}"


def key_id(key: rsa.RSAPrivateKey) -> str:
    """The name by which an API server finds the key: a digest of its public half."""
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return _encoded(sha256(public).digest())


def _part(value: dict[str, Any]) -> str:
    return _encoded(json.dumps(value, separators=(",", ":")).encode())


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
