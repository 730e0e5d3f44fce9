"""What repeats, as one says it; and the rule of chosen days."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from songhe.engines.booking.recurrence import WEEK, parts_of

WEEKDAYS = (
    ("MO", gettext_lazy("Mon")), ("TU", gettext_lazy("Tue")), ("WE", gettext_lazy("Wed")),
    ("TH", gettext_lazy("Thu")), ("FR", gettext_lazy("Fri")), ("SA", gettext_lazy("Sat")),
    ("SU", gettext_lazy("Sun")),
)  # fmt: skip


def rule_of(days: Iterable[str], *, every: int = 1) -> str:
    """Return the rule of chosen days of the week, each n-th week; empty for no day."""
    chosen = set(days)
    ordered = [code for code in WEEK if code in chosen]
    if len(ordered) == len(WEEK) and every == 1:
        return "FREQ=DAILY"
    interval = f"INTERVAL={every};" if every > 1 else ""
    return f"FREQ=WEEKLY;{interval}BYDAY={','.join(ordered)}" if ordered else ""


def rule_words(rule: str) -> str:
    """Return a rule that stands as one says it: every day; Mon, Thu; each month: day 15."""
    parts = parts_of(rule)
    every = int(parts.get("INTERVAL", "1"))
    names = [_day_words(one) for one in parts.get("BYDAY", "").split(",") if one]
    names += [_month_day(int(one)) for one in parts.get("BYMONTHDAY", "").split(",") if one]
    days = pgettext("between days", ", ").join(names)
    words = {"days": days, "n": every}
    if parts["FREQ"] == "DAILY":
        always = _("every day") if every == 1 else _("every %(n)d days") % words
        return _("%(often)s: %(days)s") % {**words, "often": always} if days else always
    if parts["FREQ"] == "MONTHLY":
        often = _("monthly") if every == 1 else _("every %(n)d months") % words
        return _("%(often)s: %(days)s") % {**words, "often": often} if days else often
    if not days:
        return _("every week") if every == 1 else _("every %(n)d weeks") % words
    return days if every == 1 else _("%(days)s, every %(n)d weeks") % words


def _day_words(one: str) -> str:
    day, nth = str(dict(WEEKDAYS)[one[-2:]]), int(one[:-2] or 0)
    if nth == 0:
        return day
    if nth == -1:
        return _("last %(day)s") % {"day": day}
    if nth < 0:
        return _("%(day)s no. %(n)d from the end") % {"day": day, "n": -nth}
    return _("%(day)s no. %(n)d") % {"day": day, "n": nth}


def _month_day(number: int) -> str:
    if number == -1:
        return _("last day")
    if number < 0:
        return _("day %(n)d from the end") % {"n": -number}
    return _("day %(n)d") % {"n": number}
