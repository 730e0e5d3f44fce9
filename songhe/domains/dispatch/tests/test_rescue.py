"""From the button to somebody at the door: asked, passed on, taken, there, helped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils.translation import override

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.access.models import Grant
from songhe.base.events.models import OutboxEvent
from songhe.base.notify import words
from songhe.base.notify.models import Notice
from songhe.base.outside.models import OutsideMessage
from songhe.domains.dispatch import helpers, selectors, services
from songhe.domains.dispatch.card import card_of
from songhe.domains.dispatch.models import Offer, Order, Visit
from songhe.domains.dispatch.services.offers import AlreadyTaken, NobodyToHelp, OfferOver
from songhe.domains.dispatch.services.visits import NotAWorker
from songhe.domains.dispatch.testing import stand, tell, told
from songhe.domains.dispatch.tests.conftest import BEFORE, HOME, NOW, Centre
from songhe.domains.monitoring.models import Alarm, AlarmEntry
from songhe.domains.monitoring.phrases import entry_line
from songhe.domains.organizations import testing as organizations
from songhe.domains.people import selectors as people
from songhe.domains.people import services as people_services
from songhe.kernel.errors import Denied, NotFound
from songhe.kit import formats

S = timedelta(seconds=1)


def answer(centre: Centre, login: str, offer: Offer, takes: bool = True, at=NOW + 10 * S) -> Offer:
    return services.answer_offer(
        actor=centre.actor(login, at), offer_id=offer.pk, takes=takes, at=at
    )


def send(centre: Centre, alarm: Alarm, login: str = "liu") -> Offer:
    return services.send_to_alarm(
        actor=centre.actor("sun"), alarm_id=alarm.pk, worker_id=centre.users[login].pk, at=NOW
    )


def said_of(alarm: Alarm, language: str = "zh-hans") -> list[str]:
    """Return the course of an alarm in words."""
    with override(language):
        rows = AlarmEntry.objects.filter(alarm=alarm).order_by("at", "id")
        return [entry_line(row, NOW).text for row in rows]


def heard() -> None:
    """Let the jobs process hear of what was published."""
    from songhe.base.events import bus

    for row in OutboxEvent.objects.order_by("id"):
        for handler in bus._handlers.values():
            if handler.event.event_name == row.name and "dispatch" in handler.name:
                bus.hear(str(row.pk), handler.name)


def test_the_nearest_free_worker_comes_first(centre: Centre) -> None:
    stand(centre.users["liu"], HOME[0] + 0.05, HOME[1], at=NOW)
    stand(centre.users["ma"], HOME[0] + 0.01, HOME[1], at=NOW - 60 * S)
    stand(centre.users["gao"], 30.0, 120.0, at=NOW)  # where she cannot be
    alarm = centre.alarm()
    where = helpers.place_of_alarm(centre.actor("sun"), alarm.pk, at=NOW)
    assert helpers.near(where, at=NOW)[-1].minutes is None
    stand(centre.users["gao"], *HOME, at=NOW - timedelta(hours=2))  # too old to say anything
    found = helpers.near(where, at=NOW)
    # Sun works there too, but is nobody whom one sends.
    assert [one.name for one in found] == ["ma", "liu", "gao"]
    assert [one.minutes is None for one in found] == [False, False, True]
    assert found[0].minutes < found[1].minutes
    # Who is asked to go somewhere comes after all who are free.
    send(centre, alarm, "liu")
    assert [one.name for one in helpers.near(where, at=NOW)] == ["ma", "gao", "liu"]


def test_an_offer_taken_is_a_visit_and_opens_the_person(centre: Centre) -> None:
    alarm = centre.alarm()
    offer = send(centre, alarm)
    alarm.refresh_from_db()
    # Who sends has taken it: it rings nobody else meanwhile.
    assert (alarm.state, alarm.acknowledged_by_id) == ("acknowledged", centre.users["sun"].pk)
    liu = centre.actor("liu")
    assert selectors.my_offers(liu) == [offer]
    with pytest.raises(NotFound):
        people.get_person(liu, centre.chen.pk, at=NOW)
    assert answer(centre, "liu", offer).answer == "taken"
    later = centre.actor("liu", NOW + 11 * S)
    assert people.get_person(later, centre.chen.pk, at=NOW + 11 * S).name == "陈秀兰"
    visit = Visit.objects.get()
    assert (visit.state, visit.worker_id, visit.order.state) == ("told", liu.user_id, "planned")
    heard()
    alarm.refresh_from_db()
    assert alarm.assigned_to_id == liu.user_id


def test_nobody_answers_and_the_next_is_asked(centre: Centre) -> None:
    stand(centre.users["ma"], *HOME, at=NOW)
    first = send(centre, centre.alarm())
    assert services.run_due_offers(at=NOW + 59 * S) == 0
    assert services.run_due_offers(at=NOW + 60 * S) == 1
    first.refresh_from_db()
    second = Offer.objects.get(answer="open")
    assert (first.answer, second.worker_id, second.asked_by) == (
        "missed",
        centre.users["ma"].pk,
        None,
    )
    assert answer(centre, "ma", second, takes=False, at=NOW + 70 * S).answer == "refused"
    third = Offer.objects.get(answer="open")
    assert third.worker_id not in {first.worker_id, second.worker_id}
    # Late is better than nobody: the first goes after all, and the open one is withdrawn.
    assert answer(centre, "liu", first, at=NOW + 75 * S).answer == "taken"
    third.refresh_from_db()
    assert third.answer == "withdrawn"
    with pytest.raises(AlreadyTaken):
        answer(centre, "ma", third if third.worker_id == centre.users["ma"].pk else second)
    assert Visit.objects.count() == 1


def test_nobody_is_left_and_the_alarm_says_so(centre: Centre) -> None:
    alarm = centre.alarm()
    send(centre, alarm)
    at = NOW
    for _ in range(8):
        at += 60 * S
        services.run_due_offers(at=at)
    assert not Offer.objects.filter(answer="open").exists()
    assert Offer.objects.values("worker").distinct().count() == Offer.objects.count() == 3
    heard()
    assert said_of(alarm)[-1] == "问过的人都没有去：请打电话找人"


def at_once(*presses: Callable[[], object]) -> list[Exception]:
    """Let several do something at the same moment; return what was refused."""
    start, refused = threading.Barrier(len(presses)), []

    def press(one: Callable[[], object]) -> None:
        try:
            start.wait(20)
            one()
        except Exception as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[one]) for one in presses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return refused


def test_two_who_send_and_two_who_take_at_once_are_one(transactional_db: None, request) -> None:
    centre: Centre = request.getfixturevalue("centre")
    alarm = centre.alarm()
    assert at_once(*(partial(send, centre, alarm, login) for login in ("liu", "ma"))) == []
    assert Order.objects.count() == 1
    # Both presses count: each asks whom she meant.
    offers = {one.worker.login: one for one in Offer.objects.select_related("worker")}
    assert set(offers) == {"liu", "ma"}
    takes = [partial(answer, centre, login, offer) for login, offer in offers.items()]
    assert [type(one) for one in at_once(*takes)] == [AlreadyTaken]
    assert Visit.objects.count() == 1


def test_who_may_not_send_or_take_changes_nothing(centre: Centre) -> None:
    alarm = centre.alarm()
    for login, error in (("wu", NotFound), ("liu", NotFound)):
        with pytest.raises(error):
            services.send_to_alarm(
                actor=centre.actor(login),
                alarm_id=alarm.pk,
                worker_id=centre.users["liu"].pk,
                at=NOW,
            )
    with pytest.raises(NotAWorker):
        send(centre, alarm, "wu")
    assert not Offer.objects.exists()
    offer = send(centre, alarm)
    for login in ("wu", "ma", "sun"):
        with pytest.raises((NotFound, Denied)):
            answer(centre, login, offer)
    assert not Visit.objects.exists()


def test_the_way_to_help_is_written_into_the_alarm(centre: Centre) -> None:
    alarm = centre.alarm()
    answer(centre, "liu", send(centre, alarm))
    visit = Visit.objects.get()
    at = NOW + timedelta(minutes=9)
    story = [
        told(visit.pk, "set_off", NOW + 20 * S),
        told(visit.pk, "arrived", NOW + 400 * S, lat=HOME[0], lon=HOME[1], accuracy_m=12.0),
        told(visit.pk, "began", NOW + 410 * S),
        told(visit.pk, "done", NOW + 500 * S),
    ]
    assert [one.state for one in tell(centre.users["liu"], story, at=at)] == ["taken"] * 4
    heard()
    visit.refresh_from_db()
    order = Order.objects.get()
    assert (visit.state, order.state, visit.distance_m) == ("done", "done", 0.0)
    # Her phone told it all at once at the end; each stands where it happened, on the card as well.
    assert order.ended_at == NOW + 500 * S
    entries = AlarmEntry.objects.filter(alarm=alarm).order_by("at", "id")
    steps = [(row.at - NOW).total_seconds() for row in entries][-4:]
    assert steps == [10.0, 20.0, 400.0, 500.0]
    card = card_of(centre.actor("sun", at), order, alarm_id=alarm.pk, at=at)
    spoken = next(row.lines for row in card.rows if row.key == "told")
    assert f"{formats.clock(NOW + 400 * S)} liu 到门口了" in spoken
    assert said_of(alarm)[-4:] == ["liu 前往", "liu 已出发", "liu 到门口了", "liu 已提供帮助"]
    assert said_of(alarm, "en")[-2:] == ["liu is at the door", "liu has helped"]
    # What opened her ends by itself, two hours after the hour that a rescue is taken to last.
    ends = Grant.objects.get(source=f"dispatch.Visit/{visit.pk}").period.upper
    assert ends == visit.period.upper + timedelta(hours=2)


def test_an_alarm_that_is_closed_calls_back_who_was_only_asked(centre: Centre) -> None:
    from songhe.domains.monitoring import services as monitoring

    alarm = centre.alarm()
    offer = send(centre, alarm)
    monitoring.resolve_alarm(
        actor=centre.actor("sun"), alarm_id=alarm.pk, outcome="false", note="", at=NOW + 30 * S
    )
    heard()
    offer.refresh_from_db()
    assert (offer.answer, offer.order.state) == ("withdrawn", "cancelled")
    with pytest.raises(OfferOver):
        answer(centre, "liu", offer, at=NOW + 40 * S)


def test_smoke_in_a_home_is_help_for_who_lives_there(centre: Centre) -> None:
    alarm = centre.alarm()
    Alarm.objects.filter(pk=alarm.pk).update(person=None, home=None)
    with pytest.raises(NobodyToHelp):
        send(centre, alarm)
    Alarm.objects.filter(pk=alarm.pk).update(home=centre.home)
    assert send(centre, alarm).order.person_id == centre.chen.pk


def test_the_worker_is_asked_and_the_family_is_told(centre: Centre) -> None:
    family = organizations.make_user(at=NOW - 60 * S, login="chenwei", name="陈伟", role="family")
    access.grant(
        actor=SYSTEM, user=family, subject_type="people.Person", subject_id=centre.chen.pk,
        purpose="family", field_classes=["identity"], source="test", at=NOW - 60 * S,
    )  # fmt: skip
    people_services.add_contact(
        actor=SYSTEM, person_id=centre.chen.pk, name="陈伟", relation="son", phone="13900000001",
        at=NOW - 60 * S,
    )  # fmt: skip
    offer = send(centre, centre.alarm())
    [asked] = Notice.objects.filter(user=centre.users["liu"])
    assert (asked.kind, asked.chain, asked.ref) == (
        "dispatch.help_wanted",
        "urgent",
        f"dispatch.Order/{offer.order_id}",
    )
    answer(centre, "liu", offer)
    heard()
    heard()
    told_family = Notice.objects.filter(user=family)
    assert [notice.kind for notice in told_family] == ["dispatch.help_goes"]
    [call] = OutsideMessage.objects.filter(channel="voice")
    assert (call.to_tail, call.ref) == ("0001", f"dispatch.Order/{offer.order_id}")
    # A stranger's page says nothing of it; the family's says who comes to whom.
    reader = access.actor_for(family, NOW + 30 * S)
    assert words.title_of(told_family[0], reader) == "liu 正赶往 陈秀兰"
    # Told when it is over already: nobody reads then that somebody is there now.
    visit = Visit.objects.get()
    story = [told(visit.pk, "arrived", NOW + 60 * S), told(visit.pk, "done", NOW + 300 * S)]
    tell(centre.users["liu"], story, at=NOW + 900 * S)
    heard()
    said = Notice.objects.filter(user=family).exclude(kind="dispatch.help_goes")
    since, until = (formats.clock(NOW + n * S) for n in (60, 300))
    assert {words.title_of(one, reader) for one in said} == {
        f"{since} 至 {until} liu 在 陈秀兰 身边"
    }


def test_an_alarm_that_went_on_to_a_hospital_still_gets_workers(centre: Centre) -> None:
    alarm = centre.alarm()
    hospital = organizations.make_organization(at=BEFORE, name="卫生院", serves=())
    type(alarm).objects.filter(pk=alarm.pk).update(organization=hospital)
    where = helpers.place_of_alarm(centre.actor("sun"), alarm.pk, at=NOW)
    assert where is not None
    assert where.organization_id == centre.organization.pk
    offer = services.send_to_alarm(
        actor=centre.actor("sun"), alarm_id=alarm.pk, worker_id=centre.users["liu"].pk, at=NOW
    )
    assert offer.order.organization_id == centre.organization.pk


def test_called_off_who_was_asked_need_not_answer(centre: Centre) -> None:
    offer = send(centre, centre.alarm())
    services.cancel_order(
        actor=centre.actor("sun"), order_id=offer.order_id, reason="她接了电话", at=NOW + 5 * S
    )
    offer.refresh_from_db()
    assert (offer.answer, offer.answered_at) == ("withdrawn", NOW + 5 * S)
    with pytest.raises(OfferOver):
        answer(centre, "liu", offer)
    assert not Visit.objects.exists()
    services.run_due_offers(at=NOW + 90 * S)
    assert Offer.objects.count() == 1
