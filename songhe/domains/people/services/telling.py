"""What one must know of a person, told on a page in known words or in one's own."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.regions import days
from songhe.domains.people import known, sealing
from songhe.domains.people.models import Person, PersonFact
from songhe.domains.people.services.common import locked
from songhe.domains.people.services.contacts import EndsBeforeItBegins, add_fact, end_fact
from songhe.domains.people.terms import FactKind
from songhe.kernel.errors import Conflict, Denied, NotFound
from songhe.kernel.ids import uuid7

WRITE = "people.add_fact"


class AlreadyKnown(Conflict):
    code = "people.already_known"
    message = "This is noted already."


class NoSuchFact(NotFound):
    code = "people.no_such_fact"
    message = "This does not stand here any more, or another page of hers keeps it."


@transaction.atomic
def tell_fact(
    *,
    actor: Actor,
    person_id: UUID,
    kind: str,
    words: str,
    in_english: str = "",
    until_on: date | None = None,
    at: datetime,
) -> PersonFact:
    """Note what one must know of a person (kind: of `FactKind`) up to the day until_on.

    Words of the vocabulary bring their code and the other language; others are shown as they were
    said where in_english says nothing. Needs the person's health open.
    Raises NoSuchPerson, Denied, AlreadyKnown, EndsBeforeItBegins.
    """
    person = locked(actor, WRITE, person_id)
    _check_open(actor, person)
    found = known.find(kind, words)
    said = " ".join(words.split())
    holds = PersonFact.objects.filter(person=person, kind=kind, period__contains=at)
    if any(
        one.code == found.code if found else sealing.fact_texts(one)[0] == said for one in holds
    ):
        raise AlreadyKnown(field="words")
    if until_on is not None and until_on < days.day_of(at):
        raise EndsBeforeItBegins(field="until_on")
    return add_fact(
        actor=actor,
        person_id=person.pk,
        kind=FactKind(kind),
        code=found.code if found else f"said-{uuid7().hex}",
        text_zh=found.zh if found else said,
        text_en=found.en if found else (in_english.strip() or said),
        rank=found.rank if found else known.rank_of(kind),
        until=None if until_on is None else days.end_of(until_on),
        at=at,
    )


@transaction.atomic
def end_told(*, actor: Actor, fact_id: UUID, at: datetime) -> PersonFact:
    """End one thing that one had to know; what rules read is ended where the rules are.

    Raises NoSuchFact, NoSuchPerson, Denied.
    """
    row = PersonFact.objects.filter(pk=fact_id, period__contains=at, data={}).first()
    if row is None:
        raise NoSuchFact
    _check_open(actor, locked(actor, WRITE, row.person_id))
    if not end_fact(actor=actor, person_id=row.person_id, code=row.code, at=at):
        raise NoSuchFact
    return row


def _check_open(actor: Actor, person: Person) -> None:
    if not actor.is_system and "health" not in policies.fields(actor, person):
        raise Denied(action=WRITE)
