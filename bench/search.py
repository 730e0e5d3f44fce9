"""`bench search`: finding persons among a million by name, pinyin, initials, tails and ID number.

scale is in thousand persons (1000 by default), in twenty counties of one province. One county's are
sealed and indexed as the product does it and stored by COPY; the others have the same names with
marks of their own. They are built once, with a bar, and kept. Asked is what a registrar types, by
the registrar of a county and by that of the whole province: the selector alone, and the whole page
over Django's own client.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from bench.house import in_process
from bench.options import Options, percentile
from bench.reads import _bar

COUNTIES, TOWNS, COMMUNITIES = 20, 10, 10
COUNTY = "990107"
CHUNK = 5_000
WARM, ASKED, PAGES = 20, 750, 60
COLUMNS = (
    "id, name, pinyin, sex, birth_on, id_number_sealed, id_number_index, phone_sealed, living,"
    " region_code, merged_ids, created_at"
)
ENTRY = "id, kind, target, region_code, title, grams, pinyin, initials, marks, key, rank"


def run(options: Options) -> dict[str, float]:
    """Build what is not built yet, then measure; return flat figures."""
    thousand = round(options.scale or 1000)
    folder = options.state / f"search-{thousand}"
    folder.mkdir(parents=True, exist_ok=True)
    with in_process(folder) as cluster:
        built = folder / "built"
        if not built.exists():
            options.say(f"building {thousand:,} thousand persons in {cluster.home}")
            began = time.perf_counter()
            _build(thousand * 1000)
            built.write_text(f"{time.perf_counter() - began:.0f}", encoding="utf-8")
        options.say("measuring")
        figures = {"persons": thousand * 1000.0, "build_s": float(built.read_text("utf-8"))}
        return figures | _measure(options.say)


def communities() -> list[str]:
    """Return the codes of all communities of the benchmark's province."""
    return [
        f"9901{county:02d}{town:03d}{place:03d}"
        for county in range(1, COUNTIES + 1)
        for town in range(1, TOWNS + 1)
        for place in range(1, COMMUNITIES + 1)
    ]


def regions() -> None:
    """Make the benchmark's divisions."""
    from songhe.base.regions.models import Region

    wanted = communities()
    for size in (2, 4, 6, 9, 12):
        Region.objects.bulk_create(
            [
                Region(code=code, name=code[-3:], level=size, parent_id=_above(code))
                for code in sorted({one[:size] for one in wanted})
            ],
            ignore_conflicts=True,
        )


def _above(code: str) -> str | None:
    return next((code[:size] for size in (9, 6, 4, 2) if size < len(code)), None)


def people(
    count: int, chance: random.Random, places: Sequence[str]
) -> Iterator[tuple[str, str, date, str, str, str]]:
    """Yield (name, sex, birth, ID number, phone, community), by rule."""
    from songhe.config.demo.names import person_name
    from songhe.domains.people.idnumber import check_digit

    orders: dict[tuple[str, date, str], int] = {}
    for number in range(count):
        sex = "female" if chance.random() < 0.55 else "male"
        born = date(1928, 1, 1) + timedelta(days=chance.randrange(14_000))
        place = places[number % len(places)]
        key = (place[:6], born, sex)
        order = orders[key] = orders.get(key, -2 + (sex == "male")) + 2
        first = f"{place[:6]}{born:%Y%m%d}{order % 1000:03d}"
        phone = f"154{number:08d}"
        yield person_name(chance, sex), sex, born, first + check_digit(first), phone, place


