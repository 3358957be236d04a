"""Joining and leaving: from an uploaded credential to one of our own, and out again.

KubeFed's join, one step at a time. Every step finds out what is there and goes on from it, so that a
join may be killed between any two lines and started again. What a step cannot do ends as its reason and
message: transient failures are tried again by themselves, others wait for a person (phase Pending).
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from clusters import access, checklist, live
from clusters.checklist import Operation, Step
from clusters.domain import kubeconfig
from clusters.domain.conditions import Reason
from clusters.domain.connections import Connection
from clusters.kube import diagnosing, errors, loop
from clusters.models import Cluster, Console, JoinStep, Phase
from clusters.renewing import columns

#: A join without a sign of life for this long was killed, or waits for a member that did not answer.
RETRY_AFTER = timedelta(seconds=30)
#: The columns that ``apply_context`` sets.
_CONNECTION = (
    "server",
    "ca_bundle",
    "tls_server_name",
    "insecure_skip_tls_verify",
    "proxy_url",
    "credential",
    "credential_renew_at",
    "credential_expires_at",
)
#: Steps of which a second run knows that they are over: the uploaded credential is gone by then.
_BEHIND = (Step.PERMITTED, Step.DISTINCT, Step.ACCESS, Step.CREDENTIAL)


class Refused(Exception):
    """A kubeconfig's context that cannot be joined with; the message says what to do."""


class Stopped(Exception):
    """A step failed. ``transient``: it is worth trying again without anybody doing anything."""

    def __init__(
        self, step: Step, reason: str, message: str, hint: str = "", *, transient: bool = False
    ) -> None:
        super().__init__(message)
        self.step = step
        self.reason = reason
        self.hint = hint
        self.transient = transient


@dataclass(frozen=True, slots=True)
class Finding:
    """What a step of a join would come to; ``hint`` says what to do about a failure."""

    step: Step
    ok: bool
    message: str
    hint: str = ""

    @property
    def label(self) -> str:
        return str(checklist.LABELS[self.step])


# Enrolling


def enroll(
    *,
    name: str,
    kubeconfig_text: str,
    context: str,
    labels: dict[str, str],
    region: str = "",
    zones: Sequence[str] = (),
    provider: str = "",
    taints: Sequence[dict[str, str]] = (),
    preset: str = "deploy",
    permitted_namespaces: Sequence[str] = (),
    insecure: bool = False,
    description: str = "",
    user: User | None = None,
) -> Cluster:
    """Store a new cluster with its (encrypted) credential; the caller enqueues ``join_cluster`` on commit.

    Raises ``KubeconfigError``, ``Refused``, or Django's ``ValidationError`` (name taken, labels or taints
    malformed).
    """
    cluster = Cluster(
        name=name,
        description=description,
        labels=labels,
        region=region,
        zones=list(zones),
        provider=provider,
        taints=list(taints),
        preset=preset,
        permitted_namespaces=list(permitted_namespaces),
        created_by=user,
    )
    apply_context(cluster, chosen(kubeconfig_text, context, insecure=insecure))
    cluster.full_clean(exclude=["uid"])
    with transaction.atomic():
        cluster.save()
        checklist.lay_out(cluster.pk, Operation.JOIN)
        live.announce(live.CLUSTERS, [cluster.pk])
    return cluster


def reenroll(cluster: Cluster, *, kubeconfig_text: str, context: str, insecure: bool = False) -> None:
    """Let a known cluster be joined again with another credential, where ours is no longer accepted.

    The join refuses when it turns out to be another cluster. Raises ``KubeconfigError`` or ``Refused``.
    """
    apply_context(cluster, chosen(kubeconfig_text, context, insecure=insecure))
    cluster.phase = Phase.JOINING
    cluster.reason = cluster.message = ""
    with transaction.atomic():
        cluster.save(update_fields=[*_CONNECTION, "phase", "reason", "message"])
        checklist.lay_out(cluster.pk, Operation.JOIN)
        checklist.reset(cluster.pk, Operation.JOIN)


