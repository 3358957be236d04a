"""Look at the members of a KubeFed host with its own credentials, and tell what becomes of each."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clusters import access, joining
from clusters.domain.conditions import Status
from clusters.forms import check_name
from clusters.kube import diagnosing, errors
from clusters.kube.client import Member
from clusters.models import Cluster, Console, Phase
from propagation import importing, kubefed_host
from propagation.domain import migrating
from propagation.domain.kubefed_clusters import KIND, KubeFedCluster
from propagation.domain.migrating import Host, Line, Standing

#: Members that are looked at at once.
AT_ONCE = 16

_KNOWN = ("name", "uid", "phase", "ready", "labels")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member of a host, and what becomes of it; ``here`` is its name in this console, if it has one."""

    described: KubeFedCluster
    line: Line
    here: str = ""
    kubeconfig: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class _Look:
    """What was found where a member should be: its UID and who holds it, or why nothing was found."""

    uid: str = ""
    console: str = ""
    standing: Standing = Standing.UNREACHABLE
    note: str = ""
    hint: str = ""


def look(described: Sequence[KubeFedCluster], host: Host, *, insecure: bool) -> list[Candidate]:
    """What becomes of each. ``insecure``: one that KubeFed does not verify may be joined in the same way."""
    texts = [json.dumps(migrating.kubeconfig(one, host.tokens.get(one.name, ""))) for one in described]
    unread = [host.unread.get(f"{KIND} {one.name}", "") for one in described]
    unverified = [insecure and one.unverified for one in described]
    looks = kubefed_host.wait(_look_at_all(texts, unread, unverified))
    here = {one.uid: one for one in Cluster.objects.exclude(uid=None).only(*_KNOWN)}
    named = {one.name: one for one in Cluster.objects.only(*_KNOWN)}
    return [
        _candidate(one, look, text, here.get(look.uid), named.get(one.name))
        for one, look, text in zip(described, looks, texts, strict=True)
    ]


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
