"""What kind of beat each is: its shape against the person's own, its time against the rhythm.

The person's own shape is the mean of the commonest kind among the last beats that did not come
early; the rhythm is that of the last five minutes and the seconds that follow.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from songhe.kernel.signals.heart import families
from songhe.kernel.signals.heart import shapes as of
from songhe.kernel.signals.heart.shapes import ALIKE, QRS, SHIFT, TINY, P, T
from songhe.kernel.signals.heart.trace import RATE_HZ, Floats, Ints

# Kept: beats of five minutes, shapes of the last so many.
RHYTHM_S = 300
SHAPES = 400
# The followed interval: what is near it moves it by a tenth, what is not by a hundredth.
_LEFT, _FOLLOW, _FORGIVE = 0.12, 0.1, 0.01


def intervals(places: Ints, broken: NDArray[np.bool_]) -> Floats:
    """Return the interval before each beat in seconds; NaN for the first and where broken."""
    found = np.full(len(places), np.nan)
    found[1:] = np.diff(places) / RATE_HZ
    found[broken] = np.nan
    return found


def _logs(pairs: Sequence[tuple[Floats, Floats | float]], count: int) -> Floats:
    """Return the logs of many ratios at once, (pairs, count)."""
    above = np.empty((len(pairs), count))
    below = np.empty((len(pairs), count))
    for row, (a, b) in enumerate(pairs):
        above[row], below[row] = a, b
    return of.log_ratio(above, below)


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
    near_s, at = rr_s[first:], rows - first
    complexes = of.unit(shapes[:, QRS])
    alike = complexes[at] @ complexes.T
    own = of.own_shape(near_s, shapes, complexes)
    columns = (
        *_rhythm(rr_s, rows, slow_s[rows], runs[rows]),
        *_shape(near_s, shapes, at, alike, own),
        *families.features(near_s, shapes, at, alike, own),
    )
    found = np.stack(columns, axis=1)
    limited: Floats = np.minimum(np.maximum(found, -20.0), 20.0)
    return limited


def _rhythm(rr_s: Floats, rows: Ints, slow_s: Floats, runs: Floats) -> list[Floats]:
    padded = np.concatenate((np.full(20, np.nan), rr_s, np.full(6, np.nan)))
    around = padded[rows[:, None] + 20 + np.arange(-20, 7)[None, :]]  # column 20 is the beat's own
    before, own, after, after2 = around[:, 19], around[:, 20], around[:, 21], around[:, 22]
    local = of.middle(around[:, 8:26])
    short = of.middle(around[:, 0:20])
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
            (of.middle(around[:, 18:23]), slow_s),
        ),
        len(rows),
    )
    return [
        *logs,
        np.where(own == own, own, 0.8),
        local,
        of.middle(steps) / local,
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


def _shape(rr_s: Floats, shapes: Floats, rows: Ints, alike: Floats, own: Floats) -> list[Floats]:
    near = alike > ALIKE
    mine = shapes[rows]
    qrs = mine[:, QRS]
    base = own[QRS]
    level = base - base.sum() / len(base)
    size = np.sqrt((level * level).sum()) + TINY
    likeness, power = of.shifted(mine, base)
    gap = qrs - base
    early = of.log_ratio(rr_s, of.middle(rr_s[None, :])[0])
    many = near.sum(axis=1)
    each, last = np.arange(len(rows)), len(shapes) - 1
    width, base_width = of.width(qrs), float(of.width(base[None, :])[0])
    top, deep, tall = qrs.max(axis=1), qrs.min(axis=1), float(np.abs(base).max())
    height = top - deep + TINY
    base_height = float(base.max() - base.min()) + TINY
    none = np.zeros(len(rows))
    plain, own_plain = of.plain(mine), of.plain(own[None, :])
    return [
        likeness.max(axis=1),
        likeness[:, SHIFT],
        np.sqrt((gap * gap).sum(axis=1)) / size,
        power[:, SHIFT] / size,
        many / near.shape[1],
        (near @ early) / np.maximum(many, 1),
        alike[each, np.maximum(rows - 1, 0)],
        alike[each, np.minimum(rows + 1, last)],
        width,
        width - base_width,
        base_width + none,
        (top - tall) / size,
        (deep + tall) / size,
        top / height,
        float(base.max()) / base_height + none,
        *of.part(mine, own, P, base_height),
        *of.part(mine, own, T, base_height),
        *plain,
        *(a - b for a, b in zip(plain, own_plain, strict=True)),
        float(np.ptp(own[P])) / base_height + none,
    ]
