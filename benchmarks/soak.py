"""``make soak``: everything at random for a while, then calm; in the end all must agree.

Three real members, the console's real processes. People create, edit, scale, place, override and delete;
somebody else changes and deletes objects in the members; clusters go into maintenance and change their
labels; wake-ups are lost; processes and API servers are killed and come back. Afterwards the rows have to
be what the placement says, settled, and every member has to hold exactly what is desired, field by field.

Each step draws from its own seed, so that ``--seed`` brings the same steps again, whatever they meet.
"""

import argparse
import base64
import contextlib
import os
import random
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django
import urllib3
from kombu.exceptions import OperationalError

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.db.models import QuerySet  # noqa: E402
from django.utils import timezone  # noqa: E402
from kubernetes.client import ApiException  # noqa: E402

from clusters import changes as cluster_changes  # noqa: E402
from clusters.domain.labels import MANAGED  # noqa: E402
from clusters.domain.references import ObjectReference  # noqa: E402
from fedconsole.sandbox import binaries  # noqa: E402
from fedconsole.sandbox.fleet import Fleet  # noqa: E402
from propagation import changes, dispatching, placing  # noqa: E402
from propagation.domain import rendering, takeover, versions  # noqa: E402
from propagation.models import FederatedResource, FederatedType, Propagation  # noqa: E402
from tests.integration.federation import Federation, Member  # noqa: E402
from tests.stack import Stack  # noqa: E402

Object = dict[str, Any]
Draw = random.Random

CLUSTERS = 3
#: What steps choose from; few names, so that they meet.
NAMESPACES = ("soak-a", "soak-b")
NAMES = ("red", "green", "blue", "grey", "pink")
KINDS = ("deployments.apps", "configmaps", "secrets")
IMAGES = ("nginx:1.26", "nginx:1.27", "nginx:1.28")
PLACEMENTS: tuple[Object, ...] = (
    {"clusterSelector": {}},
    {"clusterSelector": {"matchLabels": {"env": "prod"}}},
    {"clusterSelector": {"matchLabels": {"wave": "second"}}},
    {"clusters": [{"name": "boston"}, {"name": "singapore"}]},
    {"clusters": []},
    {"regions": ["eu-west", "us-east"]},
    {"clusterSelector": {}, "spread": {"maxClusters": 2}},
)
PROCESSES = ("worker", "informer", "web", "redis", "beat")
#: Steps between two calms.
ROUND = 200
#: Seconds until everything must be at rest once nothing happens any more.
CALM = 180.0
#: Seconds in which nothing must be delivered any more: a resync is among them.
REST = 12.0
#: Wake-ups of people's changes that are lost on purpose.
LOST = 0.2
#: Managers of the members' own objects.
STRANGER = "by-hand"


