"""In which room a person is: the beacon heard best, with hysteresis, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from uuid import UUID

import msgspec
from scipy.special import ndtr

from songhe.kernel import codes
from songhe.kernel.time import SECOND_US
from songhe.kernel.wire import Reading

# Engineering choices [E]. Strength at a worn tag swings by shadowing of the body: 6 dB at rest.
SMOOTH_S = 8.0
FADED_S = 20.0
MARGIN_DB = 4.0
HOLD_S = 6.0
LOST_S = 120.0
_SWING_DB = 6.0
_MOST_COUNTED = 8


class Heard(msgspec.Struct, frozen=True):
    """A room's beacons as last heard: smoothed strength (dBm), how many sightings, and when."""

    place: UUID
    strength: float
    sightings: int
    at_us: int


class RoomChange(msgspec.Struct, frozen=True):
    """From at_us on the person is in `place`; None when no beacon is heard any more.

    known_us: when that was clear. certainty: how likely this room's strength is really the
    greater one, given how much strengths swing; 1.0 where no other room is heard.
    """

    at_us: int
    known_us: int
    place: UUID | None
    certainty: float


class RoomState(msgspec.Struct):
    """What is heard of one person. rival: the room that leads, since when without a break."""

    place: UUID | None = None
    heard: tuple[Heard, ...] = ()
    rival: UUID | None = None
    rival_us: int = 0
    newest_us: int = -(1 << 62)
    due_us: int | None = None


def step(
    state: RoomState, batch: Sequence[Reading], now_us: int
) -> tuple[RoomState, list[RoomChange]]:
    """Judge sightings (code 54) in the order of time; an empty batch lets time pass.

    Pure. A sighting older than the newest is left out; so is a beacon that belongs to no room.
    """
    code = codes.by_key("sighting").number
    told: list[RoomChange] = []
    for reading in batch:
        if code not in reading.codes or reading.place is None:
            continue
        if reading.effective_us < state.newest_us:
            continue
        state = _silence(state, reading.effective_us, told)
        strength = reading.values[reading.codes.index(code)]
        state = _hear(state, reading.place, strength, reading.effective_us, told)
    if not batch:
        state = _silence(state, now_us, told)
    return state, told


def _silence(state: RoomState, now_us: int, told: list[RoomChange]) -> RoomState:
    if state.due_us is None or now_us < state.due_us:
        return state
    told.append(RoomChange(state.newest_us, state.due_us, None, 1.0))
    return RoomState(newest_us=state.newest_us)


def _hear(
    state: RoomState, place: UUID, strength: float, at_us: int, told: list[RoomChange]
) -> RoomState:
    fresh = [h for h in state.heard if at_us - h.at_us <= FADED_S * SECOND_US]
    before = next((h for h in fresh if h.place == place), None)
    now = Heard(place, strength, 1, at_us)
    if before is not None:
        # Two beacons of a room in one breath share their weight.
        since_s = max((at_us - before.at_us) / SECOND_US, 1.0)
        kept = math.exp(-since_s / SMOOTH_S)
        smooth = kept * before.strength + (1 - kept) * strength
        now = Heard(place, smooth, min(before.sightings + 1, _MOST_COUNTED), at_us)
    heard = (*(h for h in fresh if h.place != place), now)
    best = max(heard, key=lambda h: (h.strength, h.place.int))
    here = next((h for h in heard if h.place == state.place), None)
    rival, rival_us = None, 0
    room = state.place
    if best.place != state.place and (here is None or best.strength > here.strength + MARGIN_DB):
        rival = best.place
        rival_us = state.rival_us if state.rival == rival else at_us
        if at_us - rival_us >= HOLD_S * SECOND_US or state.place is None:
            room, rival = rival, None
            told.append(RoomChange(rival_us, at_us, room, certainty(best, heard)))
    return RoomState(
        place=room,
        heard=heard,
        rival=rival,
        rival_us=rival_us if rival is not None else 0,
        newest_us=at_us,
        due_us=at_us + round(LOST_S * SECOND_US),
    )


def certainty(best: Heard, heard: Sequence[Heard]) -> float:
    """Return how likely a room is really heard best, by the swing of strengths; 0.5 to 1."""
    others = [h for h in heard if h.place != best.place]
    if not others:
        return 1.0
    second = max(others, key=lambda h: h.strength)
    swing = _SWING_DB * math.sqrt(1 / best.sightings + 1 / second.sightings)
    return float(ndtr((best.strength - second.strength) / swing))
