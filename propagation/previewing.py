"""What a change would do in every cluster: decided as the delivery decides, then run dry.

Nothing is written, neither here nor in the members. The API servers run the whole request, with their
defaults, admission and quotas, and throw the result away.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone

from clusters import joining
from clusters.kube import errors, loop
from clusters.kube.client import Member
from clusters.models import Cluster
from propagation import delivering, dispatching, placing
from propagation.delivering import Assignment, Judgement
from propagation.domain import dependencies, diffs, effects, operations, ownership
from propagation.domain.diffs import Diff
from propagation.domain.effects import Effect, Forecast, Group
from propagation.domain.overrides import OverrideError
from propagation.domain.statuses import PropagationStatus
from propagation.models import FederatedResource, Propagation
from propagation.placing import Place, Round

Object = dict[str, Any]

#: Seconds that a cluster has for its answer, clusters that are asked at once, and those asked at all.
TIMEOUT = 5.0
AT_ONCE = 16
MOST = 200


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of one resource; ``left_out`` counts the clusters that were not asked.

    ``follows``: nobody changed it; it moves with another.
    """

    resource: FederatedResource
    groups: list[Group]
    left_out: int = 0
    follows: bool = False

    @property
    def counts(self) -> list[tuple[Effect, int]]:
        """Effects with their numbers of clusters, in the order of the groups."""
        counts: Counter[Effect] = Counter()
        for group in self.groups:
            counts[group.forecast.effect] += len(group.clusters)
        return sorted(counts.items(), key=lambda pair: pair[0].rank)

    @property
    def clusters(self) -> int:
        return sum(len(group.clusters) for group in self.groups)

    @property
    def idle(self) -> bool:
        """Whether nothing at all would happen."""
        return all(group.forecast.effect is Effect.NOTHING for group in self.groups)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one cluster said: a forecast without its diff, and the object before and after."""

    forecast: Forecast
    before: Object | None = None
    after: Object | None = None


@dataclass(frozen=True, slots=True)
class Affected:
    """A resource and its rows as scheduling would leave them; of one that ``follows``, those that move."""

    resource: FederatedResource
    rows: list[Propagation]
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """An assignment that is only tried, and the member that is asked."""

    resource: FederatedResource
    assignment: Assignment
    member: Member


def preview(resource: FederatedResource) -> Preview:
    """What storing a resource as it is now would do (see ``preview_all``)."""
    return preview_all([resource])[0]


def preview_all(resources: Sequence[FederatedResource]) -> list[Preview]:
    """What storing these resources would do: new, edited, or being deleted; none has to be stored.

    After them comes what moves with them: what they need, and what lives in their namespaces.

    Asks at most ``MOST`` clusters in all; takes ``TIMEOUT`` seconds for every ``AT_ONCE`` that are silent.
    """
    affected = _affected(resources)
    rows = [row for one in affected for row in one.rows]
    questions = [_question(row) for row in rows[:MOST]]
    answered = list(zip(questions, loop.run(_ask_all(questions)), strict=True))
    return [_preview(one, answered) for one in affected]


def _preview(affected: Affected, answered: Sequence[tuple[Question, Answer]]) -> Preview:
    own = [pair for pair in answered if pair[0].resource is affected.resource]
    left_out = len(affected.rows) - len(own)
    return Preview(affected.resource, _groups(own), left_out, affected.follows)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The object of one row as it is there, against what it should be: who wrote what differs."""

    forecast: Forecast
    owners: list[tuple[str, list[diffs.Owner]]]


def compare(row: Propagation) -> Comparison:
    """Ask the row's cluster what delivering it again would change."""
    question = _question(row)
    answer = loop.run(ask(question))
    diff = diffs.compare(row.resource.type.kind, answer.before, answer.after)
    live = answer.before or {}
    owners = [(diffs.spell(path), diffs.owners(live, path)) for path in diff.paths]
    return Comparison(_complete(answer.forecast, diff), owners)


def _question(row: Propagation) -> Question:
    member = loop.shared_pool().member(row.cluster.connection)
    return Question(row.resource, dispatching.assignment(row, row.resource), member)


