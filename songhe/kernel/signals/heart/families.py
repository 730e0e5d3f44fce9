"""The family of a beat: all beats of its shape in the last minutes, judged together.

A single beat is noisy and may come early by chance; the mean of its family shows the P wave that
noise hides, and how its members keep time: a conduction or an axis that changed keeps the rhythm, a
ventricular focus breaks it.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from songhe.kernel.signals.heart import shapes as of
from songhe.kernel.signals.heart.shapes import ALIKE, QRS, TINY, P, T
from songhe.kernel.signals.heart.trace import Floats, Ints

# A family's members are of one height, within these shares.
_LOWEST, _HIGHEST = 0.6, 1.7
# Logs of an interval against the median around it: early, on time, early with a long one after.
_EARLY, _ON_TIME, _SOONER, _LONGER = -0.13, 0.1, -0.1, 0.06
# The intervals around a beat that its own is held against, before and after.
_BEFORE, _AFTER = 12, 5
_STILL = 25  # samples of a window before any P wave


def features(rr_s: Floats, shapes: Floats, rows: Ints, alike: Floats, own: Floats) -> list[Floats]:
    """Return columns for the beats `rows` of those known; alike: (rows, beats known)."""
    heights = np.ptp(shapes[:, QRS], axis=1) + TINY
    share = heights[None, :] / heights[rows][:, None]
    like = alike > ALIKE
    near = like & (share > _LOWEST) & (share < _HIGHEST)
    near[np.arange(len(rows)), rows] = True
    many = near.sum(axis=1).astype(float)
    means = (near / many[:, None]) @ np.concatenate((shapes, _times(rr_s)), axis=1)
    mean, times = means[:, : shapes.shape[1]], means[:, shapes.shape[1] :].T
    early, after, premature, on_time, compensated, squares = times
    base, qrs = own[QRS], mean[:, QRS]
    level = base - base.mean()
    size = np.sqrt((level * level).sum()) + TINY
    centred = qrs - qrs.mean(axis=1, keepdims=True)
    width, height = of.width(qrs), float(np.ptp(base)) + TINY
    tall = np.ptp(qrs, axis=1) + TINY
    plain, own_plain = of.plain(mean), of.plain(own[None, :])
    rest = shapes[rows] - mean
    rough = np.abs(np.diff(shapes[rows][:, :_STILL], 2, axis=1)).mean(axis=1)
    return [
        np.log(many),
        many / len(rr_s),
        after,
        premature,
        on_time,
        compensated,
        (near[:, 1:] & near[:, :-1]).sum(axis=1) / many,
        early,
        np.sqrt(np.maximum(squares - early * early, 0.0)),
        (centred @ level) / (np.sqrt((centred * centred).sum(axis=1)) * size + TINY),
        of.shifted(mean, base)[0].max(axis=1),
        width,
        width - float(of.width(base[None, :])[0]),
        np.log(tall / height),
        *of.part(mean, own, P, height),
        *of.part(mean, own, T, height),
        *plain,
        *(a - b for a, b in zip(plain, own_plain, strict=True)),
        np.sqrt((rest * rest).mean(axis=1)) / tall,
        rough / heights[rows],
        like.sum(axis=1) / len(rr_s),
    ]


def _times(rr_s: Floats) -> Floats:
    """Say of each beat how it keeps time with those around it, (beats, 6)."""
    around = np.concatenate((np.full(_BEFORE, np.nan), rr_s, np.full(_AFTER, np.nan)))
    local = of.middle(sliding_window_view(around, _BEFORE + _AFTER + 1))
    early = of.log_ratio(rr_s, local)
    after = of.log_ratio(np.append(rr_s[1:], np.nan), local)
    told = (
        early,
        after,
        early < _EARLY,
        np.abs(early) < _ON_TIME,
        (early < _SOONER) & (after > _LONGER),
        early * early,
    )
    found: Floats = np.stack(told, axis=1).astype(float)
    return found
