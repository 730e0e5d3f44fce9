"""What a person's daily life is learned from: the devices of her home and what they said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from songhe.domains.devices import selectors as devices
from songhe.domains.monitoring import absence_reads
from songhe.domains.monitoring.trial_reads import devices_of, subjects_of
from songhe.domains.telemetry import selectors as telemetry
from songhe.kernel import codes
from songhe.kernel.night.sleep import judge_night, shipped
from songhe.kernel.night.summary import NightSummary, summarise
from songhe.kernel.rhythm import Day, Fired, channel_of_device, days_of, events_of
from songhe.kernel.rhythm.days import day_so_far
from songhe.kernel.rhythm.signs import KEYS
from songhe.kernel.time import to_us
from songhe.kernel.wire import DeviceSnapshot, Reading

# A night is looked for between these hours; what ends later is told by the day.
NIGHT_FROM, NIGHT_UNTIL = clock(18), clock(11)
WATCH_KEYS = ("activity-counts", "heart-rate-deviation")
NIGHT_KEYS = ("bed", "heart-rate", "respiration", *WATCH_KEYS, "sleep")


def zone() -> ZoneInfo:
    """Return the zone whose days are counted."""
    return ZoneInfo(settings.TIME_ZONE)


def local_day(at: datetime) -> date:
    """Return the local day of a moment."""
    return at.astimezone(zone()).date()


def midnight(on: date) -> datetime:
    """Return when a local day begins."""
    return datetime.combine(on, clock(), zone())


def numbers(keys: Iterable[str]) -> list[int]:
    """Return the numbers of codes by their short keys."""
    return [codes.by_key(key).number for key in keys]


_PERSONS = """
SELECT DISTINCT p.person FROM (
  SELECT b.person_id AS person FROM devices_binding b JOIN devices_device d ON d.id = b.device_id
   WHERE d.type = ANY(%(types)s) AND b.person_id IS NOT NULL AND b.period @> %(at)s
  UNION ALL
  SELECT s.person_id FROM devices_binding b JOIN devices_device d ON d.id = b.device_id
    JOIN people_room r ON r.id = b.room_id JOIN people_home h ON h.id = r.home_id
    JOIN people_residency s ON s.home_id = h.id AND s.period @> %(at)s
   WHERE d.type = ANY(%(types)s) AND b.period @> %(at)s
     AND (NOT h.is_institution OR s.room_id = r.id)) p
 WHERE p.person > %(after)s ORDER BY 1 LIMIT %(limit)s
"""


def persons(*, at: datetime, after: UUID, limit: int) -> list[UUID]:
    """Return who has a device at home or on her that tells of daily life, by id after one."""
    telling = set(numbers({*KEYS, *NIGHT_KEYS}))
    types = [
        kind.code
        for kind in devices.all_types().values()
        if telling & {code.number for code in kind.measures}
    ]
    asked: dict[str, Any] = {"types": types, "at": at, "after": after, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_PERSONS, asked)
        return [row[0] for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Source:
    """One person's devices of a time: whose readings they are, and each device's channel."""

    person: UUID
    subjects: frozenset[UUID]
    sensors: dict[str, str]
    away: tuple[tuple[int, int], ...]

    def days(self, first: date, until: date) -> list[Day]:
        """Return every local day from first up to and without until."""
        since, end = midnight(first), midnight(until)
        readings = self._read(since - timedelta(days=1), end, KEYS)
        events = events_of(readings, self.sensors, to_us(end))
        return days_of(events, settings.TIME_ZONE, to_us(since), to_us(end), self.away)

    def today(self, at: datetime) -> Day:
        """Return the local day that is under way, as far as it is."""
        since = midnight(local_day(at)) - timedelta(days=1)
        events = events_of(self._read(since, at, KEYS), self.sensors, to_us(at))
        return day_so_far(events, settings.TIME_ZONE, to_us(at), self.away)

    def events(self, since: datetime, until: datetime) -> list[Fired]:
        """Return what the sensors of the home showed within a time, in order."""
        readings = self._read(since - timedelta(days=1), until, KEYS)
        found = events_of(readings, self.sensors, to_us(until))
        return [one for one in found if one.until_us >= to_us(since)]

    def night(self, on: date, until: datetime | None = None) -> NightSummary:
        """Return the night that ends on a local day, as far as it is known until a moment."""
        begin = datetime.combine(on - timedelta(days=1), NIGHT_FROM, zone())
        end = datetime.combine(on, NIGHT_UNTIL, zone())
        end = end if until is None else min(end, until)
        readings = list(self._read(begin - timedelta(hours=6), end, NIGHT_KEYS))
        told = summarise(readings, to_us(begin), to_us(end))
        if told.bed_us is None or not (worn := _worn(readings, told.bed_us)):
            return told
        return summarise(readings, to_us(begin), to_us(end), judge_night(shipped(), worn))

    def _read(self, since: datetime, until: datetime, keys: Iterable[str]) -> Sequence[Reading]:
        found = telemetry.stream(
            subjects=self.subjects, since=since, until=until, codes=numbers(keys)
        )
        return list(found)


def _worn(readings: Sequence[Reading], since_us: int) -> list[Reading]:
    """Return what the watch that said most told from going to bed on, as its model was taught."""
    telling = set(numbers(WATCH_KEYS))
    said = [r for r in readings if r.effective_us >= since_us and telling & set(r.codes)]
    watches = Counter(r.device for r in said)
    if not watches:
        return []
    watch = min(watches, key=lambda device: (-watches[device], device))
    return [r for r in said if r.device == watch]


def source_of(person: UUID, *, since: datetime, until: datetime) -> Source:
    """Return what a person's daily life is known from within a time; 2 queries."""
    found = devices_of([person], since=since - timedelta(days=1), until=until)
    periods = absence_reads.periods_for_rules(person, at=until)
    away = tuple((start, end) for start, end in periods)
    return Source(person, frozenset(subjects_of([person], found)), _sensors(found), away)


def _sensors(found: Iterable[DeviceSnapshot]) -> dict[str, str]:
    """Return the channel of each device by its id, by its type and the room that it is in now."""
    kinds = devices.all_types()
    channels: dict[str, str] = {}
    for device in found:
        kind = kinds.get(device.type)
        measured = [code.key for code in kind.measures] if kind is not None else []
        key = next((key for key in KEYS if key in measured), None)
        room = device.bindings[-1].place_kind if device.bindings else ""
        channel = None if key is None else channel_of_device(key, room)
        if channel is not None:
            channels[str(device.id)] = channel
    return channels
