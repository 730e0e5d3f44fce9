"""Warm bodies under an infrared array on a ceiling: a small simulator of our own.

Nothing here is taken from a recording. Body proportions are those of Winter, Biomechanics (segment
lengths as shares of the height); noise and temperature steps span what data sheets of 4×4 to 32×32
thermopile arrays state; view angles run over those of the arrays sold for ceilings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Floats = NDArray[np.float64]

# What a person does at an instant, as the detector's model names it.
UPRIGHT, SITTING, LYING, FALLEN, EMPTY = range(5)
# A fall counts as fresh this long after the body has come to lie, in seconds.
FRESH_S = 3.0
RATE_HZ = 5.0
# Segment lengths as shares of the height.
_TRUNK, _HEAD, _THIGH, _SHANK, _ARM = 0.30, 0.13, 0.245, 0.285, 0.35


@dataclass(frozen=True)
class Pose:
    """Angles in radians from the vertical, in the plane of the heading; pelvis height in metres.

    arms: out to the sides, reach: before the body, both from hanging along the trunk.
    """

    pelvis_m: float
    trunk: float  # 0 upright, + forward, - backward
    thigh: float  # 0 hanging down, + forward
    shank: float
    side: float = 0.0  # the whole body's tilt to a side
    arms: float = 0.2
    reach: float = 0.0

    def mixed(self, other: Pose, share: float) -> Pose:
        """Return the pose on the way to another."""
        mine, its = np.array(self.all()), np.array(other.all())
        return Pose(*(float(x) for x in mine + (its - mine) * share))

    def all(self) -> tuple[float, ...]:
        """Return the figures in their order."""
        return (self.pelvis_m, self.trunk, self.thigh, self.shank, self.side, self.arms, self.reach)


@dataclass(frozen=True)
class Scene:
    """An array above a floor, a body, and how warm all is (degrees Celsius).

    lag_s: the averaging on the chip, of the signal and its noise alike; wander_c: how far a pixel
    strays slowly; legs: how warm trousers and shoes are beside the trunk.
    """

    side: int
    height_m: float
    view_rad: float
    body_m: float
    girth_m: float
    background: Floats
    clothes_c: float
    skin_c: float
    legs: float
    noise_c: float
    wander_c: float
    blur_px: float
    lag_s: float
    step_c: float


@dataclass(frozen=True)
class Play:
    """One recording: frames (instants, side, side) and what was done at each instant.

    width_m: how much of the floor a side of the array sees, as an installer would measure it.
    """

    frames: Floats
    done: NDArray[np.int64]
    fall_at: tuple[int, ...]
    width_m: float


def scene(draw: np.random.Generator, side: int) -> Scene:
    """Return a room, a sensor and a person drawn by chance."""
    grid = np.linspace(-1, 1, side)
    room_c = draw.uniform(17, 29)
    slope = draw.normal(0, 0.4, 2)
    background = room_c + slope[0] * grid[:, None] + slope[1] * grid[None, :]
    background = background + draw.normal(0, draw.uniform(0.02, 0.3), (side, side))
    for _ in range(draw.integers(0, 3)):  # a heater, a lamp, the sun on the floor
        r, c = draw.integers(0, side, 2)
        background[r : r + draw.integers(1, 4), c : c + draw.integers(1, 4)] += draw.uniform(0.5, 6)
    warm = float(np.exp(draw.uniform(np.log(0.7), np.log(6.0))))
    body_m = draw.uniform(1.45, 1.82)
    return Scene(
        side=side,
        height_m=draw.uniform(2.1, 3.1),
        view_rad=np.deg2rad(draw.uniform(50, 90)),
        body_m=body_m,
        girth_m=body_m * draw.uniform(0.07, 0.11),
        background=background,
        clothes_c=warm,
        skin_c=warm * draw.uniform(0.8, 2.2),
        legs=draw.uniform(0.35, 1.0),
        noise_c=float(np.exp(draw.uniform(np.log(0.01), np.log(0.1)))),
        wander_c=float(np.exp(draw.uniform(np.log(0.01), np.log(0.08)))),
        blur_px=draw.uniform(0.3, 0.9) * side / 16,
        lag_s=float(np.exp(draw.uniform(np.log(0.05), np.log(1.0)))),
        step_c=draw.choice([0.0, 0.05, 0.1]),
    )


def _segment(start: Floats, way: Floats, length: float, n: int) -> Floats:
    return start + way * (np.linspace(0, 1, n)[:, None] * length)


def body(s: Scene, pose: Pose, x: float, y: float, heading: float, swing: float = 0.0) -> Floats:
    """Return the body as balls: rows of x, y, z, radius (m) and degrees above the room."""
    long, girth = s.body_m, s.girth_m

    def way(angle: float, up: float) -> Floats:
        return np.array([np.sin(angle), 0.0, up * np.cos(angle)])

    pelvis = np.zeros(3)
    trunk = _segment(pelvis, way(pose.trunk, 1), _TRUNK * long, 6)
    head = trunk[-1] + way(pose.trunk, 1) * _HEAD * long * 0.75
    balls = [np.c_[trunk, np.full(6, girth), np.full(6, s.clothes_c)]]
    left = np.array([0.0, girth * 0.75, 0.0])
    balls.append(np.c_[trunk[2:] + left, np.full(4, girth * 0.8), np.full(4, s.clothes_c)])
    balls.append(np.c_[trunk[2:] - left, np.full(4, girth * 0.8), np.full(4, s.clothes_c)])
    balls.append(np.r_[head, 0.062 * long, s.skin_c][None])
    for hand in (1, -1):
        hip = pelvis + left * 0.6 * hand
        thigh = _segment(hip, way(pose.thigh + swing * hand, -1), _THIGH * long, 5)
        shank = _segment(thigh[-1], way(pose.shank + swing * hand * 0.6, -1), _SHANK * long, 5)
        arm = _segment(
            trunk[-1] + left * 1.6 * hand,
            way(pose.reach - pose.trunk, -1) * np.cos(pose.arms)
            + np.array([0, hand * np.sin(pose.arms), 0]),
            _ARM * long,
            4,
        )
        arm_c = [s.clothes_c * 0.9] * 3 + [s.skin_c * 0.9]
        balls.append(
            np.c_[thigh, np.full(5, girth * 0.62), np.full(5, s.clothes_c * min(1.0, s.legs * 1.2))]
        )
        balls.append(np.c_[shank, np.full(5, girth * 0.42), np.full(5, s.clothes_c * s.legs)])
        balls.append(np.c_[arm, np.full(4, girth * 0.4), arm_c])
    rows = np.concatenate(balls)
    c, n = np.cos(pose.side), np.sin(pose.side)
    tilt = np.array([[1, 0, 0], [0, c, n], [0, -n, c]])
    c, n = np.cos(heading), np.sin(heading)
    turn = np.array([[c, -n, 0], [n, c, 0], [0, 0, 1]])
    rows[:, :3] = rows[:, :3] @ tilt.T @ turn.T
    rows[:, 2] += pose.pelvis_m
    rows[:, 2] = np.maximum(rows[:, 2], rows[:, 3])
    rows[:, 0] += x
    rows[:, 1] += y
    return rows


def seen(s: Scene, rows: Floats) -> Floats:
    """Return what the array sees of balls, in degrees above the background, before lag."""
    rays = 3 if s.side >= 12 else 8  # a pixel and side
    fine = s.side * rays
    half = np.tan(s.view_rad / 2)
    axis = (np.arange(fine) + 0.5) / fine * 2 * half - half
    order = np.argsort(rows[:, 2])
    image = np.zeros((fine, fine))
    depths = np.maximum(s.height_m - rows[:, 2], 0.15)
    places = rows[:, [0, 1, 3]] / depths[:, None]
    step = 2 * half / fine
    # The first and last ray that a ball covers, each way.
    first = np.ceil((places[:, :2] - places[:, 2:] + half) / step - 0.5).astype(int).clip(0)
    last = np.floor((places[:, :2] + places[:, 2:] + half) / step - 0.5).astype(int)
    last = last.clip(max=fine - 1)
    seen_ones = (first <= last).all(axis=1)
    if not seen_ones.any():
        return np.zeros((s.side, s.side))
    for ball in order[seen_ones[order]]:
        (u, v, r), (u0, v0), (u1, v1) = places[ball], first[ball], last[ball]
        across, down = axis[u0 : u1 + 1] - u, axis[v0 : v1 + 1] - v
        box = image[v0 : v1 + 1, u0 : u1 + 1]
        box[(down * down)[:, None] + (across * across) <= r * r] = rows[ball, 4]
    image = gaussian_filter(image, s.blur_px * rays, mode="constant")
    found: Floats = image.reshape(s.side, rays, s.side, rays).mean(axis=(1, 3))
    return found
