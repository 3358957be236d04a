"""Which clusters an object goes to, and why not to the others.

KubeFed's precedence first: ``clusters``, even when empty, decides alone; only without it does
``clusterSelector`` count. No selector selects nothing, an empty one everything. What KubeFed did not have
narrows that: ``regions``, ``zones``, ``providers``, ``versions``, the clusters' taints unless one of
``tolerations`` puts up with them, and ``spread``. Where only filters are given, they narrow all clusters.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clusters.domain import labels, taints, versions
from clusters.domain.taints import Effect, Taint
from propagation.domain import spreading
from propagation.domain.problems import Problem

#: Filters by a property of the cluster: their name, and what they are called for people.
FILTERS = {"regions": "region", "zones": "zone", "providers": "provider"}
GROUPS = ("region", "zone", "provider")
FIELDS = ("clusters", "clusterSelector", *FILTERS, "versions", "tolerations", "spread")


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
    taints: tuple[Taint, ...] = ()


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
        Problem(f"/{name}", f"placement has no field {name}.") for name in sorted(set(placement) - {*FIELDS})
    ]
    for name, check in _CHECKS.items():
        if placement.get(name) is not None:
            problems += [
                Problem(f"/{name}{problem.path}", problem.message) for problem in check(placement[name])
            ]
    return problems


def _name_problems(clusters: Any) -> list[Problem]:
    if not isinstance(clusters, list):
        return [Problem("", "clusters is a list of names.")]
    return [
        Problem(f"/{index}", "A cluster is given by its name: {name: eu-1}.")
        for index, entry in enumerate(clusters)
        if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str)
    ]


def _selector_problems(selector: Any) -> list[Problem]:
    try:
        labels.parse_selector(selector)
    except labels.InvalidSelector as error:
        return [Problem(error.path, error.message)]
    return []


def _text_problems(values: Any) -> list[Problem]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        return [Problem("", "This is a list of texts.")]
    return []


def _version_problems(text: Any) -> list[Problem]:
    if not isinstance(text, str):  # YAML makes 1.3 of 1.30
        return [Problem("", "This is a text: quote it.")]
    try:
        versions.parse_range(text)
    except versions.InvalidRange as error:
        return [Problem("", str(error))]
    return []


def _toleration_problems(tolerations: Any) -> list[Problem]:
    try:
        taints.parse_tolerations(tolerations)
    except taints.InvalidTaint as error:
        return [Problem("", str(error))]
    return []


def _spread_problems(spread: Any) -> list[Problem]:
    if not isinstance(spread, Mapping):
        return [Problem("", "spread has maxClusters and, if need be, by.")]
    problems = [
        Problem(f"/{name}", f"spread has no field {name}.")
        for name in sorted(set(spread) - {"maxClusters", "by"})
    ]
    most = spread.get("maxClusters")
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        problems.append(Problem("/maxClusters", "maxClusters is a number, 1 or more."))
    if spread.get("by") not in (None, *GROUPS):
        problems.append(Problem("/by", f"Clusters are spread by one of {', '.join(GROUPS)}."))
    return problems


_CHECKS: dict[str, Callable[[Any], list[Problem]]] = {
    "clusters": _name_problems,
    "clusterSelector": _selector_problems,
    **dict.fromkeys(FILTERS, _text_problems),
    "versions": _version_problems,
    "tolerations": _toleration_problems,
    "spread": _spread_problems,
}


def evaluate(
    placement: Mapping[str, Any],
    clusters: Iterable[ClusterFacts],
    holding: Collection[str] = (),
    key: str = "",
    within: Collection[str] | None = None,
) -> list[Verdict]:
    """A verdict on every cluster, in their order, then on the names that no cluster bears.

    ``holding`` names the clusters that have the object already: they keep it through maintenance and
    ``NoSchedule``. ``key`` (namespace/name) decides who is chosen where a spread leaves a choice.
    ``within`` names the clusters that its namespace is placed in, where that is federated.
    """
    known = list(clusters)
    by_name = {cluster.name: cluster for cluster in known}
    conditions = _conditions(placement, holding, within)
    verdicts = [
        _narrowed(verdict, by_name[verdict.name], conditions) if verdict.selected else verdict
        for verdict in _eligible(placement, known)
    ]
    if spread := placement.get("spread"):
        return _spread(spread, verdicts, by_name, holding, key)
    return verdicts


def _eligible(placement: Mapping[str, Any], known: Sequence[ClusterFacts]) -> list[Verdict]:
    """By KubeFed's rules alone."""
    named = placement.get("clusters")
    if named is not None:
        return _by_name([entry["name"] for entry in named], known)
    selector = placement.get("clusterSelector")
    if selector is None and not any(placement.get(name) for name in (*FILTERS, "versions", "spread")):
        return [Verdict(cluster.name, False, "The placement selects no clusters.") for cluster in known]
    parsed = labels.parse_selector(selector or {})
    return [_by_labels(parsed, cluster) for cluster in known]


