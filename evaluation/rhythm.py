"""No sign of life, not up yet: run over homes day by day, by what was known the night before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from uuid import UUID

import numpy as np

from evaluation.home_sets import Home
from evaluation.outcome import Figure, Table
from songhe.kernel import codes
from songhe.kernel.detectors import Evaluator, RuleBook
from songhe.kernel.rhythm import Day, days_of, facts, learn
from songhe.kernel.rhythm.days import Stream
from songhe.kernel.rhythm.profile import LEAST_DAYS
from songhe.kernel.time import DAY_US, HOUR_US, MINUTE_US
from songhe.kernel.wire import Finding, Reading, RuleChange, RuleScope, SubjectKind

_ZONE = "UTC"
_WHO = UUID(int=7)
_PLACE = UUID(int=8)
_FIXED_US = 12 * HOUR_US
_COLLAPSES_A_DAY = 24
_NEVER_MINUTES = 24 * 60.0
_SEED = 5
RULES = ("no-sign-of-life", "not-up-yet")
# Rules that stand beside ours today and can tell of somebody lying at home.
_OTHERS = ("bed-empty-night",)
_PARTS = ((0, 6), (6, 12), (12, 18), (18, 24))


@dataclass
class Found:
    """What rules said over the days of homes that came after the first week."""

    days: float = 0.0
    wrong: dict[str, int] = field(default_factory=dict)
    out: int = 0
    fixed: int = 0
    delays: list[tuple[int, float, float, float]] = field(default_factory=list)
    home_rows: list[tuple[str, ...]] = field(default_factory=list)


@dataclass(frozen=True)
class Measured:
    """Keys, figures, words and tables of the rhythm for an outcome."""

    keys: dict[str, float]
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    proves: str
    cannot: str


def readings_of(home: Home) -> tuple[list[Reading], dict[str, str]]:
    """Return a home's events as a person's readings, and the channel of each device."""
    devices: dict[str, UUID] = {}
    found: list[Reading] = []
    for event in home.events:
        device = devices.setdefault(event.channel, UUID(int=100 + len(devices)))
        key = {"front": "door", "bed": "bed"}.get(event.channel, "motion")
        found.append(_reading(device, key, event.at_us, 1.0))
        # A sensor that only says that it fired is heard as on and off within a second.
        until_us = max(event.until_us, event.at_us + 1_000_000)
        found.append(_reading(device, key, until_us, 0.0))
    found.sort(key=lambda reading: reading.effective_us)
    return found, {str(device): channel for channel, device in devices.items()}


def _reading(device: UUID, key: str, at_us: int, value: float) -> Reading:
    return Reading(
        subject_kind=int(SubjectKind.PLACE), subject=_PLACE, device=device, effective_us=at_us,
        received_us=at_us, codes=(codes.by_key(key).number,), values=(value,), person=_WHO,
    )  # fmt: skip


def _evaluator(days: Sequence[Day], sensors: dict[str, str]) -> Evaluator:
    """Return the rules as they stand for a person of whom these days are known."""
    given = {"time_zone": _ZONE, **facts(learn(days), sensors)}
    quiet = [RuleChange("door-night", "off", enabled=False)]
    return Evaluator(RuleBook([RuleScope(f"person:{_WHO}", quiet, given)]))


def _told(evaluator: Evaluator, readings: Sequence[Reading], until_us: int) -> list[Finding]:
    """Judge readings in the order of time, then let time pass; batches change nothing (tests)."""
    found: list[Finding] = []
    if readings:
        plan = evaluator.judge(readings, readings[-1].effective_us)
        plan.commit()
        found += plan.findings
    plan = evaluator.tick(until_us)
    plan.commit()
    return found + plan.findings


def _run(home: Home, found: Found) -> None:
    readings, sensors = readings_of(home)
    times = [reading.effective_us for reading in readings]
    stream = Stream(home.events, home.start_us + home.count * MINUTE_US)
    days = days_of(home.events, _ZONE, home.start_us, stream.until_us)
    draw = Random(_SEED)  # noqa: S311 (a sample, no secret)
    wrong = dict.fromkeys(RULES, 0)
    judged, delays = 0, []
    for number in range(LEAST_DAYS, len(days)):
        if learn(days[:number]).stage == "learning":
            continue
        judged += 1
        start_us = home.start_us + number * DAY_US
        first = int(np.searchsorted(times, start_us - 36 * HOUR_US))
        last = int(np.searchsorted(times, start_us + DAY_US))
        told = _told(_evaluator(days[:number], sensors), readings[first:last], start_us + DAY_US)
        _count(told, start_us, wrong, found)
        found.fixed += _fixed_wrong(stream, start_us)
        for _ in range(_COLLAPSES_A_DAY):
            at_us = start_us + draw.randrange(24 * 60) * MINUTE_US
            if stream.is_out(at_us):
                continue
            end = int(np.searchsorted(times, at_us))
            if end == 0:
                continue
            evaluator = _evaluator(days[:number], sensors)
            told = _told(evaluator, readings[first:end], at_us + 2 * DAY_US)
            delays.append(_delay(told, at_us, times[end - 1], start_us))
    found.days += judged
    for rule, count in wrong.items():
        found.wrong[rule] = found.wrong.get(rule, 0) + count
    found.delays += delays
    ours = [delay[1] for delay in delays]
    found.home_rows.append(
        (
            home.name, str(judged), *(str(wrong[rule]) for rule in RULES),
            _minutes(np.median(ours)) if ours else "–",
            _minutes(np.quantile(ours, 0.9)) if ours else "–",
        )
    )  # fmt: skip


def _count(told: Sequence[Finding], start_us: int, wrong: dict[str, int], found: Found) -> None:
    for finding in told:
        if finding.phase != "raised" or finding.onset_us < start_us:
            continue
        if finding.summary.get("text") == "partial":
            found.out += 1
        elif finding.rule in wrong:
            wrong[finding.rule] += 1


def _fixed_wrong(stream: Stream, start_us: int) -> int:
    """Return how often on a day a rule of 12 h that knows of outings would have called."""
    return sum(
        1
        for at_us, after_us in pairwise(stream.times)
        if after_us - at_us > _FIXED_US
        and start_us <= at_us + _FIXED_US < start_us + DAY_US
        and not stream.is_out(at_us)
    )


def _delay(
    told: Sequence[Finding], at_us: int, last_us: int, start_us: int
) -> tuple[int, float, float, float]:
    """Return the hour of a collapse and the minutes until ours, the fixed and other rules know."""

    def until(rules: Sequence[str]) -> float:
        # An alarm that was open already when she fell is heard at once: people are on their way.
        opened = {f.id: f for f in told if f.phase == "raised" and f.rule in rules}
        for finding in told:
            if finding.phase == "cleared" and finding.of in opened and finding.onset_us <= at_us:
                del opened[finding.of]
        soonest = min((f.onset_us for f in opened.values()), default=None)
        if soonest is None:
            return _NEVER_MINUTES
        return min(max(0.0, (soonest - at_us) / MINUTE_US), _NEVER_MINUTES)

    fixed = (last_us + _FIXED_US - at_us) / MINUTE_US
    return ((at_us - start_us) // HOUR_US, until(RULES), max(fixed, 0.0), until(_OTHERS))


def _minutes(value: float | np.floating) -> str:
    return f"{value:.0f}"


def measure(homes: Sequence[Home]) -> Measured:
    """Run the rules of rhythm over homes: learned up to the night before, judged on each day.

    From the eighth day on. A day's false alarms are findings of the day as it was. A collapse is an
    instant at home after which no sensor says anything; 24 a day are drawn.
    """
    found = Found(wrong=dict.fromkeys(RULES, 0))
    for home in homes:
        _run(home, found)
    delays = np.array([delay[1:] for delay in found.delays]).reshape(-1, 3)
    hours = np.array([delay[0] for delay in found.delays])
    keys = {
        "no_sign_days": found.days,
        "no_sign_false_per_day": _per_day(found.wrong["no-sign-of-life"], found.days),
        "out_too_long_per_day": _per_day(found.out, found.days),
        "fixed_12h_false_per_day": _per_day(found.fixed, found.days),
        "not_up_false_per_day": _per_day(found.wrong["not-up-yet"], found.days),
    }
    for column, name in enumerate(("no_sign", "fixed_12h", "other_rules")):
        own = delays[:, column]
        keys[f"{name}_delay_min_median"] = float(np.median(own)) if len(own) else float("nan")
        keys[f"{name}_delay_min_p90"] = float(np.quantile(own, 0.9)) if len(own) else float("nan")
    return Measured(
        keys=keys,
        figures=tuple(_figures(keys, found, len(homes))),
        tables=(_by_hour(hours, delays), _by_home(found)),
        proves=(
            f"No sign of life and not up yet: each of {found.days:.0f} days judged by the live "
            "rules with what was learned up to the night before; a collapse is a drawn instant at "
            "home after which every sensor is still. Outings longer than any before are told of "
            f"as such, a level lower, and counted apart: {found.out}."
        ),
        cannot=(
            "Collapses are simulated by silence: somebody who still moves a little is found later. "
            "A day and more without any finding counts as 24 h."
        ),
    )


def _per_day(count: int, days: float) -> float:
    return count / days if days else float("nan")


def _figures(keys: dict[str, float], found: Found, homes: int) -> list[Figure]:
    """Return the figures; false alarms with the Poisson interval of their count (exact)."""
    from scipy.stats import chi2

    figures = []
    for rule, name in ((RULES[0], "no_sign"), (RULES[1], "not_up")):
        count, days = found.wrong[rule], max(found.days, 1)
        low = chi2.ppf(0.025, 2 * count) / 2 / days if count else 0.0
        high = chi2.ppf(0.975, 2 * count + 2) / 2 / days
        note = f"{count} in {found.days:.0f} person-days; Poisson interval"
        figures.append(
            Figure(f"{rule}: false alarms per person-day", keys[f"{name}_false_per_day"],
                   float(low), float(high), homes, note)
        )  # fmt: skip
    for name, label in (
        ("no_sign", "both rules of rhythm"),
        ("fixed_12h", "12 h after the last sign"),
        ("other_rules", "bed empty at night"),
    ):
        for part in ("median", "p90"):
            key = f"{name}_delay_min_{part}"
            figures.append(Figure(f"minutes to find a collapse, {part}: {label}", keys[key]))
    return figures


def _by_hour(hours: np.ndarray, delays: np.ndarray) -> Table:
    rows = []
    for first, last in _PARTS:
        own = delays[(hours >= first) & (hours < last)]
        if len(own):
            cells = [_minutes(np.quantile(own[:, c], q)) for c in range(3) for q in (0.5, 0.9)]
            rows.append((f"{first:02d}–{last:02d}", str(len(own)), *cells))
    heads = ("collapse at", "drawn", "rhythm median", "p90", "12 h median", "p90",
             "bed rule median", "p90")  # fmt: skip
    return Table("Minutes to find a collapse, by hour of day", heads, tuple(rows))


def _by_home(found: Found) -> Table:
    heads = ("home", "days judged", "no sign: false", "not up: false", "delay median", "p90")
    return Table("Rhythm by home", heads, tuple(found.home_rows))
