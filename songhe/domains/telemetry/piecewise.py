"""Readings of a person for machines: a stretch of time, piece by piece; every look is audited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from songhe.base.access.actor import Actor
from songhe.domains.people import selectors as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry import selectors
from songhe.domains.telemetry.selectors import LatestValue, StoredReading
from songhe.domains.telemetry.selectors.series import LONGEST
from songhe.kernel import codes
from songhe.kernel.errors import Invalid


class BadStretch(Invalid):
    code = "telemetry.bad_stretch"
    message = "A stretch of readings begins before its end and is at most %(days)s days long."


@dataclass(frozen=True, slots=True)
class Piece:
    """Some readings of a person, newest first, and how many the stretch has."""

    person_id: UUID
    readings: list[StoredReading]
    total: int


def latest(actor: Actor, person_id: UUID, *, at: datetime) -> tuple[PersonView, list[LatestValue]]:
    """Return the last values of a person and of her rooms, as far as they are open; audited.

    Raises NoSuchPerson.
    """
    person = people.get_person(actor, person_id, at=at)
    home = people.home_of(person.id, at=at) if "home" in person.fields else None
    found = selectors.latest_of(actor, person, home.pk if home is not None else None, at=at)
    selectors.opened(actor, [person.id], at=at)
    return person, found


def readings(
    actor: Actor,
    person_id: UUID,
    *,
    wanted: Sequence[str],
    since: datetime,
    until: datetime,
    limit: int,
    offset: int,
    at: datetime,
) -> Piece:
    """Return readings of some codes (LOINC or our own) in [since, until); audited.

    Raises NoSuchPerson, UnknownCode, BadStretch.
    """
    if not since < until <= since + LONGEST:
        raise BadStretch(field="since", days=LONGEST.days)
    keys = [codes.by_code(one).key for one in dict.fromkeys(wanted)]
    person = people.get_person(actor, person_id, at=at)
    found, total = selectors.readings_of(
        actor, person, keys, since, until, limit=limit, offset=offset
    )
    selectors.opened(actor, [person.id], at=at)
    return Piece(person.id, found, total)
