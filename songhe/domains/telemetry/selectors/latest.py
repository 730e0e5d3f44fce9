"""The last value of each code, with its age; and what is usual for the person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.devices import selectors as devices
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView, Rooms
from songhe.domains.telemetry.policies import open_classes
from songhe.domains.telemetry.terms import VIEW_READINGS, Freshness, Rhythm, class_of, freshness
from songhe.kernel import codes

BASELINE_DAYS = 14
BASELINE_FEWEST = 5


@dataclass(frozen=True, slots=True)
class LatestValue:
    """The newest value of a code by effective time. subject is the person, or a room of the home.

    value is in the code's canonical unit; voided tells that the reading was voided since.
    """

    code: codes.Code
    value: float
    at: datetime
    subject: UUID
    device: UUID
    rhythm: Rhythm | None
    freshness: Freshness
    voided: bool = False


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is usual for a person: 10th and 90th percentile of `count` values, canonical unit."""

    low: float
    high: float
    count: int


_LATEST = """
SELECT l.subject, u.code, u.at, u.val, u.device,
       EXISTS (SELECT 1 FROM voided_reading v
                WHERE v.subject = l.subject AND v.device = u.device AND v.effective_at = u.at
                  AND u.code = ANY(v.codes))
  FROM latest l, unnest(l.codes, l.times, l.vals, l.devices) AS u(code, at, val, device)
 WHERE l.subject = ANY(%s)
"""


def latest_of(
    actor: Actor,
    person: PersonView,
    home_id: UUID | None,
    *,
    at: datetime,
    rooms: Rooms | None = None,
) -> list[LatestValue]:
    """Return the last values of a person and of the rooms of a home, as far as they are open.

    In the order of the codes; values from after `at` count as fresh. rooms: those where sensors
    speak of the person, for a caller who has read them. 3 queries at most.
    """
    classes = open_classes(actor, person)
    if not classes:
        return []
    subjects = dict.fromkeys(person.ids, person.id)
    if home_id is not None and "home" in classes:
        if rooms is None:
            rooms = people.rooms_for(person.id, home_id, at=at)
        subjects |= {room.pk: room.pk for room in rooms}
    values = _values(subjects, at)
    return [value for value in values if class_of(value.code) in classes]


def latest_of_persons(
    actor: Actor, persons: Iterable[PersonView], *, at: datetime
) -> dict[UUID, list[LatestValue]]:
    """Return the last values of several persons, as far as each is open; 2 queries."""
    listed = list(persons)
    classes = {person.id: open_classes(actor, person) for person in listed}
    found: dict[UUID, list[LatestValue]] = {person: [] for person in classes}
    seen = {pk: person.id for person in listed if classes[person.id] for pk in person.ids}
    for value in _values(seen, at):
        if class_of(value.code) in classes[value.subject]:
            found[value.subject].append(value)
    return found


def opened(actor: Actor, person_ids: Iterable[UUID], *, at: datetime) -> None:
    """Record that readings of persons were read; once a page."""
    refs = [f"people.Person/{person}" for person in person_ids]
    audit.record_reads(actor=actor, action=VIEW_READINGS, refs=refs, at=at)


def _values(subjects: dict[UUID, UUID], at: datetime) -> list[LatestValue]:
    """Return the newest value of each code by whose it is: subjects names that for every id."""
    if not subjects:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, [[*subjects]])
        held = [(subjects[subject], *rest) for subject, *rest in cursor.fetchall()]
    # The oldest first: of two values of the same code the newer stays.
    rows = [*{row[:2]: row for row in sorted(held, key=lambda row: row[2])}.values()]
    found = devices.by_ids({row[4] for row in rows})
    values = [_value(row, found[row[4]].type if row[4] in found else "", at) for row in rows]
    return sorted(values, key=lambda value: (value.code.number, value.subject))


def _value(
    row: tuple[UUID, int, datetime, float, UUID, bool], type_code: str, at: datetime
) -> LatestValue:
    subject, number, when, value, device, voided = row
    code = codes.by_number(number)
    kind = devices.type_of(type_code) if type_code else None
    fresh = freshness(code, kind, (at - when).total_seconds())
    state = Freshness.UNKNOWN if voided else fresh
    return LatestValue(code, value, when, subject, device, kind, state, voided)


_BASELINE = """
SELECT code, percentile_cont(ARRAY[0.1, 0.9]) WITHIN GROUP (ORDER BY val), count(*)
  FROM reading_values(%s, %s::smallint[], %s, %s)
 GROUP BY code HAVING count(*) >= %s
"""


def baselines(
    person_ids: Sequence[UUID], numbers: Iterable[int], *, at: datetime, days: int = BASELINE_DAYS
) -> dict[int, Baseline]:
    """Return what was usual for a person in the days before, by code number; 1 query.

    A code with fewer than 5 readings is absent: nothing is usual yet.
    """
    with connection.cursor() as cursor:
        since = at - timedelta(days=days)
        cursor.execute(_BASELINE, [[*person_ids], list(numbers), since, at, BASELINE_FEWEST])
        return {
            number: Baseline(low, high, count) for number, (low, high), count in cursor.fetchall()
        }


def baseline(
    person_ids: Sequence[UUID], code: codes.Code, *, at: datetime, days: int = BASELINE_DAYS
) -> Baseline | None:
    """Return what was usual for a person of one code, None with fewer than 5 readings."""
    return baselines(person_ids, [code.number], at=at, days=days).get(code.number)
