"""Metrics of continuous glucose: time in ranges, GMI, CV and MAGE, by their published definitions.

Ranges: international consensus on time in range (Battelino et al., Diabetes Care 2019). GMI:
Bergenstal et al., Diabetes Care 2018. MAGE: Service et al., Diabetes 1970, found by two moving
averages (Fernandes et al., J Diabetes Sci Technol 2022), with that paper's windows.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MG_DL_PER_MMOL_L = 18.016
# Limits of the ranges in mg/dL; 3.0, 3.9, 10.0 and 13.9 mmol/L in the consensus.
VERY_LOW, LOW, HIGH, VERY_HIGH = 54.0, 70.0, 180.0, 250.0
_GMI_BASE, _GMI_SLOPE = 3.31, 0.02392

_GRID_S = 300.0
# Values are drawn between two readings up to so far apart; a longer hole splits the trace.
_BRIDGED_S = 45 * 60.0
_SPLIT_S = 180 * 60.0
_SHORT, _LONG = 5, 32
_FEWEST = 7
# Averages nearer to each other than this (mg/dL) are equal: sums of floats.
_EQUAL = 1e-9
# What a figure needs before it is worth telling (consensus: 14 days, 70 % of readings).
DAYS_FOR_A_REPORT, SHARE_FOR_A_REPORT = 14.0, 0.70


class GlucoseMetrics(msgspec.Struct, frozen=True):
    """Metrics of one trace. Shares in percent of readings; glucose in mg/dL; MAGE None if none.

    enough: at least 14 days with 70 % of readings, as the consensus asks for.
    """

    readings: int
    days: float
    mean: float
    gmi_pct: float
    cv_pct: float | None
    very_low_pct: float
    low_pct: float
    in_range_pct: float
    high_pct: float
    very_high_pct: float
    mage: float | None
    enough: bool

    @property
    def mean_mmol_l(self) -> float:
        """Return the mean in mmol/L."""
        return self.mean / MG_DL_PER_MMOL_L

    @property
    def mage_mmol_l(self) -> float | None:
        """Return MAGE in mmol/L."""
        return None if self.mage is None else self.mage / MG_DL_PER_MMOL_L


def metrics(times_s: Sequence[float], glucose: Sequence[float]) -> GlucoseMetrics | None:
    """Return the metrics of readings at epoch seconds of local time, in mg/dL; None of none.

    low_pct is below 70 (very low among them), high_pct above 180 (very high among them). Readings
    that are NaN are left out; the order does not matter.
    """
    times, values = np.asarray(times_s, dtype=float), np.asarray(glucose, dtype=float)
    known = np.isfinite(values) & np.isfinite(times)
    order = np.argsort(times[known], kind="stable")
    times, values = times[known][order], values[known][order]
    if not len(values):
        return None
    mean = float(values.mean())
    steps = np.diff(times)
    every_s = float(np.median(steps)) if len(steps) else _GRID_S
    days = float(times[-1] - times[0]) / 86_400
    share = len(values) * every_s / max(times[-1] - times[0] + every_s, every_s)
    return GlucoseMetrics(
        readings=len(values),
        days=days,
        mean=mean,
        gmi_pct=_GMI_BASE + _GMI_SLOPE * mean,
        cv_pct=100 * float(values.std(ddof=1)) / mean if len(values) > 1 else None,
        very_low_pct=100 * float((values < VERY_LOW).mean()),
        low_pct=100 * float((values < LOW).mean()),
        in_range_pct=100 * float(((values >= LOW) & (values <= HIGH)).mean()),
        high_pct=100 * float((values > HIGH).mean()),
        very_high_pct=100 * float((values > VERY_HIGH).mean()),
        mage=mage(times, values),
        enough=days >= DAYS_FOR_A_REPORT and share >= SHARE_FOR_A_REPORT,
    )


def mage(times_s: Floats, glucose: Floats) -> float | None:
    """Return the mean amplitude of glycaemic excursions (mg/dL) of readings in order of time.

    Traces are drawn on a grid of 5 min from midnight, split at holes of more than three hours; the
    parts count by their length, holes included: their mean rise and their mean fall once each. None
    where no part has an excursion.
    """
    found = [
        (amplitude, float(len(part) - 1))
        for part in _parts(times_s, glucose)
        for amplitude in _of_part(part)
    ]
    if not found:
        return None
    return float(np.average([m for m, _ in found], weights=[w for _, w in found]))


def on_grid(times_s: Floats, glucose: Floats) -> tuple[Floats, Floats]:
    """Return the trace on a grid of 5 min anchored at midnight, NaN in holes over 45 min."""
    first = np.floor(times_s[0] / 86_400) * 86_400
    # A day's grid begins at 00:05, as that of the package: its last point is midnight.
    begin = first + max(1.0, np.ceil((times_s[0] - first) / _GRID_S)) * _GRID_S
    grid = np.arange(begin, times_s[-1] + 1e-6, _GRID_S)
    drawn = np.interp(grid, times_s, glucose)
    before = np.clip(np.searchsorted(times_s, grid, side="right") - 1, 0, len(times_s) - 1)
    after = np.clip(np.searchsorted(times_s, grid, side="left"), 0, len(times_s) - 1)
    drawn[times_s[after] - times_s[before] > _BRIDGED_S] = np.nan
    return grid, drawn


def _parts(times_s: Floats, glucose: Floats) -> list[Floats]:
    """Return the drawn values of each part, NaN in its holes of up to three hours."""
    if len(times_s) < 2:
        return []
    grid, drawn = on_grid(times_s, glucose)
    told = np.flatnonzero(np.isfinite(drawn))
    breaks = np.flatnonzero(np.diff(grid[told]) > _SPLIT_S) + 1
    return [drawn[part[0] : part[-1] + 1] for part in np.split(told, breaks) if len(part)]


def _of_part(values: Floats) -> list[float]:
    """Return the mean rise and the mean fall of the excursions of a part, those that there are."""
    if np.isfinite(values).sum() < _FEWEST:
        return []
    spread = float(np.nanstd(values, ddof=1))
    legs = np.diff(_excursions(_turns(values), spread))
    return [float(side.mean()) for side in (legs[legs > 0], -legs[legs < 0]) if len(side)]


def _turns(values: Floats) -> list[float]:
    """Return highest and lowest values in turn, one for each time between crossings.

    The averages look back, so they cross after a turn: each turn is looked for from the one before
    it until the crossing that ends its time.
    """
    long = min(_LONG, len(values))
    above = _above(_moving(values, _SHORT) - _moving(values, long))
    crossings = np.flatnonzero(above[1:] != above[:-1]) + 1
    found: list[float] = []
    at = 0
    for begin, end in zip([0, *crossings], [*crossings, len(values)], strict=True):
        part = values[at:end]
        if np.isfinite(part).any():
            at += int(np.nanargmax(part) if above[begin] else np.nanargmin(part))
            found.append(float(values[at]))
    return found


def _above(difference: Floats) -> NDArray[np.bool_]:
    """Say where the short average is above; in a hole, and where both are equal, it stays."""
    above = difference > 0
    for place in np.flatnonzero(~(np.abs(difference) > _EQUAL)):
        above[place] = place > 0 and above[place - 1]
    return above


def _moving(values: Floats, width: int) -> Floats:
    """Return the mean of what is known of the last `width` values; at first, the first of these."""
    windows = np.lib.stride_tricks.sliding_window_view(values, width)
    known = np.isfinite(windows)
    with np.errstate(invalid="ignore"):
        mean = np.where(known, windows, 0.0).sum(axis=1) / known.sum(axis=1)
    return np.concatenate((np.full(width - 1, mean[0]), mean))


def _excursions(turns: Sequence[float], spread: float) -> list[float]:
    """Return the turns that remain when swings smaller than the spread are no swings."""
    lowest = highest = turns[0]
    kept: list[float] = []
    for value in turns[1:]:
        if not kept:
            # Which way the first excursion goes is open until a swing is large enough.
            if value - lowest >= spread:
                kept = [lowest, value]
            elif highest - value >= spread:
                kept = [highest, value]
            lowest, highest = min(lowest, value), max(highest, value)
        elif (value - kept[-1]) * (kept[-1] - kept[-2]) > 0:
            kept[-1] = value
        elif abs(value - kept[-1]) >= spread:
            kept.append(value)
    return kept
