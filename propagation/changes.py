"""What people change: validated, stored with a new generation, and scheduled after the commit."""

from collections.abc import Sequence

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from clusters import live
from clusters.tasks import wake
from propagation import tasks
from propagation.models import FederatedResource

#: A change of any of these is a new generation.
SPEC = ("labels", "annotations", "template", "placement", "overrides", "retain_replicas", "conflict_policy")


class StaleEdit(Exception):
    """Somebody else changed the resource since it was read; nothing was stored."""

    def __init__(self, resource: FederatedResource) -> None:
        super().__init__(f"{resource} was changed by somebody else in the meantime.")
        self.resource = resource


def save(resource: FederatedResource, user: AbstractBaseUser | None) -> FederatedResource:
    """Store one resource (see ``save_all``)."""
    return save_all([resource], user)[0]


@transaction.atomic
def save_all(
    resources: Sequence[FederatedResource], user: AbstractBaseUser | None
) -> list[FederatedResource]:
    """Store all or none, and have them scheduled after the commit.

    A resource that has a key is an edit of the ``generation`` that it carries: raises ``StaleEdit``
    when the stored one is newer. Raises ``IntegrityError`` for a name that is taken.
    """
    new = [resource for resource in resources if resource.pk is None]
    for resource in new:
        resource.created_by_id = user.pk if user else None
    FederatedResource.objects.bulk_create(new)
    edited = [resource for resource in resources if resource not in new]
    for resource in edited:
        _update(resource)
    _announce([resource.pk for resource in resources])
    return list(resources)


def _update(resource: FederatedResource) -> None:
    stored = FederatedResource.objects.select_for_update().get(pk=resource.pk)
    if stored.generation != resource.generation or stored.deletion_requested_at:
        raise StaleEdit(stored)
    if any(getattr(stored, name) != getattr(resource, name) for name in SPEC):
        resource.generation += 1
    resource.updated_at = timezone.now()
    resource.save(update_fields=[*SPEC, "description", "generation", "updated_at"])


def request_deletion(resource: FederatedResource, *, orphan: bool = False) -> None:
    """Remove the objects from every member (or, orphaning, only our label), then the resource itself."""
    with transaction.atomic():
        FederatedResource.objects.filter(pk=resource.pk, deletion_requested_at=None).update(
            deletion_requested_at=timezone.now(), orphan=orphan, generation=F("generation") + 1
        )
        _announce([resource.pk])


def _announce(pks: list[int]) -> None:
    live.announce("workloads", pks)
    transaction.on_commit(lambda: wake(tasks.schedule, pks))
