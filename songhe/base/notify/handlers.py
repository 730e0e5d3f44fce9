"""Reactions to receipts of gateways: proofs, or that a message did not arrive."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from songhe.base.events.bus import handles
from songhe.base.notify import sending
from songhe.base.notify.terms import Proof
from songhe.base.notify.transports.messages import KEY
from songhe.base.outside.events import MessageReceipt

# answered: somebody took the call and pressed nothing; it may have been anybody.
_PROOFS = {"delivered": Proof.RECEIPT, "confirmed": Proof.CONFIRMED}
_LOST = {"undelivered", "unanswered", "answered"}


@handles(MessageReceipt)
def on_message_receipt(event: MessageReceipt) -> None:
    """Write what a gateway told of a message of ours."""
    if not event.key.startswith(KEY):
        return
    delivery_id, now = UUID(event.key.removeprefix(KEY)), timezone.now()
    if event.state in _PROOFS:
        sending.prove(delivery_id=delivery_id, proof=_PROOFS[event.state], at=now)
    elif event.state in _LOST:
        sending.refuse(delivery_id=delivery_id, reason=event.state, at=now)
