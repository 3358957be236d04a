"""Migrating from KubeFed: read a host, tell what would come, join its members, take its objects over."""

import asyncio
import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clusters import access, changes, joining
from clusters.domain.conditions import Status
from clusters.domain.connections import Connection
from clusters.domain.references import ObjectReference, ResourceType
from clusters.forms import check_name
from clusters.kube import diagnosing, errors, loop
from clusters.kube.client import Member
from clusters.models import Cluster, Console, Phase
from propagation import importing, scopes
from propagation.domain import migrating, type_configs
from propagation.domain.bundles import Parsed
from propagation.domain.kubefed_clusters import KIND, KubeFedCluster
from propagation.domain.migrating import Host, Line, Report, Standing
from propagation.domain.preferences import KIND as PREFERENCE
from propagation.domain.type_configs import TypeConfig
from propagation.importing import Action, Plan, Planned, PlannedType, Rights
from propagation.models import Activity, FederatedResource

Object = dict[str, Any]

#: Seconds for all of a host, and for all of its members.
PATIENCE = 60.0
#: Members that are looked at at once, and kinds that are read at once.
AT_ONCE = 16

_SECRET = ResourceType("", "v1", "Secret", "secrets", namespaced=True)


class NotReadable(Exception):
    """A host of which nothing can be read; ``hint`` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member of a host, and what becomes of it; ``here`` is its name in this console, if it has one."""

    described: KubeFedCluster
    line: Line
    here: str = ""
    kubeconfig: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Migration:
    """What a host holds, what would come of it, and how the members are reached."""

    report: Report
    plan: Plan
    candidates: list[Candidate]
    blocked: str = ""

    @property
    def joinable(self) -> list[Candidate]:
        """Members that can be joined now."""
        return [one for one in self.candidates if one.line.standing is Standing.COMES]

    @property
    def joining(self) -> list[Candidate]:
        """Members that are about to join: until they have, replicas would be shared out without them."""
        return [one for one in self.candidates if one.line.standing is Standing.JOINING]


# Looking


def examine(connection: Connection, namespace: str, *, insecure: bool = False) -> Migration:
    """Read a host and look at its members; nothing is changed anywhere. Raises ``NotReadable``.

    ``insecure``: members that KubeFed was told not to verify may be joined in the same way.
    """
    host = _wait(_read(connection, namespace))
    stored_types = importing.types_by_name()
    found = migrating.sort_out(host, {name: one.resource_type for name, one in stored_types.items()})
    candidates = _candidates(found.parsed.clusters, host, insecure)
    names = {one.described.name: one.here for one in candidates if one.here}
    parsed = replace(migrating.renamed(found.parsed, names), clusters=[])
    known = {*Cluster.objects.values_list("name", flat=True), *(one.described.name for one in candidates)}
    plan = importing.plan_parsed(parsed, stored_types, known, Rights(create=True, change=True, types=True))
    report = Report(
        clusters=[*(one.line for one in candidates), *found.clusters],
        kinds=[*(_kind_line(one) for one in plan.types), *found.kinds],
        resources=[*(_resource_line(one) for one in plan.planned), *found.resources],
        preferences=[*_preference_lines(parsed, plan), *found.preferences],
        notices=_notices(host, namespace),
    )
    return Migration(report, plan, candidates, _block(candidates))


def _wait(coroutine: Any) -> Any:
    try:
        return loop.run(coroutine, PATIENCE)
    except TimeoutError:
        message = _("It took longer than %(seconds)s seconds.") % {"seconds": int(PATIENCE)}
        raise NotReadable(message) from None
    except errors.MemberError as error:
        raise NotReadable(str(error), diagnosing.hint(error.reason)) from None


async def _read(connection: Connection, namespace: str) -> Host:
    """Everything that a host holds; one that is no host, or that cannot be reached, raises."""
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


# Members


@dataclass(frozen=True, slots=True)
class _Look:
    """What was found where a member should be: its UID and who holds it, or why nothing was found."""

    uid: str = ""
    console: str = ""
    standing: Standing = Standing.UNREACHABLE
    note: str = ""
    hint: str = ""


