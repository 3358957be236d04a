"""Federated resources as KubeFed's documents, with the status that KubeFed would report."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from propagation.domain import manifests
from propagation.domain.manifests import Manifest
from propagation.domain.statuses import ConditionReason, Delivery, PropagationStatus
from propagation.fragments import detail
from propagation.fragments.detail import DetailRow
from propagation.fragments.workloads import AnyUser
from propagation.models import FederatedResource

Object = dict[str, Any]

#: Resources of one download: writing YAML takes its time.
MOST = 500


#: Where the objects of a kind keep what only those may read who may change it.
CONFIDENTIAL = {"Secret": ("data", "stringData")}
HIDDEN = "(hidden)"


def _concealed(found: Manifest) -> Manifest:
    """Without the values of a Secret, in its template and in its overrides."""
    names = CONFIDENTIAL.get(found.type.kind, ())
    template = {name: HIDDEN if name in names else value for name, value in found.template.items()}
    overrides = [
        {
            **entry,
            "clusterOverrides": [_without_value(one, names) for one in entry.get("clusterOverrides") or []],
        }
        for entry in found.overrides
    ]
    return replace(found, template=template, overrides=overrides)


def _without_value(operation: Object, names: Sequence[str]) -> Object:
    first = f"{operation['path']}/".split("/")[1]
    return {**operation, "value": HIDDEN} if first in names and "value" in operation else operation


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
    )


def text(resources: Iterable[FederatedResource], reader: AnyUser) -> str:
    """YAML documents without a status: what can be pasted again."""
    return manifests.dump([manifests.document(_readable(resource, reader)) for resource in resources])


def text_with_status(resource: FederatedResource, reader: AnyUser, now: datetime) -> str:
    """One document with its status."""
    rows = detail.rows(resource.propagations.all(), resource, now)
    return manifests.dump([manifests.document(_readable(resource, reader), status(resource, rows))])


def _readable(resource: FederatedResource, reader: AnyUser) -> Manifest:
    may_read = reader.has_perm("propagation.change_federatedresource")
    return manifest(resource) if may_read else _concealed(manifest(resource))


def status(resource: FederatedResource, rows: Sequence[DetailRow]) -> Object:
    """KubeFed's status: the condition ``Propagation``, and a status for every cluster that was tried."""
    condition: Object = {"type": "Propagation", "status": "True"}
    scheduled = resource.observed_generation == resource.generation
    if not scheduled or any(_status(row) != PropagationStatus.OK or not _applied(row) for row in rows):
        condition |= {"status": "False", "reason": ConditionReason.CHECK_CLUSTERS.value}
    if resource.placement_reason:
        condition |= {"status": "False", "reason": resource.placement_reason}
    if moments := [row.propagation.delivered_at for row in rows if row.propagation.delivered_at]:
        condition["lastUpdateTime"] = max(moments).strftime("%Y-%m-%dT%H:%M:%SZ")
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
