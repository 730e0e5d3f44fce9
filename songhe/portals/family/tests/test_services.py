"""What Grandma Chen and Chen Wei see of services, and what they do about them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from songhe.base.access.actor import SYSTEM
from songhe.base.audit.models import AuditEntry
from songhe.domains.dispatch import services
from songhe.domains.dispatch.terms import OrderKind, Source
from songhe.domains.dispatch.testing import stand, tell, told
from songhe.domains.dispatch.tests.conftest import BEFORE, HOME, Centre
from songhe.domains.organizations import services as organizations
from songhe.engines.workflow.models import Transition
from songhe.kernel.ids import uuid7
from songhe.kit import formats
from songhe.portals.family.tests.conftest import (
    MIN,
    Complaint,
    Go,
    Order,
    Rating,
    Staff,
    Visit,
    WorkerFacts,
    done,
    order,
    stranger,
    visit,
)

pytestmark = pytest.mark.django_db


def text(browser: Client, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return unescape(answer.content.decode())


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize(
    ("login", "language", "words"),
    [
        ("wei", "en", ("liu comes at", "Code for the door", "Tell it to nobody on the phone")),
        ("chen", "zh-hans", ("上门", "上门码", "电话里对谁都不要说")),
    ],
)
def test_who_comes_when_and_the_code_for_the_door(
    house: Centre, go: Go, now: datetime, login: str, language: str, words: tuple[str, ...]
) -> None:
    row = visit(house, at=now)
    organizations.set_worker_facts(
        actor=SYSTEM, staff_id=Staff.objects.get(user=house.users["liu"]).pk, gender="female",
        languages=[], about_zh="做护理六年", about_en="Six years in care", at=now,
    )  # fmt: skip
    page = text(go(login, language), f"/services/{row.order_id}/")
    for word in words:
        assert word in page
    assert f"{row.code[:3]} {row.code[3:]}" in page
    assert formats.clock(row.period.lower) in page
    assert ("Six years in care" if login == "wei" else "做护理六年") in page
    assert ('data-mode="elder"' in page) is (login == "chen")


def test_on_the_way_with_minutes_then_at_work_without_the_code(
    house: Centre, go: Go, now: datetime
) -> None:
    row = visit(house, at=now, begins=now + 20 * MIN)
    wei = go("wei")
    liu = house.users["liu"]
    tell(liu, [told(row.pk, "set_off", now)], at=now)
    page = text(wei, "/services/")
    assert f"liu set off at {formats.clock(now)}" in page
    assert "minute" not in page.split("liu set off at")[1][:40]  # where she is nobody knows
    stand(liu, HOME[0] + 0.02, HOME[1], at=now)
    page = text(wei, f"/services/{row.order_id}/")
    away = re.search(r"liu set off at [0-9:]+, about (\d+) minutes", page)
    assert away is not None
    assert 5 <= int(away[1]) <= 30  # some two kilometres
    assert str(HOME[0] + 0.02) not in page
    assert row.code[:3] + " " + row.code[3:] in page
    tell(liu, [told(row.pk, "arrived", now), told(row.pk, "began", now)], at=now)
    page = text(wei, f"/services/{row.order_id}/")
    assert f"liu has been at work since {formats.clock(now)}" in page
    assert f"{row.code[:3]} {row.code[3:]}" not in page
    assert " ".join(row.code) not in page


def test_nobody_found_in_time_is_said(house: Centre, go: Go, now: datetime) -> None:
    order(house, at=now - 300 * MIN, begins=now - 200 * MIN)
    assert "Nobody was found in time. Please call" in text(go("wei"), "/services/")


def test_late_without_a_word_is_not_called_calm(house: Centre, go: Go, now: datetime) -> None:
    visit(house, at=now - 90 * MIN, begins=now - 5 * MIN)
    assert "no word yet that she set off" in text(go("wei"), "/services/")
    assert "还没有收到出发的消息" in text(go("chen", "zh-hans"), "/services/")


def test_called_off_with_a_reason_while_nobody_set_out(
    house: Centre, go: Go, now: datetime
) -> None:
    row = visit(house, at=now)
    wei, url = go("wei"), f"/services/{row.order_id}/cancel/"
    empty = wei.post(url, {"words": "去医院"})
    assert empty.status_code == 422
    assert "Please choose why." in empty.content.decode()
    assert "去医院" in empty.content.decode()
    assert Order.objects.get().state == "planned"
    done_ = wei.post(url, {"reason": "away", "words": "去医院"})
    assert done_["Location"] == f"/services/{row.order_id}/"
    assert (Order.objects.get().state, Visit.objects.get().state) == ("cancelled", "cancelled")
    note = Transition.objects.get(ref=f"dispatch.Order/{row.order_id}", target="cancelled").note
    assert note == "Nobody is at home then (去医院)"
    assert "Called off" in text(wei, f"/services/{row.order_id}/")


def test_called_off_by_two_at_once_is_called_off(house: Centre, go: Go, now: datetime) -> None:
    made = order(house, at=now)
    for login in ("wei", "chen"):
        answer = go(login).post(f"/services/{made.pk}/cancel/", {"reason": "time"})
        assert answer.status_code == 302, login
    assert Order.objects.get().state == "cancelled"
    assert (
        Transition.objects.filter(ref=f"dispatch.Order/{made.pk}", target="cancelled").count() == 1
    )


def test_too_late_to_call_off_is_a_sentence(house: Centre, go: Go, now: datetime) -> None:
    row = visit(house, at=now)
    tell(house.users["liu"], [told(row.pk, "set_off", now)], at=now)
    wei, url = go("wei"), f"/services/{row.order_id}/cancel/"
    assert wei.get(url).status_code == 302
    answer = wei.post(url, {"reason": "time"})
    assert answer.status_code == 422
    assert "set out already" in answer.content.decode()
    assert Visit.objects.get().state == "on_way"


def test_help_at_once_is_called_off_by_the_desk_alone(house: Centre, go: Go, now: datetime) -> None:
    made = services.make_order(
        actor=SYSTEM, kind=OrderKind.RESCUE, source=Source.CALL, person_id=house.chen.pk, at=now
    )
    wei = go("wei")
    assert "Help at once" in text(wei, "/services/")
    assert wei.post(f"/services/{made.pk}/cancel/", {"reason": "time"}).status_code == 403
    assert Order.objects.get().state == "asked"


def test_three_faces_a_word_under_each_and_once(house: Centre, go: Go) -> None:
    made = done(house, ago=timedelta(hours=20))
    chen, url = go("chen", "zh-hans"), f"/services/{made.pk}/rate/"
    page = text(chen, url)
    assert [word in page for word in ("满意", "一般", "不满意")] == [True] * 3
    empty = chen.post(url, {"words": "很细心"})
    assert empty.status_code == 422
    assert "请选一个笑脸" in empty.content.decode()
    assert "很细心" in empty.content.decode()
    assert chen.post(url, {"face": "3", "words": "很细心"}).status_code == 302
    assert Rating.objects.get().face == 3
    shown = text(chen, f"/services/{made.pk}/")
    assert "很细心" in shown
    assert "评价服务" not in shown
    assert chen.post(url, {"face": "1"}).status_code == 422
    assert Rating.objects.get().face == 3


def test_a_complaint_its_day_and_its_answer(house: Centre, go: Go, now: datetime) -> None:
    made = done(house, ago=timedelta(hours=20))
    wei, url = go("wei"), f"/services/{made.pk}/complain/"
    assert wei.post(url, {"about": "late", "words": " "}).status_code == 422
    assert wei.post(url, {"about": "late", "words": "晚了一小时"}).status_code == 302
    row = Complaint.objects.get()
    assert (row.answer_by - timezone.localdate()).days == 15
    shown = text(wei, f"/services/{made.pk}/")
    assert "晚了一小时" in shown
    with override("en"):
        assert f"answers until {formats.short_date(row.answer_by)}" in shown
    assert wei.get(url).status_code == 302  # one at a time
    assert wei.post(url, {"about": "work", "words": "还有"}).status_code == 422
    services.answer_complaint(actor=SYSTEM, complaint_id=row.pk, answer="对不起，已改班", at=now)
    assert "对不起，已改班" in text(wei, f"/services/{made.pk}/")


def test_nobody_elses_services_can_be_reached(house: Centre, go: Go, now: datetime) -> None:
    other = order(house, at=now, person=stranger(house, BEFORE))
    wei = go("wei")
    assert "Nothing is ordered." in text(wei, "/services/")
    for act, sent in (
        ("", None),
        ("cancel/", {"reason": "time"}),
        ("rate/", {"face": "1"}),
        ("complain/", {"about": "work", "words": "x"}),
    ):
        assert wei.get(f"/services/{other.pk}/{act}").status_code == 404
        if sent:
            assert wei.post(f"/services/{other.pk}/{act}", sent).status_code == 404
    for login in ("liu", "sun", "wu"):
        assert go(login).get(f"/services/{other.pk}/").status_code == 403
    assert Order.objects.get().state == "asked"
    assert not Rating.objects.exists()
    assert not Complaint.objects.exists()


def test_reads_are_audited(house: Centre, go: Go, now: datetime) -> None:
    made = order(house, at=now)
    text(go("wei"), f"/services/{made.pk}/")
    entry = AuditEntry.objects.get(action="dispatch.view_order", kind="read")
    assert (entry.ref, entry.user_id) == (f"people.Person/{house.chen.pk}", house.users["wei"].pk)


def test_many_services_cost_no_more_queries(house: Centre, go: Go, now: datetime) -> None:
    wei = go("wei")
    for number in range(2):
        visit(house, at=now, begins=now + (number * 90 + 60) * MIN)
    text(wei, "/services/")
    with CaptureQueriesContext(connection) as few:
        text(wei, "/services/")
    for number in range(2, 8):
        visit(house, at=now, begins=now + (number * 90 + 60) * MIN)
    with CaptureQueriesContext(connection) as many:
        text(wei, "/services/")
    assert len(many) == len(few) <= 22, "\n".join(q["sql"][:100] for q in many)


@pytest.mark.parametrize("login", ["wei", "chen"])
def test_the_first_page_says_who_comes_next(
    house: Centre, go: Go, now: datetime, login: str
) -> None:
    assert "Nothing is ordered." in text(go(login), "/")
    visit(house, at=now)
    page = text(go(login), "/")
    assert "liu comes at" in page
    assert "songhe:live-order" in page
    assert ("Read it to me" in page) is (login == "chen")


def test_an_older_person_calls_the_centre_that_serves_her(house: Centre, go: Go) -> None:
    house.organization.phone = "0935-1234567"
    house.organization.save()
    for url in ("/", "/services/", "/services/order/"):
        assert 'href="tel:0935-1234567"' in text(go("chen"), url)


def test_earlier_ones_page_by_page(house: Centre, go: Go, now: datetime) -> None:
    for number in range(12):
        made = order(house, at=now + number * MIN)
        services.cancel_order(actor=SYSTEM, order_id=made.pk, reason="test", at=now + number * MIN)
    wei = go("wei")
    page = text(wei, "/services/past/")
    assert page.count('class="service"') == 10
    assert "?shown=20" in page
    assert text(wei, "/services/past/?shown=20").count('class="service"') == 12
    assert text(wei, "/services/past/?shown=x").count('class="service"') == 10


def test_what_waits_for_a_word_is_not_pushed_away(house: Centre, go: Go, now: datetime) -> None:
    made = done(house, ago=timedelta(hours=20))
    for number in range(4):
        off = order(house, at=now + number * MIN)
        services.cancel_order(actor=SYSTEM, order_id=off.pk, reason="test", at=now + number * MIN)
    chen, rate = go("chen"), f"/services/{made.pk}/rate/"
    page = text(chen, "/services/")
    assert page.index(f"/services/{made.pk}/") < page.index("Called off")
    assert rate in page
    chen.post(rate, {"face": "3"})
    assert str(made.pk) not in text(chen, "/services/")


def test_beneath_the_photograph_of_who_comes_stands_her_initial(
    house: Centre, go: Go, now: datetime
) -> None:
    row = visit(house, at=now)
    organizations.set_worker_facts(
        actor=SYSTEM, staff_id=Staff.objects.get(user=house.users["liu"]).pk, gender="",
        languages=[], about_zh="", about_en="", at=now,
    )  # fmt: skip
    facts = WorkerFacts.objects.filter(user=house.users["liu"])
    facts.update(photo=str(uuid7()))  # past its retention: nothing is there to be shown
    wei = go("wei")
    page = text(wei, f"/services/{row.order_id}/")
    face = re.search(r'<span class="portrait"[^>]*>(.)<img src="([^"]+)" alt=""', page)
    assert face is not None
    assert face[1] == "L"
    assert wei.get(face[2]).status_code == 404
