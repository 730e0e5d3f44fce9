"""A doctor finds a person by number alone, opens her with a reason; the officer looks into it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.test import Client

from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.base.accounts.testing import signed_in as fresh
from songhe.base.consent.models import Emergency, Lookup
from songhe.base.events import bus
from songhe.base.events.models import OutboxEvent
from songhe.base.outside.models import OutsideMessage
from songhe.domains.organizations import services as organizations
from songhe.domains.organizations.testing import make_organization, make_user
from songhe.domains.people.terms import check_digit
from songhe.domains.people.testing import make_home, make_person

SINCE = datetime.now(UTC) - timedelta(days=30)
FIRST17 = "99012119440309002"
NUMBER = FIRST17 + check_digit(FIRST17)
REASON = "门诊晕倒，要知道过敏和用药"
pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    return fresh(Client(), user, at=datetime.now(UTC))


@pytest.fixture
def chen(db: None) -> UUID:
    home, _rooms = make_home(at=SINCE)
    return make_person(at=SINCE, home=home, id_number=NUMBER, phone="19911110001").pk


@pytest.fixture
def zhao(chen: UUID) -> Client:
    return signed_in(make_user(at=SINCE, login="zhao", name="赵医生", role="clinician"))


def test_found_opened_told_reviewed(zhao: Client, chen: UUID) -> None:
    bureau = make_organization(at=SINCE, name="民政局", kind="government", serves=())
    officer = make_user(at=SINCE, login="officer", role="privacy_officer")
    organizations.employ(
        actor=SYSTEM,
        organization=bureau,
        user=officer,
        title="负责人",
        at=SINCE,
        phone="15400000299",
    )
    page = f"/people/{chen}/"
    assert zhao.get(page).status_code == 404
    assert zhao.get(f"/emergency/{chen}/").status_code == 403, "an id that was guessed"
    found = zhao.post("/emergency/", {"number": NUMBER})
    assert found["Location"] == f"/emergency/{chen}/"
    asked = zhao.get(found["Location"]).content.decode()
    assert "陈＊＊" in asked
    assert "陈秀兰" not in asked
    assert zhao.get(page).status_code == 404, "found is not opened"
    assert zhao.post(f"/emergency/{chen}/", {"kind": "rescue", "reason": "急"}).status_code == 422
    opened = zhao.post(f"/emergency/{chen}/", {"kind": "rescue", "reason": REASON})
    assert opened["Location"] == page
    text = zhao.get(page).content.decode()
    assert "陈秀兰" in text
    assert "紧急查阅" in text, "a bar says so on the page"
    event = OutboxEvent.objects.get(name="consent.EmergencyOpened")
    handler = "songhe.domains.security.emergency_handlers.on_emergency_opened"
    assert bus.hear(str(event.pk), handler)
    told = OutsideMessage.objects.get()
    assert told.to_tail == "0299"
    assert "陈" not in told.text
    client = signed_in(officer)
    listed = client.get("/emergencies/").content.decode()
    assert "赵医生" in listed
    assert "陈秀兰" not in listed
    row = Emergency.objects.get()
    address = f"/emergencies/{row.pk}/"
    assert REASON in client.get(address).content.decode()
    client.post(address, {"verdict": "unjustified", "note": "本人没有就诊"})
    assert zhao.get(page).status_code == 404, "ended at once"
    assert "不合理" in client.get(address).content.decode()
    assert "本人没有就诊" in client.get(address).content.decode()


def test_by_telephone_and_closed_by_herself(zhao: Client, chen: UUID) -> None:
    found = zhao.post("/emergency/", {"number": "199 1111 0001"})
    assert found.status_code == 302, found.content.decode()
    zhao.post(found["Location"], {"kind": "unconscious", "reason": REASON})
    assert zhao.get(f"/people/{chen}/").status_code == 200
    zhao.post(f"/emergency/{Emergency.objects.get().pk}/end/")
    assert zhao.get(f"/people/{chen}/").status_code == 404


def test_no_browsing(zhao: Client, chen: UUID) -> None:
    for number in ("陈秀兰", "0001", "1991111000", NUMBER[:-1], "19911110002", "%", "1" * 18):
        answer = zhao.post("/emergency/", {"number": number})
        assert answer.status_code == 422, number
        assert "陈＊＊" not in answer.content.decode()
    assert not Emergency.objects.exists()
    for _ in range(Lookup.objects.count(), 10):
        zhao.post("/emergency/", {"number": "19911110002"})
    stopped = zhao.post("/emergency/", {"number": NUMBER})
    assert stopped.status_code == 422
    assert "查找太频繁" in stopped.content.decode()


def test_others_do_not_open_nor_review(zhao: Client, chen: UUID) -> None:
    zhao.post("/emergency/", {"number": NUMBER})
    zhao.post(f"/emergency/{chen}/", {"kind": "rescue", "reason": REASON})
    row = Emergency.objects.get()
    for role in ("worker", "family", "registrar", "regulator"):
        client = signed_in(make_user(at=SINCE, login=role, role=role))
        assert client.post("/emergency/", {"number": NUMBER}).status_code == 403
        assert client.get(f"/emergencies/{row.pk}/").status_code == 403
    second = signed_in(make_user(at=SINCE, login="second", role="clinician"))
    assert second.post(f"/emergency/{row.pk}/end/").status_code == 404
    assert (
        second.post(f"/emergency/{chen}/", {"kind": "rescue", "reason": REASON}).status_code == 403
    )
    far = signed_in(
        make_user(at=SINCE, login="far", role="privacy_officer", region_prefix="990122")
    )
    assert far.get(f"/emergencies/{row.pk}/").status_code == 404
    judged = {"verdict": "justified", "note": "好"}
    assert far.post(f"/emergencies/{row.pk}/", judged).status_code == 404
    row.refresh_from_db()
    assert row.verdict == ""
