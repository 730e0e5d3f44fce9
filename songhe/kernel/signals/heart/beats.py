"""What kind of beat each is: its shape against the person's own, its time against the rhythm.

The person's own shape is the mean of the commonest kind among the last beats that did not come
early; the rhythm is that of the last five minutes and the seconds that follow.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from songhe.kernel.signals.heart.trace import RATE_HZ, Floats, Ints

# A beat's window in the trace, samples before and after its peak.
BEFORE, AFTER = 50, 72
# Kept: beats of five minutes, shapes of the last so many.
RHYTHM_S = 300
SHAPES = 96
_QRS = slice(BEFORE - 18, BEFORE + 23)
_P = slice(BEFORE - 46, BEFORE - 13)
_T = slice(BEFORE + 23, BEFORE + 72)
_LINE = np.linspace(0, 1, _P.stop - _P.start)[None, :]
_ALIKE, SAME = 0.9, 0.93
_SHIFT = 3
_TINY = 1e-6
_EARLY = 0.9
# The followed interval: what is near it moves it by a tenth, what is not by a hundredth.
_LEFT, _FOLLOW, _FORGIVE = 0.12, 0.1, 0.01


def intervals(places: Ints, broken: NDArray[np.bool_]) -> Floats:
    """Return the interval before each beat in seconds; NaN for the first and where broken."""
    found = np.full(len(places), np.nan)
    found[1:] = np.diff(places) / RATE_HZ
    found[broken] = np.nan
    return found


def _unit(rows: Floats) -> Floats:
    rows = rows - rows.sum(axis=1, keepdims=True) / rows.shape[1]
    found: Floats = rows / (np.sqrt((rows * rows).sum(axis=1, keepdims=True)) + _TINY)
    return found


def _log(a: Floats, b: Floats | float) -> Floats:
    """Return the log of a ratio between -2 and 2, 0 where it is not known."""
    with np.errstate(all="ignore"):
        found = np.log(a / b)
    found[found != found] = 0.0
    limited: Floats = np.minimum(np.maximum(found, -2.0), 2.0)
    return limited


def _logs(pairs: Sequence[tuple[Floats, Floats | float]], count: int) -> Floats:
    """Return the logs of many ratios at once, (pairs, count)."""
    above = np.empty((len(pairs), count))
    below = np.empty((len(pairs), count))
    for row, (a, b) in enumerate(pairs):
        above[row], below[row] = a, b
    return _log(above, below)


def follow(slow_s: float, run: int, heard: int, value_s: float) -> tuple[float, int]:
    """Follow a person's interval slowly, and forgive runs; the first intervals count more.

    heard: intervals until now. Returned: the followed interval, and for how many beats it was left.
    """
    if value_s != value_s:
        return slow_s, run
    if slow_s != slow_s:
        return value_s, 0
    near = abs(value_s - slow_s) < _LEFT * slow_s
    part = max(_FOLLOW if near else _FORGIVE, 1 / (heard + 1))
    return slow_s + (value_s - slow_s) * part, 0 if near else run + 1


def features(
    rr_s: Floats, slow_s: Floats, runs: Floats, shapes: Floats, begin: int, until: int
) -> Floats:
    """Return a row for each of the beats begin to until.

    rr_s: the interval before each beat known, in order (beats after `until` are the look-ahead).
    slow_s, runs: what `follow` said before each. shapes: (SHAPES or fewer, window), those of the
    last beats known, the same end as rr_s.
    """
    rows = np.arange(begin, until)
    first = len(rr_s) - len(shapes)  # the beat of shapes[0]
    columns = (
        *_rhythm(rr_s, rows, slow_s[rows], runs[rows]),
        *_shape(rr_s[first:], shapes, rows - first),
    )
    found = np.stack(columns, axis=1)
    limited: Floats = np.minimum(np.maximum(found, -20.0), 20.0)
    return limited


def _rhythm(rr_s: Floats, rows: Ints, slow_s: Floats, runs: Floats) -> list[Floats]:
    padded = np.concatenate((np.full(20, np.nan), rr_s, np.full(6, np.nan)))
    around = padded[rows[:, None] + 20 + np.arange(-20, 7)[None, :]]  # column 20 is the beat's own
    before, own, after, after2 = around[:, 19], around[:, 20], around[:, 21], around[:, 22]
    local = _middle(around[:, 8:26])
    short = _middle(around[:, 0:20])
    clean = rr_s[rr_s == rr_s]
    if len(clean) < 3:
        clean = np.full(3, 0.8)
    ordered = np.sort(clean)
    q10, q25, q50, q75, q90 = (_share(ordered, part) for part in (0.1, 0.25, 0.5, 0.75, 0.9))
    l75 = _share(np.sort(clean[-40:]), 0.75)
    steps = np.abs(around[:, 1:25] - around[:, :24])
    same = np.abs(around[:, 8:26] - own[:, None]) < 0.06 * own[:, None]
    logs = _logs(
        (
            (own, local),
            (after, local),
            (before, local),
            (after2, local),
            (own, q50),
            (own, l75),
            (own, q75),
            (own, q90),
            (own, q25),
            (own, before),
            (after, own),
            (own + after, 2 * local),
            (own + after, 2 * q75),
            (after, q75),
            (before, q75),
            (own, short),
            (local, q50),
            (own, around[:, 18]),
            (around[:, 23], local),
            (own, slow_s),
            (after, slow_s),
            (_middle(around[:, 18:23]), slow_s),
        ),
        len(rows),
    )
    return [
        *logs,
        np.where(own == own, own, 0.8),
        local,
        _middle(steps) / local,
        same.sum(axis=1) / same.shape[1],
        np.full(len(rows), (q90 - q10) / q50),
        np.log1p(runs),
    ]


def _share(ordered: Floats, part: float) -> float:
    """Return a quantile of ordered values, between two of them where it falls there."""
    place = part * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] + (ordered[high] - ordered[low]) * (place - low))


def _middle(rows: Floats) -> Floats:
    """Return the median of each row without NaN; 0.8 where nothing is left."""
    ordered = np.sort(rows, axis=1)  # NaN comes last
    count = np.isfinite(ordered).sum(axis=1)
    found = ordered[np.arange(len(rows)), np.maximum(count - 1, 0) // 2]
    return np.where(count > 0, found, 0.8)


def same(shapes: Floats, others: Floats) -> NDArray[np.bool_]:
    """Tell which QRS complexes have the same shape, (shapes, others)."""
    found: NDArray[np.bool_] = _unit(shapes[:, _QRS]) @ _unit(others[:, _QRS]).T > SAME
    return found


def own_shape(rr_s: Floats, shapes: Floats) -> tuple[Floats, Floats]:
    """Return the person's own beat, and how alike all shapes are, (n, n)."""
    alike = _unit(shapes[:, _QRS])
    alike = alike @ alike.T
    usual = np.where(_log(rr_s, _middle(rr_s[None, :])[0]) < np.log(_EARLY), 0.3, 1.0)
    near = alike > _ALIKE
    winner = int((near @ usual).argmax())
    kind = near[winner]
    return shapes[kind if kind.any() else slice(None)].mean(axis=0), alike


