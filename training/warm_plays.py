"""What warm bodies do under the array: walk, sit, bend, lie down, fall, get up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from training.warm_bodies import (
    EMPTY,
    FALLEN,
    FRESH_S,
    LYING,
    RATE_HZ,
    SITTING,
    UPRIGHT,
    Floats,
    Play,
    Pose,
    Scene,
    body,
    scene,
    seen,
)

_OUT = -1  # on the way down, or partly out of view: nothing is learned from it
_QUARTER = np.pi / 2


@dataclass(frozen=True)
class Act:
    """A play before it is filmed: degrees above the background, and what is done."""

    scene: Scene
    warm: Floats
    done: NDArray[np.int64]
    fall_at: tuple[int, ...]


@dataclass
class Actor:
    """A body on its way through a play, instant by instant."""

    scene: Scene
    draw: np.random.Generator
    x: float = 0.0
    y: float = 0.0
    heading: float = 0.0
    pose: Pose | None = None
    rows: list[tuple[Floats | None, int]] = field(default_factory=list)
    falls: list[int] = field(default_factory=list)

    def between(self, low: float, high: float) -> float:
        """Return a number drawn evenly."""
        return float(self.draw.uniform(low, high))

    def standing(self) -> Pose:
        """Return a standing pose."""
        return Pose(0.53 * self.scene.body_m, self.between(-0.05, 0.2), 0.0, 0.0, 0.0, 0.2)

    def sitting(self, on_floor: bool = False) -> Pose:
        """Return a sitting pose, on a chair or the floor."""
        lean, arms = self.between(-0.35, 0.35), self.between(0.1, 0.7)
        reach = self.between(0.0, 1.4)
        if not on_floor:
            legs = (_QUARTER * self.between(0.8, 1.15), self.between(-0.4, 0.4))
            if self.draw.random() < 0.35:  # leaning back, the legs stretched out
                lean, legs = self.between(-0.8, -0.2), (_QUARTER * 0.95, self.between(0.4, 1.4))
            return Pose(self.between(0.38, 0.55), lean, *legs, 0.0, arms, reach)
        kind = self.draw.integers(0, 3)
        if kind == 0:  # on the heels
            return Pose(0.27, lean, 1.3, -1.6, 0.0, arms)
        if kind == 1:  # cross-legged: the shanks lie back under the thighs
            return Pose(0.15, lean, self.between(1.3, 1.7), -1.4, 0.0, arms)
        # the knees drawn up, or the legs stretched
        return Pose(0.14, lean, _QUARTER * self.between(1.0, 1.7), self.between(-0.3, 1.5), 0, arms)

    def lying(self, above_m: float = 0.0) -> Pose:
        """Return a lying pose: on the back, the front or a side, stretched or curled."""
        kind = self.draw.integers(0, 4)
        bent = min(1.0, abs(float(self.draw.normal(0, 0.4))))
        low, arms = 0.13 + above_m, self.between(0.1, 1.3)
        if kind == 0:
            return Pose(low, -_QUARTER, _QUARTER + bent * 0.6, _QUARTER - bent, 0.0, arms)
        if kind == 1:
            return Pose(low, _QUARTER, -_QUARTER, -_QUARTER - bent * 0.6, 0.0, arms)
        roll = float(self.draw.choice([-1, 1])) * _QUARTER
        if kind == 2:  # curled on a side
            return Pose(low, -_QUARTER, _QUARTER - 1.2 * bent, _QUARTER + bent, roll, arms)
        return Pose(low, self.between(-0.4, 0.3), bent, bent - 1.2 * bent, roll, arms)

    def add(self, pose: Pose, done: int, swing: float = 0.0) -> None:
        """Append one instant."""
        rows = body(self.scene, pose, self.x, self.y, self.heading, swing)
        self.rows.append((rows, done))
        self.pose = pose

    def to(
        self,
        pose: Pose,
        seconds: float,
        done: int,
        *,
        ease: Callable[[float], float] = lambda t: t * t * (3 - 2 * t),
        ahead_m: float = 0.0,
    ) -> None:
        """Move to a pose, the pelvis going ahead along the heading."""
        start = self.pose or self.standing()
        n = max(2, round(seconds * RATE_HZ))
        x, y = self.x, self.y
        for k in range(1, n + 1):
            share = ease(k / n)
            self.x = x + np.cos(self.heading) * ahead_m * share
            self.y = y + np.sin(self.heading) * ahead_m * share
            self.add(start.mixed(pose, share), done)

    def stay(self, seconds: float, done: int) -> None:
        """Hold a pose with the small movements of a living body."""
        held = self.pose or self.standing()
        restless = abs(self.draw.normal(0, 0.05))
        phase, pace = self.between(0, 6), self.between(0.1, 0.5)
        for k in range(round(seconds * RATE_HZ)):
            wave = np.sin(phase + 2 * np.pi * pace * k / RATE_HZ) * restless
            moved = np.array(held.all()) + np.array([0, wave, wave, wave, 0, 3 * wave, wave])
            self.add(Pose(*(float(x) for x in moved)), done)
        self.pose = held

    def walk(self, x: float, y: float) -> None:
        """Walk to a place."""
        far = float(np.hypot(x - self.x, y - self.y))
        pace = self.between(0.35, 1.2)
        n = max(1, round(far / pace * RATE_HZ))
        if far > 0.05:
            self.heading = float(np.arctan2(y - self.y, x - self.x))
        x0, y0, pose = self.x, self.y, self.standing()
        for k in range(1, n + 1):
            self.x, self.y = x0 + (x - x0) * k / n, y0 + (y - y0) * k / n
            self.add(pose, UPRIGHT, 0.35 * float(np.sin(2 * np.pi * 0.8 * k / RATE_HZ)))

    def away(self, seconds: float) -> None:
        """Leave the room empty."""
        self.rows += [(None, EMPTY)] * round(seconds * RATE_HZ)
        self.pose = None

    def settle(self, done: int, seconds: float) -> None:
        """Lie; the first seconds after a fall count as fallen."""
        if done == FALLEN:
            self.falls.append(len(self.rows))
        fresh = min(seconds, FRESH_S) if done == FALLEN else 0.0
        self.stay(fresh, done)
        self.stay(seconds - fresh, LYING)

    def fall(self) -> None:
        """Fall from whatever pose, and lie."""
        power = self.between(1.0, 2.5)
        lying = self.lying()
        if self.draw.random() < 0.35:  # the knees give way first
            knees = Pose(self.between(0.25, 0.45), self.between(0, 0.5), 0.5, -1.2, 0.0, 0.4)
            self.to(knees, self.between(0.3, 1.2), _OUT)
        ahead = self.between(0.1, 0.8) * (1 if lying.trunk > 0 else -1)
        self.to(lying, self.between(0.4, 1.8), _OUT, ease=lambda t: t**power, ahead_m=ahead)
        self.settle(FALLEN, self.between(1.5, 8))

    def up(self) -> None:
        """Get up from the floor or a bed."""
        self.to(self.sitting(on_floor=True), self.between(0.8, 3), UPRIGHT)
        if self.draw.random() < 0.6:
            self.stay(self.between(0.3, 2), SITTING)
        self.to(self.standing(), self.between(0.8, 3), UPRIGHT)

    def sit(self) -> None:
        """Sit down, and mostly get up again; sometimes slide off the chair."""
        self.heading += self.between(-np.pi, np.pi)
        on_floor = self.draw.random() < 0.4
        back_m = -self.between(0, 0.3)
        self.to(self.sitting(on_floor), self.between(0.7, 3), SITTING, ahead_m=back_m)
        for _ in range(self.draw.integers(1, 3)):
            self.stay(self.between(1, 4), SITTING)
            self.to(self.sitting(on_floor), self.between(0.4, 1.5), SITTING)
        if self.draw.random() < 0.1:
            self.fall()
            self.up()
        else:
            self.to(self.standing(), self.between(0.8, 3), UPRIGHT, ahead_m=self.between(0, 0.3))

    def lie_down(self) -> None:
        """Lie down as one does: sit first, then the trunk goes down slowly."""
        bed = self.between(0.35, 0.6) if self.draw.random() < 0.7 else 0.0
        self.to(self.sitting(bed == 0.0), self.between(1.2, 3), SITTING)
        self.stay(self.between(0.8, 4), SITTING)
        self.to(self.lying(bed), self.between(1.8, 5), LYING)
        self.settle(LYING, self.between(3, 12))
        self.up()

    def bend(self) -> None:
        """Bend or squat for something on the floor, or kneel."""
        deep = self.draw.random() < 0.5
        low = self.between(0.25, 0.5) if deep else 0.5 * self.scene.body_m
        legs = (1.2, -0.9) if deep else (0.0, 0.0)
        pose = Pose(low, self.between(0.6, 1.8), *legs, 0.0, 0.3)
        self.to(pose, self.between(0.5, 1.5), UPRIGHT)
        self.stay(self.between(0.2, 3), UPRIGHT)
        self.to(self.standing(), self.between(0.5, 1.5), UPRIGHT)

    def something(self) -> None:
        """Do one thing of a day, or only pass."""
        kind = self.draw.random()
        if kind < 0.10:
            self.stay(self.between(1, 5), UPRIGHT)
        elif kind < 0.44:
            self.sit()
        elif kind < 0.54:
            self.bend()
        elif kind < 0.66:
            self.lie_down()
        elif kind < 0.96:
            if self.draw.random() < 0.5:
                self.stay(self.between(0.5, 4), UPRIGHT)
            self.fall()
            self.up()


def play(seed: int, side: int) -> Play:
    """Return one recording of a minute or two, the same for the same seed."""
    return filmed(acted(seed, side), seed)


def acted(seed: int, side: int) -> Act:
    """Return what a body does and the clean picture of it."""
    draw = np.random.default_rng(seed)
    s = scene(draw, side)
    actor = Actor(s, draw)
    reach = min(2.5, s.height_m * float(np.tan(s.view_rad / 2)))
    actor.away(actor.between(2, 8))
    for _ in range(draw.integers(1, 4)):
        angle = actor.between(0, 2 * np.pi)
        actor.x, actor.y = 2.2 * reach * np.cos(angle), 2.2 * reach * np.sin(angle)
        for _ in range(draw.integers(1, 3)):
            actor.walk(*(float(v) for v in draw.uniform(-0.8 * reach, 0.8 * reach, 2)))
            actor.something()
        angle = actor.between(0, 2 * np.pi)
        actor.walk(2.2 * reach * np.cos(angle), 2.2 * reach * np.sin(angle))
        actor.away(actor.between(1, 8))
    warm = np.zeros((len(actor.rows), side, side))
    for k, (rows, _) in enumerate(actor.rows):
        if rows is not None:
            warm[k] = seen(s, rows)
    return Act(s, warm, np.array([done for _, done in actor.rows]), tuple(actor.falls))


def filmed(act: Act, seed: int) -> Play:
    """Return an act as an array with lag, noise and a drifting room gives it."""
    draw = np.random.default_rng((seed, 1))
    s, n = act.scene, len(act.warm)
    gain = 1 - np.exp(-1 / (RATE_HZ * s.lag_s))
    noise = draw.normal(0, s.noise_c / np.sqrt(gain), act.warm.shape)
    warm = lfilter([gain], [1, gain - 1], act.warm, axis=0)
    noise = lfilter([gain], [1, gain - 1], noise, axis=0)
    # Slow wandering of each pixel, with a memory of some ten seconds.
    keep = float(np.exp(-1 / (RATE_HZ * draw.uniform(4, 20))))
    fresh = draw.normal(0, s.wander_c * np.sqrt(1 - keep * keep), act.warm.shape)
    noise += lfilter([1], [1, -keep], fresh, axis=0)
    low = np.isin(act.done, (LYING, FALLEN, SITTING))[:, None, None]
    # What lay or sat on the floor leaves it warmer for a while.
    keep = float(np.exp(-1 / (RATE_HZ * draw.uniform(20, 90))))
    share = draw.uniform(0, 0.15)
    trace = lfilter([(1 - keep) * share * 8], [1, -keep], warm * low, axis=0)
    drift = np.cumsum(draw.normal(0, 0.002, n)) + np.linspace(0, draw.normal(0, 0.2), n)
    frames = s.background + np.maximum(warm, np.minimum(trace, warm.max() * share))
    frames = frames + drift[:, None, None] + noise
    if s.step_c:
        frames = np.round(frames / s.step_c) * s.step_c
    inside = warm.max(axis=(1, 2)) > 0.12 * s.clothes_c
    away = np.where(act.done == UPRIGHT, EMPTY, _OUT)
    done = np.where((act.done != EMPTY) & ~inside, away, act.done)
    width_m = 2 * s.height_m * float(np.tan(s.view_rad / 2)) * draw.uniform(0.8, 1.2)
    return Play(frames, done, act.fall_at, width_m)
