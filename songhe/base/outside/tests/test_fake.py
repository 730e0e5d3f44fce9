"""The fake gateway: what it takes, what it tells afterwards, and that production has none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from songhe.base.events.models import OutboxEvent
from songhe.base.outside import services
from songhe.base.outside.models import OutsideMessage

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
SMS, VOICE = OutsideMessage.Channel.SMS, OutsideMessage.Channel.VOICE


def send(channel: OutsideMessage.Channel, tail: str, key: str | None = "k") -> OutsideMessage:
    return services.send_message(
        channel=channel, to=f"1390000{tail}", text="x", ref="tests/1", at=NOW, key=key
    )


@pytest.mark.parametrize(
    ("channel", "tail", "state"),
    [
        (SMS, "1234", "delivered"),
        (SMS, "9997", "undelivered"),
        (VOICE, "1234", "confirmed"),
        (VOICE, "9998", "answered"),
        (VOICE, "9997", "unanswered"),
    ],
)
def test_a_receipt_comes_after_a_moment_and_once(
    channel: OutsideMessage.Channel, tail: str, state: str
) -> None:
    message = send(channel, tail)
    assert services.take_receipts(NOW + timedelta(seconds=1)) == 0
    assert services.take_receipts(NOW + timedelta(seconds=9)) == 1
    assert services.take_receipts(NOW + timedelta(seconds=10)) == 0
    message.refresh_from_db()
    assert (message.state, message.told_at) == (state, NOW + timedelta(seconds=9))
    fact = OutboxEvent.objects.get(name="outside.MessageReceipt")
    assert (fact.payload["state"], fact.payload["key"]) == (state, "k")


def test_one_key_is_one_message_and_no_key_is_none() -> None:
    assert send(SMS, "1234").pk == send(SMS, "1234").pk
    assert send(SMS, "1234", None).pk != send(SMS, "1234", None).pk
    assert OutsideMessage.objects.count() == 3


@pytest.mark.parametrize(
    ("tail", "error"), [("9995", services.GatewayBusy), ("9996", services.NumberRefused)]
)
def test_what_it_does_not_take_is_not_sent(tail: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        send(SMS, tail)
    assert not OutsideMessage.objects.exists()


def test_production_has_no_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.ENV, "mode", "production")
    with pytest.raises(services.NoGateway):
        send(SMS, "1234")
    assert not OutsideMessage.objects.exists()
