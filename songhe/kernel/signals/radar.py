"""Presence, posture and activity from a radar's point clouds, and a fall rule that is unproven.

The rule for falls (the body's top drops fast and stays low) is written from geometry alone: no open
recording of a fall under a radar was to be had. It is off unless `falls` is set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from songhe.kernel.codes import by_key
from songhe.kernel.signals import radar_track as track
from songhe.kernel.signals.detector import Sign, SignalState
from songhe.kernel.signals.models import model
from songhe.kernel.wire import Wave

CODE = by_key("radar-points").number
ACTIVITIES = ("boxing", "jack", "jump", "squats", "walk")
# The model is asked once a second, over the last three.
_ASK_BINS = 10
_SECOND_BINS = 10
_BIN_US = round(track.BIN_S * 1_000_000)
_EVIDENCE_US = 12_000_000
# A point is x, y, z, velocity and intensity; slower or faster frames are no radar's.
_COLUMNS, _RATES_HZ = 5, (2.0, 200.0)
PARAMS: dict[str, Any] = {
    "present_points": 4,  # moving points in a second that say somebody is there
    "gone_s": 30.0,  # so long without any, and nobody is
    "sure": 0.6,  # an activity is told from this probability on
    "falls": False,
    "drop_m": 0.6,  # how far the top falls, from a quarter of a body's height on
    "within_s": 1.5,
    "low_m": 0.7,  # and how low above the floor it must stay
    "stays_s": 5.0,
    "height_m": 1.0,  # how high above the floor the radar hangs (kernel.signals.mounting)
}


class RadarState(SignalState):
    """A radar's last bins, the points of the bin that is being filled, and what was said.

    first_us, frames: times are counted in frames since a first one, so that cuts round alike.
    """

    first_us: int = 0
    frames: int = 0
    rate_hz: float = 0.0
    bin_no: int = -1
    points: tuple[track.Floats, ...] = ()
    bins: tuple[track.Bin, ...] = ()
    moved_us: int | None = None
    activity: str = ""
    drop_us: int | None = None
    fallen: bool = False
    waves_us: tuple[int, ...] = ()


class Radar:
    """Presence, activity, height and (when asked for) falls of one body before a radar."""

    codes = frozenset({CODE})
    warmup_s = 60.0

    def new(self) -> RadarState:
        """Return the state of a radar that was never heard."""
        return RadarState()

    def step(
        self, state: RadarState, batch: Sequence[Wave], now_us: int, params: Mapping[str, Any]
    ) -> tuple[RadarState, list[Sign]]:
        """Judge frames bin by bin of the stream's own clock."""
        work = _Work(state, {**PARAMS, **params})
        for wave in batch:
            fits = wave.samples.ndim == 3 and wave.samples.shape[2] >= _COLUMNS
            if fits and _RATES_HZ[0] <= wave.rate_hz <= _RATES_HZ[1]:
                work.wave(wave)
        if not batch and state.due_us is not None and now_us >= state.due_us:
            work.gone(state.due_us)
        return work.state(), work.signs