def _candidates(described: Sequence[KubeFedCluster], host: Host, insecure: bool) -> list[Candidate]:
    texts = [json.dumps(migrating.kubeconfig(one, host.tokens.get(one.name, ""))) for one in described]
    unread = [host.unread.get(f"{KIND} {one.name}", "") for one in described]
    unverified = [insecure and one.unverified for one in described]
    looks = _wait(_look_at_all(texts, unread, unverified))
    here = {one.uid: one for one in Cluster.objects.exclude(uid=None).only(*_KNOWN)}
    named = {one.name: one for one in Cluster.objects.only(*_KNOWN)}
    return [
        _candidate(one, look, text, here.get(look.uid), named.get(one.name))
        for one, look, text in zip(described, looks, texts, strict=True)
    ]


_KNOWN = ("name", "uid", "phase", "ready", "labels")


async def _look_at_all(
    texts: Iterable[str], unread: Iterable[str], unverified: Iterable[bool]
) -> list[_Look]:
    places = asyncio.Semaphore(AT_ONCE)

    async def look(text: str, problem: str, insecure: bool) -> _Look:
        if problem:
            return _Look(standing=Standing.REFUSED, note=problem)
        async with places:
            return await _look(text, insecure)

    looks = (look(*one) for one in zip(texts, unread, unverified, strict=True))
    return await asyncio.gather(*looks)


async def _look(text: str, insecure: bool) -> _Look:
    try:
        connection = joining.chosen(text, "", insecure=insecure)
    except (joining.Refused, ValueError) as error:
        return _Look(standing=Standing.REFUSED, note=str(error))
    last = (await diagnosing.diagnose(connection))[-1]
    if not last.ok:
        return _Look(note=last.message, hint=last.hint)
    member = Member(connection)
    try:
        identity = await access.identify(member)
    except errors.MemberError as error:
        return _Look(note=str(error), hint=diagnosing.hint(error.reason))
    finally:
        await member.close()
    return _Look(identity.uid, identity.console, Standing.COMES)


def _candidate(
    described: KubeFedCluster, look: _Look, text: str, same: Cluster | None, named: Cluster | None
) -> Candidate:
    known = same or (named if not look.uid or named is None or named.uid in (None, look.uid) else None)
    if known:
        return Candidate(described, _known_line(described, known, look), known.name)
    line = Line(described.name, look.standing, look.note, look.hint)
    if named:
        note = _("Another cluster bears this name here.")
        line = Line(described.name, Standing.REFUSED, note, _("Let that one leave, or rename it in KubeFed."))
    elif look.console not in ("", Console.identity()):
        note = _("Another console holds this cluster.")
        line = Line(described.name, Standing.REFUSED, note, _("Let it leave that console first."))
    elif look.standing is Standing.COMES and (problem := _name_problem(described.name)):
        line = Line(described.name, Standing.REFUSED, problem, _("Import it under another name first."))
    return Candidate(described, line, kubeconfig=text)


def _known_line(described: KubeFedCluster, known: Cluster, look: _Look) -> Line:
    notes = [look.note] if look.note else []
    if known.name != described.name:
        notes.append(_("It is here as %(name)s, and will be named so.") % {"name": known.name})
    if differences := importing.differences(described, known):
        notes.append(_("Its labels stay as they are here: %(those)s.") % {"those": "; ".join(differences)})
    # Before its first report, a preference would leave it out.
    settled = known.phase == Phase.JOINED and known.ready != Status.UNKNOWN
    standing = Standing.KNOWN if settled else Standing.JOINING
    return Line(described.name, standing, " ".join(notes))


def _name_problem(name: str) -> str:
    try:
        check_name(name)
    except ValidationError as error:
        return error.messages[0]
    return ""


