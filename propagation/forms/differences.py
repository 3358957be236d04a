"""Where a form differs from what somebody else has stored meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from propagation.domain.deployments import Override
from propagation.forms.parts import OverrideForm
from propagation.forms.workload import Editor


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that somebody else gave another value than is typed in the form."""

    label: Any
    theirs: str


def find(mine: Editor, theirs: Editor) -> list[Difference]:
    """Where a bound form differs from what is stored."""
    found = []
    for ours, stored in zip(_simple(mine), _simple(theirs), strict=True):
        found += [
            Difference(field.label, _text(stored[name].value()))
            for name, field in ours.fields.items()
            if name not in ("generation", "note") and _text(ours[name].value()) != _text(stored[name].value())
        ]
    for title, one in _SETS:
        if (rows := _typed(getattr(theirs, one))) != _typed(getattr(mine, one)):
            found.append(Difference(title, "; ".join(" ".join(row) for row in rows)))
    before = {form.cluster: form for form in theirs.overrides}
    for form in mine.overrides:
        other = before.get(form.cluster) or OverrideForm(form.cluster, None, Override())
        values = [_text(other[name].value()) for name in other.fields]
        if values != [_text(form[name].value()) for name in form.fields]:
            found.append(Difference(form.cluster, " ".join(filter(None, values))))
    shares = theirs.shares.preference().get("clusters") or {}
    if shares != (mine.shares.preference().get("clusters") or {}):
        found.append(Difference(_("Replicas per cluster"), "; ".join(map(_share_text, shares.items()))))
    return found


def _share_text(entry: tuple[str, Mapping[str, int]]) -> str:
    numbers = ", ".join(f"{name} {value}" for name, value in entry[1].items())
    return f"{entry[0]}: {numbers}"


#: The repeatable rows, as they are called where somebody else changed them.
_SETS = (
    (_("Environment"), "variables"),
    (_("Labels that a cluster has to have"), "requirements"),
    (_("Taints that it tolerates"), "tolerations"),
)


def _simple(editor: Editor) -> list[forms.Form]:
    """The forms whose fields are compared one by one."""
    return [editor.basics, editor.narrowing, editor.shares.form, editor.options]


def _typed(rows: forms.BaseFormSet[Any]) -> list[list[str]]:
    """The rows of a set that are not empty."""
    values = [[_text(form[name].value()) for name in form.fields] for form in rows.forms]
    return [row for row in values if row[0]]


def _text(value: Any) -> str:
    """A value as it stands in a field."""
    if isinstance(value, (list, tuple)):
        return ", ".join(sorted(map(str, value)))
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return "" if value is None else str(value).strip()
