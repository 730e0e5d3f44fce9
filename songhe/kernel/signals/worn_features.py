"""What is looked at around an impact that a worn sensor felt: figures that turning cannot change.

Acceleration is in g here. A moment is cut into cells of 50 ms, each the mean of what was measured
in it, so that sensors of 20 to 200 Hz say the same. The impact's own sample is in the middle of
cell BEFORE. A late moment goes on for one more second.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STANDARD_GRAVITY = 9.80665
CELL_S = 0.05
BEFORE_S = 2.5
BEFORE = round(BEFORE_S / CELL_S)
AFTER_S = 2.0
AFTER = round(AFTER_S / CELL_S)
CELLS = BEFORE + 1 + AFTER
LATE_S = 1.0
LATE = round(LATE_S / CELL_S)
# Above these a sensor of small range is at its end; more tells nothing.
_MOST_G = 6.0
_MOST_JERK_G = 8.0
_CALM_G = 0.1
_HALF = np.arange(-BEFORE, AFTER + LATE + 2) - 0.5
# What is said of the late second where it is not known.
_UNKNOWN = [-1.0] * 7
# What was not felt any more goes on as the mean of so many last cells.
_HELD = 5

NAMES = (
    "peak_g", "peak_150ms_g", "peak_350ms_g", "dip_150ms_g", "dip_300ms_g", "drop_g_s", "hit_g_s",
    "activity_before_g", "activity_after_g", "unrest_after_g", "activity_last_g",
    "tilt_before_last_deg", "tilt_near_last_deg", "turn_deg", "jerk_g", "jerk_sum_g",
    "peaks_before", "peaks_after_per_s", "second_before_g", "second_after_g", "norm_last_g",
    "busy_share", "impact_along_before", "impact_along_last", "tilt_before_after_deg",
    "log_impact_to_before", "log_impact_to_after",
    "activity_late_g", "unrest_late_g", "most_late_g", "tilt_before_late_deg",
    "tilt_last_late_deg", "jerk_late_g", "calm_share_late", "is_wrist", "is_trunk",
)  # fmt: skip
# Of a moment that was cut short: how much of it was felt, too.
CUT_NAMES = (*NAMES[:-2], "felt_after_s", *NAMES[-2:])


def cells(samples: Floats, rate_hz: float, at: int, *, late: bool = False) -> Floats:
    """Return the cells around a sample: (CELLS, 3) from (n, 3), g; the edges go on as they are.

    late: with those of the late second, (CELLS + LATE, 3).
    """
    width = rate_hz * CELL_S
    half = _HALF if late else _HALF[:-LATE]
    edges = np.clip(at + 0.5 + half * width, 0, len(samples))
    sums = np.zeros((len(samples) + 1, 3))
    np.cumsum(samples, axis=0, out=sums[1:])
    below = np.minimum(edges.astype(np.intp), len(samples) - 1)
    part = (edges - below)[:, None]
    whole = sums[below] + part * (sums[below + 1] - sums[below])
    lengths = np.diff(edges)
    found: Floats = np.diff(whole, axis=0) / np.maximum(lengths, 1e-9)[:, None]
    empty = lengths < 1e-6
    if empty.any():
        held = np.flatnonzero(~empty)
        found[: held[0]] = found[held[0]]
        found[held[-1] + 1 :] = found[held[-1]]
    return found


def known_cells(after: int, rate_hz: float) -> int:
    """Return how many whole cells there are in so many samples after the impact's own."""
    return int((after + 0.5) / (rate_hz * CELL_S) - 0.5)


def _smooth(values: Floats, width: int) -> Floats:
    sums = np.zeros(len(values) + 1)
    np.cumsum(values, out=sums[1:])
    smooth: Floats = (sums[width:] - sums[:-width]) / width
    return smooth


def angle_deg(one: Floats, other: Floats) -> float:
    """Return the angle between two directions; 90 where one has none (free fall, no signal)."""
    lengths = math.sqrt(float(one @ one)) * math.sqrt(float(other @ other))
    if lengths < 0.01:
        return 90.0
    return math.degrees(math.acos(max(-1.0, min(1.0, float(one @ other) / lengths))))


def _along(one: Floats, other: Floats) -> float:
    return float(one @ other) / max(0.05, math.sqrt(float(one @ one) * float(other @ other)))


def _spread(part: Floats) -> float:
    return math.sqrt(float(part.var(axis=0).sum()))


def _bumps(values: Floats) -> int:
    middle = values[1:-1]
    tops = (middle > 1.3) & (middle >= values[:-2]) & (middle > values[2:])
    return int(np.count_nonzero(tops))


