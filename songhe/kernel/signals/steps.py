"""Walking steps felt by a worn motion sensor: at the trunk, at both feet, or at all three.

Judged each second for the second that ended 1.5 s before, on a grid of 20 ms that begins with the
run. Constants are those of human walking (steps 0.3 to 1.3 s apart): docs/models/steps.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median, stdev
from typing import Any

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from songhe.kernel.signals.detector import Sign
from songhe.kernel.signals.run import Run, appended
from songhe.kernel.signals.worn_features import STANDARD_GRAVITY
from songhe.kernel.time import SECOND_US
from songhe.kernel.wire import Wave

Floats = NDArray[np.float64]

STEPS = "steps"
ACCELERATION = 71
CELL_S = 0.02
# What is looked at each second, and which part of it is told: steps from 2.5 to 1.5 s before.
_WINDOW_S, _FROM_S, _UNTIL_S = 5.0, 2.5, 1.5
_KEPT_S = 7.0
_RATES_HZ = (15.0, 400.0)
# Who sends nothing more for so long has told the walk.
_SILENT_US = 10 * SECOND_US
# A walk: at least so many steps (fewer are mostly a bend or a turn in bed, UMAFall), none of them
# further apart; told anew after so many.
LEAST, GAP_S, MOST = 8, 1.3, 30
# The trunk: one bump a step in the size of acceleration, slower and faster motion taken away.
_FAST_S, _SLOW_S, _BUMP, _APART_S = 0.09, 0.4, 0.2, 0.3
# A foot: swings for a quarter to one and a half seconds, then stands.
_FOOT_S, _SWING, _MOST_SWING, _STANDS_S, _SWINGS_S = 0.04, 1.5, 15.0, 0.1, (0.25, 1.6)
# The longest step that is still looked for on both sides of a bump of the trunk.
_STEP_S = 0.8
_TRUNK = ("back", "waist", "trunk", "chest", "hip", "pelvis")
_ARM = ("wrist", "hand", "arm", "watch")


def _bell(width_s: float, reach_s: float) -> Floats:
    at = np.arange(-round(reach_s / CELL_S), round(reach_s / CELL_S) + 1) * CELL_S
    bell: Floats = np.exp(-0.5 * (at / width_s) ** 2)
    even: Floats = bell / bell.sum()
    return even


_REACH_S = 3 * _SLOW_S
_BAND = _bell(_FAST_S, _REACH_S) - _bell(_SLOW_S, _REACH_S)
_FOOT = _bell(_FOOT_S, 4 * _FOOT_S)
# A bump is at most this share of the whole span of what it is made of.
_LOBE = float(np.maximum(_BAND, 0).sum())


class StepState(Run, eq=False):
    """A run, and the walk that is on: its steps as cells of the run; seconds judged so far.

    sizes: the least and the greatest size of acceleration (m/s2) in each kept wave.
    """

    seconds: int = 0
    sizes: tuple[tuple[float, float], ...] = ()
    walk: tuple[int, ...] = ()
    # Steps of this same walk that were told already.
    before: int = 0


def feet(leads: Sequence[str]) -> tuple[int, ...]:
    """Return which sensors of a message are at a foot, by their leads; both or none."""
    found = tuple(i for i, lead in enumerate(leads[::3]) if "foot" in lead.casefold())
    return found if len(found) == 2 else ()


def trunk(leads: Sequence[str]) -> int | None:
    """Return which sensor of a message is at the trunk, by its leads."""
    places = (lead.casefold() for lead in leads[::3])
    return next((i for i, lead in enumerate(places) if any(at in lead for at in _TRUNK)), None)


def is_at_arm(leads: Sequence[str]) -> bool:
    """Tell whether a message is of an arm alone: it moves by itself, and nothing is counted."""
    return any(at in lead.casefold() for lead in leads for at in _ARM) and trunk(leads) is None


def trunk_steps(size: Floats) -> list[int]:
    """Return the cells of steps in the size of a trunk's acceleration (m/s2, 20 ms cells).

    The edges of 1.5 s tell nothing: they only serve as surroundings.
    """
    if float(size.max() - size.min()) * _LOBE < _BUMP:
        return []
    edge, apart = len(_BAND) // 2, round(_APART_S / CELL_S)
    band = np.convolve(size, _BAND, "valid")
    found = []
    for at in np.flatnonzero(band > _BUMP).tolist():
        if at < apart or at >= len(band) - apart:
            continue
        near = band[at - apart : at + apart + 1]
        if band[at] >= near.max() and band[at] > near[:apart].max():
            found.append(at + edge)
    return found


def foot_steps(size: Floats) -> list[int]:
    """Return the cells at which a foot ended its swing, of the size of its acceleration (m/s2)."""
    edge = len(_FOOT) // 2
    swing = np.minimum(np.abs(size - STANDARD_GRAVITY), _MOST_SWING)
    on = np.convolve(swing, _FOOT, "valid") > _SWING
    changes = np.flatnonzero(np.diff(np.concatenate(([False], on, [False])).astype(np.int8)))
    swings: list[list[int]] = []
    for begin, end in changes.reshape(-1, 2).tolist():
        if swings and begin - swings[-1][1] < round(_STANDS_S / CELL_S):
            swings[-1][1] = end
        else:
            swings.append([begin, end])
    shortest, longest = (s / CELL_S for s in _SWINGS_S)
    return [end + edge for begin, end in swings if shortest <= end - begin <= longest]


def walked(left: Sequence[int], right: Sequence[int], bumps: Sequence[int]) -> list[int]:
    """Return the cells of steps by both feet's landings and the trunk's bumps.

    Feet land one after the other: of two landings within 0.3 s one is a sensor's that lost time.
    A bump counts where no foot lands and the feet around it do not take turns as it is: there a
    landing is missing. Each answer depends on a second around it alone.
    """
    apart, reach = round(_APART_S / CELL_S), round(_STEP_S / CELL_S)
    each = sorted([(at, False) for at in left] + [(at, True) for at in right])
    lands = [
        (at, foot) for i, (at, foot) in enumerate(each) if not i or at - each[i - 1][0] >= apart
    ]
    steps = [at for at, _ in lands]
    for bump in bumps:
        near = [(at, foot) for at, foot in lands if abs(at - bump) <= reach]
        before = [foot for at, foot in near if at <= bump]
        after = [foot for at, foot in near if at > bump]
        turns = bool(before and after) and before[-1] != after[0]
        if not turns and all(abs(at - bump) >= apart for at, _ in near):
            steps.append(bump)
    return steps


class StepDetector:
    """Steps from worn acceleration, told walk by walk. It has no params."""

    codes = frozenset({ACCELERATION})
    warmup_s = _KEPT_S

    def new(self) -> StepState:
        """Return the state of a device that was never heard."""
        return StepState()

    def step(
        self, state: StepState, batch: Sequence[Wave], now_us: int, params: Mapping[str, Any]
    ) -> tuple[StepState, list[Sign]]:
        """Judge waves in the order of their time."""
        told: list[Sign] = []
        for wave in batch:
            state = _heard(state, wave, now_us, told)
        if not batch and state.due_us is not None and now_us >= state.due_us:
            state = _ended(state, told)
        return state, told


def _ended(state: StepState, told: list[Sign]) -> StepState:
    """Tell the walk that was on when nothing more came of it."""
    state = structs.replace(state, due_us=None)
    if state.walk:
        _tell(state, state.count, told, ends=True)
    return state


def _heard(state: StepState, wave: Wave, now_us: int, told: list[Sign]) -> StepState:
    samples = wave.samples
    if samples.ndim != 2 or samples.shape[1] % 3 or not len(samples):
        return state
    if not _RATES_HZ[0] <= wave.rate_hz <= _RATES_HZ[1] or wave.end_us <= state.end_us:
        return state
    if not feet(wave.leads) and is_at_arm(wave.leads):
        return state
    before, state = state, appended(state, wave, _KEPT_S)
    if before.walk and not state.walk:
        # A gap: the run begins anew, and what was walked until then stands.
        _ended(before, told)
    calm = False
    if not feet(state.leads):
        at = (trunk(wave.leads) or 0) * 3
        state.sizes = (*state.sizes, _span(samples[:, at : at + 3]))[-len(state.kept) :]
        low, high = min(s[0] for s in state.sizes), max(s[1] for s in state.sizes)
        # Surely no bump anywhere in what is kept: the same would be found by looking.
        calm = (high - low) * _LOBE < _BUMP
    whole, begin = None, 0
    while (until := round((state.seconds + 1) * state.rate_hz)) <= state.count:
        state.seconds += 1
        if state.seconds < _WINDOW_S or (calm and not state.walk):
            continue
        if whole is None:
            whole, begin = state.joined()
        _second(state, whole, begin, until, told)
    state.due_us = max(state.end_us, now_us) + _SILENT_US if state.walk else None
    return state


def _span(samples: NDArray[np.float32]) -> tuple[float, float]:
    squares = np.einsum("ij,ij->i", samples, samples)
    low, high = float(squares.min()), float(squares.max())
    # A value that is missing makes the span endless: then there is something to look at.
    return (low**0.5, high**0.5) if high == high else (0.0, float("inf"))


def _second(
    state: StepState, whole: NDArray[np.float32], begin: int, until: int, told: list[Sign]
) -> None:
    """Judge one more second: what is told was over a while before sample `until`."""
    cell_end = round(state.seconds / CELL_S)
    cells = (cell_end - round(_WINDOW_S / CELL_S), cell_end)

    def size(sensor: int) -> Floats:
        return _sizes(whole, begin, state.rate_hz, cells, sensor)

    both, middle = feet(state.leads), trunk(state.leads)
    if both:
        left, right = (foot_steps(size(sensor)) for sensor in both)
        seen = walked(left, right, [] if middle is None else trunk_steps(size(middle)))
    else:
        seen = trunk_steps(size(middle or 0))
    found = [cells[0] + at for at in seen]
    first, last = (cell_end - round(s / CELL_S) for s in (_FROM_S, _UNTIL_S))
    for step in sorted(step for step in found if first <= step < last):
        if state.walk and (step - state.walk[-1]) * CELL_S > GAP_S:
            _tell(state, until, told, ends=True)
        state.walk = (*state.walk, step)
        if len(state.walk) >= MOST:
            _tell(state, until, told, ends=False)
    if state.walk and (last - state.walk[-1]) * CELL_S > GAP_S:
        _tell(state, until, told, ends=True)


def _sizes(
    whole: NDArray[np.float32], begin: int, rate_hz: float, cells: tuple[int, int], sensor: int
) -> Floats:
    """Return the size of acceleration in cells of the run, each the mean of what was in it."""
    width = rate_hz * CELL_S
    start = int(cells[0] * width)
    end = int(np.ceil(cells[1] * width))
    part = whole[start - begin : end - begin, sensor * 3 : sensor * 3 + 3].astype(np.float64)
    size = np.sqrt(part[:, 0] ** 2 + part[:, 1] ** 2 + part[:, 2] ** 2)
    size = np.nan_to_num(size, nan=STANDARD_GRAVITY)
    sums = np.zeros(len(size) + 1)
    np.cumsum(size, out=sums[1:])
    edges = np.arange(cells[0], cells[1] + 1) * width - start
    at = np.interp(np.clip(edges, 0, len(size)), np.arange(len(sums)), sums)
    sizes: Floats = np.diff(at) / width
    return sizes


def _tell(state: StepState, until: int, told: list[Sign], *, ends: bool) -> None:
    """Tell the walk's steps so far when they are enough; afterwards they count as told."""
    walk, before = state.walk, state.before
    # The last step stays, so that the next part knows how long ago it was.
    state.walk, state.before = ((), 0) if ends else (walk[-1:], before + len(walk) - 1)
    steps = walk if ends else walk[:-1]
    if before + len(steps) < LEAST or not steps:
        return
    times_s = [step * CELL_S for step in steps]
    strides = [b - a for a, b in zip(times_s, times_s[2:], strict=False)]
    facts: dict[str, Any] = {
        "steps": len(steps),
        "steps_ms": [round((t - times_s[0]) * 1000) for t in times_s],
    }
    if strides:
        facts["stride_s"] = round(median(strides), 3)
        facts["cadence_per_min"] = round(120 / median(strides), 1)
    if len(strides) > 2:
        facts["stride_sd_ms"] = round(stdev(strides) * 1000)
    at_us = state.origin_us + round(times_s[0] * 1_000_000)
    known_us = state.at_us(until)
    told.append(
        Sign(
            what=STEPS,
            phase="note",
            at_us=at_us,
            known_us=known_us,
            certainty=1.0,
            facts=facts,
            evidence_us=state.evidence_us(at_us, known_us),
        )
    )