class Soak:
    """The steps, and what they have put out of order until calm."""

    def __init__(self, federation: Federation, fleet: Fleet, seed: int) -> None:
        self.federation = federation
        self.stack = federation.stack
        self.fleet = fleet
        self.seed = seed
        self.done: dict[str, int] = {}
        self._undo: dict[int, list[Callable[[], object]]] = {}
        self._down: set[str] = set()
        self._steps = {
            self.create: 30,
            self.edit: 16,
            self.place: 10,
            self.override: 6,
            self.share: 4,
            self.delete: 8,
            self.drift: 14,
            self.unlabel: 4,
            self.vanish: 6,
            self.maintain: 3,
            self.relabel: 4,
            self.kill: 4,
            self.kill_in_a_burst: 3,
            self.break_member: 2,
        }

    def step(self, number: int) -> None:
        """One step; a step that finds nothing to do is one all the same."""
        for undo in self._undo.pop(number, ()):
            undo()
        draw = Draw(f"{self.seed} {number}")
        (chosen,) = draw.choices(list(self._steps), list(self._steps.values()))
        name = chosen.__name__
        chosen(draw, number)
        self.done[name] = self.done.get(name, 0) + 1
        time.sleep(draw.choice((0.0, 0.0, 0.05, 0.2, 0.6)))

    # What people do

    def create(self, draw: Draw, number: int) -> None:
        kind, namespace, name = draw.choice(KINDS), draw.choice(NAMESPACES), draw.choice(NAMES)
        fields = {"template": _template(draw, kind, name, number), "placement": draw.choice(PLACEMENTS)}
        policy, woken = draw.choice(("adopt", "overwrite")), draw.random() > LOST
        with self.stack.database():
            known = FederatedResource.objects.filter(type__name=kind, namespace=namespace, name=name)
            if known.exists():
                return
            resource = FederatedResource(
                type=FederatedType.objects.get(name=kind), namespace=namespace, name=name, **fields
            )
            resource.conflict_policy = policy
            changes.save(resource, None)
        self._wake(resource, woken)

    def edit(self, draw: Draw, number: int) -> None:
        def change(resource: FederatedResource) -> None:
            resource.template = _template(draw, resource.type.name, resource.name, number)

        self._change(draw, change)

    def place(self, draw: Draw, number: int) -> None:
        placement = draw.choice(PLACEMENTS)
        self._change(draw, lambda resource: setattr(resource, "placement", placement))

    def override(self, draw: Draw, number: int) -> None:
        """Other labels in one cluster, or in those with a label."""
        target: Object = draw.choice(
            ({"clusterName": "boston"}, {"clusterSelector": {"matchLabels": {"wave": "second"}}})
        )
        patch = {"op": "add", "path": "/metadata/labels/override", "value": f"v{number}"}
        wanted = draw.choice(([], [{**target, "clusterOverrides": [patch]}]))
        self._change(draw, lambda resource: setattr(resource, "overrides", wanted))

    def share(self, draw: Draw, number: int) -> None:
        """Replicas by a preference, or by the template again."""
        mode, total = draw.choice(("weighted", "static", "")), draw.randint(0, 9)
        given = (
            {"totalReplicas": total} if mode == "weighted" else {"clusters": {"*": {"replicas": total % 4}}}
        )

        def change(resource: FederatedResource) -> None:
            scalable = mode and resource.type.name == "deployments.apps"
            resource.replica_scheduling = {"mode": mode, **given} if scalable else {}

        self._change(draw, change)

    def delete(self, draw: Draw, number: int) -> None:
        orphan, woken = draw.random() < 0.3, draw.random() > LOST
        with self.stack.database():
            resource = self._some(draw)
            if resource is None:
                return
            changes.request_deletion(resource, orphan=orphan)
        self._wake(resource, woken)

    def _change(self, draw: Draw, change: Callable[[FederatedResource], None]) -> None:
        woken = draw.random() > LOST
        with self.stack.database():
            resource = self._some(draw)
            if resource is None:
                return
            change(resource)
            changes.save(resource, None)
        self._wake(resource, woken)

    def _some(self, draw: Draw) -> FederatedResource | None:
        """The resource of a drawn name that is there, if any."""
        kind, namespace, name = draw.choice(KINDS), draw.choice(NAMESPACES), draw.choice(NAMES)
        found = _living().filter(type__name=kind, namespace=namespace, name=name)
        return found.select_related("type").first()

    def _wake(self, resource: FederatedResource, woken: bool) -> None:
        if woken:
            self._send("propagation.tasks.schedule", [resource.pk])

    def _send(self, task: str, keys: list[int]) -> None:
        with contextlib.suppress(OperationalError, OSError):  # Redis is away: a wake-up more that is lost
            self.federation.send(task, keys)

    # What others do in the members

    def drift(self, draw: Draw, number: int) -> None:
        """Change what is ours, and leave something of one's own."""
        value = f"drift-{number}"
        key = draw.choice(("serial", "own", "theirs"))

        def change(body: Object) -> None:
            if draw.random() < 0.4:
                body["metadata"].setdefault("annotations", {})[STRANGER] = value
            if "data" in body:
                body["data"][key] = value if body["kind"] == "ConfigMap" else "ZHJpZnQ="
            elif "replicas" in body["spec"]:
                body["spec"]["replicas"] = draw.randint(0, 4)

        self._by_hand(draw, change)

    def unlabel(self, draw: Draw, number: int) -> None:
        self._by_hand(draw, lambda body: body["metadata"].get("labels", {}).pop(MANAGED, None))

    def vanish(self, draw: Draw, number: int) -> None:
        member, path = self._somewhere(draw)
        if member:
            with contextlib.suppress(ApiException, urllib3.exceptions.HTTPError):
                member.remove(path)

    def _by_hand(self, draw: Draw, change: Callable[[Object], object]) -> None:
        member, path = self._somewhere(draw)
        if not member:
            return
        with contextlib.suppress(ApiException, urllib3.exceptions.HTTPError):
            body = member.read(path)
            if body:
                change(body)
                member.replace(path, body)

    def _somewhere(self, draw: Draw) -> tuple[Member | None, str]:
        member = draw.choice(self.federation.members)
        path = _path(draw.choice(KINDS), draw.choice(NAMESPACES), draw.choice(NAMES))
        return (None if member.name in self._down else member), path

    # What happens to clusters and processes

    def maintain(self, draw: Draw, number: int) -> None:
        self._edit_cluster(draw, number, {"cordoned": True}, {"cordoned": False})

    def relabel(self, draw: Draw, number: int) -> None:
        cluster = draw.choice(self.fleet.clusters)
        labels = {**cluster.labels, "wave": "second"}
        self._edit_cluster(draw, number, {"labels": labels}, {"labels": cluster.labels}, cluster.name)

    def _edit_cluster(self, draw: Draw, number: int, values: Object, later: Object, name: str = "") -> None:
        name = name or draw.choice(self.fleet.clusters).name
        woken, back_woken = draw.random() > LOST, draw.random() > LOST
        self._write_cluster(name, values, woken)
        self._later(number + draw.randint(5, 40), lambda: self._write_cluster(name, later, back_woken))

    def _write_cluster(self, name: str, values: Object, woken: bool) -> None:
        cluster = self.federation.cluster(name)
        with self.stack.database():
            cluster_changes.edit(cluster, **values)
        if woken:
            self._send("propagation.tasks.clusters_changed", [cluster.pk])

    def kill(self, draw: Draw, number: int) -> None:
        name = draw.choice(PROCESSES)
        self.stack.kill(name)
        self._later(number + draw.randint(1, 12), lambda: self.stack.restart(name))

    def kill_in_a_burst(self, draw: Draw, number: int) -> None:
        """Everything is changed at once, and a process is killed while that is carried out."""
        name, moment = draw.choice(PROCESSES), draw.uniform(0, 0.4)
        with self.stack.database():
            resources = list(_living().select_related("type"))
            for resource in resources:
                resource.template = _template(draw, resource.type.name, resource.name, number)
            changes.save_all(resources, None)
        self._send("propagation.tasks.schedule", [resource.pk for resource in resources])
        time.sleep(moment)
        self.stack.kill(name)
        self._later(number + draw.randint(1, 4), lambda: self.stack.restart(name))

    def break_member(self, draw: Draw, number: int) -> None:
        cluster = draw.choice(self.fleet.clusters)
        how, until = draw.choice(("kill", "freeze", "compact")), number + draw.randint(2, 12)
        if cluster.name in self._down:
            return
        if how == "compact":
            cluster.compact_etcd()
            return
        self._down.add(cluster.name)
        cluster.kill_apiserver() if how == "kill" else cluster.freeze_apiserver()

        def repair() -> None:
            cluster.restart_apiserver() if how == "kill" else cluster.thaw_apiserver()
            self._down.discard(cluster.name)

        self._later(until, repair)

    def _later(self, number: int, undo: Callable[[], object]) -> None:
        self._undo.setdefault(number, []).append(undo)

    # Calm

    def calm(self) -> None:
        """Undo what steps have put out of order, and wait until nothing is left to do."""
        for number in sorted(self._undo):
            for undo in self._undo[number]:
                undo()
        self._undo.clear()
        self.stack.recover()
        for cluster in self.fleet:
            cluster.recover()
        began = time.monotonic()
        while not self._at_rest():
            if time.monotonic() > began + CALM:
                print("\n".join(f"  {difference}" for difference in self.differences()), flush=True)
                raise SystemExit(f"Not everything came to agree within {CALM:g} s; seed {self.seed}.")
        print(f"  {len(self._deliveries())} objects agree, {time.monotonic() - began:.0f} s", flush=True)

    def _at_rest(self) -> bool:
        """Whether all agree, and still do after a while in which nothing was delivered."""
        if self.differences():
            time.sleep(1)
            return False
        before = self._deliveries()
        time.sleep(REST)
        return self._deliveries() == before and not self.differences()

    def _deliveries(self) -> dict[int, Any]:
        """When each row was delivered last."""
        with self.stack.database():
            return dict(Propagation.objects.values_list("pk", "delivered_at"))

    def differences(self) -> list[str]:
        """What the database, the wishes and the members disagree about."""
        with self.stack.database():
            resources = list(
                FederatedResource.objects.select_related("type").prefetch_related("propagations")
            )
            going = [f"{one} is still being deleted" for one in resources if one.deletion_requested_at]
            return going + _misplaced(resources) + self._unlike(resources)

    def _unlike(self, resources: list[FederatedResource]) -> list[str]:
        by_pk = {one.pk: one for one in resources}
        found, wanted = [], set()
        rows = Propagation.objects.select_related("cluster").order_by("pk")
        for row in rows:
            resource = by_pk.get(row.resource_id)
            if resource is None:
                continue
            member = self.federation[row.cluster.name]
            path = _path(resource.type.name, resource.namespace, resource.name)
            wanted.add((member.name, path))
            live = member.read(path)
            found += [f"{resource} in {member.name}: {text}" for text in _complaints(row, resource, live)]
        for member in self.federation.members:
            found += [
                f"{path} is in {member.name}, and nobody wants it"
                for path in _managed(member)
                if (member.name, path) not in wanted
            ]
        return found


