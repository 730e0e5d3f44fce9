"""Draws a normal day with today below it: minutes with a sign of life, half hour by half hour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from songhe.kernel.rhythm import Day, Profile
from songhe.kit.charts import data_table
from songhe.kit.charts.scale import X_FROM, X_TO
from songhe.kit.charts.svg import el, group, pct, px

HALVES = 48
# The tallest bar is that of the busiest half hour, of ten minutes at least.
_LEAST_MINUTES = 10.0
_ROW_PX, _AXIS_PX = 72.0, 26.0
_HOURS = (0, 6, 12, 18, 24)


def _x(half: float) -> float:
    return X_FROM + (X_TO - X_FROM) * half / HALVES


def _most(profile: Profile, today: Day | None) -> float:
    """Return the minutes that the tallest bar stands for."""
    seen = max(today.active, default=0) if today is not None else 0
    return max(_LEAST_MINUTES, float(seen), *profile.heat_high)


def draw(profile: Profile, today: Day | None, until_half: int, sentence: str) -> SafeString:
    """Return the drawing: what is usual stands above the hours, today hangs below them.

    Bars are minutes of a half hour in which somebody moved; the lighter ones reach to what eight of
    ten days stay below. What of today is not over yet is dashed. sentence: the picture in words.
    """
    top, base = 14.0, 14.0 + _ROW_PX
    below = base + _AXIS_PX
    height = below + _ROW_PX + 4
    per_minute = _ROW_PX / _most(profile, today)
    pieces = [*_usual(profile, base, per_minute), *_hours(base)]
    if today is not None:
        pieces += _today(today, below, until_half, per_minute)
    pieces.append(el("text", {"class": "strong", "x": "0", "y": px(top)}, _("usual")))
    if today is not None:
        pieces.append(el("text", {"class": "strong", "x": "0", "y": px(below + 14)}, _("today")))
    attributes = {"class": "chart", "height": px(height), "role": "img", "aria-label": sentence}
    return el("svg", attributes, group(pieces))


def _bar(half: int, y: float, tall: float, klass: str) -> SafeString:
    width = _x(half + 1) - _x(half)
    return el("rect", {"class": klass, "x": pct(_x(half) + width * 0.12), "y": px(y),
                       "width": pct(width * 0.76), "height": px(tall), "rx": "1"})  # fmt: skip


def _usual(profile: Profile, base: float, per_minute: float) -> Iterator[SafeString]:
    for half in range(HALVES):
        high, middle = profile.heat_high[half] * per_minute, profile.heat[half] * per_minute
        if high > 0.5:
            yield _bar(half, base - high, high, "own")
        if middle > 0.5:
            yield _bar(half, base - middle, middle, "dot-full")


def _today(today: Day, below: float, until_half: int, per_minute: float) -> Iterator[SafeString]:
    for half in range(min(until_half, HALVES)):
        tall = today.active[half] * per_minute
        if tall > 0.5:
            yield _bar(half, below, tall, "dot-full")
    if until_half < HALVES:
        width = _x(HALVES) - _x(until_half)
        yield el("rect", {"class": "gap", "x": pct(_x(until_half)), "y": px(below),
                          "width": pct(width), "height": px(_ROW_PX - 10), "rx": "2"})  # fmt: skip
        if width > 14:
            middle = {"x": pct(_x(until_half) + width / 2), "y": px(below + _ROW_PX / 2)}
            yield el("text", {**middle, "text-anchor": "middle"}, _("still to come"))


def _hours(base: float) -> Iterator[SafeString]:
    yield el("line", {"class": "axis", "x1": pct(_x(0)), "x2": pct(_x(HALVES)),
                      "y1": px(base), "y2": px(base)})  # fmt: skip
    for hour in _HOURS:
        anchor = "start" if hour == 0 else "end" if hour == 24 else "middle"
        yield el("text", {"x": pct(_x(hour * 2)), "y": px(base + 17), "text-anchor": anchor},
                 f"{hour:02d}:00")  # fmt: skip


def table(profile: Profile, today: Day | None, until_half: int) -> SafeString:
    """Return the same as numbers, two hours a row."""
    heads = [_("Time"), _("Usual minutes"), _("Eight of ten days"), _("Today")]
    rows = []
    for first in range(0, HALVES, 4):
        part = slice(first, first + 4)
        low, high = _sum(profile.heat_low[part]), _sum(profile.heat_high[part])
        seen = _("not yet")
        if today is not None and first + 4 <= until_half:
            seen = str(_sum(today.active[part]))
        span = f"{first // 2:02d}:00–{first // 2 + 2:02d}:00"
        rows.append([span, str(_sum(profile.heat[part])), f"{low}–{high}", seen])
    return data_table(_("Minutes with movement at home"), heads, rows)


def _sum(values: Sequence[float]) -> int:
    return round(sum(values))
