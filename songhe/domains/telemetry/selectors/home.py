"""What the sensors of a home saw: events by room, and one day as stretches of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from itertools import pairwise
from typing import Literal
from uuid import UUID

from django.db import connection
from django.utils import timezone

from songhe.base.access.actor import Actor
from songhe.domains.devices import selectors as devices
from songhe.domains.devices.selectors import DeviceLine
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView, Rooms
from songhe.domains.telemetry.policies import open_classes
from songhe.kernel import codes

Kind = Literal["soft", "in", "out", "unknown"]

LOOK_BACK = timedelta(hours=24)
STAYS = timedelta(minutes=5)  # a motion sensor that says no "clear" holds for this long
JOIN = timedelta(minutes=10)  # stretches closer than this are one
SHORTEST_OUTING = timedelta(minutes=10)
TURN = timedelta(minutes=1)  # ours (status E): a pressure mat flickers when somebody turns over
LONGEST_ON = timedelta(hours=2)  # an "on" without an "off" says nothing after this
POWER_ON_W = 10.0
NIGHT_FROM = clock_time(21)
NIGHT_UNTIL = clock_time(6)
_ACTIVE = frozenset({"motion", "item-use", "power"})
_SHOWN = (*sorted(_ACTIVE), "bed", "door")


@dataclass(frozen=True, slots=True)
class HomeEvent:
    """One word of a sensor. value 1 on, open, in bed; 0 off, closed, out of bed; power in W."""

    at: datetime
    code: codes.Code
    value: float
    device: UUID


@dataclass(frozen=True, slots=True)
class Stretch:
    """A half-open stretch of time: in bed (soft), active (in), out of the home, not known."""

    start: datetime
    end: datetime
    kind: Kind


@dataclass(slots=True)
class RoomDay:
    """One room's day. sensors tells whether any device serves it."""

    id: UUID
    name: str
    kind: str
    sensors: int
    stretches: list[Stretch] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class HomeDay:
    """A local day of a home, or 24 hours from its start; known_until is now, or its end."""

    day: date
    start: datetime
    end: datetime
    known_until: datetime
    rooms: list[RoomDay]
    out: list[Stretch]

    def of_kind(self, kind: Kind) -> list[Stretch]:
        """Return all stretches of a kind in rooms, by time."""
        return sorted(
            (s for room in self.rooms for s in room.stretches if s.kind == kind),
            key=lambda s: s.start,
        )

    @property
    def in_bed(self) -> timedelta:
        return sum((s.end - s.start for s in self.of_kind("soft")), timedelta())

    @property
    def left_bed_at_night(self) -> int:
        """Return how often the bed was left and taken again between 21:00 and 06:00."""
        return sum(
            1
            for before, after in pairwise(self.of_kind("soft"))
            if before.end < after.start and _at_night(before.end) and _at_night(after.start)
        )

    @property
    def got_up_at(self) -> datetime | None:
        """Return the end of the last stretch in bed that ended between 04:00 and 12:00."""
        ends = [
            s.end
            for s in self.of_kind("soft")
            if clock_time(4) <= _local(s.end).time() < clock_time(12) and s.end < self.known_until
        ]
        return ends[-1] if ends else None

    @property
    def knows_nothing(self) -> bool:
        return not self.out and not any(room.stretches for room in self.rooms)


def _local(at: datetime) -> datetime:
    return at.astimezone(timezone.get_default_timezone())


def _at_night(at: datetime) -> bool:
    local = _local(at).time()
    return local >= NIGHT_FROM or local < NIGHT_UNTIL


_EVENTS = """
SELECT subject, device, effective_at, code, val FROM reading_values(%s, %s::smallint[], %s, %s)
 ORDER BY effective_at
"""
_HEARD = """
SELECT subject, device, effective_at FROM readings(%s, NULL, %s, %s) ORDER BY effective_at
"""


def home_events(
    actor: Actor, person: PersonView, home_id: UUID, start: datetime, end: datetime
) -> dict[UUID, list[HomeEvent]]:
    """Return what the sensors of a home said, by room, in time order; empty where not open."""
    if "home" not in open_classes(actor, person):
        return {}
    at = min(end, actor.at or end)
    rooms = [room.pk for room in people.rooms_for(person.id, home_id, at=at)]
    lines = devices.devices_of(person_id=person.id, home_id=home_id, at=at)
    return _events(rooms, person.ids, _rooms_of_devices(lines, rooms), start, end)


def _rooms_of_devices(
    lines: Iterable[DeviceLine], rooms: Sequence[UUID]
) -> dict[UUID, tuple[UUID, int]]:
    """Return the room and the allowed silence in seconds of each device that has a room."""
    return {
        line.device.pk: (line.room_id, line.type.silent_after_s)
        for line in lines
        if line.room_id is not None and line.room_id in rooms
    }


