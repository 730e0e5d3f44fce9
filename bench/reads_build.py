"""Builds the county of `bench reads`: persons, a month of readings, roll-ups, newest values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from songhe.base.access.actor import SYSTEM
from songhe.base.regions.services import add_region, load_divisions
from songhe.config.demo import places
from songhe.domains.people.bulk import NewHousehold, NewPerson, NewRoom, register_households
from songhe.domains.telemetry import kept
from songhe.domains.telemetry.services import regions, seal_day, seal_old_days
from songhe.kernel.wire import fingerprint

DAYS = 30
A_DAY = 56  # messages of each of two devices: 30 days, 6 codes and 10,000 persons give 100 million
REALLY_SEALED = 3
NEWEST = 10_000
MONITOR, CUFF = (4, 6, 5, 7), (1, 2)
Say = Callable[[str], None]
Bar = Callable[[float, float, str], None]
_DEVICES = """
CREATE TABLE bench_person AS
SELECT id AS subject, gen_random_uuid() AS monitor, gen_random_uuid() AS cuff FROM people_person
"""
# Times wander within their 26 minutes, values like a person's do; received within three seconds.
_DAY = """
INSERT INTO reading_hot (subject_kind, subject, device, effective_at, fingerprint, received_at,
                         codes, vals, flags, person)
SELECT 1, subject, {device}, at, %(mark)s, at + random() * interval '3 seconds',
       %(codes)s::smallint[], {values}, 64, subject
  FROM bench_person, generate_series(0, %(last)s) AS n
 CROSS JOIN LATERAL (
   SELECT %(day)s::timestamptz + n * interval '1540 seconds'
          + (random() * 1539999)::int * interval '1 millisecond' AS at
 ) t
 WHERE at < %(until)s
"""
_VALUES = {
    MONITOR: "ARRAY[round(60 + random() * 40), round(91 + random() * 8), round(12 + random() * 9),"
    " round((36 + random())::numeric, 1)]::float8[]",
    CUFF: "ARRAY[round(110 + random() * 50), round(65 + random() * 25)]::float8[]",
}
_COPY_REGION = """
INSERT INTO region_hour (region_code, code, began_at, persons, n, total, low, high)
SELECT region_code, code, began_at + %s * interval '1 day', persons, n, total, low, high
  FROM region_hour WHERE began_at >= %s AND began_at < %s ON CONFLICT DO NOTHING
"""
_LATEST = """
INSERT INTO latest (subject, subject_kind, codes, times, vals, devices, updated_at)
SELECT subject, 1, ARRAY[1,2,4,5,6,7]::smallint[], array_fill(%s::timestamptz, ARRAY[6]),
       ARRAY[round(110 + random() * 50), 80, 70, 15, 96, 36.6],
       ARRAY[cuff, cuff, monitor, monitor, monitor, monitor], %s
  FROM (SELECT subject, monitor, cuff FROM bench_person
        UNION ALL
        SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid()
          FROM generate_series(1, %s)) p
"""


def build(persons: int, say: Say, bar: Bar) -> dict[str, Any]:
    """Build everything; return its now and the figures that only building knows."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    today = now.date()
    first = today - timedelta(days=DAYS - 1)
    newest_sealed = today - timedelta(days=kept.settings().hot_days + 1)
    real = [newest_sealed - timedelta(days=n) for n in range(REALLY_SEALED)]
    _persons(persons, now - timedelta(days=DAYS + 10))
    _do(_DEVICES)
    began = datetime.now(UTC)
    total = DAYS + 8
    for done, day in enumerate(sorted(real)):
        bar(done, total, f"{day} through the product's sealing")
        _hot_day(day, now)
        seal_old_days(clock=lambda: now)
    for n in range(REALLY_SEALED + 1):  # a local day reaches into two UTC days
        regions.roll_up_regions(min(real) + timedelta(days=n))
    sealing_s = (datetime.now(UTC) - began).total_seconds()
    size = _size_of_sealed()
    done = REALLY_SEALED
    for day in (first + timedelta(days=n) for n in range(DAYS)):
        if day < real[-1]:
            bar(done, total, f"{day} by copying")
            _copy_day(real[done % REALLY_SEALED], day)
        elif day > newest_sealed:
            bar(done, total, f"{day} hot")
            _hot_day(day, now)
        else:
            continue
        done += 1
    for n in range(kept.settings().hot_days + 2):
        bar(done, total, "regions of the newest days")
        regions.roll_up_regions(newest_sealed + timedelta(days=n))
    bar(done, total, "newest values, statistics")
    _do(_LATEST, [now, now, max(0, NEWEST - persons)])
    single = _single_codes(first - timedelta(days=40))
    _do("VACUUM ANALYZE")
    bar(total, total, "built")
    ((readings,),) = _do(
        "SELECT (SELECT sum(n * cardinality(s.codes)) FROM reading_day r JOIN reading_shape s"
        " ON s.id = r.shape) + (SELECT sum(cardinality(codes)) FROM reading_hot)"
    )
    say(f"{readings:,} readings of {persons:,} persons")
    return {
        "now": now.isoformat(),
        "figures": {
            "readings": float(readings),
            "persons": float(persons),
            "bytes_per_reading": size,
            "bytes_per_reading_one_code": single,
            "sealed_days_through_job": float(REALLY_SEALED),
            "fill_and_seal_readings_per_s": REALLY_SEALED * persons * A_DAY * 6 / sealing_s,
        },
    }


