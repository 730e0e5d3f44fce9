"""Writes the days before now: what the simulated devices said, as the gateway would have stored it.

Packed with the gateway's own row format and put in by COPY, with its keys and fingerprints, its
`latest` and its `device_seen`. Only while the gateway does not run: it is otherwise their writer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain, islice
from uuid import UUID

import msgspec
from django.db import connection, transaction

from songhe.config.demo.model import County, Gadget
from songhe.config.simulate.life import MEASURING, Window, of_household
from songhe.config.simulate.said import Said
from songhe.gateway.writer import rows
from songhe.kernel import codes
from songhe.kernel.time import DAY_US, HOUR_US, SECOND_US, from_us, to_us
from songhe.kernel.wire import DeviceSnapshot, Flag, Reading, SubjectKind

MEASURED_DAYS = 14
ROOMS_DAYS = 4
# So many homes, that of Grandma Chen first, have four weeks of their rooms: what is usual there is
# known on the first day.
KNOWN_HOMES, KNOWN_DAYS = 3, 28
STATUS_US = 6 * HOUR_US
# Further back one word in three hours is kept: a sensor that is silent for longer is not believed.
SPARSE_HOURS = 3
# A measuring device says how it is three times a day only, and must have been heard of.
MEASURING_STATUS_US = DAY_US
# What an hour of network and batching makes of a reading: it is received a little later.
TRAVEL_US = SECOND_US
_CHUNK = 20_000
Say = Callable[[str], None]
Keep = Callable[[Said], bool]
Cell = tuple[int, float, UUID]


@dataclass(slots=True)
class Told:
    """What the stored messages leave behind: newest values by subject, last words by device."""

    latest: dict[UUID, tuple[int, dict[int, Cell]]] = field(default_factory=dict)
    heard: dict[int, int] = field(default_factory=dict)
    battery: dict[int, float] = field(default_factory=dict)
    rssi: dict[int, float] = field(default_factory=dict)
    stored: int = 0


class Subjects:
    """Of whom or what each device speaks, by the very snapshots that the gateway reads."""

    def __init__(self, county: County, known: Mapping[str, DeviceSnapshot]) -> None:
        self.snapshots = [known.get(gadget.key) for gadget in county.gadgets]
        self._numbers = {code.code: code.number for code in codes.all_codes()}

    @classmethod
    def stored(cls, county: County) -> Subjects:
        """Return them from the table that the gateway reads."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT key, body FROM gateway_device")
            rows = cursor.fetchall()
        return cls(
            county, {key: msgspec.convert(_loaded(body), DeviceSnapshot) for key, body in rows}
        )

    def reading(self, said: Said) -> Reading | None:
        """Return a message as the gateway stores it; None for a device that is not there."""
        snapshot = self.snapshots[said.gadget]
        if snapshot is None or not snapshot.active:
            return None
        bound = next((b for b in reversed(snapshot.bindings) if b.since_us <= said.at_us), None)
        kind, subject, person, flags = int(SubjectKind.DEVICE), snapshot.id, None, 0
        if bound is not None and (bound.until_us is None or said.at_us < bound.until_us):
            person = bound.person
            if said.kind != "status":
                kind, subject = bound.subject_kind, bound.subject
        if said.kind != "status" and snapshot.wellness:
            flags = int(Flag.WELLNESS)
        numbers = tuple(self._numbers[code] for code, _ in said.values)
        values = tuple(value for _, value in said.values)
        return Reading(
            kind,
            subject,
            snapshot.id,
            said.at_us,
            said.at_us + TRAVEL_US,
            numbers,
            values,
            flags,
            person,
        )


def _loaded(body: object) -> object:
    """Return a JSON column, which a plain cursor may hand over as text."""
    return json.loads(body) if isinstance(body, str) else body


def last_heard_us() -> int:
    """Return when any device was last heard of, 0 if never."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(received_at) FROM device_seen")
        (found,) = cursor.fetchone()
    return 0 if found is None else to_us(found)


def fill(
    county: County,
    *,
    since_us: int,
    until_us: int,
    zone: str,
    extra: Iterable[Said] = (),
    keep: Keep = lambda _: True,
    say: Say,
) -> int:
    """Store what all devices said in a half-open stretch of time; return how many readings.

    Of the older days only what a chart needs: measured values of 14 days, rooms of 4 days (of four
    weeks in known homes), the devices' own state of some hours. keep drops usual messages that were
    not said (a device in trouble), extra is what was said instead. Batteries and last words are
    written at the end.
    """
    told = Told()
    subjects = Subjects.stored(county)
    with transaction.atomic():
        _partitions(since_us, until_us)
        _temporary()
        messages = _messages(county, since_us, until_us, zone)
        all_kept = chain((one for one in messages if keep(one)), extra)
        while chunk := list(islice(all_kept, _CHUNK)):
            _store(chunk, subjects, told)
            if told.stored % (5 * _CHUNK) == 0:
                say(f"{told.stored:,} readings of the past days")
        _write_latest(told, until_us)
        _write_seen(told, subjects)
        _no_temporary()
    return told.stored


def _messages(county: County, since_us: int, until_us: int, zone: str) -> Iterator[Said]:
    measured = max(since_us, until_us - MEASURED_DAYS * DAY_US)
    states = [
        max(since_us, until_us - (MEASURING_STATUS_US if gadget.type in MEASURING else STATUS_US))
        for gadget in county.gadgets
    ]

    def measures(gadget: Gadget) -> bool:
        return gadget.type in MEASURING

    for place in county.households:
        days = KNOWN_DAYS if place.index < KNOWN_HOMES else ROOMS_DAYS
        rooms = max(since_us, until_us - days * DAY_US)
        early = Window(measured, max(measured, rooms), statuses=False)
        yield from of_household(county, place, early, zone, choose=measures)
        late = Window(rooms, until_us)
        for one in of_household(county, place, late, zone):
            if one.kind != "status" or one.at_us >= states[one.gadget] or _is_kept(county, one):
                yield one


def _is_kept(county: County, said: Said) -> bool:
    """Tell whether an old status of a room's sensor is kept."""
    is_hour = said.at_us // HOUR_US % SPARSE_HOURS == 0
    return is_hour and county.gadgets[said.gadget].type not in MEASURING


