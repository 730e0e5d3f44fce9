"""Charts of what a person has data for: blood pressure first, the others small beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry import selectors
from songhe.domains.telemetry.panels.reads import Reads, reads_of
from songhe.domains.telemetry.panels.vitals import when_words
from songhe.domains.telemetry.selectors import Baseline
from songhe.domains.telemetry.terms import Freshness, code_name, unit_words
from songhe.kernel import codes
from songhe.kernel.detectors import rules
from songhe.kit import charts

RANGES_DAYS = (1, 7, 14, 30, 90)
USUAL_RANGE_DAYS = 14
SMALL_POINTS = 400  # a small chart has no room for more; minima and maxima stay
NEAR = 0.1  # a limit is drawn when a value came this close to it, as a share of their distance
_GAP_DAYS = {1: 1, 7: 2, 14: 2, 30: 3, 90: 7}

LINES = ("heart-rate", "spo2", "glucose", "glucose-interstitial", "temperature", "respiration",
         "weight")  # fmt: skip
SUMS = ("steps", "sleep")
CHARTS = ("blood-pressure", *LINES, *SUMS)
CODES_OF: dict[str, tuple[str, ...]] = {
    "blood-pressure": ("sbp", "dbp"),
    **{key: (key,) for key in (*LINES, *SUMS)},
}
RANGE_WORDS: dict[int, Promise] = {
    1: pgettext_lazy("range", "1 day"),
    7: pgettext_lazy("range", "7 days"),
    14: pgettext_lazy("range", "14 days"),
    30: pgettext_lazy("range", "30 days"),
    90: pgettext_lazy("range", "90 days"),
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


@dataclass(frozen=True, slots=True)
class Window:
    """The time that all charts show: whole days until now."""

    days: int
    start: datetime
    end: datetime
    now: datetime

    @property
    def gap(self) -> timedelta:
        return timedelta(days=_GAP_DAYS[self.days])

    def frame(self) -> dict[str, Any]:
        """Return what every chart of this window is given."""
        zone = timezone.get_default_timezone()
        return {"start": self.start, "end": self.end, "zone": zone, "now": self.now}


def days_of(request: HttpRequest) -> int:
    """Return the asked range in days, 14 for anything that is no range."""
    asked = request.GET.get("days", "")
    days = int(asked) if asked.isdecimal() and len(asked) < 4 else USUAL_RANGE_DAYS
    return days if days in RANGES_DAYS else USUAL_RANGE_DAYS


def window_of(days: int, at: datetime) -> Window:
    """Return the window of so many days that ends now."""
    return Window(days, at - timedelta(days=days), at, at)


def chart_title(key: str) -> str:
    """Return the name of a chart, in the reader's language."""
    return _("Blood pressure") if key == "blood-pressure" else code_name(codes.by_key(key))


def critical_limits(key: str) -> list[tuple[float, str]]:
    """Return (value, operator) of the packaged rules that ring high for a code."""
    lows: list[float] = []
    highs: list[float] = []
    for rule in rules.catalogue().rules.values():
        if rule.level == "critical" and rule.kind == "threshold" and rule.enabled:
            for op in ("ge", "gt"):
                highs += [float(rule.params[n]) for n in (f"{key}_{op}",) if n in rule.params]
            for op in ("le", "lt"):
                lows += [float(rule.params[n]) for n in (f"{key}_{op}",) if n in rule.params]
    found = [(min(highs), "high")] if highs else []
    return [*found, (max(lows), "low")] if lows else found


def _limits(key: str, values: Sequence[float], *, always: bool = False) -> list[charts.Limit]:
    """Return the limits that a value came close to, so that far ones do not flatten the line."""
    found = critical_limits(key)
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
    """Return the charts of what the person has ever had data of; 4 queries and one a sum."""
    has = [key for key in CHARTS if all(reads.newest(code) for code in CODES_OF[key][:1])]
    usual = reads.usual
    lines = selectors.lines_of(
        reads.actor,
        reads.person,
        [key for key in LINES if key in has],
        window.start,
        window.end,
        max_points=SMALL_POINTS,
    )
    found = []
    for key in has:
        if key == "blood-pressure":
            found.append(_rods(reads, window, usual))
        elif key in SUMS:
            found.append(_bars(reads, window, key))
        else:
            found.append(_line(reads, window, key, lines[key], usual))
    return found


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
    at = f"?days={window.days}"
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
    found = selectors.series(reads.actor, reads.person, keys, window.start, window.end)
    pairs = [(s.at, s.values[0], s.values[1]) for s in found.samples]
    chart = charts.RodChart(
        name=_("Blood pressure"),
        unit="mmHg",
        rods=[charts.Rod(at, hi, lo) for at, hi, lo in pairs if hi is not None and lo is not None],
        own=_bands(keys, usual),
        limits=_limits("sbp", [hi for _at, hi, _lo in pairs if hi is not None], always=True),
        gap_after=window.gap,
        **window.frame(),
    )
    legend = _legend(_("one reading"), keys, usual)
    return _shown(reads, window, "blood-pressure", charts.rods(chart), legend, _count(found.count))


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
    if speaks_s is not None:
        gap = timedelta(seconds=max(12 * speaks_s, 7200))
    elif kind is not None:
        gap = max(gap, timedelta(seconds=kind.silent_after_s / 2))
    chart = charts.LineChart(
        name=code_name(code),
        unit=unit_words(code),
        decimals=code.decimals,
        points=[charts.Point(at, value) for at, value in points],
        dots=speaks_s is None,
        own=_bands([key], usual),
        limits=_limits(key, [value for _at, value in points]),
        gap_after=max(gap, (window.end - window.start) / 40),
        height=132,
        **window.frame(),
    )
    return _shown(reads, window, key, charts.line(chart), [], _usual_words([key], usual))


def _bars(reads: Reads, window: Window, key: str) -> Shown:
    code = codes.by_key(key)
    by_hour = window.days == 1 and key == "steps"
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
    if key != "steps":
        return shown
    midnight = reads.at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    today = [value for began, value in sums.items() if began >= midnight]
    return replace(
        shown,
        value=code.text(sum(today)),
        is_unknown=not today,
        when=_("today"),
    )


def charts_panel(request: HttpRequest, person: PersonView) -> SafeString | None:
    """Draw the charts with the switch of their range; nothing where health is not open."""
    reads = reads_of(request, person)
    if "health" not in reads.classes:
        return None
    days = days_of(request)
    found = shown_charts(reads, window_of(days, reads.at))
    context = {
        "charts": found,
        "ranges": [(each, RANGE_WORDS[each], each == days) for each in RANGES_DAYS],
    }
    return render_to_string("telemetry/charts.html", context, request=request)
