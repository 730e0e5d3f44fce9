"""`bench reads`: reading sealed days at the size of a county, beside the raw limits.

scale is in million readings (100 by default: 10,000 persons, 6 codes, 30 days, 56 a day). It is
built once with a bar and kept. Three days of it go through the product's own sealing, on which
`bytes_per_reading` is measured; the other sealed days are copies of those; four days are hot.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from bench.house import in_process
from bench.options import Options, percentile

if TYPE_CHECKING:
    from songhe.domains.people.selectors import PersonView

PERSONS_A_MILLION = 100
TREND_DAYS = 30
WARM, TRENDS, TABLES, MONTHS = 20, 600, 60, 200
MONTH = timedelta(days=30)


def run(options: Options) -> dict[str, float]:
    """Build what is not built yet, then measure; return flat figures."""
    scale = options.scale or 100.0
    folder = options.state / f"reads-{scale:g}"
    folder.mkdir(parents=True, exist_ok=True)
    with in_process(folder) as cluster:
        from bench import reads_build

        built = folder / "built.json"
        if not built.exists():
            options.say(f"building {scale:g} million readings in {cluster.home}")
            told = reads_build.build(round(scale * PERSONS_A_MILLION), options.say, _bar)
            built.write_text(json.dumps(told), encoding="utf-8")
        told = json.loads(built.read_text(encoding="utf-8"))
        options.say("measuring")
        figures: dict[str, float] = told["figures"]
        return _measure(datetime.fromisoformat(told["now"]), options.say) | figures


def _bar(done: float, total: float, words: str) -> None:
    """Draw how far it is."""
    filled = round(30 * done / total)
    end = "\n" if done >= total else ""
    print(f"\r  [{'#' * filled}{' ' * (30 - filled)}] {words:<44}", end=end, file=sys.stderr)


def _times_ms(call: Callable[[Any], object], given: Iterable[Any]) -> list[float]:
    """Return how long each call took, after some that are not counted."""
    found = []
    for number, one in enumerate(given):
        began = time.perf_counter()
        call(one)
        if number >= WARM:
            found.append((time.perf_counter() - began) * 1000)
    return found


def _measure(now: datetime, say: Callable[[str], None]) -> dict[str, float]:
    from songhe.base.access.actor import SYSTEM
    from songhe.config.demo import places
    from songhe.domains.people import selectors as people
    from songhe.domains.telemetry import selectors

    chance = random.Random(3)
    persons = [row[0] for row in _rows("SELECT id FROM people_person")]
    subjects = [row[0] for row in _rows("SELECT subject FROM latest LIMIT 10000")]
    asked = chance.choices(persons, k=WARM + TRENDS)
    views = people.person_views(SYSTEM, set(asked))
    since = now - MONTH

    def trend(person: UUID) -> None:
        lines = selectors.lines_of(SYSTEM, views[person], ["heart-rate"], since, now)
        if len(lines["heart-rate"]) < TREND_DAYS:
            raise SystemExit("the trend is not there")

    def year(person: UUID) -> None:
        selectors.courses_of(
            SYSTEM, views[person], ["heart-rate"], now - timedelta(days=3650), now, step="month"
        )

    keys = ("sbp", "dbp", "heart-rate", "spo2", "respiration", "temperature")

    def newest(_: int) -> None:
        if np.isnan(selectors.newest_of(subjects, keys)[0]).any():
            raise SystemExit("the newest values are not there")

    def month(key: str) -> None:
        found = selectors.region_hours(SYSTEM, places.COUNTY.code, key, since, now)
        if len(found) < 24 * (TREND_DAYS - 1):
            raise SystemExit("the region's month is not there")

    chance.shuffle(asked)
    say("trends, for the first time after the start, and again")
    cold = _times_ms(trend, asked)
    trends = _times_ms(trend, asked)
    raws = _times_ms(lambda person: _raw_trend(person, since, now), asked[: WARM + 200])
    _times_ms(year, asked[: WARM + 200])
    years = _times_ms(year, asked[: WARM + 200])
    say("newest values of 10,000, months of a region")
    tables = _times_ms(newest, range(WARM + TABLES))
    counted = _times_ms(lambda _: _count_latest(subjects), range(WARM + TABLES))
    months = _times_ms(month, chance.choices(keys, k=WARM + MONTHS))
    say("the same by scanning")
    _scan_ms(since, now)
    return {
        "trend_p50_ms": percentile(trends, 0.5),
        "trend_p99_ms": percentile(trends, 0.99),
        "trend_first_p50_ms": percentile(cold, 0.5),
        "trend_first_p99_ms": percentile(cold, 0.99),
        "trend_arrays_p50_ms": percentile(raws, 0.5),
        "ten_years_p99_ms": percentile(years, 0.99),
        "latest_10k_p50_ms": percentile(tables, 0.5),
        "latest_10k_p99_ms": percentile(tables, 0.99),
        "latest_10k_count_p50_ms": percentile(counted, 0.5),
        "region_month_p50_ms": percentile(months, 0.5),
        "region_month_p99_ms": percentile(months, 0.99),
        "region_month_scan_ms": _scan_ms(since, now),
        "plans_by_index": _plans_by_index(views[asked[0]], since, now),
    }


def _rows(statement: str, given: list[Any] | None = None) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return list(cursor.fetchall())


def _raw_trend(person: UUID, since: datetime, now: datetime) -> None:
    """Fetch a person's packed arrays without unpacking them: the limit of the same rows."""
    _rows(
        "SELECT offsets_ms, vals16 FROM reading_day WHERE subject = %s AND day >= %s AND day <= %s",
        [person, since.date(), now.date()],
    )