def chosen(kubeconfig_text: str, context: str, *, insecure: bool) -> Connection:
    """The connection of one context (the current one by default), if it may be used.

    Raises ``KubeconfigError`` or ``Refused``. With ``insecure``, TLS is not verified.
    """
    found = kubeconfig.parse(kubeconfig_text).context(context)
    if found.refused:
        raise Refused(f"The context {found.name} cannot be used: {found.refused}")
    if found.insecure and not insecure:
        raise Refused(
            f"The context {found.name} asks not to verify the server's certificate "
            "(insecure-skip-tls-verify): anybody in between could take the credential. Allow it explicitly, "
            "or add the cluster's CA to the kubeconfig."
        )
    return found.accepting_insecurity().connection if insecure else found.connection


def apply_context(cluster: Cluster, connection: Connection) -> None:
    """Let a cluster (that is not saved yet) be reached in this way."""
    cluster.server = connection.server
    cluster.ca_bundle = connection.ca_bundle
    cluster.tls_server_name = connection.tls_server_name
    cluster.insecure_skip_tls_verify = connection.insecure_skip_tls_verify
    cluster.proxy_url = connection.proxy_url
    cluster.credential = asdict(connection.credential)
    cluster.credential_renew_at = cluster.credential_expires_at = None


# Joining


def join(pk: int) -> bool:
    """Go on with a join; whether the cluster is a member by now because of it."""
    cluster = Cluster.objects.filter(pk=pk, phase__in=[Phase.PENDING, Phase.JOINING]).first()
    if cluster is None:
        return False
    _enter(cluster)
    try:
        _diagnose(cluster)
        for step, activity in _ACTIVITIES:
            if step not in _BEHIND or not cluster.credential_renew_at:
                _do(cluster, step, activity)
    except Stopped as stopped:
        _stop(cluster, stopped)
        return False
    return _finish(cluster)


def retry(cluster: Cluster) -> None:
    """Let a join that waits for a person begin again; the caller enqueues ``join_cluster``."""
    with transaction.atomic():
        _write(cluster, phase=Phase.JOINING, reason="", message="")
        _reset(cluster)


def unfinished_joins() -> list[int]:
    """Keys of clusters whose join was killed, or failed for a reason that may have passed."""
    return _quiet(Cluster.objects.filter(Q(phase=Phase.JOINING) | Q(phase=Phase.PENDING, reason="")))


def _quiet(clusters: QuerySet[Cluster]) -> list[int]:
    """Those that nothing was done about for a while."""
    started = Coalesce(Max("steps__started_at"), "created_at")
    finished = Coalesce(Max("steps__finished_at"), "created_at")
    last = clusters.annotate(last_sign=Greatest(started, finished))
    return list(last.filter(last_sign__lt=timezone.now() - RETRY_AFTER).values_list("pk", flat=True))


def _enter(cluster: Cluster) -> None:
    checklist.lay_out(cluster.pk, Operation.JOIN)
    with transaction.atomic():
        _write(cluster, phase=Phase.JOINING)
        _reset(cluster)


def _reset(cluster: Cluster) -> None:
    behind = _BEHIND if cluster.credential_renew_at else ()
    checklist.catch_up(cluster.pk, behind)
    checklist.reset(cluster.pk, Operation.JOIN, keep=behind)


def _finish(cluster: Cluster) -> bool:
    now = timezone.now()
    _write(cluster, phase=Phase.JOINED, joined_at=now, reason="", message="")
    return True


def _stop(cluster: Cluster, stopped: Stopped) -> None:
    hint = stopped.hint or ("It is tried again by itself every half minute." if stopped.transient else "")
    checklist.fail(cluster.pk, stopped.step, stopped.reason, str(stopped), hint)
    phase = Phase.JOINING if stopped.transient else Phase.PENDING
    _write(cluster, phase=phase, reason=stopped.reason, message=str(stopped))


def _write(cluster: Cluster, **values: Any) -> None:
    for name, value in values.items():
        setattr(cluster, name, value)
    cluster.save(update_fields=list(values))
    live.announce(live.CLUSTERS, [cluster.pk])


# The steps


def _do(cluster: Cluster, step: Step, activity: Callable[[Cluster], str]) -> None:
    checklist.start(cluster.pk, step)
    try:
        note = activity(cluster)
    except errors.MemberError as error:
        raise Stopped(step, error.reason, str(error), transient=error.transient) from None
    checklist.done(cluster.pk, step, note)


def _diagnose(cluster: Cluster) -> None:
    checklist.start(cluster.pk, Step.REACHABLE)
    for finding in _checks(cluster.connection):
        step, reason = Step(finding.check), finding.reason
        if not finding.ok:
            raise Stopped(step, reason, finding.message, finding.hint, transient=reason in _MAY_PASS)
        checklist.done(cluster.pk, step, finding.message)


