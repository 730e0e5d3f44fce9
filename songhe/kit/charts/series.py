"""Charts of one quantity over time: rods (blood pressure), a line, hourly bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from django.utils.safestring import SafeString

from songhe.kit.charts import words
from songhe.kit.charts.parts import (
    Expected,
    Ground,
    Point,
    Quantity,
    Rod,
    before,
    behind,
    ground,
    picture,
)
from songhe.kit.charts.scale import thin
from songhe.kit.charts.svg import el, group, pct, px

# Values nearer to each other than this, in percent of the width, would cover each other.
_LABEL_SHARE = 12.0
# From so many readings that raised an alarm on, their dots are smaller.
_CROWD = 6


@dataclass(frozen=True)
class RodChart(Quantity):
    """Blood pressure: one rod a reading, the dot at the upper value."""

    rods: Sequence[Rod] = ()

    @property
    def shown(self) -> list[Rod]:
        """Return the rods inside the window, in time order."""
        inside = [r for r in self.rods if self.start <= r.at <= self.end]
        return sorted(inside, key=lambda r: r.at)


@dataclass(frozen=True)
class LineChart(Quantity):
    """One quantity; the line breaks at gaps. `dots` draws every reading as a dot as well.

    `ahead`: what is expected after the last point, dashed in its interval, in time order.
    """

    points: Sequence[Point] = ()
    dots: bool = False
    ahead: Sequence[Expected] = ()

    @property
    def shown(self) -> list[Point]:
        """Return the points inside the window, in time order."""
        inside = [p for p in self.points if self.start <= p.at <= self.end]
        return sorted(inside, key=lambda p: p.at)


@dataclass(frozen=True, slots=True)
class Bar:
    """A sum over one step of time; None means that nothing is known of it."""

    at: datetime
    value: float | None
    alarm: bool = False


@dataclass(frozen=True)
class BarChart(Quantity):
    """Sums a step: steps an hour, minutes asleep a night."""

    bars: Sequence[Bar] = ()
    step: timedelta = timedelta(hours=1)
    height: int = 132

    @property
    def shown(self) -> list[Bar]:
        """Return the bars that start inside the window, in time order."""
        inside = [b for b in self.bars if self.start <= b.at < self.end]
        return sorted(inside, key=lambda b: b.at)


def rods(chart: RodChart) -> SafeString:
    """Draw blood pressure: a rod from diastolic to systolic a reading."""
    shown = chart.shown
    values = [v for rod in shown for v in (rod.upper, rod.lower)]
    g = ground(chart, [rod.at for rod in shown], values)
    pieces = [*behind(g)]
    pieces += [piece for rod in shown if not rod.alarm for piece in _rod(g, rod)]
    pieces += [piece for rod in shown if rod.alarm for piece in _alarm_rod(g, rod)]
    pieces += before(g)
    return picture(chart, words.of_rods(chart, shown, g.gaps), group(pieces))


def _rod(g: Ground, rod: Rod) -> Iterator[SafeString]:
    x, y1, y2 = pct(g.time.x(rod.at)), px(g.value.y(rod.upper)), px(g.value.y(rod.lower))
    yield el("line", {"class": "bar", "x1": x, "x2": x, "y1": y1, "y2": y2})
    yield el("circle", {"class": "dot-full", "cx": x, "cy": y1, "r": "3.5"})


def _alarm_rod(g: Ground, rod: Rod) -> Iterator[SafeString]:
    share = g.time.x(rod.at)
    x, y1, y2 = pct(share), g.value.y(rod.upper), g.value.y(rod.lower)
    beside, anchor = (share - 2.4, "end") if share > 14 else (share + 2.4, "start")
    yield el("line", {"class": "alarm-bar", "x1": x, "x2": x, "y1": px(y1), "y2": px(y2)})
    yield el("circle", {"class": "alarm-dot", "cx": x, "cy": px(y1), "r": "6"})
    yield el("circle", {"class": "alarm-dot", "cx": x, "cy": px(y2), "r": "4"})
    for value, y in ((rod.upper, y1), (rod.lower, y2)):
        attributes = {"class": "alarm-text", "x": pct(beside), "y": px(y + 5),
                      "text-anchor": anchor}
        yield el("text", attributes, g.chart.show(value))


def line(chart: LineChart) -> SafeString:
    """Draw one quantity; lines break at gaps, only the alarm's reading is vermilion."""
    shown = chart.shown
    held = [v for e in chart.ahead for v in (e.low, e.high)]
    g = ground(chart, [p.at for p in shown], [*(p.value for p in shown), *held])
    pieces = [*behind(g), *_ahead(g, chart.ahead)]
    for run in _runs(shown, g):
        pieces += _run(g, run, dots=chart.dots)
    if shown and not shown[-1].alarm:
        pieces.append(_dot(g, shown[-1], "dot-full", "4"))
    pieces += _alarm_points(g, [point for point in shown if point.alarm])
    pieces += before(g)
    return picture(chart, words.of_line(chart, shown, g.gaps), group(pieces))


