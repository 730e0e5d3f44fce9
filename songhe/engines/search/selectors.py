"""Finding: one statement, a function of the database that applies the actor's scope itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import connection

from songhe.engines.search.words import Asked, grams_of

_FIND = """
SELECT target FROM search_find(%s::text, %s::text[], %s::uuid[], %s::text[], %s::text[], %s::text[],
                               %s::bytea[], %s::int)
"""


def find(
    kind: str,
    asked: Asked,
    *,
    prefixes: Sequence[str],
    granted: Iterable[UUID],
    marks: Sequence[bytes],
    limit: int,
) -> list[UUID]:
    """Return what fits every word within region prefixes or among granted ids, best first.

    "" as a prefix is everywhere. marks: the hashes under which the digits asked for may stand.
    What is asked without hanzi, letters or marks finds nothing.
    """
    grams = [gram for word in asked.hanzi for gram in grams_of(word)]
    with connection.cursor() as cursor:
        cursor.execute(
            _FIND,
            [
                kind,
                list(prefixes),
                list(granted),
                grams,
                [word.casefold() for word in asked.hanzi],
                asked.letters,
                list(marks),
                limit,
            ],
        )
        return [row[0] for row in cursor.fetchall()]
