"""The kinds of rules and the functions that judge each. A new detector is entered here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from songhe.kernel.detectors import (
    aggregate,
    bed,
    clock,
    door,
    event,
    fence,
    frozen,
    late_home,
    rhythm,
    signal,
    silent,
    threshold,
    trend,
    wander,
)
from songhe.kernel.detectors.rules import Rule
from songhe.kernel.detectors.state import Context
from songhe.kernel.wire import Finding, Flag, Reading

Step = Callable[[Any, Sequence[Reading], int, Rule, Context], tuple[Any, list[Finding]]]


class Kind(msgspec.Struct, frozen=True):
    """How one kind of rule is judged.

    new: an idle state. codes: which codes a rule with these parameters judges; none means all.
    box: per code the open range of values that leave an idle state idle, so that the evaluator
    need not ask; None means every reading is asked. wake: the idle state that recent readings
    have left, where it is not simply `new`. flags: a reading with one of them is always asked.
    on_repeat: asked only when a device repeats the very values of its last reading.
    late: what is done with a reading older than the newest: judge it in a lane of its own, drop
    it, or hand it to step, which keeps order by device itself.
    """

    new: Callable[[], Any]
    step: Step
    idle: Callable[[Any], bool]
    codes: Callable[[Mapping[str, Any]], frozenset[int]]
    box: Callable[[Rule], dict[int, tuple[float, float]]] | None = None
    wake: Callable[[Sequence[Reading], Rule, Context], Any] | None = None
    flags: int = 0
    on_repeat: bool = False
    late: Literal["lane", "drop", "own"] = "drop"


KINDS: dict[str, Kind] = {
    "threshold": Kind(
        threshold.ThresholdState,
        threshold.step,
        threshold.idle,
        threshold.codes_of,
        box=threshold.box,
        late="lane",
    ),
    "event": Kind(
        event.EventState, event.step, event.idle, event.codes_of, box=event.box, late="lane"
    ),
    "news2": Kind(
        aggregate.PartsState,
        aggregate.step,
        aggregate.idle,
        aggregate.codes_of,
        box=aggregate.box,
        wake=aggregate.wake,
        late="lane",
    ),
    "companion": Kind(
        aggregate.PartsState,
        aggregate.companion_step,
        aggregate.companion_idle,
        aggregate.codes_of,
        box=aggregate.companion_box,
        wake=aggregate.wake,
        late="lane",
    ),
    "bed": Kind(bed.BedState, bed.step, bed.idle, bed.codes_of, late="own"),
    "door": Kind(door.DoorState, door.step, door.idle, door.codes_of, box=door.box, late="own"),
    "fence": Kind(fence.FenceState, fence.step, fence.idle, fence.codes_of),
    "silent": Kind(silent.SilentState, silent.step, silent.idle, silent.codes_of),
    "frozen": Kind(
        frozen.FrozenState,
        frozen.step,
        frozen.idle,
        frozen.codes_of,
        wake=frozen.wake,
        flags=int(Flag.RESTAMPED),
        on_repeat=True,
    ),
    "quiet": Kind(rhythm.RhythmState, rhythm.step, rhythm.idle, rhythm.codes_of, late="own"),
    "not-up": Kind(rhythm.RhythmState, rhythm.step, rhythm.idle, rhythm.codes_of, late="own"),
    "clock": Kind(
        clock.ClockState, clock.step, clock.idle, clock.codes_of, flags=int(Flag.ADJUSTED)
    ),
    "signal": Kind(signal.SignalRuleState, signal.step, signal.idle, signal.codes_of),
    "trend": Kind(trend.TrendState, trend.step, trend.idle, trend.codes_of),
    "wander": Kind(wander.WanderState, wander.step, wander.idle, wander.codes_of),
    "not-back": Kind(late_home.LateHomeState, late_home.step, late_home.idle, late_home.codes_of),
}
