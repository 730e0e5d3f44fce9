"""What one must know of a person, and whom to call."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.events import bus
from songhe.base.regions import days
from songhe.domains.people import events, indexing, sealing
from songhe.domains.people.models import Contact, PersonFact
from songhe.domains.people.services.common import locked
from songhe.kernel.errors import Invalid, NotFound


class NoSuchContact(NotFound):
    code = "people.no_such_contact"
    message = "This contact does not exist, or was changed in the meantime."


class EndsBeforeItBegins(Invalid):
    code = "people.ends_before_it_begins"
    message = "The end lies before the beginning, or in the future."


@transaction.atomic
def add_fact(
    *,
    actor: Actor,
    person_id: UUID,
    kind: str,
    code: str,
    text_zh: str,
    text_en: str,
    at: datetime,
    until: datetime | None = None,
    rank: int = 50,
    data: dict[str, Any] | None = None,
) -> PersonFact:
    """Tell what one must know of a person, from a moment on."""
    person = locked(actor, "people.add_fact", person_id)
    fact = PersonFact(
        person=person,
        kind=kind,
        code=code,
        rank=rank,
        data=data or {},
        period=DateTimeTZRange(at, until),
    )
    sealing.put_fact(fact, text_zh, text_en)
    fact.save(force_insert=True)
    audit.record_change(
        actor=actor,
        action="people.add_fact",
        ref=f"people.Person/{person.pk}",
        at=at,
        detail={"fact": code},
    )
    bus.publish(events.PersonFactsChanged(person_id=person.pk))
    return fact


@transaction.atomic
def replace_fact(
    *,
    actor: Actor,
    person_id: UUID,
    kind: str,
    code: str,
    text_zh: str,
    text_en: str,
    at: datetime,
    rank: int = 50,
    data: dict[str, Any],
) -> PersonFact:
    """Tell anew what one must know under a code; what was told under it before ends now."""
    end_fact(actor=actor, person_id=person_id, code=code, at=at)
    return add_fact(
        actor=actor,
        person_id=person_id,
        kind=kind,
        code=code,
        text_zh=text_zh,
        text_en=text_en,
        at=at,
        rank=rank,
        data=data,
    )


@transaction.atomic
def end_fact(*, actor: Actor, person_id: UUID, code: str, at: datetime) -> int:
    """End what one must know under a code; return how many facts held. One just begun never was."""
    person = locked(actor, "people.add_fact", person_id)
    rows = PersonFact.objects.filter(person=person, code=code, period__contains=at)
    count = 0
    for row in rows:
        count += 1
        if row.period.lower is not None and row.period.lower >= at:
            row.delete()
            continue
        row.period = DateTimeTZRange(row.period.lower, at)
        row.save(update_fields=["period"])
    if count:
        audit.record_change(
            actor=actor,
            action="people.end_fact",
            ref=f"people.Person/{person.pk}",
            at=at,
            detail={"fact": code},
        )
        bus.publish(events.PersonFactsChanged(person_id=person.pk))
    return count


@transaction.atomic
def add_contact(
    *,
    actor: Actor,
    person_id: UUID,
    name: str,
    relation: str,
    phone: str,
    at: datetime,
    rank: int = 1,
    note_zh: str = "",
    note_en: str = "",
    relative_id: UUID | None = None,
    since_on: date | None = None,
) -> Contact:
    """Name somebody to call for a person; relative_id where that one is registered too."""
    person = locked(actor, "people.add_contact", person_id)
    contact = Contact(
        person=person,
        name=name,
        relation=relation,
        rank=rank,
        note_zh=note_zh,
        note_en=note_en,
        relative_id=relative_id,
        since_on=since_on,
        recorded_at=at,
    )
    sealing.put_call(contact, phone)
    contact.save(force_insert=True)
    indexing.put_of(person.pk)
    audit.record_change(
        actor=actor, action="people.add_contact", ref=f"people.Person/{person.pk}", at=at
    )
    return contact


@transaction.atomic
def change_contact(
    *,
    actor: Actor,
    contact_id: UUID,
    name: str,
    relation: str,
    phone: str,
    rank: int,
    since_on: date | None,
    at: datetime,
) -> Contact:
    """Correct a contact: a better row stands for it from now on. Raises NoSuchContact."""
    old = _locked_contact(actor, contact_id)
    new = Contact(
        person_id=old.person_id,
        name=name,
        relation=relation,
        rank=rank,
        note_zh=old.note_zh,
        note_en=old.note_en,
        relative_id=old.relative_id,
        since_on=since_on,
        recorded_at=at,
    )
    sealing.put_call(new, phone)
    new.save(force_insert=True)
    old.superseded_at, old.superseded_by = at, new
    old.save(update_fields=["superseded_at", "superseded_by"])
    indexing.put_of(old.person_id)
    _audit(actor, "people.change_contact", old, at)
    return new


@transaction.atomic
def end_contact(*, actor: Actor, contact_id: UUID, until_on: date, at: datetime) -> Contact:
    """Let somebody be called no more since a day. Raises NoSuchContact, EndsBeforeItBegins."""
    contact = _locked_contact(actor, contact_id)
    begins = contact.since_on
    if until_on > days.day_of(at) or (begins is not None and until_on < begins):
        raise EndsBeforeItBegins(field="until_on")
    contact.until_on = until_on
    contact.save(update_fields=["until_on"])
    indexing.put_of(contact.person_id)
    _audit(actor, "people.end_contact", contact, at)
    return contact


def _locked_contact(actor: Actor, contact_id: UUID) -> Contact:
    contact = Contact.objects.filter(pk=contact_id).first()
    if contact is None:
        raise NoSuchContact
    locked(actor, "people.add_contact", contact.person_id)
    contact = (
        Contact.objects.select_for_update(of=("self",))
        .filter(pk=contact_id, superseded_at=None, until_on=None)
        .first()
    )
    if contact is None:
        raise NoSuchContact
    return contact


def _audit(actor: Actor, action: str, contact: Contact, at: datetime) -> None:
    audit.record_change(
        actor=actor,
        action=action,
        ref=f"people.Person/{contact.person_id}",
        at=at,
        detail={"contact": str(contact.pk)},
    )
