"""What is held at a moment: classes, persons, and by which ids their rows are found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from songhe.base.retention.models import Hold
from songhe.base.subjects import tables
from songhe.base.subjects.tables import Sets

_FAMILY = """
SELECT DISTINCT f.id FROM people_person p
  JOIN people_person f ON coalesce(f.merged_into_id, f.id) = coalesce(p.merged_into_id, p.id)
 WHERE p.id = ANY(%s)
"""
# Where they live or lived, alone or not: what is measured there may be about them.
_LIVED = """
SELECT DISTINCT h.id, m.id FROM people_residency r JOIN people_home h ON h.id = r.home_id
  LEFT JOIN people_room m ON m.home_id = h.id
 WHERE r.person_id = ANY(%s) AND NOT h.is_institution
"""
_OF_WHOM = ("persons", "homes", "rooms", "alarms", "absences", "papers", "requests", "accounts")


@dataclass(frozen=True, slots=True)
class Held:
    """sets: ids as `subjects.tables.sets_of` gives them, of all persons held together.

    ids: all of these in one, for what refers to anything of a held person.
    """

    classes: frozenset[str]
    persons: int
    sets: Sets
    ids: tuple[UUID, ...]

    @property
    def subjects(self) -> list[UUID]:
        """Return persons, homes and rooms: whom readings are about."""
        found: list[UUID] = self.sets["subjects"]
        return found

    @property
    def devices(self) -> list[UUID]:
        """Return the devices that serve or served somebody who is held."""
        found: list[UUID] = self.sets["devices"]
        return found


def standing(at: datetime) -> list[Hold]:
    """Return the holds that stand at a moment, the oldest first; 1 query."""
    return list(Hold.objects.filter(period__contains=at).order_by("placed_at"))


def family_of(person_ids: Iterable[UUID]) -> list[UUID]:
    """Return these persons with every entry that was merged into one with them; 1 query."""
    wanted = list(person_ids)
    if not wanted:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_FAMILY, [wanted])
        return [pk for (pk,) in cursor.fetchall()] or wanted


def held_at(at: datetime) -> Held:
    """Return what is held at a moment; a query for the holds, nine for each person."""
    holds = standing(at)
    persons = family_of(hold.person_id for hold in holds if hold.person_id is not None)
    sets = tables.sets_of_all(persons)
    if persons:
        _add_homes(sets, persons)
    ids = {pk for name in _OF_WHOM for pk in sets[name]}
    return Held(
        frozenset(hold.data_class for hold in holds if hold.data_class),
        sum(hold.person_id is not None for hold in holds),
        sets,
        tuple(sorted(ids)),
    )


def _add_homes(sets: Sets, persons: list[UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LIVED, [persons])
        lived = cursor.fetchall()
    homes = {home for home, _ in lived}
    rooms = {room for _, room in lived if room is not None}
    for name, more in (("homes", homes), ("rooms", rooms), ("subjects", homes | rooms)):
        sets[name] = list({*sets[name], *more})
