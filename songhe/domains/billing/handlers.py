"""What follows from what the payment provider tells."""

from __future__ import annotations

from django.utils import timezone

from songhe.base.events.bus import handles
from songhe.base.outside.events import PaymentTold
from songhe.domains.billing import services


@handles(PaymentTold)
def on_payment_told(event: PaymentTold) -> None:
    services.take_told(order_id=event.order_id, is_paid=event.is_paid, at=timezone.now())
