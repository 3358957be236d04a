"""Bring one object in one member cluster to where it should be: asynchronous, and without the database.

Most objects are applied without being read first. A server-side apply that is not forced is judged by
the API server itself: it goes through when no other manager holds a field that it sets, and is refused
when the object is there and somebody else's. Only then (and for drift, removal and stricter
policies) is the object read and ``operations.decide`` asked.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clusters.domain.labels import KUBEFED_MANAGED, MANAGED
from clusters.domain.references import NAMESPACE, ObjectReference
from clusters.kube import errors
from clusters.kube.client import Member
from propagation import contents
from propagation.domain import confidential, operations, ownership, rendering, retention, takeover
from propagation.domain.overrides import OverrideError
from propagation.domain.statuses import Delivery, PropagationStatus

logger = logging.getLogger(__name__)

Object = dict[str, Any]

#: Marks a namespace that came into being because something was placed in it.
CREATED_ANNOTATION = "fedconsole.io/created-for-placement"

#: How often a lost race with another writer is tried again before it counts as a failure.
RACES = 3


@dataclass(frozen=True, slots=True)
class Assignment:
    """One row's work. ``ready``: the cluster can be worked on now; ``joined``: it could be at some time."""

    pk: int
    cluster_pk: int
    target: rendering.Target
    resource_pk: int
    reference: ObjectReference
    spec: rendering.Spec
    generation: int
    desired_generation: int
    selected: bool
    ready: bool
    deleting: bool
    orphan: bool
    policy: str
    retain_replicas: bool
    applied_hash: str
    drifted: bool
    attempts: int
    rank: int
    in_place: bool = False
    joined: bool = True
    delete_contents: bool = False
    removal_asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an assignment.

    ``live`` is the object as the member now holds it, where it is as desired; ``gone`` says that it is
    absent, as desired. Anything else is unsettled and will be tried again. ``removing`` says that the
    member has been told to remove it.
    """

    assignment: Assignment
    delivery: Delivery
    status: PropagationStatus = PropagationStatus.OK
    message: str = ""
    digest: str = ""
    live: Object | None = None
    gone: bool = False
    transient: bool = False
    removing: bool = False
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a member holds, what it should hold, and hence what to do.

    ``digest`` is that of the object as rendered, ``desired`` has what the member owns in it besides.
    """

    decision: operations.Decision
    desired: Object | None
    digest: str
    live: Object | None


class Lane:
    """What the assignments of one cluster share during a drain."""

    def __init__(self, member: Member, ranks: Mapping[int, int]) -> None:
        self.member = member
        self.broken: errors.MemberError | None = None
        self._namespaces: dict[str, asyncio.Task[None]] = {}
        self._entered: dict[str, asyncio.Event] = {}
        self._left = Counter(ranks)
        self._finished: dict[int, asyncio.Event] = {rank: asyncio.Event() for rank in ranks}

    async def turn(self, rank: int) -> None:
        """Wait until everything of a lower rank is done: namespaces go before what lives in them."""
        for lower, finished in self._finished.items():
            if lower < rank:
                await finished.wait()

    def done(self, rank: int) -> None:
        self._left[rank] -= 1
        if not self._left[rank]:
            self._finished[rank].set()

    @contextlib.asynccontextmanager
    async def entering(self, namespace: str) -> AsyncIterator[None]:
        """Let one object into a namespace before all others: it finds out whether the namespace is there."""
        if entered := self._entered.get(namespace):
            await entered.wait()
            yield
            return
        entered = self._entered[namespace] = asyncio.Event()
        try:
            yield
        finally:
            entered.set()

    async def ensure_namespace(self, name: str) -> None:
        """Create a missing namespace once, however many objects wait for it."""
        task = self._namespaces.get(name)
        if task is None:
            task = self._namespaces[name] = asyncio.create_task(self._create_namespace(name))
        await task

    async def _create_namespace(self, name: str) -> None:
        reference = ObjectReference(NAMESPACE, "", name)
        body = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "annotations": {CREATED_ANNOTATION: "true"}},
        }
        with contextlib.suppress(errors.AlreadyExists):
            await self.member.create(reference, body)


async def deliver(lane: Lane, assignment: Assignment) -> Outcome:
    """Carry out one assignment. Never raises: every failure is an outcome, hence on screen."""
    try:
        await lane.turn(assignment.rank)
        return await _attempt(lane, assignment)
    except errors.TypeNotServed:
        return _unserved(assignment)
    except errors.MemberError as error:
        if isinstance(error, errors.Unreachable | errors.TimedOut):
            lane.broken = error  # the others would only wait for the same
        return _failure(assignment, error)
    except OverrideError as error:
        return Outcome(
            assignment, Delivery.APPLY_FAILED, PropagationStatus.APPLY_OVERRIDES_FAILED, str(error)
        )
    except Exception as error:  # a bug of ours must cost one row, not the drain
        logger.exception("Delivering row %s failed", assignment.pk)
        return Outcome(
            assignment, Delivery.APPLY_FAILED, PropagationStatus.COMPUTE_RESOURCE_FAILED, type(error).__name__
        )
    finally:
        lane.done(assignment.rank)


