"""Migrating from KubeFed: read a host, tell what would come, join its members, take its objects over."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clusters import changes, joining
from clusters.domain.connections import Connection
from clusters.models import Cluster
from propagation import importing, kubefed_host, kubefed_members, scopes
from propagation.domain import migrating
from propagation.domain.bundles import Parsed
from propagation.domain.migrating import Host, Line, Report, Standing
from propagation.domain.preferences import KIND as PREFERENCE
from propagation.importing import Action, Plan, Planned, PlannedType, Rights
from propagation.kubefed_members import Candidate
from propagation.models import Activity, FederatedResource


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
    """Read a host and look at its members; nothing is changed anywhere. Raises ``kubefed_host.NotReadable``.

    ``insecure``: members that KubeFed was told not to verify may be joined in the same way.
    """
    host = kubefed_host.read(connection, namespace)
    stored_types = importing.types_by_name()
    found = migrating.sort_out(host, {name: one.resource_type for name, one in stored_types.items()})
    candidates = kubefed_members.look(found.parsed.clusters, host, insecure=insecure)
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
