"""What a row of beats means: slow, fast, a run of ventricular beats, suspected fibrillation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from songhe.kernel.signals.heart.trace import Floats

# Intervals that are looked at together for irregularity.
WINDOW = 40
# Fibrillation is suspected where neighbouring intervals differ by more than this share of the
# middle one (median), and their entropy (CoSEn, Lake and Moorman 2011, m = 1, r = 30 ms) is above
# the second. Both lie half-way between sinus rhythm and fibrillation in ecg_mitdb (DS1).
STEP_SHARE, STEP_SHARE_END = 0.11, 0.09
ENTROPY, ENTROPY_END = -0.9, -1.1
# Every second interval alike is bigeminy, not fibrillation [E].
ALTERNATING = 0.6
_TOLERANCE_S = 0.03
_LONGEST_S = 2.5


class Spell(msgspec.Struct, frozen=True):
    """Something that lasts: whether it was told, since when it holds, since when no longer."""

    on: bool = False
    since_us: int = 0
    back_us: int = 0


class Irregularity(msgspec.Struct, frozen=True):
    """How irregular a window of intervals is: step (share), entropy (CoSEn), alternation (-1–1)."""

    step: float
    entropy: float
    alternating: float

    @property
    def fibrillating(self) -> bool:
        """Tell whether it looks like atrial fibrillation."""
        return self._beyond(STEP_SHARE, ENTROPY)

    @property
    def still_fibrillating(self) -> bool:
        """Tell whether it goes on, once it was suspected."""
        return self._beyond(STEP_SHARE_END, ENTROPY_END)

    def _beyond(self, step: float, entropy: float) -> bool:
        return self.step > step and self.entropy > entropy and self.alternating < ALTERNATING


def clean(rr_s: Floats, ventricular: Sequence[bool] | Any) -> np.ndarray:
    """Tell which intervals count for irregularity: unbroken, and no ventricular beat at an end."""
    v = np.asarray(ventricular, dtype=bool)
    beside = v.copy()
    beside[1:] |= v[:-1]
    with np.errstate(invalid="ignore"):
        found: np.ndarray = np.isfinite(rr_s) & (rr_s < _LONGEST_S) & ~beside
    return found


def irregularity(rr_s: Floats) -> Irregularity:
    """Measure WINDOW intervals without ectopic beats."""
    steps = np.diff(rr_s)
    middle = float(np.sort(rr_s)[len(rr_s) // 2])
    step = float(np.sort(np.abs(steps))[len(steps) // 2]) / middle
    near = np.abs(rr_s[:-1, None] - rr_s[None, :-1]) <= _TOLERANCE_S
    count = len(rr_s) - 1
    pairs = (int(near.sum()) - count) / 2
    then = np.abs(rr_s[1:, None] - rr_s[None, 1:]) <= _TOLERANCE_S
    both = (int((near & then).sum()) - count) / 2
    entropy = np.log(max(pairs, 1.0) / max(both, 1.0)) + np.log(2 * _TOLERANCE_S / rr_s.mean())
    level = rr_s - rr_s.mean()
    power = float((level * level).sum())
    alternating = float((level[:-2] * level[2:]).sum()) / power if power > 0 else 0.0
    return Irregularity(step, float(entropy), alternating)


def held(
    spell: Spell, at_us: int, *, holds: bool, over: bool, hold_us: int
) -> tuple[Spell, str, int]:
    """Let a spell live on: it begins when it held for hold_us and ends when it was over as long.

    Returned: the spell, "begin", "end" or nothing, and since when.
    """
    if not spell.on:
        since = (spell.since_us or at_us) if holds else 0
        if since and at_us - since >= hold_us:
            return Spell(on=True, since_us=since), "begin", since
        return Spell(since_us=since), "", 0
    back = (spell.back_us or at_us) if over else 0
    if back and at_us - back >= hold_us:
        return Spell(), "end", back
    return Spell(on=True, since_us=spell.since_us, back_us=back), "", 0
