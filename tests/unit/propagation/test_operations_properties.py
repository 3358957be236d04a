"""Decisions carried out on a model of an API server: they settle, and touch nothing of others.

The model knows objects as fields with managers, as server-side apply does: an apply takes out what its
manager set before and does not set now, and is refused where another manager holds another value.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clusters.domain.labels import MANAGED
from propagation.domain import operations, ownership, rendering, versions
from propagation.domain.operations import (
    Adopt,
    Blocked,
    Create,
    Delete,
    Gone,
    Nothing,
    Overwrite,
    Release,
    Situation,
    Update,
)
from propagation.domain.statuses import PropagationStatus

Object = dict[str, Any]
Fields = dict[tuple[str, ...], str]

LABEL = ("metadata", "labels", MANAGED)
DATA = st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["1", "2"]))
STRANGERS = st.sampled_from(["kubectl", "helm"])
POLICIES = st.sampled_from(["adopt", "refuse", "overwrite"])


class Conflict(Exception):
    """Another manager holds another value."""


@dataclass
class Stored:
    """An object in the member: its fields, and who has set which."""

    uid: str
    fields: Fields = field(default_factory=dict)
    owners: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)
    leaving: bool = False

    def apply(self, manager: str, wanted: Fields, *, force: bool) -> None:
        held = {path for other, paths in self.owners.items() if other != manager for path in paths}
        taken = {path for path, value in wanted.items() if path in held and self.fields[path] != value}
        if taken and not force:
            raise Conflict
        for other in self.owners.values():
            other -= taken
        dropped = self.owners.get(manager, set()) - wanted.keys()
        self.owners[manager] = set(wanted)
        self.fields |= wanted
        for path in dropped - {path for paths in self.owners.values() for path in paths}:
            del self.fields[path]

    def write(self, manager: str, path: tuple[str, ...], value: str | None) -> None:
        """An update: what changes is the writer's alone, what is removed is nobody's."""
        if self.fields.get(path) == value:
            return
        for paths in self.owners.values():
            paths.discard(path)
        self.fields.pop(path, None)
        if value is not None:
            self.fields[path] = value
            self.owners.setdefault(manager, set()).add(path)

    def hand_over(self, entries: list[Object]) -> None:
        """``managedFields`` as somebody has written them."""
        self.owners = {entry["manager"]: set(_paths(entry["fieldsV1"])) for entry in entries}

    @property
    def live(self) -> Object:
        metadata: Object = {"name": "x", "uid": self.uid, "labels": {}, "managedFields": self._managed()}
        if self.leaving:
            metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        found: Object = {"kind": "ConfigMap", "metadata": metadata, "data": {}}
        for path, value in self.fields.items():
            place = found
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = value
        return found

    def _managed(self) -> list[Object]:
        entries = []
        for manager, paths in self.owners.items():
            operation = "Apply" if manager == versions.MANAGER else "Update"
            entries.append({"manager": manager, "operation": operation, "fieldsV1": _tree(paths)})
        return entries


def _tree(paths: set[tuple[str, ...]]) -> Object:
    tree: Object = {}
    for path in sorted(paths):
        place = tree
        for step in path:
            place = place.setdefault(f"f:{step}", {})
    return tree


def _paths(tree: Object, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path for name in tree for path in _paths(tree[name], (*before, name.removeprefix("f:")))]
    return found or ([before] if before else [])


class Delivery:
    """One row and one object, on which people, strangers and the console act."""

    def __init__(self, policy: str) -> None:
        self.policy = policy
        self.stored: Stored | None = None
        self.uids = 0
        self.ready = True
        self._begin()

    def _begin(self) -> None:
        self.data: dict[str, str] | None = None
        self.applied = ""
        self.deleting = self.orphan = False

    # What people want

    def want(self, data: dict[str, str] | None) -> None:
        if not self.deleting:
            self.data = data

    def delete(self, orphan: bool) -> None:
        self.data, self.deleting, self.orphan = None, True, orphan

    # What others do in the member

    def write(self, who: str, name: str, value: str | None) -> None:
        if self.stored:
            self.stored.write(who, ("data", name), value)

    def label(self, who: str, value: str | None) -> None:
        if self.stored:
            self.stored.write(who, LABEL, value)

    def create(self, who: str, data: dict[str, str]) -> None:
        if self.stored is None:
            self.stored = self._new()
            for name, value in data.items():
                self.stored.write(who, ("data", name), value)

    def remove(self, at_once: bool) -> None:
        if self.stored and not at_once:
            self.stored.leaving = True
        else:
            self.stored = None

    def probe(self, ready: bool) -> None:
        self.ready = ready

    # What the console does

    def deliver(self) -> None:
        """One decision is carried out; then there is none left to carry out."""
        try:
            self._carry_out(self._decide())
        except Conflict:
            assert self.policy == "refuse", "only who refuses may be refused"
            return
        settled = self._decide()
        assert isinstance(settled, Nothing | Gone | Blocked), settled
        self._check(settled)

    def _decide(self) -> operations.Decision:
        desired = self._desired()
        digest = rendering.digest(desired) if desired else ""
        return operations.decide(
            Situation(
                selected=desired is not None,
                ready=self.ready,
                deleting=self.deleting,
                orphan=self.orphan,
                desired=desired,
                live=self.stored.live if self.stored and self.ready else None,
                applied_before=bool(self.applied),
                up_to_date_hash=digest == self.applied,
                policy=self.policy,
            )
        )

    def _desired(self) -> Object | None:
        if self.data is None:
            return None
        return {
            "kind": "ConfigMap",
            "metadata": {"name": "x", "labels": {MANAGED: "true"}},
            "data": self.data,
        }

    def _carry_out(self, decision: operations.Decision) -> None:
        label = self.stored and self.stored.fields.get(LABEL)
        if label == "false" or (self.stored and self.stored.leaving):
            assert isinstance(decision, Blocked | Gone), "it was to be left alone"
        match decision:
            case Create():
                assert self.stored is None
                self.stored = self._new()
                self._apply(force=False)
            case Update() | Adopt():
                assert not decision.force or self.policy != "refuse"
                assert isinstance(decision, Update) or self.policy == "adopt"
                self._apply(force=decision.force)
            case Overwrite():
                assert self.stored
                self.stored.hand_over(ownership.seized(self.stored.live))
                self._apply(force=True)
                assert self.stored.fields.keys() == self._wanted().keys()
            case Delete():
                assert self.stored
                assert (self.stored.uid, label) == (decision.uid, "true")
                assert not (self.deleting and self.orphan)
                self.stored = None
            case Release():
                assert self.stored
                assert self.deleting
                assert self.orphan
                self.stored.write(versions.MANAGER, LABEL, None)
            case Nothing():
                self.applied = rendering.digest(self._desired() or {})

    def _apply(self, *, force: bool) -> None:
        assert self.stored
        self.stored.apply(versions.MANAGER, self._wanted(), force=force)
        self.applied = rendering.digest(self._desired() or {})

    def _wanted(self) -> Fields:
        wanted: Fields = {("data", name): value for name, value in (self.data or {}).items()}
        return wanted | {LABEL: "true"}

    def _new(self) -> Stored:
        self.uids += 1
        return Stored(f"u{self.uids}")

    # What holds then

    def _check(self, settled: operations.Decision) -> None:
        match settled:
            case Nothing():
                assert self.stored
                assert versions.covers(self.stored.live, self._desired())
                assert self.stored.owners.get(versions.MANAGER, set()) <= self._wanted().keys()
            case Gone():
                assert self.data is None
                assert self.stored is None or self.stored.fields.get(LABEL) != "true"
                self._begin()
            case Blocked(status=status):
                assert status == self._reason()

    def _reason(self) -> PropagationStatus:
        """Why nothing can or may be done."""
        if not self.ready:
            return PropagationStatus.CLUSTER_NOT_READY
        assert self.stored
        if self.stored.leaving:
            return PropagationStatus.WAITING_FOR_REMOVAL
        if self.stored.fields.get(LABEL) == "false":
            return PropagationStatus.MANAGED_LABEL_FALSE
        assert self.policy == "refuse"
        assert not self.applied
        return PropagationStatus.ALREADY_EXISTS


VALUES = st.sampled_from(["1", "2", "3", None])
ACTIONS = st.one_of(
    st.tuples(st.just("want"), DATA),
    st.tuples(st.just("want"), DATA | st.none()),
    st.tuples(st.just("delete"), st.booleans()),
    st.tuples(st.just("write"), STRANGERS, st.sampled_from(["a", "b", "d"]), VALUES),
    st.tuples(st.just("label"), STRANGERS, st.sampled_from(["true", "false", None])),
    st.tuples(st.just("create"), STRANGERS, DATA),
    st.tuples(st.just("remove"), st.booleans()),
    st.tuples(st.just("probe"), st.sampled_from([True, True, False])),
)


@settings(max_examples=400)
@given(POLICIES, st.lists(st.lists(ACTIONS, min_size=1, max_size=3), min_size=2, max_size=8))
def test_whatever_happens_a_delivery_settles(policy: str, rounds: list[list[tuple[Any, ...]]]) -> None:
    delivery = Delivery(policy)
    for actions in rounds:
        for name, *arguments in actions:
            getattr(delivery, name)(*arguments)
        delivery.deliver()
