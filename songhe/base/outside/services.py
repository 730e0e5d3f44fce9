"""Sending to systems outside. In demo and test the fakes answer; production refuses them."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from songhe.base.events import bus
from songhe.base.outside import fake
from songhe.base.outside.events import MessageReceipt
from songhe.base.outside.models import OutsideMessage
from songhe.kernel.errors import Invalid, Unavailable


class NoGateway(Unavailable):
    code = "outside.no_gateway"
    message = "No gateway for messages is set up in this install."


class GatewayBusy(Unavailable):
    """The gateway takes nothing just now; the same message may be sent again later."""

    code = "outside.gateway_busy"
    message = "The gateway for messages does not answer. It is tried again."


class NumberRefused(Invalid):
    code = "outside.number_refused"
    message = "The gateway for messages does not take this number."


def is_fake() -> bool:
    """Tell whether messages are only kept to be looked at, in the demo and in tests."""
    return settings.ENV.mode != "production"


def can_send() -> bool:
    """Tell whether messages can leave at all: in production no gateway is built in yet."""
    return is_fake()


def send_message(
    *,
    channel: OutsideMessage.Channel,
    to: str,
    text: str,
    ref: str,
    at: datetime,
    key: str | None = None,
) -> OutsideMessage:
    """Send a short message or a voice call. Raises NoGateway, GatewayBusy, NumberRefused.

    key: a message that was sent under it already is returned, and not sent again. The fake of demo
    and test keeps the message so that people can look at what would have left.
    """
    if not can_send():
        raise NoGateway
    if fake.is_busy(to):
        raise GatewayBusy
    if fake.is_refused(to):
        raise NumberRefused
    values = {
        "channel": channel,
        "to_tail": to[-4:],
        "text": text,
        "ref": ref,
        "sent_at": at,
        "receipt_due_at": at + fake.receipt_after(channel),
    }
    if key is None:
        return OutsideMessage.objects.create(**values)
    return OutsideMessage.objects.get_or_create(key=key, defaults=values)[0]


@transaction.atomic
def take_receipts(at: datetime, *, limit: int = 200) -> int:
    """Take the receipts that are due and tell of them; return how many there were.

    A real gateway would post them; the fake's come after a moment.
    """
    due = (
        OutsideMessage.objects.select_for_update(skip_locked=True)
        .filter(receipt_due_at__lte=at)
        .order_by("receipt_due_at")[:limit]
    )
    taken = 0
    for message in due:
        message.state = fake.receipt_of(message.channel, message.to_tail)
        message.told_at, message.receipt_due_at = at, None
        message.save(update_fields=["state", "told_at", "receipt_due_at"])
        if message.key is not None:
            bus.publish(MessageReceipt(message_id=message.pk, key=message.key, state=message.state))
        taken += 1
    return taken
