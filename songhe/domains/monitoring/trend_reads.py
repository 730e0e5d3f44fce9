"""Reading how a person's values move: days in one value each, a sensor's glucose; actor first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import life_source
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry import selectors as telemetry
from songhe.domains.telemetry.terms import VIEW_READINGS
from songhe.kernel import codes
from songhe.kernel.trends import words
from songhe.kernel.trends.glucose import MG_DL_PER_MMOL_L, GlucoseMetrics, metrics
from songhe.kernel.trends.series import Forecast, forecast
from songhe.kernel.trends.words import Line

DRAWN = timedelta(days=90)
AHEAD_DAYS = 7
# Weight is held against half a year before (its published limits), and a week of it is a median.
_WEIGHED = timedelta(days=190)
# Engineering choices [E]: a last value older than this says nothing of now; so many days make a
# band; a sensor that speaks at least so often is a continuous one, looked at over 15 days.
OLD_DAYS = 14
_DAYS_FOR_A_BAND = 14
_CONTINUOUS = timedelta(minutes=16)
_SENSOR = timedelta(days=15)
_SENSOR_POINTS = 60_000
SUMMED = frozenset({"steps", "sleep"})
KEYS = (
    "weight", "sbp", "dbp", "glucose", "glucose-interstitial", "heart-rate-resting", "steps",
    "cadence", "sleep",
)  # fmt: skip
# What is counted from worn motion stands in for the steps of days on which no device sent its own.
_FELT = "steps-felt"


@dataclass(frozen=True, slots=True)
class Trend:
    """How one value moves. days: (local midnight, value) of the drawn time; band: 80 % of them.

    old_days: days since the last value where that is too long to speak of now, else None.
    felt_days: on how many of the drawn days steps were counted from worn motion.
    """

    code: codes.Code
    days: list[tuple[datetime, float]]
    band: tuple[float, float] | None
    lines: list[Line]
    ahead: list[tuple[datetime, Forecast]]
    old_days: int | None = None
    felt_days: int = 0


@dataclass(frozen=True, slots=True)
class Trends:
    """All that is known of how a person's values move up to a moment; sensor: None without one."""

    start: datetime
    end: datetime
    told: list[Trend] = field(default_factory=list)
    sensor: GlucoseMetrics | None = None


def is_open_to(actor: Actor, person: PersonView) -> bool:
    """Tell whether the actor may see how a person's values move."""
    return actor.may(VIEW_READINGS) and "health" in person.fields


def trends_of(actor: Actor, person: PersonView, *, at: datetime) -> Trends:
    """Return how a person's values move; nothing where health is not open. 3 queries."""
    today = life_source.local_day(at)
    start = life_source.midnight(today - DRAWN)
    if not is_open_to(actor, person):
        return Trends(start, at)
    found = telemetry.daily_of(actor, person, (*KEYS[1:], _FELT), start, at)
    own = {one.on for one in found["steps"]}
    felt = [one for one in found.pop(_FELT) if one.on not in own]
    found["steps"] = sorted([*found["steps"], *felt], key=lambda one: one.on)
    weighed = life_source.midnight(today - _WEIGHED)
    found |= telemetry.daily_of(actor, person, KEYS[:1], weighed, at)
    told = [_trend(key, found[key], start, at) for key in KEYS if found[key] or key in _ASKED]
    walked = sum(life_source.local_day(start) <= one.on < today for one in felt)
    told = [replace(one, felt_days=walked if one.code.key == "steps" else 0) for one in told]
    return Trends(start, at, told, _sensor(actor, person, at))


# What is said to be unknown where nothing was measured; some sensors few people have.
_ASKED = frozenset(KEYS) - {"glucose-interstitial", "cadence"}


def _trend(key: str, found: Sequence[telemetry.Daily], start: datetime, at: datetime) -> Trend:
    code = codes.by_key(key)
    today = life_source.local_day(at)
    # Steps of a day that is under way are not its steps yet.
    known = [one for one in found if key != "steps" or one.on < today]
    values = [one.total if key in SUMMED else one.median for one in known]
    numbers = [float(one.on.toordinal()) for one in known]
    first = life_source.local_day(start)
    days = [
        (life_source.midnight(one.on), value)
        for one, value in zip(known, values, strict=True)
        if one.on >= first
    ]
    if not known:
        return Trend(code, [], None, words.lines(key, [], []), [])
    age = (today - known[-1].on).days
    if age > OLD_DAYS:
        return Trend(code, days, _band(days), [], [], age)
    ahead = forecast(numbers, values, AHEAD_DAYS)
    from_now = [(life_source.midnight(date.fromordinal(round(one.day))), one) for one in ahead]
    return Trend(code, days, _band(days), words.lines(key, numbers, values), from_now)


def _band(days: Sequence[tuple[datetime, float]]) -> tuple[float, float] | None:
    """Return the range that eight of ten of these days lie in; None of too few."""
    if len(days) < _DAYS_FOR_A_BAND:
        return None
    ordered = sorted(value for _day, value in days)
    tenth = (len(ordered) - 1) / 10
    return _at(ordered, tenth), _at(ordered, 9 * tenth)


def _at(ordered: Sequence[float], place: float) -> float:
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def _sensor(actor: Actor, person: PersonView, at: datetime) -> GlucoseMetrics | None:
    """Return the metrics of a continuous sensor of the last 15 days; None without one."""
    key = "glucose-interstitial"
    found = telemetry.lines_of(
        actor, person, [key], at - _SENSOR, at, max_points=_SENSOR_POINTS
    ).get(key, [])
    steps = [(b - a).total_seconds() for (a, _), (b, _) in pairwise(found)]
    if not steps or median(steps) > _CONTINUOUS.total_seconds():
        return None
    zone = life_source.zone()
    local = [moment.astimezone(zone) for moment, _value in found]
    times = [one.timestamp() + (one.utcoffset() or timedelta()).total_seconds() for one in local]
    return metrics(times, [value * MG_DL_PER_MMOL_L for _moment, value in found])
