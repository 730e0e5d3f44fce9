"""Charts of what a person has data for: blood pressure first, the others small beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry import selectors
from songhe.domains.telemetry.panels.reads import Holding, Reads, reads_of
from songhe.domains.telemetry.panels.vitals import when_words
from songhe.domains.telemetry.panels.window import (
    RANGE_WORDS,
    RANGES_DAYS,
    Step,
    Window,
    asked_window,
)
from songhe.domains.telemetry.selectors import Baseline, Bucket
from songhe.domains.telemetry.terms import STEPS, Freshness, code_name, unit_words
from songhe.kernel import codes
from songhe.kernel.detectors import rules
from songhe.kit import charts, formats

SMALL_POINTS = 400  # a small chart has no room for more; minima and maxima stay
RODS_DAYS = 100  # so long single blood pressures can be told apart
_LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "month": timedelta(days=30)}
NEAR = 0.1  # a limit is drawn when a value came this close to it, as a share of their distance

LINES = ("heart-rate", "spo2", "glucose", "glucose-interstitial", "temperature", "respiration",
         "weight")  # fmt: skip
SUMS = (*STEPS, "sleep")
CHARTS = ("blood-pressure", *LINES, *SUMS)
CODES_OF: dict[str, tuple[str, ...]] = {
    "blood-pressure": ("sbp", "dbp"),
    **{key: (key,) for key in (*LINES, *SUMS)},
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One chart as the template puts it on the page."""

    key: str
    title: str
    unit: str
    value: str
    when: str
    is_unknown: bool
    drawing: SafeString
    legend: list[tuple[str, str]]
    note: str
    href: str
    is_large: bool


def chart_title(key: str) -> str:
    """Return the name of a chart, in the reader's language."""
    return _("Blood pressure") if key == "blood-pressure" else code_name(codes.by_key(key))


def critical_limits(key: str, holding: Holding) -> list[tuple[float, str]]:
    """Return (value, "high" or "low") of the limits of a code in rules as they hold."""
    lows: list[float] = []
    highs: list[float] = []
    number = codes.by_key(key).number
    for enabled, params in holding.values():
        for limit in rules.limits_of(params) if enabled else ():
            if limit.code == number:
                (highs if limit.operator in ("ge", "gt") else lows).append(limit.value)
    found = [(min(highs), "high")] if highs else []
    return [*found, (max(lows), "low")] if lows else found


def _limits(
    reads: Reads, key: str, values: Sequence[float], *, always: bool = False
) -> list[charts.Limit]:
    """Return the limits that a value came close to, so that far ones do not flatten the line."""
    found = critical_limits(key, reads.rules)
    both = [limit for limit, _side in found]
    reach = (max(both) - min(both)) * NEAR if len(both) > 1 else max(both, default=0) * NEAR / 3
    near = []
    for limit, side in found:
        close = values and (
            max(values) >= limit - reach if side == "high" else min(values) <= limit + reach
        )
        if close or (always and side == "high"):
            near.append(charts.Limit(limit, _("critical limit")))
    return near


def _bands(keys: Sequence[str], usual: dict[int, Baseline]) -> list[charts.Band]:
    numbers = [codes.by_key(key).number for key in keys]
    return [charts.Band(usual[n].low, usual[n].high) for n in numbers if n in usual]


def _usual_words(keys: Sequence[str], usual: dict[int, Baseline]) -> str:
    ranges = [
        f"{code.text(usual[code.number].low)}–{code.text(usual[code.number].high)}"
        for code in map(codes.by_key, keys)
        if code.number in usual
    ]
    return _("personal normal %(range)s") % {"range": " / ".join(ranges)} if ranges else ""


def _legend(first: str, keys: Sequence[str], usual: dict[int, Baseline]) -> list[tuple[str, str]]:
    own = _usual_words(keys, usual)
    middle = [("own", own)] if own else []
    return [("reading", first), *middle, ("gap", _("no data"))]


def _count(n: int) -> str:
    return ngettext("%(n)d reading", "%(n)d readings", n) % {"n": n}


def shown_charts(reads: Reads, window: Window) -> list[Shown]:
    """Return the charts of what the person has ever had data of; 7 queries at most."""
    has = [key for key in CHARTS if all(reads.newest(code) for code in CODES_OF[key][:1])]
    usual = reads.usual
    lines = _lines(reads, window, [key for key in LINES if key in has])
    found = []
    for key in has:
        if key == "blood-pressure":
            found.append(_rods(reads, window, usual))
        elif key in SUMS:
            found.append(_bars(reads, window, key))
        else:
            found.append(_line(reads, window, key, lines[key], usual))
    return found