def _block(candidates: Iterable[Candidate]) -> str:
    """Why nothing may be stored: names would lead to the wrong cluster."""
    taken = set(Cluster.objects.values_list("name", flat=True))
    wrong = [one.described.name for one in candidates if not one.here and one.described.name in taken]
    if not wrong:
        return ""
    names = ", ".join(wrong)
    return _(
        "Other clusters bear these names here, and would get what is meant for KubeFed's: %(names)s."
    ) % {"names": names}


# The report


def _kind_line(planned: PlannedType) -> Line:
    known = planned.action is Action.NOTHING
    return Line(planned.config.type.name, Standing.KNOWN if known else Standing.COMES)


_STANDINGS = {
    Action.CREATE: Standing.COMES,
    Action.UPDATE: Standing.DIFFERS,
    Action.NOTHING: Standing.KNOWN,
}


def _resource_line(planned: Planned) -> Line:
    if refusal := _refusal(planned.resource):
        return Line(str(planned.resource), Standing.REFUSED, refusal)
    notes = []
    if planned.action is Action.UPDATE:
        notes.append(_("It differs in: %(fields)s.") % {"fields": ", ".join(planned.fields)})
    if planned.unknown:
        notes.append(_("There is no such cluster: %(names)s.") % {"names": ", ".join(planned.unknown)})
    return Line(str(planned.resource), _STANDINGS[planned.action], " ".join(notes))


def _refusal(resource: FederatedResource) -> str:
    """Why a resource is not stored, whatever is wanted; empty when it may be."""
    if resource.deletion_requested_at:
        return _("It is being removed here.")
    if not scopes.permits(resource.type.name, resource.namespace, resource.name):
        return scopes.refusal(resource.namespace)
    return ""


def _preference_lines(parsed: Parsed, plan: Plan) -> list[Line]:
    fields = {
        (one.resource.type.kind, one.resource.namespace, one.resource.name): one
        for one in plan.planned
        if PREFERENCE in one.documents
    }
    lines = []
    for preference in parsed.preferences:
        planned = fields[preference.kind, preference.namespace, preference.name]
        standing = _STANDINGS[planned.action]
        if standing is Standing.DIFFERS and "replica_scheduling" not in planned.fields:
            standing = Standing.KNOWN
        lines.append(Line(f"{preference.kind} {preference.namespace}/{preference.name}", standing))
    return lines


def _notices(host: Host, namespace: str) -> list[str]:
    notices = [
        f"{name}: {host.unread[name]}"
        for name in (migrating.TYPE_CONFIGS.kind, migrating.PREFERENCES.kind)
        if name in host.unread
    ]
    if not host.clusters and not host.type_configs:
        notices.append(
            _("There is nothing of KubeFed's in the namespace %(name)s of this cluster.")
            % {"name": namespace}
        )
    return notices


# Doing


def join(migration: Migration, user: Any, preset: str, *, insecure: bool = False) -> dict[str, str]:
    """Begin to join every member that can be joined; what is wrong with those that cannot, by name."""
    problems = {}
    for one in migration.joinable:
        try:
            changes.enroll(
                name=one.described.name,
                kubeconfig_text=one.kubeconfig,
                context="",
                labels=dict(one.described.labels),
                preset=preset,
                insecure=insecure and one.described.unverified,
                user=user,
            )
        except ValidationError as error:
            problems[one.described.name] = " ".join(error.messages)
        except (joining.Refused, ValueError) as error:
            problems[one.described.name] = str(error)
    return problems


def store(migration: Migration, user: Any, *, overwrite: bool = False) -> list[FederatedResource]:
    """Enable kinds and store resources; those that are here and differ only to ``overwrite`` them.

    What KubeFed left in the members is taken over as it is. Raises as ``importing.store`` does.
    """
    wanted = (Action.CREATE, Action.UPDATE) if overwrite else (Action.CREATE,)
    planned = [one for one in migration.plan.planned if one.action in wanted and not _refusal(one.resource)]
    for one in planned:
        one.resource.adopt_in_place = True
    chosen = Plan(planned=planned, types=migration.plan.types)
    return importing.store(chosen, user, _("Imported from KubeFed."), Activity.Verb.IMPORTED)
