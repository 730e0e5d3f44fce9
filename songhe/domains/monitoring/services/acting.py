"""What people do with an alarm: take it, note, call, assign, set aside, close."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from songhe.base.access import policies
from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.base.audit import services as audit
from songhe.base.events import bus
from songhe.domains.monitoring import course, events
from songhe.domains.monitoring.models import Alarm
from songhe.domains.monitoring.selectors import NoSuchAlarm
from songhe.domains.monitoring.terms import EntryKind, HelpStep
from songhe.domains.monitoring.workflow import ALARM_LIFE, RESOLVE
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.engines.alarms.terms import OPEN_STATES, Outcome, State
from songhe.kernel.errors import Conflict, Invalid

LONGEST_SHELF = timedelta(hours=24)
OPENED = ("identity", "contact", "health", "home", "location", "devices")


class AlarmClosed(Conflict):
    code = "monitoring.alarm_closed"
    message = "This alarm is closed already."


class EmptyNote(Invalid):
    code = "monitoring.empty_note"
    message = "Please write what happened."


class NotOnStaff(Invalid):
    code = "monitoring.not_on_staff"
    message = "This person does not work for the organisation that has the alarm."


class BadShelf(Invalid):
    code = "monitoring.bad_shelf"
    message = "An alarm can be set aside for at most 24 hours, and only into the future."


class UnknownOutcome(Invalid):
    code = "monitoring.unknown_outcome"
    message = "Please say whether the alarm was real, false, a test, or could not be found out."


def _locked(actor: Actor, action: str, alarm_id: UUID) -> Alarm:
    rows = Alarm.objects.select_for_update(of=("self",)).select_related("organization")
    alarm = policies.scope(actor, rows, action).filter(pk=alarm_id).first()
    if alarm is None:
        raise NoSuchAlarm
    policies.authorise(actor, action, alarm)
    return alarm


def _ref(alarm: Alarm) -> str:
    return f"monitoring.Alarm/{alarm.pk}"


def _open_person(alarm: Alarm, user_id: UUID | None, at: datetime) -> None:
    """Open whom it is about to who takes or is sent, until it is closed, a day at most."""
    if user_id is None:
        return
    user = User.objects.get(pk=user_id)
    for person_id in _whom_it_is_about(alarm, at):
        access.grant(
            actor=SYSTEM,
            user=user,
            subject_type="people.Person",
            subject_id=person_id,
            purpose="alarm",
            field_classes=OPENED,
            source=_ref(alarm),
            at=at,
            until=at + LONGEST_SHELF,
        )


def _whom_it_is_about(alarm: Alarm, at: datetime) -> list[UUID]:
    """Return the person, or who lives in the home when the trouble is the home's."""
    if alarm.person_id is not None:
        return [alarm.person_id]
    if alarm.home is None or alarm.home.is_institution or alarm.is_storm:
        return []
    return people.residents_by_home([alarm.home.pk], at=at).get(alarm.home.pk, [])


@transaction.atomic
def acknowledge_alarm(*, actor: Actor, alarm_id: UUID, at: datetime) -> Alarm:
    """Take an alarm: it stops ringing and escalating. Raises NoSuchAlarm, WrongState."""
    alarm = _locked(actor, "monitoring.acknowledge_alarm", alarm_id)
    ALARM_LIFE.advance(
        alarm,
        "acknowledge",
        actor=actor,
        at=at,
        changes={
            "acknowledged_at": at,
            "acknowledged_by_id": actor.user_id,
            "next_step_at": None,
            "shelved_until": None,
        },
    )
    _open_person(alarm, actor.user_id, at)
    course.write_entry(alarm, EntryKind.ACKNOWLEDGED, at=at, actor=actor)
    bus.publish(events.AlarmAcknowledged(alarm_id=alarm.pk, user_id=actor.user_id))
    course.announce(alarm, at=at)
    return alarm


@transaction.atomic
def note_alarm(
    *, actor: Actor, alarm_id: UUID, text: str, at: datetime, called: str = "", reached: bool = True
) -> Alarm:
    """Append a note, or what a call to somebody gave. Raises EmptyNote, NoSuchAlarm."""
    alarm = _locked(actor, "monitoring.note_alarm", alarm_id)
    if not text.strip() and not called:
        raise EmptyNote(field="text")
    kind = EntryKind.CALL if called else EntryKind.NOTE
    data: dict[str, Any] = {"called": called, "reached": reached} if called else {}
    course.write_entry(alarm, kind, at=at, actor=actor, text=text.strip(), data=data)
    audit.record_change(actor=actor, action="monitoring.note_alarm", ref=_ref(alarm), at=at)
    course.announce(alarm, at=at)
    return alarm


