"""What the heart's detector remembers of one lead, and how samples become blocks."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from songhe.kernel.signals.detector import SignalState
from songhe.kernel.signals.heart import shapes as of
from songhe.kernel.signals.heart.rhythm import Spell
from songhe.kernel.signals.heart.trace import BLOCK_S, RATE_HZ, Floats, Ints, Trace, fresh

Kinds = NDArray[np.int8]
# Numbers of the classes (AAMI EC57): N, S, V; OTHER is not yet judged.
N, S, V, OTHER = 0, 1, 2, 3
LETTERS = "NSV?"
# A shorter gap is filled with nothing and called missing; after a longer one all begins anew.
_FILLED_S = 30.0
# Messages that are off by less than this go on where the last one ended.
_SLACK_S = 0.12
_STARTS = 120


class Beats(msgspec.Struct, frozen=True):
    """The beats of the last minutes, in order; each array has one value a beat.

    places: numbers of samples at 180 Hz. broken: the interval before it is not known. bad: the
    signal around it was. kinds: classes, OTHER while not judged. chances: of being a beat;
    v: of being ventricular by itself. slow_s and runs: the interval that was followed before the
    beat, and for how many beats it was left. shapes: windows of the last beats only. heard and
    follow_s, run: the same after the last beat.
    """

    places: Ints
    broken: NDArray[np.bool_]
    bad: NDArray[np.bool_]
    kinds: Kinds
    chances: Floats
    v: Floats
    slow_s: Floats
    runs: Floats
    shapes: NDArray[np.float32]
    judged: int = 0
    heard: int = 0
    follow_s: float = math.nan
    run: int = 0


def no_beats() -> Beats:
    """Return the beats of a heart that was not heard yet."""
    return Beats(
        np.zeros(0, dtype=np.int64),
        np.zeros(0, dtype=bool),
        np.zeros(0, dtype=bool),
        np.zeros(0, dtype=np.int8),
        np.zeros(0),
        np.zeros(0),
        np.zeros(0),
        np.zeros(0),
        np.zeros((0, of.BEFORE + of.AFTER + 1), dtype=np.float32),
    )


class HeartState(SignalState):
    """State of one device's ECG.

    origin_us: when sample 0 of this unbroken stretch was. taken: samples that went into blocks.
    pending: samples of the block to come. candidates: places of the last seconds. judged_to: up to
    where candidates were judged. doubt: the last that may be a beat. seen: the last beat that was
    held against the one before. bad: numbers of unreadable blocks with the reason. starts: when
    the last messages began. refused: the device sends at a rate that cannot be judged.
    """

    rate_hz: float = 0.0
    origin_us: int = 0
    taken: int = 0
    pending: tuple[Floats, ...] = ()
    waiting: int = 0
    blocks: int = 0
    last_mv: float = 0.0
    trace: Trace = fresh(0.0)
    candidates: Ints = np.zeros(0, dtype=np.int64)
    judged_to: int = 0
    doubt: int = -1
    seen: int = -1
    bad: tuple[tuple[int, str], ...] = ()
    beats: Beats = no_beats()
    starts: tuple[int, ...] = ()
    unreadable: Spell = Spell()
    pause: Spell = Spell()
    slow: Spell = Spell()
    fast: Spell = Spell()
    run: Spell = Spell()
    run_beats: int = 0
    fibrillation: Spell = Spell()
    suspected: bool = False
    refused: bool = False

    def us(self, place: float) -> int:
        """Return the instant of a place in the trace."""
        return self.origin_us + round(place * 1_000_000 / RATE_HZ)

    @property
    def block(self) -> int:
        """Return how many samples make a block."""
        return round(self.rate_hz * BLOCK_S)


def begun(state: HeartState, at_us: int, rate_hz: float) -> HeartState:
    """Return the state of a stretch that begins here; what was told stays told."""
    return HeartState(
        rate_hz=rate_hz, origin_us=at_us, end_us=at_us, trace=fresh(rate_hz), starts=state.starts
    )


def follows(state: HeartState, at_us: int, rate_hz: float) -> bool:
    """Tell whether a message belongs to the stretch of the state."""
    apart_s = (at_us - state.end_us) / 1_000_000
    return rate_hz == state.rate_hz and apart_s < _FILLED_S


def added(state: HeartState, at_us: int, samples: Floats) -> bool:
    """Put a message's samples behind those that wait; a gap becomes NaN; False for a repeat."""
    apart = round((at_us - state.end_us) * state.rate_hz / 1_000_000)
    if apart > _SLACK_S * state.rate_hz:
        samples = np.concatenate((np.full(apart, np.nan), samples))
    elif -apart > _SLACK_S * state.rate_hz:
        if -apart >= len(samples):
            return False
        samples = samples[-apart:]
    state.pending = (*state.pending, samples)
    state.waiting += len(samples)
    # The stretch's own clock counts samples: rounding and a slow drift do not add up.
    count = state.taken + state.waiting
    state.end_us = state.origin_us + round(count * 1_000_000 / state.rate_hz)
    state.starts = (*state.starts[-_STARTS:], at_us)
    return True
