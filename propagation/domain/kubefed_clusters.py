"""KubeFedCluster: a member as KubeFed knows it. Its credential is in a Secret, and never in the document.

https://github.com/kubernetes-retired/kubefed/blob/master/pkg/apis/core/v1beta1/kubefedcluster_types.go
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from propagation.domain import envelopes
from propagation.domain.envelopes import NOWHERE, Place
from propagation.domain.problems import Problem
from propagation.domain.type_configs import API_VERSION, SYSTEM_NAMESPACE

Object = dict[str, Any]

KIND = "KubeFedCluster"

ALL = "*"
VALIDATIONS = (ALL, "SubjectName", "ValidityPeriod")

_SPEC_FIELDS = ("apiEndpoint", "caBundle", "secretRef", "disabledTLSValidations", "proxyURL")


@dataclass(frozen=True, slots=True)
class KubeFedCluster:
    """How KubeFed reaches a member; ``secret`` names the Secret that holds the token.

    ``ca_bundle`` is PEM text. ``conditions`` are written, never read.
    """

    name: str
    api_endpoint: str
    ca_bundle: str = field(default="", repr=False)
    secret: str = ""
    disabled_tls_validations: tuple[str, ...] = ()
    proxy_url: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    place: Place = field(default=NOWHERE, compare=False, repr=False)

    @property
    def unverified(self) -> bool:
        """Whether KubeFed takes any certificate for the member's."""
        return ALL in self.disabled_tls_validations


def problems(value: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with such a document."""
    found = envelopes.problems(value)
    spec = value.get("spec")
    if not isinstance(spec, Mapping):
        return [*found, Problem("/spec", "A KubeFedCluster has a spec with an apiEndpoint.")]
    found += envelopes.unknown(spec, _SPEC_FIELDS, "/spec", "The spec of a KubeFedCluster has")
    if not _is_url(spec.get("apiEndpoint"), ("http", "https")):
        found.append(Problem("/spec/apiEndpoint", "The apiEndpoint is an http or https URL."))
    if spec.get("proxyURL") and not _is_url(spec["proxyURL"], ("http", "https", "socks5")):
        found.append(Problem("/spec/proxyURL", "The proxyURL is an http, https or socks5 URL."))
    if _decoded(spec.get("caBundle") or "") is None:
        found.append(Problem("/spec/caBundle", "The caBundle is PEM text in base64."))
    if not isinstance((spec.get("secretRef") or {"name": ""}), Mapping):
        found.append(Problem("/spec/secretRef", "The secretRef has a name."))
    return found + _validation_problems(spec.get("disabledTLSValidations") or [])


def _is_url(value: Any, schemes: tuple[str, ...]) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _decoded(value: Any) -> str | None:
    try:
        return base64.b64decode("".join(value.split()), validate=True).decode("ascii")
    except (AttributeError, binascii.Error, ValueError):
        return None


def _validation_problems(disabled: Any) -> list[Problem]:
    path = "/spec/disabledTLSValidations"
    if not isinstance(disabled, list) or any(one not in VALIDATIONS for one in disabled):
        return [Problem(path, f"disabledTLSValidations are of {', '.join(VALIDATIONS)}.")]
    if ALL in disabled and len(disabled) > 1:
        return [Problem(path, f"{ALL} stands alone among the disabledTLSValidations.")]
    return []


def read(value: Mapping[str, Any], place: Place = NOWHERE) -> KubeFedCluster:
    """The cluster of a document without problems."""
    metadata, spec = value["metadata"], value["spec"]
    return KubeFedCluster(
        name=metadata["name"],
        api_endpoint=spec["apiEndpoint"],
        ca_bundle=_decoded(spec.get("caBundle") or "") or "",
        secret=str((spec.get("secretRef") or {}).get("name") or ""),
        disabled_tls_validations=tuple(spec.get("disabledTLSValidations") or ()),
        proxy_url=spec.get("proxyURL") or "",
        labels=metadata.get("labels") or {},
        place=place,
    )


def encoded(pem: str) -> str:
    """PEM text as documents hold it."""
    return base64.b64encode(pem.encode()).decode()


def document(cluster: KubeFedCluster, status: Object | None = None) -> Object:
    """The cluster as KubeFed writes it, with no reference to a credential where there is none."""
    metadata: Object = {"name": cluster.name, "namespace": SYSTEM_NAMESPACE}
    if cluster.labels:
        metadata["labels"] = dict(cluster.labels)
    spec: Object = {"apiEndpoint": cluster.api_endpoint}
    if cluster.ca_bundle:
        spec["caBundle"] = encoded(cluster.ca_bundle)
    if cluster.disabled_tls_validations:
        spec["disabledTLSValidations"] = list(cluster.disabled_tls_validations)
    if cluster.proxy_url:
        spec["proxyURL"] = cluster.proxy_url
    if cluster.secret:
        spec["secretRef"] = {"name": cluster.secret}
    written: Object = {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}
    return {**written, "status": status} if status else written
