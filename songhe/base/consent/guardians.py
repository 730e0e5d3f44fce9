"""Guardians: who acts for a person, on which paper, until when."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from songhe.base import vault
from songhe.base.access import giving
from songhe.base.access import services as access
from songhe.base.access.actor import Actor
from songhe.base.access.roles import FIELD_CLASSES, all_roles
from songhe.base.accounts.models import User
from songhe.base.audit import services as audit
from songhe.base.consent import events
from songhe.base.consent.acting import KEEP, RECORD, NoPaper
from songhe.base.consent.locks import lock, renew_streams
from songhe.base.consent.models import Guardianship, Paper
from songhe.base.consent.recipients import NoSuchRecipient
from songhe.base.consent.terms import GUARDIAN, PERSON, SELF, GuardianPaper, PaperKind
from songhe.base.events import bus
from songhe.kernel.errors import Conflict, Denied, Invalid, NotFound
from songhe.kernel.ids import uuid7

NUMBER = "consent.Guardianship.paper_number"
_NUMBERED = {GuardianPaper.APPOINTED, GuardianPaper.COURT, GuardianPaper.VOLUNTARY}


class PaperNotValid(Invalid):
    code = "consent.paper_not_valid"
    message = "The paper is not valid today: look at its dates."


class NumberMissing(Invalid):
    code = "consent.number_missing"
    message = "This kind of paper has a number. Enter it."


class IsGuardian(Conflict):
    code = "consent.is_guardian"
    message = "This account acts for the person already."


class NoSuchGuardianship(NotFound):
    code = "consent.no_such_guardianship"
    message = "There is no such guardian, or it has ended already."


@transaction.atomic
def appoint(
    *,
    actor: Actor,
    person_id: UUID,
    region_code: str,
    guardian: User,
    paper_kind: str,
    paper_from: date,
    paper_until: date | None,
    paper_id: UUID | None,
    at: datetime,
    paper_number: str = "",
) -> Guardianship:
    """Let an account act for a person while the paper is valid, to its last day's end.

    region_code: where the person lives. Raises Denied, PaperNotValid, NumberMissing, NoPaper,
    NoSuchRecipient (the account cannot), IsGuardian.
    """
    if not actor.is_system and not actor.covers(RECORD, region_code):
        raise Denied(action=RECORD)
    lock("consent", person_id)
    today, number = timezone.localdate(at), paper_number.strip()
    if paper_kind not in GuardianPaper.values:
        raise PaperNotValid(field="paper_kind")
    if paper_from > today or (paper_until is not None and paper_until < today):
        raise PaperNotValid(field="paper_until" if paper_from <= today else "paper_from")
    if paper_kind in _NUMBERED and not number:
        raise NumberMissing(field="paper_number")
    papers = Paper.objects.filter(person_id=person_id, kind=PaperKind.GUARDIANSHIP)
    if paper_id is None or not papers.filter(pk=paper_id).exists():
        raise NoPaper(field="paper")
    if not _can_act(guardian, person_id, at):
        raise NoSuchRecipient(field="guardian")
    if Guardianship.objects.filter(
        person_id=person_id, guardian=guardian, period__contains=at
    ).exists():
        raise IsGuardian(field="guardian")
    pk, until = uuid7(), None if paper_until is None else _end_of(paper_until)
    row = Guardianship.objects.create(
        id=pk,
        person_id=person_id,
        guardian=guardian,
        paper_kind=paper_kind,
        paper_number_sealed=vault.seal(number, field=NUMBER, pk=pk) if number else None,
        paper_from=paper_from,
        paper_until=paper_until,
        paper_id=paper_id,
        period=DateTimeTZRange(at, until),
        recorded_by_id=actor.user_id,
    )
    access.grant(
        actor=actor,
        user=guardian,
        subject_type=PERSON,
        subject_id=person_id,
        purpose=GUARDIAN,
        field_classes=FIELD_CLASSES,
        source=source_of(pk),
        at=at,
        until=until,
    )
    audit.record_change(
        actor=actor,
        action="consent.appoint_guardian",
        ref=f"{PERSON}/{person_id}",
        at=at,
        detail={"guardian": str(guardian.pk), "paper": paper_kind},
    )
    bus.publish(events.GuardianAppointed(person_id=person_id, guardianship_id=pk))
    return row


@transaction.atomic
def end_guardianship(
    *, actor: Actor, person_id: UUID, region_code: str, guardianship_id: UUID, at: datetime
) -> Guardianship:
    """End what somebody does for a person, at once. Raises Denied, NoSuchGuardianship.

    What the guardian gave in the person's name stays until it is withdrawn.
    """
    if not actor.is_system and not actor.covers(RECORD, region_code):
        raise Denied(action=RECORD)
    lock("consent", person_id)
    rows = Guardianship.objects.select_for_update(of=("self",))
    row = rows.filter(pk=guardianship_id, person_id=person_id, period__contains=at).first()
    if row is None:
        raise NoSuchGuardianship
    row.period = DateTimeTZRange(row.period.lower, at)
    row.ended_by_id = actor.user_id
    row.save(update_fields=["period", "ended_by"])
    giving.end_grants_of(actor=actor, sources=[source_of(row.pk)], at=at)
    audit.record_change(
        actor=actor,
        action="consent.end_guardian",
        ref=f"{PERSON}/{person_id}",
        at=at,
        detail={"guardian": str(row.guardian_id)},
    )
    bus.publish(events.GuardianEnded(person_id=person_id, guardianship_id=row.pk))
    renew_streams([row.guardian_id])
    return row


def make_own(*, actor: Actor, user: User, person_id: UUID, at: datetime) -> None:
    """Make an account the person's own: she sees everything of hers, and decides who else does.

    The caller has made sure that it is she. Raises IsGuardian where the account is hers already.
    """
    if giving.holds_grant(user.pk, subject_type=PERSON, subject_id=person_id, purpose=SELF, at=at):
        raise IsGuardian
    access.grant(
        actor=actor,
        user=user,
        subject_type=PERSON,
        subject_id=person_id,
        purpose=SELF,
        field_classes=FIELD_CLASSES,
        source=f"{PERSON}/{person_id}#self",
        at=at,
    )


def source_of(guardianship_id: UUID) -> str:
    """Return the reference on which a guardian's grant rests."""
    return f"consent.Guardianship/{guardianship_id}"


def _can_act(guardian: User, person_id: UUID, at: datetime) -> bool:
    roles = giving.roles_of_user(guardian.pk, at=at)
    own = giving.holds_grant(
        guardian.pk, subject_type=PERSON, subject_id=person_id, purpose=SELF, at=at
    )
    carried = any(all_roles()[line.role].carries(KEEP) for line in roles)
    return guardian.is_active and carried and not own


def _end_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))
