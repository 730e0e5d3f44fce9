"""Papers of those who work here, and what an elder may know of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.organizations.models import Qualification, Staff, WorkerFacts
from songhe.domains.organizations.services.employing import NotEmployed
from songhe.domains.organizations.terms import (
    KEEP_QUALIFICATIONS,
    Gender,
    all_languages,
    all_qualifications,
)
from songhe.kernel.errors import Conflict, Denied, Invalid, NotFound
from songhe.kernel.ids import uuid7
from songhe.kernel.time import business_day

NUMBER = "organizations.Qualification.number"


class NoSuchQualification(NotFound):
    code = "organizations.no_such_qualification"
    message = "This paper is not on record any more, or is not open to you."


class UnknownKind(Invalid):
    code = "organizations.unknown_qualification"
    message = "Choose which paper it is."


class NotInOrder(Invalid):
    code = "organizations.paper_not_in_order"
    message = "The last day has to come after the first, and the first cannot lie ahead."


class EnteredAlready(Conflict):
    code = "organizations.paper_entered_already"
    message = "This paper is on record with the same first day."


class UnknownLanguage(Invalid):
    code = "organizations.unknown_language"
    message = "Choose from the list."


def member(actor: Actor, staff_id: UUID, at: datetime) -> Staff:
    """Return somebody who works where the actor keeps papers. Raises NotEmployed, Denied."""
    row = (
        Staff.objects.select_related("organization", "user")
        .filter(pk=staff_id, period__contains=at)
        .first()
    )
    if row is None:
        raise NotEmployed
    if not actor.is_system and not keeps(actor, row):
        if actor.may(KEEP_QUALIFICATIONS):
            raise NotEmployed
        raise Denied(action=KEEP_QUALIFICATIONS)
    return row


def keeps(actor: Actor, row: Staff) -> bool:
    """Tell whether the actor keeps papers where somebody works: by region, or of her own house."""
    action = KEEP_QUALIFICATIONS
    return actor.covers(action, row.organization.region_code) or (
        row.organization_id in actor.organizations(action)
    )


@transaction.atomic
def add_qualification(
    *,
    actor: Actor,
    staff_id: UUID,
    code: str,
    issued_on: date,
    valid_until: date | None,
    at: datetime,
    number: str = "",
    issuer: str = "",
    proof: str | None = None,
) -> Qualification:
    """Enter a paper that somebody holds; its number is sealed. valid_until: the last good day.

    Raises NotEmployed, Denied, UnknownKind, NotInOrder, EnteredAlready.
    """
    staff = member(actor, staff_id, at)
    if code not in all_qualifications():
        raise UnknownKind(field="code")
    today = business_day(at, settings.TIME_ZONE)
    if issued_on > today:
        raise NotInOrder(field="issued_on")
    if valid_until is not None and valid_until < issued_on:
        raise NotInOrder(field="valid_until")
    Staff.objects.select_for_update().get(pk=staff.pk)  # two clerks enter one paper once
    if Qualification.objects.filter(
        user=staff.user_id, code=code, ended_at=None, period__startswith=issued_on
    ).exists():
        raise EnteredAlready(field="issued_on")
    pk = uuid7()
    row = Qualification.objects.create(
        id=pk,
        user=staff.user,
        code=code,
        number_sealed=vault.seal(number, field=NUMBER, pk=pk) if number else None,
        issuer=issuer,
        period=DateRange(issued_on, valid_until + timedelta(days=1) if valid_until else None),
        proof=proof,
        entered_at=at,
        entered_by=actor.user_id,
    )
    _record(actor, "organizations.add_qualification", row, at)
    return row


@transaction.atomic
def end_qualification(
    *, actor: Actor, staff_id: UUID, qualification_id: UUID, reason: str, at: datetime
) -> Qualification:
    """Let a paper count no more from now on: taken back, or entered by mistake. It stays on record.

    Raises NotEmployed, Denied, NoSuchQualification.
    """
    staff = member(actor, staff_id, at)
    row = (
        Qualification.objects.select_for_update()
        .filter(pk=qualification_id, user=staff.user_id, ended_at=None)
        .first()
    )
    if row is None:
        raise NoSuchQualification
    row.ended_at, row.ended_by, row.ended_reason = at, actor.user_id, reason
    row.save(update_fields=["ended_at", "ended_by", "ended_reason"])
    _record(actor, "organizations.end_qualification", row, at)
    return row


@transaction.atomic
def set_worker_facts(
    *,
    actor: Actor,
    staff_id: UUID,
    gender: str,
    languages: Iterable[str],
    about_zh: str,
    about_en: str,
    at: datetime,
) -> WorkerFacts:
    """Set what an elder may know of who comes to her. Raises NotEmployed, Denied, Invalid."""
    staff, spoken = member(actor, staff_id, at), sorted(set(languages))
    if not set(spoken) <= set(all_languages()):
        raise UnknownLanguage(field="languages")
    if gender and gender not in Gender.values:
        raise UnknownLanguage(field="gender")
    row, _is_new = WorkerFacts.objects.update_or_create(
        user=staff.user,
        defaults={
            "gender": gender,
            "languages": spoken,
            "about_zh": about_zh,
            "about_en": about_en,
            "changed_at": at,
        },
    )
    audit.record_change(
        actor=actor,
        action="organizations.set_worker_facts",
        ref=f"organizations.WorkerFacts/{row.pk}",
        at=at,
    )
    return row


def _record(actor: Actor, action: str, row: Qualification, at: datetime) -> None:
    audit.record_change(
        actor=actor,
        action=action,
        ref=f"organizations.Qualification/{row.pk}",
        at=at,
        detail={"code": row.code},
    )
