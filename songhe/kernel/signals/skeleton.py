"""Timed Up and Go from a skeleton alone: get up, walk three metres, turn, walk back, turn, sit.

Joints stand in the order of Azure Kinect, 32 of them, in metres.
All limits are geometry of a body and of the test, none is learned. Cut-off of the test: 13.5 s for
fallers who live at home (Shumway-Cook, Brauer, Woollacott, Physical Therapy 80, 2000).
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PHASES = ("rise", "walk", "turn", "walk_back", "turn_to_sit", "sit")
_PELVIS, _CHEST, _NECK = 0, 2, 3
_HIPS, _KNEES = (18, 22), (19, 23)
# A thigh whose vertical share is below: seated; above: standing. cos(45°) and cos(30°).
_SEATED, _STANDING = 0.71, 0.87
# A pelvis that goes faster than anybody walks has been taken for another body's, m/s.
_JUMP_M_S, _LEAP_COST = 5.0, 0.1
# The trunk is at rest below this speed, m/s; the chair is left and reached within this radius, m.
_REST_M_S, _CHAIR_M = 0.12, 0.35
# A walk of the test leads at least this far, m; the turn happens in its last stretch, m.
_WALK_M, _APEX_M = 0.8, 0.25


class Tug(msgspec.Struct, frozen=True, kw_only=True):
    """A timed up and go. time_s: from leaving the back rest to sitting again, as far as seen.

    phases: name to (begin, end) in seconds of the recording. missing: what it does not show.
    certainty: share of the phases that are seen, less for gaps and leaps of the track; with a phase
    missing the time is only that of the part that was recorded, and must be shown so.
    """

    time_s: float
    phases: dict[str, tuple[float, float]]
    missing: tuple[str, ...]
    certainty: float
    walked_m: float


def timed_up_and_go(joints: Floats, rate_hz: float) -> Tug:
    """Return the time and the phases of one trial.

    joints: (instants, 32, 3) in metres, y grows downwards, NaN where a joint is unknown. A
    recording of any length has a time: a part of a trial has that part's.
    """
    filled, doubt = _filled(joints, rate_hz)
    if len(filled) < 3:
        length_s = len(filled) / rate_hz
        return Tug(time_s=length_s, phases={}, missing=PHASES, certainty=0.0, walked_m=0.0)
    upright = _smooth(_thighs(filled), rate_hz, 0.35)
    chest = filled[:, _CHEST]
    speed = _smooth(np.linalg.norm(np.gradient(chest, axis=0), axis=1) * rate_hz, rate_hz, 0.35)
    floor = filled[:, _PELVIS][:, [0, 2]]
    begin, rise_end = _rise(upright, speed)
    sit_begin, end = _sit(upright, speed, rise_end)
    # One sits down where the track is surest; without that, where one rose.
    seat = floor[end] if sit_begin < end else floor[rise_end]
    far = np.hypot(*(floor - seat).T)
    phases = _phases(far, begin, rise_end, sit_begin, end)
    missing = tuple(name for name in PHASES if name not in phases)
    seen = (len(PHASES) - len(missing)) / len(PHASES)
    return Tug(
        time_s=float((end - begin) / rate_hz),
        phases={name: (a / rate_hz, b / rate_hz) for name, (a, b) in phases.items()},
        missing=missing,
        certainty=round(seen * (1 - min(1.0, doubt)), 3),
        walked_m=float(far[begin : end + 1].max()),
    )


def _filled(joints: Floats, rate_hz: float) -> tuple[Floats, float]:
    """Return the joints without gaps, and by how much the doubt grows: gaps and leaps."""
    out = np.array(joints, dtype=np.float64)
    n = len(out)
    if n == 0:
        return out, 1.0
    flat = out.reshape(n, -1)
    bad = np.zeros(n, dtype=bool)
    used = [j * 3 + k for j in (_PELVIS, _CHEST, _NECK, *_HIPS, *_KNEES) for k in range(3)]
    for column in used:
        known = np.isfinite(flat[:, column])
        bad |= ~known
        if known.any():
            flat[:, column] = np.interp(np.arange(n), np.nonzero(known)[0], flat[known, column])
        else:
            flat[:, column] = 0.0
    steps = np.linalg.norm(np.diff(out[:, _PELVIS], axis=0), axis=1) * rate_hz
    leaps = int((steps > _JUMP_M_S).sum())
    return out, float(bad.mean()) + _LEAP_COST * leaps


def _thighs(filled: Floats) -> Floats:
    """Return how upright the thighs are, 0 to 1, of the more upright leg."""
    up = filled[:, _PELVIS] - filled[:, _NECK]
    up = up.mean(axis=0)
    up /= np.linalg.norm(up) + 1e-9
    thigh = filled[:, _KNEES, :] - filled[:, _HIPS, :]
    share: Floats = np.abs(thigh @ up) / (np.linalg.norm(thigh, axis=2) + 1e-9)
    found: Floats = share.mean(axis=1)
    return found


def _smooth(values: Floats, rate_hz: float, seconds: float) -> Floats:
    """Return the running median over a span."""
    half = max(1, round(seconds * rate_hz / 2))
    padded = np.pad(values, half, mode="edge")
    spans = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    found: Floats = np.median(spans, axis=1)
    return found


def _rise(upright: Floats, speed: Floats) -> tuple[int, int]:
    """Return where rising begins and ends; (0, 0) when the recording begins upright."""
    standing = np.nonzero(upright >= _STANDING)[0]
    if not len(standing):
        return 0, 0
    top = int(standing[0])
    seated = np.nonzero(upright[:top] < _SEATED)[0]
    if not len(seated):
        return 0, 0
    rest = np.nonzero(speed[: int(seated[-1]) + 1] < _REST_M_S)[0]
    return (int(rest[-1]) if len(rest) else 0), top


def _sit(upright: Floats, speed: Floats, after: int) -> tuple[int, int]:
    """Return where sitting down begins and ends; both the last instant when it is not there."""
    last = len(upright) - 1
    up = np.nonzero(upright[after:] >= _STANDING)[0]
    if not len(up):
        return last, last
    # The first time that the seat is reached to stay; a bow on the way is not one.
    for low in np.nonzero(upright[after:] < _SEATED)[0] + after:
        before = up[up + after < low]
        if not len(before) or np.median(upright[low:]) >= _STANDING:
            continue
        rest = np.nonzero(speed[low:] < _REST_M_S)[0]
        return int(before[-1] + after), int(low + rest[0]) if len(rest) else last
    return last, last


def _phases(
    far: Floats, begin: int, rise_end: int, sit_begin: int, end: int
) -> dict[str, tuple[int, int]]:
    """Return the phases that are there, in samples; far: metres from the seat."""
    phases: dict[str, tuple[int, int]] = {}
    if rise_end > begin:
        phases["rise"] = (begin, rise_end)
    if sit_begin < end:
        phases["sit"] = (sit_begin, end)
    walk = far[rise_end : sit_begin + 1]
    if len(walk) < 3:
        return phases
    top = int(np.argmax(walk)) + rise_end
    out_m, back_m = far[top] - far[rise_end], far[top] - far[sit_begin]
    close = np.nonzero(far[rise_end : sit_begin + 1] > far[top] - _APEX_M)[0] + rise_end
    if out_m >= _WALK_M:
        phases["walk"] = (rise_end, int(close[0]))
    if out_m >= _WALK_M and back_m >= _WALK_M:
        phases["turn"] = (int(close[0]), int(close[-1]))
    if back_m >= _WALK_M:
        home = np.nonzero(far[top : sit_begin + 1] < far[sit_begin] + _CHAIR_M)[0] + top
        arrive = int(home[0]) if len(home) else sit_begin
        phases["walk_back"] = (int(close[-1]), arrive)
        if sit_begin < end and arrive < sit_begin:
            phases["turn_to_sit"] = (arrive, sit_begin)
    return phases