def _living() -> QuerySet[FederatedResource]:
    return FederatedResource.objects.filter(deletion_requested_at=None)


def _template(draw: Draw, kind: str, name: str, number: int) -> Object:
    """A desired state that no other step has; some fields come and go."""
    labels: Object = {"app": name} | ({"sometimes": "1"} if draw.random() < 0.5 else {})
    metadata: Object = {"labels": labels}
    if kind == "deployments.apps":
        container = {"name": "main", "image": draw.choice(IMAGES)}
        pod = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
        if draw.random() < 0.3:
            container["imagePullPolicy"] = "IfNotPresent"
        spec = {"replicas": draw.randint(0, 2), "selector": {"matchLabels": {"app": name}}, "template": pod}
        return {"metadata": metadata, "spec": spec}
    data = {"serial": str(number)} | ({"own": "x"} if draw.random() < 0.5 else {})
    if kind == "secrets":
        data = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"metadata": metadata, "data": data}


def _path(kind: str, namespace: str, name: str = "") -> str:
    plural, _, group = kind.partition(".")
    prefix = f"/apis/{group}/v1" if group else "/api/v1"
    return f"{prefix}/namespaces/{namespace}/{plural}" + (f"/{name}" if name else "")


def _managed(member: Member) -> Iterator[str]:
    """Paths of everything of the soak's kinds that bears our label."""
    for kind in KINDS:
        for namespace in NAMESPACES:
            listed = member.read(f"{_path(kind, namespace)}?labelSelector={MANAGED}%3Dtrue") or {}
            for item in listed.get("items") or []:
                yield _path(kind, namespace, item["metadata"]["name"])