def _shape(rr_s: Floats, shapes: Floats, rows: Ints) -> list[Floats]:
    own, alike = own_shape(rr_s, shapes)
    near = alike[rows] > _ALIKE
    mine = shapes[rows]
    qrs = mine[:, _QRS]
    base = own[_QRS]
    level = base - base.sum() / len(base)
    size = np.sqrt((level * level).sum()) + _TINY
    long = mine[:, _QRS.start - _SHIFT : _QRS.stop + _SHIFT]
    shifts = sliding_window_view(long, len(base), axis=1)  # (rows, shifts, QRS)
    total = shifts.sum(axis=2)
    power = (shifts * shifts).sum(axis=2) - total * total / len(base)
    shifted = (shifts @ level) / (np.sqrt(np.maximum(power, 0.0)) * size + _TINY)
    gap = qrs - base
    early = _log(rr_s, _middle(rr_s[None, :])[0])
    many = near.sum(axis=1)
    last = len(shapes) - 1
    width, base_width = _width(qrs), float(_width(base[None, :])[0])
    top, deep, tall = qrs.max(axis=1), qrs.min(axis=1), float(np.abs(base).max())
    height = top - deep + _TINY
    base_height = float(base.max() - base.min()) + _TINY
    none = np.zeros(len(rows))
    plain, own_plain = _plain(mine), _plain(own[None, :])
    return [
        shifted.max(axis=1),
        shifted[:, _SHIFT],
        np.sqrt((gap * gap).sum(axis=1)) / size,
        np.sqrt(np.maximum(power[:, _SHIFT], 0.0)) / size,
        many / near.shape[1],
        (near @ early) / np.maximum(many, 1),
        alike[rows, np.maximum(rows - 1, 0)],
        alike[rows, np.minimum(rows + 1, last)],
        width,
        width - base_width,
        base_width + none,
        (top - tall) / size,
        (deep + tall) / size,
        top / height,
        float(base.max()) / base_height + none,
        *_part(mine, own, _P, base_height),
        *_part(mine, own, _T, base_height),
        *plain,
        *(a - b for a, b in zip(plain, own_plain, strict=True)),
        float(np.ptp(own[_P])) / base_height + none,
    ]


