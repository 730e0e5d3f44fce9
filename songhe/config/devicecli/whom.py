"""Which device, person and room a command means."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from uuid import UUID

from songhe.base.access.actor import SYSTEM
from songhe.config.replay.setup import find_person
from songhe.domains.devices import selectors as devices
from songhe.domains.people import selectors as people
from songhe.kernel.errors import Invalid


class BadDevice(Invalid):
    """The command names no device, room or file that can be used."""

    code = "config.bad_device"
    message = "%(sentence)s"


def now() -> datetime:
    """Return the present instant: the one place where this command reads the wall clock."""
    return datetime.now(UTC)


def say(text: str = "") -> None:
    """Write a line for the person at the terminal."""
    sys.stdout.write(f"{text}\n")


def served(options: argparse.Namespace) -> tuple[UUID | None, UUID | None, str]:
    """Return (person's id, room's id, region) that the options name."""
    at = now()
    person = find_person(options.person, at=at) if options.person else None
    room_id: UUID | None = None
    if options.room:
        try:
            room_id = UUID(options.room)
        except ValueError:
            if person is None:
                raise BadDevice(
                    sentence="--room needs --person with it, or the id of a room."
                ) from None
            home = people.home_of(person.id, at=at)
            rooms = people.rooms_of(home) if home else []
            found = [room for room in rooms if options.room in (room.name, room.kind)]
            if not found:
                some = ", ".join(f"{room.name} ({room.kind})" for room in rooms) or "none"
                raise BadDevice(
                    sentence=f"There is no room {options.room}. Rooms: {some}."
                ) from None
            room_id = found[0].pk
        if room_id not in people.rooms_by_id([room_id]):
            raise BadDevice(sentence=f"There is no room with the id {room_id}.")
    person_id = person.id if person else None
    if person_id is None and room_id is None:
        return None, None, ""
    return person_id, room_id, people.region_of(person_id=person_id, room_id=room_id)


def device_id(key: str) -> UUID:
    """Return the id of the device with this key or serial number; raises BadDevice."""

    found = [row for row in devices.list_devices(SYSTEM, words=key) if key in (row.key, row.serial)]
    if len(found) != 1:
        raise BadDevice(sentence=f"There is no device with the key {key}: songhe device list.")
    return found[0].pk
