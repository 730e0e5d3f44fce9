"""What a chart is made of, as values; and the parts that all charts of one quantity draw alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.kit import formats
from songhe.kit.charts.scale import TimeScale, ValueScale, find_gaps, value_scale
from songhe.kit.charts.svg import el, pct, px

SMALL_PX = 180
LABEL_PX = 14
LETTER_SHARE = 2.3  # a letter of the axis, in percent of a chart on a phone


@dataclass(frozen=True, slots=True)
class Point:
    """One reading. `alarm` marks the reading that raised the alarm, and only that one."""

    at: datetime
    value: float
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Rod:
    """One reading of two values, systolic over diastolic."""

    at: datetime
    upper: float
    lower: float
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """A range of values: the population's range or target, or the person's own baseline."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected at a moment to come, with its interval."""

    at: datetime
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Limit:
    """A line with its name on it: 180 危急线."""

    value: float
    words: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of time without data; words, when there is a reason that is known."""

    start: datetime
    end: datetime
    words: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened and explains: 换药, 住院."""

    at: datetime
    words: str


@dataclass(frozen=True)
class Quantity:
    """What rods, lines and bars have in common. The window is [start, end], shown in `zone`.

    `gap_after`: two readings further apart than this have a gap between them. `now` leaves the
    future blank and closes the last gap; without it the window counts as past.
    """

    name: str
    unit: str
    start: datetime
    end: datetime
    zone: tzinfo
    decimals: int = 0
    bands: Sequence[Band] = ()
    own: Sequence[Band] = ()
    limits: Sequence[Limit] = ()
    gaps: Sequence[Gap] = ()
    gap_after: timedelta | None = None
    events: Sequence[Event] = ()
    now: datetime | None = None
    height: int = 232

    @property
    def known_until(self) -> datetime:
        """Return the end of what can be known: now, or the window's end."""
        return min(self.end, self.now) if self.now is not None else self.end

    def show(self, value: float) -> str:
        return formats.number(value, self.decimals)


@dataclass(frozen=True)
class Ground:
    """Scales and paper of one drawing, worked out from the quantity and its values."""

    chart: Quantity
    time: TimeScale
    value: ValueScale
    gaps: Sequence[Gap] = field(default=())

    @property
    def small(self) -> bool:
        return self.chart.height < SMALL_PX

    @property
    def base(self) -> float:
        return self.value.y_base

    @property
    def top(self) -> float:
        return self.value.y_top


def ground(chart: Quantity, times: Sequence[datetime], values: Sequence[float]) -> Ground:
    """Return scales that hold the values, bands and limits, and the chart's gaps."""
    small = chart.height < SMALL_PX
    y_base = chart.height - (20 if small else 26)
    y_top = 36 if chart.events or not small else 16
    held = list(values)
    for band in (*chart.bands, *chart.own):
        held += [band.low, band.high]
    held += [limit.value for limit in chart.limits]
    scale = TimeScale(chart.start, chart.end, chart.zone)
    gaps = list(chart.gaps)
    if not times and chart.known_until > chart.start:
        gaps = [Gap(chart.start, chart.known_until)]
    elif chart.gap_after is not None:
        found = find_gaps(times, chart.start, chart.known_until, chart.gap_after)
        given = [(g.start, g.end) for g in gaps]
        gaps += [Gap(a, b) for a, b in found if not any(s < b and a < e for s, e in given)]
    return Ground(chart, scale, value_scale(held, y_top, y_base), sorted(gaps, key=_start))


def _start(gap: Gap) -> datetime:
    return gap.start


def behind(g: Ground) -> Iterator[SafeString]:
    """Draw what lies behind the readings: ranges, grid, limits, the blank future, gaps."""
    for css, bands in (("band", g.chart.bands), ("own", g.chart.own)):
        for band in bands:
            y = g.value.y(band.high)
            height = g.value.y(band.low) - y
            yield el("rect", {"class": css, "x": "0", "width": "100%", "y": px(y),
                              "height": px(height)})
    limit_ys = [g.value.y(limit.value) for limit in g.chart.limits]
    yield from _grid(g, limit_ys)
    yield from _limits(g)
    if g.chart.now is not None and g.chart.now < g.chart.end:
        x = g.time.x(g.chart.now)
        yield el("rect", {"class": "later", "x": pct(x), "width": pct(100 - x), "y": "0",
                          "height": px(g.base)})
    yield from _gaps(g)