def _affected(resources: Sequence[FederatedResource]) -> list[Affected]:
    """The resources, and after them the others that move along."""
    stand_ins = [_stand_in(one, -number) for number, one in enumerate(resources, start=1)]
    enabled = FederatedResource.objects.filter(type__enabled=True).select_related("type")
    # What a workload names no more may move, too: the resources know that, the stand-ins what is named now.
    others = placing.followers([*resources, *stand_ins], enabled)
    stored = _stored_rows([one.pk for one in (*resources, *others) if one.pk])
    places = Round(timezone.now()).place_all([*stand_ins, *others], stored)
    clusters = Cluster.objects.in_bulk({pk for place in places.values() for pk in place.clusters})

    def placed(resource: FederatedResource, pk: int) -> list[Propagation]:
        return _placed(resource, stored.get(pk, []), places[pk], clusters)

    moving = {one.pk: _restless(stored.get(one.pk, []), places[one.pk]) for one in others}
    return [
        *(Affected(one, placed(one, twin.pk)) for one, twin in zip(resources, stand_ins, strict=True)),
        *(
            Affected(
                one, [row for row in placed(one, one.pk) if row.cluster_id in moving[one.pk]], follows=True
            )
            for one in others
            if moving[one.pk]
        ),
    ]


def _restless(rows: Sequence[Propagation], place: Place) -> set[int]:
    """Keys of the clusters in which a place changes something."""
    now = {(row.cluster_id, row.replicas) for row in rows if row.selected}
    return {pk for pk, _replicas in now ^ place.clusters.items()}


def _stand_in(resource: FederatedResource, number: int) -> FederatedResource:
    """What placement reads, with what storing would add: what it names, and a key where it has none yet."""
    found = copy(resource)
    found.pk = resource.pk or number
    found.dependencies = dependencies.named(resource.template, resource.overrides)
    return found


def _stored_rows(resource_pks: Collection[int]) -> dict[int, list[Propagation]]:
    """The present rows by resource; what is kept in a cluster that leaves is not touched any more."""
    rows = Propagation.objects.filter(resource__in=resource_pks).select_related("cluster")
    found: dict[int, list[Propagation]] = {}
    for row in rows.exclude(cluster__in=joining.keeping_workloads()):
        found.setdefault(row.resource_id, []).append(row)
    return found


def _placed(
    resource: FederatedResource, rows: Sequence[Propagation], place: Place, clusters: Mapping[int, Cluster]
) -> list[Propagation]:
    for row in rows:
        row.resource, row.selected = resource, row.cluster_id in place.clusters
        row.replicas = place.clusters.get(row.cluster_id, row.replicas)
    new = place.clusters.keys() - {row.cluster_id for row in rows}
    added = [
        Propagation(resource=resource, cluster=clusters[pk], replicas=place.clusters[pk])
        for pk in new
        if pk in clusters
    ]
    return sorted([*rows, *added], key=lambda row: row.cluster.name)


def _groups(answered: Sequence[tuple[Question, Answer]]) -> list[Group]:
    """Compare what was answered, each pair of objects once, and put together what is the same."""
    compared: dict[str, Diff] = {}
    forecasts = {}
    for question, answer in answered:
        kind, pair = question.assignment.reference.type.kind, (answer.before, answer.after)
        key = json.dumps([diffs.normalise(one) if one else None for one in pair])
        if key not in compared:
            compared[key] = diffs.compare(kind, *pair)
        forecasts[question.assignment.target.name] = _complete(answer.forecast, compared[key])
    return effects.grouped(forecasts)


def _complete(forecast: Forecast, diff: Diff) -> Forecast:
    """A forecast with its diff: a change that changes nothing, and takes nothing from others, is none."""
    if forecast.effect is Effect.CHANGE and not diff and not forecast.held:
        return Forecast(Effect.NOTHING)
    return replace(forecast, diff=diff)


async def _ask_all(questions: Sequence[Question]) -> list[Answer]:
    places = asyncio.Semaphore(AT_ONCE)

    async def ask_in_turn(question: Question) -> Answer:
        async with places:
            return await ask(question)

    return await asyncio.gather(*map(ask_in_turn, questions))


