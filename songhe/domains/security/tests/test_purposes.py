"""Names are masked for the regulator until a purpose is stated, and again when it has ended."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from songhe.base.access import purposes
from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.access.models import Statement
from songhe.base.accounts.models import User
from songhe.base.audit.models import AuditEntry
from songhe.domains.people.testing import make_person
from songhe.kernel.errors import Denied

pytestmark = pytest.mark.django_db
TOWN, OTHER = "990121001", "990121002"


def user_of(login: str, role: str) -> User:
    user = User.objects.create_user(login=login, display_name=login, password="a long phrase")
    since = timezone.now() - timedelta(days=1)
    access.give_role(actor=SYSTEM, user=user, role=role, region_prefix=TOWN, at=since)
    return user


@pytest.fixture
def chen(db: None) -> Any:
    return make_person(
        name="陈秀兰",
        region_code=TOWN + "001",
        phone="19911110001",
        birth_on=date(1944, 3, 5),
        at=timezone.now() - timedelta(days=9),
    )


@pytest.fixture
def qian(db: None) -> Client:
    client = Client()
    client.force_login(user_of("qian", "regulator"))
    return client


def actor(login: str) -> Actor:
    return access.actor_for(User.objects.get(login=login), timezone.now())


def read(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_masked_then_open_with_its_reason_then_masked_again(chen: Any, qian: Client) -> None:
    page = f"/people/{chen.pk}/"
    for url in ("/people/", page):
        text = read(qian, url)
        assert "陈＊＊" in text
        assert "陈秀兰" not in text
        assert "19911110001" not in text
    done = qian.post("/purpose/", {"purpose": "complaint", "reason": "投诉 2026-118 号"})
    assert done.status_code == 302
    text = read(qian, page)
    assert "陈秀兰" in text
    assert "用途：核查投诉举报" in text
    assert "重新隐去" in text
    last = AuditEntry.objects.filter(action="people.view_person").latest("at")
    assert last.purpose == "complaint"
    qian.post("/purpose/end/")
    assert "陈秀兰" not in read(qian, page)


def test_it_ends_by_itself(chen: Any, qian: Client) -> None:
    now = timezone.now()
    purposes.state_purpose(
        actor=actor("qian"), purpose="complaint", reason="投诉 118", at=now - timedelta(minutes=61)
    )
    assert "陈秀兰" not in read(qian, f"/people/{chen.pk}/")


def test_health_stays_closed_and_another_town_stays_away(chen: Any, qian: Client) -> None:
    far = make_person(name="李桂芳", region_code=OTHER + "001", at=timezone.now())
    qian.post("/purpose/", {"purpose": "inspection", "reason": "季度检查"})
    assert "健康" in read(qian, f"/people/{chen.pk}/").split("未开放", 1)[-1]
    assert qian.get(f"/people/{far.pk}/").status_code == 404


def test_a_mistake_is_said_and_nothing_entered_is_lost(qian: Client) -> None:
    answer = qian.post("/purpose/", {"purpose": "complaint", "reason": "查"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "请用几个字说明为什么需要看姓名" in text
    assert "checked" in text
    assert ">\r\n查</textarea>" in text or ">\n查</textarea>" in text or ">查</textarea>" in text
    assert not Statement.objects.exists()


def test_a_role_states_only_its_own_purposes(qian: Client) -> None:
    user_of("sun", "operator")
    with pytest.raises(Denied):
        purposes.state_purpose(
            actor=actor("sun"), purpose="complaint", reason="好奇心", at=timezone.now()
        )
    with pytest.raises(Denied):
        purposes.state_purpose(
            actor=actor("qian"), purpose="research", reason="好奇心", at=timezone.now()
        )
    assert not Statement.objects.exists()


def test_stated_twice_it_holds_once_and_anew(qian: Client) -> None:
    now = timezone.now()
    for minutes in (30, 0):
        purposes.state_purpose(
            actor=actor("qian"),
            purpose="funds",
            reason="核对餐补",
            at=now - timedelta(minutes=minutes),
        )
    (stated,) = purposes.stated_by(actor("qian"), at=now)
    assert stated.until == now + timedelta(minutes=60)
    assert actor("qian").purposes == {"funds"}


def test_the_reason_is_sealed(qian: Client) -> None:
    qian.post("/purpose/", {"purpose": "complaint", "reason": "陈秀兰家投诉餐费"})
    row = Statement.objects.get()
    assert "陈秀兰".encode() not in bytes(row.reason_sealed)
    assert purposes.reason_of(row) == "陈秀兰家投诉餐费"
