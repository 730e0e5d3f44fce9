"""Files of persons who have died or left: erased in all tables when their time is over.

The same erasing as at a person's own request, and the same search after it: where a word of the
person would be left, she is put back and the columns are told, for somebody to look at.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from songhe.base.access.actor import SYSTEM
from songhe.base.audit import services as audit
from songhe.base.retention import holds
from songhe.base.retention.handlers import Ask, Due, Handler, Work
from songhe.base.subjects import erasing
from songhe.base.subjects.erasing import Search, Words
from songhe.domains.security import erasures
from songhe.domains.security.policies import PERSON

AT_ONCE = 20
A_NIGHT = 200  # each search reads every text of the database
# Who has died, and who has no home any more and of whom nothing was recorded since.
_ENDED = """
SELECT p.id, p.died_on::timestamp AT TIME ZONE 'UTC' AS ended_at FROM people_person p
 WHERE p.died_on IS NOT NULL AND p.merged_into_id IS NULL AND p.name <> '＊'
UNION ALL
SELECT p.id, h.left_at FROM people_person p
  JOIN (SELECT coalesce(f.merged_into_id, f.id) AS person, max(upper(r.period)) AS left_at
          FROM people_residency r JOIN people_person f ON f.id = r.person_id
         GROUP BY 1 HAVING bool_and(NOT upper_inf(r.period))) h ON h.person = p.id
 WHERE p.died_on IS NULL AND p.merged_into_id IS NULL AND p.name <> '＊'
   AND NOT EXISTS (SELECT FROM people_personrecord c
                    WHERE c.person_id = p.id AND c.recorded_at >= %(before)s)
   AND NOT EXISTS (SELECT FROM latest l WHERE l.subject = p.id AND l.updated_at >= %(before)s)
   AND NOT EXISTS (SELECT FROM devices_binding b
                    WHERE b.person_id = p.id AND upper_inf(b.period))
"""
_FREE = """
 WHERE e.id <> ALL(%(held)s::uuid[])
   AND NOT EXISTS (SELECT FROM monitoring_alarm a
                    WHERE a.person_id = e.id AND a.state <> 'resolved')
"""
_COUNT = f"""
SELECT count(*) FILTER (WHERE e.ended_at < %(before)s), min(e.ended_at) FROM ({_ENDED}) e {_FREE}
"""  # noqa: S608 - parts of ours
# In another order each day, so that who cannot be erased does not stand in the others' way.
_DUE = f"""
SELECT e.id FROM ({_ENDED}) e {_FREE} AND e.ended_at < %(before)s
 ORDER BY md5(e.id::text || %(at)s::date::text) LIMIT %(most)s
"""  # noqa: S608 - parts of ours


def _given(ask: Ask) -> dict[str, Any]:
    held = list(ask.held.sets["persons"])
    return {"before": ask.before, "at": ask.at, "held": held, "most": A_NIGHT}


def find(ask: Ask) -> Due:
    """Count the persons whose time is over; the oldest is who died or left first."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, _given(ask))
        count, oldest = cursor.fetchall()[0]
    return Due(int(count), oldest)


def destroy(ask: Ask, work: Work) -> None:
    """Erase some persons a transaction; who cannot be erased together is tried alone."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, _given(ask))
        due = [pk for (pk,) in cursor.fetchall()]
    free = [pk for pk in due if _is_free(pk, ask.at)]
    left: set[str] = set()
    for start in range(0, len(free), AT_ONCE):
        piece = free[start : start + AT_ONCE]
        if not work.goes_on():
            break
        try:
            _erase(piece, ask.at, work)
        except erasures.SomethingLeft:
            for person_id in piece:
                try:
                    _erase([person_id], ask.at, work)
                except erasures.SomethingLeft as error:
                    left |= {f"{table}.{column}" for table, column, _ in error.found.left}
    if left:
        work.note(left_in=sorted(left))


def _is_free(person_id: UUID, at: datetime) -> bool:
    """Tell whether neither a duty nor a hold keeps a person."""
    if any(one.until > at for one in erasing.duties_of(person_id)):
        return False
    touched = erasures.touched(erasing.plan(person_id, at=at))
    return holds.over(person_id, tables=touched, at=at) is None


@transaction.atomic
def _erase(persons: Sequence[UUID], at: datetime, work: Work) -> None:
    """Erase persons and look for all their words at once. Raises SomethingLeft, nothing stands."""
    said = [erasing.words_of(person_id) for person_id in persons]
    for person_id, words in zip(persons, said, strict=True):
        erasures.unbind(person_id, at)
        erasing.erase(person_id, words, at=at)
        audit.record_change(
            actor=SYSTEM,
            action="security.erase_person",
            ref=f"{PERSON}/{person_id}",
            at=at,
            detail={"because": "time"},
        )
    found = _search(said)
    if found.left:
        raise erasures.SomethingLeft(found)
    work.count(len(persons))


def _search(said: Sequence[Words]) -> Search:
    exact = {word for words in said for word in words.exact}
    exact |= {
        words.name for words in said if not words.namesakes and len(words.name) >= erasing.SHORTEST
    }
    return erasing.search(Words("", tuple(sorted(exact)), 0))


HANDLER = Handler("persons", find, destroy)
