"""Own shares: paid in cash or by the payment provider, paid back, each with its receipt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from songhe.base.access import policies
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.access.wall import lifted
from songhe.base.audit import services as audit
from songhe.base.outside import payments as outside
from songhe.base.regions.days import day_of
from songhe.domains.billing import books
from songhe.domains.billing.models import (
    Charge,
    ChargeShare,
    Payment,
    PaymentLine,
    Receipt,
)
from songhe.domains.billing.selectors import NoSuchCharge
from songhe.domains.billing.terms import NOTE, PAY, Payer, PaymentState, Way
from songhe.engines.ledger import services as ledger
from songhe.engines.ledger.terms import Unit
from songhe.kernel.errors import Conflict, Invalid
from songhe.kernel.ids import uuid7


class NothingToPay(Conflict):
    code = "billing.nothing_to_pay"
    message = "Of this nothing is to be paid, or it is being paid at this moment."


class TwoPayees(Invalid):
    code = "billing.two_payees"
    message = "One payment is of one person to one provider."


@transaction.atomic
def note_cash(*, actor: Actor, charge_ids: Sequence[UUID], at: datetime) -> UUID:
    """Note that own shares were paid in cash, or paid back where the charge was reversed.

    Returns the receipt's id. Raises NoSuchCharge, NothingToPay, TwoPayees.
    """
    with lifted():
        payment = _begin(actor, NOTE, charge_ids, Way.CASH, at)
        return _paid(actor, payment, at)


@transaction.atomic
def begin_payment(*, actor: Actor, charge_ids: Sequence[UUID], at: datetime) -> UUID:
    """Order own shares at the payment provider, which tells later; return the payment's id.

    Raises NoSuchCharge, NothingToPay, TwoPayees, and the provider's NoPaymentProvider.
    """
    with lifted():
        payment = _begin(actor, PAY, charge_ids, Way.ONLINE, at)
        if payment.fen < 0:
            raise NothingToPay  # money goes back at the desk alone
        payment.order_id = outside.open_order(
            ref=f"billing.Payment/{payment.pk}", fen=payment.fen, at=at
        )
        payment.save(update_fields=["order_id"])
        return payment.pk


@transaction.atomic
def take_told(*, order_id: UUID, is_paid: bool, at: datetime) -> None:
    """Take what the payment provider tells of an order; told again it is nothing new."""
    payment = Payment.objects.select_for_update(of=("self",)).filter(order_id=order_id).first()
    if payment is None or payment.state != PaymentState.PENDING:
        return
    if is_paid:
        _paid(SYSTEM, payment, at)
        return
    payment.state, payment.ended_at = PaymentState.FAILED, at
    payment.save(update_fields=["state", "ended_at"])
    payment.lines.update(is_void=True)


def _begin(
    actor: Actor, action: str, charge_ids: Sequence[UUID], way: Way, at: datetime
) -> Payment:
    rows = policies.scope(actor, Charge.objects.select_for_update(of=("self",)), action)
    charges = list(rows.filter(pk__in=set(charge_ids)).order_by("pk"))
    if not charges or len(charges) != len(set(charge_ids)):
        raise NoSuchCharge
    if len({(row.person_id, row.organization_id) for row in charges}) != 1:
        raise TwoPayees
    first = charges[0]
    lines = [_line(row) for row in charges]
    fen = sum(-share.fen if is_back else share.fen for share, is_back in lines)
    if not fen:
        raise NothingToPay
    payment = Payment(
        person_id=first.person_id,
        organization_id=first.organization_id,
        region_code=first.region_code,
        fen=fen,
        way=way,
        at=at,
        by=actor.user_id,
        by_name=actor.display_name,
    )
    try:
        with transaction.atomic():
            payment.save(force_insert=True)
            PaymentLine.objects.bulk_create(
                PaymentLine(payment=payment, share=share, is_back=is_back)
                for share, is_back in lines
            )
    except IntegrityError:
        raise NothingToPay from None
    audit.record_change(
        actor=actor, action=action, ref=f"billing.Payment/{payment.pk}", at=at, detail={"way": way}
    )
    return payment


def _line(charge: Charge) -> tuple[ChargeShare, bool]:
    """Return the own share of a charge and whether it goes back. Raises NothingToPay."""
    share = charge.shares.filter(payer=Payer.PERSON, fen__gt=0).first()
    if share is None:
        raise NothingToPay
    paid = {
        is_back: state
        for is_back, state in share.paid_by.filter(is_void=False).values_list(
            "is_back", "payment__state"
        )
    }
    if charge.reversed_at is None:
        if False in paid:
            raise NothingToPay
        return share, False
    if paid.get(False) != PaymentState.PAID or True in paid:
        raise NothingToPay
    return share, True


def _paid(actor: Actor, payment: Payment, at: datetime) -> UUID:
    payment.entry_id = ledger.post(
        actor=actor,
        key=f"billing.Payment/{payment.pk}",
        kind="payment",
        ref=f"billing.Payment/{payment.pk}",
        unit=Unit.FEN,
        amounts={
            books.person_due(payment.person_id, at): payment.fen,
            books.earned(payment.organization_id, at): -payment.fen,
        },
        on=day_of(at),
        at=at,
    )
    payment.state, payment.ended_at = PaymentState.PAID, at
    payment.save(update_fields=["state", "ended_at", "entry_id"])
    year = day_of(at).year
    receipt = Receipt.objects.create(
        payment=payment,
        organization_id=payment.organization_id,
        year=year,
        number=_next_number(payment.organization_id, year),
        fen=payment.fen,
        made_at=at,
    )
    return receipt.pk


def _next_number(organization_id: UUID, year: int) -> int:
    """Return the next number of an organisation and year; others wait until we are through."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_receiptnumber (id, organization_id, year, last)"
            " VALUES (%s, %s, %s, 1) ON CONFLICT (organization_id, year)"
            " DO UPDATE SET last = billing_receiptnumber.last + 1 RETURNING last",
            [uuid7(), organization_id, year],
        )
        row = cursor.fetchone()
    number: int = row[0]
    return number
