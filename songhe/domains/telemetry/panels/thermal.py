"""Draws a frame of an array (infrared, pressure): a grid with its scale, and the numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from songhe.kit import formats
from songhe.kit.charts import data_table
from songhe.kit.charts.svg import el, group, px

SCALE_PX, WIDEST_PX = 40, 330  # below the grid; what a phone has room for
SHADES = 8
LEAST_SPAN = 4.0  # a flat picture is not blown up into a warm and a cold half
NUMBERS_UP_TO = 64  # so many cells can carry their numbers
Frame = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Measured:
    """What an array measures. unit: in words; is_heat: of temperatures one says warm, not high."""

    unit: str
    decimals: int
    is_heat: bool

    def text(self, value: float) -> str:
        """Return a value with its unit."""
        return f"{value:.{self.decimals}f} {self.unit}"

    @property
    def highest(self) -> str:
        """Return the name of the course of each frame's highest value."""
        return _("Warmest point") if self.is_heat else _("Highest value")

    @property
    def course(self) -> str:
        """Return the title of that course before the frame that is shown."""
        if self.is_heat:
            return _("Warmest point in the minute before")
        return _("Highest value in the minute before")


HEAT = Measured("°C", 1, is_heat=True)


def span_of(low: float, high: float) -> tuple[float, float]:
    """Return the scale's ends, at half units, at least 4 units apart."""
    low, high = math.floor(low * 2) / 2, math.ceil(high * 2) / 2
    missing = max(0.0, LEAST_SPAN - (high - low))
    return low - missing / 2, high + missing / 2


def warmest(frame: Frame) -> tuple[int, int, float]:
    """Return (row, column, value) of the warmest or otherwise highest cell, counted from 0."""
    row, column = np.unravel_index(int(np.nanargmax(frame)), frame.shape)
    return int(row), int(column), float(frame[row, column])


def draw(
    frame: Frame, low: float, high: float, of: Measured = HEAT, *, height: int = 370
) -> SafeString:
    """Return the grid with its scale below. High is the stronger tone, never the only sign."""
    rows, columns = frame.shape
    # Drawn in the page's own pixels, so that the text keeps its size where there is room.
    cell = min((height - SCALE_PX) / rows, WIDEST_PX / columns)
    width, tall = columns * cell, rows * cell
    pieces = list(_cells(frame, low, high, cell, of.decimals))
    row, column, degrees = warmest(frame)
    x, y = (column + 0.5) * cell, (row + 0.5) * cell
    if frame.size > NUMBERS_UP_TO:
        beside, anchor = (x - 8, "end") if column > columns / 2 else (x + 8, "start")
        pieces.append(el("circle", {"class": "dot", "cx": px(x), "cy": px(y), "r": "4"}))
        pieces.append(el("text", {"class": "strong", "x": px(beside), "y": px(y + 4),
                                  "text-anchor": anchor}, of.text(degrees)))  # fmt: skip
    pieces += _scale(low, high, width, tall + 12, of)
    attributes = {"class": "chart", "height": px(tall + SCALE_PX), "role": "img",
                  "viewBox": f"0 0 {px(width)} {px(tall + SCALE_PX)}",
                  "preserveAspectRatio": "xMidYMid meet",
                  "aria-label": sentence(frame, of)}  # fmt: skip
    return el("svg", attributes, group(pieces))


def _shade(value: float, low: float, high: float) -> int:
    share = (value - low) / (high - low)
    return min(SHADES - 1, max(0, int(share * SHADES)))


def _rect(x: float, y: float, size: tuple[float, float], shade: int) -> SafeString:
    opacity = f"{0.04 + 0.96 * shade / (SHADES - 1):.2f}"
    return el("rect", {"class": "dot-full", "x": px(x), "y": px(y), "width": px(size[0]),
                       "height": px(size[1]), "fill-opacity": opacity})  # fmt: skip


def _cells(
    frame: Frame, low: float, high: float, cell: float, decimals: int
) -> Iterator[SafeString]:
    for row, values in enumerate(frame.tolist()):
        for column, value in enumerate(values):
            x, y = column * cell, row * cell
            if not math.isfinite(value):
                yield el("rect", {"class": "gap", "x": px(x + 1), "y": px(y + 1),
                                  "width": px(cell - 2), "height": px(cell - 2)})  # fmt: skip
                continue
            yield _rect(x, y, (cell, cell), _shade(value, low, high))
            if frame.size <= NUMBERS_UP_TO:
                middle = {"x": px(x + cell / 2), "y": px(y + cell / 2 + 4)}
                attributes = {"class": "strong", **middle, "text-anchor": "middle"}
                yield el("text", attributes, f"{value:.{decimals}f}")


def _scale(low: float, high: float, width: float, top: float, of: Measured) -> Iterator[SafeString]:
    step = width / SHADES
    for shade in range(SHADES):
        yield _rect(shade * step, top, (step, 10.0), shade)
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        words = of.text(low + (high - low) * share)
        yield el("text", {"x": px(width * share), "y": px(top + 26), "text-anchor": anchor}, words)


def sentence(frame: Frame, of: Measured = HEAT) -> str:
    """Return the frame in words: its size, range, and where it is warmest or highest."""
    rows, columns = frame.shape
    row, column, degrees = warmest(frame)
    words = (
        _(
            "Infrared frame of %(rows)d by %(columns)d points, %(low)s to %(high)s %(unit)s, "
            "warmest in row %(row)d, column %(column)d."
        )
        if of.is_heat
        else _(
            "Frame of %(rows)d by %(columns)d points, %(low)s to %(high)s %(unit)s, highest in "
            "row %(row)d, column %(column)d."
        )
    )
    return words % {
        "rows": rows,
        "columns": columns,
        "low": formats.number(float(np.nanmin(frame)), of.decimals),
        "high": formats.number(degrees, of.decimals),
        "unit": of.unit,
        "row": row + 1,
        "column": column + 1,
    }


def table(frame: Frame, of: Measured = HEAT) -> SafeString:
    """Return the values as a table, rows and columns counted from 1."""
    caption = _("Values of the points, %(unit)s") % {"unit": of.unit}
    heads = [_("Row"), *(str(n + 1) for n in range(frame.shape[1]))]
    rows = [
        [str(n + 1), *(f"{v:.{of.decimals}f}" if math.isfinite(v) else "–" for v in values)]
        for n, values in enumerate(frame.tolist())
    ]
    return data_table(caption, heads, rows)