def _do(statement: str, given: Any = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return list(cursor.fetchall()) if cursor.description is not None else []


def _persons(count: int, since: datetime) -> None:
    load_divisions()
    own = (places.PROVINCE, places.CITY, places.COUNTY, *places.TOWNS, *places.COMMUNITIES)
    for place in own:
        add_region(
            code=place.code, name=place.name, name_en=place.name_en, lat=place.lat, lon=place.lon
        )
    communities = [place.code for place in places.COMMUNITIES]
    homes = [
        NewHousehold(
            region_code=communities[number % len(communities)],
            address=f"{number}",
            rooms=[NewRoom("bedroom", "1")],
            persons=[NewPerson(name=f"测{number}", sex="female", birth_on=date(1944, 5, 1))],
        )
        for number in range(count)
    ]
    register_households(actor=SYSTEM, households=homes, at=since)


def _hot_day(day: date, now: datetime) -> None:
    """Store a day's messages hot, today's until now."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    _do("SELECT ensure_reading_day(%s)", [day])
    for numbers, device in ((MONITOR, "monitor"), (CUFF, "cuff")):
        given = {
            "mark": fingerprint(numbers),
            "codes": list(numbers),
            "day": start,
            "last": A_DAY - 1,
            "until": min(now, start + timedelta(days=1)),
        }
        _do(_DAY.format(device=device, values=_VALUES[numbers]), given)
    _do(f"ANALYZE reading_hot_{day:%Y%m%d}")


def _size_of_sealed() -> float:
    """Return the bytes on the disk, with index, of a value that the product's job has sealed."""
    for name in _leaves("reading_day"):
        _do(f"VACUUM ANALYZE {name}")
    ((size, readings),) = _do(
        "SELECT (SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits"
        " WHERE inhparent = 'reading_day'::regclass), (SELECT sum(readings) FROM sealed_day)"
    )
    return float(size) / float(readings)


def _leaves(parent: str) -> list[str]:
    found = _do(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [parent]
    )
    return [name for (name,) in found]


def _copy_day(source: date, day: date) -> None:
    """Make a sealed day that is like another one, with its roll-ups."""
    columns = (
        "subject, device, person, shape, n, flags, lag_s, subject_kind, is_own, offsets_ms,"
        " offsets_us, vals16, vals32, vals64, lags16, lags32, flags_each"
    )
    _do("SELECT ensure_sealed_month(%s)", [day])
    _do(
        f"INSERT INTO reading_day (day, {columns}) SELECT %s, {columns} FROM reading_day"
        " WHERE day = %s ORDER BY subject, device",
        [day, source],
    )
    _do(
        "INSERT INTO sealed_day SELECT %s, messages, readings, bytes, first_sealed_at, sealed_at"
        " FROM sealed_day WHERE day = %s",
        [day, source],
    )
    start = datetime(source.year, source.month, source.day, tzinfo=UTC)
    _do(_COPY_REGION, [(day - source).days, start, start + timedelta(days=1)])
    _do(
        "INSERT INTO reading_month SELECT subject, date_trunc('month', %s::date)::date, code,"
        " ARRAY[extract(day FROM %s::date)::smallint], counts[1:1], sums[1:1],"
        " ARRAY[edges[1], edges[1 + cardinality(days)], edges[1 + 2 * cardinality(days)],"
        "       edges[1 + 3 * cardinality(days)]]"
        " FROM reading_month WHERE month = date_trunc('month', %s::date)"
        " ON CONFLICT (subject, code, month) DO UPDATE SET"
        " days = reading_month.days || EXCLUDED.days,"
        " counts = reading_month.counts || EXCLUDED.counts,"
        " sums = reading_month.sums || EXCLUDED.sums,"
        " edges = reading_month.edges || EXCLUDED.edges",
        [day, day, source],
    )


def _single_codes(day: date) -> float:
    """Return the bytes of a sealed value where every message carries one code alone."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    before = _total("reading_day")
    _do("SELECT ensure_reading_day(%s)", [day])
    _do(
        "INSERT INTO reading_hot SELECT 1, subject, device, at, %s,"
        " at + random() * interval '3 seconds', ARRAY[4]::smallint[],"
        " ARRAY[round(60 + random() * 40)], 64, subject"
        " FROM (SELECT subject, gen_random_uuid() AS device FROM bench_person LIMIT 500) p,"
        " generate_series(0, %s) AS n"
        " CROSS JOIN LATERAL (SELECT %s::timestamptz + n * interval '1540 seconds'"
        "   + (random() * 1539999)::int * interval '1 millisecond' AS at) t",
        [fingerprint((4,)), A_DAY - 1, start],
    )
    seal_day(day, at=start + timedelta(days=40))
    ((readings,),) = _do("SELECT readings FROM sealed_day WHERE day = %s", [day])
    return (_total("reading_day") - before) / float(readings)


def _total(parent: str) -> float:
    ((size,),) = _do(
        "SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0) FROM pg_inherits"
        " WHERE inhparent = %s::regclass",
        [parent],
    )
    return float(size)
