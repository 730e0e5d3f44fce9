"""The payment provider: an order for an amount, which it tells paid or failed afterwards.

The order is named by our ref: opened again it is the same. The fake of demo and tests tells after a
moment; in production no provider is built in yet, and opening an order is refused.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from songhe.base.events import bus
from songhe.base.outside import fake
from songhe.base.outside.events import PaymentTold
from songhe.base.outside.models import OutsidePayment
from songhe.base.outside.services import is_fake
from songhe.kernel.errors import Invalid, Unavailable


class NoPaymentProvider(Unavailable):
    code = "outside.no_payment_provider"
    message = "No payment provider is set up in this install. Please pay in cash."


class BadAmount(Invalid):
    code = "outside.bad_amount"
    message = "Only an amount of one fen or more can be paid."


def can_pay() -> bool:
    """Tell whether orders can be opened at all."""
    return is_fake()


def open_order(*, ref: str, fen: int, at: datetime) -> UUID:
    """Open an order for an amount; return its number. Raises NoPaymentProvider, BadAmount."""
    if not can_pay():
        raise NoPaymentProvider
    if fen < 1:
        raise BadAmount
    values = {"fen": fen, "opened_at": at, "tells_at": at + fake.payment_after()}
    return OutsidePayment.objects.get_or_create(ref=ref, defaults=values)[0].pk


@transaction.atomic
def tell_payments(at: datetime, *, limit: int = 200) -> int:
    """Tell of the orders that are due; return how many. A real provider would call back."""
    due = (
        OutsidePayment.objects.select_for_update(skip_locked=True)
        .filter(state=OutsidePayment.State.PENDING, tells_at__lte=at)
        .order_by("tells_at")[:limit]
    )
    told = 0
    for order in due:
        is_paid = fake.is_payment_good(order.fen)
        order.state = OutsidePayment.State.PAID if is_paid else OutsidePayment.State.FAILED
        order.told_at = at
        order.save(update_fields=["state", "told_at"])
        bus.publish(PaymentTold(order_id=order.pk, ref=order.ref, is_paid=is_paid))
        told += 1
    return told