def _build(count: int) -> None:
    from django.db import connection

    from songhe.engines.search.models import SearchEntry

    regions()
    own = [place for place in communities() if place.startswith(COUNTY)]
    originals = count // COUNTIES
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE people_person, search_entry CASCADE")
        cursor.execute("ALTER TABLE people_person DISABLE TRIGGER USER")
        indexes = SearchEntry._meta.indexes
        for index in indexes:
            cursor.execute(f'DROP INDEX IF EXISTS "{index.name}"')
        rows = people(originals, random.Random(7), own)
        steps = COUNTIES + len(indexes)
        while some := list(islice(rows, CHUNK)):
            _bar(0.5, steps, "the county's own")
            _copy(cursor, some)
        for number in range(1, COUNTIES):
            _bar(number, steps, f"county {number + 1} of {COUNTIES}")
            if f"9901{number:02d}" != COUNTY:
                _another(cursor, f"9901{number:02d}")
        _another(cursor, f"9901{COUNTIES:02d}")
        for number, index in enumerate(indexes):
            _bar(COUNTIES + number, steps, index.name)
            with connection.schema_editor() as editor:
                editor.add_index(SearchEntry, index)
        cursor.execute("ALTER TABLE people_person ENABLE TRIGGER USER")
        cursor.execute("VACUUM ANALYZE people_person, search_entry")
    _bar(1, 1, "built")


def _another(cursor: Any, county: str) -> None:
    """Give another county as many persons of the same names; their marks are their own."""
    cursor.execute(
        "CREATE TEMP TABLE pairs AS SELECT id AS source, gen_random_uuid() AS id"
        " FROM people_person WHERE region_code LIKE %s",
        [COUNTY + "%"],
    )
    cursor.execute(
        f"INSERT INTO people_person ({COLUMNS}) SELECT c.id, name, pinyin, sex,"
        " birth_on + (random() * 300)::int, id_number_sealed,"
        " decode(md5(c.id::text) || md5(c.id::text || 'x'), 'hex'), phone_sealed, living,"
        " %s || substr(region_code, 7), merged_ids, created_at FROM pairs c JOIN people_person p ON"
        " p.id = c.source",
        [county],
    )
    cursor.execute(
        f"INSERT INTO search_entry ({ENTRY}) SELECT c.id, kind, c.id, %s || substr(region_code, 7),"
        " title, grams, pinyin, initials, ARRAY(SELECT decode(md5(encode(m, 'hex') || %s), 'hex')"
        "   FROM unnest(marks) m), key, rank FROM pairs c JOIN search_entry e ON e.id = c.source",
        [county, county],
    )
    cursor.execute("DROP TABLE pairs")


def _copy(cursor: Any, rows: list[tuple[str, str, date, str, str, str]]) -> None:
    from songhe.domains.people import indexing, sealing
    from songhe.domains.people.models import Person
    from songhe.engines.search.words import first_reading, spelling
    from songhe.kernel.ids import uuid7

    now = datetime.now(UTC)
    persons, entries = [], []
    for name, sex, born, number, phone, place in rows:
        row = Person(id=uuid7(), name=name, region_code=place)
        sealing.put_id_number(row, number, today=now.date())
        sealing.put_phone(row, phone)
        how = spelling(name)
        marks = sealing.marks_of(region_code=place, phone=phone, number=number)
        persons.append(
            (row.pk, name, first_reading(name), sex, born, row.id_number_sealed,
             row.id_number_index, row.phone_sealed, "family", place, [], now)
        )  # fmt: skip
        entries.append(
            (row.pk, indexing.KIND, row.pk, place, how.title, how.grams, how.pinyin,
             how.initials, marks, 1, 0)
        )  # fmt: skip
    for table, columns, found in (
        ("people_person", COLUMNS, persons),
        ("search_entry", ENTRY, entries),
    ):
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for one in found:
                copy.write_row(one)


