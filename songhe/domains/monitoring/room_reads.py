"""In which room a person is who wears a tag: by the beacons it hears; actor first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from songhe.base.access.actor import Actor
from songhe.domains.devices import selectors as devices
from songhe.domains.monitoring import life_source
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry import selectors as telemetry
from songhe.domains.telemetry.terms import VIEW_READINGS
from songhe.kernel.position import rooms
from songhe.kernel.time import from_us, to_us

# A stay that is longer than this is said to be "at least" so long.
LOOK_BACK = timedelta(hours=3)
_AT_THE_EDGE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class RoomNow:
    """Where the tag is. room: its name, "" while no beacon is heard; since: from when on.

    certainty: how likely the room is really the one heard best, 0 to 1. at_least: she may have
    been there longer than is looked back.
    """

    room: str
    since: datetime
    certainty: float
    at_least: bool


def room_of(actor: Actor, person: PersonView, *, at: datetime) -> RoomNow | None:
    """Return the room that a person is in; None without a tag or where positions are not open.

    3 queries, 1 where no beacon was heard for three hours.
    """
    if not actor.may(VIEW_READINGS) or "location" not in person.fields:
        return None
    since = at - LOOK_BACK
    heard = list(
        telemetry.stream(
            subjects=person.ids, since=since, until=at, codes=life_source.numbers(["sighting"])
        )
    )
    if not heard:
        return None
    bound = devices.bindings_of({reading.device for reading in heard}, at=at)
    # Where a beacon hangs is not stored with what was heard of it.
    placed = [
        msgspec.structs.replace(reading, place=bound[reading.device].room_id)
        for reading in heard
        if reading.device in bound
    ]
    state, told = rooms.step(rooms.RoomState(), placed, to_us(at))
    state, late = rooms.step(state, (), to_us(at))
    changes = [*told, *late]
    if not changes:
        return None
    last = changes[-1]
    begun = from_us(last.at_us)
    if last.place is None:
        return RoomNow("", begun, 0.0, at_least=False)
    room = people.rooms_by_id([last.place]).get(last.place)
    if room is None:
        return None
    here = next((one for one in state.heard if one.place == last.place), None)
    sure = last.certainty if here is None else rooms.certainty(here, state.heard)
    edge = len(changes) == 1 and begun - since <= _AT_THE_EDGE
    return RoomNow(room.name, begun, sure, at_least=edge)
