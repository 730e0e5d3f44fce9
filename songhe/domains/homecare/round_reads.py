"""The round: one bed in hand after the other, those that call first, until all were looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from songhe.base.access.actor import Actor
from songhe.domains.homecare import selectors, ward_reads
from songhe.domains.homecare.night_lines import nights
from songhe.domains.homecare.ward_rooms import Room
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView


@dataclass(frozen=True)
class RoundSheet:
    """Where a round stands. left: the rooms to look at yet, in order; away ones are left out.

    A room that has called since it was looked at is to be looked at again.

    room: the one in hand, None when the round is done; then: the bed that comes after it.
    """

    ward: ward_reads.Ward
    left: list[Room]
    room: Room | None
    person: PersonView | None
    phone: str | None
    floor: str
    then: UUID | None

    @property
    def due(self) -> int:
        """Return how many rooms a round has: all whose people are at home."""
        return self.ward.beds - self.ward.away

    @property
    def done(self) -> int:
        return self.due - len(self.left)


def round_sheet(
    actor: Actor, *, at: datetime, area: str = "", bed_id: UUID | None = None, seen: str = ""
) -> RoundSheet:
    """Return where the round stands, with the wished bed in hand where it is still to be looked at.

    Taking a bed into one's hand opens its person's name: that is audited as a read of her.
    """
    found = ward_reads.ward(actor, at=at, area=area, seen=seen, has_nights=False)
    left = [room for room in found.rooms if room.is_due and not room.away]
    left.sort(key=lambda room: room.order)
    place = next((n for n, room in enumerate(left) if room.bed.pk == bed_id), 0)
    if not left:
        return RoundSheet(found, [], None, None, None, "", None)
    room = left[place]
    selectors.get_bed(actor, room.bed.pk, at=at)
    after = left[(place + 1) % len(left)] if len(left) > 1 else None
    person = room.person
    if person is not None and "home" in person.fields:
        line = nights([room.bed], since=found.since, at=at).get(room.bed.pk)
        room = room if line is None else room.with_night(line)
    return RoundSheet(
        ward=found,
        left=left,
        room=room,
        person=person,
        phone=people.phone_of(person) if person is not None else None,
        floor=next((one.name for one in found.floors if one.code == room.bed.region_code), ""),
        then=after.bed.pk if after is not None else None,
    )
