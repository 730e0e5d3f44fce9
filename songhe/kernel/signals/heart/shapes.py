"""Windows of beats and what is said of them: like which others, how wide, their P and T waves."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from songhe.kernel.signals.heart.trace import Floats

# A beat's window in the trace, samples before and after its peak.
BEFORE, AFTER = 50, 72
QRS = slice(BEFORE - 18, BEFORE + 23)
P = slice(BEFORE - 46, BEFORE - 13)
T = slice(BEFORE + 23, BEFORE + 72)
# Correlations of QRS complexes: of one family, and of one shape.
ALIKE, SAME = 0.9, 0.93
TINY = 1e-6
SHIFT = 3
_LINE = np.linspace(0, 1, P.stop - P.start)[None, :]
_EARLY, _EARLY_VOTE = 0.9, 0.3
# Every so many-th beat votes for the person's own shape.
_VOTER = 3


def unit(rows: Floats) -> Floats:
    """Return rows without their mean, of length 1: their products are correlations."""
    rows = rows - rows.sum(axis=1, keepdims=True) / rows.shape[1]
    found: Floats = rows / (np.sqrt((rows * rows).sum(axis=1, keepdims=True)) + TINY)
    return found


def log_ratio(a: Floats, b: Floats | float) -> Floats:
    """Return the log of a ratio between -2 and 2, 0 where it is not known."""
    with np.errstate(all="ignore"):
        found = np.log(a / b)
    found[found != found] = 0.0
    limited: Floats = np.minimum(np.maximum(found, -2.0), 2.0)
    return limited


def middle(rows: Floats) -> Floats:
    """Return the median of each row without NaN; 0.8 where nothing is left."""
    ordered = np.sort(rows, axis=1)  # NaN comes last
    count = np.isfinite(ordered).sum(axis=1)
    found = ordered[np.arange(len(rows)), np.maximum(count - 1, 0) // 2]
    return np.where(count > 0, found, 0.8)


def same(shapes: Floats, others: Floats) -> NDArray[np.bool_]:
    """Tell which QRS complexes have the same shape, (shapes, others)."""
    found: NDArray[np.bool_] = unit(shapes[:, QRS]) @ unit(others[:, QRS]).T > SAME
    return found


def own_shape(rr_s: Floats, shapes: Floats, complexes: Floats) -> Floats:
    """Return the person's own beat: the mean of the commonest shape, early beats counting less.

    complexes: the shapes' QRS complexes as `unit` gives them.
    """
    voters = complexes[::-_VOTER]
    early = log_ratio(rr_s, middle(rr_s[None, :])[0]) < np.log(_EARLY)
    votes = (voters @ voters.T > ALIKE) @ np.where(early, _EARLY_VOTE, 1.0)[::-_VOTER]
    kind = complexes @ voters[int(votes.argmax())] > ALIKE
    found: Floats = shapes[kind if kind.any() else slice(None)].mean(axis=0)
    return found


def shifted(windows: Floats, base: Floats) -> tuple[Floats, Floats]:
    """Return how alike QRS complexes are to one, and their size, moved by up to SHIFT samples.

    Both (windows, 2 * SHIFT + 1); base: the one QRS complex.
    """
    level = base - base.mean()
    moved = sliding_window_view(windows[:, QRS.start - SHIFT : QRS.stop + SHIFT], len(base), axis=1)
    total = moved.sum(axis=2)
    size = np.sqrt(np.maximum((moved * moved).sum(axis=2) - total * total / len(base), 0.0))
    length = np.sqrt((level * level).sum()) + TINY
    return (moved @ level) / (size * length + TINY), size


def plain(mine: Floats) -> list[Floats]:
    """Say how beats look by themselves: breadth, steepness, T wave, P wave; of their height."""
    near = mine[:, BEFORE - 25 : BEFORE + 41]
    near = near - np.sort(near, axis=1)[:, len(near[0]) // 2][:, None]
    height = np.ptp(near, axis=1) + TINY
    slope = near[:, 3:] - near[:, :-3]
    t = mine[:, BEFORE + 30 :]
    level = mine[:, BEFORE - 20]
    top = near[np.arange(len(near)), np.abs(near).argmax(axis=1)]
    tall = t.max(axis=1) - level
    deep = t.min(axis=1) - level
    p = mine[:, P]
    bump = p - p[:, :1] - (p[:, -1:] - p[:, :1]) * _LINE
    return [
        np.abs(near).sum(axis=1) / height,
        np.abs(slope).max(axis=1) / height,
        (np.abs(slope) > 0.15 * np.abs(slope).max(axis=1)[:, None]).sum(axis=1).astype(float),
        np.where(np.abs(tall) > np.abs(deep), tall, deep) * np.sign(top) / height,
        bump.max(axis=1) / height,
        bump.min(axis=1) / height,
    ]


def width(qrs: Floats) -> Floats:
    """Return the spread of the steepness along each QRS complex, samples."""
    steep = np.abs(qrs[:, 1:] - qrs[:, :-1])
    total = steep.sum(axis=1)
    at = np.arange(steep.shape[1])
    centre = (steep * at).sum(axis=1) / (total + TINY)
    spread = (steep * (at[None, :] - centre[:, None]) ** 2).sum(axis=1) / (total + TINY)
    found: Floats = np.sqrt(spread)
    return found


def part(mine: Floats, own: Floats, where: slice, size: float) -> list[Floats]:
    """How a part of the beats is like the own one: in shape, in size, in difference."""
    a, b = mine[:, where], own[where]
    mean, own_mean = a.sum(axis=1) / len(b), float(b.sum()) / len(b)
    a_level, b_level = a - mean[:, None], b - own_mean
    power = np.sqrt((a_level * a_level).sum(axis=1) * float((b_level * b_level).sum()))
    return [
        (a_level @ b_level) / (power + TINY),
        np.abs(a_level - b_level).sum(axis=1) / len(b) / size,
        (a.max(axis=1) - a.min(axis=1)) / size,
        (mean - own_mean) / size,
    ]
