"""A rescue that stands still is told to the desk, and one more can be sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from songhe.base import vault
from songhe.base.access import services as access
from songhe.base.accounts.testing import signed_in
from songhe.base.notify.models import Notice
from songhe.domains.dispatch import helpers, notices, panels, services
from songhe.domains.dispatch.models import Offer, Order, Visit
from songhe.domains.dispatch.services.offers import AlreadyTaken, GoesAlready, NotGoing
from songhe.domains.dispatch.services.watching import tell_still
from songhe.domains.dispatch.testing import stand, tell, told
from songhe.domains.dispatch.tests.conftest import HOME, NOW, Centre
from songhe.domains.dispatch.tests.test_rescue import answer, said_of, send
from songhe.domains.monitoring.models import Alarm
from songhe.domains.organizations.models import Staff
from songhe.domains.people import selectors as people
from songhe.kernel.errors import NotFound

S = timedelta(seconds=1)
MIN = timedelta(minutes=1)


def said(kind: str) -> list[Notice]:
    return list(Notice.objects.filter(kind=kind).order_by("made_at", "id"))


def taken(centre: Centre) -> Visit:
    """Let liu, ten minutes away, take an alarm at NOW + 10 s."""
    stand(centre.users["liu"], HOME[0] + 0.03, HOME[1], at=NOW)
    answer(centre, "liu", send(centre, centre.alarm()))
    return Visit.objects.get()


def test_nobody_goes_is_told_at_once_after_the_last_and_again(centre: Centre) -> None:
    send(centre, centre.alarm())
    at = NOW
    for _ in range(4):
        at += 60 * S
        services.run_due_offers(at=at)
        if Offer.objects.filter(answer="open").exists():
            assert tell_still(at=at) == 0  # somebody is still asked
    assert [tell_still(at=at + n * S) for n in (0, 10, 170, 180, 190)] == [1, 0, 0, 1, 0]
    sun = {one.user_id for one in said(notices.NOBODY_GOES)}
    assert centre.users["sun"].pk in sun
    assert centre.users["liu"].pk not in sun
    assert all(one.chain == "urgent" for one in said(notices.NOBODY_GOES))


def test_an_order_for_which_nobody_was_asked(centre: Centre) -> None:
    services.make_order(
        actor=centre.actor("sun"), kind="rescue", source="call", person_id=centre.chen.pk,
        organization_id=centre.organization.pk, at=NOW,
    )  # fmt: skip
    assert [tell_still(at=NOW + n * S) for n in (0, 119, 120, 130)] == [0, 0, 1, 0]


def test_who_took_it_and_does_not_set_off(centre: Centre) -> None:
    visit = taken(centre)
    since = NOW + 10 * S
    assert [tell_still(at=since + n * S) for n in (0, 179, 180, 400)] == [0, 0, 1, 0]
    [one] = {row.ref for row in said(notices.HELP_LATE)}
    assert one == f"dispatch.Visit/{visit.pk}"
    order = Order.objects.get()
    assert order.source_ref.startswith("monitoring.Alarm/")
    assert said_of(Alarm.objects.get())[-1] == "很久没有 liu 的消息：请打电话联系"


def test_each_step_has_its_time_and_is_told_once(centre: Centre) -> None:
    visit = taken(centre)
    liu, way = centre.users["liu"], Offer.objects.get().travel_minutes
    assert way is not None
    off = NOW + 60 * S
    tell(liu, [told(visit.pk, "set_off", off)], at=off)
    late = off + (1.5 * way + 5) * MIN
    assert [tell_still(at=late + n * S) for n in (-5, 5, 60)] == [0, 1, 0]
    there = late + 2 * MIN
    tell(liu, [told(visit.pk, "arrived", there, lat=HOME[0], lon=HOME[1])], at=there)
    assert [tell_still(at=there + n * MIN) for n in (59, 60, 70)] == [0, 1, 0]
    done = there + 71 * MIN
    tell(liu, [told(visit.pk, "done", done)], at=done)
    assert tell_still(at=done + 600 * MIN) == 0


def test_one_more_is_sent_beside_who_goes(centre: Centre) -> None:
    visit = taken(centre)
    order, at = visit.order, NOW + 5 * MIN
    sun = centre.actor("sun", at)
    with pytest.raises(GoesAlready):
        services.send(actor=sun, order_id=order.pk, worker_id=visit.worker_id, at=at)
    offer = services.send(actor=sun, order_id=order.pk, worker_id=centre.users["ma"].pk, at=at)
    assert offer.is_second
    # Refused or missed: the first still goes, so nobody else is asked by the chain.
    answer(centre, "ma", offer, takes=False, at=at + 5 * S)
    assert Offer.objects.filter(answer="open").count() == 0
    again = services.send(
        actor=sun, order_id=order.pk, worker_id=centre.users["ma"].pk, at=at + 10 * S
    )
    answer(centre, "ma", again, at=at + 20 * S)
    assert set(Visit.objects.values_list("worker", "state")) == {
        (centre.users["liu"].pk, "told"),
        (centre.users["ma"].pk, "told"),
    }


def test_called_back_she_need_not_go_and_the_desk_is_reminded(centre: Centre) -> None:
    visit = taken(centre)
    order, at = visit.order, NOW + 3 * MIN
    liu, sun = centre.users["liu"], centre.actor("sun", at)
    services.call_back(actor=sun, order_id=order.pk, worker_id=liu.pk, at=at)
    visit.refresh_from_db()
    order.refresh_from_db()
    assert (visit.state, order.state) == ("cancelled", "accepted")
    with pytest.raises(NotFound):
        people.get_person(centre.actor("liu", at + S), centre.chen.pk, at=at + S)
    assert Notice.objects.filter(user=liu, kind=notices.HELP_OFF, chain="urgent").count() == 1
    assert [tell_still(at=at + n * S) for n in (60, 119, 120, 130)] == [0, 0, 1, 0]
    with pytest.raises(NotGoing):
        services.call_back(actor=sun, order_id=order.pk, worker_id=liu.pk, at=at)
    services.cancel_order(actor=sun, order_id=order.pk, reason="她接了电话", at=at + 3 * MIN)
    assert tell_still(at=at + 60 * MIN) == 0


def test_who_is_there_is_not_called_back(centre: Centre) -> None:
    visit = taken(centre)
    liu, at = centre.users["liu"], NOW + 5 * MIN
    tell(liu, [told(visit.pk, "arrived", at, lat=HOME[0], lon=HOME[1])], at=at)
    with pytest.raises(NotGoing):
        services.call_back(
            actor=centre.actor("sun"), order_id=visit.order_id, worker_id=liu.pk, at=at
        )


def test_an_offer_of_before_is_taken_by_one_alone(centre: Centre) -> None:
    offer = send(centre, centre.alarm())
    other = services.send(
        actor=centre.actor("sun"), order_id=offer.order_id,
        worker_id=centre.users["ma"].pk, at=NOW,
    )  # fmt: skip
    answer(centre, "liu", offer)
    with pytest.raises(AlreadyTaken):
        answer(centre, "ma", other)


def liu_name(centre: Centre) -> str:
    return str(centre.users["liu"].display_name)


def test_the_desk_calls_sends_one_more_and_calls_back(centre: Centre) -> None:
    """On the page of the alarm: her number, the next nearest, and one press to call her back."""
    now = datetime.now(UTC)
    staff = Staff.objects.get(user=centre.users["liu"])
    staff.phone_sealed = vault.seal("13800000001", field="organizations.Staff.phone", pk=staff.pk)
    staff.save(update_fields=["phone_sealed"])
    alarm = centre.alarm(now)
    offer = services.send_to_alarm(
        actor=centre.actor("sun", now), alarm_id=alarm.pk, worker_id=centre.users["liu"].pk, at=now
    )
    answer(centre, "liu", offer, at=now)
    sun = signed_in(Client(), centre.users["sun"], at=now)
    panel = sun.get(reverse("dispatch:help", args=[alarm.pk])).content.decode()
    assert [word in panel for word in ("tel:13800000001", "再派一个人", "叫回")] == [True] * 3
    back = reverse("dispatch:call_back", args=[offer.order_id])
    given, htmx = {"worker": str(centre.users["liu"].pk)}, {"HX-Request": "true"}
    liu = signed_in(Client(), centre.users["liu"], at=now)
    assert liu.post(back, given).status_code == 403
    assert sun.post(back, {"worker": "x"}, headers=htmx).status_code == 422
    visit = Visit.objects.get()
    services.tell_alarm(visit_id=visit.pk, state="told", at=now)
    shown = sun.get(reverse("desk:alarm", args=[alarm.pk])).content.decode()
    assert f"已派{liu_name(centre)}" in shown.replace(" ", "")
    panel = sun.post(back, given | {"on": "alarm"}, headers=htmx)
    assert panel.status_code == 200
    assert "还没有人前往" in panel.content.decode()
    # The panel stays that of the alarm, and nothing says any more that somebody was sent.
    assert reverse("dispatch:help", args=[alarm.pk]) in panel.content.decode()
    assert reverse("dispatch:card", args=[offer.order_id]) in panel.content.decode()
    services.tell_alarm(visit_id=visit.pk, state="cancelled", at=now)
    shown = sun.get(reverse("desk:alarm", args=[alarm.pk])).content.decode()
    assert f"已派{liu_name(centre)}" not in shown.replace(" ", "")
    assert f"{liu_name(centre)} 已被叫回" in shown
    later = datetime.now(UTC)
    assert not access.actor_for(centre.users["liu"], later).granted("people.Person")
    again = sun.post(back, given, headers=htmx)
    assert again.status_code == 422
    assert "已经到了，或者没有在去" in again.content.decode()


def test_120_before_anybody_is_sent(centre: Centre) -> None:
    """From the alarm straight to the card; while 120 goes the desk is not reminded of nobody."""
    now = datetime.now(UTC)
    alarm = centre.alarm(now)
    sun = signed_in(Client(), centre.users["sun"], at=now)
    panel = sun.get(reverse("dispatch:help", args=[alarm.pk])).content.decode()
    address = reverse("dispatch:alarm_card", args=[alarm.pk])
    assert address in panel
    first, again = sun.post(address), sun.post(address)
    order = Order.objects.get()
    card = reverse("dispatch:card", args=[order.pk])
    assert (first["Location"], again["Location"]) == (card, card)
    alarm.refresh_from_db()
    assert alarm.state == "acknowledged"
    late = order.asked_at + 10 * MIN
    assert tell_still(at=late) == 1
    assert sun.post(card, {"how": "phone"}).status_code == 302
    assert tell_still(at=late + 10 * MIN) == 0
    liu = signed_in(Client(), centre.users["liu"], at=now)
    assert liu.post(address).status_code == 403


def test_who_has_said_that_she_goes_is_not_free_and_who_did_not_answer_comes_last(
    centre: Centre,
) -> None:
    stand(centre.users["liu"], *HOME, at=NOW)
    stand(centre.users["ma"], HOME[0] + 0.05, HOME[1], at=NOW)
    first = send(centre, centre.alarm())
    where = helpers.where_of(first.order)
    asked = {one.user_id: one for one in helpers.near(where, at=NOW)}
    liu, ma = centre.users["liu"].pk, centre.users["ma"].pk
    assert (asked[liu].is_asked, asked[ma].is_asked) == (True, False)
    assert helpers.near(where, at=NOW)[0].user_id == ma
    answer(centre, "liu", first)
    goes = {one.user_id: one for one in helpers.near(where, at=NOW + S)}
    assert goes[liu].busy_until is not None
    # Who let the time pass stands behind all others, with what she did.
    other = services.send(
        actor=centre.actor("sun"), order_id=first.order_id, worker_id=ma, at=NOW + S
    )
    services.run_due_offers(at=other.deadline_at)
    context = panels.order_context(centre.actor("sun"), first.order, at=other.deadline_at)
    shown = [*context["helpers"], *context["rest"]]
    assert shown[-1].user_id == ma
    assert "无应答" in shown[-1].said