def _lines(
    reads: Reads, window: Window, keys: list[str]
) -> dict[str, list[tuple[datetime, float]]]:
    """Return single values where they are few enough, else lowest and highest of each step."""
    if window.step == "raw":
        return selectors.lines_of(
            reads.actor,
            reads.person,
            keys,
            window.start,
            window.end,
            max_points=SMALL_POINTS,
        )
    courses = selectors.courses_of(
        reads.actor, reads.person, keys, window.start, window.end, step=window.step
    )
    length = _LENGTHS[window.step]
    return {key: extremes(found, length) for key, found in courses.items()}


def extremes(buckets: Sequence[Bucket], length: timedelta) -> list[tuple[datetime, float]]:
    """Return each bucket's lowest and highest value, in the order in which it went up or down."""
    points: list[tuple[datetime, float]] = []
    for one in buckets:
        if one.low == one.high:
            points.append((one.began_at + length / 2, one.low))
            continue
        pair = (one.low, one.high) if one.first <= one.last else (one.high, one.low)
        points.append((one.began_at + length * 0.3, pair[0]))
        points.append((one.began_at + length * 0.7, pair[1]))
    return points


def step_words(step: Step) -> str:
    """Return what one mark of a chart stands for, "" for a single reading."""
    return {
        "hour": _("lowest and highest of each hour"),
        "day": _("lowest and highest of each day"),
        "month": _("lowest and highest of each month"),
    }.get(step, "")


def _shown(
    reads: Reads,
    window: Window,
    key: str,
    drawing: SafeString,
    legend: list[tuple[str, str]],
    note: str,
) -> Shown:
    keys = CODES_OF[key]
    newest = reads.newest(keys[0])
    assert newest is not None  # noqa: S101 - charts are drawn only of what has a last value
    values = [v for v in map(reads.newest, keys) if v is not None and v.at == newest.at]
    unknown = newest.freshness is Freshness.UNKNOWN
    at = "?" + urlencode({k: v for k, v in window.query().items() if v is not None})
    return Shown(
        key=key,
        title=chart_title(key),
        unit=unit_words(newest.code),
        value="/".join(v.code.text(v.value) for v in values),
        when=when_words(newest.at, reads.at),
        is_unknown=unknown,
        drawing=drawing,
        legend=legend,
        note=note,
        href=reverse("telemetry:readings", args=[reads.person.id, key]) + at,
        is_large=key == "blood-pressure",
    )


def _rods(reads: Reads, window: Window, usual: dict[int, Baseline]) -> Shown:
    keys = CODES_OF["blood-pressure"]
    step = "raw" if window.days <= RODS_DAYS else window.step
    if step == "raw":
        found = selectors.series(reads.actor, reads.person, keys, window.start, window.end)
        drawn = [
            charts.Rod(s.at, s.values[0], s.values[1], alarm=reads.is_marked(s.key, keys))
            for s in found.samples
            if s.values[0] is not None and s.values[1] is not None
        ]
        count, first = found.count, _("one reading")
    else:
        drawn, count = _long_rods(reads, window, keys)
        first = step_words(window.step)
    chart = charts.RodChart(
        name=_("Blood pressure"),
        unit="mmHg",
        rods=drawn,
        own=_bands(keys, usual),
        limits=_limits(reads, "sbp", [rod.upper for rod in drawn], always=True),
        gap_after=window.gap,
        **window.frame(),
    )
    legend = _legend(first, keys, usual)
    return _shown(reads, window, "blood-pressure", charts.rods(chart), legend, _count(count))


def _long_rods(reads: Reads, window: Window, keys: Sequence[str]) -> tuple[list[charts.Rod], int]:
    """Return a rod a day or month from the lowest lower to the highest upper value."""
    assert window.step != "raw"  # noqa: S101 - the caller has looked
    found = selectors.courses_of(
        reads.actor, reads.person, keys, window.start, window.end, step=window.step
    )
    upper, lower = (found.get(key, []) for key in keys)
    lows = {one.began_at: one.low for one in lower}
    middle = _LENGTHS[window.step] / 2
    drawn = [
        charts.Rod(one.began_at + middle, one.high, lows[one.began_at])
        for one in upper
        if one.began_at in lows
    ]
    return drawn, sum(one.n for one in upper)


