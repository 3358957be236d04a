"""Which kinds are federated: switched on and off by people, and added from what the members serve."""

from collections.abc import Iterable

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from clusters import live
from clusters.domain.references import ResourceType
from clusters.tasks import wake
from propagation import feed, tasks
from propagation.models import Activity, FederatedResource, FederatedType, Propagation


@transaction.atomic
def add(kinds: Iterable[ResourceType], user: AbstractBaseUser | None) -> list[FederatedType]:
    """Federate these kinds from now on; raises ``IntegrityError`` for one that was added meanwhile."""
    added = [unsaved(kind) for kind in kinds]
    FederatedType.objects.bulk_create(added)
    _tell(Activity.Verb.ENABLED, added, user)
    return added


def unsaved(kind: ResourceType) -> FederatedType:
    """The row of a kind that is not federated yet."""
    return FederatedType(
        name=kind.name,
        group=kind.group,
        version=kind.version,
        kind=kind.kind,
        plural=kind.plural,
        namespaced=kind.namespaced,
    )


@transaction.atomic
def enable(kind: FederatedType, user: AbstractBaseUser | None) -> None:
    """Propagate and watch a kind again; what was missed meanwhile is done at once."""
    if FederatedType.objects.filter(pk=kind.pk, enabled=False).update(enabled=True):
        _tell(Activity.Verb.ENABLED, [kind], user)
        _announce(kind)
        pks = list(FederatedResource.objects.filter(type=kind).values_list("pk", flat=True))
        rows = Propagation.objects.dirty().filter(resource__type=kind)
        clusters = set(rows.values_list("cluster_id", flat=True))
        transaction.on_commit(lambda: wake(tasks.schedule, pks))
        transaction.on_commit(lambda: tasks.drain_soon(clusters))


@transaction.atomic
def disable(kind: FederatedType, user: AbstractBaseUser | None) -> None:
    """Neither propagate nor watch a kind any more; what is in the members stays as it is."""
    if FederatedType.objects.filter(pk=kind.pk, enabled=True).update(enabled=False):
        _tell(Activity.Verb.DISABLED, [kind], user)
        _announce(kind)


def _tell(verb: str, kinds: Iterable[FederatedType], user: AbstractBaseUser | None) -> None:
    actor = user.pk if user else None
    feed.write([Activity(actor_id=actor, verb=verb, subject=kind.kind) for kind in kinds])


def _announce(kind: FederatedType) -> None:
    """The informer hears of it, and so do open pages."""
    live.announce(live.WORKLOADS, FederatedResource.objects.filter(type=kind).values_list("pk", flat=True))