def _plain(mine: Floats) -> list[Floats]:
    """Say how beats look by themselves: breadth, steepness, T wave, P wave; of their height."""
    near = mine[:, BEFORE - 25 : BEFORE + 41]
    near = near - np.sort(near, axis=1)[:, len(near[0]) // 2][:, None]
    height = np.ptp(near, axis=1) + _TINY
    slope = near[:, 3:] - near[:, :-3]
    t = mine[:, BEFORE + 30 :]
    level = mine[:, BEFORE - 20]
    top = near[np.arange(len(near)), np.abs(near).argmax(axis=1)]
    tall = t.max(axis=1) - level
    deep = t.min(axis=1) - level
    p = mine[:, _P]
    bump = p - p[:, :1] - (p[:, -1:] - p[:, :1]) * _LINE
    return [
        np.abs(near).sum(axis=1) / height,
        np.abs(slope).max(axis=1) / height,
        (np.abs(slope) > 0.15 * np.abs(slope).max(axis=1)[:, None]).sum(axis=1).astype(float),
        np.where(np.abs(tall) > np.abs(deep), tall, deep) * np.sign(top) / height,
        bump.max(axis=1) / height,
        bump.min(axis=1) / height,
    ]


def _width(qrs: Floats) -> Floats:
    steep = np.abs(qrs[:, 1:] - qrs[:, :-1])
    total = steep.sum(axis=1)
    at = np.arange(steep.shape[1])
    centre = (steep * at).sum(axis=1) / (total + _TINY)
    spread = (steep * (at[None, :] - centre[:, None]) ** 2).sum(axis=1) / (total + _TINY)
    found: Floats = np.sqrt(spread)
    return found


def _part(mine: Floats, own: Floats, part: slice, size: float) -> list[Floats]:
    """How a part of the beats is like the own one: in shape, in size, in difference."""
    a, b = mine[:, part], own[part]
    mean, own_mean = a.sum(axis=1) / len(b), float(b.sum()) / len(b)
    a_level, b_level = a - mean[:, None], b - own_mean
    power = np.sqrt((a_level * a_level).sum(axis=1) * float((b_level * b_level).sum()))
    return [
        (a_level @ b_level) / (power + _TINY),
        np.abs(a_level - b_level).sum(axis=1) / len(b) / size,
        (a.max(axis=1) - a.min(axis=1)) / size,
        (mean - own_mean) / size,
    ]