def _events(
    rooms: Sequence[UUID],
    persons: list[UUID],
    served: dict[UUID, tuple[UUID, int]],
    start: datetime,
    end: datetime,
) -> dict[UUID, list[HomeEvent]]:
    numbers = [codes.by_key(key).number for key in _SHOWN]
    found: dict[UUID, list[HomeEvent]] = {room: [] for room in rooms}
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, [[*rooms, *persons], numbers, start, end])
        for subject, device, at, number, value in cursor.fetchall():
            room = served[device][0] if device in served else subject
            if room in found:
                found[room].append(HomeEvent(at, codes.by_number(number), value, device))
    return found


def day_picture(
    actor: Actor,
    person: PersonView,
    home_id: UUID,
    day: date,
    *,
    at: datetime,
    rooms: Rooms | None = None,
    served_by: Sequence[DeviceLine] | None = None,
) -> HomeDay | None:
    """Return one local day of a home as its sensors saw it, as `hours_picture` does."""
    zone = timezone.get_default_timezone()
    start = datetime.combine(day, clock_time(), zone)
    end = datetime.combine(day + timedelta(days=1), clock_time(), zone)
    return hours_picture(
        actor, person, home_id, start, end, at=at, rooms=rooms, served_by=served_by
    )


def hours_picture(
    actor: Actor,
    person: PersonView,
    home_id: UUID,
    start: datetime,
    end: datetime,
    *,
    at: datetime,
    rooms: Rooms | None = None,
    served_by: Sequence[DeviceLine] | None = None,
) -> HomeDay | None:
    """Return some hours of a home as seen by its sensors; None where it is not open.

    In bed comes from bed sensors (one that fell silent after "in bed" says so only for as long as
    its type may be silent); activity from motion, things used and power, joined when less than
    10 minutes apart; out when nothing moved between two words of the entrance door, as long as
    some room was heard of; not known where every sensor of a room was silent for longer than its
    type may be. rooms and served_by: the home's rooms for this person and the devices in them, for
    a caller who has read them: then 2 queries, else 6.
    """
    if "home" not in open_classes(actor, person):
        return None
    until = max(start, min(end, at))
    if rooms is None:
        rooms = people.rooms_for(person.id, home_id, at=at)
    if served_by is None:
        served_by = devices.devices_of(person_id=person.id, home_id=home_id, at=at)
    ids = [room.pk for room in rooms]
    served = _rooms_of_devices(served_by, ids)
    days = [
        RoomDay(room.pk, room.name, room.kind, sum(r == room.pk for r, _ in served.values()))
        for room in rooms
    ]
    seen_until = max(until, min(end + LOOK_BACK, at))
    events = _events(ids, person.ids, served, start - LOOK_BACK, seen_until)
    heard = _heard([*ids, *person.ids, *served], start - LOOK_BACK, seen_until)
    silences = _silences(heard, served, start, until)
    told = _known_until(heard, served)
    beds = {room.id: list(_beds(events[room.id], told, seen_until)) for room in days}
    active = {room.id: list(_active(events[room.id], seen_until)) for room in days}
    for room in days:
        known = [*beds[room.id], *active[room.id]]
        room.stretches = sorted(
            _clip([*known, *_minus(silences.get(room.id, []), known)], start, until),
            key=lambda s: s.start,
        )
    doors = _entrance(days, events)
    everything = [s for spans in (*beds.values(), *active.values()) for s in spans]
    outings = _outings(doors, everything, seen_until)
    out = list(_clip((_if_known(one, silences) for one in outings), start, until))
    shown = [room for room in days if room.sensors or room.stretches]
    return HomeDay(_local(start).date(), start, end, until, shown, out)


def _beds(
    events: Iterable[HomeEvent], told: dict[UUID, datetime], until: datetime
) -> Iterator[Stretch]:
    """Yield stretches in bed, as long as any mattress of the room says so.

    Less than a minute off the mattress is a turn, not leaving the bed. An open stretch ends where
    its device is no longer to be believed.
    """
    since: dict[UUID, datetime] = {}
    spans: list[tuple[datetime, datetime]] = []
    for event in events:
        if event.code.key != "bed":
            continue
        if event.value:
            since.setdefault(event.device, event.at)
        elif event.device in since:
            spans.append((since.pop(event.device), event.at))
    spans += [(began, min(until, told.get(device, until))) for device, began in since.items()]
    yield from (Stretch(a, b, "soft") for a, b in _joined(spans, TURN))


