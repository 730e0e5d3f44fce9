"""Which candidates of a trace are heart beats: each is held against its surroundings and judged.

A candidate is compared with eight seconds before it, a second and a half after it, and its
neighbours; nothing that was decided before enters, so one mistake does not breed the next.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from songhe.kernel.signals.heart.trace import RATE_HZ, Floats, Ints, Trace, cut

# Nothing later than this after a candidate is looked at.
AHEAD = 270
_BEFORE = 8 * RATE_HZ
_OWN = 32  # samples around a candidate that are its own
_NEAR = 36  # two beats of one heart are 200 ms apart or more (refractory, Pan and Tompkins 1985)
# A P wave or the notch of a wide complex comes this near to a complex that is much higher.
_CLOSE, _MUCH = 47, 1.5
_SHAPE = 16
_TINY = 1e-3
_FAR_S = 2.0
FEATURES = 22


def features(trace: Trace, places: Ints, all_places: Ints) -> Floats:
    """Return (places, FEATURES) of candidates; all_places: all candidates known, in order."""
    energy, from_ = trace.energy, trace.from_
    own = np.log(energy[places - from_] + _TINY)
    around = cut(energy, from_, places, _BEFORE + _OWN, AHEAD - 1)
    seconds = around[:, :_BEFORE].reshape(len(places), 8, -1)
    tops = np.sort(seconds.max(axis=2), axis=1)
    middle = _BEFORE + _OWN
    after = around[:, middle + _OWN :]
    near = around[:, middle - RATE_HZ : middle + RATE_HZ + 1]
    ordered = np.partition(near, (RATE_HZ // 2, RATE_HZ), axis=1)
    wide = cut(trace.flat, from_, places, AHEAD, AHEAD)
    flat = wide[:, AHEAD - _SHAPE : AHEAD + _SHAPE + 1]
    band = cut(trace.band, from_, places, _SHAPE, _SHAPE)
    steep = np.abs(wide[:, 1:] - wide[:, :-1])
    slope = steep[:, AHEAD - _SHAPE : AHEAD + _SHAPE].max(axis=1)
    slopes = steep.max(axis=1)
    height = np.ptp(flat, axis=1)
    wave = wide[:, AHEAD - 45 : AHEAD + 61]
    size = np.abs(band)
    columns = [
        own - np.log(tops[:, 4] + _TINY),
        own - np.log(tops[:, 6] + _TINY),
        own - np.log(tops[:, 1] + _TINY),
        own - np.log(after.max(axis=1) + _TINY),
        own - np.log(after[:, : RATE_HZ // 2].max(axis=1) + _TINY),
        own - np.log(near[:, : RATE_HZ - _OWN].max(axis=1) + _TINY),
        own - np.log(near[:, RATE_HZ // 2 : RATE_HZ - _OWN].max(axis=1) + _TINY),
        own - np.log(ordered[:, RATE_HZ] + _TINY),
        own - np.log(ordered[:, RATE_HZ // 2] + _TINY),
        np.log(slope + _TINY) - np.log(slopes + _TINY),
        np.log(height + _TINY) - own,
        np.log(np.ptp(wave, axis=1) + _TINY) - np.log(height + _TINY),
        size.sum(axis=1) / (size.max(axis=1) + _TINY),
        own,
        *_neighbours(trace, places, all_places, band),
    ]
    found: Floats = np.clip(np.stack(columns, axis=1), -30.0, 30.0)
    return found


def _neighbours(trace: Trace, places: Ints, all_places: Ints, shapes: Floats) -> list[Floats]:
    """Compare each with the candidates on either side: how far, how high, how alike."""
    heights = trace.energy[all_places - trace.from_]
    at = np.searchsorted(all_places, places)
    own = heights[at]
    distance = (all_places[None, :] - places[:, None]) / RATE_HZ
    found: list[Floats] = []
    power = (shapes * shapes).sum(axis=1)
    rows = np.arange(len(places))
    every = cut(trace.band, trace.from_, all_places, _SHAPE, _SHAPE)
    for side in (-1, 1):
        beside = np.clip(at + side, 0, len(all_places) - 1)
        apart = np.abs(distance[rows, beside])
        apart = np.where(beside == at, _FAR_S, np.minimum(apart, _FAR_S))
        found += [apart, np.log(own + _TINY) - np.log(heights[beside] + _TINY)]
        # The nearest that is at least half as high, on this side.
        fits = (distance * side > 0) & (heights[None, :] > own[:, None] / 2)
        reach = np.where(fits, np.abs(distance), np.inf)
        nearest = reach.argmin(axis=1)
        gap = reach[rows, nearest]
        other = every[nearest]
        alike = (shapes * other).sum(axis=1) / (
            np.sqrt(power * (other * other).sum(axis=1)) + _TINY
        )
        found += [np.minimum(gap, _FAR_S), np.where(gap < _FAR_S, alike, 0.0)]
    return found


def alone(trace: Trace, places: Ints, all_places: Ints) -> NDArray[np.bool_]:
    """Tell which candidates stand alone: no higher one so near that both could not be beats."""
    heights = trace.energy[all_places - trace.from_]
    own = trace.energy[places - trace.from_][:, None]
    apart = np.abs(all_places[None, :] - places[:, None])
    hidden = (apart < _NEAR) & (heights[None, :] > own)
    hidden |= (apart < _CLOSE) & (heights[None, :] > own * _MUCH)
    found: NDArray[np.bool_] = ~hidden.any(axis=1)
    return found
