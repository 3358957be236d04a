"""What integration tests say about federated objects and members, in a few words."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.db.models import F
from kombu import Connection
from kubernetes import client, config

from clusters.domain import permissions
from clusters.domain.references import ResourceType
from clusters.models import Cluster
from fedconsole import settings
from fedconsole.celery import app as celery_app
from fedconsole.sandbox.cluster import SandboxCluster
from fedconsole.sandbox.fleet import Fleet
from propagation import changes
from propagation.models import FederatedResource, FederatedType, Propagation
from tests.deadlines import until
from tests.stack import Stack

#: Seconds that anything may take on a busy machine.
PATIENCE = 60.0


class Member:
    """A member as its administrator sees it, through the official synchronous client."""

    def __init__(self, cluster: SandboxCluster) -> None:
        self.cluster = cluster
        self.name = cluster.name
        api = config.new_client_from_config(config_file=str(cluster.kubeconfig_path))
        self.apps = client.AppsV1Api(api)
        self.core = client.CoreV1Api(api)

    def deployment(self, name: str, namespace: str) -> Any:
        """The Deployment, or None."""
        return _or_none(lambda: self.apps.read_namespaced_deployment(name, namespace))

    def release(self) -> None:
        """Take the cluster away from the console of an earlier test, so that another one may join it."""
        namespace = permissions.NAMESPACE
        _or_none(lambda: self.core.delete_namespace(namespace))
        until(lambda: _or_none(lambda: self.core.read_namespace(namespace)) is None, PATIENCE)

    def applies(self) -> int:
        """How many applies and patches of Deployments the API server has carried out since it started."""
        text = self.core.api_client.call_api("GET", f"{self.cluster.server}/metrics").read().decode()
        lines = [line for line in text.splitlines() if line.startswith("apiserver_request_total{")]
        ours = [
            line
            for line in lines
            if re.search(r'resource="deployments".*subresource="".*verb="(APPLY|PATCH)"', line)
            and re.search(r'code="20[01]"', line)
        ]
        return sum(int(float(line.rsplit(" ", 1)[1])) for line in ours)

    def read(self, path: str) -> dict[str, Any] | None:
        """Any object by its URL path, as JSON, or None."""
        return _or_none(lambda: self._call("GET", path))

    def replace(self, path: str, body: dict[str, Any]) -> bool:
        """PUT, as an editor does; False where somebody else has changed the object meanwhile."""
        try:
            self._call("PUT", path, body)
        except client.ApiException as error:
            if error.status == 409:
                return False
            raise
        return True

    def remove(self, path: str) -> None:
        """DELETE, by hand; raises where it is not there."""
        self._call("DELETE", path)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        answer = self.core.api_client.call_api(method, f"{self.cluster.server}{path}", headers, body)
        text = answer.read()
        if answer.status >= 400:
            raise client.ApiException(status=answer.status, reason=text.decode(errors="replace"))
        return json.loads(text)

    def served(self, kind: ResourceType) -> ResourceType:
        """The kind in the first version of it that this API server has, the kind's own before others."""
        if not kind.group:
            return kind
        group = self._call("GET", f"/apis/{kind.group}")
        others = [one["version"] for one in group["versions"]]
        for version in sorted(others, key=lambda one: (one != kind.version, -others.index(one))):
            listed = self._call("GET", f"/apis/{kind.group}/{version}")
            if version[:2] == kind.version[:2] and any(
                one["name"] == kind.plural for one in listed["resources"]
            ):
                return replace(kind, version=version)
        raise AssertionError(f"{self.name} does not serve {kind.name}")

    def names(self, namespace: str) -> set[str]:
        """The Deployments of a namespace."""
        return {item.metadata.name for item in self.apps.list_namespaced_deployment(namespace).items}

    def versions(self, namespace: str) -> dict[str, tuple[int, list[str]]]:
        """Generations and the times of our writes: both stay when a write of ours changes nothing."""
        found = {}
        for item in self.apps.list_namespaced_deployment(namespace).items:
            ours = [
                str(entry.time) for entry in item.metadata.managed_fields if entry.manager == "fedconsole"
            ]
            found[item.metadata.name] = (item.metadata.generation, ours)
        return found


