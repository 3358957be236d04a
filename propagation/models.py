"""What is federated, and how each object fares in each member cluster."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connections, models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clusters.domain.references import ObjectReference, ResourceType
from clusters.fields import EncryptedJSONField
from clusters.models import Cluster, valid_namespaces
from propagation import scopes
from propagation.domain import statuses


class FederatedType(models.Model):
    """A kind that may be federated; the built-in ones come with a migration."""

    name = models.CharField(max_length=253, unique=True)
    group = models.CharField(max_length=253, blank=True)
    version = models.CharField(max_length=63)
    kind = models.CharField(max_length=63)
    plural = models.CharField(max_length=63)
    namespaced = models.BooleanField(default=True)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def resource_type(self) -> ResourceType:
        return ResourceType(self.group, self.version, self.kind, self.plural, self.namespaced)

    @property
    def federated_kind(self) -> str:
        return f"Federated{self.kind}"


class ConflictPolicy(models.TextChoices):
    """What to do when an object is there that we did not create; KubeFed adopts it."""

    ADOPT = "adopt", _("Adopt")
    REFUSE = "refuse", _("Refuse")
    OVERWRITE = "overwrite", _("Overwrite")


class FederatedResourceQuerySet(models.QuerySet["FederatedResource"]):
    def finished(self) -> "FederatedResourceQuerySet":
        """Resources that are being deleted, and of which no cluster holds anything any more."""
        return self.filter(deletion_requested_at__isnull=False, propagations=None)


_FederatedResources = models.Manager.from_queryset(FederatedResourceQuerySet)


class FederatedResourceManager(_FederatedResources["FederatedResource"]):
    """Shows what whoever is being served may see."""

    def get_queryset(self) -> FederatedResourceQuerySet:
        return FederatedResourceQuerySet(self.model, using=self._db).filter(scopes.Filter().q())


class FederatedResource(models.Model):
    """Template, placement and overrides: what people want, in KubeFed's shape.

    ``template`` lacks apiVersion, kind, name and namespace. ``placement`` holds KubeFed's ``clusters`` or
    ``clusterSelector``, and what narrows them (``domain.placement``). ``overrides`` is KubeFed's list.
    Template and overrides are encrypted, since they hold what Secrets and environments hold.
    ``replica_scheduling`` is the spec of a ReplicaSchedulingPreference (``domain.replicas``), or empty.
    People write everything but ``observed_generation``, ``placement_reason`` and ``placement_message``,
    which belong to scheduling.
    """

    type = models.ForeignKey(FederatedType, models.PROTECT, related_name="resources")
    namespace = models.CharField(max_length=63, blank=True)
    name = models.CharField(max_length=253)
    labels = models.JSONField(default=dict, blank=True)
    annotations = models.JSONField(default=dict, blank=True)
    description = models.CharField(max_length=500, blank=True)
    template = EncryptedJSONField(default=dict)
    placement = models.JSONField(default=dict)
    overrides = EncryptedJSONField(default=list, blank=True)
    replica_scheduling = models.JSONField(default=dict, blank=True)
    retain_replicas = models.BooleanField(default=False)
    # ConfigMaps, Secrets, service accounts and claims that are named go where this goes.
    follow_dependencies = models.BooleanField(default=True)
    # What the template names, as ``configmaps/name`` (``domain.dependencies``); written with it.
    dependencies = models.JSONField(default=list, editable=False)
    # What others change in the members is shown, and left as it is.
    suspend_repair = models.BooleanField(default=False)
    conflict_policy = models.CharField(max_length=10, choices=ConflictPolicy, default=ConflictPolicy.ADOPT)
    # It came from KubeFed: what that left in the members is not written as long as nothing differs.
    adopt_in_place = models.BooleanField(default=False, editable=False)
    generation = models.PositiveBigIntegerField(default=1, editable=False)
    deletion_requested_at = models.DateTimeField(null=True, editable=False)
    orphan = models.BooleanField(default=False, editable=False)
    # A namespace may hold what is not ours: it goes only when somebody said so.
    delete_contents = models.BooleanField(default=False, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    observed_generation = models.PositiveBigIntegerField(default=0, editable=False)
    placement_reason = models.CharField(max_length=63, blank=True, editable=False)
    placement_message = models.TextField(blank=True, editable=False)

    objects = FederatedResourceManager()

    class Meta:
        ordering: ClassVar = ["namespace", "name", "type_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["type", "namespace", "name"], name="one_resource_of_a_name")
        ]

    def __str__(self) -> str:
        return str(self.reference)

    def get_absolute_url(self) -> str:
        return reverse("propagation:detail", args=[self.pk])

    @property
    def reference(self) -> ObjectReference:
        return ObjectReference(self.type.resource_type, self.namespace, self.name)


class Revision(models.Model):
    """What a resource wanted in one generation: kept for looking back and for going back.

    ``spec`` maps the names of ``changes.SPEC`` to their values.
    """

    resource = models.ForeignKey(FederatedResource, models.CASCADE, related_name="revisions")
    generation = models.PositiveBigIntegerField()
    spec = EncryptedJSONField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar = ["-generation"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["resource", "generation"], name="one_revision_per_generation")
        ]

    def __str__(self) -> str:
        return f"{self.resource_id} at {self.generation}"


class ActivityManager(models.Manager["Activity"]):
    """Shows what whoever is being served may see; to somebody limited, only what is about a resource."""

    def get_queryset(self) -> models.QuerySet["Activity"]:
        return super().get_queryset().filter(scopes.Filter("resource__").q())


class Activity(models.Model):
    """One line of the activity feed: what somebody (or, without an actor, the console itself) did and why.

    ``subject`` names what it was done to, which the feed can still tell when that is gone.
    """

    class Verb(models.TextChoices):
        CREATED = "created", _("created")
        CHANGED = "changed", _("changed")
        ROLLED_BACK = "rolled-back", _("rolled back")
        DELETED = "deleted", _("asked to delete")
        REPAIRED = "repaired", _("asked to repair")
        REVEALED = "revealed", _("looked at the values of")
        REPLANNED = "replanned", _("replanned")
        ADOPTED = "adopted", _("adopted")
        IMPORTED = "imported", _("imported")
        ENABLED = "enabled", _("enabled")
        DISABLED = "disabled", _("disabled")

    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    verb = models.CharField(max_length=20, choices=Verb)
    resource = models.ForeignKey(FederatedResource, models.SET_NULL, null=True, related_name="activities")
    subject = models.CharField(max_length=400)
    message = models.TextField(blank=True)

    objects = ActivityManager()

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        verbose_name_plural = "activities"

    def __str__(self) -> str:
        return f"{self.verb} {self.subject}"


class PropagationQuerySet(models.QuerySet["Propagation"]):
    def record(self, changes: Sequence[Mapping[str, Any]], guard: str = "") -> None:
        """Write rows that differ from each other, in one round trip.

        Each mapping has ``pk`` and the same further column names. With a ``guard`` column, a row is only
        written while it still holds that value of the mapping. ``bulk_update`` builds a CASE for every
        column and row, which costs more than the requests to the members; the drivers' ``executemany``
        sends one prepared statement instead.
        """
        if not changes:
            return
        keys = ["id", guard] if guard else ["id"]
        names = [name for name in changes[0] if name not in ("pk", guard)]
        by_name = {field.name: field for field in self.model._meta.concrete_fields}
        fields = [by_name[name] for name in [*names, *keys]]
        connection = connections[self.db]
        columns = [f"{connection.ops.quote_name(str(field.column))} = %s" for field in fields]
        assignments, conditions = columns[: len(names)], columns[len(names) :]
        table = connection.ops.quote_name(self.model._meta.db_table)
        statement = f"UPDATE {table} SET {', '.join(assignments)} WHERE {' AND '.join(conditions)}"  # noqa: S608
        values = ({"id": row["pk"], **row} for row in changes)
        rows = [[field.get_db_prep_save(row[field.name], connection) for field in fields] for row in values]
        with transaction.atomic(using=self.db), connection.cursor() as cursor:
            cursor.executemany(statement, rows)

    def dirty(self) -> "PropagationQuerySet":
        """Rows whose last wish was not carried out yet."""
        return self.filter(desired_generation__gt=F("applied_generation"))

    def drifted(self) -> "PropagationQuerySet":
        """Rows that were settled, and whose object was changed or removed by somebody else."""
        clean = self.filter(desired_generation=F("applied_generation")).exclude(applied_hash="")
        return clean.exclude(live_owned="").exclude(live_owned=F("applied_owned"))

    def due(self, now: Any) -> "PropagationQuerySet":
        """Dirty rows that are not waiting for the end of a backoff; of a disabled kind, only removals."""
        ripe = Q(next_attempt_at=None) | Q(next_attempt_at__lte=now)
        return self.dirty().filter(ripe, Q(selected=False) | Q(resource__type__enabled=True))


_Propagations = models.Manager.from_queryset(PropagationQuerySet)


class PropagationManager(_Propagations["Propagation"]):
    """Shows what whoever is being served may see."""

    def get_queryset(self) -> PropagationQuerySet:
        return PropagationQuerySet(self.model, using=self._db).filter(scopes.Filter("resource__").q())


class Propagation(models.Model):
    """One federated resource in one member cluster. Columns are grouped by their one writer."""

    resource = models.ForeignKey(FederatedResource, models.CASCADE, related_name="propagations")
    cluster = models.ForeignKey(Cluster, models.CASCADE, related_name="propagations")

    # Scheduling
    selected = models.BooleanField(default=True)
    replicas = models.PositiveIntegerField(null=True)

    # A counter that any activity may raise ("look at this again"); never lowered.
    desired_generation = models.PositiveBigIntegerField(default=1)

    # Dispatching
    applied_generation = models.PositiveBigIntegerField(default=0)
    applied_revision = models.PositiveBigIntegerField(default=0)
    applied_hash = models.CharField(max_length=64, blank=True)
    applied_owned = models.CharField(max_length=64, blank=True)
    uid = models.CharField(max_length=64, blank=True)
    delivery = models.CharField(max_length=20, default=statuses.Delivery.QUEUED)
    reason = models.CharField(max_length=63, blank=True)
    message = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    removal_asked_at = models.DateTimeField(null=True)

    # Observing. The version is the live object's resourceVersion: an older report never replaces a newer.
    live_version = models.PositiveBigIntegerField(default=0)
    live_owned = models.CharField(max_length=64, blank=True)
    rollout = models.CharField(max_length=20, default=statuses.Rollout.UNKNOWN)
    rollout_reason = models.CharField(max_length=63, blank=True)
    rollout_message = models.TextField(blank=True)
    ready_replicas = models.PositiveIntegerField(null=True)
    total_replicas = models.PositiveIntegerField(null=True)
    # Pods that no node has had room for during the last minute or longer.
    unschedulable_replicas = models.PositiveIntegerField(default=0)
    hint_reason = models.CharField(max_length=63, blank=True)
    last_event = models.TextField(blank=True)
    last_event_at = models.DateTimeField(null=True)
    observed_at = models.DateTimeField(null=True)

    objects = PropagationManager()

    class Meta:
        ordering: ClassVar = ["cluster__name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["resource", "cluster"], name="one_propagation_per_cluster")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["cluster", "next_attempt_at"],
                condition=Q(desired_generation__gt=F("applied_generation")),
                name="dirty_by_cluster",
            )
        ]

    def __str__(self) -> str:
        return f"{self.resource_id} in {self.cluster_id}"

    @property
    def dirty(self) -> bool:
        return self.desired_generation > self.applied_generation

    @property
    def drifted(self) -> bool:
        """Whether the fields that we own in the live object are no longer those that we applied."""
        return bool(self.applied_hash) and self.live_owned not in ("", self.applied_owned)


class NamespaceScope(models.Model):
    """The namespaces that the people of a group are limited to; see ``scopes``."""

    group = models.OneToOneField(Group, models.CASCADE, related_name="namespace_scope")
    namespaces = models.JSONField(default=list, blank=True, validators=[valid_namespaces])

    def __str__(self) -> str:
        return f"namespaces of {self.group}"


class ClusterCapacity(models.Model):
    """What a cluster has free, for preferences that ask for it: its nodes' CPU without its pods' requests."""

    cluster = models.OneToOneField(Cluster, models.CASCADE, related_name="capacity", primary_key=True)
    free_cpu_millis = models.PositiveBigIntegerField()
    observed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "cluster capacities"

    def __str__(self) -> str:
        return f"capacity of {self.cluster_id}"


class Drain(models.Model):
    """The claim that lets at most one drain work on a cluster; it lapses when its holder was killed."""

    cluster = models.OneToOneField(Cluster, models.CASCADE, related_name="drain", primary_key=True)
    holder = models.CharField(max_length=300, blank=True)
    claimed_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "drain"

    def __str__(self) -> str:
        return f"drain of {self.cluster_id}"
