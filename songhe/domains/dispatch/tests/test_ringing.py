"""The person's own people are rung when somebody is sent: in turn, until one confirms."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from songhe.base.access.actor import SYSTEM
from songhe.base.outside import services as outside
from songhe.base.outside.models import OutsideMessage
from songhe.domains.dispatch import ringing_reads, services
from songhe.domains.dispatch.models import Order
from songhe.domains.dispatch.tests.conftest import BEFORE, NOW, Centre
from songhe.domains.dispatch.tests.test_rescue import S, heard, send
from songhe.domains.monitoring.models import AlarmEntry
from songhe.domains.people import selectors as people
from songhe.domains.people import services as people_services
from songhe.domains.people.models import Contact
from songhe.kernel.errors import Unavailable

SILENT = timedelta(seconds=61)


def contacts(centre: Centre, *given: tuple[str, str, str]) -> None:
    Contact.objects.all().delete()
    for rank, (name, relation, phone) in enumerate(given, 1):
        people_services.add_contact(
            actor=SYSTEM, person_id=centre.chen.pk, name=name, relation=relation, phone=phone,
            rank=rank, at=BEFORE,
        )  # fmt: skip


def shown(centre: Centre, at=NOW) -> list[tuple[str, str]]:
    order = Order.objects.get()
    sun = centre.actor("sun")
    person = people.person_views(sun, [order.person_id])[order.person_id]
    lines = ringing_reads.lines(order, person, at=at)
    return [(one.name, one.kind) for one in lines if one.name != "liu"]


def test_one_after_the_other_until_one_confirms(centre: Centre) -> None:
    contacts(
        centre, ("陈伟", "son", "15400009997"), ("赵医生", "doctor", "15400000014"),
        ("陈梅", "daughter", "15400009996"), ("李秀花", "neighbour", "15400009998"),
        ("陈强", "relative", "15400000022"), ("陈明", "relative", "15400000023"),
    )  # fmt: skip
    alarm = centre.alarm()
    send(centre, alarm)
    assert shown(centre) == [("陈伟", "wait")]
    for _turn in range(3):
        outside.take_receipts(timezone.now() + 9 * S)
        heard()
    # Not reached; the number is not taken; answered without a key; confirmed. No doctor, no fifth.
    assert shown(centre) == [
        ("陈伟", "lost"), ("陈梅", "lost"), ("李秀花", "lost"), ("陈强", "done"),
    ]  # fmt: skip
    services.ring_on(at=timezone.now() + SILENT)
    assert OutsideMessage.objects.filter(channel="voice").count() == 3
    said = AlarmEntry.objects.filter(alarm=alarm, kind="call").order_by("at", "id")
    assert [(one.data["called"], one.data["reached"]) for one in said] == [
        ("陈伟", False), ("李秀花", True), ("陈强", True),
    ]  # fmt: skip
    # Sending somebody else rings nobody again.
    send(centre, alarm, "ma")
    assert OutsideMessage.objects.filter(channel="voice").count() == 3


def test_a_gateway_that_says_nothing_does_not_hold_the_chain(centre: Centre) -> None:
    contacts(centre, ("陈伟", "son", "15400000021"), ("陈梅", "daughter", "15400000022"))
    send(centre, centre.alarm())
    OutsideMessage.objects.update(receipt_due_at=None)
    assert services.ring_on(at=NOW + 30 * S) == 0
    assert services.ring_on(at=NOW + SILENT) == 1
    assert services.ring_on(at=NOW + SILENT) == 0
    assert [name for name, _kind in shown(centre)] == ["陈伟", "陈梅"]


def test_where_nothing_leaves_the_desk_is_told_to_call(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(**_given: object) -> None:
        raise outside.NoGateway

    contacts(centre, ("陈伟", "son", "15400000021"))
    monkeypatch.setattr(outside, "send_message", closed)
    monkeypatch.setattr(outside, "can_send", lambda: False)
    send(centre, centre.alarm())
    assert not OutsideMessage.objects.exists()
    assert [kind for _name, kind in shown(centre)] == ["lost"]
    assert issubclass(outside.NoGateway, Unavailable)
