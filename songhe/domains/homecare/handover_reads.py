"""Hand-overs between shifts: what was said, and the sheet of what was open at that moment."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.utils.translation import get_language, override

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.base.regions import selectors as regions
from songhe.domains.homecare import selectors, terms, ward_reads
from songhe.domains.homecare.models import Handover
from songhe.domains.homecare.selectors import HomeBed
from songhe.domains.homecare.ward_rooms import Room
from songhe.domains.people import selectors as people
from songhe.kernel.errors import NotFound


class NoHandover(NotFound):
    code = "homecare.no_handover"
    message = "There is no hand-over here that waits to be taken."


class OpenBed(msgspec.Struct, frozen=True):
    """What was open at one bed; words: (source, what, by whom)."""

    bed: UUID
    door: str
    floor: str
    words: list[tuple[str, str, str]]


class Sheet(msgspec.Struct, frozen=True):
    """How a ward stood when it was handed over.

    away: (bed, door, where). silent: floor to the doors of homes where only a device is silent.
    """

    beds: int
    looked: int
    open: list[OpenBed]
    away: list[tuple[UUID, str, str]]
    silent: dict[str, list[str]] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HandoverLine:
    row: Handover
    place: str
    words: str
    sheet: Sheet | None
    may_take: bool


@dataclass(frozen=True, slots=True)
class OpenLine:
    """One bed of a sheet for a reader; who: empty where the bed is not open to her."""

    item: OpenBed
    who: str


def sheet_of(found: ward_reads.Ward) -> Sheet:
    """Return what is open in a ward now, without a name.

    A door that several homes have alike is told with the number of the bed.
    """
    alike = Counter((room.bed.region_code, room.door) for room in found.rooms)

    def door(room: Room) -> str:
        is_one = alike[room.bed.region_code, room.door] == 1
        return room.door if is_one else f"{room.door} · {room.bed.number}"

    silent: dict[str, list[str]] = {}
    for one in found.silent:
        silent.setdefault(one.floor, []).append(door(one.room))
    return Sheet(
        beds=found.beds,
        looked=found.looked,
        open=[
            OpenBed(
                one.room.bed.pk,
                door(one.room),
                one.floor,
                [(reason.source, reason.words, reason.by) for reason in one.reasons],
            )
            for one in found.risks
        ],
        silent=silent,
        away=[(room.bed.pk, door(room), room.away) for room in found.rooms if room.away],
    )


def named(actor: Actor, sheet: Sheet) -> list[OpenLine]:
    """Return the open beds of a sheet with the names that the actor may see; 2 queries."""
    beds = selectors.list_beds(actor, action=terms.WARD).filter(pk__in=[i.bed for i in sheet.open])
    by_id: dict[UUID, HomeBed] = {bed.pk: bed for bed in beds}
    persons = people.person_views(actor, [bed.person_id for bed in by_id.values()])
    lines = []
    for item in sheet.open:
        bed = by_id.get(item.bed)
        person = persons.get(bed.person_id) if bed is not None else None
        lines.append(OpenLine(item, people.masked_name(person.name) if person else ""))
    return lines


def handovers(actor: Actor, *, area: str = "", limit: int = 5) -> list[HandoverLine]:
    """Return the newest hand-overs of the areas the actor keeps; 2 queries."""
    if not actor.may(terms.WARD):
        return []
    rows = Handover.objects.order_by("-given_at")
    found = [
        row
        for row in rows[:100]
        if actor.covers(terms.WARD, row.region_code)
        and (row.region_code.startswith(area) or area.startswith(row.region_code))
    ][:limit]
    names = regions.names(sorted({row.region_code for row in found}))
    return [_line(actor, row, names) for row in found]


def get_handover(actor: Actor, handover_id: UUID) -> HandoverLine:
    """Return one hand-over with its sheet. Raises NoHandover."""
    row = Handover.objects.filter(pk=handover_id).first()
    if row is None or not (actor.is_system or actor.covers(terms.WARD, row.region_code)):
        raise NoHandover
    return _line(actor, row, regions.names([row.region_code]))


def _line(actor: Actor, row: Handover, names: dict[str, str]) -> HandoverLine:
    return HandoverLine(
        row,
        names.get(row.region_code, row.region_code),
        vault.unseal(bytes(row.words_sealed), field=Handover.WORDS, pk=row.pk),
        _sheet(row),
        row.taken_at is None
        and row.given_by != actor.user_id
        and actor.covers(terms.KEEP_WARD, row.region_code),
    )


def _sheet(row: Handover) -> Sheet | None:
    if row.sheet_sealed is None:
        return None
    text = vault.unseal(bytes(row.sheet_sealed), field=Handover.SHEET, pk=row.pk)
    sheets = msgspec.json.decode(text, type=dict[str, Sheet])
    return sheets.get(get_language() or "", next(iter(sheets.values())))


def sealed_sheet(actor: Actor, pk: UUID, *, area: str, at: datetime) -> bytes:
    """Return how a ward stands in each language, sealed for the hand-over with this id."""
    sheets, seen = {}, ""
    for code, _name in settings.LANGUAGES:
        with override(code):
            found = ward_reads.ward(actor, at=at, area=area, seen=seen, has_nights=False)
            sheets[code], seen = sheet_of(found), found.seen
    return vault.seal(msgspec.json.encode(sheets).decode(), field=Handover.SHEET, pk=pk)


def areas(actor: Actor) -> list[tuple[str, str]]:
    """Return the regions whose ward the actor keeps: code and name."""
    codes = [code for code in actor.prefixes(terms.KEEP_WARD) if code]
    names = regions.names(codes)
    return [(code, names.get(code, code)) for code in codes]


def open_now(actor: Actor, *, area: str, at: datetime) -> tuple[Sheet, list[OpenLine]]:
    """Return what is open in an area now, as a hand-over would write it down."""
    sheet = sheet_of(ward_reads.ward(actor, at=at, area=area, has_nights=False))
    return sheet, named(actor, sheet)


def away_lines(sheet: Sheet) -> list[dict[str, Any]]:
    """Return who was away, as door and where."""
    return [{"door": door, "where": where} for _bed, door, where in sheet.away]
