"""Words that are shown but stand in modules without translation, and texts of the scripts."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

#: The labels of the domains' status words, for ``makemessages``: the domains know no translation.
STATUS_LABELS = (
    gettext_noop("Unreachable"),
    gettext_noop("Authentication failed"),
    gettext_noop("Not ready"),
    gettext_noop("Detach failed"),
    gettext_noop("Degraded"),
    gettext_noop("Stale"),
    gettext_noop("Detaching"),
    gettext_noop("Joining"),
    gettext_noop("Pending"),
    gettext_noop("Maintenance"),
    gettext_noop("Ready"),
    gettext_noop("Apply failed"),
    gettext_noop("Delete failed"),
    gettext_noop("Blocked"),
    gettext_noop("Drifted"),
    gettext_noop("Deleting"),
    gettext_noop("Applying"),
    gettext_noop("Queued"),
    gettext_noop("Applied"),
    gettext_noop("Failed"),
    gettext_noop("Stalled"),
    gettext_noop("Progressing"),
    gettext_noop("Waiting"),
    gettext_noop("Unknown"),
    gettext_noop("Paused"),
    gettext_noop("Scaled to 0"),
    gettext_noop("Complete"),
    gettext_noop("Not reporting"),
    gettext_noop("Not placed"),
    gettext_noop("Does not come"),
    gettext_noop("Differs"),
    gettext_noop("Comes"),
    gettext_noop("Is here"),
    gettext_noop("Conflict"),
    gettext_noop("Will be refused"),
    gettext_noop("Will be removed"),
    gettext_noop("Will stay there, unmanaged"),
    gettext_noop("Will change"),
    gettext_noop("Will be created"),
    gettext_noop("Nothing to do"),
)

#: Texts that the scripts show; ``{n}`` and the like are filled in there.
SCRIPT_TEXTS = {
    "s": _("{n} s ago"),
    "min": _("{n} min ago"),
    "h": _("{n} h ago"),
    "d": _("{n} days ago"),
    "dismiss": _("Dismiss"),
    "copied": _("Copied"),
    "refused": _("The server could not do this ({n}). What you typed is still here."),
    "offline": _("The server does not answer. What you typed is still here: try again."),
    "too_large": _("This file is larger than {n} kB."),
}
