"""What people change: validated, stored with a new generation, and scheduled after the commit."""

from collections.abc import Collection, Sequence
from copy import copy, deepcopy
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from clusters import live
from clusters.tasks import wake
from propagation import feed, scopes, tasks
from propagation.domain import dependencies
from propagation.models import Activity, FederatedResource, Propagation, Revision
from propagation.placing import NAMESPACES

#: A change of any of these is a new generation, and each generation is kept as a revision.
SPEC = (
    *("labels", "annotations", "template", "placement", "overrides", "replica_scheduling"),
    *("retain_replicas", "conflict_policy", "follow_dependencies", "suspend_repair"),
)


class StaleEdit(Exception):
    """Somebody else changed the resource since it was read; nothing was stored."""

    def __init__(self, resource: FederatedResource) -> None:
        super().__init__(f"{resource} was changed by somebody else in the meantime.")
        self.resource = resource


class Inhabited(Exception):
    """A namespace in which something is federated; nothing was deleted."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} federated objects live in this namespace.")
        self.count = count


def save(
    resource: FederatedResource, user: AbstractBaseUser | None, note: str = "", verb: str = ""
) -> FederatedResource:
    """Store one resource (see ``save_all``)."""
    return save_all([resource], user, note, verb)[0]


@transaction.atomic
def save_all(
    resources: Sequence[FederatedResource], user: AbstractBaseUser | None, note: str = "", verb: str = ""
) -> list[FederatedResource]:
    """Store all or none, keep their revisions, and have them scheduled after the commit.

    A resource that has a key is an edit of the ``generation`` that it carries: raises ``StaleEdit``
    when the stored one is newer. Raises ``IntegrityError`` for a name that is taken, and ``PermissionDenied``
    for a namespace that is not open to whoever is being served. ``note`` says why, for
    the revisions; ``verb`` (of ``Activity.Verb``) is what the activity feed calls it.
    """
    _refuse_outside(resources)
    new = [resource for resource in resources if resource.pk is None]
    edited = [resource for resource in resources if resource.pk is not None]
    for resource in new:
        resource.created_by_id = user.pk if user else None
    for resource in resources:
        resource.dependencies = dependencies.named(resource.template, resource.overrides)
    FederatedResource.objects.bulk_create(new)
    changed = [resource for resource in edited if _update(resource)]
    Revision.objects.bulk_create([_revision(resource, user, note) for resource in new + changed])
    feed.tell(verb or Activity.Verb.CREATED, new, user, note)
    feed.tell(verb or Activity.Verb.CHANGED, changed, user, note)
    _announce([resource.pk for resource in resources])
    return list(resources)


def _refuse_outside(resources: Sequence[FederatedResource]) -> None:
    for resource in resources:
        if not scopes.permits(resource.type.name, resource.namespace, resource.name):
            raise PermissionDenied(scopes.refusal(resource.namespace))


def _update(resource: FederatedResource) -> bool:
    """Store an edit; whether it is a new generation."""
    stored = FederatedResource.objects.select_for_update().get(pk=resource.pk)
    if stored.generation != resource.generation or stored.deletion_requested_at:
        raise StaleEdit(stored)
    changed = any(getattr(stored, name) != getattr(resource, name) for name in SPEC)
    resource.generation += changed
    resource.updated_at = timezone.now()
    resource.save(update_fields=[*SPEC, "dependencies", "description", "generation", "updated_at"])
    if lost := set(stored.dependencies) - set(resource.dependencies):
        _place_again(resource.namespace, lost)
    return changed


def _place_again(namespace: str, names: Collection[str]) -> None:
    """Look again at what a workload does not name any more: it may be of no use in some clusters."""
    kinds = {name.partition("/")[0] for name in names}
    found = FederatedResource.objects.filter(namespace=namespace, type__name__in=kinds)
    wanted = {name.partition("/")[2] for name in names}
    _announce(list(found.filter(name__in=wanted).values_list("pk", flat=True)))


def _revision(resource: FederatedResource, user: AbstractBaseUser | None, note: str) -> Revision:
    return Revision(
        resource=resource,
        generation=resource.generation,
        spec=spec(resource),
        author_id=user.pk if user else None,
        note=note[: Revision._meta.get_field("note").max_length],
    )


def request_deletion(
    resource: FederatedResource,
    user: AbstractBaseUser | None = None,
    *,
    orphan: bool = False,
    delete_contents: bool = False,
) -> None:
    """Remove the objects from every member (or, orphaning, only our label), then the resource itself.

    A namespace only goes with what it holds with ``delete_contents``: what is federated in it is deleted
    too then, and without raises ``Inhabited``; for what is not ours, see ``delivering``.
    """
    _refuse_outside([resource])
    going = [resource, *([] if orphan else inhabitants(resource))]
    if len(going) > 1 and not delete_contents:
        raise Inhabited(len(going) - 1)
    with transaction.atomic():
        pks = [one.pk for one in going]
        FederatedResource.objects.filter(pk__in=pks, deletion_requested_at=None).update(
            deletion_requested_at=timezone.now(),
            orphan=orphan,
            delete_contents=delete_contents,
            generation=F("generation") + 1,
        )
        feed.tell(Activity.Verb.DELETED, [one for one in going if not one.deletion_requested_at], user)
        _announce(pks)


def inhabitants(resource: FederatedResource) -> list[FederatedResource]:
    """What is federated in a federated namespace, and would go with it."""
    if resource.type.name != NAMESPACES:
        return []
    inside = FederatedResource.objects.filter(namespace=resource.name, deletion_requested_at=None)
    return list(inside.select_related("type"))


def spec(resource: FederatedResource) -> dict[str, Any]:
    """What a resource wants, as its revisions keep it."""
    return {name: getattr(resource, name) for name in SPEC}


def restored(resource: FederatedResource, revision: Revision) -> FederatedResource:
    """A copy of the resource that wants what it wanted in a revision; not stored."""
    found, default = copy(resource), FederatedResource()
    for name in SPEC:
        # What an old revision does not know was as it is by default.
        setattr(found, name, deepcopy(revision.spec.get(name, getattr(default, name))))
    return found


@transaction.atomic
def repair(row: Propagation, user: AbstractBaseUser | None) -> None:
    """Have one object compared and delivered again now, also where repair is suspended."""
    again = {"desired_generation": F("desired_generation") + 1, "next_attempt_at": None, "attempts": 0}
    Propagation.objects.filter(pk=row.pk).update(**again)
    feed.tell(Activity.Verb.REPAIRED, [row.resource], user, f"In {row.cluster.name}.")
    live.announce(live.WORKLOADS, [row.resource_id])
    transaction.on_commit(lambda: tasks.drain_soon([row.cluster_id]))


def _announce(pks: list[int]) -> None:
    live.announce(live.WORKLOADS, pks)
    transaction.on_commit(lambda: wake(tasks.schedule, pks))
