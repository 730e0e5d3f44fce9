"""What kind of beat each is: its shape against the person's own, its time against the rhythm.

The person's own shape is the mean of the commonest kind among the last beats that did not come
early; the rhythm is that of the last five minutes and the seconds that follow.
"""

from __future__ import annotations

import numpy as np
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
_ALIKE, SAME = 0.9, 0.93
_SHIFT = 3
_TINY = 1e-6
_EARLY = 0.9


def intervals(places: Ints, broken: NDArray[np.bool_]) -> Floats:
    """Return the interval before each beat in seconds; NaN for the first and where broken."""
    found = np.full(len(places), np.nan)
    found[1:] = np.diff(places) / RATE_HZ
    found[broken] = np.nan
    return found


def _unit(rows: Floats) -> Floats:
    rows = rows - rows.mean(axis=1, keepdims=True)
    found: Floats = rows / (np.sqrt((rows * rows).sum(axis=1, keepdims=True)) + _TINY)
    return found


def _log(a: Floats, b: Floats | float) -> Floats:
    with np.errstate(all="ignore"):
        found = np.log(a / b)
    clipped: Floats = np.clip(np.nan_to_num(found, nan=0.0, posinf=2.0, neginf=-2.0), -2.0, 2.0)
    return clipped


def features(rr_s: Floats, shapes: Floats, begin: int, until: int) -> Floats:
    """Return a row for each of the beats begin to until.

    rr_s: the interval before each beat known, in order (beats after `until` are the look-ahead).
    shapes: (SHAPES or fewer, window), those of the last beats known, the same end as rr_s.
    """
    count = len(rr_s)
    rows = np.arange(begin, until)
    first = count - len(shapes)  # the beat of shapes[0]
    return np.concatenate(
        (_rhythm(rr_s, rows), _shape(rr_s[first:], shapes, rows - first)), axis=1
    ).clip(-20.0, 20.0)


def _rhythm(rr_s: Floats, rows: Ints) -> Floats:
    padded = np.concatenate((np.full(20, np.nan), rr_s, np.full(6, np.nan)))
    around = padded[rows[:, None] + 20 + np.arange(-20, 7)[None, :]]  # column 20 is the beat's own
    before, own, after, after2 = around[:, 19], around[:, 20], around[:, 21], around[:, 22]
    local = _middle(around[:, 8:26])
    short = _middle(around[:, 0:20])
    clean = rr_s[np.isfinite(rr_s)]
    if len(clean) < 3:
        clean = np.full(3, 0.8)
    q10, q25, q50, q75, q90 = np.quantile(clean, (0.1, 0.25, 0.5, 0.75, 0.9))
    late = clean[-40:]
    l75 = np.quantile(late, 0.75)
    steps = np.abs(np.diff(around[:, :25], axis=1))
    restless = _middle(steps) / local
    same = (np.abs(around[:, 8:26] - own[:, None]) < 0.06 * own[:, None]).mean(axis=1)
    return np.stack(
        (
            _log(own, local),
            _log(after, local),
            _log(before, local),
            _log(after2, local),
            _log(own, q50),
            _log(own, l75),
            _log(own, q75),
            _log(own, q90),
            _log(own, q25),
            _log(own, before),
            _log(after, own),
            _log(own + after, 2 * local),
            _log(own + after, 2 * q75),
            _log(after, q75),
            _log(before, q75),
            _log(own, short),
            _log(local, q50),
            np.nan_to_num(own, nan=0.8),
            np.nan_to_num(local),
            np.nan_to_num(restless),
            np.nan_to_num(same),
            np.full(len(rows), (q90 - q10) / q50),
            _log(own, around[:, 18]),
            _log(around[:, 23], local),
            *_settled(rr_s, rows),
        ),
        axis=1,
    )


