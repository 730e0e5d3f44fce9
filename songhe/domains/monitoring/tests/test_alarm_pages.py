"""The page of an alarm and what is done on it, over HTTP, with the cast."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from songhe.base.audit.models import AuditEntry
from songhe.domains.monitoring import services
from songhe.domains.monitoring.models import Alarm, AlarmEntry
from songhe.domains.monitoring.testing import make_finding
from songhe.domains.monitoring.tests.conftest import County, make_home
from songhe.domains.monitoring.tests.surfaces import (
    HTMX,
    client,
    forget,
    monitor,
    ring,
    settle,
    standing,
    store,
)
from songhe.domains.telemetry import services as telemetry
from songhe.kernel.wire import EvidenceKey, SubjectKind

GONE = "这条告警的依据已不在（读数已作废）"
ACTS = {
    "acknowledge": {},
    "note": {"text": "x"},
    "call": {"called": "陈伟", "reached": "yes"},
    "tell": {"called": "陈伟", "reached": "yes"},
    "assign": {"user": "00000000-0000-0000-0000-000000000000"},
    "shelve": {"minutes": "30", "reason": "x"},
    "resolve": {"outcome": "true"},
}


@pytest.fixture
def house(county: County) -> County:
    return settle(county)


def page(alarm: Alarm, act: str = "alarm") -> str:
    return reverse(f"monitoring:{act}", args=[alarm.pk])


def test_who_may_open_an_alarm(house: County) -> None:
    alarm = ring(house)
    answers = {
        login: client(house, login).get(page(alarm)).status_code
        for login in ("sun", "leader", "admin", "zhao", "liu", "far", "qian", "wu")
    }
    assert answers == {
        "sun": 200,
        "leader": 200,
        "admin": 200,
        "zhao": 404,
        "liu": 404,
        "far": 404,
        "qian": 403,
        "wu": 403,
    }


def test_the_hospital_and_who_is_sent_see_it_when_it_is_theirs(house: County) -> None:
    alarm = ring(house, ago_s=3600)
    for second in range(30, 121, 30):
        services.run_due_steps(at=alarm.raised_at + timedelta(seconds=second))
    zhao = client(house, "zhao")
    said = zhao.get(page(alarm)).content.decode()
    # The hospital has the alarm; whom it is about opens when its doctor takes it.
    assert "陈＊＊" in said
    assert "陈秀兰" not in said
    assert zhao.post(page(alarm, "acknowledge")).status_code == 302
    assert "陈秀兰" in zhao.get(page(alarm)).content.decode()

    other = ring(house, "spo2-critical", summary={"code": 6, "value": 85})
    sun, liu = client(house, "sun"), client(house, "liu")
    assert liu.get(page(other)).status_code == 404
    sun.post(page(other, "assign"), {"user": str(house.users["liu"].pk)})
    said = liu.get(page(other)).content.decode()
    assert "陈秀兰" in said
    assert page(other, "note") in said
    assert page(other, "resolve") not in said


@pytest.mark.parametrize("login", ["wu", "qian", "zhao", "far"])
def test_refusals_change_nothing(house: County, login: str) -> None:
    alarm = ring(house)
    before = standing()
    browser = client(house, login)
    for act, given in ACTS.items():
        assert browser.post(page(alarm, act), given).status_code in (403, 404), act
        assert browser.get(page(alarm, act)).status_code in (403, 404), act
    assert browser.get(page(alarm, "fresh")).status_code in (403, 404)
    assert standing() == before


def test_a_worker_who_is_sent_may_note_but_neither_take_nor_close(house: County) -> None:
    alarm = ring(house)
    liu = client(house, "liu")
    assert liu.post(page(alarm, "note"), {"text": "我在附近"}).status_code == 404
    client(house, "sun").post(page(alarm, "assign"), {"user": str(house.users["liu"].pk)})
    before = standing()
    for act in ("acknowledge", "assign", "shelve", "resolve"):
        assert liu.post(page(alarm, act), ACTS[act]).status_code == 403
    assert standing() == before
    assert liu.post(page(alarm, "note"), {"text": "我在附近"}).status_code == 302
    assert AlarmEntry.objects.filter(alarm=alarm, kind="note", text="我在附近").exists()


def test_not_signed_in_leads_to_sign_in(house: County) -> None:
    alarm = ring(house)
    answer = Client().get(page(alarm))
    assert answer.status_code == 302
    assert "/sign-in/" in answer["Location"]


def test_a_page_says_what_why_who_and_whom_to_call(house: County) -> None:
    device = monitor(house)
    at = timezone.now().replace(microsecond=0) - timedelta(seconds=28)
    for day in range(1, 12):
        store(house.chen.pk, device.pk, at - timedelta(days=day), {"sbp": 134, "dbp": 77})
    key = store(house.chen.pk, device.pk, at, {"sbp": 186, "dbp": 112})
    alarm = ring(house, evidence=[key], device=device.pk)
    said = client(house, "sun").get(page(alarm)).content.decode()
    for words in (
        "186/112",
        "秒后上报带班主任，再过 60 秒转云岭镇卫生院",
        "达到 180 或 110 及以上",
        "筛查结果，不是诊断",
        "规则 bp-critical",
        "近 14 天的个人常态是 134–134 / 77–77",
        "180 危急线",
        "没有数据",
        "陈秀兰",
        "19900000007",
        "无人接警",
    ):
        assert words in said
    assert said.count('class="alarm-bar"') == 1
    assert said.count('class="bar"') == 11
    assert GONE not in said


@pytest.mark.parametrize(("rule", "is_fire"), [("smoke", True), ("gas", True), ("sos", False)])
def test_where_it_may_burn_the_fire_brigade_is_one_press_away(
    house: County, rule: str, is_fire: bool
) -> None:
    said = client(house, "sun").get(page(ring(house, rule))).content.decode()
    assert ("tel:119" in said) is is_fire


def test_opening_an_alarm_is_audited_as_a_read_of_the_person(house: County) -> None:
    alarm = ring(house)
    reads = AuditEntry.objects.filter(kind="read", ref=f"people.Person/{house.chen.pk}")
    client(house, "sun").get(page(alarm))
    assert reads.count() == 1
    client(house, "sun").get(page(alarm, "fresh"), headers=HTMX)
    assert reads.count() == 1


def test_when_the_evidence_is_gone_the_page_says_so_and_does_not_draw(house: County) -> None:
    device = monitor(house)
    at = timezone.now().replace(microsecond=0) - timedelta(seconds=28)
    key = store(house.chen.pk, device.pk, at, {"sbp": 186, "dbp": 112})
    alarm = ring(house, evidence=[key], device=device.pk)
    sun = client(house, "sun")
    assert 'class="alarm-bar"' in sun.get(page(alarm)).content.decode()
    forget(key)
    for address in (page(alarm), page(alarm, "fresh")):
        said = sun.get(address, headers=HTMX if "fresh" in address else {}).content.decode()
        assert GONE in said
        assert 'class="chart"' not in said


def test_what_is_not_open_is_not_drawn_as_absent(house: County) -> None:
    device = monitor(house)
    at = timezone.now().replace(microsecond=0) - timedelta(seconds=28)
    store(house.chen.pk, device.pk, at - timedelta(days=3), {"sbp": 134, "dbp": 77})
    key = store(house.chen.pk, device.pk, at, {"sbp": 186, "dbp": 112})
    alarm = ring(house, evidence=[key], device=device.pk)
    for second in range(30, 121, 30):
        services.run_due_steps(at=alarm.raised_at + timedelta(seconds=second))
    said = client(house, "zhao").get(page(alarm)).content.decode()
    assert "其余读数不对您开放" in said
    assert "没有数据" not in said
    assert "186" in said
    assert "134" not in re.sub(r"<[^>]*>", " ", said)
    for closed in ("陈秀兰", "陈伟", "19900000007", reverse("people:person", args=[house.chen.pk])):
        assert closed not in said


def test_a_voided_reading_is_named_with_its_reason(house: County) -> None:
    device = monitor(house)
    at = timezone.now().replace(microsecond=0) - timedelta(seconds=28)
    key = store(house.chen.pk, device.pk, at, {"sbp": 186, "dbp": 112})
    alarm = ring(house, evidence=[key], device=device.pk)
    stored = EvidenceKey(house.chen.pk, device.pk, key["at_us"], key["fingerprint"])
    admin = house.actor("admin", timezone.now())
    telemetry.void_reading(actor=admin, key=stored, reason="袖带没绑好", at=timezone.now())
    said = client(house, "sun").get(page(alarm)).content.decode()
    assert GONE in said
    assert "袖带没绑好" in said


def test_only_what_is_still_stored_is_drawn(house: County) -> None:
    device = monitor(house)
    at = timezone.now().replace(microsecond=0) - timedelta(seconds=28)
    first = store(house.chen.pk, device.pk, at - timedelta(minutes=2), {"sbp": 165, "dbp": 98})
    last = store(house.chen.pk, device.pk, at, {"sbp": 168, "dbp": 99})
    summary = {"code": 1, "value": 168, "value2": 99, "count": 2, "window_min": 5}
    alarm = ring(house, "bp-urgent", evidence=[first, last], device=device.pk, summary=summary)
    sun = client(house, "sun")
    assert sun.get(page(alarm)).content.decode().count('class="alarm-bar"') == 2
    forget(first)
    said = sun.get(page(alarm)).content.decode()
    assert "这条告警的一部分依据已不在" in said
    assert said.count('class="alarm-bar"') == 1


def test_take_call_send_close(house: County) -> None:
    alarm = ring(house)
    sun = client(house, "sun")
    back = page(alarm)
    assert sun.post(page(alarm, "acknowledge"), {"next": back})["Location"] == back
    sun.post(page(alarm, "call"), {"called": "陈秀兰", "reached": "no", "text": "没人接"})
    sun.post(page(alarm, "tell"), {"called": "陈伟", "reached": "yes", "text": "他在路上"})
    sun.post(page(alarm, "assign"), {"user": str(house.users["liu"].pk)})
    sun.post(page(alarm, "note"), {"text": "邻居也去了"})
    sun.post(page(alarm, "resolve"), {"outcome": "true", "note": "已送医"})
    alarm.refresh_from_db()
    assert (alarm.state, alarm.outcome) == ("resolved", "true")
    said = sun.get(page(alarm)).content.decode()
    for words in (
        "值班员小孙接警",
        "值班员小孙打给陈秀兰，没有打通",
        "值班员小孙打给陈伟，已接通",
        "值班员小孙派小刘前往",
        "邻居也去了",
        "值班员小孙结案：属实",
    ):
        assert words in said
    assert page(alarm, "resolve") not in said


def test_a_way_back_never_leaves_the_house(house: County) -> None:
    alarm = ring(house)
    answer = client(house, "sun").post(
        page(alarm, "acknowledge"), {"next": "https://elsewhere.example/"}
    )
    assert answer["Location"] == page(alarm)


def test_who_comes_second_reads_who_has_it(house: County) -> None:
    alarm = ring(house)
    client(house, "leader").post(page(alarm, "acknowledge"))
    before = standing()
    sun = client(house, "sun")
    answer = sun.post(page(alarm, "acknowledge"), follow=True)
    assert "现在的情形已变：带班主任已接" in answer.content.decode()
    # In place nothing is left that could be pressed again, and the page is as it stands now.
    said = sun.post(page(alarm, "acknowledge"), headers=HTMX).content.decode()
    assert "现在的情形已变：带班主任已接" in said
    assert 'id="alarm-head" hx-swap-oob="true"' in said
    assert not set(re.findall("error-summary|要改|<form", said))
    assert standing() == before


@pytest.mark.parametrize(
    ("act", "given", "words", "kept"),
    [
        ("call", {"called": "陈伟", "text": "写了一半"}, "请填写", "写了一半"),
        ("note", {"text": "  "}, "请写下发生了什么", ""),
        ("resolve", {"note": "写了一半"}, "请选择查明的结果", "写了一半"),
        ("resolve", {"outcome": "maybe", "note": "写了一半"}, "", "写了一半"),
        ("shelve", {"minutes": "60", "reason": " "}, "请写明", 'value="60" '),
        ("shelve", {"minutes": "99999", "reason": "家属在旁"}, "", "家属在旁"),
        ("assign", {"user": "00000000-0000-0000-0000-000000000000"}, "请选择在该机构工作的人", ""),
    ],
)
def test_a_mistake_is_said_in_place_and_nothing_is_lost(
    house: County, act: str, given: dict[str, str], words: str, kept: str
) -> None:
    alarm = ring(house)
    before = standing()
    sun = client(house, "sun")
    for headers in ({}, HTMX):
        answer = sun.post(page(alarm, act), given, headers=headers)
        said = answer.content.decode()
        assert answer.status_code == 422
        assert "error-summary" in said
        assert words in said
        assert kept in said
        assert ("<html" in said) is not bool(headers)
    assert standing() == before


def test_set_aside_has_an_end_and_a_reason(house: County) -> None:
    alarm = ring(house)
    client(house, "sun").post(page(alarm, "shelve"), {"minutes": "30", "reason": "家属在旁"})
    alarm.refresh_from_db()
    assert alarm.state == "shelved"
    assert alarm.shelved_until is not None
    assert timedelta(minutes=29) < alarm.shelved_until - timezone.now() <= timedelta(minutes=30)
    assert "家属在旁" in client(house, "sun").get(page(alarm)).content.decode()


def test_in_place_only_the_changed_parts_come_back(house: County) -> None:
    alarm = ring(house)
    sun = client(house, "sun")
    asked = sun.get(page(alarm, "resolve"), headers=HTMX).content.decode()
    assert "<html" not in asked
    assert 'name="outcome"' in asked
    answer = sun.post(page(alarm, "acknowledge"), headers=HTMX)
    said = answer.content.decode()
    assert answer.headers["HX-Trigger"] == "songhe:alarm-changed"
    for part in ("alarm-head", "alarm-why", "alarm-course", "alarm-vitals"):
        assert f'id="{part}" hx-swap-oob="true"' in said
    assert "您已接警" in said
    assert "值班员小孙已接" in said


def test_a_storm_shows_its_homes(house: County) -> None:
    now = timezone.now()
    for number in range(10, 16):
        person, _home, room = make_home(number)
        make_finding(
            rule="device-silent",
            subject=room.pk,
            subject_kind=SubjectKind.PLACE,
            at=now,
            person=person.pk,
        )
        services.take_findings(at=now)
    incident = Alarm.objects.get(is_storm=True)
    said = client(house, "sun").get(page(incident)).content.decode()
    assert "这起事件涉及 6 户" in said
    assert "不代表平安" in said
    for number in range(10, 16):
        assert f"桂花里 {number} 号" in said
    assert "陈秀兰" not in said


def test_failed_messages_are_said_plainly(house: County) -> None:
    alarm = ring(house)
    AlarmEntry.objects.create(
        alarm=alarm,
        at=timezone.now(),
        kind="level_up",
        data={"told": [], "failed": "outside.no_gateway"},
    )
    said = client(house, "sun").get(page(alarm)).content.decode()
    assert "没能通知带班主任：没有配置短信网关" in said


def test_a_fresh_fragment_costs_few_queries(
    house: County, django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    device = monitor(house)
    at = timezone.now().replace(microsecond=0) - timedelta(seconds=28)
    key = store(house.chen.pk, device.pk, at, {"sbp": 186, "dbp": 112})
    alarm = ring(house, evidence=[key], device=device.pk)
    sun = client(house, "sun")
    with django_assert_max_num_queries(18):
        sun.get(page(alarm, "fresh"), headers=HTMX)
    with django_assert_max_num_queries(37):  # with whoever could go, their shifts and visits
        sun.get(page(alarm))
