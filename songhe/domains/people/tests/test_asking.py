"""What is found and in which order is what plain SQL over all entries says, however it is found."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from songhe.base.database.copying import copy_in
from songhe.domains.people import sealing
from songhe.domains.people.models import Person
from songhe.engines.search import selectors, services
from songhe.engines.search.models import SearchEntry
from songhe.engines.search.words import Asked, asked, grams_of, spelling
from songhe.kernel.ids import uuid7

KIND, MOST = "people.Person", 41
TOWNS = ["990121001001", "990121002001", "990122001001", "990201001001"]
FAMILIES = ["王", "王", "王", "汪", "李", "兰", "单", "欧阳", "秀"]
GIVEN = ["秀兰", "秀英", "兰", "国兰", "文", "王", "小王", "福生", "x"]
pytestmark = pytest.mark.django_db

# Slow and plain: every entry is looked at with the rules as they are told in words.
PLAIN = """
SELECT target, rank FROM (
  SELECT DISTINCT ON (target) target, rank, pinyin,
    CASE WHEN title = %(first)s AND title <> '' OR pinyin = %(joined)s AND pinyin <> '' THEN 0
         WHEN starts_with(title, %(first)s) AND starts_with(pinyin, %(joined)s) THEN 1
         ELSE 2 END AS fit
    FROM search_entry
   WHERE (region_code ~ %(reach)s OR target = ANY (%(granted)s))
     AND grams::text[] @> %(grams)s::text[]
     AND (SELECT coalesce(bool_and(strpos(title, w) > 0), true) FROM unnest(%(hanzi)s::text[]) w)
     AND (%(joined)s = '' OR (' ' || pinyin) ~ (' ' || %(joined)s)
          OR (' ' || initials) ~ (' ' || %(joined)s)
          OR strpos(pinyin, %(joined)s) > 0
             AND (length(%(joined)s) > 2 OR %(hanzi)s <> '{}' OR %(marks)s <> '{}')
          OR cardinality(%(letters)s::text[]) > 1
             AND (SELECT bool_and(strpos(pinyin, w) > 0) FROM unnest(%(letters)s::text[]) w))
     AND (%(marks)s = '{}' OR marks && %(marks)s::bytea[])
   ORDER BY target, rank, fit, pinyin COLLATE "C") f
 ORDER BY rank, fit, pinyin COLLATE "C", target
"""


def plainly(what: Asked, prefixes: list[str], granted: list[UUID], marks: list[bytes]):
    if what.is_empty or not (prefixes or granted):
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            PLAIN,
            {
                "first": what.hanzi[0] if what.hanzi else "",
                "joined": "".join(what.letters),
                "reach": "^(" + "|".join(prefixes) + ")" if prefixes else "^$",
                "granted": granted,
                "grams": [gram for word in what.hanzi for gram in grams_of(word)],
                "hanzi": what.hanzi,
                "letters": what.letters,
                "marks": marks,
            },
        )
        return cursor.fetchall()


@pytest.fixture
def county(db: None) -> list[UUID]:
    """Give entries of persons, some of the past, some merged into another."""
    ids = [uuid7() for _ in range(800)]
    copy_in(Person, [Person(id=ids[0], name="x", pinyin="x", sex="male", region_code=TOWNS[0],
                            birth_on=date(1950, 1, 1), created_at=datetime.now(UTC))])  # fmt: skip
    services.add(
        KIND,
        [
            services.Entry(
                id=pk,
                target=ids[n - 1] if n % 19 == 18 else pk,
                region_code=TOWNS[(n - (n % 19 == 18)) % 4],
                name=FAMILIES[n % 9] + GIVEN[n // 9 % 9],
                marks=sealing.marks_of(
                    region_code=TOWNS[n % 4], phone=f"1540100{n % 37:04d}", number=""
                ),
                is_past=n % 11 == 0,
            )
            for n, pk in enumerate(ids)
        ],
    )
    return ids


WORDS = st.one_of(
    st.sampled_from(["王", "王秀", "王秀兰", "秀兰", "兰", "王 兰", "兰 王", "兰 文", "欧阳", "x",
                     "x w", "王 x", "兰 w", "陈", "xl", "wang lan", "lan wang", "sfs", "danfusheng",
                     "oy", "0007", "王 0007", "wang 0011", "15401000007"]),
    st.lists(st.sampled_from([*"王秀兰文李单 ", "wang", "w", "x", "l", "lan", "xiu", " ", " "]),
             min_size=1, max_size=5).map("".join),
)  # fmt: skip
REACH = st.lists(st.sampled_from(["", "99", "9901", "990121", "990121001", TOWNS[3]]), max_size=2)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(words=WORDS, prefixes=REACH, chosen=st.lists(st.integers(0, 799), max_size=3))
@pytest.mark.parametrize("sorted_most", [4000, 25])
def test_what_is_found_is_what_plain_sql_finds(county, sorted_most, words, prefixes, chosen):
    """With room to sort everything, and with so little that an index must give the order."""
    _sort_at_most(sorted_most)
    what = asked(words)
    if len(what.digits) > 1:
        return
    marks = (
        sealing.marks_asked(what.digits[0], counties={one[:6] for one in TOWNS})
        if what.digits
        else []
    )
    granted = [county[n] for n in chosen]
    found = selectors.find(KIND, what, prefixes=prefixes, granted=granted, marks=marks, limit=MOST)
    wanted = plainly(what, prefixes, granted, marks)
    if len(wanted) < MOST:
        assert found == [pk for pk, _rank in wanted]
    else:
        assert len(found) == len(set(found)) == MOST
        assert set(found) <= {pk for pk, _rank in wanted}
        living = {pk for pk, rank in wanted if rank == 0}
        assert set(found[: len(living)]) <= living, "what is of the past comes last"


def _sort_at_most(count: int) -> None:
    """Let the function sort no more than so many, as if the county had a hundred times as many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('search_find'::regproc)")
        (text,) = cursor.fetchone()
        was = "sorted_most CONSTANT int := "
        begin = text.index(was) + len(was)
        end = text.index(";", begin)
        if text[begin:end] != str(count):
            cursor.execute(text[:begin] + str(count) + text[end:])


def test_a_family_name_alone_gives_its_bearers_first(county) -> None:
    _sort_at_most(25)
    for words, begins in (("兰", "兰"), ("兰 王", "兰"), ("lan", "lan"), ("l w", "l")):
        found = selectors.find(
            KIND, asked(words), prefixes=["99"], granted=[], marks=[], limit=MOST
        )
        names = dict(SearchEntry.objects.values_list("target", "title"))
        first = names[found[0]]
        assert first.startswith(begins) or spelling(first).pinyin.startswith(begins), words