def _misplaced(resources: list[FederatedResource]) -> list[str]:
    """Rows that are not those that the placement asks for now."""
    rows = {one.pk: list(one.propagations.all()) for one in resources}
    current = placing.Round(timezone.now())
    places = current.place_all(resources, rows)
    found = []
    for one in resources:
        has = {row.cluster_id: row.replicas for row in rows[one.pk] if row.selected}
        if has != places[one.pk].clusters:
            found.append(f"{one} is in {has}, and should be in {places[one.pk].clusters}")
    return found


def _complaints(row: Propagation, resource: FederatedResource, live: Object | None) -> list[str]:
    """What is wrong with one object and its row."""
    if row.desired_generation != row.applied_generation:
        return [f"not applied: {row.delivery} {row.reason} {row.message}, due {row.next_attempt_at}"]
    if not row.selected:
        return ["to be removed"]
    if live is None:
        return ["it is not there"]
    return [text for text, wrong in _checks(row, resource, live) if wrong]


def _checks(row: Propagation, resource: FederatedResource, live: Object) -> Iterator[tuple[str, bool]]:
    reference: ObjectReference = dispatching.reference_in(row.cluster, resource)
    spec = dispatching.specification(resource, reference, row.replicas)
    desired = rendering.render(spec, rendering.Target(row.cluster.name, row.cluster.selection_labels))
    yield f"wanted {desired}, it is {live}", not versions.covers(live, desired)
    yield "the row is of another object", row.uid != live["metadata"]["uid"]
    yield "the row does not know what is ours in it", row.applied_owned != takeover.held(live)
    yield "the row does not know that it is as applied", row.live_owned != row.applied_owned
    yield f"ours beyond the wish: {_excess(live, resource)}", bool(_excess(live, resource))
    if resource.type.name == "deployments.apps":
        ready = (live.get("status") or {}).get("readyReplicas") or 0
        yield f"{ready} are ready, the row has {row.ready_replicas}", (row.ready_replicas or 0) != ready
        yield f"its rollout is {row.rollout}", row.rollout not in ("Complete", "ScaledToZero")


