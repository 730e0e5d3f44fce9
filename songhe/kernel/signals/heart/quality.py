"""Whether a block of an ECG can be judged at all; what cannot be judged is said, never normal."""

from __future__ import annotations

import numpy as np

from songhe.kernel.signals.heart.trace import Floats

# Less movement than this in two seconds is a loose lead, or a heart that stands still: nobody
# can tell which from the line alone [E].
FLAT_MV = 0.02
# As much at one rail means the amplifier is full [E].
RAIL_SHARE = 0.25
# Missing samples in a block that make it unreadable [E].
MISSING_SHARE = 0.1
# Noise fills the QRS band between its peaks and is rough: a clean ECG of ecg_mitdb is below 0.28
# and 0.15, white noise and its slower kinds above 0.36 and 0.12 (flutter is full, but smooth).
FULL_SHARE, ROUGH_SHARE, ROUGHEST_SHARE = 0.33, 0.11, 0.3
# Beyond what electrodes give: movement, not a heart [E].
WILD_MV = 12.0


def fault(block: Floats, level: Floats, energy: Floats, top: float) -> str:
    """Return why a block cannot be judged: missing, flat, saturated or noise; empty when it can.

    block: mV as it came, with NaN. level and energy: the trace's newest two seconds;
    top: the most energy of the last seconds, so that the stillness of a pause is not called noise.
    """
    there = np.isfinite(block)
    if 1.0 - there.mean() > MISSING_SHARE:
        return "missing"
    values = block[there] if not there.all() else block
    low, high = float(values.min()), float(values.max())
    if high - low < FLAT_MV:
        return "flat"
    if max((values == low).mean(), (values == high).mean()) > RAIL_SHARE:
        return "saturated"
    if high - low > WILD_MV:
        return "noise"
    if len(energy) < 2 or len(level) < 3:
        return ""
    rough = _middle(np.abs(np.diff(level, 2)))
    full = _middle(energy) > FULL_SHARE * top and rough > ROUGH_SHARE * top
    return "noise" if full or rough > ROUGHEST_SHARE * top else ""


def _middle(values: Floats) -> float:
    half = len(values) // 2
    return float(np.partition(values, half)[half])
