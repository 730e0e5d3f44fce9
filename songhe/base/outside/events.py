"""Facts about what left: a gateway's receipts."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from songhe.base.events.bus import Event


class MessageReceipt(Event, frozen=True):
    """A gateway told what became of a message: a state of OutsideMessage."""

    event_name: ClassVar[str] = "outside.MessageReceipt"
    message_id: UUID
    key: str
    state: str


class PaymentTold(Event, frozen=True, kw_only=True):
    """The payment provider tells how an order ended. ref: what was paid."""

    event_name: ClassVar[str] = "outside.PaymentTold"
    order_id: UUID
    ref: str
    is_paid: bool
