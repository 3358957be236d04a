"""The words for how an object fares in a cluster, with their label, tone and icon beside them.

Two axes: did it arrive (Delivery), and is it up (Rollout). KubeFed's own status value is a third
vocabulary, kept as KubeFed spells it for people and tools that know it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from clusters.domain.words import Vocabulary


class Delivery(Vocabulary):
    """Did the object arrive in the member?"""

    APPLY_FAILED = "ApplyFailed", "Apply failed", "error", "x", 0
    DELETE_FAILED = "DeleteFailed", "Delete failed", "error", "trash", 1
    BLOCKED = "Blocked", "Blocked", "warn", "lock", 3
    DRIFTED = "Drifted", "Drifted", "warn", "drift", 5
    DELETING = "Deleting", "Deleting", "progress", "trash", 8
    APPLYING = "Applying", "Applying", "progress", "progress", 9
    QUEUED = "Queued", "Queued", "unknown", "clock", 10
    APPLIED = "Applied", "Applied", "ok", "check", 21


class Rollout(Vocabulary):
    """Is what the object describes up?"""

    FAILED = "Failed", "Failed", "error", "x", 2
    STALLED = "Stalled", "Stalled", "warn", "alert", 4
    PROGRESSING = "Progressing", "Progressing", "progress", "progress", 11
    WAITING = "Waiting", "Waiting", "progress", "clock", 12
    UNKNOWN = "Unknown", "Unknown", "unknown", "question", 13
    PAUSED = "Paused", "Paused", "paused", "pause", 14
    SCALED_TO_ZERO = "ScaledToZero", "Scaled to 0", "paused", "zero", 15
    COMPLETE = "Complete", "Complete", "ok", "check", 20


class PropagationStatus(StrEnum):
    """KubeFed's per-cluster status, spelled as in its source; all is well when it is empty."""

    OK = ""
    CLUSTER_NOT_READY = "ClusterNotReady"
    CACHED_RETRIEVAL_FAILED = "CachedRetrievalFailed"
    CLIENT_RETRIEVAL_FAILED = "ClientRetrievalFailed"
    COMPUTE_RESOURCE_FAILED = "ComputeResourceFailed"
    APPLY_OVERRIDES_FAILED = "ApplyOverridesFailed"
    FIELD_RETENTION_FAILED = "FieldRetentionFailed"
    VERSION_RETRIEVAL_FAILED = "VersionRetrievalFailed"
    RETRIEVAL_FAILED = "RetrievalFailed"
    ALREADY_EXISTS = "AlreadyExists"
    MANAGED_LABEL_FALSE = "ManagedLabelFalse"
    CREATION_FAILED = "CreationFailed"
    UPDATE_FAILED = "UpdateFailed"
    DELETION_FAILED = "DeletionFailed"
    LABEL_REMOVAL_FAILED = "LabelRemovalFailed"
    CREATION_TIMED_OUT = "CreationTimedOut"
    UPDATE_TIMED_OUT = "UpdateTimedOut"
    DELETION_TIMED_OUT = "DeletionTimedOut"
    LABEL_REMOVAL_TIMED_OUT = "LabelRemovalTimedOut"
    WAITING_FOR_REMOVAL = "WaitingForRemoval"


class ConditionReason(StrEnum):
    """Why the condition ``Propagation`` of a federated object is not True."""

    NONE = ""
    CHECK_CLUSTERS = "CheckClusters"
    CLUSTER_RETRIEVAL_FAILED = "ClusterRetrievalFailed"
    COMPUTE_PLACEMENT_FAILED = "ComputePlacementFailed"
    NAMESPACE_NOT_FEDERATED = "NamespaceNotFederated"


@dataclass(frozen=True, slots=True)
class Badge:
    """The one word for a row: the worse of the two axes (``axis`` is delivery, rollout or cluster)."""

    value: str
    label: str
    tone: str
    icon: str
    rank: int
    axis: str


#: A cluster that does not report: what is known of it is old, so neither failed nor complete.
UNREPORTED = Badge("Unreported", "Not reporting", "unknown", "link-off", 6, "cluster")


def badge(delivery: Delivery, rollout: Rollout) -> Badge:
    """One badge out of both axes."""
    worst: Vocabulary = min(delivery, rollout, key=lambda word: word.rank)
    axis = "delivery" if worst is delivery else "rollout"
    return Badge(worst.value, worst.label, worst.tone, worst.icon, worst.rank, axis)


#: Every badge that a row can have, by value.
BADGES: Mapping[str, Badge] = {
    **{word.value: badge(word, Rollout.COMPLETE) for word in Delivery if word is not Delivery.APPLIED},
    **{word.value: badge(Delivery.APPLIED, word) for word in Rollout},
    UNREPORTED.value: UNREPORTED,
}


def ordered(counts: Mapping[str, int]) -> list[tuple[Badge, int]]:
    """The badges that occur with their counts, worst first."""
    present = [(BADGES[value], count) for value, count in counts.items() if count]
    return sorted(present, key=lambda pair: pair[0].rank)
