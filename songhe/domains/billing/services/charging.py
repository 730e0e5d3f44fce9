"""Charging a service and taking a charge back; the ledger moves in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from songhe.base.access import policies
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.access.wall import lifted
from songhe.base.audit import services as audit
from songhe.base.database import locks
from songhe.base.events import bus
from songhe.base.regions.days import day_of
from songhe.domains.billing import books, events
from songhe.domains.billing.models import Charge, ChargeShare
from songhe.domains.billing.selectors import NoSuchCharge
from songhe.domains.billing.services.lines import take_out
from songhe.domains.billing.terms import REVERSE, Payer, Share
from songhe.domains.people import selectors as people
from songhe.domains.subsidies import services as subsidies
from songhe.engines.ledger import services as ledger
from songhe.engines.ledger.terms import Unit
from songhe.engines.workflow.engine import ReasonNeeded
from songhe.kernel.errors import Conflict, Invalid

MAKE = "billing.make_charge"


class SharesDoNotSum(Invalid):
    code = "billing.shares_do_not_sum"
    message = "The shares are not the price, or a payer is named twice."


class ChargedOtherwise(Conflict):
    """The ref was charged before: of another person, provider, item or price."""

    code = "billing.charged_otherwise"
    message = "This was charged before, otherwise. Reverse that charge first."


def charge(
    *,
    actor: Actor,
    ref: str,
    person_id: UUID,
    organization_id: UUID,
    item_code: str,
    item_number: int,
    gross_fen: int,
    shares: Sequence[Share | Mapping[str, Any]],
    on: date,
    at: datetime,
    hold_ref: str = "",
) -> UUID:
    """Charge a service that was given (`ref`, such as a visit) on a day; return the charge's id.

    shares: who pays what, as `subsidies.services.quote` said or an order keeps it; they sum to the
    price. What was set aside under hold_ref (by default the ref) is used; where nothing or
    something else was, it is set aside now. Asked again for the same it is the same charge.
    Who calls has looked at who may; a person is not asked for. Raises SharesDoNotSum,
    ChargedOtherwise, subsidies' NotEntitled and TooLittle, NoSuchPerson.
    """
    given = _sound(gross_fen, shares)
    wanted = (person_id, organization_id, item_code, int(item_number), gross_fen)
    with lifted(), transaction.atomic():
        _one_at_a_time(ref)
        standing = _standing(ref)
        if standing is None:
            return _make(actor, ref, wanted, given, hold_ref or ref, on, at)
        if _said(standing) != (wanted, {one.programme: one.fen for one in given}):
            raise ChargedOtherwise
        return standing.pk


def _sound(gross_fen: int, shares: Sequence[Share | Mapping[str, Any]]) -> list[Share]:
    given = [one if isinstance(one, Share) else Share.of(one) for one in shares]
    if not any(one.payer == Payer.PERSON for one in given):
        given.append(Share.of({"payer": Payer.PERSON.value, "fen": 0}))
    given = [one for one in given if one.fen or one.payer == Payer.PERSON]
    programmes = [one.programme for one in given]
    named = all(bool(one.programme) == (one.payer != Payer.PERSON) for one in given)
    if (
        gross_fen < 1
        or sum(one.fen for one in given) != gross_fen
        or any(one.fen < 0 for one in given)
        or len(set(programmes)) != len(programmes)
        or not named
    ):
        raise SharesDoNotSum
    return given


def _one_at_a_time(ref: str) -> None:
    """Let whoever charges the same wait: what it uses of a hold is seen whole or not at all."""
    locks.hold(f"charge {ref}")


def _standing(ref: str) -> Charge | None:
    return Charge.objects.filter(ref=ref, reversed_at=None).first()


def _said(row: Charge) -> tuple[tuple[Any, ...], dict[str, int]]:
    first = (row.person_id, row.organization_id, row.item_code, row.item_number, row.gross_fen)
    return first, dict(row.shares.values_list("programme", "fen"))


def _make(
    actor: Actor,
    ref: str,
    wanted: tuple[UUID, UUID, str, int, int],
    given: list[Share],
    hold_ref: str,
    on: date,
    at: datetime,
) -> UUID:
    person_id, organization_id, item_code, item_number, gross_fen = wanted
    person = people.choose_person(SYSTEM, people.VIEW, person_id)
    _use(actor, hold_ref, person_id, given, on, at)
    row = Charge(
        ref=ref,
        person_id=person_id,
        organization_id=organization_id,
        region_code=person.region_code,
        item_code=item_code,
        item_number=item_number,
        gross_fen=gross_fen,
        on=on,
        made_at=at,
        made_by=actor.user_id,
        hold_ref=hold_ref,
    )
    row.entry_id = ledger.post(
        actor=actor,
        key=f"billing.Charge/{row.pk}",
        kind="charge",
        ref=ref,
        unit=Unit.FEN,
        amounts={_account(one, person_id, at): -one.fen for one in given}
        | {books.earned(organization_id, at): gross_fen},
        on=on,
        at=at,
    )
    row.save(force_insert=True)
    ChargeShare.objects.bulk_create(
        ChargeShare(
            charge=row,
            rank=rank,
            payer=one.payer,
            programme=one.programme,
            fen=one.fen,
            why=one.why,
            detail=one.detail,
        )
        for rank, one in enumerate(given)
    )
    audit.record_change(
        actor=actor, action=MAKE, ref=f"billing.Charge/{row.pk}", at=at, detail={"of": ref}
    )
    own_fen = sum(one.fen for one in given if one.payer == Payer.PERSON)
    bus.publish(
        events.ChargeMade(
            charge_id=row.pk,
            ref=ref,
            person_id=person_id,
            organization_id=organization_id,
            gross_fen=gross_fen,
            own_fen=own_fen,
        )
    )
    return row.pk


def _account(share: Share, person_id: UUID, at: datetime) -> UUID:
    if share.payer == Payer.PERSON:
        return books.person_due(person_id, at)
    return books.programme_due(share.programme, at)


def _use(
    actor: Actor, hold_ref: str, person_id: UUID, given: list[Share], on: date, at: datetime
) -> None:
    """Use what is set aside, brought to the shares first."""
    funded = {one.programme: one.fen for one in given if one.payer != Payer.PERSON}
    held = subsidies.held(hold_ref)
    said = {one.programme: one.fen for one in held.shares if one.programme} if held else None
    if said is not None and said != funded:
        subsidies.release(actor=actor, ref=hold_ref, on=on, at=at)
    if funded and said != funded:
        subsidies.hold_shares(
            actor=actor, ref=hold_ref, person_id=person_id, item_kind="", shares=given, on=on, at=at
        )
    if funded:
        subsidies.use(actor=actor, ref=hold_ref, on=on, at=at)


@transaction.atomic
def reverse_charge(*, actor: Actor, ref: str, reason: str, at: datetime) -> UUID:
    """Take the standing charge of a ref back, with a reason; a new charge may be made.

    What others paid is free again at once, in the month to which it belonged. A draft loses the
    lines, a submitted settlement shows their reversal beside them, of a confirmed one the next
    takes them back. Returns the charge's id. Raises NoSuchCharge, ReasonNeeded, Denied.
    """
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    with lifted():
        row = Charge.objects.select_for_update().filter(ref=ref, reversed_at=None).first()
        if row is None or not policies.can(actor, REVERSE, row):
            raise NoSuchCharge
        on = day_of(at)
        shares = list(row.shares.all())
        if any(one.programme for one in shares):
            subsidies.restore(actor=actor, ref=row.hold_ref, on=on, at=at)
        if subsidies.held(row.hold_ref) is not None:  # also what said that nobody else pays
            subsidies.release(actor=actor, ref=row.hold_ref, on=on, at=at)
        row.reversed_entry_id = ledger.reverse(
            actor=actor,
            entry_id=row.entry_id,
            key=f"billing.Charge/{row.pk}/reverse",
            on=on,
            at=at,
        )
        row.reversed_at, row.reversed_by = at, actor.user_id
        row.reversed_reason = reason.strip()[:200]
        row.save(
            update_fields=["reversed_at", "reversed_by", "reversed_reason", "reversed_entry_id"]
        )
        take_out(actor, shares, reason=reason.strip(), at=at)
    audit.record_change(
        actor=actor, action=REVERSE, ref=f"billing.Charge/{row.pk}", at=at, detail={"of": ref}
    )
    bus.publish(events.ChargeReversed(charge_id=row.pk, ref=ref, person_id=row.person_id))
    return row.pk
