"""Our own access to a member: its namespace, service account, roles and token there.

Everything is create-or-update, so that it can be done again after having been interrupted anywhere.
All other objects are owned by the namespace: when that is deleted, the member's garbage collector
removes roles and bindings with it, for which the console itself needs no permission.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from clusters.domain import permissions
from clusters.domain.connections import Connection, Credential
from clusters.domain.references import NAMESPACE, ObjectReference, ResourceType
from clusters.kube import errors, loop
from clusters.kube.client import Member, Object

#: Annotation of the namespace: the id of the console that holds the member.
CONSOLE = "fedconsole.io/console"
#: What a token is asked for; a server may give less.
TOKEN_LIFETIME = timedelta(days=30)
#: A namespace that is being deleted (after an unjoin) is waited for. Seconds, as below.
TERMINATION_PAUSE = 0.5
TERMINATION_TIMEOUT = 20.0
#: A new account and its roles take effect within:
SETTLE_PAUSE = 0.1
SETTLE_TIMEOUT = 5.0

_RBAC = "rbac.authorization.k8s.io"
_TYPES = {
    one.kind: one
    for one in (
        NAMESPACE,
        ResourceType("", "v1", "ServiceAccount", "serviceaccounts", namespaced=True),
        ResourceType(_RBAC, "v1", "ClusterRole", "clusterroles", namespaced=False),
        ResourceType(_RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
        ResourceType(_RBAC, "v1", "Role", "roles", namespaced=True),
        ResourceType(_RBAC, "v1", "RoleBinding", "rolebindings", namespaced=True),
    )
}
_OWN_NAMESPACE = ObjectReference(NAMESPACE, "", permissions.NAMESPACE)


@dataclass(frozen=True, slots=True)
class Identity:
    """Which cluster it is (the UID of its ``kube-system``), and which console holds it, if any."""

    uid: str
    console: str


@dataclass(frozen=True, slots=True)
class Token:
    """A credential of our own, and until when it is good."""

    credential: Credential
    expires_at: datetime


async def identify(member: Member) -> Identity:
    """Read who the member is."""
    system, own = await asyncio.gather(
        member.get(ObjectReference(NAMESPACE, "", "kube-system")), member.get(_OWN_NAMESPACE)
    )
    if system is None:
        raise errors.NotKubernetes("The cluster has no namespace kube-system; it cannot be told from others.")
    annotations = ((own or {}).get("metadata") or {}).get("annotations") or {}
    return Identity(system["metadata"]["uid"], annotations.get(CONSOLE, ""))


async def missing(member: Member, preset: str, namespaces: Sequence[str]) -> list[str]:
    """What the member's present credential may not do, of what joining needs; empty when all is well."""
    needed = permissions.required(preset, namespaces)
    allowed = await asyncio.gather(*(_is_allowed(member, review) for review in needed))
    return [str(review) for review, yes in zip(needed, allowed, strict=True) if not yes]


async def _is_allowed(member: Member, review: permissions.AccessReview) -> bool:
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    answer = await member.request("POST", path, body=review.manifest())
    return bool(answer["status"].get("allowed"))


async def grant(
    member: Member, cluster_name: str, preset: str, namespaces: Sequence[str], console: str
) -> None:
    """Create or update namespace, account, roles and bindings."""
    await _wait_for_termination(member)
    namespace, *others = permissions.manifests(cluster_name, preset, namespaces, console)
    owner = (await member.apply(_OWN_NAMESPACE, namespace, force=True)).object
    for manifest in others:
        _own(manifest, owner)
        await _apply(member, manifest)


def _own(manifest: Object, owner: Object) -> None:
    reference = {"apiVersion": "v1", "kind": "Namespace", "name": owner["metadata"]["name"]}
    manifest["metadata"]["ownerReferences"] = [{**reference, "uid": owner["metadata"]["uid"]}]


async def _apply(member: Member, manifest: Object) -> None:
    metadata = manifest["metadata"]
    ref = ObjectReference(_TYPES[manifest["kind"]], metadata.get("namespace", ""), metadata["name"])
    try:
        await member.apply(ref, manifest, force=True)
    except errors.Invalid:
        if "roleRef" not in manifest:
            raise
        # What a binding binds to cannot be changed: another preset needs another binding.
        await member.delete(ref)
        await member.apply(ref, manifest, force=True)


async def _wait_for_termination(member: Member) -> None:
    deadline = asyncio.get_running_loop().time() + TERMINATION_TIMEOUT
    while (found := await member.get(_OWN_NAMESPACE)) and found["metadata"].get("deletionTimestamp"):
        if asyncio.get_running_loop().time() > deadline:
            raise errors.Conflict(f"The namespace {permissions.NAMESPACE} is still being deleted.")
        await asyncio.sleep(TERMINATION_PAUSE)


async def request_token(member: Member, cluster_name: str) -> Token:
    """A token for our service account.

    https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
    """
    account = ObjectReference(
        _TYPES["ServiceAccount"], permissions.NAMESPACE, permissions.account(cluster_name)
    )
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": int(TOKEN_LIFETIME.total_seconds())},
    }
    status = (await member.request("POST", f"{account.path}/token", body=body))["status"]
    expires_at = datetime.fromisoformat(status["expirationTimestamp"])
    return Token(Credential(token=status["token"]), expires_at)


async def own_token(connection: Connection, cluster_name: str) -> Token:
    """A new token that the member accepts: an older credential is only let go when this is certain."""
    token = await request_token(loop.shared_pool().member(connection), cluster_name)
    await verify(loop.shared_pool().member(replace(connection, credential=token.credential)))
    return token


async def verify(member: Member) -> None:
    """Raise unless the member lets us in.

    An API server learns of a new account and its roles through caches: it gets a moment for that.
    """
    deadline = asyncio.get_running_loop().time() + SETTLE_TIMEOUT
    while True:
        try:
            await member.get(_OWN_NAMESPACE)
            return
        except (errors.Unauthorized, errors.Forbidden):
            if asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(SETTLE_PAUSE)


async def revoke(member: Member, console: str) -> bool:
    """Delete our namespace and all that it owns; False when there is none, or another console holds it."""
    found = await member.get(_OWN_NAMESPACE)
    if found is None:
        return False
    if ((found["metadata"].get("annotations") or {}).get(CONSOLE, "")) != console:
        return False
    await member.delete(_OWN_NAMESPACE, uid=found["metadata"]["uid"])
    return True
