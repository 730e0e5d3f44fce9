"""What is said of a person's rhythm: messages of a key and values, sentences from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec
import yaml

from songhe.kernel.rhythm.days import HALVES, Day
from songhe.kernel.rhythm.habits import KINDS, Habit, Range
from songhe.kernel.rhythm.profile import FULL_DAYS, Profile

Language = Literal["en", "zh"]
_DAY_MINUTES = 24 * 60
_UNITS = {kind.key: kind.unit for kind in KINDS}
# Half hours of which the longest usual silence is told.
_TOLD_HALVES = (20, 30, 44)


class Message(msgspec.Struct, frozen=True):
    """A sentence by its key in data/rhythm.yaml.

    values: numbers; names ending in _at are minutes after midnight, in _on dates, month a month.
    tone: how it is drawn: plain, notable (worth asking about) or unknown.
    """

    key: str
    values: dict[str, Any] = {}
    tone: Literal["plain", "notable", "unknown"] = "plain"


@cache
def _data() -> dict[str, Any]:
    content = (files("songhe.kernel") / "data/rhythm.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(content)
    return found


def keys() -> frozenset[str]:
    """Return the keys of all messages."""
    return frozenset(_data()["messages"])


def sentence(message: Message, language: Language) -> str:
    """Return a message in words; raises KeyError for a key that is not known."""
    template: str = _data()["messages"][message.key][language]
    return template.format_map(
        {_field(name): _said(name, value, language) for name, value in message.values.items()}
    )


def _field(name: str) -> str:
    return name.removesuffix("_at").removesuffix("_on") if name not in ("at",) else name


def _said(name: str, value: Any, language: Language) -> str:
    if name == "month":
        return _data()["months"][value - 1] if language == "en" else f"{value} 月"
    if name.endswith("_on"):
        on = date.fromisoformat(value)
        if language == "en":
            return f"{on.day} {_data()['months'][on.month - 1]}"
        return f"{on.month} 月 {on.day} 日"
    if name == "at" or name.endswith("_at"):
        return clock(value)
    if name == "hours":
        return _hours(value, language)
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return str(value)


def clock(minutes: float) -> str:
    """Return minutes after midnight as HH:MM; the evening before is below 0."""
    whole = round(minutes) % _DAY_MINUTES
    return f"{whole // 60:02d}:{whole % 60:02d}"


def _hours(minutes: float, language: Language) -> str:
    whole = round(minutes)
    hours, rest = divmod(whole, 60)
    if language == "en":
        if hours and not rest:
            return f"{hours} h"
        return f"{hours} h {rest:02d} min" if hours else f"{rest} min"
    if hours and not rest:
        return f"{hours} 小时"
    return f"{hours} 小时 {rest} 分钟" if hours else f"{rest} 分钟"


def sayings(profile: Profile) -> list[Message]:
    """Return what is to be said of a profile: how far it stands, what changed, what is usual."""
    found = [_standing(profile)]
    if profile.away_days:
        found.append(Message("away_days", {"days": profile.away_days}))
    if profile.guest_days:
        found.append(Message("guest_days", {"days": profile.guest_days}))
    if profile.stage == "learning":
        return found
    found += [said for habit in profile.habits if (said := _changed(habit)) is not None]
    found += [_usual(habit) for habit in profile.habits]
    if profile.up_by is not None:
        found.append(Message("up_by", {"at": profile.up_by}))
    if profile.up_by_weekend is not None and profile.up_by_weekend != profile.up_by:
        found.append(Message("up_by_weekend", {"at": profile.up_by_weekend}))
    found += [
        Message("quiet_limit", {"at": half * 30, "hours": profile.limits[half]})
        for half in _TOLD_HALVES
    ]
    return found


def _standing(profile: Profile) -> Message:
    if profile.stage == "stands":
        return Message("stands", {"day": profile.days_used})
    if profile.stage == "learning" and profile.days_used == 0:
        return Message("nothing", tone="unknown")
    values = {"day": profile.days_used, "needed": FULL_DAYS}
    if profile.stage == "learning":
        # The day that is under way is the next one.
        return Message("learning", values | {"day": profile.days_used + 1}, "unknown")
    return Message("provisional", values, "unknown")


def _value(unit: str, name: str, value: float) -> tuple[str, float]:
    """Return a value of a habit as it is said: a clock time, whole minutes, whole times."""
    return (f"{name}_at", round(value, 1)) if unit == "clock" else (name, round(value))


def _span(unit: str, span: Range) -> dict[str, Any]:
    given = {"usual": span.usual, "low": span.low, "high": span.high}
    return dict(_value(unit, name, value) for name, value in given.items())


def _usual(habit: Habit) -> Message:
    values = _span(habit.unit, habit.range)
    if habit.weekend is None:
        return Message(f"{habit.key}_usual", values)
    name, value = _value(habit.unit, "weekend", habit.weekend.usual)
    return Message(f"{habit.key}_weekend", values | {name: value})


def _changed(habit: Habit) -> Message | None:
    """Return what is said of a change or drift, None where there is none."""
    if habit.change is None and habit.drift is None:
        return None
    if habit.seasonal:
        return Message(f"{habit.key}_season")
    if habit.change is not None:
        change = habit.change
        way = "more" if change.after > change.before else "less"
        before_on = date.fromisoformat(change.since) - timedelta(days=1)
        whole = habit.unit != "times" or round(change.before) != round(change.after)
        values: dict[str, Any] = {
            "before": round(change.before) if whole else change.before,
            "after": round(change.after) if whole else change.after,
            "by": round(abs(change.after - change.before)),
            "since_on": change.since,
            "month": before_on.month,
        }
        return Message(f"{habit.key}_{way}", values, "notable")
    drift = habit.drift
    if drift is None:
        return None
    way = "more" if drift.per_day > 0 else "less"
    ends = sorted(abs(end * drift.span_days) for end in (drift.low, drift.high))
    digits = 1 if habit.unit == "times" else None
    values = {
        "by": round(abs(drift.moved), digits),
        "low": round(ends[0], digits),
        "high": round(ends[1], digits),
        "weeks": max(1, round(drift.span_days / 7)),
    }
    return Message(f"{habit.key}_drift_{way}", values, "notable")


class Today(msgspec.Struct, frozen=True):
    """A day beside the usual: minutes with a sign of life by half hour (48), and what to say.

    until_half: the half hours that are over; those from it on are not known yet.
    """

    on: str
    active: tuple[int, ...]
    until_half: int
    messages: tuple[Message, ...]


def today(profile: Profile, day: Day, until_minute: int = _DAY_MINUTES) -> Today:
    """Compare a day (may still be under way until a minute of it) with what is usual."""
    until_half = min(until_minute // 30, HALVES)
    said = _of_today(profile, day, until_half)
    return Today(day.on, day.active, until_half, tuple(said))


def _of_today(profile: Profile, day: Day, until_half: int) -> list[Message]:
    alone = {"away": "today_away", "guests": "today_guests", "partial": "today_nothing"}
    if day.kind in alone:
        return [Message(alone[day.kind], tone="unknown" if day.kind == "partial" else "plain")]
    if profile.stage == "learning":
        return [_standing(profile)]
    minutes = sum(day.active[:until_half])
    usual, low, high = (
        round(sum(halves[:until_half]))
        for halves in (profile.heat, profile.heat_low, profile.heat_high)
    )
    found: list[Message] = []
    values = {"minutes": minutes, "usual": usual}
    if usual >= 20 and minutes < low / 2:
        found.append(Message("today_quiet", values, "notable"))
    elif minutes > max(2 * usual, high * 1.25, 60):
        found.append(Message("today_busy", values, "notable"))
    for habit in profile.habits:
        told = habit.weekend if habit.weekend is not None and day.weekend else habit.range
        beyond = _beyond(habit, told, day.values, over=until_half >= HALVES)
        if beyond is not None:
            name, value = _value(habit.unit, "value", beyond)
            span = _span(habit.unit, told)
            found.append(Message(f"{habit.key}_today", span | {name: value}, "notable"))
    return found or [Message("today_usual")]


def _beyond(habit: Habit, told: Range, values: Mapping[str, float], over: bool) -> float | None:
    """Return today's value where it lies well outside eight of ten days."""
    value = values.get(habit.key)
    if value is None or habit.key == "active_minutes":
        return None
    least = next(kind.least for kind in KINDS if kind.key == habit.key)
    if value > told.high + least:
        return value
    # Counts of a day that is not over can still grow.
    if value < told.low - least and (over or habit.unit == "clock"):
        return value
    return None
