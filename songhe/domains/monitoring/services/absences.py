"""Writing absences: entered, their end changed, withdrawn; and what they do to open alarms."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.monitoring import absence_reads, course
from songhe.domains.monitoring.absence_reads import NoSuchAbsence
from songhe.domains.monitoring.models import Absence, AbsenceEntry, Alarm
from songhe.domains.monitoring.services.rules import write_person_scope
from songhe.domains.monitoring.terms import AbsenceAct, AbsenceKind, EntryKind
from songhe.domains.people import selectors as people
from songhe.engines.alarms.terms import OPEN_STATES
from songhe.kernel.errors import Conflict, Denied, Invalid
from songhe.kernel.ids import uuid7

OLDEST = timedelta(days=92)
FURTHEST = timedelta(days=366)


class BadAbsence(Invalid):
    code = "monitoring.bad_absence"
    message = "An absence begins within the last 92 days or the next year, and ends after it began."


class AwayAlready(Conflict):
    code = "monitoring.away_already"
    message = "The person is entered as away in this time already. Change that absence instead."


class WhoSaidSo(Invalid):
    code = "monitoring.who_said_so"
    message = "Please write down who said so."


class AbsenceWithdrawn(Conflict):
    code = "monitoring.absence_withdrawn"
    message = "This absence was withdrawn."


@transaction.atomic
def make_absence(
    *,
    actor: Actor,
    person_id: UUID,
    kind: str,
    since: datetime,
    told_by: str,
    at: datetime,
    until: datetime | None = None,
    place: str = "",
    contact_name: str = "",
    contact_phone: str = "",
    note: str = "",
) -> Absence:
    """Enter that a person is away from since until (None: nobody knows). The past is allowed.

    Rules with away=suspend hold still in it, from the next reading on. Raises NoSuchPerson,
    Denied, BadAbsence, WhoSaidSo, AwayAlready.
    """
    _may_keep(actor, person_id, at)
    if kind not in AbsenceKind.values:
        raise BadAbsence(field="kind")
    if not told_by.strip():
        raise WhoSaidSo(field="told_by")
    if not at - OLDEST <= since <= at + FURTHEST:
        raise BadAbsence(field="since")
    if until is not None and not since < until <= at + FURTHEST:
        raise BadAbsence(field="until")
    pk = uuid7()
    absence = Absence(
        id=pk,
        person_id=person_id,
        kind=kind,
        place=place.strip(),
        contact_name=contact_name.strip(),
        note=note.strip(),
        told_by=told_by.strip(),
        period=DateTimeTZRange(since, until),
        made_at=at,
    )
    if contact_phone.strip():
        absence.contact_phone_sealed = vault.seal(
            contact_phone.strip(), field="monitoring.Absence.contact_phone", pk=pk
        )
    _save(absence, new=True)
    _changed(absence, AbsenceAct.MADE, actor=actor, at=at, data=_dates(absence))
    note_begin_and_end(absence, at=at)
    return absence


@transaction.atomic
def set_absence_end(
    *, actor: Actor, absence_id: UUID, until: datetime | None, told_by: str, at: datetime
) -> Absence:
    """Say when a person comes or came back: now, earlier, later, or (None) that nobody knows.

    Raises NoSuchAbsence, Denied, BadAbsence, WhoSaidSo, AbsenceWithdrawn, AwayAlready.
    """
    absence = _locked(actor, absence_id, at)
    if not told_by.strip():
        raise WhoSaidSo(field="told_by")
    if until is not None and not absence.period.lower < until <= at + FURTHEST:
        raise BadAbsence(field="until")
    before = absence.period.upper
    absence.period = DateTimeTZRange(absence.period.lower, until)
    is_over = until is not None and until <= at
    if not is_over:
        absence.over_at = None
    _save(absence)
    data = _dates(absence) | {"before": before.isoformat() if before else None}
    act = AbsenceAct.ENDED if is_over else AbsenceAct.END_SET
    _changed(absence, act, actor=actor, at=at, text=told_by.strip(), data=data)
    note_begin_and_end(absence, at=at)
    return absence


@transaction.atomic
def withdraw_absence(*, actor: Actor, absence_id: UUID, reason: str, at: datetime) -> Absence:
    """Take back an absence that was entered by mistake. Raises NoSuchAbsence, Denied, WhoSaidSo."""
    absence = _locked(actor, absence_id, at)
    if not reason.strip():
        raise WhoSaidSo(field="told_by")
    absence.withdrawn_at = at
    absence.save(update_fields=["withdrawn_at"])
    _changed(absence, AbsenceAct.WITHDRAWN, actor=actor, at=at, text=reason.strip())
    if absence.begun_at is not None and absence.over_at is None:
        _tell_alarms(absence, EntryKind.HOME, at)
        absence.over_at = at
        absence.save(update_fields=["over_at"])
    return absence


def run_due_absences(*, at: datetime, limit: int = 200) -> int:
    """Note beginnings and ends that time has brought about; return how many."""
    due = Absence.objects.filter(withdrawn_at=None, over_at=None).filter(
        Q(begun_at=None, period__startswith__lte=at) | Q(period__endswith__lte=at)
    )
    noted = 0
    for pk in due.values_list("pk", flat=True)[:limit]:
        with transaction.atomic():
            rows = Absence.objects.select_for_update(skip_locked=True)
            absence = rows.filter(pk=pk, withdrawn_at=None).first()
            if absence is not None:
                note_begin_and_end(absence, at=at)
                noted += 1
    return noted


def note_begin_and_end(absence: Absence, *, at: datetime) -> None:
    """Write on open alarms of suspended rules that the person is away, or back; once each."""
    since, until = absence.period.lower, absence.period.upper
    if since > at:
        return
    is_over = until is not None and until <= at
    if absence.begun_at is None:
        absence.begun_at = at
        if not is_over:
            _tell_alarms(absence, EntryKind.AWAY, at)
    elif is_over and absence.over_at is None:
        _tell_alarms(absence, EntryKind.HOME, at)
    if is_over and absence.over_at is None:
        absence.over_at = at
    absence.save(update_fields=["begun_at", "over_at"])


def _tell_alarms(absence: Absence, kind: EntryKind, at: datetime) -> None:
    """Mark the open alarms of rules that hold still; they stay open, somebody must close them."""
    rows = Alarm.objects.select_for_update(of=("self",)).filter(
        person=absence.person_id, state__in=OPEN_STATES, is_storm=False
    )
    for alarm in rows:
        if absence_reads.suspends(alarm.rule):
            data = {"kind": absence.kind, **_dates(absence)}
            course.write_entry(alarm, kind, at=at, data=data)
            course.announce(alarm, at=at)


def _may_keep(actor: Actor, person_id: UUID, at: datetime) -> None:
    if actor.is_system:
        return
    person = people.get_person(actor, person_id, at=at)
    if not absence_reads.may_keep(actor, person):
        raise Denied(action=absence_reads.KEEP)


def _locked(actor: Actor, absence_id: UUID, at: datetime) -> Absence:
    absence = Absence.objects.select_for_update().filter(pk=absence_id).first()
    if absence is None:
        raise NoSuchAbsence
    if not actor.is_system:
        absence_reads.get_absence(actor, absence_id, at=at)
    _may_keep(actor, absence.person_id, at)
    if absence.withdrawn_at is not None:
        raise AbsenceWithdrawn
    return absence


def _save(absence: Absence, *, new: bool = False) -> None:
    try:
        with transaction.atomic():
            absence.save(force_insert=new)
    except IntegrityError:
        raise AwayAlready(field="since" if new else "until") from None


def _changed(
    absence: Absence,
    act: AbsenceAct,
    *,
    actor: Actor,
    at: datetime,
    text: str = "",
    data: dict[str, Any] | None = None,
) -> None:
    """Write the line of history, the audit, and what the gateway reads."""
    AbsenceEntry.objects.create(
        absence=absence,
        at=at,
        kind=act,
        user_id=actor.user_id,
        user_name="" if actor.is_system else actor.display_name,
        text=text,
        data=data or {},
    )
    past = absence.period.lower < at - timedelta(hours=1)
    audit.record_change(
        actor=actor,
        action=absence_reads.KEEP,
        ref=f"people.Person/{absence.person_id}",
        at=at,
        detail={"absence": str(absence.pk), "act": act.value, **_dates(absence)}
        | ({"known_afterwards": True} if act == AbsenceAct.MADE and past else {}),
    )
    write_person_scope(person_id=absence.person_id, at=at)


def _dates(absence: Absence) -> dict[str, Any]:
    until = absence.period.upper
    return {
        "since": absence.period.lower.isoformat(),
        "until": until.isoformat() if until is not None else None,
    }