def _or_none(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except client.ApiException as error:
        if error.status == 404:
            return None
        raise


def template(name: str, *, image: str = "nginx:1.27", replicas: int = 1) -> dict[str, Any]:
    """The template of a Deployment."""
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": image}]}}
    return {"spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod}}


class Federation:
    """The console's processes and its members. ORM calls happen on the console's own database."""

    def __init__(self, stack: Stack, fleet: Fleet) -> None:
        self.stack = stack
        self.members = [Member(cluster) for cluster in fleet]

    def __getitem__(self, name: str) -> Member:
        return next(member for member in self.members if member.name == name)

    def join(self, preset: str = "deploy") -> None:
        """Join every cluster as the shell does, with its region and labels."""
        for member in self.members:
            member.release()
            place = member.cluster.place
            labels = [part for key, value in place.labels.items() for part in ("--label", f"{key}={value}")]
            options = [
                "--kubeconfig",
                str(member.cluster.kubeconfig_path),
                "--region",
                place.region,
                "--preset",
                preset,
                "--wait",
            ]
            self.stack.manage("joincluster", member.name, *options, *labels)

    def create(self, name: str, namespace: str, **fields: Any) -> FederatedResource:
        """A new federated Deployment, in every cluster unless ``placement`` says otherwise."""
        return self.create_all([self.new(name, namespace, **fields)])[0]

    def new(self, name: str, namespace: str, **fields: Any) -> FederatedResource:
        """One that is not stored yet."""
        with self.stack.database():
            kind = FederatedType.objects.get(name="deployments.apps")
        values = {"template": template(name), "placement": {"clusterSelector": {}}, **fields}
        return FederatedResource(type=kind, namespace=namespace, name=name, **values)

    def create_all(self, resources: list[FederatedResource]) -> list[FederatedResource]:
        """Store and schedule."""
        with self.stack.database():
            changes.save_all(resources, None)
        self._schedule(resources)
        return resources

    def _schedule(self, resources: list[FederatedResource]) -> None:
        """The wake-up that a request sends."""
        self.send("propagation.tasks.schedule", [resource.pk for resource in resources])

    def send(self, task: str, keys: list[int]) -> None:
        """Wake a worker: this process has no broker of its own."""
        options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
        with Connection(self.stack.environment["REDIS_URL"], transport_options=options) as broker:
            celery_app.send_task(task, [keys], connection=broker)

    def edit(self, resource: FederatedResource, **fields: Any) -> None:
        """Change some fields, as the form does."""
        with self.stack.database():
            resource.refresh_from_db()
            for name, value in fields.items():
                setattr(resource, name, value)
            changes.save(resource, None)
        self._schedule([resource])

    def look_again(self, resource: FederatedResource) -> None:
        """Have every row of a resource delivered again, as after any doubt."""
        with self.stack.database():
            Propagation.objects.filter(resource=resource).update(
                desired_generation=F("desired_generation") + 1
            )

    def delete(self, resource: FederatedResource, *, orphan: bool = False) -> None:
        with self.stack.database():
            changes.request_deletion(resource, orphan=orphan)
        self._schedule([resource])

    def exists(self, resource: FederatedResource) -> bool:
        with self.stack.database():
            return FederatedResource.objects.filter(pk=resource.pk).exists()

    def rows(self, *resources: FederatedResource) -> list[Propagation]:
        """The rows of these resources, by cluster name."""
        with self.stack.database():
            found = Propagation.objects.filter(resource__in=resources).select_related("cluster")
            return list(found.order_by("cluster__name"))

    def row(self, resource: FederatedResource, cluster: str) -> Propagation:
        """The row of one cluster, once there is one."""
        self.wait_for(lambda: any(row.cluster.name == cluster for row in self.rows(resource)))
        return next(row for row in self.rows(resource) if row.cluster.name == cluster)

    def cluster(self, name: str) -> Cluster:
        with self.stack.database():
            return Cluster.objects.get(name=name)

    def wait_for(self, predicate: Callable[[], Any], message: str = "", timeout: float = PATIENCE) -> Any:
        """Until it is true; a failure shows what the worker said last."""
        try:
            return until(predicate, timeout, message)
        except AssertionError as error:
            logs = "\n".join(self.stack.output(name)[-2_000:] for name in ("worker", "informer"))
            raise AssertionError(f"{error}\n{logs}") from None

    def wait_settled(self, *resources: FederatedResource, clusters: int | None = None) -> None:
        """Until every row is applied and complete."""
        wanted = len(resources) * (clusters or len(self.members))

        def settled() -> bool:
            rows = self.rows(*resources)
            good = [row for row in rows if not row.dirty and row.rollout in ("Complete", "ScaledToZero")]
            return len(rows) == len(good) == wanted

        self.wait_for(settled, "Not every row settled")