def _questions(chance: random.Random) -> list[tuple[str, str]]:
    """Return (kind, words) as people type them, of persons who live there and of nobody."""
    from django.db import connection

    from songhe.domains.people import sealing
    from songhe.domains.people.models import Person
    from songhe.engines.search.words import spelling

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM people_person WHERE region_code LIKE %s LIMIT 20000", [COUNTY + "%"]
        )
        ids = sorted(row[0] for row in cursor.fetchall())
    rows = list(Person.objects.filter(pk__in=chance.sample(ids, min(200, len(ids)))))
    kinds: dict[str, Callable[[Person], str]] = {
        "name": lambda row: row.name,
        "given": lambda row: row.name[1:],
        "family": lambda row: row.name[0],
        "pinyin": lambda row: row.pinyin,
        "spaced": lambda row: f"{row.name[0]} {spelling(row.name[1:]).pinyin}",
        "family_pinyin": lambda row: spelling(row.name[0]).pinyin.split(" ")[0],
        "letter": lambda row: row.pinyin[0],
        "letters_apart": lambda row: " ".join(spelling(row.name).initials.split(" ")[0]),
        "given_family": lambda row: f"{row.name[-1]} {row.name[0]}",
        "name_letter": lambda row: f"{row.name[0]} {spelling(row.name[1]).initials[:1]}",
        "initials": lambda row: spelling(row.name).initials.split(" ")[0],
        "tail": lambda row: (sealing.phone_of(row) or "")[-4:],
        "name_tail": lambda row: f"{row.name[0]} {(sealing.phone_of(row) or '')[-4:]}",
        "number": lambda row: sealing.id_number_of(row) or "",
        "nobody": lambda row: row.pinyin[::-1] + "zq",
    }
    found = []
    for number in range(WARM + ASKED):
        kind = list(kinds)[number % len(kinds)]
        words = kinds[kind](chance.choice(rows))
        found.append((kind, words or "nobody"))
    return found


def _measure(say: Callable[[str], None]) -> dict[str, float]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from songhe.base.access import services as access
    from songhe.base.access.actor import SYSTEM
    from songhe.base.accounts.models import User
    from songhe.domains.people import selectors

    figures: dict[str, float] = {}
    now = datetime.now(UTC)
    for scope, prefix in (("county", COUNTY), ("province", "99")):
        user, made = User.objects.get_or_create(login=scope, defaults={"display_name": scope})
        if made:
            access.give_role(
                actor=SYSTEM, user=user, role="registrar", region_prefix=prefix, at=now
            )
        actor = access.actor_for(user, datetime.now(UTC))
        times: dict[str, list[float]] = {}
        hits: list[float] = []
        for number, (kind, words) in enumerate(_questions(random.Random(5))):
            began = time.perf_counter()
            found = selectors.find_persons(actor, words)
            took = (time.perf_counter() - began) * 1000
            if number >= WARM:
                times.setdefault(kind, []).append(took)
                hits.append(len(found.persons))
            if kind != "nobody":
                assert found.persons or found.more, (kind, words)
        everything = [one for some in times.values() for one in some]
        with CaptureQueriesContext(connection) as asked:
            selectors.find_persons(actor, "wang")
        figures[f"{scope}_p50_ms"] = percentile(everything, 0.5)
        figures[f"{scope}_p95_ms"] = percentile(everything, 0.95)
        figures[f"{scope}_p99_ms"] = percentile(everything, 0.99)
        figures[f"{scope}_most_ms"] = max(everything)
        figures[f"{scope}_rows_mean"] = sum(hits) / len(hits)
        figures[f"{scope}_queries"] = len(asked)
        for kind, some in times.items():
            figures[f"{scope}_{kind}_p95_ms"] = percentile(some, 0.95)
            figures[f"{scope}_{kind}_most_ms"] = max(some)
        pages = _pages(user, _questions(random.Random(6))[:PAGES])
        figures[f"{scope}_page_p95_ms"] = percentile(pages, 0.95)
        say(f"{scope}: p95 {figures[f'{scope}_p95_ms']:.0f} ms")
    return figures


def _pages(user: Any, asked: list[tuple[str, str]]) -> list[float]:
    """Return how long the list's whole page takes for each question, in milliseconds."""
    from django.test import Client

    from songhe.base.accounts.testing import signed_in

    client = signed_in(Client(), user, at=datetime.now(UTC))
    found = []
    for number, (_kind, words) in enumerate(asked):
        began = time.perf_counter()
        answer = client.get("/people/", {"words": words})
        if answer.status_code != 200:
            print(f"the page answered {answer.status_code}", file=sys.stderr)
            raise SystemExit(1)
        if number >= 5:
            found.append((time.perf_counter() - began) * 1000)
    return found