def _checks(connection: Connection) -> list[diagnosing.Finding]:
    return loop.run(diagnosing.diagnose(connection))


_MAY_PASS = {
    Reason.NAME_NOT_RESOLVED,
    Reason.CONNECTION_REFUSED,
    Reason.CONNECT_TIMEOUT,
    Reason.CONNECTION_RESET,
    Reason.REQUEST_TIMEOUT,
    Reason.SERVER_ERROR,
}


def _review_permissions(cluster: Cluster) -> str:
    member = loop.shared_pool().member(cluster.connection)
    denied = loop.run(access.missing(member, cluster.preset, cluster.permitted_namespaces))
    if denied:
        raise Stopped(
            Step.PERMITTED,
            Reason.FORBIDDEN,
            "The uploaded credential may not: " + "; ".join(denied) + ".",
            "Use the credential of an administrator; it is only needed once, and thrown away after the join.",
        )
    return ""


def _recognize(cluster: Cluster) -> str:
    uid = _identify(cluster)
    try:
        with transaction.atomic():
            _write(cluster, uid=uid)
    except IntegrityError:
        raise _duplicate("") from None
    return ""


def _identify(cluster: Cluster) -> str:
    """The UID of a cluster that may be joined."""
    identity = loop.run(access.identify(loop.shared_pool().member(cluster.connection)))
    if cluster.uid not in (None, identity.uid):
        message = "This is another cluster than the one that bears this name here."
        raise Stopped(Step.DISTINCT, Reason.DUPLICATE_CLUSTER, message, "Import it under a name of its own.")
    if other := Cluster.objects.filter(uid=identity.uid).exclude(pk=cluster.pk).first():
        raise _duplicate(other.name)
    if identity.console not in ("", Console.identity()):
        raise Stopped(
            Step.DISTINCT,
            Reason.HELD_BY_ANOTHER_CONSOLE,
            f"Another console holds this cluster (its id is {identity.console}).",
            "Let it leave that console first. If that one is gone for good, delete the namespace "
            "fedconsole-system in the cluster, and try again.",
        )
    return identity.uid


def _duplicate(name: str) -> Stopped:
    which = f"It is the member {name} already." if name else "It is a member already, under another name."
    hint = "Remove this record, or let the other one leave first."
    return Stopped(Step.DISTINCT, Reason.DUPLICATE_CLUSTER, which, hint)


def _grant(cluster: Cluster) -> str:
    member = loop.shared_pool().member(cluster.connection)
    namespaces = cluster.permitted_namespaces
    loop.run(access.grant(member, cluster.name, cluster.preset, namespaces, Console.identity()))
    return ""


def _exchange(cluster: Cluster) -> str:
    """From here on the uploaded credential is gone."""
    token = loop.run(access.own_token(cluster.connection, cluster.name))
    _write(cluster, **columns(token))
    return ""


def _greet(cluster: Cluster) -> str:
    member = loop.shared_pool().member(cluster.connection)
    loop.run(member.healthz())
    return ""


def examine(connection: Connection, preset: str, namespaces: Sequence[str]) -> list[Finding]:
    """What a join would find out before it changes anything, up to and including the first failure."""
    findings = [Finding(Step(one.check), one.ok, one.message, one.hint) for one in _checks(connection)]
    if not findings[-1].ok:
        return findings
    candidate = Cluster(preset=preset, permitted_namespaces=list(namespaces))
    apply_context(candidate, connection)
    for step, activity in ((Step.PERMITTED, _review_permissions), (Step.DISTINCT, _identify)):
        try:
            activity(candidate)
        except Stopped as stopped:
            return [*findings, Finding(step, False, str(stopped), stopped.hint)]
        except errors.MemberError as error:
            return [*findings, Finding(step, False, str(error))]
        findings.append(Finding(step, True, ""))
    return findings


_ACTIVITIES: Sequence[tuple[Step, Callable[[Cluster], str]]] = (
    (Step.PERMITTED, _review_permissions),
    (Step.DISTINCT, _recognize),
    (Step.ACCESS, _grant),
    (Step.CREDENTIAL, _exchange),
    (Step.READY, _greet),
)


