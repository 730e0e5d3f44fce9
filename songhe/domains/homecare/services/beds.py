"""A bed's road: applied for, refused, in use, paused, taken up again, ended."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.db import IntegrityError, connection, transaction

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.base.database import locks
from songhe.base.regions.days import day_of
from songhe.domains.homecare import notices, terms
from songhe.domains.homecare.models import EquipmentReturn, Fitting, HomeBed
from songhe.domains.homecare.params import params
from songhe.domains.homecare.policies import own_of
from songhe.domains.homecare.services import registering, running, telling, visiting
from songhe.domains.homecare.services.common import locked, move, noted
from songhe.domains.homecare.terms import BedState, Purpose
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.kernel.errors import Conflict, Denied, Invalid


class NoHome(Invalid):
    code = "homecare.no_home"
    message = "A home care bed stands in a home: the register knows none of this person's."


class NobodyServes(Invalid):
    code = "homecare.nobody_serves"
    message = "No organisation serves this place: choose who provides the bed."


class TooLongAPause(Invalid):
    code = "homecare.too_long_a_pause"
    message = "A paused bed is looked at again on a day ahead, within %(days)d days."


class BedThereAlready(Conflict):
    code = "homecare.bed_there_already"
    message = "This person has a home care bed already, or has applied for one."


@transaction.atomic
def apply_for_bed(
    *,
    actor: Actor,
    person_id: UUID,
    at: datetime,
    organization_id: UUID | None = None,
    note: str = "",
) -> HomeBed:
    """Apply for a bed in the home where a person lives; return it.

    Without an organisation it goes to the one that serves the region. Raises NoSuchPerson,
    PersonHasDied, NoHome, NobodyServes, BedThereAlready, Denied.
    """
    person = people.choose_person(actor, people.VIEW, person_id)
    people.all_live([person.id])
    with lifted():  # her family may apply without seeing where she lives
        home = people.home_of(person.id, at=at)
    if home is None or home.is_institution:
        raise NoHome(field="person")
    if organization_id is None:
        with lifted():
            serving = organizations.serving(home.region_code)
        if serving is None:
            raise NobodyServes(field="organization")
        organization_id = serving.pk
    bed = HomeBed(
        person_id=person.id,
        home=home,
        organization_id=organization_id,
        region_code=home.region_code,
        number=_number(home.region_code, day_of(at)),
        applied_at=at,
        applied_by=actor.user_id,
        applied_by_name="" if actor.is_system else actor.display_name,
    )
    _may_apply(actor, bed)
    if note.strip():
        bed.note_sealed = vault.seal(note.strip()[:2000], field=HomeBed.NOTE, pk=bed.pk)
    try:
        with transaction.atomic():
            bed.save(force_insert=True)
    except IntegrityError:
        raise BedThereAlready(field="person") from None
    noted(actor, terms.APPLY, bed, at, state=bed.state)
    if not actor.is_system:
        words = {"number": bed.number}
        telling.tell_staff(bed, terms.ASSESS, notices.APPLIED, words, at=at, but=actor.user_id)
        telling.tell_own(bed, "applied", at=at, but=actor.user_id)
    return bed


def _number(region_code: str, today: date) -> str:
    """Return the next number of a county and year; nobody else takes one meanwhile."""
    head = f"{region_code[:6]}-{today.year}-"
    locks.hold(f"homecare {head}")
    with connection.cursor() as cursor:
        # Counts beyond what the actor may see.
        cursor.execute("SELECT homecare_next_number(%s)", [head])
        return f"{head}{cursor.fetchone()[0]:04d}"


def _may_apply(actor: Actor, bed: HomeBed) -> None:
    """Let the region's or the provider's staff apply, and who may do so for her own people."""
    if actor.is_system or actor.covers(terms.APPLY, bed.region_code):
        return
    if bed.organization_id in actor.organizations(terms.APPLY):
        return
    if not (actor.may(terms.ASK) and bed.person_id in own_of(actor)):
        raise Denied(action=terms.APPLY)


@transaction.atomic
def refuse_bed(*, actor: Actor, bed_id: UUID, reason: str, at: datetime) -> HomeBed:
    """Refuse an application with a reason. Raises NoSuchBed, Denied, WrongState, ReasonNeeded."""
    bed = locked(actor, terms.MOVE, bed_id)
    move(bed, "refuse", actor=actor, at=at, note=reason, changes={"ended_at": at})
    visiting.let_go(bed, *Purpose, at=at)
    registering.adopt(bed)
    telling.tell_own(bed, "refused", at=at)
    return bed


@transaction.atomic
def activate_bed(*, actor: Actor, bed_id: UUID, at: datetime) -> HomeBed:
    """Take a bed into use: its services begin. Raises NotReady, WrongState, NoSuchBed, Denied."""
    bed = locked(actor, terms.MOVE, bed_id)
    today = day_of(at)
    changes = {"active_on": today, "review_on": after_a_month(today)}
    move(bed, "activate", actor=actor, at=at, changes=changes)
    running.begin(bed, at=at)
    telling.tell_own(bed, "active", at=at)
    return bed


def after_a_month(today: date) -> date:
    """Return by when the next review is due."""
    due: date = today + relativedelta(months=params()["review"]["every_months"])
    return due


@transaction.atomic
def pause_bed(
    *, actor: Actor, bed_id: UUID, reason: str, at: datetime, look_on: date | None = None
) -> HomeBed:
    """Pause a bed with a reason, or let its pause go on: its services pause.

    look_on: by which day somebody looks whether it goes on; without, after the usual time.
    Raises WrongState, ReasonNeeded, TooLongAPause, NoSuchBed, Denied.
    """
    bed = locked(actor, terms.MOVE, bed_id)
    today, days = day_of(at), params()["pause"]["longest_days"]
    if look_on is not None and not today < look_on <= today + timedelta(days=days):
        raise TooLongAPause(field="look_on", days=days)
    was_paused = bed.state == BedState.PAUSED
    running.pause(bed, actor=actor, why=reason, at=at, look_on=look_on)
    if not was_paused:
        telling.tell_own(bed, "paused", at=at)
    return bed


@transaction.atomic
def resume_bed(*, actor: Actor, bed_id: UUID, at: datetime) -> HomeBed:
    """Take a paused bed up again, with its services. Raises NotReady, WrongState."""
    bed = locked(actor, terms.MOVE, bed_id)
    today = day_of(at)
    changes = {"active_on": today, "review_on": after_a_month(today)}
    move(bed, "resume", actor=actor, at=at, changes=changes)
    running.resume(bed, at=at)
    telling.tell_own(bed, "active", at=at)
    return bed


@transaction.atomic
def end_bed(*, actor: Actor, bed_id: UUID, reason: str, at: datetime) -> HomeBed:
    """End a bed with a reason: its services end, its equipment is to come back.

    What meets a need of another bed too stays there: the list names it when that bed ends.
    Raises WrongState, ReasonNeeded, NoSuchBed, Denied.
    """
    bed = locked(actor, terms.MOVE, bed_id)
    move(bed, "end", actor=actor, at=at, note=reason, changes={"ended_at": at})
    visiting.let_go(bed, *Purpose, at=at)
    running.end(bed, at=at)
    fittings = Fitting.objects.select_for_update().filter(need__bed=bed, period__contains=at)
    seen = set()
    for row in fittings:
        row.period = (row.period.lower, at)
        row.save(update_fields=["period"])
        seen.add(row.device_id)
    EquipmentReturn.objects.bulk_create(
        EquipmentReturn(bed=bed, device_id=pk, listed_at=at)
        for pk in sorted(seen - _still_used(seen, at))
    )
    registering.adopt(bed)
    telling.tell_own(bed, "ended", at=at)
    return bed


def _still_used(ids: set[UUID], at: datetime) -> set[UUID]:
    """Return which devices meet a need of another bed too, such as a home's one smoke alarm."""
    rows = Fitting.objects.filter(device__in=ids, period__contains=at)
    return set(rows.values_list("device_id", flat=True))