async def _attempt(lane: Lane, assignment: Assignment) -> Outcome:
    if lane.broken:
        raise lane.broken
    desired, digest = rendered(assignment)
    if _may_apply_unread(assignment, digest):
        try:
            return await _apply(lane, assignment, desired, digest, force=False)
        except errors.ApplyConflict:
            pass  # somebody else's fields: read the object and decide
    return await _read_and_decide(lane, assignment, desired, digest)


def rendered(assignment: Assignment) -> tuple[Object | None, str]:
    """The object as it should be, with its digest; None where it should not be. Raises ``OverrideError``."""
    if not assignment.selected:
        return None, ""
    desired = rendering.render(assignment.spec, assignment.target)
    return desired, rendering.digest(desired)


def _may_apply_unread(assignment: Assignment, digest: str) -> bool:
    """Whether the API server may be the judge (see the module's docstring)."""
    return (
        assignment.selected
        and assignment.ready
        and not assignment.drifted
        and not assignment.retain_replicas
        and not assignment.in_place
        and not (assignment.applied_hash and assignment.reference.type.kind in retention.READ_FIRST)
        and assignment.policy == "adopt"
        and digest != assignment.applied_hash
    )


async def _read_and_decide(
    lane: Lane, assignment: Assignment, desired: Object | None, digest: str
) -> Outcome:
    for _ in range(RACES):
        judgement = await judge(lane.member, assignment, desired, digest)
        try:
            return await _execute(lane, assignment, judgement)
        except (errors.Conflict, errors.ApplyConflict, errors.AlreadyExists) as error:
            lost = error
    raise lost


async def judge(member: Member, assignment: Assignment, desired: Object | None, digest: str) -> Judgement:
    """Read the object and decide; nothing is changed, so that a preview asks the same."""
    live = await member.get(assignment.reference) if assignment.ready else None
    if desired and live:
        desired = rendering.render(assignment.spec, assignment.target, live=live)
    decision = operations.decide(_situation(assignment, desired, digest, live))
    return Judgement(decision, desired, digest, live)


def _situation(
    assignment: Assignment, desired: Object | None, digest: str, live: Object | None
) -> operations.Situation:
    return operations.Situation(
        selected=assignment.selected,
        ready=assignment.ready,
        deleting=assignment.deleting,
        orphan=assignment.orphan,
        desired=desired,
        live=live,
        applied_before=bool(assignment.applied_hash),
        up_to_date_hash=digest == assignment.applied_hash,
        policy=assignment.policy,
        in_place=assignment.in_place,
        joined=assignment.joined,
    )


async def _execute(lane: Lane, assignment: Assignment, judgement: Judgement) -> Outcome:
    decision, desired, digest = judgement.decision, judgement.desired, judgement.digest
    match decision:
        case operations.Create():
            return await _apply(lane, assignment, desired, digest, force=False)
        case operations.Update() | operations.Adopt() | operations.Overwrite():
            await _hand_over(lane, assignment, judgement)
            return await _apply(lane, assignment, desired, digest, force=decision.force)
        case operations.Nothing():
            return Outcome(assignment, Delivery.APPLIED, digest=digest, live=judgement.live)
        case operations.Delete():
            return await _delete(lane, assignment, decision)
        case operations.Release():
            return await _release(lane, assignment)
        case operations.Gone():
            return Outcome(assignment, Delivery.DELETING, gone=True)
        case operations.Blocked():
            return _blocked(assignment, decision, judgement.live)


async def _apply(
    lane: Lane, assignment: Assignment, desired: Object | None, digest: str, *, force: bool
) -> Outcome:
    assert desired is not None  # noqa: S101  (decide never applies what is not selected)
    async with lane.entering(assignment.reference.namespace):
        try:
            applied = await lane.member.apply(assignment.reference, desired, force=force)
        except errors.NotFound as error:
            if error.kind != "namespaces":
                raise
            await lane.ensure_namespace(assignment.reference.namespace)
            applied = await lane.member.apply(assignment.reference, desired, force=force)
    return Outcome(assignment, Delivery.APPLIED, digest=digest, live=applied.object)