# Leaving


def begin_unjoin(cluster: Cluster, delete_workloads: bool) -> None:
    """Let a cluster leave: with its workloads, which the upper app deletes first, or without.

    Can be called again, also to keep the workloads after all when the cluster does not answer. The caller
    enqueues ``unjoin_cluster`` and wakes the upper app.
    """
    checklist.lay_out(cluster.pk, Operation.UNJOIN)
    with transaction.atomic():
        checklist.reset(cluster.pk, Operation.UNJOIN)
        if delete_workloads:
            checklist.start(cluster.pk, Step.WORKLOADS)
        else:
            checklist.skip(cluster.pk, Step.WORKLOADS, "They stay in the cluster.")
        _write(cluster, phase=Phase.DETACHING)


def keeping_workloads() -> QuerySet[Cluster]:
    """Clusters that leave without their workloads: what the upper app knows of those can be forgotten."""
    skipped = _with_step(Step.WORKLOADS, [checklist.Status.SKIPPED])
    return Cluster.objects.filter(skipped, phase__in=[Phase.DETACHING, Phase.DETACH_FAILED])


def workloads_removed(pk: int) -> bool:
    """The upper app has nothing left in a leaving cluster: our access may go. Whether that is news."""
    waiting = Cluster.objects.filter(
        _with_step(Step.WORKLOADS, [checklist.Status.WAITING, checklist.Status.RUNNING]),
        pk=pk,
        phase=Phase.DETACHING,
    )
    if not waiting.exists():
        return False
    checklist.done(pk, Step.WORKLOADS)
    return True


def unfinished_unjoins() -> list[int]:
    """Keys of leaving clusters whose access is to be removed, and where nothing happened for a while."""
    over = _with_step(Step.WORKLOADS, [checklist.Status.DONE, checklist.Status.SKIPPED])
    begun = _with_step(Step.REVOKED, [checklist.Status.WAITING])
    leaving = Cluster.objects.filter(over, phase=Phase.DETACHING)
    return sorted({*_quiet(leaving), *leaving.filter(begun).values_list("pk", flat=True)})


def unjoin(pk: int) -> bool:
    """Remove our access and the record, once the workloads are done with; whether the cluster is gone now."""
    over = _with_step(Step.WORKLOADS, [checklist.Status.DONE, checklist.Status.SKIPPED])
    cluster = Cluster.objects.filter(over, pk=pk, phase__in=[Phase.DETACHING, Phase.DETACH_FAILED]).first()
    if cluster is None:
        return False
    try:
        _do(cluster, Step.REVOKED, _Revocation(cluster))
    except Stopped as stopped:
        _fail_to_leave(cluster, stopped)
        return False
    forget(cluster)
    return True


def forget(cluster: Cluster) -> None:
    """Remove the record alone; nothing is asked of the cluster."""
    pk = cluster.pk
    with transaction.atomic():
        cluster.delete()
        live.announce(live.CLUSTERS, [pk])


class _Revocation:
    """Removes our access, knowing how an earlier attempt ended."""

    def __init__(self, cluster: Cluster) -> None:
        earlier = cluster.steps.get(operation=Operation.UNJOIN, name=Step.REVOKED)
        self._attempted = earlier.started_at is not None and earlier.reason != Reason.UNAUTHORIZED

    def __call__(self, cluster: Cluster) -> str:
        if not cluster.uid:
            return "It was never given access."
        member = loop.shared_pool().member(cluster.connection)
        try:
            found = loop.run(access.revoke(member, Console.identity()))
        except errors.Unauthorized:
            if not self._attempted:
                raise
            found = True  # our account went with the namespace that an earlier attempt deleted
        return "" if found else "Nothing of ours was there any more."


def _fail_to_leave(cluster: Cluster, stopped: Stopped) -> None:
    hint = "It is tried again by itself. " if stopped.transient else ""
    hint += "Where the cluster is gone for good, its record can be forgotten."
    checklist.fail(cluster.pk, stopped.step, stopped.reason, str(stopped), hint)
    _write(cluster, phase=Phase.DETACHING if stopped.transient else Phase.DETACH_FAILED)


def _with_step(step: Step, statuses: Sequence[str]) -> Exists:
    rows = JoinStep.objects.filter(cluster=OuterRef("pk"), name=step, status__in=statuses)
    return Exists(rows)
