"""A replica preference as people choose it in the form: none, a total that is shared out, or numbers.

Both ways are lossless, as in ``selection``: what the form does not show is kept, and writing what was read
changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from propagation.domain import replicas
from propagation.domain.planner import ANY
from propagation.domain.replicas import Mode

Object = dict[str, Any]

#: What the form shows of a cluster in each mode, by the names of the preference's fields.
COLUMNS = {
    Mode.WEIGHTED: ("weight", "minReplicas", "maxReplicas"),
    Mode.CAPACITY: ("minReplicas", "maxReplicas"),
    Mode.AGGREGATED: ("minReplicas", "maxReplicas"),
    Mode.STATIC: ("replicas",),
}

Share = Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Sharing:
    """``mode`` is None for the same number everywhere. ``shares`` are the numbers by cluster or ``*``."""

    mode: Mode | None = None
    total: int | None = None
    rebalance: bool = False
    heed: bool = True
    shares: Mapping[str, Share] = field(default_factory=dict)


def read(data: Object) -> Sharing:
    """What the form shows of a preference; an empty one is none at all."""
    if not data:
        return Sharing()
    mode = replicas.mode(data)
    return Sharing(
        mode=mode,
        total=data.get("totalReplicas"),
        rebalance=bool(data.get("rebalance")),
        heed=bool(data.get("intersectWithClusterSelector")),
        shares=shares(data, mode),
    )


def shares(data: Object, mode: Mode) -> dict[str, Share]:
    """What a preference holds of the numbers that this mode shows."""
    return {
        name: {column: entry.get(column) for column in COLUMNS[mode]}
        for name, entry in _comparable(data, mode).items()
    }


def _comparable(data: Object, mode: Mode) -> dict[str, Object]:
    """The entries that keep their meaning in this mode: numbers and shares of a total do not."""
    alike = (replicas.mode(data) is Mode.STATIC) == (mode is Mode.STATIC)
    return (data.get("clusters") or {}) if alike else {}


def write(data: Object, wanted: Sharing) -> Object:
    """The preference with these values; clusters that are not among the shares keep theirs."""
    if wanted.mode is None:
        return {}
    now = read(data)
    written = dict(data)
    if now.mode is not wanted.mode:
        # Without a mode, it is one of KubeFed's.
        _set(written, "mode", None if wanted.mode is Mode.WEIGHTED else str(wanted.mode), "")
    _set(written, "totalReplicas", wanted.total, now.total)
    _set(written, "rebalance", wanted.rebalance, bool(data) and now.rebalance)
    _set(written, "intersectWithClusterSelector", wanted.heed, bool(data) and now.heed)
    entries = _comparable(data, wanted.mode)
    _set(written, "clusters", _clusters(entries, wanted), data.get("clusters") or {})
    return written


def _set(written: Object, name: str, value: Any, before: Any) -> None:
    """Set a field, or remove it for a value that means nothing, unless it means this already."""
    if value != before:
        written[name] = value
        if value is None or value is False or value == {}:
            del written[name]


def _clusters(entries: Mapping[str, Object], wanted: Sharing) -> dict[str, Object]:
    written = dict(entries)
    for name, share in wanted.shares.items():
        before = entries.get(name, {})
        if any(before.get(column) != value for column, value in share.items()):
            entry = {key: value for key, value in {**before, **share}.items() if value is not None}
            if entry:
                written[name] = entry
            else:
                written.pop(name, None)
    # Whoever limits one cluster where room decides does not mean to keep off all others.
    if wanted.mode in (Mode.CAPACITY, Mode.AGGREGATED) and written and not entries:
        written.setdefault(ANY, {})
    return written
