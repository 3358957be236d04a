"""How many replicas, and where: the same everywhere, a total that is shared out, or a number per cluster."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from propagation.domain import sharing
from propagation.domain.planner import ANY
from propagation.domain.replicas import MOST, Mode
from propagation.domain.sharing import COLUMNS, Share, Sharing

#: The choice that is no preference at all.
SAME = "same"

#: The row of all others in the names of fields: no cluster is called like this, and it may be in a selector.
OTHERS = "-others"

#: Rows of the table; more would exceed the number of fields that a request may have.
SHOWN = 100

LABELS = {
    "weight": _("Weight"),
    "minReplicas": _("At least"),
    "maxReplicas": _("At most"),
    "replicas": _("Own number"),
}

#: What a table without numbers means.
_LIMITS = _("A cluster without limits has those of all others; without any at all, room alone decides.")
HINTS = {
    Mode.WEIGHTED: _("A cluster without numbers has those of all others; without any at all, all are equal."),
    Mode.CAPACITY: _LIMITS,
    Mode.AGGREGATED: _LIMITS,
    Mode.STATIC: _("A cluster without a number has that of all others; without that, it gets nothing."),
}


class SharingForm(forms.Form):
    """The part of a preference that is not about one cluster."""

    sharing = forms.ChoiceField(
        label=_("How many"),
        initial=SAME,
        choices=[
            (SAME, _("The same in each cluster")),
            (Mode.WEIGHTED, _("A total, split by weight")),
            (Mode.CAPACITY, _("A total, where there is room")),
            (Mode.AGGREGATED, _("A total, in as few clusters as have room")),
            (Mode.STATIC, _("A number for each cluster")),
        ],
        widget=forms.RadioSelect,
    )
    total = forms.IntegerField(label=_("Total"), required=False, min_value=0, max_value=MOST)
    rebalance = forms.BooleanField(
        label=_("Rebalance"),
        required=False,
        help_text=_("Move replicas to where they belong, also away from where they run well."),
    )
    heed = forms.BooleanField(
        label=_("Only in the clusters that the placement selects"),
        required=False,
        initial=True,
        help_text=_("Otherwise every cluster may get some, as KubeFed does it."),
    )

    def clean(self) -> None:
        """A total has to be given where one is shared out."""
        data = self.cleaned_data
        shared = data.get("sharing") in (Mode.WEIGHTED, Mode.CAPACITY, Mode.AGGREGATED)
        if shared and data.get("total") is None and "total" not in self.errors:
            self.add_error("total", _("How many replicas are there in total?"))

    @property
    def mode(self) -> Mode | None:
        """What is chosen at the moment; None for the same number everywhere, and for nonsense."""
        value = str(self["sharing"].value())
        return Mode(value) if value in list(Mode) else None


class ShareForm(forms.Form):
    """The numbers of one cluster, or (``*``) of all that have none of their own."""

    def __init__(self, cluster: str, mode: Mode, data: QueryDict | None, share: Share) -> None:
        super().__init__(data, prefix=f"share-{OTHERS if cluster == ANY else cluster}", initial=dict(share))
        self.cluster = cluster
        self.matched = cluster == ANY
        for name in COLUMNS[mode]:
            self.fields[name] = forms.IntegerField(
                label=LABELS[name], required=False, min_value=0, max_value=MOST
            )

    def clean(self) -> None:
        """The limits have to fit."""
        low, high = self.cleaned_data.get("minReplicas"), self.cleaned_data.get("maxReplicas")
        if low is not None and high is not None and low > high:
            self.add_error("minReplicas", _("This is more than at most."))

    @property
    def others(self) -> bool:
        """Whether it is the row of all clusters that have none."""
        return self.cluster == ANY

    @property
    def given(self) -> bool:
        """Whether anything in this row is filled in."""
        return any(self[name].value() not in (None, "") for name in self.fields)

    def share(self) -> Share:
        """The numbers at the moment; those that are none are left out."""
        self.is_valid()
        return {name: self.cleaned_data.get(name) for name in self.fields}


_POSTED = re.compile(r"^share-(?P<cluster>[a-z0-9.-]+)-(?:weight|minReplicas|maxReplicas|replicas)$")


class Shares:
    """The whole preference as one form: what it says of all, and a table of clusters."""

    def __init__(self, data: QueryDict | None, stored: Mapping[str, Any]) -> None:
        self._data = data
        self._stored = dict(stored)
        self.form = SharingForm(data, initial=_initial(sharing.read(self._stored)) if stored else None)
        self.hidden = 0
        self.rows: list[ShareForm] = []
        if mode := self.form.mode:
            self._read_rows(mode)

    def _read_rows(self, mode: Mode) -> None:
        shares = sharing.shares(self._stored, mode) if self._stored else _new(mode)
        names = [match["cluster"] for key in self._data or () if (match := _POSTED.match(key))]
        posted = [ANY if name == OTHERS else name for name in names]
        for cluster in dict.fromkeys([ANY, *shares, *posted]):
            data = self._data if cluster in posted else None
            self.rows.append(ShareForm(cluster, mode, data, shares.get(cluster, {})))

    @property
    def mode(self) -> Mode | None:
        return self.form.mode

    @property
    def columns(self) -> list[Any]:
        """Headings of the table."""
        return [LABELS[name] for name in COLUMNS[self.mode]] if self.mode else []

    @property
    def hint(self) -> Any:
        """What a row without numbers means."""
        return HINTS[self.mode] if self.mode else ""

    def match(self, clusters: Sequence[str]) -> None:
        """Have a row for each of these clusters; the others stay when they hold something."""
        if self.mode is None:
            return
        rows = {row.cluster: row for row in self.rows}
        shown = list(clusters[:SHOWN])
        matched = [rows.get(name) or ShareForm(name, self.mode, None, {}) for name in shown]
        for row in matched:
            row.matched = True
        kept = [row for row in self.rows if row.cluster not in shown and (row.given or row.others)]
        self.hidden = len(clusters) - len(shown)
        self.rows = [row for row in kept if row.others] + matched + [row for row in kept if not row.others]

    def parts(self) -> list[forms.BaseForm]:
        """The forms that count."""
        return [self.form, *(row for row in self.rows if row.is_bound)]

    def is_complete(self) -> bool:
        """Whether, of a form that is valid, anything gets replicas at all; an error is added otherwise."""
        if self.mode is not Mode.STATIC or any(row.given for row in self.rows):
            return True
        self.form.add_error("sharing", _("Give at least one cluster a number."))
        return False

    def preference(self) -> dict[str, Any]:
        """What is chosen at the moment; numbers that are none are left out."""
        if self._data is None or self.mode is None:
            return self._stored if self.mode else {}
        self.form.is_valid()
        data = self.form.cleaned_data
        wanted = Sharing(
            mode=self.mode,
            total=data.get("total"),
            rebalance=data.get("rebalance", False),
            heed=data.get("heed", False),
            shares={row.cluster: row.share() for row in self.rows if row.is_bound},
        )
        return sharing.write(self._stored, wanted)


def _initial(read: Sharing) -> dict[str, Any]:
    return {
        "sharing": read.mode or SAME,
        "total": read.total,
        "rebalance": read.rebalance,
        "heed": read.heed,
    }


def _new(mode: Mode) -> dict[str, Share]:
    """What a table begins with: shared out by weight, all are equal."""
    return {ANY: {"weight": 1}} if mode is Mode.WEIGHTED else {}