def _ahead(g: Ground, ahead: Sequence[Expected]) -> Iterator[SafeString]:
    """Draw what is expected: a field between the dashed ends of its interval, the middle dashed."""
    for a, b in pairwise(ahead):
        x, width = g.time.x(a.at), g.time.x(b.at) - g.time.x(a.at)
        high, low = max(a.high, b.high), min(a.low, b.low)
        y = g.value.y(high)
        yield el("rect", {"class": "ahead", "x": pct(x), "width": pct(width), "y": px(y),
                          "height": px(g.value.y(low) - y)})
        for css, left, right in (("ahead-end", a.low, b.low), ("ahead-end", a.high, b.high),
                                 ("ahead-middle", a.value, b.value)):
            yield el("line", {"class": css, "x1": pct(x), "y1": px(g.value.y(left)),
                              "x2": pct(x + width), "y2": px(g.value.y(right))})


def _runs(points: Sequence[Point], g: Ground) -> Iterator[list[Point]]:
    """Yield the stretches of points that no gap divides."""
    gaps = list(g.gaps)
    run: list[Point] = []
    for point in points:
        if run and any(run[-1].at <= gap.start and gap.end <= point.at for gap in gaps):
            yield run
            run = []
        run.append(point)
    if run:
        yield run


def _run(g: Ground, run: Sequence[Point], *, dots: bool) -> Iterator[SafeString]:
    width = g.time.x_to - g.time.x_from
    placed = [(g.time.x(p.at) - g.time.x_from, p.value) for p in run]
    kept = [run[i] for i in thin(placed, width)]
    if len(kept) == 1:
        yield _dot(g, kept[0], "dot-full", "2.5")
        return
    for a, b in pairwise(kept):
        yield el("line", {"class": "trace", "x1": pct(g.time.x(a.at)), "y1": px(g.value.y(a.value)),
                          "x2": pct(g.time.x(b.at)), "y2": px(g.value.y(b.value))})
    if dots:
        for point in kept:
            yield _dot(g, point, "dot-full", "2.5")


def _dot(g: Ground, point: Point, css: str, radius: str) -> SafeString:
    return el("circle", {"class": css, "cx": pct(g.time.x(point.at)),
                         "cy": px(g.value.y(point.value)), "r": radius})


def _alarm_points(g: Ground, points: Sequence[Point]) -> Iterator[SafeString]:
    """Draw the readings that raised the alarm; where they crowd, the newest says its value."""
    told = 200.0
    for point in reversed(points):
        yield _dot(g, point, "alarm-dot", "6" if len(points) < _CROWD else "4")
        share = g.time.x(point.at)
        if told - share >= _LABEL_SHARE:
            told = share
            yield _alarm_value(g, point, share, above=len(points) >= _CROWD)


def _alarm_value(g: Ground, point: Point, share: float, *, above: bool) -> SafeString:
    if above:
        attributes = {"class": "alarm-text", "x": pct(share), "y": px(g.value.y(point.value) - 10),
                      "text-anchor": "end" if share > 90 else "middle"}
        return el("text", attributes, g.chart.show(point.value))
    beside, anchor = (share - 2.4, "end") if share > 14 else (share + 2.4, "start")
    attributes = {"class": "alarm-text", "x": pct(beside), "y": px(g.value.y(point.value) + 5),
                  "text-anchor": anchor}
    return el("text", attributes, g.chart.show(point.value))


def bars(chart: BarChart) -> SafeString:
    """Draw sums a step; an unknown step is a dashed stub, zero is a line on the axis."""
    shown = chart.shown
    known = [b.value for b in shown if b.value is not None]
    whole = [0.0, *known] if known else []
    g = ground(chart, [b.at for b in shown if b.value is not None], whole)
    g = _from_zero(g)
    share = (g.time.x_to - g.time.x_from) * (chart.step / (chart.end - chart.start))
    pieces = [*behind(g)]
    pieces += [_bar(g, bar, share) for bar in shown if bar.at <= chart.known_until]
    pieces += before(g)
    return picture(chart, words.of_bars(chart, shown, g.gaps), group(pieces))


def _from_zero(g: Ground) -> Ground:
    """Return the ground with its lowest value at zero: a bar's length is its value."""
    return replace(g, value=replace(g.value, low=0.0))


def _bar(g: Ground, bar: Bar, share: float) -> SafeString:
    x = g.time.x(bar.at) + share * 0.1
    width = max(0.1, min(share * 0.8, 100 - x))
    if bar.value is None:
        return el("rect", {"class": "column-none", "x": pct(x), "width": pct(width),
                           "y": px(g.base - 10), "height": "10"})
    y = min(g.value.y(bar.value), g.base - 1)
    css = "alarm-column" if bar.alarm else "column"
    return el("rect", {"class": css, "x": pct(x), "width": pct(width), "y": px(y),
                       "height": px(g.base - y)})
