"""Where a resource is to be, in words: its placement as people read it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clusters.domain.taints import Toleration
from propagation.domain import selection
from propagation.domain.selection import Choice, Mode, Narrowing, Requirement


def told(placement: Mapping[str, Any]) -> list[str]:
    """A sentence for what is chosen, and one for each thing that narrows it."""
    choice = selection.read(dict(placement))
    return [_chosen(choice), *_narrowed(choice.narrowing)]


def _chosen(choice: Choice) -> str:
    if choice.mode is Mode.ALL:
        return _("All clusters.")
    if choice.mode is Mode.LABELS:
        return _("Clusters with %(labels)s.") % {"labels": ", ".join(map(_required, choice.requirements))}
    return _("Only %(names)s.") % {"names": ", ".join(choice.names)} if choice.names else _("No cluster.")


def _required(one: Requirement) -> str:
    """As kubectl writes a selector."""
    values = ", ".join(one.values)
    written = {"In": f"{one.key} in ({values})", "NotIn": f"{one.key} notin ({values})"}
    written |= {"Exists": one.key, "DoesNotExist": f"!{one.key}"}
    return written.get(one.operator, f"{one.key}={values}")


def _narrowed(narrowing: Narrowing) -> list[str]:
    lists = (
        (_("In the regions %(names)s."), narrowing.regions),
        (_("In the zones %(names)s."), narrowing.zones),
        (_("Of the providers %(names)s."), narrowing.providers),
        (_("Also where tainted with %(names)s."), map(_tolerated, narrowing.tolerations)),
    )
    sentences = [text % {"names": ", ".join(sorted(names))} for text, found in lists if (names := set(found))]
    if narrowing.versions:
        sentences.append(_("With Kubernetes %(versions)s.") % {"versions": narrowing.versions})
    return [*sentences, *([_spread(narrowing.most, narrowing.by)] if narrowing.most else ())]


def _tolerated(one: Toleration) -> str:
    """As kubectl writes a taint; a star stands for any key."""
    value = f"={one.value}" if one.value else ""
    return f"{one.key or '*'}{value}" + (f":{one.effect}" if one.effect else "")


def _spread(most: int, by: str) -> str:
    counted = ngettext("At most %(most)s cluster", "At most %(most)s clusters", most) % {"most": most}
    over = {
        "region": _("spread over regions"),
        "zone": _("spread over zones"),
        "provider": _("spread over providers"),
    }
    return f"{counted}, {over[by]}." if by in over else f"{counted}."