def _partitions(since_us: int, until_us: int) -> None:
    day, last = _day(since_us), _day(until_us)
    with connection.cursor() as cursor:
        while day <= last:
            cursor.execute("SELECT ensure_reading_day(%s)", [day])
            day += timedelta(days=1)


def _day(moment_us: int) -> date:
    return from_us(moment_us).date()


def _temporary() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE past_reading (LIKE reading_hot)")
        cursor.execute("CREATE TEMP TABLE past_latest (LIKE latest)")


def _no_temporary() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE past_reading, past_latest")


def _store(chunk: list[Said], subjects: Subjects, told: Told) -> None:
    packed = []
    for said in chunk:
        reading = subjects.reading(said)
        if reading is None:
            continue
        packed.append(rows.reading(reading, reading.fingerprint))
        _remember(said, reading, told)
    with connection.cursor() as cursor:
        columns = rows.READING_COLUMNS
        with cursor.copy(f"COPY past_reading ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(rows.stream(packed))
        cursor.execute(
            f"INSERT INTO reading_hot ({columns}) SELECT {columns} FROM past_reading"  # noqa: S608
            " ON CONFLICT DO NOTHING"
        )
        told.stored += cursor.rowcount
        cursor.execute("TRUNCATE past_reading")


def _remember(said: Said, reading: Reading, told: Told) -> None:
    _, cells = told.latest.setdefault(reading.subject, (reading.subject_kind, {}))
    for code, value in zip(reading.codes, reading.values, strict=True):
        cell = cells.get(code)
        if cell is None or reading.effective_us > cell[0]:
            cells[code] = (reading.effective_us, value, reading.device)
    told.heard[said.gadget] = max(told.heard.get(said.gadget, 0), said.at_us)
    if said.kind == "status":
        for name, value in said.values:
            kept = told.battery if name == "songhe:battery" else told.rssi
            kept[said.gadget] = value


def _write_latest(told: Told, until_us: int) -> None:
    """Write the newest values, over those of earlier days where there are some."""
    columns = rows.LATEST_COLUMNS
    with connection.cursor() as cursor:
        cursor.execute("SELECT subject, subject_kind, codes, times, vals, devices FROM latest")
        for subject, kind, numbers, times, values, devices in cursor.fetchall():
            _, cells = told.latest.setdefault(subject, (kind, {}))
            for code, moment, value, device in zip(numbers, times, values, devices, strict=True):
                cells.setdefault(code, (round(moment.timestamp() * 1e6), value, device))
        packed = [
            rows.latest(subject, kind, cells, until_us)
            for subject, (kind, cells) in told.latest.items()
        ]
        with cursor.copy(f"COPY past_latest ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(rows.stream(packed))
        cursor.execute("DELETE FROM latest WHERE subject IN (SELECT subject FROM past_latest)")
        cursor.execute(f"INSERT INTO latest ({columns}) SELECT {columns} FROM past_latest")  # noqa: S608


def _write_seen(told: Told, subjects: Subjects) -> None:
    """Write when each device was last heard of."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO device_seen (device, last_at, received_at, online, battery_pct, rssi_dbm)
            VALUES (%s, %s, %s, false, %s, %s)
            ON CONFLICT (device) DO UPDATE SET
              last_at = greatest(device_seen.last_at, EXCLUDED.last_at),
              received_at = greatest(device_seen.received_at, EXCLUDED.received_at),
              battery_pct = coalesce(EXCLUDED.battery_pct, device_seen.battery_pct),
              rssi_dbm = coalesce(EXCLUDED.rssi_dbm, device_seen.rssi_dbm)
            """,
            [
                (
                    snapshot.id,
                    from_us(heard_us),
                    from_us(heard_us + TRAVEL_US),
                    told.battery.get(gadget),
                    told.rssi.get(gadget),
                )
                for gadget, heard_us in told.heard.items()
                if (snapshot := subjects.snapshots[gadget]) is not None
            ],
        )
