"""Which clusters an object goes to, and why not to the others. KubeFed's precedence.

``clusters``, even when empty, decides alone; only without it does ``clusterSelector`` count. No selector
selects nothing, an empty one everything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clusters.domain import labels
from propagation.domain.problems import Problem


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What placement may know about a cluster."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    region: str = ""
    zones: tuple[str, ...] = ()
    provider: str = ""
    version: str = ""
    cordoned: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """``reason`` says why a cluster is not selected, or what is odd about it when it is."""

    name: str
    selected: bool
    reason: str = ""


def validate(placement: Any) -> list[Problem]:
    """All that is wrong with a placement, before anything is stored."""
    if not isinstance(placement, Mapping):
        return [Problem("", "placement is a mapping with clusters or clusterSelector.")]
    problems = [
        Problem(f"/{name}", f"placement has no field {name}.")
        for name in sorted(set(placement) - {"clusters", "clusterSelector"})
    ]
    if placement.get("clusters") is not None:
        problems += _name_problems(placement["clusters"])
    if placement.get("clusterSelector") is not None:
        try:
            labels.parse_selector(placement["clusterSelector"])
        except labels.InvalidSelector as error:
            problems.append(Problem(f"/clusterSelector{error.path}", error.message))
    return problems


def _name_problems(clusters: Any) -> list[Problem]:
    if not isinstance(clusters, list):
        return [Problem("/clusters", "clusters is a list of names.")]
    return [
        Problem(f"/clusters/{index}", "A cluster is given by its name: {name: eu-1}.")
        for index, entry in enumerate(clusters)
        if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str)
    ]


def evaluate(placement: Mapping[str, Any], clusters: Iterable[ClusterFacts]) -> list[Verdict]:
    """A verdict on every cluster, in their order, then on the names that no cluster bears."""
    known = list(clusters)
    named = placement.get("clusters")
    if named is not None:
        return _by_name([entry["name"] for entry in named], known)
    selector = placement.get("clusterSelector")
    if selector is None:
        return [Verdict(cluster.name, False, "The placement selects no clusters.") for cluster in known]
    parsed = labels.parse_selector(selector)
    return [_by_labels(parsed, cluster) for cluster in known]


def _by_name(names: Sequence[str], clusters: Sequence[ClusterFacts]) -> list[Verdict]:
    wanted = set(names)
    reason = "It is not among the named clusters." if wanted else "The list of clusters is empty."
    verdicts = [
        _selected(cluster) if cluster.name in wanted else Verdict(cluster.name, False, reason)
        for cluster in clusters
    ]
    missing = wanted - {cluster.name for cluster in clusters}
    return verdicts + [
        Verdict(name, False, "No cluster has this name; it is ignored.")
        for name in dict.fromkeys(names)
        if name in missing
    ]


def _by_labels(selector: labels.Selector, cluster: ClusterFacts) -> Verdict:
    mismatches = selector.mismatches(cluster.labels)
    return Verdict(cluster.name, False, "; ".join(mismatches)) if mismatches else _selected(cluster)


def _selected(cluster: ClusterFacts) -> Verdict:
    odd = "It is in maintenance: nothing new is placed in it." if cluster.cordoned else ""
    return Verdict(cluster.name, True, odd)
