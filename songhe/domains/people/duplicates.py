"""Who may be the same person as one that is about to be registered, and what differs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.people import lookup, sealing
from songhe.domains.people.models import Person
from songhe.domains.people.selectors import LIST, VIEW, PersonView, view_of
from songhe.engines.search.words import first_reading

MOST = 8
SAME_NUMBER = _("same ID number")
SAME_NAME = _("same name and birth date")
SIMILAR = _("name sounds the same, same birth date")
SAME_PHONE = _("same phone, similar name or birth")
OTHER = {
    "name": _("another name"),
    "birth_on": _("another birth date"),
    "sex": _("another sex"),
    "region": _("another community"),
    "phone": _("another phone"),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody registered who may be the same one: why, and what differs, in words."""

    person: PersonView
    why: Any
    differs: list[Any]
    is_certain: bool


def find(
    actor: Actor,
    *,
    name: str,
    birth_on: date | None,
    sex: str = "",
    number: str = "",
    phone: str = "",
    region_code: str = "",
    at: datetime,
    but: UUID | None = None,
) -> list[Candidate]:
    """Return who may be the same person within what is open to the actor, surest first; audited."""
    found: dict[UUID, tuple[Person, Any]] = {}
    rows = policies.scope(actor, Person.objects.filter(merged_into=None), LIST)
    if but is not None:
        rows = rows.exclude(pk=but)
    if number:
        wanted = Q(id_number_index__in=sealing.number_indexes(number))
        _add(found, rows.filter(wanted), SAME_NUMBER)
    if birth_on is not None:
        of_day = rows.filter(birth_on=birth_on)
        _add(found, of_day.filter(name=name), SAME_NAME)
        _add(found, of_day.filter(pinyin=first_reading(name)), SIMILAR)
    if len(phone) >= 7:
        digits = "".join(one for one in phone if one.isdigit())
        ids = lookup.find_ids(actor, LIST, digits, limit=MOST)
        alike = Q(pinyin=first_reading(name)) | Q(name__startswith=name[:1])
        if birth_on is not None:
            alike |= Q(birth_on__year=birth_on.year)
        _add(found, rows.filter(alike, pk__in=ids), SAME_PHONE)
    told = {"name": name, "birth_on": birth_on, "sex": sex, "region": region_code, "phone": phone}
    audit.record_reads(
        actor=actor, action=VIEW, refs=[f"people.Person/{pk}" for pk in found], at=at
    )
    return [
        Candidate(view_of(actor, row), why, _differs(row, told), why is SAME_NUMBER)
        for row, why in found.values()
    ]


def _add(found: dict[UUID, tuple[Person, Any]], rows: Any, why: Any) -> None:
    for row in rows.order_by("pk")[:MOST]:
        if len(found) < MOST:
            found.setdefault(row.pk, (row, why))


def _differs(row: Person, told: dict[str, Any]) -> list[Any]:
    has = {
        "name": row.name,
        "birth_on": row.birth_on,
        "sex": row.sex,
        "region": row.region_code,
        "phone": sealing.phone_of(row) or "",
    }
    return [
        words for key, words in OTHER.items() if told[key] and has[key] and told[key] != has[key]
    ]
