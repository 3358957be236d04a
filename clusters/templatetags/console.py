"""The components of the console's templates."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from django import template
from django.forms import (
    BoundField,
    CheckboxInput,
    CheckboxSelectMultiple,
    HiddenInput,
    RadioSelect,
    Select,
    Textarea,
    Widget,
)
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join, json_script
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from clusters.domain.words import Word
from clusters.templatetags import vocabulary

register = template.Library()

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400

#: The icon of a tone where nothing more exact is said.
_TONE_ICONS = {"ok": "check", "warn": "alert", "error": "x", "paused": "pause", "unknown": "question"}

#: Tones of the levels of ``django.contrib.messages``.
_MESSAGE_TONES = {"success": "ok", "warning": "warn", "error": "error"}


@cache
def _sprite() -> str:
    return static("img/icons.svg")


@register.simple_tag
def icon(name: str) -> SafeString:
    """A decorative icon of the sprite; what it means stands beside it as text."""
    return format_html(
        '<svg class="fc-icon" data-icon="{0}" width="20" height="20" aria-hidden="true">'
        '<use href="{1}#{0}"></use></svg>',
        name,
        _sprite(),
    )


@register.simple_tag
def badge(state: Word | None) -> SafeString:
    """A badge for anything with ``label``, ``tone`` and ``icon``; nothing for None."""
    if state is None:
        return mark_safe("")
    return format_html(
        '<span class="fc-badge fc-tone-{}">{}{}</span>', state.tone, icon(state.icon), gettext(state.label)
    )


@register.simple_tag
def proportions(counts: Iterable[tuple[Word, int]]) -> SafeString:
    """``[(word, 7), (word, 1)]`` as a decorative bar; the counts stand beside it as text."""
    rects, start = [], 0
    for word, count in counts:
        rects.append((word.tone, start, count))
        start += count
    if not start:
        return mark_safe("")
    return format_html(
        '<svg class="fc-bar" viewBox="0 0 {} 1" preserveAspectRatio="none" aria-hidden="true">{}</svg>',
        start,
        format_html_join("", '<rect class="fc-fg-{}" x="{}" width="{}" height="1"></rect>', rects),
    )


@register.simple_tag
def ago(moment: datetime | None) -> SafeString | str:
    """How long ago; a script keeps it true, and the exact time is in its title."""
    if moment is None:
        return gettext("never")
    exact = date_format(timezone.localtime(moment), "Y-m-d H:i:s T")
    elapsed = (timezone.now() - moment).total_seconds()
    return format_html(
        '<time class="fc-num" datetime="{}" title="{}" data-ago>{}</time>',
        moment.isoformat(),
        exact,
        _elapsed(max(0, int(elapsed))),
    )


def _elapsed(seconds: int) -> str:
    texts = vocabulary.SCRIPT_TEXTS
    for name, unit, limit in (("s", 1, _MINUTE), ("min", _MINUTE, _HOUR), ("h", _HOUR, 2 * _DAY)):
        if seconds < limit:
            return texts[name].replace("{n}", str(seconds // unit))
    return texts["d"].replace("{n}", str(seconds // _DAY))


@register.simple_tag(takes_context=True)
def nav_link(context: template.Context, view: str, symbol: str, label: str, *others: str) -> SafeString:
    """A link of the main navigation, marked on the pages of its part and on the ``others``."""
    url = reverse(view)
    path = context["request"].path if "request" in context else ""
    here = path == url if url == "/" else path.startswith(url)
    here = here or path in map(reverse, others)
    current = mark_safe(' aria-current="page"') if here else ""
    return format_html('<a href="{}"{}>{}<span>{}</span></a>', url, current, icon(symbol), label)


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """A field's widget in the console's classes."""
    widget = field.field.widget
    classes = [_style(widget), widget.attrs.get("class", ""), "is-invalid" if field.errors else ""]
    attrs: dict[str, Any] = {"class": style} if (style := " ".join(filter(None, classes))) else {}
    if isinstance(widget, Textarea):
        attrs["spellcheck"] = "false"
    return field.as_widget(attrs=attrs)


def _style(widget: Widget) -> str:
    match widget:
        case HiddenInput():
            return ""
        case CheckboxInput():
            return "form-check-input"
        case RadioSelect() | CheckboxSelectMultiple():
            return "fc-options"
        case Select():
            return "form-select"
    return "form-control"


@register.filter
def message_tone(message: Any) -> str:
    """The tone of a message of ``django.contrib.messages``."""
    return _MESSAGE_TONES.get(message.level_tag, "progress")


@register.filter
def tone_icon(tone: str) -> str:
    """The icon of a tone."""
    return _TONE_ICONS.get(tone, "info")


@register.simple_tag
def script_texts() -> SafeString:
    """The texts of the scripts in the language of the page, as a block of data (never run)."""
    return json_script({name: str(text) for name, text in vocabulary.SCRIPT_TEXTS.items()}, "fc-texts")
