"""The options of a resource, as far as they are not the usual ones."""

from django.utils.translation import gettext as _

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
