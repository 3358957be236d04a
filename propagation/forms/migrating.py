"""Where KubeFed runs, and how its members and objects come over."""

from django import forms
from django.utils.translation import gettext_lazy as _

from clusters.domain.labels import DNS_LABEL
from clusters.forms import ContextForm
from clusters.models import Preset
from propagation.domain.type_configs import SYSTEM_NAMESPACE


class MigrateForm(ContextForm):
    """The host's context and namespace; what to do with members and with what is here already."""

    namespace = forms.RegexField(
        DNS_LABEL,
        label=_("KubeFed's namespace"),
        initial=SYSTEM_NAMESPACE,
        max_length=63,
        help_text=_("Where KubeFed runs in the host: there are its KubeFedClusters and their Secrets."),
        error_messages={"invalid": _("The name of a namespace has lower-case letters, digits and hyphens.")},
    )
    preset = forms.ChoiceField(
        label=_("What the console may do in new members"),
        choices=[(one.value, one.label) for one in (Preset.DEPLOY, Preset.ADMIN)],
        initial=Preset.DEPLOY.value,
        widget=forms.RadioSelect,
        help_text=_(
            "KubeFed's credential may do everything there; it is only used to create a service account with "
            "these rights. Kinds beyond the built-in ones that live in namespaces need the second choice."
        ),
    )
    unverified = forms.BooleanField(
        label=_("Join members without verifying their certificates, where KubeFed does not"),
        required=False,
        help_text=_("Anybody between here and such a member could take its credential."),
    )
    overwrite = forms.BooleanField(
        label=_("Overwrite workloads that are here and differ"),
        required=False,
        help_text=_("Else they stay as they are here."),
    )
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