def _excess(live: Object, resource: FederatedResource) -> set[str]:
    """Keys of data that we hold and that nobody wants any more."""
    wanted = resource.template.get("data") or {}
    held: set[str] = set()
    for entry in live["metadata"].get("managedFields") or []:
        if entry["manager"] == versions.MANAGER:
            held |= {name.removeprefix("f:") for name in entry["fieldsV1"].get("f:data", {})}
    return {name for name in held - wanted.keys() if name in (live.get("data") or {})}


class _Open:
    """Outside pytest, nothing keeps a database from being used."""

    def unblock(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()


@contextlib.contextmanager
def running(folder: Path) -> Iterator[tuple[Federation, Fleet]]:
    """Members and a console that they have joined."""
    programs = [binaries.ensure(version) for version in binaries.cached_versions()]
    if not programs:
        raise SystemExit("There is no Kubernetes in the cache: `manage.py sandbox up` puts one there.")
    fleet = Fleet(CLUSTERS, programs, folder / "sandbox")
    stack = Stack(folder, _Open())
    try:
        fleet.start()
        stack.start()
        federation = Federation(stack, fleet)
        federation.join()
        yield federation, fleet
    finally:
        stack.stop()
        fleet.stop()


def main() -> None:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="of steps, before it is calm (default: 10)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="replay these steps")
    options = parser.parse_args()
    print(f"Seed {options.seed}. Starting {CLUSTERS} clusters and the console ...", flush=True)
    with tempfile.TemporaryDirectory(prefix="fedconsole-soak-") as folder, running(Path(folder)) as started:
        soak = Soak(*started, options.seed)
        began = time.monotonic()
        number = 0
        while time.monotonic() - began < options.minutes * 60:
            number += 1
            soak.step(number)
            if number % ROUND == 0:
                print(f"  {number} steps, {time.monotonic() - began:.0f} s", flush=True)
                soak.calm()
        soak.calm()
        print(f"Seed {options.seed}: {', '.join(f'{count} {name}' for name, count in soak.done.items())}.")


if __name__ == "__main__":
    main()
