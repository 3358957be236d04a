"""How a resource is dealt with, and its replicas, as far as it is not the usual way."""

from django.utils.translation import gettext as _

from propagation.domain import sharing
from propagation.domain.replicas import Mode
from propagation.models import ConflictPolicy, FederatedResource


def told(resource: FederatedResource) -> list[str]:
    """A sentence for each."""
    policies = {
        ConflictPolicy.REFUSE: _("An object of this name that is there already is left alone."),
        ConflictPolicy.OVERWRITE: _("An object of this name that is there already is overwritten."),
    }
    sentences = [
        policies.get(ConflictPolicy(resource.conflict_policy), ""),
        _("What others change in the clusters is left as it is.") if resource.suspend_repair else "",
        "" if resource.follow_dependencies else _("What it needs is not brought along."),
        _("The clusters keep their own number of replicas.") if resource.retain_replicas else "",
    ]
    return [sentence for sentence in sentences if sentence]


def shared_out(resource: FederatedResource) -> str:
    """How its replicas are shared out; empty for the same number everywhere."""
    wanted = sharing.read(resource.replica_scheduling)
    if wanted.mode is None:
        return ""
    ways = {
        Mode.WEIGHTED: _("%(total)s in total, split by weight"),
        Mode.CAPACITY: _("%(total)s in total, where there is room"),
        Mode.AGGREGATED: _("%(total)s in total, in as few clusters as have room"),
        Mode.STATIC: _("a number for each cluster"),
    }
    parts = [ways[wanted.mode] % {"total": wanted.total}]
    if wanted.rebalance:
        parts.append(_("rebalanced"))
    if not wanted.heed:
        parts.append(_("in any cluster, whatever the placement selects"))
    return ", ".join(parts)
