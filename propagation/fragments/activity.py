"""The activity feed as people read it."""

from dataclasses import dataclass
from functools import cached_property

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse

from clusters.fragments import tables
from clusters.fragments.tables import Page
from propagation.models import Activity, FederatedResource

#: Lines of a page, and on the page of a workload.
SIZE = 50
NEWEST = 10
#: People who can be chosen in the filter.
PEOPLE = 500

Verb = Activity.Verb

#: Tone and icon of each verb.
LOOKS: dict[str, tuple[str, str]] = {
    Verb.CREATED: ("ok", "plus"),
    Verb.CHANGED: ("progress", "edit"),
    Verb.ROLLED_BACK: ("warn", "undo"),
    Verb.DELETED: ("error", "trash"),
    Verb.REPAIRED: ("progress", "refresh"),
    Verb.REVEALED: ("warn", "eye"),
    Verb.REPLANNED: ("progress", "scale"),
    Verb.ADOPTED: ("ok", "download"),
    Verb.IMPORTED: ("ok", "upload"),
    Verb.ENABLED: ("ok", "check"),
    Verb.DISABLED: ("paused", "zero"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the feed; ``actor`` is empty where the console itself did it."""

    activity: Activity

    @property
    def pk(self) -> int:
        return self.activity.pk

    @property
    def actor(self) -> str:
        actor = self.activity.actor
        return actor.get_username() if actor else ""

    @property
    def tone(self) -> str:
        return LOOKS.get(self.activity.verb, ("unknown", "activity"))[0]

    @property
    def icon(self) -> str:
        return LOOKS.get(self.activity.verb, ("unknown", "activity"))[1]

    @property
    def url(self) -> str:
        """Where it was done to is, unless that is gone."""
        pk = self.activity.resource_id
        return reverse("propagation:detail", args=[pk]) if pk else ""


def lines(found: QuerySet[Activity]) -> list[Line]:
    """Lines, with their actors."""
    return [Line(one) for one in found.select_related("actor")]


class Feed:
    """The page of the feed that an address asks for, newest first."""

    def __init__(self, query: QueryDict) -> None:
        self.where = tables.address(
            reverse("propagation:activity"), query, ("verb", "actor", "resource", "page")
        )

    @property
    def verb(self) -> str:
        wanted = self.where.text("verb")
        return wanted if wanted in Verb.values else ""

    @property
    def actor(self) -> str:
        """A name, or a hyphen for the console itself."""
        return self.where.text("actor")

    @cached_property
    def resource(self) -> FederatedResource | None:
        """The one whose lines are asked for."""
        pk = tables.number(self.where.text("resource"))
        return FederatedResource.objects.select_related("type").filter(pk=pk).first() if pk else None

    @property
    def filtered(self) -> bool:
        return bool(self.verb or self.actor or self.where.text("resource"))

    def _found(self) -> QuerySet[Activity]:
        found = Activity.objects.all()
        if self.verb:
            found = found.filter(verb=self.verb)
        if self.actor == "-":
            found = found.filter(actor=None)
        elif self.actor:
            found = found.filter(actor__username=self.actor)
        if self.where.text("resource"):
            found = found.filter(resource=self.resource) if self.resource else found.none()
        return found

    @cached_property
    def page(self) -> Page:
        return tables.page(self.where, "page", SIZE, self._found().count())

    @cached_property
    def lines(self) -> list[Line]:
        return lines(self._found()[self.page.start : self.page.start + SIZE])

    @property
    def verbs(self) -> list[tuple[str, str]]:
        """What can be chosen."""
        return [(verb.value, str(verb.label)) for verb in Verb]

    @cached_property
    def people(self) -> list[str]:
        """Who has ever done something."""
        actors = Activity.objects.exclude(actor=None).values("actor")
        names = get_user_model().objects.filter(pk__in=actors).order_by("username")
        return list(names.values_list("username", flat=True)[:PEOPLE])


class Timeline:
    """The newest lines of one workload."""

    def __init__(self, resource: FederatedResource) -> None:
        self.resource = resource

    @property
    def pk(self) -> int:
        return self.resource.pk

    @cached_property
    def lines(self) -> list[Line]:
        return lines(self.resource.activities.all()[:NEWEST])

    @property
    def url(self) -> str:
        """All of them."""
        return f"{reverse('propagation:activity')}?resource={self.pk}"