@transaction.atomic
def tell_help(
    *, alarm_id: UUID, step: HelpStep, at: datetime, who: str = "", case: str = ""
) -> None:
    """Append how far the help is that somebody sent, in words of every language. NoSuchAlarm."""
    alarm = _locked(SYSTEM, "monitoring.note_alarm", alarm_id)
    data = {"step": step.value, "who": who, "case": case}
    course.write_entry(alarm, EntryKind.HELP, at=at, data=data)
    ref = _ref(alarm)
    audit.record_change(actor=SYSTEM, action="monitoring.note_alarm", ref=ref, at=at)
    course.announce(alarm, at=at)


@transaction.atomic
def assign_alarm(*, actor: Actor, alarm_id: UUID, user_id: UUID, at: datetime) -> Alarm:
    """Send somebody of the organisation that has the alarm. Raises NotOnStaff, AlarmClosed."""
    alarm = _locked(actor, "monitoring.assign_alarm", alarm_id)
    if alarm.state not in OPEN_STATES:
        raise AlarmClosed
    staff = (
        organizations.staff_of(actor, alarm.organization_id, at=at) if alarm.organization_id else []
    )
    chosen = next((line for line in staff if line.user_id == user_id), None)
    if chosen is None:
        raise NotOnStaff(field="user")
    alarm.assigned_to = User.objects.get(pk=user_id)
    alarm.save(update_fields=["assigned_to"])
    _open_person(alarm, user_id, at)
    course.write_entry(alarm, EntryKind.ASSIGNED, at=at, actor=actor, data={"to": chosen.name})
    audit.record_change(
        actor=actor,
        action="monitoring.assign_alarm",
        ref=_ref(alarm),
        at=at,
        detail={"to": str(user_id)},
    )
    course.announce(alarm, at=at)
    return alarm


@transaction.atomic
def take_back(*, alarm_id: UUID, user_id: UUID, at: datetime) -> None:
    """Note that somebody who was sent need not go: the alarm is not hers any more, nor the person.

    Raises NoSuchAlarm.
    """
    alarm = _locked(SYSTEM, "monitoring.note_alarm", alarm_id)
    user = User.objects.get(pk=user_id)
    if alarm.assigned_to_id == user_id:
        alarm.assigned_to = None
        alarm.save(update_fields=["assigned_to"])
        if alarm.acknowledged_by_id != user_id:
            access.end_grants(actor=SYSTEM, source=_ref(alarm), user_id=user_id, at=at)
    tell_help(alarm_id=alarm_id, step=HelpStep.BACK, who=user.display_name, at=at)


@transaction.atomic
def shelve_alarm(
    *, actor: Actor, alarm_id: UUID, reason: str, until: datetime, at: datetime
) -> Alarm:
    """Set an alarm aside with a reason and an end; then it rings again. Raises BadShelf."""
    alarm = _locked(actor, "monitoring.shelve_alarm", alarm_id)
    if not at < until <= at + LONGEST_SHELF:
        raise BadShelf(field="until")
    ALARM_LIFE.advance(
        alarm,
        "shelve",
        actor=actor,
        at=at,
        note=reason,
        changes={"shelved_until": until, "next_step_at": until},
    )
    course.write_entry(
        alarm,
        EntryKind.SHELVED,
        at=at,
        actor=actor,
        text=reason.strip(),
        data={"until": until.isoformat()},
    )
    course.announce(alarm, at=at)
    return alarm


@transaction.atomic
def resolve_alarm(*, actor: Actor, alarm_id: UUID, outcome: str, note: str, at: datetime) -> Alarm:
    """Close an alarm with what it turned out to be; the members of an incident close with it.

    Raises UnknownOutcome, AlarmClosed, NoSuchAlarm.
    """
    alarm = _locked(actor, RESOLVE, alarm_id)
    if outcome not in list(Outcome):
        raise UnknownOutcome(field="outcome")
    if alarm.state == State.RESOLVED:
        raise AlarmClosed
    members = Alarm.objects.select_for_update(of=("self",)).filter(
        incident=alarm, state__in=OPEN_STATES
    )
    for row in (alarm, *members):
        ALARM_LIFE.advance(
            row,
            "resolve",
            actor=actor,
            at=at,
            note=note,
            changes={
                "outcome": outcome,
                "resolved_at": at,
                "resolved_by_id": actor.user_id,
                "next_step_at": None,
                "shelved_until": None,
            },
        )
        course.write_entry(
            row,
            EntryKind.RESOLVED,
            at=at,
            actor=actor,
            text=note.strip(),
            data={"outcome": outcome},
        )
        access.end_grants(actor=SYSTEM, source=_ref(row), at=at)
        bus.publish(events.AlarmResolved(alarm_id=row.pk, rule=row.rule, outcome=outcome))
        course.announce(row, at=at)
    return alarm
