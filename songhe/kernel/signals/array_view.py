"""What an infrared array sees: background, the warm body before it, its shape, and how it moves.

All lengths are metres on the floor, by the width that a side of the array sees of it, and all
warmth is relative to the body's own, so that 4×4 and 32×32 arrays, low and high ceilings, winter
and summer give figures of one kind.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, label

Floats = NDArray[np.float32]

# Figures are made five times a second at most, out of means over whole frames.
TICK_HZ = 5.0
# The shape's figures of one instant, in their order; which are metres, and which square metres.
SHAPE = (
    "present", "area", "major", "minor", "slender", "radial", "radius", "warmth", "peak", "edge",
    "moved", "extent",
)  # fmt: skip
_POWER = np.array([0, 2, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1])
# Seconds back at which the window looks at the body again, and compares it with now.
LAGS_S = (0.0, 0.4, 0.8, 1.2, 1.6, 2.0, 2.6, 3.2, 4.0)
COLUMNS = len(SHAPE) * len(LAGS_S) + 2 * (len(LAGS_S) - 1)
_KEPT_S = LAGS_S[-1]

_EMPTY_TAU_S, _BODY_TAU_S, _COLDER_TAU_S = 8.0, 1800.0, 2.0
_NOISE_TAU_S, _SCALE_TAU_S = 20.0, 30.0
# A body is this many times the noise, at least this many degrees, and this share of the hottest.
_TIMES_NOISE, _LEAST_C, _OF_PEAK = 4.0, 0.15, 0.35
_EIGHT = np.ones((3, 3), dtype=bool)


class Glance(msgspec.Struct, frozen=True):
    """One instant: its figures, the body alone (0 elsewhere, sum 1), its middle in shares."""

    shape: tuple[float, ...]
    body: Floats
    warmth_c: float = 0.0
    peak_c: float = 0.0
    row: float = 0.5
    column: float = 0.5


class View(msgspec.Struct, frozen=True):
    """What is remembered of one array; a new one for every instant."""

    background: Floats
    free: NDArray[np.bool_]
    noise_c: float
    scale_c: float
    ticks: int
    glances: tuple[Glance, ...]


def first(frame: Floats) -> View:
    """Return the view of an array heard for the first time: all that it sees is background."""
    free = np.ones(frame.shape, dtype=bool)
    return View(frame, free, 0.1, 0.0, 1, (_nobody(frame),))


def paused(view: View) -> View:
    """Return the view after a pause: the background stays, what moved before it is forgotten."""
    return msgspec.structs.replace(view, glances=(_nobody(view.background),))


def looked(view: View, frame: Floats, tick_s: float, held: bool = False) -> View:
    """Return the view after one more instant of tick_s seconds.

    held: somebody lies there: the background under a body waits.
    """
    over = frame - view.background
    empty = bool(view.free.all())
    rest = over if empty else over[view.free]
    if rest.size * 5 >= frame.size:
        over = over - np.float32(_middle(rest))
        rest = over if empty else over[view.free]
    # Of the empty part: a pixel strays slowly too, which differences from frame to frame hide.
    step = _middle(np.abs(rest)) / 0.6745 if rest.size else view.noise_c
    noise = view.noise_c + max(1 / view.ticks, tick_s / _NOISE_TAU_S) * (step - view.noise_c)
    noise = max(0.005, noise)
    least = max(_LEAST_C, _TIMES_NOISE * noise)
    peak, kept = float(over.max()), round(_KEPT_S / tick_s)
    slow = max(tick_s / _EMPTY_TAU_S, 1 / (view.ticks + 1))
    if peak <= least * 0.5 and float(over.min()) >= -least:
        # Nobody, and nothing left behind: most of the day.
        glance, free = _nobody(frame), np.ones(frame.shape, dtype=bool) if not empty else view.free
        background = view.background + np.float32(slow) * (frame - view.background)
    else:
        glance, warm = _nobody(frame), over > least * 0.5
        if peak > least:
            glance, body = _body(view, over, max(least, _OF_PEAK * peak))
            warm |= body
        under = 0.0 if held else tick_s / _BODY_TAU_S
        rate = np.where(over < -least, max(slow, tick_s / _COLDER_TAU_S), slow)
        rate[warm] = under
        background = view.background + rate.astype(np.float32) * (frame - view.background)
        free = ~warm
    return View(
        background=background,
        free=free,
        noise_c=noise,
        scale_c=max(glance.warmth_c, view.scale_c * (1 - tick_s / _SCALE_TAU_S)),
        ticks=view.ticks + 1,
        glances=(*view.glances[-kept:], glance),
    )


def _middle(values: Floats) -> float:
    """Return the upper median of any shape, in linear time."""
    flat = values.ravel()
    half = flat.size // 2
    return float(np.partition(flat, half)[half])


def figures(view: View, tick_s: float, width_m: float) -> Floats:
    """Return the window's figures: shapes at each lag, then how the body lies upon itself.

    width_m: metres of the floor that a side of the array sees.
    """
    last = len(view.glances) - 1
    back = [view.glances[max(0, last - round(lag / tick_s))] for lag in LAGS_S]
    now = back[0]
    shapes = np.array([glance.shape for glance in back]) * width_m**_POWER
    bodies = np.array([glance.body.ravel() for glance in back])
    upon = np.minimum(bodies[0], bodies[1:]).sum(axis=1)
    shifts = [np.hypot(now.row - g.row, now.column - g.column) * width_m for g in back[1:]]
    return np.concatenate((shapes.ravel(), upon, shifts)).astype(np.float32)


def _nobody(frame: Floats) -> Glance:
    return Glance((0.0,) * len(SHAPE), np.zeros(frame.shape, dtype=np.float32))


def _body(view: View, over: Floats, least: float) -> tuple[Glance, NDArray[np.bool_]]:
    """Return the shape of the warmest patch; pieces a pixel apart belong together."""
    mask = over > least
    rows, columns = over.shape
    pieces, count = label(binary_dilation(mask, _EIGHT) if rows >= 8 else mask, _EIGHT)
    if count > 1:
        sums = np.bincount(pieces.ravel(), (over * mask).ravel())
        mask &= pieces == int(np.argmax(sums[1:])) + 1
    weight = np.where(mask, over, 0.0).astype(np.float32)
    total = float(weight.sum())
    soft = weight / total
    r, c = np.nonzero(mask)
    w = soft[r, c]
    y, x = (r + 0.5) / rows, (c + 0.5) / columns
    middle_y, middle_x = float(w @ y), float(w @ x)
    dy, dx = y - middle_y, x - middle_x
    # A pixel's own spread, so that one pixel is no point.
    own_y, own_x = 1 / (12 * rows * rows), 1 / (12 * columns * columns)
    yy, xx, xy = float(w @ (dy * dy)) + own_y, float(w @ (dx * dx)) + own_x, float(w @ (dx * dy))
    half, gap = (yy + xx) / 2, np.hypot((yy - xx) / 2, xy)
    major, minor = np.sqrt(half + gap), np.sqrt(max(half - gap, 1e-9))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    along = dx * np.cos(angle) + dy * np.sin(angle)
    away_y, away_x = middle_y - 0.5, middle_x - 0.5
    radius = float(np.hypot(away_y, away_x))
    radial = abs(away_x * np.cos(angle) + away_y * np.sin(angle)) / (radius + 0.05)
    warmth = total / mask.size
    scale = max(warmth, view.scale_c)
    edge = float(w[(r == 0) | (c == 0) | (r == rows - 1) | (c == columns - 1)].sum())
    then = view.glances[-1].body
    shape = (
        1.0, len(r) / mask.size, float(major), float(minor), float(major / minor), float(radial),
        radius, warmth / scale, float(over.max()) * len(r) / total, edge,
        float(np.abs(soft - then).sum()) / 2, _length(along, w),
    )  # fmt: skip
    return Glance(shape, soft, warmth, float(over.max()), middle_y, middle_x), mask


def _length(along: NDArray[np.floating], weight: Floats) -> float:
    """Return the length that holds all but a tenth of the warmth."""
    order = np.argsort(along)
    sums = np.cumsum(weight[order])
    low, high = np.searchsorted(sums, (0.05, 0.95))
    last = len(order) - 1
    return float(along[order[min(high, last)]] - along[order[min(low, last)]])
