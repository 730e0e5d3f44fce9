"""Reading what one must know of a person, with since when and until when it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from songhe.base.regions import days
from songhe.domains.people.models import PersonFact
from songhe.domains.people.selectors import PersonView, fact_words
from songhe.domains.people.terms import FactKind

_INSTANT = timedelta(microseconds=1)  # an end is the first moment after


@dataclass(frozen=True, slots=True)
class Told:
    """One thing to know. until_on: the last day; None while nobody knows of an end.

    is_of_a_rule: rules read it, so it is changed where the rules are.
    """

    id: UUID
    kind: str
    text: str
    since_on: date
    until_on: date | None
    is_of_a_rule: bool


def told_of(person: PersonView, *, at: datetime) -> tuple[list[Told], list[Told]]:
    """Return what holds, most important first, and what was so before, latest first; 1 query.

    Both are empty where the person's health is not open to the reader.
    """
    if "health" not in person.fields:
        return [], []
    holds: list[Told] = []
    was: list[Told] = []
    for row in PersonFact.objects.filter(person=person.id).order_by("rank", "id"):
        end = row.period.upper
        line = Told(
            id=row.pk,
            kind=str(FactKind(row.kind).label),
            text=fact_words(row),
            since_on=days.day_of(row.period.lower),
            until_on=None if end is None else days.day_of(end - _INSTANT),
            is_of_a_rule=bool(row.data),
        )
        (holds if end is None or end > at else was).append(line)
    return holds, sorted(was, key=lambda line: line.until_on or line.since_on, reverse=True)