def _by_name(names: Sequence[str], clusters: Sequence[ClusterFacts]) -> list[Verdict]:
    wanted = set(names)
    reason = "It is not among the named clusters." if wanted else "The list of clusters is empty."
    verdicts = [
        Verdict(cluster.name, cluster.name in wanted, "" if cluster.name in wanted else reason)
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
    return Verdict(cluster.name, not mismatches, "; ".join(mismatches))


#: Says why a cluster is refused; nothing when it is not.
Condition = Callable[[ClusterFacts], str]


def _conditions(
    placement: Mapping[str, Any], holding: Collection[str], within: Collection[str] | None
) -> list[Condition]:
    """What a cluster has to meet beside the selection."""
    found: list[Condition] = [
        _in_place(name, frozenset(placement[name])) for name in FILTERS if placement.get(name)
    ]
    if placement.get("versions"):
        found.append(_runs(str(placement["versions"])))
    tolerations = taints.parse_tolerations(placement.get("tolerations") or [])
    if within is not None:
        found.append(_has_namespace(within))
    return [*found, _tolerated(tolerations, holding), _open(holding)]


def _in_place(name: str, wanted: frozenset[str]) -> Condition:
    def check(cluster: ClusterFacts) -> str:
        places = cluster.zones if name == "zones" else (getattr(cluster, FILTERS[name]),)
        if wanted.intersection(places):
            return ""
        has = ", ".join(filter(None, places)) or "unknown"
        return f"Its {FILTERS[name]} is {has}, {' or '.join(sorted(wanted))} is wanted"

    return check


def _runs(text: str) -> Condition:
    bounds = versions.parse_range(text)

    def check(cluster: ClusterFacts) -> str:
        try:
            version = versions.parse(cluster.version)
        except ValueError:
            return f"Its version is unknown, {text} is wanted"
        admitted = all(bound.admits(version) for bound in bounds)
        return "" if admitted else f"It runs Kubernetes {version}, {text} is wanted"

    return check


def _tolerated(tolerations: Sequence[taints.Toleration], holding: Collection[str]) -> Condition:
    def check(cluster: ClusterFacts) -> str:
        stays = cluster.name in holding
        left = [
            taint
            for taint in taints.untolerated(cluster.taints, tolerations)
            if not (stays and taint.effect is Effect.NO_SCHEDULE)
        ]
        return f"Its taint {left[0]} is not tolerated" if left else ""

    return check


def _has_namespace(within: Collection[str]) -> Condition:
    def check(cluster: ClusterFacts) -> str:
        return "" if cluster.name in within else "Its namespace is not placed there"

    return check


def _open(holding: Collection[str]) -> Condition:
    def check(cluster: ClusterFacts) -> str:
        closed = cluster.cordoned and cluster.name not in holding
        return "It is in maintenance: nothing new is placed in it" if closed else ""

    return check


def _narrowed(verdict: Verdict, cluster: ClusterFacts, conditions: Sequence[Condition]) -> Verdict:
    refusals = [refusal for condition in conditions if (refusal := condition(cluster))]
    if refusals:
        return Verdict(verdict.name, False, "; ".join(refusals) + ".")
    odd = "It is in maintenance: it keeps what it has." if cluster.cordoned else ""
    return Verdict(verdict.name, True, odd)


def _spread(
    spread: Mapping[str, Any],
    verdicts: Sequence[Verdict],
    by_name: Mapping[str, ClusterFacts],
    holding: Collection[str],
    key: str,
) -> list[Verdict]:
    groups = {
        verdict.name: _group(by_name[verdict.name], spread.get("by"))
        for verdict in verdicts
        if verdict.selected
    }
    chosen = spreading.choose(groups, spread["maxClusters"], holding, key)
    reason = f"It is left out: at most {spread['maxClusters']} clusters are wanted."
    return [
        Verdict(verdict.name, False, reason) if verdict.selected and verdict.name not in chosen else verdict
        for verdict in verdicts
    ]


def _group(cluster: ClusterFacts, by: str | None) -> str:
    match by:
        case "region":
            return cluster.region
        case "zone":
            return ",".join(cluster.zones)
        case "provider":
            return cluster.provider
    return ""