def _settled(rr_s: Floats, rows: Ints) -> list[Floats]:
    """Hold each interval against one that follows the person slowly and forgives runs.

    Returned: own, next and the five around against it, and for how many beats it was left (log).
    """
    slow = float(_middle(rr_s[None, :20])[0])
    slows, since, run = [], [], 0
    for value in rr_s.tolist():
        slows.append(slow)
        if value == value:
            near = abs(value - slow) < 0.12 * slow
            run = 0 if near else run + 1
            slow += (value - slow) * (0.1 if near else 0.01)
        since.append(run)
    slow_s = np.array(slows)
    padded = np.concatenate((rr_s, (np.nan, np.nan)))
    held = np.concatenate((np.full(2, np.nan), padded))
    five = _middle(held[rows[:, None] + np.arange(5)[None, :]])
    here = slow_s[rows]
    return [
        _log(rr_s[rows], here),
        _log(padded[rows + 1], here),
        _log(five, here),
        np.log1p(np.array(since, dtype=float)[rows]),
    ]


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


def _shape(rr_s: Floats, shapes: Floats, rows: Ints) -> Floats:
    own, alike = own_shape(rr_s, shapes)
    near = alike > _ALIKE
    mine = shapes[rows]
    qrs = mine[:, _QRS]
    base = own[_QRS]
    size = np.sqrt(((base - base.mean()) ** 2).sum()) + _TINY
    shifted = np.stack(
        [
            _unit(mine[:, _QRS.start + s : _QRS.stop + s]) @ _unit(base[None, :])[0]
            for s in range(-_SHIFT, _SHIFT + 1)
        ]
    )
    best = shifted.max(axis=0)
    apart = np.sqrt(((qrs - base) ** 2).sum(axis=1)) / size
    own_size = np.sqrt(((qrs - qrs.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)) / size
    usual = _middle(rr_s[None, :])[0]
    early = _log(rr_s, usual)
    share = near[rows].mean(axis=1)
    kind_early = (near[rows] * early).sum(axis=1) / np.maximum(near[rows].sum(axis=1), 1)
    before = alike[rows, np.maximum(rows - 1, 0)]
    after = alike[rows, np.minimum(rows + 1, len(shapes) - 1)]
    return np.stack(
        (
            best,
            shifted[_SHIFT],
            apart,
            own_size,
            share,
            kind_early,
            before,
            after,
            _width(qrs),
            _width(qrs) - _width(base[None, :]),
            _width(base[None, :]).repeat(len(rows)),
            (qrs.max(axis=1) - np.abs(base).max()) / size,
            (qrs.min(axis=1) + np.abs(base).max()) / size,
            qrs.max(axis=1) / (np.ptp(qrs, axis=1) + _TINY),
            base.max() / (np.ptp(base) + _TINY) + 0 * best,
            *_part(mine, own, _P),
            *_part(mine, own, _T),
            *_plain(mine),
            *(a - b for a, b in zip(_plain(mine), _plain(own[None, :]), strict=True)),
            np.ptp(own[_P]) / (np.ptp(base) + _TINY) + 0 * best,
        ),
        axis=1,
    )


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
    line = np.linspace(0, 1, p.shape[1])[None, :]
    bump = p - p[:, :1] - (p[:, -1:] - p[:, :1]) * line
    return [
        np.abs(near).sum(axis=1) / height,
        np.abs(slope).max(axis=1) / height,
        (np.abs(slope) > 0.15 * np.abs(slope).max(axis=1)[:, None]).sum(axis=1).astype(float),
        np.where(np.abs(tall) > np.abs(deep), tall, deep) * np.sign(top) / height,
        bump.max(axis=1) / height,
        bump.min(axis=1) / height,
    ]


def _width(qrs: Floats) -> Floats:
    steep = np.abs(np.diff(qrs, axis=1))
    total = steep.sum(axis=1)
    at = np.arange(steep.shape[1])
    centre = (steep * at).sum(axis=1) / (total + _TINY)
    spread = (steep * (at[None, :] - centre[:, None]) ** 2).sum(axis=1) / (total + _TINY)
    found: Floats = np.sqrt(spread)
    return found


def _part(mine: Floats, own: Floats, part: slice) -> list[Floats]:
    """How a part of the beats is like the own one: in shape, in size, in difference."""
    a, b = mine[:, part], own[part]
    size = np.ptp(own[_QRS]) + _TINY
    alike = _unit(a) @ _unit(b[None, :])[0]
    apart = np.abs((a - a.mean(axis=1, keepdims=True)) - (b - b.mean())).mean(axis=1) / size
    return [alike, apart, np.ptp(a, axis=1) / size, (a.mean(axis=1) - b.mean()) / size]
