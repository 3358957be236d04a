"""Federated resources as KubeFed's documents, with the status that KubeFed would report."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from clusters.domain import conditions
from clusters.models import Cluster
from propagation.domain import kubefed_clusters, manifests, preferences, type_configs, types
from propagation.domain.confidential import Veil
from propagation.domain.kubefed_clusters import KubeFedCluster
from propagation.domain.manifests import Manifest
from propagation.domain.preferences import SchedulingPreference
from propagation.domain.statuses import ConditionReason, Delivery, PropagationStatus
from propagation.fragments import detail
from propagation.fragments.detail import DetailRow
from propagation.fragments.workloads import AnyUser
from propagation.models import FederatedResource, FederatedType

Object = dict[str, Any]

#: Resources of one download: writing YAML takes its time.
MOST = 5_000

_BUILT_IN = frozenset(kind.name for kind in types.BUILT_IN)

#: What a cluster's document is written from; never its credential.
_CLUSTER_COLUMNS = (
    *("name", "labels", "server", "ca_bundle", "insecure_skip_tls_verify", "proxy_url", "region", "zones"),
    *("ready", "offline", "reason", "message", "last_probe_time", "last_transition_time"),
)


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes what this reader may read, as of this moment; ``with_status`` also how it fares.

    Without ``revealing``, the values of Secrets are hidden from everybody.
    """

    reader: AnyUser
    now: datetime
    with_status: bool = False
    revealing: bool = False

    def everything(self, resources: Iterable[FederatedResource]) -> list[Object]:
        """These resources, with the kinds and the clusters that they are about in front of them."""
        return [*self._kinds(), *self._clusters(), *self.resources(resources)]

    def resources(self, resources: Iterable[FederatedResource]) -> list[Object]:
        """Every resource, followed by its preference where it has one."""
        chosen = list(resources)
        rows = detail.rows_of_all(chosen, self.now) if self.with_status else {}
        return [document for one in chosen for document in self._resource(one, rows.get(one.pk))]

    def _resource(self, resource: FederatedResource, rows: list[DetailRow] | None) -> list[Object]:
        may_read = self.revealing and self.reader.has_perm("propagation.change_federatedresource")
        found = manifest(resource) if may_read else _concealed(manifest(resource))
        written = [manifests.document(found, None if rows is None else status(resource, rows))]
        if resource.replica_scheduling:
            written.append(preferences.document(_preference(resource)))
        return written

    def _kinds(self) -> list[Object]:
        """What is not as it is in a new console."""
        found = [one for one in FederatedType.objects.all() if one.name not in _BUILT_IN or not one.enabled]
        return [
            type_configs.document(type_configs.of(one.resource_type, enabled=one.enabled)) for one in found
        ]

    def _clusters(self) -> list[Object]:
        found = Cluster.objects.only(*_CLUSTER_COLUMNS).order_by("name")
        return [
            kubefed_clusters.document(_cluster_value(one), _cluster_status(one) if self.with_status else None)
            for one in found
        ]


def _concealed(found: Manifest) -> Manifest:
    """Without the values of a Secret, in its template and in its overrides."""
    veil = Veil(found.type.kind)
    template, overrides = veil.conceal(found.template), veil.conceal_overrides(found.overrides)
    return replace(found, template=template, overrides=overrides)


def manifest(resource: FederatedResource) -> Manifest:
    """A resource as the domain's value."""
    return Manifest(
        type=resource.type.resource_type,
        namespace=resource.namespace,
        name=resource.name,
        template=resource.template,
        placement=resource.placement,
        overrides=resource.overrides,
        retain_replicas=resource.retain_replicas,
        labels=resource.labels,
        annotations=resource.annotations,
        conflict_policy=resource.conflict_policy,
        suspend_repair=resource.suspend_repair,
        follow_dependencies=resource.follow_dependencies,
    )


def _preference(resource: FederatedResource) -> SchedulingPreference:
    return SchedulingPreference(
        resource.type.kind, resource.namespace, resource.name, resource.replica_scheduling
    )


def text(resources: Iterable[FederatedResource], reader: AnyUser, now: datetime) -> str:
    """YAML documents without a status and without secret values: what can be edited and pasted again."""
    return manifests.dump(Writer(reader, now).resources(resources))


def text_with_status(
    resource: FederatedResource, reader: AnyUser, now: datetime, *, revealing: bool = False
) -> str:
    """One resource's documents, with its status; ``revealing`` also the values of a Secret."""
    writer = Writer(reader, now, with_status=True, revealing=revealing)
    return manifests.dump(writer.resources([resource]))


def status(resource: FederatedResource, rows: Sequence[DetailRow]) -> Object:
    """KubeFed's status: the condition ``Propagation``, and a status for every cluster that was tried."""
    condition: Object = {"type": "Propagation", "status": "True"}
    scheduled = resource.observed_generation == resource.generation
    if not scheduled or any(_status(row) != PropagationStatus.OK or not _applied(row) for row in rows):
        condition |= {"status": "False", "reason": ConditionReason.CHECK_CLUSTERS.value}
    if resource.placement_reason:
        condition |= {"status": "False", "reason": resource.placement_reason}
    if moments := [row.propagation.delivered_at for row in rows if row.propagation.delivered_at]:
        condition["lastUpdateTime"] = _moment(max(moments))
    return {
        "observedGeneration": resource.observed_generation,
        "conditions": [condition],
        "clusters": [_cluster(row) for row in sorted(rows, key=lambda row: row.cluster.name)],
    }


def _applied(row: DetailRow) -> bool:
    return row.delivery is Delivery.APPLIED


def _status(row: DetailRow) -> str:
    return row.propagation.reason if row.reporting else PropagationStatus.CLUSTER_NOT_READY


def _cluster(row: DetailRow) -> Object:
    found: Object = {"name": row.cluster.name}
    return {**found, "status": str(_status(row))} if _status(row) else found


def _cluster_value(cluster: Cluster) -> KubeFedCluster:
    return KubeFedCluster(
        name=cluster.name,
        api_endpoint=cluster.server,
        ca_bundle=cluster.ca_bundle,
        disabled_tls_validations=(kubefed_clusters.ALL,) if cluster.insecure_skip_tls_verify else (),
        proxy_url=cluster.proxy_url,
        labels=cluster.labels,
    )


def _cluster_status(cluster: Cluster) -> Object:
    """KubeFed's conditions: a reason and a message belong to the one that is true."""
    offline = cluster.offline == conditions.Status.TRUE
    written: Object = {
        "conditions": [
            _condition(cluster, "Ready", cluster.ready, told=not offline),
            _condition(cluster, "Offline", cluster.offline, told=offline),
        ]
    }
    if cluster.region:
        written["region"] = cluster.region
    return {**written, "zones": cluster.zones} if cluster.zones else written


def _condition(cluster: Cluster, name: str, value: str, *, told: bool) -> Object:
    written = {"type": name, "status": value}
    if told and cluster.reason:
        written["reason"] = cluster.reason
    if told and cluster.message:
        written["message"] = cluster.message
    if cluster.last_probe_time:
        written["lastProbeTime"] = _moment(cluster.last_probe_time)
    if cluster.last_transition_time:
        written["lastTransitionTime"] = _moment(cluster.last_transition_time)
    return written


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