def _late(whole: Floats) -> list[float]:
    """Return the figures of the late second: whether who moved before it comes to rest."""
    if len(whole) < CELLS + LATE:
        return _UNKNOWN
    late = whole[CELLS:]
    size = np.minimum(np.sqrt((late * late).sum(axis=1)), _MOST_G)
    steps = np.diff(whole[CELLS - 10 :], axis=0)
    jerk = np.sqrt((steps * steps).sum(axis=1))
    down = late[-12:].mean(axis=0)
    return [
        _spread(late),
        float(np.abs(size - 1).mean()),
        float(size.max()),
        angle_deg(whole[: BEFORE - 20].mean(axis=0), down),
        angle_deg(whole[CELLS - 12 : CELLS].mean(axis=0), down),
        float(np.median(jerk)),
        float((jerk < _CALM_G).mean()),
    ]


def features(whole: Floats) -> list[float]:
    """Return the figures of NAMES but the last two (where it is worn) of cells, g.

    whole: (CELLS, 3), or (CELLS + LATE, 3) where the late second is known too.
    """
    p, moment = BEFORE, whole[:CELLS]
    size = np.minimum(np.sqrt((moment * moment).sum(axis=1)), _MOST_G)
    size_150, size_300, size_350 = (_smooth(size, width) for width in (3, 6, 7))
    before, after, last = moment[: p - 20], moment[p + 8 :], moment[-12:]
    down_before, down_last = before.mean(axis=0), last.mean(axis=0)
    steps = np.diff(moment, axis=0)
    jerk = np.sqrt((steps * steps).sum(axis=1))
    slow = np.stack([_smooth(moment[:, axis], 9) for axis in range(3)], axis=1)[p - 28 : p + 17 : 3]
    slow /= np.maximum(0.1, np.sqrt((slow * slow).sum(axis=1)))[:, None]
    turns = np.arccos(np.clip((slow[1:] * slow[:-1]).sum(axis=1), -1, 1))
    impact = moment[p - 1 : p + 2].sum(axis=0)
    peak_150 = float(size_150[p - 7 : p + 6].max())
    activity_before, activity_after = _spread(before), _spread(after)
    excess = max(peak_150 - 0.9, 0.005)
    return [
        float(size[p - 6 : p + 7].max()),
        peak_150,
        float(size_350[p - 7 : p + 2].max()),
        float(size_150[p - 21 : p].min()),
        float(size_300[p - 23 : p - 3].min()),
        float(np.maximum(0, 1 - size[p - 24 : p + 1]).sum()) * CELL_S,
        float(np.maximum(0, size[p - 6 : p + 13] - 1).sum()) * CELL_S,
        activity_before,
        activity_after,
        float(np.abs(size[p + 8 :] - 1).mean()),
        _spread(last),
        angle_deg(down_before, down_last),
        angle_deg(moment[p - 20 : p - 8].mean(axis=0), down_last),
        math.degrees(float(turns.sum())),
        min(_MOST_JERK_G, float(jerk[p - 5 : p + 6].max())),
        float(jerk[p - 16 : p + 16].sum()) * CELL_S * 10,
        float(_bumps(size_150[: p - 16])),
        _bumps(size_150[p + 10 :]) / (AFTER_S - 0.5),
        float(size[: p - 12].max()),
        float(size[p + 10 :].max()),
        math.sqrt(float(down_last @ down_last)),
        float((np.abs(size_150[p - 30 : p + 20] - 1) > 0.25).mean()),
        _along(impact, down_before),
        _along(impact, down_last),
        angle_deg(down_before, moment[p + 4 : p + 16].mean(axis=0)),
        math.log(excess / (activity_before + 0.05)),
        math.log(excess / (activity_after + 0.05)),
        *_late(whole),
    ]


def cut_features(whole: Floats, known: int) -> list[float]:
    """Return the figures of CUT_NAMES but the last two, of which only `known` cells were felt.

    whole: as for `features`; known: how many after the impact's own, at least one. The others are
    taken to be as the last ones were, on average; of a late second not begun nothing is said.
    """
    cut = whole[: CELLS + (LATE if known > AFTER else 0)].copy()
    known = min(known, len(cut) - BEFORE - 1)
    end = BEFORE + 1 + known
    cut[end:] = cut[max(BEFORE + 1, end - _HELD) : end].mean(axis=0)
    return [*features(cut), known * CELL_S]


def described(moment: Floats) -> dict[str, float]:
    """Return what is told of an impact: its force, the fall before, tilt and rest.

    moment: (CELLS, 3), g, or fewer after the impact where no more were felt.
    """
    p = BEFORE
    size = np.sqrt((moment * moment).sum(axis=1))
    steps = np.diff(moment[p + 4 :], axis=0)
    restless = np.flatnonzero((steps * steps).sum(axis=1) > 0.15**2)
    rest = len(steps) - (int(restless[-1]) + 1 if len(restless) else 0)
    last = moment[max(p + 1, len(moment) - 12) :].mean(axis=0)
    tilt = angle_deg(moment[: p - 20].mean(axis=0), last)
    return {
        "impact_g": round(float(size[p - 6 : p + 7].max()), 2),
        "freefall_s": round(int(np.count_nonzero(size[p - 20 : p] < 0.6)) * CELL_S, 2),
        "tilt_deg": round(tilt),
        "still_s": round(rest * CELL_S, 2),
    }
