"""Template tags of the kit; a built-in library, so no template has to load it."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BoundField
from django.http import HttpRequest
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from lucide.templatetags.lucide import lucide

from songhe.kit import formats, slots
from songhe.kit.forms import KitForm, describe

register = template.Library()

PRIORITY_WORDS = {
    "high": pgettext_lazy("alarm priority", "High"),
    "medium": pgettext_lazy("alarm priority", "Medium"),
    "low": pgettext_lazy("alarm priority", "Low"),
    "unknown": pgettext_lazy("alarm priority", "Unknown"),
}
_SHAPES = {
    "high": (
        '<circle class="sign-ring" cx="16" cy="16" r="16.5"/>'
        '<circle class="sign-shape" cx="16" cy="16" r="13"/>',
        "21.3",
        "!!!",
    ),
    "medium": ('<path class="sign-shape" d="M16 3 30 28H2Z"/>', "25", "!!"),
    "low": ('<rect class="sign-shape" x="4" y="4" width="24" height="24" rx="3"/>', "21.3", "!"),
    "unknown": ('<path class="sign-shape" d="M16 2 30 16 16 30 2 16Z"/>', "21.3", "?"),
}
_INNER = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
_TAKEN = {"acknowledged", "returned", "shelved", "resolved"}


@lru_cache(maxsize=512)
def _icon(name: str) -> SafeString:
    drawing = _INNER.search(lucide(name))
    if drawing is None:
        raise ValueError(f"icon {name!r} is not a drawing")
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{}</svg>',
        mark_safe(" ".join(drawing[1].split())),  # noqa: S308
    )


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw a Lucide icon; the word beside it is the template's to write. Unknown names raise."""
    return _icon(str(name))


@register.simple_tag
def sign(priority: str, state: str = "unacknowledged", size: str = "") -> SafeString:
    """Draw the alarm sign: filled while nobody has it, outlined once somebody has."""
    shown = "acknowledged" if state in _TAKEN else "unacknowledged"
    return _sign(str(priority), shown, size, str(PRIORITY_WORDS[priority]))


@lru_cache(maxsize=256)
def _sign(priority: str, shown: str, size: str, word: str) -> SafeString:
    shape, y, marks = _SHAPES[priority]
    return format_html(
        '<svg class="sign" data-priority="{}" data-state="{}"{} viewBox="0 0 32 32" role="img"'
        ' aria-label="{}">{}<text class="sign-text" x="16" y="{}">{}</text></svg>',
        priority,
        shown,
        format_html(' data-size="{}"', size) if size else "",
        word,
        mark_safe(shape),  # noqa: S308
        y,
        marks,
    )


@register.filter
def priority_word(priority: str) -> str:
    """Say a priority: 紧急, 重要, 注意, 不明."""
    return str(PRIORITY_WORDS[priority])


@register.filter
def initial(name: str) -> str:
    """Return what stands in the place of a photograph: the family name, 刘 of 小刘."""
    return str(name or "").strip().removeprefix("小")[:1].upper()


@register.simple_tag(takes_context=True)
def panels(context: Context, slot: str, obj: Any = None) -> SafeString:
    """Put in what higher domains registered for a slot: {% panels "person.page" person %}."""
    request: HttpRequest = context["request"]
    return slots.render(slot, request, obj)


@register.simple_tag
def field(bound: BoundField) -> SafeString:
    """Draw a form field: label, hint, mistake, field, in this order."""
    return render_to_string("kit/field.html", describe(bound))


@register.simple_tag
def error_summary(form: KitForm) -> SafeString:
    """Draw the linked summary of a form's mistakes; nothing when there are none."""
    if not form.is_bound or not form.mistakes:
        return SafeString("")
    return render_to_string("kit/error_summary.html", {"mistakes": form.mistakes})


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """Return the page's query string with some parameters changed; None takes one away."""
    request: HttpRequest = context["request"]
    params = request.GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            params.pop(name, None)
        else:
            params[name] = str(value)
    return f"?{params.urlencode()}" if params else "?"


def _now(context_now: datetime | None) -> datetime:
    return context_now if context_now is not None else timezone.now()


@register.filter
def ago(moment: datetime, now: datetime | None = None) -> str:
    """1 分钟前."""
    return formats.ago(moment, _now(now))


@register.filter
def since(moment: datetime, now: datetime | None = None) -> str:
    """01:28, the clock of an alarm row."""
    return formats.since(moment, _now(now))


@register.filter
def clock(moment: datetime) -> str:
    """02:14."""
    return formats.clock(moment)


@register.filter
def clock_s(moment: datetime) -> str:
    """02:14:16."""
    return formats.clock(moment, seconds=True)


@register.filter
def moment(at: datetime) -> str:
    """11-21 10:24."""
    return formats.moment(at)


@register.filter
def when(moment: datetime, now: datetime | None = None) -> str:
    """The clock today, the day before that."""
    return formats.clock_or_day(moment, _now(now))


@register.filter
def long_date(day: date) -> str:
    """2026年11月21日 星期六."""
    return formats.long_date(timezone.localdate(day) if isinstance(day, datetime) else day)


@register.filter
def lunar_day(day: date) -> str:
    """农历十月十五 on a Chinese page, nothing on others."""
    return formats.lunar_day(timezone.localdate(day) if isinstance(day, datetime) else day)


@register.filter
def short_date(day: date) -> str:
    """2026年11月21日."""
    return formats.short_date(timezone.localdate(day) if isinstance(day, datetime) else day)


@register.filter
def span(length: timedelta) -> str:
    """7 小时 10 分钟."""
    return formats.span(length)


@register.filter
def money(fen: int) -> str:
    """Return an amount of fen: ¥12.50."""
    return formats.money(fen)


@register.filter
def number(value: float | None, decimals: int = 0) -> str:
    """A number with its decimals, 不知道 for none."""
    return _("not known") if value is None else formats.number(value, decimals)
