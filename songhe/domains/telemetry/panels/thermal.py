"""Draws a frame of an infrared array: a grid by temperature with its scale, and the numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from songhe.kit import formats
from songhe.kit.charts import data_table
from songhe.kit.charts.svg import el, group, px

SCALE_PX, WIDEST_PX = 40, 330  # below the grid; what a phone has room for
SHADES = 8
LEAST_SPAN_CEL = 4.0  # a flat picture is not blown up into a warm and a cold half
NUMBERS_UP_TO = 64  # so many cells can carry their numbers
_SHAPES = {768: (24, 32), 192: (12, 16), 128: (8, 16), 32: (4, 8)}
Frame = NDArray[np.float32]


def shaped(values: Frame) -> Frame:
    """Return the values of one instant as rows and columns; stored is only how many there are."""
    count = len(values)
    side = math.isqrt(count)
    rows, columns = (side, side) if side * side == count else _SHAPES.get(count, (1, count))
    return values.reshape(rows, columns)


def span_of(low: float, high: float) -> tuple[float, float]:
    """Return the scale's ends, at half degrees, at least 4 degrees apart."""
    low, high = math.floor(low * 2) / 2, math.ceil(high * 2) / 2
    missing = max(0.0, LEAST_SPAN_CEL - (high - low))
    return low - missing / 2, high + missing / 2


def warmest(frame: Frame) -> tuple[int, int, float]:
    """Return (row, column, degrees) of the warmest cell, counted from 0."""
    row, column = np.unravel_index(int(np.nanargmax(frame)), frame.shape)
    return int(row), int(column), float(frame[row, column])


def draw(frame: Frame, low: float, high: float, *, height: int = 370) -> SafeString:
    """Return the grid with its scale below. Warm is the stronger tone, never the only sign."""
    rows, columns = frame.shape
    # Drawn in the page's own pixels, so that the text keeps its size where there is room.
    cell = min((height - SCALE_PX) / rows, WIDEST_PX / columns)
    width, tall = columns * cell, rows * cell
    pieces = list(_cells(frame, low, high, cell))
    row, column, degrees = warmest(frame)
    x, y = (column + 0.5) * cell, (row + 0.5) * cell
    if frame.size > NUMBERS_UP_TO:
        beside, anchor = (x - 8, "end") if column > columns / 2 else (x + 8, "start")
        pieces.append(el("circle", {"class": "dot", "cx": px(x), "cy": px(y), "r": "4"}))
        pieces.append(el("text", {"class": "strong", "x": px(beside), "y": px(y + 4),
                                  "text-anchor": anchor}, f"{degrees:.1f} °C"))  # fmt: skip
    pieces += _scale(low, high, width, tall + 12)
    attributes = {"class": "chart", "height": px(tall + SCALE_PX), "role": "img",
                  "viewBox": f"0 0 {px(width)} {px(tall + SCALE_PX)}",
                  "preserveAspectRatio": "xMidYMid meet",
                  "aria-label": sentence(frame)}  # fmt: skip
    return el("svg", attributes, group(pieces))


def _shade(value: float, low: float, high: float) -> int:
    share = (value - low) / (high - low)
    return min(SHADES - 1, max(0, int(share * SHADES)))


def _rect(x: float, y: float, size: tuple[float, float], shade: int) -> SafeString:
    opacity = f"{0.04 + 0.96 * shade / (SHADES - 1):.2f}"
    return el("rect", {"class": "dot-full", "x": px(x), "y": px(y), "width": px(size[0]),
                       "height": px(size[1]), "fill-opacity": opacity})  # fmt: skip


def _cells(frame: Frame, low: float, high: float, cell: float) -> Iterator[SafeString]:
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
                yield el("text", attributes, f"{value:.1f}")


def _scale(low: float, high: float, width: float, top: float) -> Iterator[SafeString]:
    step = width / SHADES
    for shade in range(SHADES):
        yield _rect(shade * step, top, (step, 10.0), shade)
    for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        words = f"{low + (high - low) * share:.1f} °C"
        yield el("text", {"x": px(width * share), "y": px(top + 26), "text-anchor": anchor}, words)


def sentence(frame: Frame) -> str:
    """Return the frame in words: its size, range, and where it is warmest."""
    rows, columns = frame.shape
    row, column, degrees = warmest(frame)
    return _(
        "Infrared frame of %(rows)d by %(columns)d points, %(low)s to %(high)s °C, warmest in "
        "row %(row)d, column %(column)d."
    ) % {
        "rows": rows,
        "columns": columns,
        "low": formats.number(float(np.nanmin(frame)), 1),
        "high": formats.number(degrees, 1),
        "row": row + 1,
        "column": column + 1,
    }


def table(frame: Frame) -> SafeString:
    """Return the temperatures as a table, rows and columns counted from 1."""
    heads = [_("Row"), *(str(n + 1) for n in range(frame.shape[1]))]
    rows = [
        [str(n + 1), *(f"{v:.1f}" if math.isfinite(v) else "–" for v in values)]
        for n, values in enumerate(frame.tolist())
    ]
    return data_table(_("Temperatures, °C"), heads, rows)