def _grid(g: Ground, limit_ys: Sequence[float]) -> Iterator[SafeString]:
    if g.value.low == 0.0 and g.value.high == 1.0 and not g.chart.bands and not g.chart.limits:
        return
    for value in g.value.ticks(3 if g.small else 5):
        y = g.value.y(value)
        if any(abs(y - other) < LABEL_PX for other in limit_ys):
            continue
        yield el("line", {"class": "grid", "x1": "0", "x2": "100%", "y1": px(y), "y2": px(y)})
        if y - 4 > g.top - 8:
            decimals = 0 if float(value).is_integer() else max(1, g.chart.decimals)
            yield el("text", {"x": "0", "y": px(y - 4)}, formats.number(value, decimals))


def _limits(g: Ground) -> Iterator[SafeString]:
    for limit in g.chart.limits:
        y = g.value.y(limit.value)
        yield el("line", {"class": "limit", "x1": "0", "x2": "100%", "y1": px(y), "y2": px(y)})


def _names_of_limits(g: Ground) -> Iterator[SafeString]:
    """Name the limits over the readings, which would strike the words through."""
    last = -100.0
    for limit in sorted(g.chart.limits, key=lambda one: -one.value):
        y = g.value.y(limit.value)
        said = f"{g.chart.show(limit.value)} {limit.words}"
        words_y = y - 5 if y - 5 - last >= LABEL_PX else y + 13
        last = words_y
        yield el("text", {"class": "strong", "x": "0", "y": px(words_y)}, said)


def _gaps(g: Ground) -> Iterator[SafeString]:
    said_at = -100.0
    y = g.top + (8 if g.small else 26)
    words_y = y - 5
    if any(abs(g.value.y(limit.value) + 4 - words_y) < LABEL_PX for limit in g.chart.limits):
        words_y = y + LABEL_PX
    for gap in g.gaps:
        a, b = g.time.x(gap.start), g.time.x(gap.end)
        if b - a > 4:  # air between the box and the readings beside it
            a, b = a + 0.9, b - 0.9
        yield el("rect", {"class": "gap", "x": pct(a), "width": pct(b - a), "y": px(y),
                          "height": px(max(4.0, g.base - 12 - y)), "rx": "2"})
        middle = (a + b) / 2
        if b - a >= (24 if g.small else 8) and middle - said_at >= 16:
            said_at = middle
            words = gap.words or _("no data")
            yield el("text", {"x": pct(middle), "y": px(words_y), "text-anchor": "middle"}, words)


def before(g: Ground) -> Iterator[SafeString]:
    """Draw what lies over the readings: names of limits, events, the axis and its times."""
    yield from _names_of_limits(g)
    said_at = -100.0
    for event in sorted(g.chart.events, key=lambda one: one.at):
        if not g.time.holds(event.at):
            continue
        x = g.time.x(event.at)
        yield el("line", {"class": "event", "x1": pct(x), "x2": pct(x), "y1": px(g.top),
                          "y2": px(g.base)})
        yield el("circle", {"class": "event-head", "cx": pct(x), "cy": px(g.top), "r": "3"})
        if x - said_at >= 9:
            said_at = x
            anchor = "start" if x < 10 else "end" if x > 90 else "middle"
            yield el("text", {"class": "strong", "x": pct(x), "y": px(g.top - 7),
                              "text-anchor": anchor}, event.words)
    yield el("line", {"class": "axis", "x1": "0", "x2": "100%", "y1": px(g.base),
                      "y2": px(g.base)})
    yield from _times(g)


def _times(g: Ground) -> Iterator[SafeString]:
    words_y = g.chart.height - (5 if g.small else 8)
    placed = []
    for at in g.time.ticks(3 if g.small else 6):
        x = g.time.x(at)
        yield el("line", {"class": "axis", "x1": pct(x), "x2": pct(x), "y1": px(g.base),
                          "y2": px(g.base + 5)})
        words = _time_words(g, at)
        wide = len(words) * LETTER_SHARE
        left = x - wide if x + wide > 100 else x
        placed.append((x, left, left + wide, words))
    # From the newest backwards: where two words would meet, the older one gives way.
    free_until = 101.0
    for x, left, right, words in reversed(placed):
        if right <= free_until:
            free_until = left
            anchor = "start" if left == x else "end"
            yield el("text", {"x": pct(x), "y": px(words_y), "text-anchor": anchor}, words)


def _time_words(g: Ground, at: datetime) -> str:
    local = at.astimezone(g.chart.zone)
    if g.time.by_month:
        return f"{local:%Y}" if g.time.by_year else f"{local:%Y-%m}"
    if g.time.by_hour and (local.hour or local.minute):
        return f"{local:%H:%M}"
    return formats.day_month(local.date())


def picture(chart: Quantity, label: str, inner: SafeString) -> SafeString:
    """Return the drawing as one image with its sentence."""
    attributes = {"class": "chart", "height": chart.height, "role": "img", "aria-label": label}
    return el("svg", attributes, inner)
