"""Sun at the desk: who could go, one press, how it stands; nobody else sees or sends."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.testing import signed_in
from songhe.base.regions.services import add_region
from songhe.domains.dispatch import evidence_reads, services
from songhe.domains.dispatch.models import EmergencyReport, Offer, Order, Visit
from songhe.domains.dispatch.testing import stand, tell, told
from songhe.domains.dispatch.tests.conftest import HOME, Centre
from songhe.domains.dispatch.tests.test_happenings import planned
from songhe.domains.dispatch.tests.test_rescue import heard
from songhe.domains.monitoring.models import AlarmEntry
from songhe.domains.organizations import testing as organizations
from songhe.domains.people.models import Home
from songhe.kernel.ids import uuid7
from songhe.kit import formats


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def client(centre: Centre, login: str) -> Client:
    return signed_in(Client(), centre.users[login], at=datetime.now(UTC))


def page(browser: Client, name: str, *args: object) -> str:
    answer = browser.get(reverse(name, args=args))
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def main_button(html: str) -> list[str]:
    """Return the words of the main buttons of a page."""
    found = re.findall(r'data-kind="main"[^>]*>(.*?)</(?:a|button)>', html, re.DOTALL)
    return [re.sub(r"<[^>]+>|\s+", "", one) for one in found]


def test_the_desk_offers_the_nearest_and_one_press_sends(centre: Centre, now: datetime) -> None:
    stand(centre.users["ma"], HOME[0] + 0.01, HOME[1], at=now)
    alarm = centre.alarm(now - timedelta(minutes=7))
    sun = client(centre, "sun")
    html = page(sun, "desk:alarm", alarm.pk)
    assert html.index("ma<") < html.index("liu<")
    assert "位置未知" in html
    sent = sun.post(
        reverse("dispatch:send", args=[alarm.pk]),
        {"worker": str(centre.users["ma"].pk)},
        headers={"HX-Request": "true"},
    )
    assert sent.status_code == 200
    assert "已通知 ma，等待应答" in sent.content.decode()
    assert "ma，约 8 分钟路程" in sent.content.decode()  # who is asked is on the map
    offer = Offer.objects.get()
    assert (offer.worker_id, offer.travel_minutes) == (centre.users["ma"].pk, 8)
    board = page(sun, "dispatch:rescues")
    assert "已通知 ma" in board
    # The clock is the one of the alarm, however many were asked since.
    assert f'data-since="{alarm.raised_at.astimezone():%Y-%m-%dT%H:%M}' in board
    assert f"{formats.clock(alarm.raised_at)} 起需要帮助" in board
    services.answer_offer(actor=centre.actor("ma", now), offer_id=offer.pk, takes=True, at=now)
    tell(
        centre.users["ma"],
        [told(Visit.objects.get().pk, "arrived", now, lat=HOME[0] + 0.02, lon=HOME[1])],
        at=now + timedelta(seconds=1),
    )
    html = page(sun, "dispatch:order", Order.objects.get().pk)
    assert "ma 已在现场" in html
    assert "距住所 2224 米" in html
    assert "未说明原因" in html
    # She has helped: the next step is to close, and nobody more is sent.
    assert main_button(page(sun, "desk:alarm", alarm.pk)) == ["打给她"]
    after = datetime.now(UTC)
    tell(centre.users["ma"], [told(Visit.objects.get().pk, "done", after)], at=after)
    heard()
    assert main_button(page(sun, "desk:alarm", alarm.pk)) == ["结案"]


def test_what_is_refused_is_a_sentence(centre: Centre, now: datetime) -> None:
    alarm = centre.alarm(now)
    sun = client(centre, "sun")
    for worker, words in (
        ("x", "请选择派谁去"),
        (str(centre.users["wu"].pk), "不是承办机构的护理员"),
    ):
        answer = sun.post(
            reverse("dispatch:send", args=[alarm.pk]),
            {"worker": worker},
            headers={"HX-Request": "true"},
        )
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert not Offer.objects.exists()


@pytest.mark.parametrize("login", ["wu", "liu"])
def test_nobody_else_sends_or_sees(centre: Centre, now: datetime, login: str) -> None:
    alarm = centre.alarm(now)
    services.send_to_alarm(
        actor=centre.actor("sun", now),
        alarm_id=alarm.pk,
        worker_id=centre.users["ma"].pk,
        at=now,
    )
    other = client(centre, login)
    order = Order.objects.get()
    send = other.post(reverse("dispatch:send", args=[alarm.pk]), {"worker": str(order.pk)})
    assert send.status_code in (403, 404)
    assert other.get(reverse("dispatch:rescues")).status_code == 403
    assert other.get(reverse("dispatch:order", args=[order.pk])).status_code in (403, 404)
    assert Offer.objects.count() == 1


def test_a_board_of_many_costs_no_more_queries(
    centre: Centre, now: datetime, django_assert_max_num_queries
) -> None:
    for minute in range(5):
        order = services.make_order(
            actor=centre.actor("sun", now),
            kind="rescue",
            source="call",
            person_id=centre.chen.pk,
            at=now - timedelta(minutes=minute),
        )
        services.send(
            actor=centre.actor("sun", now),
            order_id=order.pk,
            worker_id=centre.users["ma"].pk,
            at=now,
        )
    sun = client(centre, "sun")
    page(sun, "dispatch:rescues")
    with django_assert_max_num_queries(24):
        page(sun, "dispatch:rescues")


def test_a_call_without_a_device_begins_the_same_chain(centre: Centre, now: datetime) -> None:
    sun = client(centre, "sun")
    assert "没有找到" in sun.get(reverse("dispatch:call"), {"words": "无此人"}).content.decode()
    found = sun.get(reverse("dispatch:call"), {"words": "陈秀兰"}).content.decode()
    assert str(centre.chen.pk) in found
    wrong = sun.post(reverse("dispatch:call"), {"words": "陈秀兰", "note": "她摔了"})
    assert wrong.status_code == 422
    assert "她摔了" in wrong.content.decode()
    made = sun.post(
        reverse("dispatch:call"),
        {"words": "陈秀兰", "person": str(centre.chen.pk), "note": "她摔了"},
    )
    order = Order.objects.get()
    assert made["Location"] == reverse("dispatch:order", args=[order.pk])
    assert (order.kind, order.source, order.note_sealed is not None) == ("rescue", "call", True)
    sent = sun.post(
        reverse("dispatch:send_order", args=[order.pk]), {"worker": str(centre.users["liu"].pk)}
    )
    assert sent["Location"] == made["Location"]
    assert "已通知 liu" in page(sun, "dispatch:order", order.pk)


def test_a_second_call_joins_what_runs(centre: Centre, now: datetime) -> None:
    """Of a person for whom help runs, or an urgent alarm is open, a call makes no second order."""
    sun, address = client(centre, "sun"), reverse("dispatch:call")
    given = {"words": "陈秀兰", "person": str(centre.chen.pk), "need": "help"}
    sun.post(address, given | {"note": "她摔了"})
    order = Order.objects.get()
    sun.post(address, given | {"note": " "})
    again = sun.post(address, given | {"note": "她不说话了"})
    assert again["Location"] == reverse("dispatch:order", args=[order.pk])
    shown = page(sun, "dispatch:order", order.pk)
    assert "她摔了" in shown
    assert "她不说话了" in shown
    assert "又来电，没有记下内容" in shown
    # Found by where she lives, as it is said, and she is marked as somebody who is helped.
    add_region(code="990121001", name="云岭镇")
    Home.objects.update(region_code=add_region(code="990121001001", name="桂花里").code)
    assert str(centre.chen.pk) not in sun.get(address, {"words": "桂花里5号楼402"}).content.decode()
    found = sun.get(address, {"words": "桂花里3号楼402"}).content.decode()
    assert str(centre.chen.pk) in found
    assert "还没有人前往" in found
    services.cancel_order(actor=SYSTEM, order_id=order.pk, reason="test", at=now)
    alarm = centre.alarm(now)
    joined = sun.post(address, given | {"note": "邻居说有烟"})
    assert joined["Location"] == reverse("desk:alarm", args=[alarm.pk])
    assert Order.objects.count() == 1
    assert AlarmEntry.objects.filter(alarm=alarm, kind="note", text__contains="有烟").exists()


def test_somebody_nobody_knows_is_helped_all_the_same(centre: Centre, now: datetime) -> None:
    sun, address = client(centre, "sun"), reverse("dispatch:call")
    centre_of = {"lat": HOME[0], "lon": HOME[1]}
    add_region(code="990121001", name="云岭镇")
    place = add_region(code="990121001001", name="东关", **centre_of)
    given = {"need": "stranger", "new-region": place.code, "new-note": "路人说一位老人倒在门口"}
    wrong = sun.post(address, given | {"new-age": "300"})
    assert wrong.status_code == 422
    assert "路人说一位老人倒在门口" in wrong.content.decode()
    assert not Order.objects.exists()
    stand(centre.users["ma"], HOME[0] + 0.01, HOME[1], at=now)
    given |= {"new-address": "东关 7 号门口", "new-phone": "13900001234", "new-key": str(uuid7())}
    made = sun.post(address, given)
    order = Order.objects.get()
    # Pressed twice it is one call, and one person.
    assert sun.post(address, given)["Location"] == made["Location"]
    assert Order.objects.get() == order
    assert made["Location"] == reverse("dispatch:order", args=[order.pk])
    assert (order.kind, order.source, order.person.name) == ("rescue", "call", "不详")
    shown = page(sun, "dispatch:order", order.pk)
    assert "松鹤示范县云岭镇东关 7 号门口" in shown
    board = page(sun, "dispatch:rescues")
    assert ("姓名不详" in board, "不＊" in board) == (True, False)
    assert "路人说一位老人倒在门口" in shown
    # The nearest is known by the community.
    assert "ma" in shown
    assert "分钟可到" in shown
    assert "未核实" in page(sun, "dispatch:card", order.pk)
    assert order.person.birth_on is None  # nobody guesses it
    card = page(sun, "dispatch:card", order.pk)
    assert "岁" not in card
    # What nobody said is not on the card: how she lives, that she has no allergies, an illness.
    assert "独居" not in card
    assert "没有已知的过敏" not in card
    assert "病史：" not in card
    assert "13900001234" in shown
    wu = client(centre, "wu")
    assert wu.post(address, given | {"new-address": "东关 8 号"}).status_code == 403
    # Nobody needs to go after all: it ends with a reason, and is off the board.
    off = reverse("dispatch:call_off", args=[order.pk])
    services.send(
        actor=centre.actor("sun", now),
        order_id=order.pk,
        worker_id=centre.users["ma"].pk,
        at=now,
    )
    services.answer_offer(
        actor=centre.actor("ma", now), offer_id=Offer.objects.get().pk, takes=True, at=now
    )
    assert wu.post(off, {"reason": "他自己走了"}).status_code == 403
    sun.post(off, {"reason": " "})
    order.refresh_from_db()
    assert order.state == "planned"
    sun.post(off, {"reason": "他自己走了"})
    order.refresh_from_db()
    assert order.state == "cancelled"
    assert Visit.objects.get(order=order).state == "cancelled"
    shown = page(sun, "dispatch:order", order.pk)
    assert "ma 已被叫回" in shown
    assert "他自己走了" in shown
    assert Order.objects.count() == 1


def test_the_emergency_centre_is_told_once_with_the_card(centre: Centre, now: datetime) -> None:
    alarm = centre.alarm(now)
    actor = centre.actor("sun", now)
    services.send_to_alarm(actor=actor, alarm_id=alarm.pk, worker_id=centre.users["liu"].pk, at=now)
    order = Order.objects.get()
    sun = client(centre, "sun")
    card = page(sun, "dispatch:card", order.pk)
    assert "陈秀兰" in card
    assert "桂花里 3 号楼 402" in card
    address = reverse("dispatch:card", args=[order.pk])
    assert sun.post(address, {"how": "send"}).status_code == 302
    again = sun.post(address, {"how": "phone"})
    assert again.status_code == 409
    assert "已经告知过 120" in again.content.decode()
    assert EmergencyReport.objects.get().case_number
    assert AlarmEntry.objects.filter(alarm=alarm, data__step="emergency").count() == 1
    liu = client(centre, "liu")
    assert liu.post(address, {"how": "send"}).status_code == 403


def test_the_regulator_samples_visits_by_doubt(centre: Centre, now: datetime) -> None:
    at = now - timedelta(hours=5)
    fine, odd = planned(centre, at), planned(centre, at, login="ma")
    for visit, login, minutes, place in (
        (fine, "liu", 50, {"lat": HOME[0], "lon": HOME[1]}),
        (odd, "ma", 9, {}),
    ):
        arrived = told(visit.pk, "arrived", at, **place)
        done = told(visit.pk, "done", at + timedelta(minutes=minutes))
        tell(centre.users[login], [arrived, done], at=now)
    for visit in (fine, odd):
        services.judge_visit(visit_id=visit.pk, at=now)
    centre.users["qian"] = organizations.make_user(at=at, login="qian", role="regulator")
    qian = client(centre, "qian")
    html = page(qian, "dispatch:samples")
    assert html.index(">50<") < html.index(">100<")
    assert "停留 9 分钟，这项服务要 60 分钟" in html
    # Names are masked until a purpose was stated.
    assert "陈秀兰" not in html
    one = page(qian, "dispatch:sample", odd.pk)
    assert "没有凭据证明护理员到了门口" in one
    assert client(centre, "liu").get(reverse("dispatch:samples")).status_code == 403
    assert re.search(r"<b class=\"num\">−\d+ 分", one)  # what each reason takes
    assert reverse("dispatch:samples") in one
    assert "dispatch.evidence@" not in one
    # By chance: the number stands in the address, and draws the same again.
    again = qian.get(reverse("dispatch:samples"), {"chance": "new"})
    assert re.search(r"chance=\d{6}$", again["Location"])
    shown = qian.get(again["Location"]).content.decode()
    assert again["Location"][-6:] in shown
    assert {str(fine.pk), str(odd.pk)} == set(re.findall(r"/visits/([0-9a-f-]{36})/", shown))
    some = [Visit.objects.filter(pk__in=[fine.pk, odd.pk]) for _ in range(40)]
    firsts = [evidence_reads.drawn(rows, str(seed))[0].pk for seed, rows in enumerate(some)]
    assert set(firsts) == {fine.pk, odd.pk}  # another number, another draw
    assert firsts[3] == evidence_reads.drawn(some[0], "3")[0].pk


def test_who_cannot_go_leaves_it_to_the_next(centre: Centre, now: datetime) -> None:
    stand(centre.users["ma"], *HOME, at=now)
    services.send_to_alarm(
        actor=centre.actor("sun", now),
        alarm_id=centre.alarm(now).pk,
        worker_id=centre.users["liu"].pk,
        at=now,
    )
    offer = Offer.objects.get()
    refused = client(centre, "liu").post(reverse("worker:offer", args=[offer.pk]), {"answer": "no"})
    assert refused.status_code == 302
    assert [one.worker_id for one in Offer.objects.filter(answer="open")] == [centre.users["ma"].pk]


def test_the_board_of_one_community_and_where_they_are(centre: Centre, now: datetime) -> None:
    stand(centre.users["liu"], HOME[0] + 0.01, HOME[1], at=now)
    services.send_to_alarm(
        actor=centre.actor("sun", now),
        alarm_id=centre.alarm(now).pk,
        worker_id=centre.users["liu"].pk,
        at=now,
    )
    sun, address = client(centre, "sun"), reverse("dispatch:rescues")
    order = Offer.objects.get().order
    whole = page(sun, "dispatch:rescues")
    assert f'data-id="{order.pk}"' in whole
    assert 'data-state="unacknowledged"' in whole
    assert f'href="/orders/{order.pk}/"' in whole
    assert 'class="spot"' in whole  # drawn, and nobody goes yet
    here = sun.get(address, {"place": order.region_code[:9]}).content.decode()
    assert f'data-id="{order.pk}"' in here
    other = sun.get(address, {"place": "990121999"}).content.decode()
    assert f'data-id="{order.pk}"' not in other
    assert order.region_code in other  # the way back to where something runs
    services.answer_offer(
        actor=centre.actor("liu", now), offer_id=Offer.objects.get().pk, takes=True, at=now
    )
    going = page(sun, "dispatch:order", order.pk)
    assert "way-sure" in going
    assert 'data-state="acknowledged"' in page(sun, "dispatch:rescues")
