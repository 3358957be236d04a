"""What differs between two revisions of a federated resource, for people; no secret is in it."""

from collections.abc import Mapping
from typing import Any

from propagation.domain import diffs
from propagation.domain.confidential import Veil
from propagation.domain.diffs import Diff

#: The order in which people read a resource.
_ORDER = ("template", "placement", "overrides", "replica_scheduling")


def compare(kind: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> Diff:
    """What changes from one spec (of ``changes.SPEC``) of this kind to another; None: there was none."""
    veil = Veil(kind)
    old = _readable(before, veil) if before is not None else None
    return diffs.between(old, _readable(after, veil))


def _readable(spec: Mapping[str, Any], veil: Veil) -> dict[str, Any]:
    """A spec without secrets, and without what is not given."""
    shown = {
        **spec,
        "template": veil.conceal(spec.get("template") or {}),
        "overrides": veil.conceal_overrides(spec.get("overrides") or []),
        "annotations": veil.conceal(spec.get("annotations") or {}),
    }
    names = [*_ORDER, *sorted(shown.keys() - {*_ORDER})]
    return {name: shown[name] for name in names if shown.get(name) not in (None, {}, [], "")}
