"""What one must know of a person, and whom to call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import get_language

from songhe.base.access.actor import Actor
from songhe.domains.people import sealing
from songhe.domains.people.models import Contact, Person, PersonFact
from songhe.domains.people.selectors.persons import PersonView


@dataclass(frozen=True, slots=True)
class FactLine:
    kind: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class ContactLine:
    """phone is None where the actor does not see contact data. kind: the code of the relation."""

    id: UUID
    name: str
    relation: str
    phone: str | None
    note: str
    kind: str = ""


def facts_of(person_ids: Iterable[UUID], *, at: datetime) -> dict[UUID, list[FactLine]]:
    """Return what one must know of persons now, most important first; 1 query."""
    found: dict[UUID, list[FactLine]] = {}
    rows = PersonFact.objects.filter(person__in=list(person_ids), period__contains=at)
    for row in rows.order_by("rank", "id"):
        line = FactLine(row.kind, row.code, fact_words(row))
        found.setdefault(row.person_id, []).append(line)
    return found


def fact_words(row: PersonFact) -> str:
    """Return what one must know in the reader's language."""
    return _text(*sealing.fact_texts(row))


def rule_data_of(person_id: UUID, *, at: datetime) -> dict[str, Any]:
    """Return the facts that rules read of a person, merged in the order of rank."""
    merged: dict[str, Any] = {}
    rows = PersonFact.objects.filter(person=person_id, period__contains=at).order_by("-rank", "id")
    for row in rows:
        merged |= row.data
    return merged


def contacts_of(actor: Actor, person: PersonView) -> list[ContactLine]:
    """Return whom to call, in order; numbers only where contact data is open."""
    see = "contact" in person.fields
    return [
        ContactLine(
            id=row.pk,
            name=row.name,
            relation=row.get_relation_display(),
            phone=sealing.call_of(row) if see else None,
            note=_text(row.note_zh, row.note_en),
            kind=row.relation,
        )
        for row in Contact.objects.filter(person=person.id, until_on=None, superseded_at=None)
    ]


def phone_of(person: PersonView) -> str | None:
    """Return the person's own number where contact data is open and one is known."""
    if "contact" not in person.fields:
        return None
    return sealing.phone_of(Person.objects.only("phone_sealed").get(pk=person.id))


def _text(zh: str, en: str) -> str:
    return en if (get_language() or "zh-hans").startswith("en") and en else zh
