"""Placing and lifting legal holds; whether one stands over a person."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from songhe.base import vault
from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.retention import handlers, held
from songhe.base.retention.models import Hold
from songhe.kernel.errors import Conflict, Denied, Invalid, NotFound
from songhe.kernel.ids import uuid7

KEEP = "security.keep_holds"
VIEW = "security.view_holds"
PERSON = "people.Person"
LONGEST_PAPER, LONGEST_REASON = 80, 1000


class NoSuchHold(NotFound):
    code = "retention.no_such_hold"
    message = "This hold does not exist, or is not open to you."


class SayWhy(Invalid):
    code = "retention.say_why"
    message = "Say why, and by which paper: a hold keeps data longer than the law of privacy wants."


class EndsTooEarly(Invalid):
    code = "retention.ends_too_early"
    message = "The end lies before the beginning."


class BeginsLater(Invalid):
    code = "retention.begins_later"
    message = "A hold begins today or earlier."


class CannotBeHeld(Invalid):
    code = "retention.cannot_be_held"
    message = "This class cannot be held: nothing of it is destroyed by the nightly run."


class HeldAlready(Conflict):
    code = "retention.held_already"
    message = "The same paper holds this already."


class LiftedAlready(Conflict):
    code = "retention.lifted_already"
    message = "This hold is over already."


class Held(Conflict):
    """What stands in the way of an erasure, by the hold's own words."""

    code = "retention.held"
    message = (
        "A legal hold stands since %(since)s: %(paper)s. While it stands nothing of this person is "
        "erased. The data protection officer lifts it when its reason is over."
    )


def paper_of(hold: Hold) -> str:
    """Return the number of the paper on which a hold rests."""
    return _open(hold.paper_sealed, Hold.PAPER, hold.pk)


def reason_of(hold: Hold) -> str:
    """Return why a hold was placed."""
    return _open(hold.reason_sealed, Hold.REASON, hold.pk)


def lifted_reason_of(hold: Hold) -> str:
    """Return why a hold was lifted, "" while it stands."""
    return _open(hold.lifted_reason_sealed, Hold.LIFTED, hold.pk)


def _open(sealed: bytes | memoryview | None, field: str, pk: UUID) -> str:
    return vault.unseal(bytes(sealed), field=field, pk=pk) if sealed else ""


@transaction.atomic
def place(
    *,
    actor: Actor,
    paper: str,
    reason: str,
    since: datetime,
    until: datetime | None,
    at: datetime,
    person_id: UUID | None = None,
    region_code: str = "",
    data_class: str = "",
) -> Hold:
    """Hold a person's data, or a class of data; who may is asked by the caller for a person.

    Raises Denied, SayWhy, BeginsLater, EndsTooEarly, CannotBeHeld, HeldAlready.
    """
    if not actor.may(KEEP):
        raise Denied(action=KEEP)
    paper, reason = paper.strip()[:LONGEST_PAPER], reason.strip()[:LONGEST_REASON]
    if not paper:
        raise SayWhy(field="paper")
    if not reason:
        raise SayWhy(field="reason")
    if since > at:
        raise BeginsLater(field="since")
    if until is not None and until <= at:
        raise EndsTooEarly(field="until")
    known = handlers.all_classes().get(data_class)
    if data_class and (known is None or not known.is_timed or not known.can_be_held):
        raise CannotBeHeld(field="data_class")
    same = Hold.objects.filter(
        person_id=person_id, data_class=data_class, period__contains=at
    ).select_for_update()
    if any(paper_of(one) == paper for one in same):
        raise HeldAlready(field="paper")
    pk = uuid7()
    hold = Hold.objects.create(
        id=pk,
        person_id=person_id,
        data_class=data_class,
        region_code=region_code,
        paper_sealed=vault.seal(paper, field=Hold.PAPER, pk=pk),
        reason_sealed=vault.seal(reason, field=Hold.REASON, pk=pk),
        period=DateTimeTZRange(since, until),
        placed_at=at,
        placed_by_id=actor.user_id,
    )
    _tell(actor, "security.place_hold", hold, at)
    return hold


@transaction.atomic
def lift(*, actor: Actor, hold_id: UUID, reason: str, at: datetime) -> Hold:
    """Lift a hold now. Raises Denied, NoSuchHold, SayWhy, LiftedAlready."""
    if not actor.may(KEEP):
        raise Denied(action=KEEP)
    hold = Hold.objects.select_for_update().filter(pk=hold_id).first()
    if hold is None or (hold.region_code and not actor.covers(KEEP, hold.region_code)):
        raise NoSuchHold
    if not reason.strip():
        raise SayWhy(field="reason")
    if hold.lifted_at is not None or (hold.period.upper and hold.period.upper <= at):
        raise LiftedAlready
    hold.lifted_at, hold.lifted_by_id = at, actor.user_id
    hold.lifted_reason_sealed = vault.seal(
        reason.strip()[:LONGEST_REASON], field=Hold.LIFTED, pk=hold.pk
    )
    hold.period = DateTimeTZRange(min(hold.period.lower, at), at, "[)")
    hold.save(update_fields=["lifted_at", "lifted_by", "lifted_reason_sealed", "period"])
    _tell(actor, "security.lift_hold", hold, at)
    return hold


def _tell(actor: Actor, action: str, hold: Hold, at: datetime) -> None:
    detail = {"hold": str(hold.pk)} | ({"class": hold.data_class} if hold.data_class else {})
    ref = f"{PERSON}/{hold.person_id}" if hold.person_id else f"retention.Hold/{hold.pk}"
    audit.record_change(actor=actor, action=action, ref=ref, at=at, detail=detail)


def over(person_id: UUID, *, tables: Collection[str], at: datetime) -> Hold | None:
    """Return a hold that keeps a person from being erased, None where none does.

    Her own, one of an entry that was merged with hers, or one of a class of which she has rows:
    tables are those in which something of hers would go.
    """
    standing = held.standing(at)
    family = set(held.family_of([person_id])) if standing else set()
    known = handlers.all_classes()
    for hold in standing:
        if hold.person_id is not None and hold.person_id in family:
            return hold
        if hold.data_class and set(known[hold.data_class].tables) & set(tables):
            return hold
    return None


def check(person_id: UUID, *, tables: Collection[str], at: datetime) -> None:
    """Raise Held, naming the hold, where one keeps a person from being erased."""
    hold = over(person_id, tables=tables, at=at)
    if hold is not None:
        raise Held(paper=paper_of(hold), since=hold.period.lower.date().isoformat())
