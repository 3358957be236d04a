"""The components of the console's templates."""

from datetime import datetime
from typing import Any

from django import template
from django.forms import BoundField, Select, Textarea
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


@register.simple_tag
def icon(name: str) -> SafeString:
    """A decorative icon of the sprite; what it means stands beside it as text."""
    if name == "brand":
        return format_html('<img src="{}" width="28" height="28" alt="">', static("img/logo.svg"))
    return format_html(
        '<svg class="fc-icon" data-icon="{0}" aria-hidden="true"><use href="{1}#{0}"/></svg>',
        name,
        static("img/icons.svg"),
    )


@register.inclusion_tag("components/_badge.html")
def badge(state: Any) -> dict[str, Any]:
    """A badge for anything with ``label``, ``tone`` and ``icon``."""
    return {"state": state, "label": _(state.label)}


@register.simple_tag
def ago(moment: datetime | None) -> SafeString | str:
    """How long ago; a script keeps it true, and the exact time is in its title."""
    if moment is None:
        return _("never")
    exact = date_format(timezone.localtime(moment), "Y-m-d H:i:s T")
    elapsed = (timezone.now() - moment).total_seconds()
    return format_html(
        '<time class="fc-num" datetime="{}" title="{}" data-ago>{}</time>', moment.isoformat(), exact, _span(elapsed)
    )


def _span(seconds: float) -> str:
    seconds = max(0, int(seconds))
    if seconds < _MINUTE:
        return ngettext("%(count)s s ago", "%(count)s s ago", seconds) % {"count": seconds}
    if seconds < _HOUR:
        return _("%(count)s min ago") % {"count": seconds // _MINUTE}
    if seconds < 2 * _DAY:
        return _("%(count)s h ago") % {"count": seconds // _HOUR}
    return _("%(count)s days ago") % {"count": seconds // _DAY}


@register.simple_tag(takes_context=True)
def nav_link(context: template.Context, view: str, symbol: str, label: str) -> SafeString:
    """A link of the main navigation, marked when the page is in its part of the console."""
    url = reverse(view)
    path = context["request"].path if "request" in context else ""
    here = path == url if url == "/" else path.startswith(url)
    current = SafeString(' aria-current="page"') if here else ""
    return format_html('<a href="{}"{}>{}<span>{}</span></a>', url, current, icon(symbol), label)


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """A field's widget in Tabler's classes."""
    widget = field.field.widget
    if getattr(widget, "input_type", "") == "checkbox":
        kind = "form-check-input"
    else:
        kind = "form-select" if isinstance(widget, Select) and widget.input_type == "select" else "form-control"
    classes = [kind, widget.attrs.get("class", "")]
    if field.errors:
        classes.append("is-invalid")
    attrs = {"class": " ".join(filter(None, classes))}
    if isinstance(widget, Textarea):
        attrs["spellcheck"] = "false"
    return field.as_widget(attrs=attrs)
