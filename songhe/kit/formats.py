"""Times, dates and numbers in words, the Chinese way and the English way."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

from cnlunar import Lunar
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

WEEKDAYS_ZH = "一二三四五六日"
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _chinese() -> bool:
    return (translation.get_language() or "zh").startswith("zh")


def clock(moment: datetime, zone: tzinfo | None = None, *, seconds: bool = False) -> str:
    """Return the local time of day, 02:14 or 02:14:16."""
    return timezone.localtime(moment, zone).strftime("%H:%M:%S" if seconds else "%H:%M")


def day_month(day: date) -> str:
    """Return 11-21 in Chinese, 21 Nov in English."""
    if _chinese():
        return f"{day.month:02d}-{day.day:02d}"
    return f"{day.day} {_MONTHS_EN[day.month - 1]}"


def short_date(day: date) -> str:
    """Return 2026年11月21日, or 21 Nov 2026."""
    if _chinese():
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS_EN[day.month - 1]} {day.year}"


def long_date(day: date) -> str:
    """Return 2026年11月21日 星期六, or Saturday, 21 Nov 2026."""
    if _chinese():
        return f"{short_date(day)} 星期{WEEKDAYS_ZH[day.weekday()]}"
    return f"{_WEEKDAYS_EN[day.weekday()]}, {short_date(day)}"


def lunar_day(day: date) -> str:
    """Return the day of the Chinese calendar in Chinese, 农历十月十五; "" in other languages.

    A leap month says so (闰六月); months and days bear their usual names (正月, 腊月, 初一, 廿九).
    """
    if not _chinese():
        return ""
    found = Lunar(datetime.combine(day, time(12)))
    return f"农历{found.lunarMonthCn.rstrip('大小')}{found.lunarDayCn}"


def clock_or_day(moment: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """Return the time of day for today, day and month before; the year when it is another."""
    local, here = timezone.localtime(moment, zone), timezone.localtime(now, zone)
    if local.date() == here.date():
        return local.strftime("%H:%M")
    if local.year == here.year:
        return day_month(local.date())
    return short_date(local.date())


def clock_and_day(at: datetime, now: datetime, zone: tzinfo | None = None) -> str:
    """Return the time of day, with the day before it where that is not today."""
    is_today = timezone.localtime(at, zone).date() == timezone.localtime(now, zone).date()
    return clock(at, zone) if is_today else moment(at, zone)


def moment(at: datetime, zone: tzinfo | None = None) -> str:
    """Return day, month and time of day: 11-21 10:24, or 21 Nov 10:24."""
    local = timezone.localtime(at, zone)
    return f"{day_month(local.date())} {local:%H:%M}"


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago in one unit: 1 分钟前, 1 minute ago. The future counts as now."""
    past_s = max(0, int((now - moment).total_seconds()))
    if past_s < 5:
        return _("just now")
    if past_s < 60:
        return ngettext("%(n)d second ago", "%(n)d seconds ago", past_s) % {"n": past_s}
    minutes = past_s // 60
    if minutes < 60:
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}
    hours = minutes // 60
    if hours < 24:
        return ngettext("%(n)d hour ago", "%(n)d hours ago", hours) % {"n": hours}
    days = hours // 24
    return ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days}


def span(length: timedelta) -> str:
    """Return a length of time in words: 45 分钟, 7 小时 10 分钟, 2 天."""
    minutes = max(0, round(length.total_seconds() / 60))
    if minutes < 60:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        said = ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
        if not rest:
            return said
        return _("%(hours)s %(minutes)s") % {
            "hours": said,
            "minutes": ngettext("%(n)d minute", "%(n)d minutes", rest) % {"n": rest},
        }
    days = hours // 24
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def since(moment: datetime, now: datetime) -> str:
    """Return the clock of an alarm row: 01:28 (minutes and seconds), then hours, then days."""
    past_s = max(0, int((now - moment).total_seconds()))
    if past_s < 3600:
        return f"{past_s // 60:02d}:{past_s % 60:02d}"
    hours = past_s // 3600
    if hours < 24:
        return _("%(n)d h") % {"n": hours}
    return _("%(n)d d") % {"n": hours // 24}


def number(value: float, decimals: int = 0) -> str:
    """Return a number with its code's decimals and thousands marked: 1,204; 5.6 stays 5.6."""
    text = f"{value:,.{decimals}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.,") else text


def money(fen: int) -> str:
    """Return an amount of fen as it is written: ¥120, ¥12.50, -¥3."""
    whole, rest = divmod(abs(fen), 100)
    text = f"¥{whole:,}.{rest:02d}" if rest else f"¥{whole:,}"
    return f"-{text}" if fen < 0 else text
