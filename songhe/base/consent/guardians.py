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
from songhe.base.access.actor import SYSTEM, Actor
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
    row = Guardianship(
        person_id=person_id,
        guardian=guardian,
        paper_kind=paper_kind,
        paper_from=paper_from,
        paper_until=paper_until,
        paper_id=paper_id,
        recorded_by_id=actor.user_id,
    )
    return _begin(actor, row, number, at)


def _begin(actor: Actor, row: Guardianship, number: str, at: datetime) -> Guardianship:
    """Store a guardianship that begins now, with its grant; the number is sealed for it."""
    row.period = DateTimeTZRange(at, _paper_ends(row))
    row.paper_number_sealed = vault.seal(number, field=NUMBER, pk=row.pk) if number else None
    row.save(force_insert=True)
    access.grant(
        actor=actor,
        user=row.guardian,
        subject_type=PERSON,
        subject_id=row.person_id,
        purpose=GUARDIAN,
        field_classes=FIELD_CLASSES,
        source=source_of(row.pk),
        at=at,
        until=row.period.upper,
    )
    audit.record_change(
        actor=actor,
        action="consent.appoint_guardian",
        ref=f"{PERSON}/{row.person_id}",
        at=at,
        detail={"guardian": str(row.guardian_id), "paper": row.paper_kind},
    )
    bus.publish(events.GuardianAppointed(person_id=row.person_id, guardianship_id=row.pk))
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
    return _end(actor, row, at)


def _end(actor: Actor, row: Guardianship, at: datetime) -> Guardianship:
    row.period = DateTimeTZRange(row.period.lower, at)
    row.ended_by_id = actor.user_id
    row.save(update_fields=["period", "ended_by"])
    giving.end_grants_of(actor=actor, sources=[source_of(row.pk)], at=at)
    audit.record_change(
        actor=actor,
        action="consent.end_guardian",
        ref=f"{PERSON}/{row.person_id}",
        at=at,
        detail={"guardian": str(row.guardian_id)},
    )
    bus.publish(events.GuardianEnded(person_id=row.person_id, guardianship_id=row.pk))
    renew_streams([row.guardian_id])
    return row


@transaction.atomic
def end_with_death(*, person_id: UUID, at: datetime) -> int:
    """End every guardianship of a person who died (Civil Code art. 39); return how many."""
    lock("consent", person_id)
    rows = Guardianship.objects.select_for_update(of=("self",))
    running = rows.filter(person_id=person_id, period__contains=at)
    return len([_end(SYSTEM, row, at) for row in running])


@transaction.atomic
def begin_again(*, person_id: UUID, at: datetime) -> int:
    """Let those act again whose papers are valid, when a death was a mistake; return how many.

    Death ends a guardianship before its paper does, and nobody ended it: that is how it is known.
    """
    lock("consent", person_id)
    ended = Guardianship.objects.filter(
        person_id=person_id, ended_by=None, period__endswith__lte=at
    )
    again = 0
    for row in ended.order_by("period"):
        ends = _paper_ends(row)
        by_paper = ends is not None and (ends <= at or row.period.upper == ends)
        acts = Guardianship.objects.filter(
            person_id=person_id, guardian=row.guardian_id, period__contains=at
        )
        if by_paper or acts.exists() or not _can_act(row.guardian, person_id, at):
            continue
        sealed = row.paper_number_sealed
        number = vault.unseal(sealed, field=NUMBER, pk=row.pk) if sealed is not None else ""
        row.pk = uuid7()
        _begin(SYSTEM, row, number, at)
        again += 1
    return again


def _paper_ends(row: Guardianship) -> datetime | None:
    return None if row.paper_until is None else _end_of(row.paper_until)


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