def _count_latest(subjects: list[UUID]) -> None:
    """Find the same rows without giving anything back: the limit of the table."""
    given = "JOIN unnest(%s::uuid[]) AS a(s) ON s = subject"
    _rows(f"SELECT count(vals) FROM latest {given}", [subjects])


def _scan_ms(since: datetime, now: datetime) -> float:
    """Return how long a month of a region takes without roll-ups, by unpacking one day in 30."""
    day = (now - timedelta(days=10)).replace(hour=0, minute=0, second=0, microsecond=0)
    began = time.perf_counter()
    _rows(
        "SELECT date_trunc('hour', effective_at), count(*), sum(val), min(val), max(val)"
        " FROM reading_values(NULL, ARRAY[4]::smallint[], %s, %s) GROUP BY 1",
        [day, day + timedelta(days=1)],
    )
    return (time.perf_counter() - began) * 1000 * ((now - since) / timedelta(days=1))


def _plans_by_index(person: PersonView, since: datetime, now: datetime) -> float:
    """Return 1 where no plan of the measured reads scans a table of readings from end to end."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from songhe.base.access.actor import SYSTEM
    from songhe.config.demo import places
    from songhe.domains.telemetry import selectors

    with CaptureQueriesContext(connection) as queries:
        selectors.lines_of(SYSTEM, person, ["heart-rate"], since, now)
        selectors.courses_of(SYSTEM, person, ["heart-rate"], since, now, step="day")
        selectors.region_hours(SYSTEM, places.COUNTY.code, "sbp", since, now)
    plans = [
        str(row[0])
        for query in queries.captured_queries
        for row in _rows(f"EXPLAIN {query['sql']}")
    ]
    reads = [line for line in plans if "Seq Scan on re" in line and "(cost=0.00..0.0" not in line]
    scanned = [line for line in reads if "reading_shape" not in line]
    for line in scanned:
        print(f"scanned: {line.strip()}", file=sys.stderr)
    return 0.0 if scanned else 1.0


def main() -> None:
    """Run as a module: `python -m bench.reads --scale 5 --json FILE`."""
    from tools.bench import main as bench

    sys.exit(bench(["reads", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
