"""The heart's detector: blocks of two seconds become beats, beats become what is said of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from songhe.kernel.signals.detector import Sign
from songhe.kernel.signals.heart import beats, complexes, quality, shapes, telling, trace
from songhe.kernel.signals.heart.rhythm import WINDOW, clean, irregularity
from songhe.kernel.signals.heart.state import OTHER, Beats, HeartState, N, S, V, added, begun
from songhe.kernel.signals.heart.state import follows as goes_on
from songhe.kernel.signals.heart.trace import HIGHEST_HZ, LOWEST_HZ, RATE_HZ, Floats
from songhe.kernel.signals.models import model
from songhe.kernel.wire import Wave

# Beats are judged every fourth block, when this much more of the signal is known: each look costs.
_EVERY = 4
AHEAD = 6 * RATE_HZ
# Each time fibrillation is looked for twice, as it was so long before and as it is, so that what
# is called early hangs on the rhythm of its own seconds.
_LOOKS = (_EVERY * trace.BLOCK_S * RATE_HZ // 2, 0)
# A candidate is a beat from this chance on; from the lower one it forbids to speak of a pause.
BEAT, DOUBT = 0.4, 0.1
VENTRICULAR, SUPRAVENTRICULAR = 0.6, 0.55
# A beat that is early anyway is ventricular when that is as likely as not.
EARLY_VENTRICULAR = 0.5
_NEAR_BEATS = 9 * RATE_HZ
# The forests learned from lead II.
_BEST_LEADS = ("MLII", "II")

Judge = Callable[[np.ndarray], np.ndarray]


class HeartDetector:
    """Judges one lead of an ECG (songhe:ecg, mV, 100 Hz and more)."""

    codes = frozenset({70})
    warmup_s = 330.0

    def __init__(self, complexes: Judge | None = None, kinds: Judge | None = None) -> None:
        """Take other weights than the package's, to measure with weights that saw nobody here."""
        self._complexes, self._kinds = complexes, kinds

    def new(self) -> HeartState:
        """Return the state of a heart that was never heard."""
        return HeartState()

    def step(
        self, state: HeartState, batch: Sequence[Wave], now_us: int, params: Mapping[str, Any]
    ) -> tuple[HeartState, list[Sign]]:
        """Judge waves; now_us has no part in it, silence is for others to tell."""
        told: list[Sign] = []
        for wave in batch:
            if not len(wave.samples):
                continue
            if not LOWEST_HZ <= wave.rate_hz <= HIGHEST_HZ:
                if not state.refused:
                    told += telling.closed(state, wave.started_us)
                    told.append(telling.refused("begin", wave))
                    state = HeartState(refused=True)
                continue
            if state.refused:
                told.append(telling.refused("end", wave))
            if goes_on(state, wave.started_us, wave.rate_hz):
                state = msgspec.structs.replace(state)
            else:
                told += telling.closed(state, wave.started_us)
                state = begun(state, wave.started_us, wave.rate_hz)
            if not added(state, wave.started_us, _lead(wave)):
                continue
            if state.waiting >= state.block:
                self._blocks(state, params, told)
        return state, told

    def _blocks(self, state: HeartState, params: Mapping[str, Any], told: list[Sign]) -> None:
        waiting = np.concatenate(state.pending)
        size = state.block
        while len(waiting) >= size:
            self._block(state, waiting[:size], params, told)
            waiting = waiting[size:]
        state.pending, state.waiting = (waiting,), len(waiting)

    def _block(
        self, state: HeartState, block: Floats, params: Mapping[str, Any], told: list[Sign]
    ) -> None:
        grown = trace.grown(state.trace, _whole(state, block))
        state.trace, fresh = trace.peaks(grown)
        state.taken += len(block)
        state.blocks += 1
        newest = slice(-trace.BLOCK_S * RATE_HZ, None)
        why = quality.fault(block, grown.level[newest], grown.energy[newest], _top(grown))
        if why:
            state.bad = (*state.bad[-9:], (state.blocks - 1, why))
        told += telling.readable(state, why)
        state.candidates = np.concatenate((state.candidates, fresh))
        self._complex(state)
        told += telling.silence(state, params)
        if state.blocks % _EVERY == 0:
            self._judge(state, params, told)
        state.candidates = state.candidates[state.candidates > state.trace.peaks_to - _NEAR_BEATS]

    def _complex(self, state: HeartState) -> None:
        """Find the beats among the candidates that are far enough back."""
        until = state.trace.peaks_to - complexes.AHEAD
        around = state.candidates
        new = around[(around >= state.judged_to) & (around < until)]
        state.judged_to = max(until, state.judged_to)
        if not len(new):
            return
        new = new[complexes.alone(state.trace, new, around)]
        if not len(new):
            return
        rows = complexes.features(state.trace, new, around).astype(np.float32)
        chances = (self._complexes or model("ecg-complex"))(rows)[:, 0].astype(float)
        sure = chances >= BEAT
        doubts = new[(chances >= DOUBT) & ~sure]
        if len(doubts):
            state.doubt = int(doubts[-1])
        state.beats = _more(state, new[sure], chances[sure])

    def _judge(self, state: HeartState, params: Mapping[str, Any], told: list[Sign]) -> None:
        """Judge the kinds of beats that have enough after them, then what their row means."""
        known = state.beats
        begin = known.judged
        until = int(np.searchsorted(known.places, state.judged_to - AHEAD))
        begin = max(begin, len(known.places) - len(known.shapes))
        if until <= begin:
            return
        rr_s = beats.intervals(known.places, known.broken)
        windows = known.shapes.astype(float)
        rows = beats.features(rr_s, known.slow_s, known.runs, windows, begin, until).astype(
            np.float32
        )
        chances = (self._kinds or model("ecg-beat"))(rows).astype(float)
        v, kinds = known.v.copy(), known.kinds.copy()
        v[begin:until] = chances[:, 0]
        first = len(known.places) - len(windows)
        same = shapes.same(windows[begin - first : until - first], windows[: until - first])
        # Half its own chance, half that of the beats of its shape: one kind has one name.
        smooth = (v[begin:until] + (same @ v[first:until]) / np.maximum(same.sum(axis=1), 1)) / 2
        looks, at = [], begin
        for back in _LOOKS:
            heard = int(np.searchsorted(known.places, state.judged_to - back))
            to = max(
                at, min(until, int(np.searchsorted(known.places, state.judged_to - back - AHEAD)))
            )
            likely = smooth[at - begin :]
            # Irregularity up to the look-ahead's end: in fibrillation no beat can come early.
            counted = clean(rr_s, (kinds == V) | known.bad)
            counted[at:] &= _plain(counted[at:], likely >= VENTRICULAR)
            counted[heard:] = False
            window = rr_s[counted][-WINDOW:]
            if len(window) == WINDOW:
                found = irregularity(window)
                state.suspected = (
                    found.still_fibrillating if state.suspected else found.fibrillating
                )
                middle = int(known.places[counted][-WINDOW // 2])
                looks.append((found, state.suspected, middle, int(known.places[heard - 1])))
            early = (chances[at - begin : to - begin, 1] >= SUPRAVENTRICULAR) & (
                not state.suspected
            )
            likely = likely[: to - at]
            wide = likely >= np.where(early, EARLY_VENTRICULAR, VENTRICULAR)
            kinds[at:to] = np.where(wide, V, np.where(early, S, N))
            at = to
        certain = np.where(
            kinds[begin:until] == V,
            smooth,
            np.where(kinds[begin:until] == S, chances[:, 1], 1 - np.maximum(smooth, chances[:, 1])),
        )
        state.beats = msgspec.structs.replace(known, v=v, kinds=kinds, judged=until)
        told += telling.beats(state, begin, until, rr_s, certain, params)
        told += telling.rhythm(state, begin, until, rr_s, params)
        for look in looks:
            told += telling.fibrillation(state, *look, rr_s)


def _lead(wave: Wave) -> Floats:
    """Return the lead that is judged: II where it is named, else the first."""
    if wave.samples.ndim == 1:
        return wave.samples.astype(float)
    named = [name.upper() for name in wave.leads]
    at = next((named.index(name) for name in _BEST_LEADS if name in named), 0)
    return wave.samples[:, at].astype(float)


def _top(kept: trace.Trace) -> float:
    return float(kept.energy.max()) if len(kept.energy) else 0.0


def _plain(counted: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Leave out the intervals on either side of beats just found ventricular."""
    beside = np.zeros(len(counted), dtype=bool)
    beside[: len(v)] |= v
    beside[1 : len(v) + 1] |= v[: len(counted) - 1]
    return ~beside


def _whole(state: HeartState, block: Floats) -> Floats:
    """Return a block where the last value stands in for missing ones."""
    there = np.isfinite(block)
    if there.all():
        state.last_mv = float(block[-1])
        return block
    values = np.concatenate(([state.last_mv], block))
    at = np.where(np.concatenate(([True], there)), np.arange(len(values)), 0)
    found: Floats = values[np.maximum.accumulate(at)][1:]
    state.last_mv = float(found[-1])
    return found


def _more(state: HeartState, places: trace.Ints, chances: Floats) -> Beats:
    """Return the beats with new ones, those of five minutes kept."""
    old = state.beats
    if not len(places):
        return old
    windows = trace.cut(state.trace.flat, state.trace.from_, places, shapes.BEFORE, shapes.AFTER)
    size = state.block * RATE_HZ / state.rate_hz
    faulty = [number for number, _ in state.bad]
    bad = (
        np.isin((places / size).astype(np.int64), faulty) if faulty else np.zeros(len(places), bool)
    )
    last = int(old.places[-1]) if len(old.places) else None
    broken = np.zeros(len(places), dtype=bool)
    slow_s, runs = np.empty(len(places)), np.empty(len(places))
    follow_s, run, heard = old.follow_s, old.run, old.heard
    for i, place in enumerate(places.tolist()):
        broken[i] = last is None or (
            bool(faulty)
            and any(last < (number + 1) * size and place >= number * size for number in faulty)
        )
        slow_s[i], runs[i] = follow_s, run
        if last is not None and not broken[i]:
            follow_s, run = beats.follow(follow_s, run, heard, (place - last) / RATE_HZ)
            heard += 1
        last = place
    keep = int(np.searchsorted(old.places, places[-1] - beats.RHYTHM_S * RATE_HZ))
    keep = min(keep, old.judged)
    none = np.zeros(len(places))
    count = min(beats.SHAPES, len(old.places) - keep + len(places))
    return Beats(
        np.concatenate((old.places[keep:], places)),
        np.concatenate((old.broken[keep:], broken)),
        np.concatenate((old.bad[keep:], bad)),
        np.concatenate((old.kinds[keep:], np.full(len(places), OTHER, dtype=np.int8))),
        np.concatenate((old.chances[keep:], chances)),
        np.concatenate((old.v[keep:], none)),
        np.concatenate((old.slow_s[keep:], slow_s)),
        np.concatenate((old.runs[keep:], runs)),
        np.concatenate((old.shapes, windows.astype(np.float32)))[-count:],
        old.judged - keep,
        heard,
        follow_s,
        run,
    )