class _Work:
    """One step: a copy of the state that may be changed."""

    def __init__(self, state: RadarState, params: Mapping[str, Any]) -> None:
        self.params, self.signs = params, list[Sign]()
        self.end_us, self.first_us, self.bin_no = state.end_us, state.first_us, state.bin_no
        self.frames, self.rate_hz = state.frames, state.rate_hz
        self.points, self.bins = list(state.points), list(state.bins)
        self.moved_us, self.activity = state.moved_us, state.activity
        self.drop_us, self.fallen = state.drop_us, state.fallen
        self.waves_us = list(state.waves_us)

    def state(self) -> RadarState:
        """Return the new state."""
        gone_us = round(float(self.params["gone_s"]) * 1_000_000)
        return RadarState(
            end_us=self.end_us,
            # Two bins later than the samples themselves would say it.
            due_us=None if self.moved_us is None else self.moved_us + gone_us + 2 * _BIN_US,
            first_us=self.first_us,
            frames=self.frames,
            rate_hz=self.rate_hz,
            bin_no=self.bin_no,
            points=tuple(self.points),
            bins=tuple(self.bins[-track.WINDOW_BINS :]),
            moved_us=self.moved_us,
            activity=self.activity,
            drop_us=self.drop_us,
            fallen=self.fallen,
            waves_us=tuple(self.waves_us),
        )

    def wave(self, wave: Wave) -> None:
        """Sort frames into bins; a bin is judged when a frame of a later one begins."""
        frame_us = 1_000_000 / wave.rate_hz
        off_us = wave.started_us - self.first_us - self.frames * frame_us
        other = wave.rate_hz != self.rate_hz or abs(off_us) > max(2 * _BIN_US, frame_us)
        if other or self.bin_no < 0:
            # A gap, or a clock that was set: the window begins anew.
            self.first_us, self.frames, self.rate_hz = wave.started_us, 0, wave.rate_hz
            self.bin_no, self.points, self.bins, self.drop_us = 0, [], [], None
        since_us = wave.started_us - _EVIDENCE_US
        self.waves_us = [*(us for us in self.waves_us if us >= since_us), wave.started_us]
        for instant in range(len(wave.samples)):
            number = round(self.frames * frame_us) // _BIN_US
            self.frames += 1
            while self.bin_no < number:
                self._close(self.first_us + (self.bin_no + 1) * _BIN_US)
                self.bin_no += 1
            self.points.append(wave.samples[instant][:, :_COLUMNS])
        self.end_us = wave.end_us

    def _close(self, at_us: int) -> None:
        cloud = np.concatenate(self.points) if self.points else np.empty((0, 5), np.float32)
        self.points = []
        before = self.bins[-1] if self.bins else track.NOTHING
        self.bins = [*self.bins[-(track.WINDOW_BINS - 1) :], track.binned(cloud, before)]
        second = self.bins[-_SECOND_BINS:]
        moving = sum(b.get("moving") for b in second)
        if moving >= self.params["present_points"]:
            if self.moved_us is None:
                self._say("presence", "begin", at_us, at_us, 1.0, {"moving_points": int(moving)})
            self.moved_us = at_us
        elif self.moved_us is not None:
            self.gone(at_us)
        if self.moved_us is None:
            return
        whole = len(self.bins) == track.WINDOW_BINS
        if whole and self.moved_us == at_us and (self.bin_no + 1) % _ASK_BINS == 0:
            self._ask(at_us)
        if self.params["falls"]:
            self._fall(at_us)

    def gone(self, at_us: int) -> None:
        """End presence when nothing has moved for long enough."""
        if self.moved_us is None or at_us - self.moved_us < self.params["gone_s"] * 1_000_000:
            return
        if self.fallen:
            return  # somebody who lies still has not gone
        self._say("presence", "end", self.moved_us, at_us, 0.8, {"still_s": self.params["gone_s"]})
        self.moved_us, self.activity = None, ""

    def _ask(self, at_us: int) -> None:
        said = model("radar-activity")(track.figures(tuple(self.bins))[None])[0]
        best = int(np.argmax(said))
        name = ACTIVITIES[best] if said[best] >= self.params["sure"] else ""
        if name and name != self.activity:
            top_m = height_m(self.bins, self.params)
            facts: dict[str, Any] = {"activity": name}
            if np.isfinite(top_m):
                facts["height_m"] = round(top_m, 2)
            begin = at_us - round(len(self.bins) * track.BIN_S * 1_000_000)
            self._say("activity", "note", begin, at_us, float(said[best]), facts)
            self.activity = name

    def _fall(self, at_us: int) -> None:
        """Tell when the top of the body dropped fast and stayed low; nothing proves this rule."""
        params = self.params
        tops = np.array([b.get("top") for b in self.bins]) + params["height_m"]
        recent = tops[-max(2, round(params["within_s"] / track.BIN_S)) :]
        low = bool(np.isfinite(tops[-1]) and tops[-1] <= params["low_m"])
        if self.fallen and np.isfinite(tops[-1]) and tops[-1] > params["low_m"] + params["drop_m"]:
            self._say("fall", "end", at_us, at_us, 0.5, {"top_m": round(float(tops[-1]), 2)})
            self.fallen, self.drop_us = False, None
        if self.drop_us is None and not self.fallen and low and np.isfinite(recent).sum() > 1:
            if np.nanmax(recent) - tops[-1] >= params["drop_m"]:
                self.drop_us = at_us
        elif self.drop_us is not None:
            if np.isfinite(tops[-1]) and not low:
                self.drop_us = None
            elif at_us - self.drop_us >= params["stays_s"] * 1_000_000:
                facts = {"low_m": params["low_m"], "still_s": params["stays_s"], "unproven": True}
                self._say("fall", "begin", self.drop_us, at_us, 0.3, facts)
                self.fallen, self.drop_us = True, None

    def _say(
        self, what: str, phase: Any, at_us: int, known_us: int, certainty: float, facts: Any
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


def height_m(bins: Sequence[track.Bin], params: Mapping[str, Any]) -> float:
    """Return how high above the floor the body's top was, the median of bins; NaN unknown."""
    tops = [b.get("top") for b in bins if np.isfinite(b.get("top"))]
    return float(np.median(tops)) + float(params["height_m"]) if tops else float("nan")


RADAR = Radar()
