"""Giving, pausing and ending entitlements; each step is in the audit with its reason."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from songhe.base.access import policies
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.audit import services as audit
from songhe.base.regions.days import day_of
from songhe.domains.people import selectors as people
from songhe.domains.subsidies import purses, selectors
from songhe.domains.subsidies.models import Entitlement, Programme
from songhe.domains.subsidies.selectors import NoSuchEntitlement
from songhe.domains.subsidies.terms import KEEP, EntitlementState
from songhe.domains.subsidies.workflow import ENTITLEMENT_LIFE
from songhe.kernel.errors import Conflict, Denied, Invalid


class NotFor(Invalid):
    code = "subsidies.not_for"
    message = "This programme is not for this person: %(why)s."


class BadPeriod(Invalid):
    code = "subsidies.bad_period"
    message = "An entitlement ends after it begins."


class Doubled(Conflict):
    code = "subsidies.doubled"
    message = "The person has this programme already in that time."


@transaction.atomic
def give_entitlement(
    *,
    actor: Actor,
    person_id: UUID,
    programme: str,
    since: date,
    at: datetime,
    until: date | None = None,
    cap_fen: int | None = None,
) -> UUID:
    """Entitle a person to a programme from a day on; return the entitlement's id.

    until: the first day without it. cap_fen: a monthly limit of her own. The ability level of the
    register is written down. Raises NoSuchPerson, PersonHasDied, NoSuchProgramme, NotFor,
    BadPeriod, Doubled, Denied.
    """
    person = people.choose_person(actor, people.VIEW, person_id)
    people.all_live([person.id])
    if not (actor.is_system or selectors.may_keep(actor, person.region_code)):
        raise Denied(action=KEEP)
    rule = selectors.in_force(programme, max(since, day_of(at)))
    if until is not None and until <= since:
        raise BadPeriod(field="until")
    if cap_fen is not None and cap_fen < 1:
        raise BadPeriod(field="cap_fen")
    _fits(rule, person, since)
    period: Any = (since, until)
    row = Entitlement(
        person_id=person.id,
        programme=programme,
        period=period,
        ability_level=person.care_level,
        cap_fen=cap_fen,
        given_at=at,
        given_by=actor.user_id,
        given_by_name="" if actor.is_system else actor.display_name,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Doubled(field="programme") from None
    audit.record_change(
        actor=actor,
        action=KEEP,
        ref=f"subsidies.Entitlement/{row.pk}",
        at=at,
        detail={"person": str(person.id), "programme": programme, "state": "granted"},
    )
    _begin(Entitlement.objects.get(pk=row.pk), at)
    return row.pk


def _fits(rule: Programme, person: people.PersonView, on: date) -> None:
    if not person.region_code.startswith(rule.region_prefix):
        raise NotFor(field="programme", why="region")
    age = person.age(on)
    if rule.least_age is not None and (age is None or age < rule.least_age):
        raise NotFor(field="programme", why="age")
    if rule.least_level is not None and (
        person.care_level is None or person.care_level < rule.least_level
    ):
        raise NotFor(field="programme", why="level")


def _begin(row: Entitlement, at: datetime) -> None:
    """Let an entitlement begin whose day has come, and fill its purse."""
    on = day_of(at)
    if row.state != EntitlementState.GRANTED or row.period.lower > on:
        return
    ENTITLEMENT_LIFE.advance(row, "begin", actor=SYSTEM, at=at)
    for purse in selectors.entitled(row.person_id, on):
        if purse.entitlement.pk == row.pk:
            purses.fill(purse, on=on, at=at)


def _locked(actor: Actor, entitlement_id: UUID) -> Entitlement:
    rows = Entitlement.objects.select_for_update(of=("self",))
    row = policies.scope(actor, rows, KEEP).filter(pk=entitlement_id).first()
    if row is None:
        raise NoSuchEntitlement
    return row


@transaction.atomic
def pause_entitlement(*, actor: Actor, entitlement_id: UUID, reason: str, at: datetime) -> None:
    """Let an entitlement rest; what is set aside stays. Raises WrongState, ReasonNeeded."""
    row = _locked(actor, entitlement_id)
    ENTITLEMENT_LIFE.advance(row, "pause", actor=actor, at=at, note=reason)


@transaction.atomic
def resume_entitlement(*, actor: Actor, entitlement_id: UUID, at: datetime) -> None:
    """Let an entitlement go on. Raises WrongState."""
    ENTITLEMENT_LIFE.advance(_locked(actor, entitlement_id), "resume", actor=actor, at=at)


@transaction.atomic
def end_entitlement(*, actor: Actor, entitlement_id: UUID, reason: str, at: datetime) -> None:
    """End an entitlement today; what is set aside may still be used. Raises WrongState."""
    row = _locked(actor, entitlement_id)
    ENTITLEMENT_LIFE.advance(row, "end", actor=actor, at=at, note=reason)


def advance(*, at: datetime) -> int:
    """Begin what has come and end what has run out; return how many moved."""
    on, moved = day_of(at), 0
    due = Entitlement.objects.exclude(state=EntitlementState.ENDED)
    for pk in due.values_list("pk", flat=True):
        with transaction.atomic():
            row = Entitlement.objects.select_for_update(of=("self",)).get(pk=pk)
            before = row.state
            if row.period.upper is not None and row.period.upper <= on:
                if before != EntitlementState.ENDED:
                    ENTITLEMENT_LIFE.advance(row, "run_out", actor=SYSTEM, at=at)
            else:
                _begin(row, at)
            moved += row.state != before
    return moved