def _active(events: Iterable[HomeEvent], until: datetime) -> Iterator[Stretch]:
    """Yield stretches of activity: from on until off, or for a while where no off comes."""
    spans: list[tuple[datetime, datetime]] = []
    on: dict[tuple[UUID, int], datetime] = {}
    for event in events:
        if event.code.key not in _ACTIVE and event.code.key != "door":
            continue
        key = (event.device, event.code.number)
        is_on = event.value > (POWER_ON_W if event.code.key == "power" else 0)
        if event.code.key == "door":
            spans.append((event.at, event.at + timedelta(minutes=1)))
        elif is_on:
            on.setdefault(key, event.at)
        elif key in on:
            began = on.pop(key)
            spans.append((began, min(event.at, began + LONGEST_ON)))
    spans += [(began, min(began + STAYS, until)) for began in on.values()]
    yield from (Stretch(a, b, "in") for a, b in _joined(spans, JOIN))


def _joined(
    spans: list[tuple[datetime, datetime]], apart: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    so_far: tuple[datetime, datetime] | None = None
    for a, b in sorted(spans):
        if so_far is not None and a - so_far[1] <= apart:
            so_far = (so_far[0], max(so_far[1], b))
        else:
            if so_far is not None:
                yield so_far
            so_far = (a, b)
    if so_far is not None:
        yield so_far


def _entrance(rooms: Sequence[RoomDay], events: dict[UUID, list[HomeEvent]]) -> list[datetime]:
    """Return when the entrance door spoke: doors of the hall, or all doors where it has none."""
    doors = {room.id: [e.at for e in events[room.id] if e.code.key == "door"] for room in rooms}
    hall = [at for room in rooms if room.kind == "hall" for at in doors[room.id]]
    return sorted(hall or [at for times in doors.values() for at in times])


def _outings(
    doors: Sequence[datetime], seen: Sequence[Stretch], until: datetime
) -> Iterator[Stretch]:
    """Yield the stretches between two words of the door in which nobody was seen inside."""
    last_sign = timedelta(minutes=1)
    for left, back in pairwise([*doors, until]):
        if back - left < SHORTEST_OUTING:
            continue
        a, b = left + last_sign, back
        if not any(s.start < b and a < s.end for s in seen):
            yield Stretch(left, back, "out")


Heard = list[tuple[UUID, UUID, datetime]]


def _heard(subjects: list[UUID], start: datetime, end: datetime) -> Heard:
    """Return every word of the home's devices as (subject, device, time), whatever it said."""
    with connection.cursor() as cursor:
        cursor.execute(_HEARD, [subjects, start, end])
        rows: Heard = cursor.fetchall()
    return rows


def _known_until(heard: Heard, served: dict[UUID, tuple[UUID, int]]) -> dict[UUID, datetime]:
    """Return until when each device may be believed: its last word and the silence it may keep."""
    last = {device: at for _subject, device, at in heard}
    return {
        device: at + timedelta(seconds=served[device][1])
        for device, at in last.items()
        if device in served
    }


def _if_known(outing: Stretch, silences: dict[UUID, list[Stretch]]) -> Stretch:
    """Return the outing; as not known where every room had a silence during it."""
    blind = [
        any(s.start < outing.end and outing.start < s.end for s in spans)
        for spans in silences.values()
    ]
    return Stretch(outing.start, outing.end, "unknown") if blind and all(blind) else outing


def _silences(
    heard: Heard, served: dict[UUID, tuple[UUID, int]], start: datetime, until: datetime
) -> dict[UUID, list[Stretch]]:
    """Return when all sensors of a room were silent for longer than they may be."""
    allowed: dict[UUID, int] = {}
    for room, silent_after_s in served.values():
        allowed[room] = min(allowed.get(room, silent_after_s), silent_after_s)
    times: dict[UUID, list[datetime]] = {room: [] for room in allowed}
    for subject, device, at in heard:
        room = served[device][0] if device in served else subject
        if room in times and at < until:
            times[room].append(at)
    found: dict[UUID, list[Stretch]] = {}
    for room, words in times.items():
        limit = timedelta(seconds=allowed[room])
        edges = [start - LOOK_BACK, *words, until]
        found[room] = [Stretch(a, b, "unknown") for a, b in pairwise(edges) if b - a > limit]
    return found


def _minus(spans: Iterable[Stretch], known: Sequence[Stretch]) -> Iterator[Stretch]:
    """Yield the parts of spans that no known stretch covers."""
    for span in spans:
        a = span.start
        for one in sorted(known, key=lambda s: s.start):
            if one.end <= a or one.start >= span.end:
                continue
            if one.start > a:
                yield Stretch(a, one.start, span.kind)
            a = max(a, one.end)
        if a < span.end:
            yield Stretch(a, span.end, span.kind)


def _clip(spans: Iterable[Stretch], start: datetime, end: datetime) -> Iterator[Stretch]:
    for span in spans:
        a, b = max(span.start, start), min(span.end, end)
        if a < b:
            yield Stretch(a, b, span.kind)
