"""Sending to systems outside. In demo and test the fakes answer; production refuses them."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from songhe.base.outside.models import OutsideMessage
from songhe.kernel.errors import Unavailable


class NoGateway(Unavailable):
    code = "outside.no_gateway"
    message = "No gateway for messages is set up in this install."


def is_fake() -> bool:
    """Tell whether messages are only kept to be looked at, in the demo and in tests."""
    return settings.ENV.mode != "production"


def can_send() -> bool:
    """Tell whether messages can leave at all: in production no gateway is built in yet."""
    return is_fake()


def send_message(
    *, channel: OutsideMessage.Channel, to: str, text: str, ref: str, at: datetime
) -> OutsideMessage:
    """Send a short message or a voice call. Raises NoGateway where only the fake exists.

    The fake of demo and test keeps the message so that people can look at what would have left.
    """
    if not can_send():
        raise NoGateway
    return OutsideMessage.objects.create(
        channel=channel, to_tail=to[-4:], text=text, ref=ref, sent_at=at
    )
