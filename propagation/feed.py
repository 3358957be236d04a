"""The activity feed: what was done to what, by whom, and why."""

from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from clusters import live
from propagation.models import Activity, FederatedResource

#: How long the feed remembers.
KEPT = timedelta(days=90)

#: The group that is told of a new line.
GROUP = "activity"


def tell(
    verb: str, resources: Iterable[FederatedResource], user: AbstractBaseUser | None, message: str = ""
) -> None:
    """One line per resource, with the same words."""
    write([line(verb, resource, user, message) for resource in resources])


def line(
    verb: str, resource: FederatedResource, user: AbstractBaseUser | None = None, message: str = ""
) -> Activity:
    """A line that is not written yet; without a user, the console itself did it."""
    actor = user.pk if user else None
    return Activity(actor_id=actor, verb=verb, resource=resource, subject=str(resource), message=message)


def write(lines: list[Activity]) -> None:
    """Write lines, and tell open pages."""
    if lines:
        Activity.objects.bulk_create(lines)
        live.announce(GROUP, [written.pk for written in lines if written.pk])


def forget() -> None:
    """Drop what is older than the feed remembers."""
    Activity.objects.filter(at__lt=timezone.now() - KEPT).delete()