async def ask(question: Question) -> Answer:
    """Try one assignment. Never raises: every failure is something to tell."""
    assignment = question.assignment
    try:
        async with asyncio.timeout(TIMEOUT):
            return await _try(question.member, assignment)
    except TimeoutError:
        return _answer(Effect.UNREACHABLE, f"No answer within {TIMEOUT:.0f} s.")
    except OverrideError as error:
        return _answer(Effect.REFUSED, str(error))
    except errors.ApplyConflict as error:
        return Answer(Forecast(Effect.CONFLICT, held=effects.held(error.managers)))
    except errors.TypeNotServed:
        if not assignment.selected:
            return _answer(Effect.NOTHING)
        return _answer(Effect.BLOCKED, delivering.unserved(assignment.reference))
    except errors.MemberError as error:
        silent = isinstance(error, errors.Unreachable | errors.TimedOut)
        return _answer(
            Effect.UNREACHABLE if silent else Effect.REFUSED, delivering.message(assignment, error)
        )


def _answer(effect: Effect, message: str = "") -> Answer:
    return Answer(Forecast(effect, message))


async def _try(member: Member, assignment: Assignment) -> Answer:
    judgement = await delivering.judge(member, assignment, *delivering.rendered(assignment))
    match judgement.decision:
        case operations.Create():
            return await _apply(member, assignment, judgement, force=False)
        case operations.Update() | operations.Adopt() | operations.Overwrite():
            return await _apply(member, assignment, judgement, force=judgement.decision.force)
        case operations.Nothing() | operations.Gone():
            return _answer(Effect.NOTHING)
        case operations.Delete():
            refusal = await delivering.guarded(member, assignment)
            return _answer(Effect.BLOCKED if refusal else Effect.REMOVE, refusal)
        case operations.Release():
            return _answer(Effect.RELEASE)
        case operations.Blocked():
            return await _blocked(member, assignment, judgement, judgement.decision)


async def _apply(member: Member, assignment: Assignment, judgement: Judgement, *, force: bool) -> Answer:
    """Apply without doing it; where that takes fields from others, say from whom."""
    held: tuple[effects.Held, ...] = ()
    try:
        after = await _run_dry(member, assignment, judgement, force=False)
    except errors.ApplyConflict as error:
        if not force:
            raise
        held = effects.held(error.managers)
        after = await _run_dry(member, assignment, judgement, force=True)
    except errors.NotFound as error:
        if error.kind != "namespaces":
            raise
        # What is in no namespace cannot be run dry: admission and quotas come with the namespace.
        new = Forecast(Effect.CREATE, namespace=assignment.reference.namespace)
        return Answer(new, after=judgement.desired)
    if judgement.live is None:
        # As it was asked for: the defaults that each server adds would only hide that it is the same.
        return Answer(Forecast(Effect.CREATE), after=judgement.desired)
    after = await _without_rest(member, assignment, judgement, after)
    return Answer(Forecast(Effect.CHANGE, held=held), judgement.live, after)


async def _without_rest(
    member: Member, assignment: Assignment, judgement: Judgement, after: Object
) -> Object:
    """Where fields are made ours before, the apply removes some of them: tried as an update of its own."""
    fields = delivering.handed_over(assignment, judgement)
    left = ownership.pruned(after, fields, judgement.desired or {}) if fields else after
    return after if left == after else await member.replace(assignment.reference, left, dry_run=True)


async def _run_dry(member: Member, assignment: Assignment, judgement: Judgement, *, force: bool) -> Object:
    assert judgement.desired is not None  # noqa: S101  (decide never applies what is not selected)
    applied = await member.apply(assignment.reference, judgement.desired, force=force, dry_run=True)
    return applied.object


async def _blocked(
    member: Member, assignment: Assignment, judgement: Judgement, decision: operations.Blocked
) -> Answer:
    """Why nothing may be done; of an object that belongs to others, whose fields they are."""
    if decision.status == PropagationStatus.CLUSTER_NOT_READY:
        return _answer(Effect.UNREACHABLE, decision.message)
    if decision.status != PropagationStatus.ALREADY_EXISTS:
        return _answer(Effect.BLOCKED, decision.message)
    try:
        await _run_dry(member, assignment, judgement, force=False)
    except errors.ApplyConflict as error:
        return Answer(Forecast(Effect.CONFLICT, decision.message, held=effects.held(error.managers)))
    return _answer(Effect.CONFLICT, decision.message)
