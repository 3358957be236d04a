"""Read the cluster that KubeFed runs in; nothing is changed there."""

import asyncio
import base64
import binascii
from collections.abc import Coroutine
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from clusters.domain.connections import Connection
from clusters.domain.references import ObjectReference, ResourceType
from clusters.kube import diagnosing, errors, loop
from clusters.kube.client import Member
from propagation.domain import migrating, type_configs
from propagation.domain.kubefed_clusters import KIND
from propagation.domain.migrating import Host
from propagation.domain.type_configs import TypeConfig

Object = dict[str, Any]
T = TypeVar("T")

#: Seconds for all of a host, and for all of its members.
PATIENCE = 60.0

_SECRET = ResourceType("", "v1", "Secret", "secrets", namespaced=True)


class NotReadable(Exception):
    """A host of which nothing can be read; ``hint`` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def read(connection: Connection, namespace: str) -> Host:
    """Everything that a host holds; raises ``NotReadable`` for one that is none, or cannot be reached."""
    return wait(_read(connection, namespace))


def wait(coroutine: Coroutine[Any, Any, T]) -> T:
    """What comes of it within our patience; raises ``NotReadable``."""
    try:
        return loop.run(coroutine, PATIENCE)
    except TimeoutError:
        message = _("It took longer than %(seconds)s seconds.") % {"seconds": int(PATIENCE)}
        raise NotReadable(message) from None
    except errors.MemberError as error:
        raise NotReadable(str(error), diagnosing.hint(error.reason)) from None


async def _read(connection: Connection, namespace: str) -> Host:
    member = Member(connection)
    try:
        return await _Reading(member, namespace).host()
    finally:
        await member.close()


class _Reading:
    """Reads a host, and remembers what could not be read."""

    def __init__(self, member: Member, namespace: str) -> None:
        self._member = member
        self._namespace = namespace
        self._unread: dict[str, str] = {}

    async def host(self) -> Host:
        clusters = await self._clusters()
        tokens = await asyncio.gather(*(self._token(item) for item in clusters))
        configs = await self._optional(migrating.TYPE_CONFIGS, self._namespace)
        enabled = [type_configs.read(one) for one in configs if not type_configs.problems(one)]
        enabled = [one for one in enabled if one.enabled]
        resources = await asyncio.gather(*(self._federated(one) for one in enabled))
        return Host(
            clusters=clusters,
            tokens={migrating.name_of(item): token for item, token in zip(clusters, tokens, strict=True)},
            type_configs=configs,
            resources={
                one.type.name: items
                for one, items in zip(enabled, resources, strict=True)
                if items is not None
            },
            preferences=await self._optional(migrating.PREFERENCES, ""),
            unread=self._unread,
        )

    async def _clusters(self) -> list[Object]:
        try:
            return (await self._member.list(migrating.CLUSTERS, self._namespace)).items
        except errors.TypeNotServed:
            message = _(
                "This cluster is not the host of a KubeFed control plane: it knows no KubeFedCluster."
            )
            raise NotReadable(
                message, _("Give the kubeconfig of the cluster that KubeFed runs in.")
            ) from None

    async def _token(self, item: Object) -> str:
        """The credential of a member; empty where it cannot be read."""
        secret = ((item.get("spec") or {}).get("secretRef") or {}).get("name")
        try:
            found = await self._member.get(ObjectReference(_SECRET, self._namespace, str(secret)))
            token = base64.b64decode(((found or {}).get("data") or {}).get("token") or "").decode("ascii")
            problem = "" if token else _("Its Secret %(name)s holds no token.") % {"name": secret}
        except errors.MemberError as error:
            token, problem = "", str(error)
        except (binascii.Error, ValueError):
            token, problem = "", _("The token in its Secret %(name)s is not text.") % {"name": secret}
        if problem:
            self._unread[f"{KIND} {migrating.name_of(item)}"] = problem
        return token

    async def _federated(self, config: TypeConfig) -> list[Object] | None:
        """The federated objects of a kind; of the host's own namespace where it may read no other."""
        try:
            return (await self._member.list(config.federated)).items
        except errors.Forbidden:
            pass
        except errors.MemberError as error:
            self._unread[config.type.name] = str(error)
            return None
        try:
            return (await self._member.list(config.federated, self._namespace)).items
        except errors.MemberError as error:
            self._unread[config.type.name] = str(error)
            return None

    async def _optional(self, kind: ResourceType, namespace: str) -> list[Object]:
        try:
            return (await self._member.list(kind, namespace)).items
        except errors.MemberError as error:
            self._unread[kind.kind] = str(error)
            return []
