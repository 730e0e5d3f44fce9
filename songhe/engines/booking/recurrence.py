"""What repeats: a part of RFC 5545's rules, on the days of the install's place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import chinese_calendar
from dateutil.rrule import rrulestr

from songhe.engines.booking.terms import Calendar
from songhe.kernel.errors import Invalid

LONGEST = 120  # characters of a rule
WEEK = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LOOK_AHEAD = timedelta(days=8 * 366)
# Which parts go with which frequency (RFC 5545, 3.3.10).
_PARTS = {
    "DAILY": {"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY"},
    "WEEKLY": {"FREQ", "INTERVAL", "BYDAY"},
    "MONTHLY": {"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY"},
}


class BadRule(Invalid):
    code = "booking.bad_rule"
    message = "Please choose on which days it comes."


class BadPart(Invalid):
    code = "booking.bad_part"
    message = "“%(part)s” cannot stand in this rule of what repeats."


class NoSuchDay(Invalid):
    code = "booking.no_such_day"
    message = "No day is like that: it would never come."


class BadEnd(Invalid):
    code = "booking.bad_end"
    message = "It ends before it begins."


def parts_of(rule: str) -> dict[str, str]:
    """Return the parts of a rule, such as {"FREQ": "WEEKLY", "BYDAY": "MO,TH"}.

    DAILY, WEEKLY or MONTHLY with INTERVAL 1 to 99, BYDAY (by number only each month, such as 2TU,
    -1FR) and BYMONTHDAY. Ends and times of day are no part of it. Raises BadRule, BadPart.
    """
    pairs = [part.partition("=") for part in rule.split(";")]
    parts = {name: value for name, _sign, value in pairs}
    allowed = _PARTS.get(parts.get("FREQ", ""))
    if allowed is None or len(rule) > LONGEST:
        raise BadRule(field="rule")
    for name, _sign, value in pairs:
        good = name in allowed and all(_is_good(name, parts["FREQ"], v) for v in value.split(","))
        if not good or (name in ("FREQ", "INTERVAL") and "," in value):
            raise BadPart(field="rule", part=f"{name}={value}")
    if len(parts) != len(pairs):
        raise BadRule(field="rule")
    return parts


def _is_good(name: str, frequency: str, value: str) -> bool:
    if name == "BYDAY":
        nth = value[:-2]
        by_number = frequency == "MONTHLY" and _is_number(nth, 5)
        return value[-2:] in WEEK and (not nth or by_number)
    if name == "BYMONTHDAY":
        return _is_number(value, 31)
    if name == "INTERVAL":
        return _is_number(value, 99) and not value.startswith("-")
    return name == "FREQ"


def _is_number(text: str, most: int) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and 1 <= int(digits) <= most


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule from its first day until before its end (None: without), with the nation's holidays.

    Of years whose holidays are not announced yet every day is an ordinary one.
    """

    rule: str
    first: date
    end: date | None = None
    calendar: Calendar = Calendar.EVERY

    def check(self) -> None:
        """Raise BadRule, BadPart, BadEnd, or NoSuchDay where it never comes within eight years."""
        parts_of(self.rule)
        if self.end is not None and self.end <= self.first:
            raise BadEnd(field="until")
        if next(self._by_rule(self.first, self.first + _LOOK_AHEAD), None) is None:
            raise NoSuchDay(field="rule")

    def days(self, since: date, until: date) -> Iterator[date]:
        """Yield its days from `since` until before `until`, in order."""
        since = max(since, self.first)
        until = min(until, self.end or until)
        if self.calendar == Calendar.WORKS:
            yield from self._working(since, until)
            return
        for day in self._by_rule(since, until):
            if self.calendar == Calendar.EVERY or not is_holiday(day):
                yield day

    def _working(self, since: date, until: date) -> Iterator[date]:
        by_rule = set(self._by_rule(since, until))
        for number in range((until - since).days):
            day = since + timedelta(days=number)
            if is_made_up(day) or (day in by_rule and not is_holiday(day)):
                yield day

    def _by_rule(self, since: date, until: date) -> Iterator[date]:
        begin = datetime.combine(self.first, time())
        last = datetime.combine(until, time()) - timedelta(days=1)
        every = rrulestr(self.rule, dtstart=begin).replace(until=last)
        for moment in every.xafter(datetime.combine(since, time()), inc=True):
            yield moment.date()


def is_holiday(day: date) -> bool:
    """Tell whether a day is one of the nation's holidays (not an ordinary weekend)."""
    is_free, name = _detail(day)
    return is_free and name


def is_made_up(day: date) -> bool:
    """Tell whether a day of a weekend is worked to make up for a holiday (调休)."""
    is_free, name = _detail(day)
    return not is_free and name


def _detail(day: date) -> tuple[bool, bool]:
    """Return whether a day is free, and whether that belongs to a holiday with a name."""
    try:
        is_free, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return False, False
    return bool(is_free), bool(name)
