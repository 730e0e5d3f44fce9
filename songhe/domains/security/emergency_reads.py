"""Emergencies in words: the own ones, those to review, the bar over every page meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.translation import get_language

from songhe.base.access import wall
from songhe.base.access.actor import Actor
from songhe.base.consent import emergencies, selectors
from songhe.base.consent.selectors import EmergencyLine
from songhe.base.consent.terms import EMERGENCY, EmergencyKind, Verdict
from songhe.base.regions import selectors as regions
from songhe.domains.people import panels as people_panels
from songhe.domains.people import selectors as people


@dataclass(frozen=True, slots=True)
class Row:
    """One emergency in a list."""

    line: EmergencyLine
    name: str
    who: str
    kind: str
    region: str
    verdict: str
    age: str = ""


def _rows(actor: Actor, lines: list[EmergencyLine]) -> list[Row]:
    """Return lines as rows; the person is named as far as she is open, masked otherwise."""
    with wall.lifted():
        views = people.person_views(actor, [line.person_id for line in lines])
    known = regions.by_code(sorted({line.region_code for line in lines}))
    english = (get_language() or "zh").startswith("en")
    places = {code: row.name_en if english else row.name for code, row in known.items()}
    return [
        Row(
            line=line,
            name=views[line.person_id].name if line.person_id in views else "",
            who=line.user_name,
            kind=str(EmergencyKind(line.kind).label),
            region=places.get(line.region_code) or line.region_code,
            verdict=str(Verdict(line.verdict).label) if line.verdict else "",
        )
        for line in lines
    ]


def to_review(actor: Actor, *, at: datetime) -> list[Row]:
    """Return the emergencies that the actor reviews, those that wait first."""
    return _rows(actor, selectors.emergencies_for(actor, at=at))


def one(actor: Actor, emergency_id: UUID, *, at: datetime) -> Row:
    """Return one emergency that the actor reviews. Raises NoSuchEmergency."""
    line = selectors.emergency_for(actor, emergency_id, at=at)
    if line is None:
        raise emergencies.NoSuchEmergency
    return _rows(actor, [line])[0]


def own(actor: Actor, *, at: datetime) -> list[Row]:
    """Return the actor's own emergencies, the latest first."""
    return _rows(actor, selectors.own_emergencies(actor, at=at))


def open_now(actor: Actor, *, at: datetime) -> list[Row]:
    """Return the glasses that stand broken for the actor; no query where there is none."""
    if not any(held.purpose == EMERGENCY for held in actor.grants):
        return []
    return [row for row in own(actor, at=at) if row.line.is_open]


def found(actor: Actor, person_id: UUID, *, at: datetime) -> tuple[str, str, str]:
    """Return name (masked unless open), age and place of a person who was looked up.

    Raises NotLookedUp.
    """
    if not emergencies.was_found(actor=actor, person_id=person_id, at=at):
        raise emergencies.NotLookedUp
    with wall.lifted():
        view = people.person_views(actor, [person_id])[person_id]
    return (
        view.name,
        people_panels.age_words(view, timezone.localtime(at)),
        people_panels.place_words(view.region_code),
    )