def handed_over(assignment: Assignment, judgement: Judgement) -> list[Object] | None:
    """The ``managedFields`` that make others' fields ours, so that an apply removes what is not desired.

    Every field when overwriting, KubeFed's where its objects are taken over; None where all stay as they are.
    """
    live = judgement.live
    if live is None:
        return None
    if isinstance(judgement.decision, operations.Overwrite):
        return ownership.seized(live)
    return takeover.inherited(live) if assignment.in_place else None


async def _hand_over(lane: Lane, assignment: Assignment, judgement: Judgement) -> None:
    fields = handed_over(assignment, judgement)
    if fields is None or judgement.live is None:
        return
    metadata = {"managedFields": fields, "resourceVersion": judgement.live["metadata"]["resourceVersion"]}
    await lane.member.merge(assignment.reference, {"metadata": metadata})


async def _delete(lane: Lane, assignment: Assignment, decision: operations.Delete) -> Outcome:
    if refusal := await guarded(lane.member, assignment):
        return Outcome(assignment, Delivery.BLOCKED, PropagationStatus.DELETION_FAILED, refusal)
    # In the foreground: it is gone when its pods are, and people see how far that is.
    remains = await lane.member.delete(
        assignment.reference, uid=decision.uid, propagation_policy="Foreground"
    )
    if remains is None or remains.get("kind") == "Status":
        return Outcome(assignment, Delivery.DELETING, gone=True)
    return _waiting_for_removal(assignment, remains)


async def guarded(member: Member, assignment: Assignment) -> str:
    """Why the object must not be removed: it is a namespace that holds what is not ours."""
    name = assignment.reference.name
    if assignment.reference.type.name != NAMESPACE.name or assignment.delete_contents:
        return ""
    names = await contents.foreign(member, name)
    return contents.refusal(names) if names else ""


def _waiting_for_removal(assignment: Assignment, live: Object | None) -> Outcome:
    held = ((live or {}).get("metadata") or {}).get("finalizers") or []
    by = f" These finalizers hold it: {', '.join(held)}." if held else ""
    return Outcome(
        assignment,
        Delivery.DELETING,
        PropagationStatus.WAITING_FOR_REMOVAL,
        f"The cluster is removing it.{by}",
        transient=True,
        removing=True,
    )


async def _release(lane: Lane, assignment: Assignment) -> Outcome:
    """Orphan: take our label off, or KubeFed's where that stood for ours, and leave the object."""
    names = (MANAGED, KUBEFED_MANAGED) if assignment.in_place else (MANAGED,)
    patch = {"metadata": {"labels": dict.fromkeys(names)}}
    with contextlib.suppress(errors.NotFound):
        await lane.member.merge(assignment.reference, patch)
    return Outcome(assignment, Delivery.DELETING, gone=True)


def _unserved(assignment: Assignment) -> Outcome:
    """A kind that is not served cannot be there either: nothing is left to remove."""
    if not assignment.selected:
        return Outcome(assignment, Delivery.DELETING, gone=True)
    status, text = PropagationStatus.CLIENT_RETRIEVAL_FAILED, unserved(assignment.reference)
    # A definition that has just arrived is served a moment later.
    return Outcome(assignment, Delivery.BLOCKED, status, text, transient=True)


def unserved(reference: ObjectReference) -> str:
    """What to tell people whose cluster does not know a kind."""
    kind = reference.type
    return f"The cluster does not serve {kind.kind} ({kind.api_version}): is its definition installed there?"


def _blocked(assignment: Assignment, decision: operations.Blocked, live: Object | None) -> Outcome:
    if decision.status == PropagationStatus.WAITING_FOR_REMOVAL:
        return _waiting_for_removal(assignment, live)
    return Outcome(assignment, Delivery.BLOCKED, decision.status, decision.message)


def _failure(assignment: Assignment, error: errors.MemberError) -> Outcome:
    timed_out = isinstance(error, errors.TimedOut)
    removing = not assignment.selected
    status = operations.failure(removing=removing, existed=bool(assignment.applied_hash), timed_out=timed_out)
    return Outcome(
        assignment,
        Delivery.DELETE_FAILED if removing else Delivery.APPLY_FAILED,
        status,
        message(assignment, error),
        transient=error.transient,
        retry_after=getattr(error, "retry_after", 0.0) or 0.0,
    )


def message(assignment: Assignment, error: errors.MemberError) -> str:
    """The server's own words, without what is secret in the object that they are about."""
    if assignment.reference.type.kind not in confidential.FIELDS or not assignment.selected:
        return str(error)
    try:
        return confidential.redact(str(error), rendering.render(assignment.spec, assignment.target))
    except OverrideError:  # nothing was sent that the server could have quoted
        return str(error)
