"""SMS and voice, by the gateways of base.outside."""

from __future__ import annotations

from datetime import datetime

from songhe.base.notify.addresses import phone_of
from songhe.base.notify.transports import Failed, Letter
from songhe.base.outside import services as outside
from songhe.base.outside.models import OutsideMessage

KEY = "notice:"


def sms(letter: Letter, *, at: datetime) -> None:
    """Send a short message. Raises Failed."""
    _send(OutsideMessage.Channel.SMS, letter, at)


def voice(letter: Letter, *, at: datetime) -> None:
    """Call and read the message out. Raises Failed."""
    _send(OutsideMessage.Channel.VOICE, letter, at)


def _send(channel: OutsideMessage.Channel, letter: Letter, at: datetime) -> None:
    phone = phone_of(letter.user, at=at)
    if not phone:
        raise Failed("no_phone", is_permanent=True)
    try:
        outside.send_message(
            channel=channel,
            to=phone,
            text=letter.message,
            ref=letter.ref,
            at=at,
            key=f"{KEY}{letter.delivery_id}",
        )
    except outside.NoGateway:
        raise Failed("no_gateway", is_permanent=True) from None
    except outside.NumberRefused:
        raise Failed("number_refused", is_permanent=True) from None
    except outside.GatewayBusy:
        raise Failed("gateway_busy", is_permanent=False) from None
