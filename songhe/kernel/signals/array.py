"""Falls and presence before an infrared array.

On a ceiling the shape of the warm body before a slow background is judged five times a second by a
small model that has only ever seen simulated bodies: upright, sitting, lying, or lying since a
moment ago. The last is a fall; a body that lies down as one goes to bed takes longer and sits in
between. On a wall a rule of geometry judges: array_wall.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from songhe.kernel.codes import by_key
from songhe.kernel.signals import array_view, array_wall
from songhe.kernel.signals.array_view import SHAPE, View
from songhe.kernel.signals.detector import Phase, Sign, SignalState
from songhe.kernel.signals.models import model
from songhe.kernel.wire import Wave

CODE = by_key("thermal-array").number
UPRIGHT, SITTING, LYING, FALLEN = range(4)
PARAMS: dict[str, Any] = {
    "sure": 0.55,  # mean probability of a fall over the asked instants
    "sure_wall": 0.95,  # the same on a wall, where a rule says 0 or 1: all of them
    "asked": 5,  # instants, a fifth of a second each
    "up_s": 1.0,  # upright so long: got up again
    "gone_s": 5.0,  # nobody for so long: the view is empty
    "mount": "ceiling",  # or wall: looking across the room, rows from the top
    # How the array hangs (kernel.signals.mounting): metres above the floor, and its view angle
    # (60° is the commonest).
    "height_m": 2.5,
    "view_deg": 60.0,
}
_COME_TICKS = 3
_UP_PROBABILITY = 0.5
_LOOK_BACK_S = 4.0
_MAJOR, _SLENDER = SHAPE.index("major"), SHAPE.index("slender")
_EVIDENCE_US = 12_000_000
# A pause in the stream longer than this begins a new window; a much longer one a new background.
_PAUSE_US, _LONG_PAUSE_US = 1_000_000, 600_000_000
# The fewest pixels and sides that a shape can be read from.
_LEAST_SIDE, _COARSE_SIDE = 4, 8

Floats = NDArray[np.float32]


class ArrayState(SignalState):
    """The view of one array, the frames of the instant that is being filled, and what was said.

    anchor_us, frames: times are counted in frames since a first one, so that cuts round alike.
    """

    view: View | None = None
    pending: tuple[Floats, ...] = ()
    rate_hz: float = 0.0
    anchor_us: int = 0
    frames: int = 0
    falling: tuple[float, ...] = ()
    upright_ticks: int = 0
    seen_ticks: int = 0
    seen_us: int = 0
    high_us: int = 0
    present: bool = False
    fell_us: int | None = None
    waves_us: tuple[int, ...] = ()


class Array:
    """Falls and presence from frames on a ceiling (8×8 to 32×32 pixels) or a wall (from 4×4 on).

    judge: other weights than the package's, to measure them.
    """

    codes = frozenset({CODE})
    warmup_s = 300.0

    def __init__(self, judge: Callable[[Floats], Floats] | None = None) -> None:
        self._judge = judge

    def new(self) -> ArrayState:
        """Return the state of an array that was never heard."""
        return ArrayState()

    def step(
        self, state: ArrayState, batch: Sequence[Wave], now_us: int, params: Mapping[str, Any]
    ) -> tuple[ArrayState, list[Sign]]:
        """Judge frames by the instants of the stream's own grid; time alone changes nothing."""
        del now_us
        if not batch:
            return state, []
        work = _Work(state, {**PARAMS, **params}, self._judge)
        for wave in batch:
            if wave.samples.ndim == 3 and min(wave.samples.shape[1:]) >= _LEAST_SIDE:
                work.wave(wave)
        return work.state(), work.signs


