"""Draws a waveform: a lane a lead over one time axis; minima and maxima stay, gaps are gaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from numpy.typing import NDArray

from songhe.domains.telemetry.selectors.waves import Chunk
from songhe.kit import formats
from songhe.kit.charts import data_table
from songhe.kit.charts.scale import X_FROM, X_TO, value_scale
from songhe.kit.charts.svg import el, group, pct, px
from songhe.kit.charts.words import join

COLUMNS = 1000  # of the drawing's own width; no screen shows more
AXIS_PX = 24
_HEIGHTS_PX = {1: 180, 2: 110, 3: 88}
_SMALL_PX = 64
_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300)
TICKS = 5
ROWS = 30
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Lane:
    """One lead: its name and its runs, each (seconds from the strip's start, values)."""

    name: str
    runs: Sequence[tuple[Points, Points]]

    @property
    def values(self) -> Points:
        """Return all values that it has."""
        return np.concatenate([run[1] for run in self.runs]) if self.runs else np.zeros(0)


@dataclass(frozen=True, slots=True)
class StripMark:
    """An instant in seconds from the start, with its word; is_line: a line through all lanes."""

    seconds: float
    word: str
    is_line: bool = False


@dataclass(frozen=True)
class Strip:
    """Lanes over [start, start + length_s); unit and decimals are those of the code.

    marks stand above the lanes: beats by their letters, or when something happened.
    """

    name: str
    unit: str
    decimals: int
    start: datetime
    length_s: float
    lanes: Sequence[Lane]
    marks: Sequence[StripMark] = ()

    @property
    def end(self) -> datetime:
        return self.start + timedelta(seconds=self.length_s)

    @property
    def gaps(self) -> list[tuple[float, float]]:
        """Return the stretches, in seconds, in which no lead has a value."""
        covered = sorted(
            (float(t[0]), float(t[-1]) + _step(t)) for lane in self.lanes for t, _v in lane.runs
        )
        found, until = [], 0.0
        for begin, end in covered:
            if begin - until > 1e-3 + _least(self.length_s):
                found.append((until, begin))
            until = max(until, end)
        if self.length_s - until > _least(self.length_s):
            found.append((until, self.length_s))
        return found


def _least(length_s: float) -> float:
    """Return the shortest gap that can be seen: a column of the drawing."""
    return length_s / COLUMNS


def _step(times: Points) -> float:
    return float(times[1] - times[0]) if len(times) > 1 else 0.0


def lane_of(name: str, chunks: Sequence[Chunk], start: datetime, length_s: float) -> Lane:
    """Return a lead's runs inside the window: a run ends where a sample is missing or a chunk."""
    runs: list[tuple[Points, Points]] = []
    after = -1.0
    for chunk in chunks:
        values = chunk.values[:, 0].astype(np.float64)
        begin_s = (chunk.at - start).total_seconds()
        times = begin_s + np.arange(len(values)) / chunk.rate_hz
        for a, b in _valid(values, (times >= 0) & (times < length_s)):
            joins = a == 0 and runs and abs(begin_s - after) <= 0.5 / chunk.rate_hz
            if joins and runs[-1][0][-1] >= after - 1.5 / chunk.rate_hz:
                before = runs[-1]
                runs[-1] = (
                    np.concatenate([before[0], times[a:b]]),
                    np.concatenate([before[1], values[a:b]]),
                )
            else:
                runs.append((times[a:b], values[a:b]))
        after = begin_s + len(values) / chunk.rate_hz
    return Lane(name, runs)


def _valid(values: Points, inside: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the stretches [a, b) of values that are numbers and inside the window."""
    held = np.concatenate([[False], np.isfinite(values) & inside, [False]])
    edges = np.flatnonzero(held[1:] != held[:-1])
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def thinned(times: Points, values: Points, length_s: float) -> tuple[Points, Points]:
    """Return at most two points a column: its lowest and its highest value, both kept."""
    column = np.minimum((times / length_s * COLUMNS).astype(int), COLUMNS - 1)
    starts = np.flatnonzero(np.concatenate([[True], column[1:] != column[:-1]]))
    if len(values) <= 2 * len(starts):
        return times, values
    low = np.minimum.reduceat(values, starts)
    high = np.maximum.reduceat(values, starts)
    rises = np.abs(values[starts] - low) <= np.abs(values[starts] - high)
    ends = np.concatenate([starts[1:], [len(values)]]) - 1
    pairs = np.where(rises[:, None], np.stack([low, high], 1), np.stack([high, low], 1))
    return np.stack([times[starts], times[ends]], 1).ravel(), pairs.ravel()


def draw(strip: Strip) -> SafeString:
    """Return the drawing: x in percent, y in pixels; the traces stretch, the text does not."""
    each = _HEIGHTS_PX.get(len(strip.lanes), _SMALL_PX)
    height = each * max(1, len(strip.lanes)) + AXIS_PX
    pieces = [*_time_grid(strip, height - AXIS_PX), *_gap_boxes(strip, height - AXIS_PX)]
    for place, lane in enumerate(strip.lanes):
        pieces += _lane(strip, lane, place * each, each)
    pieces += [*_marks(strip, height - AXIS_PX), *_axis(strip, height - AXIS_PX)]
    attributes = {"class": "chart", "height": height, "role": "img", "aria-label": sentence(strip)}
    return el("svg", attributes, group(pieces))


def _x(strip: Strip, seconds: float) -> float:
    return X_FROM + (X_TO - X_FROM) * seconds / strip.length_s


def _lane(strip: Strip, lane: Lane, top: float, height: float) -> Iterator[SafeString]:
    scale = value_scale(lane.values.tolist(), top + 18, top + height - 6)
    if lane.runs:
        ticks = scale.ticks(2 if height < 100 else 4)
        for value in ticks:
            y = scale.y(value)
            yield el("line", {"class": "grid", "x1": "0", "x2": "100%", "y1": px(y), "y2": px(y)})
            said = formats.number(value, _decimals(ticks))
            yield el("text", {"x": "0", "y": px(y - 3)}, said)
    path = []
    for times, values in lane.runs:
        kept_t, kept_v = thinned(times, values, strip.length_s)
        points = [
            f"{px(t / strip.length_s * COLUMNS)} {px(scale.y(v))}"
            for t, v in zip(kept_t.tolist(), kept_v.tolist(), strict=True)
        ]
        path.append("M" + "L".join(points if len(points) > 1 else points * 2))
    if path:
        width = pct(X_TO - X_FROM)
        trace = el("path", {"class": "trace", "d": "".join(path),
                            "vector-effect": "non-scaling-stroke"})  # fmt: skip
        box = f"0 {px(top)} {COLUMNS} {px(height)}"
        yield el("svg", {"x": pct(X_FROM), "y": px(top), "width": width, "height": px(height),
                         "viewBox": box, "preserveAspectRatio": "none"}, trace)  # fmt: skip
    if lane.name:
        attributes = {"class": "strong", "x": pct(X_FROM + 0.5), "y": px(top + 13)}
        yield el("text", attributes, lane.name)


def _marks(strip: Strip, base: float) -> Iterator[SafeString]:
    """Yield marks; words that would cover the one before are left to the table of the page."""
    free_from = 0.0
    for mark in sorted(strip.marks, key=lambda mark: mark.seconds):
        if not 0 <= mark.seconds < strip.length_s:
            continue
        x = _x(strip, mark.seconds)
        if mark.is_line:
            line = {"class": "mark", "x1": pct(x), "x2": pct(x), "y1": "0", "y2": px(base)}
            yield el("line", line)
        needs = 1.0 + 0.9 * len(mark.word)
        if mark.word and x >= free_from:
            anchor = "end" if x > 85 else "start" if mark.is_line else "middle"
            aside = 0.5 if anchor == "start" else -0.5 if anchor == "end" else 0.0
            where = {"x": pct(x + aside), "y": "12", "text-anchor": anchor}
            yield el("text", {"class": "strong", **where}, mark.word)
            free_from = x + needs


def _decimals(ticks: Sequence[float]) -> int:
    """Return how many decimals tell the ticks apart."""
    step = abs(ticks[1] - ticks[0]) if len(ticks) > 1 else abs(ticks[0]) if ticks else 1.0
    return 0 if step >= 1 or step == 0 else min(3, int(np.ceil(-np.log10(step))))


def _ticks(strip: Strip) -> tuple[list[float], float]:
    """Return (seconds from the start of the round times, their distance)."""
    step = next((s for s in _STEPS_S if strip.length_s / s <= TICKS), _STEPS_S[-1])
    local = timezone.localtime(strip.start)
    of_hour = local.minute * 60 + local.second + local.microsecond / 1e6
    first = np.ceil(of_hour / step - 1e-9) * step - of_hour
    return np.arange(first, strip.length_s + 1e-9, step).tolist(), step


def _time_grid(strip: Strip, base: float) -> Iterator[SafeString]:
    for seconds in _ticks(strip)[0]:
        x = pct(_x(strip, seconds))
        yield el("line", {"class": "grid", "x1": x, "x2": x, "y1": "0", "y2": px(base)})


def _axis(strip: Strip, base: float) -> Iterator[SafeString]:
    yield el("line", {"class": "axis", "x1": "0", "x2": "100%", "y1": px(base), "y2": px(base)})
    ticks, step = _ticks(strip)
    for place, seconds in enumerate(ticks):
        x = _x(strip, seconds)
        at = strip.start + timedelta(microseconds=round(seconds * 1e6))
        words = _tick_words(at, step, is_first=place == 0)
        yield el("line", {"class": "axis", "x1": pct(x), "x2": pct(x), "y1": px(base),
                          "y2": px(base + 5)})  # fmt: skip
        anchor = "end" if x > 85 else "start"
        yield el("text", {"x": pct(x), "y": px(base + 18), "text-anchor": anchor}, words)


def _tick_words(at: datetime, step: float, *, is_first: bool) -> str:
    """Return 07:59:50 for the first tick, then :52, :54; a full minute as 08:00."""
    whole = formats.clock(at, seconds=True)
    tenth = f".{timezone.localtime(at).microsecond // 100_000}" if step < 1 else ""
    if step >= 60 or (whole.endswith(":00") and not is_first and tenth in ("", ".0")):
        return whole[:5]
    return whole + tenth if is_first else whole[5:] + tenth


def _gap_boxes(strip: Strip, base: float) -> Iterator[SafeString]:
    for begin, end in strip.gaps:
        a, b = _x(strip, begin), _x(strip, end)
        yield el("rect", {"class": "gap", "x": pct(a), "width": pct(b - a), "y": "4",
                          "height": px(base - 8), "rx": "2"})  # fmt: skip
        if b - a >= 14:
            middle = {"x": pct((a + b) / 2), "y": px(base / 2), "text-anchor": "middle"}
            yield el("text", middle, _("no data"))


def sentence(strip: Strip) -> str:
    """Return the strip in words: what, from when to when, in what range, with how many gaps."""
    window = {
        "name": strip.name,
        "start": formats.clock(strip.start, seconds=True),
        "end": formats.clock(strip.end, seconds=True),
    }
    values = [lane.values for lane in strip.lanes if lane.runs]
    if not values:
        return _("%(name)s, %(start)s to %(end)s: no data.") % window
    held = np.concatenate(values)
    first = _("%(name)s, %(start)s to %(end)s, lowest %(low)s, highest %(high)s %(unit)s.") % {
        **window,
        "low": formats.number(float(held.min()), strip.decimals),
        "high": formats.number(float(held.max()), strip.decimals),
        "unit": strip.unit,
    }
    gaps = len(strip.gaps)
    said = ngettext(
        "There is %(n)d stretch without data.", "There are %(n)d stretches without data.", gaps
    )
    return join([first, said % {"n": gaps} if gaps else ""])


def table(strip: Strip) -> SafeString:
    """Return the lowest and highest value of each step of time and lead, as a table."""
    step = next((s for s in _STEPS_S if strip.length_s / s <= ROWS), _STEPS_S[-1])
    heads = [_("Time"), *(_named(lane.name, strip.unit) for lane in strip.lanes)]
    rows = []
    for n in range(int(np.ceil(strip.length_s / step - 1e-9))):
        at = strip.start + timedelta(microseconds=round(n * step * 1e6))
        words = formats.clock(at, seconds=True)
        if step < 1:
            words += f".{timezone.localtime(at).microsecond // 100_000}"
        rows.append([words, *(_range(strip, lane, n, step) for lane in strip.lanes)])
    note = _("Lowest to highest value of each step.")
    return data_table(strip.name, heads, rows, note=note)


def _named(lead: str, unit: str) -> str:
    return ", ".join(part for part in (lead, unit) if part) or _("Value")


def _range(strip: Strip, lane: Lane, place: int, step: float) -> str:
    parts = [v[np.floor(t / step + 1e-6) == place] for t, v in lane.runs]
    held = np.concatenate(parts) if parts else np.zeros(0)
    if not len(held):
        return _("no data")
    low, high = (formats.number(float(x), strip.decimals) for x in (held.min(), held.max()))
    return low if low == high else _("%(low)s to %(high)s") % {"low": low, "high": high}
