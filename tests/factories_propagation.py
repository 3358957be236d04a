"""Federated resources and their propagation, as tests need them."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from clusters.models import Cluster
from propagation.models import FederatedResource, FederatedType, Propagation
from tests import factories

_numbers = count(1)

DEPLOYMENT = {
    "name": "deployments.apps",
    "group": "apps",
    "version": "v1",
    "kind": "Deployment",
    "plural": "deployments",
    "namespaced": True,
}


def deployment_type() -> FederatedType:
    """The type that comes with the migrations, or a new one where there are none."""
    return FederatedType.objects.get_or_create(name=DEPLOYMENT["name"], defaults=DEPLOYMENT)[0]


def template(name: str = "web", *, image: str = "nginx:1.25.3", replicas: int | None = 2) -> dict[str, Any]:
    """A Deployment's template in KubeFed's form."""
    pod = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": name, "image": image}]},
    }
    spec: dict[str, Any] = {"selector": {"matchLabels": {"app": name}}, "template": pod}
    if replicas is not None:
        spec["replicas"] = replicas
    return {"spec": spec}


def cluster(name: str = "", **values: Any) -> Cluster:
    """A member that is well and has just reported."""
    return factories.cluster(name, **{"region": "eu", "version": "v1.29.1", **values})


def unreachable_cluster(name: str = "", **values: Any) -> Cluster:
    """A member that does not answer any more."""
    reason = {"ready": "False", "offline": "True", "reason": "ConnectTimeout"}
    return cluster(name, **{**reason, "message": "No answer within 3 s.", **values})


def workload(name: str = "", **values: Any) -> FederatedResource:
    """A federated Deployment that goes to every cluster, and was scheduled."""
    name = name or f"web-{next(_numbers)}"
    defaults: dict[str, Any] = {
        "type": deployment_type(),
        "name": name,
        "namespace": "default",
        "template": template(name),
        "placement": {"clusterSelector": {}},
        "observed_generation": 1,
    }
    return FederatedResource.objects.create(**{**defaults, **values})


def propagation(resource: FederatedResource, member: Cluster, **values: Any) -> Propagation:
    """A row whose object is applied, complete, and of the newest revision."""
    defaults: dict[str, Any] = {
        "desired_generation": 1,
        "applied_generation": 1,
        "applied_revision": resource.generation,
        "applied_hash": "a" * 64,
        "delivery": "Applied",
        "rollout": "Complete",
        "ready_replicas": 2,
        "total_replicas": 2,
        "observed_at": timezone.now(),
        "delivered_at": timezone.now(),
    }
    return Propagation.objects.create(resource=resource, cluster=member, **{**defaults, **values})


def user(*permissions: str, name: str = "") -> User:
    """Somebody who may do what is named, as ``app.codename``."""
    person = get_user_model().objects.create_user(name or f"person-{next(_numbers)}")
    for permission in permissions:
        app, codename = permission.split(".")
        person.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    assert isinstance(person, User)
    return person


VIEW = ("propagation.view_federatedresource", "clusters.view_cluster")
EDIT = (
    *VIEW,
    "propagation.add_federatedresource",
    "propagation.change_federatedresource",
    "propagation.delete_federatedresource",
)


def long_ago() -> datetime:
    """A moment at which a report is stale by now."""
    return timezone.now() - timedelta(hours=1)
