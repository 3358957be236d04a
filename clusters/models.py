"""Member clusters: what is known of them, and the steps of joining and leaving."""

import re
import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clusters.domain import conditions, labels, taints
from clusters.domain.connections import Connection, Credential
from clusters.domain.labels import DNS_LABEL
from clusters.fields import EncryptedJSONField


class Phase(models.TextChoices):
    """Where a cluster is in its membership; its health is another matter (``conditions``)."""

    PENDING = "Pending", _("Pending")
    JOINING = "Joining", _("Joining")
    JOINED = "Joined", _("Joined")
    DETACHING = "Detaching", _("Detaching")
    DETACH_FAILED = "DetachFailed", _("Detach failed")


class Preset(models.TextChoices):
    """How much the console may do in a member; the rules are in ``domain.permissions``."""

    NAMESPACES = "namespaces", _("Deploy to chosen namespaces")
    DEPLOY = "deploy", _("Read all and deploy anywhere")
    ADMIN = "cluster-admin", _("Cluster administrator")


def valid_labels(value: Any) -> None:
    """Refuse what no API server would accept as labels."""
    try:
        labels.validate(value)
    except labels.InvalidLabel as error:
        raise ValidationError(str(error)) from None


def valid_namespaces(value: Any) -> None:
    """Refuse what is not a list of namespaces' names."""
    for name in value:
        if not re.match(DNS_LABEL, str(name)):
            raise ValidationError(_("%(name)s is not the name of a namespace."), params={"name": name})


def valid_taints(value: Any) -> None:
    """Refuse what no scheduler would understand as taints."""
    try:
        taints.validate(value)
    except taints.InvalidTaint as error:
        raise ValidationError(str(error)) from None


class Cluster(models.Model):
    """A member cluster.

    Columns are grouped by their one writer: people (through forms), joining, probing.
    """

    # People
    name = models.CharField(
        max_length=63,
        unique=True,
        validators=[RegexValidator(DNS_LABEL, _("Use lower-case letters, digits and hyphens."))],
    )
    description = models.CharField(max_length=500, blank=True)
    labels = models.JSONField(default=dict, blank=True, validators=[valid_labels])
    provider = models.CharField(max_length=63, blank=True)
    cordoned = models.BooleanField(default=False)
    # ``{key, value, effect}``: what does not tolerate them is not placed here (``NoSchedule``), or
    # does not stay either (``NoExecute``).
    taints = models.JSONField(default=list, blank=True, validators=[valid_taints])
    server = models.CharField(max_length=2048)
    ca_bundle = models.TextField(blank=True)
    tls_server_name = models.CharField(max_length=253, blank=True)
    insecure_skip_tls_verify = models.BooleanField(default=False)
    proxy_url = models.CharField(max_length=2048, blank=True)
    preset = models.CharField(max_length=20, choices=Preset, default=Preset.DEPLOY)
    permitted_namespaces = models.JSONField(default=list, blank=True, validators=[valid_namespaces])
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    # Joining: the uploaded credential is replaced by one of our own
    credential = EncryptedJSONField(null=True, editable=False)
    credential_expires_at = models.DateTimeField(null=True, editable=False)
    # Set with the first credential of our own: until then, the uploaded one is in use.
    credential_renew_at = models.DateTimeField(null=True, editable=False)
    phase = models.CharField(max_length=20, choices=Phase, default=Phase.PENDING)
    # The UID of its kube-system namespace; null while unknown, since empty strings would not be unique.
    uid = models.CharField(max_length=64, unique=True, null=True, editable=False)  # noqa: DJ001
    joined_at = models.DateTimeField(null=True, editable=False)

    # Probing. ``region`` and ``zones`` may be given by people first; an observed node label wins.
    # Before a cluster has joined, ``reason`` and ``message`` are joining's: why it does not get on.
    region = models.CharField(max_length=63, blank=True)
    zones = models.JSONField(default=list, blank=True)
    version = models.CharField(max_length=63, blank=True, editable=False)
    ready = models.CharField(max_length=10, default=conditions.Status.UNKNOWN, editable=False)
    offline = models.CharField(max_length=10, default=conditions.Status.UNKNOWN, editable=False)
    reason = models.CharField(max_length=63, blank=True, editable=False)
    message = models.TextField(blank=True, editable=False)
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    successes = models.PositiveSmallIntegerField(default=0, editable=False)
    last_probe_time = models.DateTimeField(null=True, editable=False)
    last_transition_time = models.DateTimeField(null=True, editable=False)
    nodes_ready = models.PositiveIntegerField(null=True, editable=False)
    nodes_total = models.PositiveIntegerField(null=True, editable=False)
    cpu_capacity_millis = models.PositiveBigIntegerField(null=True, editable=False)
    memory_capacity_bytes = models.PositiveBigIntegerField(null=True, editable=False)
    # Served kinds, as ``domain.served`` writes them.
    api_resources = models.JSONField(default=list, editable=False)

    # Placing: the clusters, as everything was placed among them last (``Round.fingerprint``)
    placed_among = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("clusters:detail", args=[self.name])

    @property
    def connection(self) -> Connection:
        """How to reach it now, credential included (``repr`` hides that)."""
        return Connection(
            server=self.server,
            ca_bundle=self.ca_bundle,
            tls_server_name=self.tls_server_name,
            insecure_skip_tls_verify=self.insecure_skip_tls_verify,
            proxy_url=self.proxy_url,
            credential=Credential(**(self.credential or {})),
        )

    def state_at(self, now: datetime) -> conditions.ClusterState:
        """The one word people see, from membership, health, and the age of the last report."""
        return conditions.state(
            phase=self.phase,
            cordoned=self.cordoned,
            ready=self.ready,
            offline=self.offline,
            reason=self.reason,
            nodes_ready=self.nodes_ready,
            nodes_total=self.nodes_total,
            last_probe_time=self.last_probe_time,
            now=now,
        )

    @property
    def state(self) -> conditions.ClusterState:
        return self.state_at(timezone.now())

    @property
    def cpu_cores(self) -> int | None:
        """Whole CPUs of all nodes; None while unknown."""
        return None if self.cpu_capacity_millis is None else self.cpu_capacity_millis // 1000

    @property
    def selection_labels(self) -> dict[str, str]:
        """What a ``clusterSelector`` matches against."""
        own: dict[str, str] = self.labels
        return own


class Console(models.Model):
    """This console's identity: the mark that it leaves in its members, so that no other one takes them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    singleton = models.BooleanField(default=True, unique=True, editable=False)

    def __str__(self) -> str:
        return str(self.id)

    @classmethod
    def identity(cls) -> str:
        """The id, made up on first use; the database lets only one be."""
        return str(cls.objects.get_or_create(singleton=True)[0].id)


class JoinStep(models.Model):
    """One line of the live checklist of a join or an unjoin."""

    class Operation(models.TextChoices):
        JOIN = "join", _("Join")
        UNJOIN = "unjoin", _("Unjoin")

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        SKIPPED = "skipped", _("Skipped")

    cluster = models.ForeignKey(Cluster, models.CASCADE, related_name="steps")
    operation = models.CharField(max_length=10, choices=Operation)
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=63)
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    reason = models.CharField(max_length=63, blank=True)
    message = models.TextField(blank=True)
    hint = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["operation", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["cluster", "operation", "name"], name="one_step_of_a_name")
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.cluster_id}: {self.name}"
