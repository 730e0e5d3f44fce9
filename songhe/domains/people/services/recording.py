"""Recording facts of a person with the date since when they are true; correcting them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.events import bus
from songhe.base.regions import days
from songhe.domains.people import events, indexing, projecting, register, sealing
from songhe.domains.people.models import Home, Person, PersonRecord, Residency, Room
from songhe.domains.people.services.checking import MOVE, check_value
from songhe.domains.people.services.checking import Fact as Fact
from songhe.domains.people.services.checking import LevelNeeded as LevelNeeded
from songhe.domains.people.services.common import NotAChoice, covered, locked
from songhe.domains.people.services.registering import home_at, register_person
from songhe.kernel.errors import Conflict, Denied, Invalid, NotFound

RECORD = "people.record_fact"


class NoSuchRecord(NotFound):
    code = "people.no_such_record"
    message = "This entry does not exist, or was corrected in the meantime."


class InTheFuture(Invalid):
    code = "people.in_the_future"
    message = "This date lies in the future: record it when it has come."


class BeforeBirth(Invalid):
    code = "people.before_birth"
    message = "This date lies before the person's birth."


class AfterDeath(Invalid):
    code = "people.after_death"
    message = "This date lies after the person's death, which is recorded for %(died_on)s."


class DiedAlready(Conflict):
    code = "people.died_already"
    message = "The death is recorded already, for %(died_on)s. Correct that entry instead."


class LaterEntry(Conflict):
    """until: from which day on the later entry holds."""

    code = "people.later_entry"
    message = (
        "A later entry holds since %(since)s. Confirm that the new one is true only until then,"
        " or correct the later one."
    )


class SameMoment(Conflict):
    code = "people.same_moment"
    message = "There is an entry for this very day already. Correct that one instead."


class ReasonForCorrection(Invalid):
    code = "people.reason_for_correction"
    message = "Say why it is corrected."


@transaction.atomic
def record_fact(
    *,
    actor: Actor,
    person_id: UUID,
    fact: Fact,
    since: datetime,
    at: datetime,
    between: bool = False,
) -> PersonRecord:
    """Record a fact that is true since a moment; what held before ends then.

    between: the actor knows that a later entry holds from its own date on. Raises NoSuchPerson,
    Denied, NotAChoice, InTheFuture, BeforeBirth, AfterDeath, DiedAlready, LaterEntry, SameMoment.
    """
    person = _allowed(actor, person_id, fact.kind)
    fact = _housed(actor, fact, at)
    check_value(actor, fact, at)
    projecting.take_over(person, fact.kind)
    _check_time(person, fact.kind, since, at)
    rows = projecting.believed(person, fact.kind)
    if fact.kind == register.DEATH and rows:
        raise DiedAlready(died_on=days.day_of(rows[0].since_at).isoformat())
    if any(row.since_at == since for row in rows):
        raise SameMoment(field="since_on")
    later = [row for row in rows if row.since_at > since]
    if later and not between:
        raise LaterEntry(field="since_on", since=days.day_of(later[0].since_at).isoformat())
    row = _insert(actor, person, fact, since, at)
    _follow(actor, person, row, at)
    return row


@transaction.atomic
def correct_record(
    *,
    actor: Actor,
    record_id: UUID,
    fact: Fact,
    since: datetime,
    reason: str,
    at: datetime,
) -> PersonRecord:
    """Put a better entry in the place of one that was wrong; the wrong one stays readable.

    Raises NoSuchRecord, ReasonForCorrection and what record_fact raises.
    """
    old, person = _wrong(actor, record_id, reason)
    fact = _housed(actor, fact, at)
    check_value(actor, fact, at)
    _supersede(old, reason, at)
    _check_time(person, old.kind, since, at)
    if PersonRecord.objects.filter(
        person=person, kind=old.kind, since_at=since, superseded_at=None
    ).exists():
        raise SameMoment(field="since_on")
    row = _insert(actor, person, fact, since, at)
    old.superseded_by = row
    old.save(update_fields=["superseded_by"])
    _follow(actor, person, row, at)
    return row


@transaction.atomic
def withdraw_record(*, actor: Actor, record_id: UUID, reason: str, at: datetime) -> PersonRecord:
    """Take an entry back that was never true. Raises NoSuchRecord, ReasonForCorrection."""
    old, person = _wrong(actor, record_id, reason)
    _supersede(old, reason, at)
    _follow(actor, person, old, at)
    return old


@transaction.atomic
def move_in(
    *,
    actor: Actor,
    person_id: UUID,
    home: Home,
    at: datetime,
    room: Room | None = None,
    since: datetime | None = None,
) -> Residency:
    """Let a person live in a home since a moment (`at` where none is told).

    The stay before ends then; later ones hold. What was recorded for the very moment is corrected.
    """
    person = _allowed(actor, person_id, register.HOME)
    covered(actor, MOVE, home.region_code)
    begins = since or at
    projecting.take_over(person, register.HOME)
    _check_time(person, register.HOME, begins, at)
    for row in projecting.believed(person, register.HOME):
        if row.since_at == begins:
            _supersede(row, "", at)
    data = {"room": str(room.pk)} if room else {}
    fact = Fact(register.HOME, str(home.pk), data=data)
    _follow(actor, person, _insert(actor, person, fact, begins, at), at)
    return Residency.objects.get(person=person, period__startswith=begins)


def _allowed(actor: Actor, person_id: UUID, kind: str) -> Person:
    """Return the locked person where the actor may record this kind of fact. Raises Denied."""
    if kind not in register.kinds():
        raise NotAChoice(field="kind", given=kind[:30], known=", ".join(register.kinds()))
    action = MOVE if kind == register.HOME else RECORD
    person = locked(actor, action, person_id)
    opened = actor.is_system or register.kinds()[kind].field in policies.fields(actor, person)
    if not opened:
        raise Denied(action=action)
    return person


def _wrong(actor: Actor, record_id: UUID, reason: str) -> tuple[PersonRecord, Person]:
    row = PersonRecord.objects.filter(pk=record_id).first()
    if row is None:
        raise NoSuchRecord
    person = _allowed(actor, row.person_id, row.kind)
    row = PersonRecord.objects.select_for_update().filter(pk=record_id, superseded_at=None).first()
    if row is None:
        raise NoSuchRecord
    if not reason.strip():
        raise ReasonForCorrection(field="reason")
    return row, person


def _housed(actor: Actor, fact: Fact, at: datetime) -> Fact:
    if not fact.region_code:
        return fact
    home = home_at(actor=actor, region_code=fact.region_code, address=fact.address, at=at)
    return replace(fact, value=str(home.pk), region_code="", address="")


@transaction.atomic
def register_resident(
    *,
    actor: Actor,
    name: str,
    sex: str,
    birth_on: date | None,
    region_code: str,
    address: str,
    at: datetime,
    since: datetime | None = None,
    id_number: str = "",
    phone: str = "",
    living: str = "family",
) -> Person:
    """Register a person who lives at an address since a moment (`at` where none is told).

    Raises what register_person and move_in raise; then nothing is stored.
    """
    person = register_person(
        actor=actor,
        name=name,
        sex=sex,
        birth_on=birth_on,
        region_code=region_code,
        at=at,
        id_number=id_number,
        phone=phone,
        living=living,
    )
    if address.strip():
        home = home_at(actor=actor, region_code=region_code, address=address, at=at)
        move_in(actor=actor, person_id=person.pk, home=home, at=at, since=since)
    return person


def _check_time(person: Person, kind: str, since: datetime, at: datetime) -> None:
    if since > at:
        raise InTheFuture(field="since_on")
    if person.birth_on is not None and days.day_of(since) < person.birth_on:
        raise BeforeBirth(field="since_on")
    died_on = person.died_on
    if kind != register.DEATH and died_on is not None and since >= days.end_of(died_on):
        raise AfterDeath(field="since_on", died_on=died_on.isoformat())


def _insert(
    actor: Actor, person: Person, fact: Fact, since: datetime, at: datetime
) -> PersonRecord:
    row = PersonRecord(
        person=person,
        kind=fact.kind,
        value=fact.value,
        data=fact.data,
        since_at=since,
        recorded_at=at,
        recorded_by=actor.user_id,
        recorded_by_name=actor.display_name,
    )
    if fact.sealed:
        sealing.put_value(row, fact.sealed)
    sealing.put_note(row, fact.note)
    row.save(force_insert=True)
    return row


def _supersede(row: PersonRecord, reason: str, at: datetime) -> None:
    row.superseded_at, row.superseded_reason = at, reason.strip()[:200]
    row.save(update_fields=["superseded_at", "superseded_reason"])


def _home_of(person: Person, at: datetime) -> UUID | None:
    row = Residency.objects.filter(person=person, period__contains=at).first()
    return row.home_id if row else None


def _follow(actor: Actor, person: Person, row: PersonRecord, at: datetime) -> None:
    """Let the person's row, the search, the audit and the other rooms know."""
    left, had_died = _home_of(person, at), person.died_on
    projecting.apply(person, at=at)
    indexing.put_of(person.pk)
    home = _home_of(person, at)
    audit.record_change(
        actor=actor,
        action=MOVE if row.kind == register.HOME else RECORD,
        ref=f"people.Person/{person.pk}",
        at=at,
        detail={"record": str(row.pk), "kind": row.kind},
    )
    bus.publish(
        events.PersonRecordChanged(
            person_id=person.pk,
            record_id=row.pk,
            kind=row.kind,
            since=row.since_at,
            recorded_at=at,
        )
    )
    if row.kind == register.HOME:
        bus.publish(
            events.PersonMoved(
                person_id=person.pk,
                home_id=home,
                left_home_id=left if left != home else None,
                since=row.since_at,
                recorded_at=at,
            )
        )
    if row.kind == register.DEATH:
        _tell_of_death(person, had_died is not None, left or home, at)


def _tell_of_death(person: Person, had_died: bool, home: UUID | None, at: datetime) -> None:
    """Publish a death, also one whose date was corrected, or that there was none."""
    if person.died_on is not None:
        bus.publish(
            events.PersonDied(
                person_id=person.pk, died_on=person.died_on, home_id=home, recorded_at=at
            )
        )
    elif had_died:
        bus.publish(events.PersonDeathWithdrawn(person_id=person.pk, home_id=home, recorded_at=at))