def _line(
    reads: Reads,
    window: Window,
    key: str,
    points: list[tuple[datetime, float]],
    usual: dict[int, Baseline],
) -> Shown:
    code = codes.by_key(key)
    newest = reads.newest(key)
    kind = newest.rhythm if newest is not None else None
    speaks_s = kind.expected_interval_s if kind is not None else None
    gap = window.gap
    if speaks_s is not None and window.step == "raw":
        gap = timedelta(seconds=max(12 * speaks_s, 7200))
    elif kind is not None:
        gap = max(gap, timedelta(seconds=kind.silent_after_s / 2))
    chart = charts.LineChart(
        name=code_name(code),
        unit=unit_words(code),
        decimals=code.decimals,
        points=[charts.Point(at, value, alarm=reads.is_marked_at(at, key)) for at, value in points],
        dots=speaks_s is None and window.step == "raw",
        own=_bands([key], usual),
        limits=_limits(reads, key, [value for _at, value in points]),
        gap_after=max(gap, (window.end - window.start) / 40),
        height=132,
        **window.frame(),
    )
    note = [words for words in (step_words(window.step), _usual_words([key], usual)) if words]
    return _shown(reads, window, key, charts.line(chart), [], " · ".join(note))


def _bars(reads: Reads, window: Window, key: str) -> Shown:
    if window.step in ("day", "month"):
        return _month_bars(reads, window, key)
    code = codes.by_key(key)
    by_hour = window.days == 1 and key in STEPS
    length = timedelta(hours=1) if by_hour else timedelta(days=1)
    zone = timezone.get_default_timezone()
    start = window.start.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    if not by_hour:
        start = start.replace(hour=0)
    sums = selectors.sums_of(
        reads.actor, reads.person, key, start, window.end, step="hour" if by_hour else "day"
    )
    bars = []
    begin = start
    while begin < window.end:
        bars.append(charts.Bar(begin, sums.get(begin)))
        begin += length
    chart = charts.BarChart(
        name=code_name(code),
        unit=unit_words(code),
        bars=bars,
        step=length,
        height=132,
        **(window.frame() | {"start": start}),
    )
    note = _("by the hour") if by_hour else _("by the day")
    shown = _shown(reads, window, key, charts.bars(chart), [], note)
    if key not in STEPS or window.until is not None:
        return shown
    midnight = reads.at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    today = [value for began, value in sums.items() if began >= midnight]
    return replace(
        shown,
        value=code.text(sum(today)),
        is_unknown=not today,
        when=_("today"),
    )


def _month_bars(reads: Reads, window: Window, key: str) -> Shown:
    """Draw the average of a day for each month that has values."""
    code = codes.by_key(key)
    found = selectors.courses_of(
        reads.actor, reads.person, [key], window.start, window.end, step="month"
    )[key]
    known = {one.began_at: one.total / one.days for one in found}
    zone = timezone.get_default_timezone()
    begin = start = window.start.astimezone(zone).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    bars = []
    while begin < window.end:
        bars.append(charts.Bar(begin, known.get(begin)))
        begin = (begin + timedelta(days=32)).replace(day=1)
    chart = charts.BarChart(
        name=code_name(code),
        unit=unit_words(code),
        bars=bars,
        step=timedelta(days=30),
        height=132,
        **(window.frame() | {"start": start}),
    )
    note = _("average of a day, by the month")
    return _shown(reads, window, key, charts.bars(chart), [], note)


def charts_panel(request: HttpRequest, person: PersonView) -> SafeString | None:
    """Draw the charts with the switch of their range; nothing where health is not open."""
    reads = reads_of(request, person)
    if "health" not in reads.classes:
        return None
    window = asked_window(request, reads.at)
    context = {
        "charts": shown_charts(reads, window),
        "window": window,
        "shown": _span_words(window),
        "ranges": [
            (RANGE_WORDS[each], window.resized(each).query(), each == window.days)
            for each in RANGES_DAYS
        ],
        "ways": [
            (words, way.query() if way is not None else None)
            for words, way in (
                (pgettext("chart", "Earlier"), window.earlier()),
                (pgettext("chart", "Later"), window.later()),
                (pgettext("chart", "Nearer"), window.nearer()),
                (pgettext("chart", "Wider"), window.wider()),
            )
        ],
    }
    return render_to_string("telemetry/charts.html", context, request=request)


def _span_words(window: Window) -> str:
    """Return the first and last day of a window of the past, "" for one that ends now."""
    if window.until is None:
        return ""
    zone = timezone.get_default_timezone()
    first = formats.short_date(window.start.astimezone(zone).date())
    return f"{first} – {formats.short_date(window.until)}"