class _Work:
    """One step: a copy of the state that may be changed."""

    def __init__(
        self,
        state: ArrayState,
        params: Mapping[str, Any],
        judge: Callable[[Floats], Floats] | None,
    ) -> None:
        self.params, self.signs, self.judge = params, list[Sign](), judge
        self.end_us, self.view, self.rate_hz = state.end_us, state.view, state.rate_hz
        self.anchor_us, self.frames = state.anchor_us, state.frames
        self.pending, self.falling = list(state.pending), list(state.falling)
        self.upright_ticks, self.seen_ticks = state.upright_ticks, state.seen_ticks
        self.seen_us, self.present, self.fell_us = state.seen_us, state.present, state.fell_us
        self.waves_us, self.high_us = state.waves_us, state.high_us
        half = np.deg2rad(float(params["view_deg"])) / 2
        self.width_m = 2 * float(params["height_m"]) * float(np.tan(half))

    def state(self) -> ArrayState:
        """Return the new state."""
        return ArrayState(
            end_us=self.end_us,
            due_us=None,
            view=self.view,
            pending=tuple(self.pending),
            rate_hz=self.rate_hz,
            anchor_us=self.anchor_us,
            frames=self.frames,
            falling=tuple(self.falling),
            upright_ticks=self.upright_ticks,
            seen_ticks=self.seen_ticks,
            seen_us=self.seen_us,
            high_us=self.high_us,
            present=self.present,
            fell_us=self.fell_us,
            waves_us=self.waves_us,
        )

    def wave(self, wave: Wave) -> None:
        """Gather frames into instants, whatever the cut; a pause or another array begins anew."""
        pause_us = wave.started_us - self.end_us
        known = self.view.background if self.view is not None else None
        known = self.pending[0] if self.pending else known
        other = known is not None and known.shape != wave.samples.shape[1:]
        if pause_us > _PAUSE_US or wave.rate_hz != self.rate_hz or other:
            self.pending, self.falling, self.seen_ticks, self.upright_ticks = [], [], 0, 0
            if pause_us > _LONG_PAUSE_US or other:
                self.view = None
            elif self.view is not None:
                self.view = array_view.paused(self.view)
        frame_us = 1_000_000 / wave.rate_hz
        off_us = wave.started_us - self.anchor_us - self.frames * frame_us
        if wave.rate_hz != self.rate_hz or abs(off_us) > frame_us:
            self.anchor_us, self.frames = wave.started_us, 0
        self.rate_hz = wave.rate_hz
        since_us = wave.started_us - _EVIDENCE_US
        self.waves_us = (*(us for us in self.waves_us if us >= since_us), wave.started_us)
        frames = max(1, round(wave.rate_hz / array_view.TICK_HZ))
        tick_s = frames / wave.rate_hz
        for instant in range(len(wave.samples)):
            self.pending.append(wave.samples[instant])
            self.frames += 1
            if len(self.pending) >= frames:
                frame = self.pending[0] if frames == 1 else _mean(self.pending)
                self.pending = []
                if np.isfinite(frame).all():
                    self._tick(frame, tick_s, self.anchor_us + round(self.frames * frame_us))
        self.end_us = wave.end_us

    def _tick(self, frame: Floats, tick_s: float, at_us: int) -> None:
        if self.view is None:
            self.view = array_view.first(frame)
            return
        self.view = array_view.looked(self.view, frame, tick_s, held=self.fell_us is not None)
        if not self.view.glances[-1].shape[0]:
            self._nobody(tick_s, at_us)
            return
        self.seen_ticks += 1
        self.seen_us = at_us
        if self.seen_ticks == _COME_TICKS and not self.present:
            self.present = True
            begin_us = at_us - round((_COME_TICKS - 1) * tick_s * 1_000_000)
            facts = {"warmth_c": round(self.view.glances[-1].peak_c, 2)}
            self._say("presence", "begin", begin_us, at_us, 0.9, facts)
        is_wall = self.params["mount"] == "wall"
        if is_wall:
            said = array_wall.judged(self.view, tick_s)
        elif min(frame.shape) < _COARSE_SIDE:
            return  # so few pixels on a ceiling tell presence, no more
        else:
            judge = self.judge or model("fall-array")
            said = judge(array_view.figures(self.view, tick_s, self.width_m)[None])[0]
        asked = int(self.params["asked"])
        self.falling = (
            [*self.falling[-(asked - 1) :], float(said[FALLEN])]
            if asked > 1
            else [float(said[FALLEN])]
        )
        if said[UPRIGHT] + said[SITTING] > said[LYING] + said[FALLEN]:
            self.high_us = at_us
        self.upright_ticks = self.upright_ticks + 1 if said[UPRIGHT] > _UP_PROBABILITY else 0
        if self.fell_us is not None:
            if self.upright_ticks * tick_s >= self.params["up_s"]:
                self._up(at_us, 0.8, "stands")
        elif (
            len(self.falling) >= asked
            and np.mean(self.falling) >= self.params["sure_wall" if is_wall else "sure"]
        ):
            self._fall(self.view, at_us)

    def _nobody(self, tick_s: float, at_us: int) -> None:
        self.falling, self.seen_ticks = [], 0
        self.upright_ticks = 0
        if not self.present or at_us - self.seen_us < self.params["gone_s"] * 1_000_000:
            return
        if self.fell_us is not None:
            self._up(at_us, 0.5, "left the view")
        self._say("presence", "end", self.seen_us, at_us, 0.9, {})
        self.present = False

    def _fall(self, view: View, at_us: int) -> None:
        glance = view.glances[-1]
        longest_us = round(_LOOK_BACK_S * 1_000_000)
        onset_us = max(self.high_us, at_us - longest_us)
        now, sure = glance.shape, float(np.mean(self.falling))
        facts = {
            "length_m": round(4 * now[_MAJOR] * self.width_m, 2),
            "slender_ratio": round(now[_SLENDER], 2),
            "still_s": round((at_us - onset_us) / 1_000_000, 1),
            "warmth_c": round(glance.peak_c, 2),
        }
        self.fell_us, self.upright_ticks = onset_us, 0
        self._say("fall", "begin", onset_us, at_us, min(0.95, sure), facts)

    def _up(self, at_us: int, certainty: float, how: str) -> None:
        lay_s = (at_us - (self.fell_us or at_us)) / 1_000_000
        self._say("fall", "end", at_us, at_us, certainty, {"lay_s": round(lay_s, 1), "how": how})
        self.fell_us, self.falling = None, []

    def _say(
        self,
        what: str,
        phase: Phase,
        at_us: int,
        known_us: int,
        certainty: float,
        facts: dict[str, Any],
    ) -> None:
        self.signs.append(
            Sign(
                what=what,
                phase=phase,
                at_us=at_us,
                known_us=known_us,
                certainty=certainty,
                facts=facts,
                evidence_us=tuple(us for us in self.waves_us if us > at_us - 2_000_000),
            )
        )


def _mean(frames: Sequence[Floats]) -> Floats:
    total = frames[0] + frames[1]
    for frame in frames[2:]:
        total = total + frame
    return (total / np.float32(len(frames))).astype(np.float32)


ARRAY = Array()
