"""Pages of people over HTTP: who sees whom, what is masked, and how many queries it takes."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.audit.models import AuditEntry
from songhe.domains.telemetry.tests.cast import Cast, make_cast, put, put_latest
from songhe.kernel.wire import SubjectKind

pytestmark = pytest.mark.django_db
QUERIES = {"list": 12, "person": 39, "contacts": 14, "readings": 16, "devices": 17}


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def client_of(cast: Cast, name: str, language: str = "en") -> Client:
    client = Client()
    client.force_login(cast.users[name])
    client.cookies["songhe_language"] = language
    return client


def page(cast: Cast, name: str, path: str, status: int = 200, language: str = "en") -> str:
    response = client_of(cast, name, language).get(path)
    assert response.status_code == status, response.content.decode()[:400]
    return response.content.decode()


def some_readings(cast: Cast) -> None:
    now = timezone.now()
    bp, band = cast.devices["bp"], cast.devices["band"]
    for day in range(8):
        put(cast.chen, bp, now - timedelta(days=day, minutes=5), sbp=130 + day, dbp=75, flags=3)
        put(cast.chen, band, now - timedelta(days=day, minutes=9), heart_rate=70, steps=100)
    put_latest(
        cast.chen,
        SubjectKind.PERSON,
        sbp=(130, now - timedelta(minutes=5), bp),
        dbp=(75, now - timedelta(minutes=5), bp),
        heart_rate=(70, now - timedelta(minutes=9), band),
        steps=(100, now - timedelta(minutes=9), band),
        lat=(30.12, now - timedelta(minutes=9), band),
        lon=(103.5, now - timedelta(minutes=9), band),
    )
    put(cast.chen, band, now - timedelta(minutes=9), lat=30.12, lon=103.5)


@pytest.mark.parametrize(
    ("who", "sees", "not_sees"),
    [
        ("sun", ["陈秀兰", "云岭镇"], ["李大山"]),
        ("far", ["李大山"], ["陈秀兰"]),
        ("admin", ["陈秀兰", "李大山"], []),
        ("wei", ["陈秀兰"], ["李大山"]),
    ],
)
def test_the_list_holds_who_is_open(
    cast: Cast, who: str, sees: list[str], not_sees: list[str]
) -> None:
    text = page(cast, who, "/people/")
    assert all(word in text for word in sees)
    assert not any(word in text for word in not_sees)


def test_search_by_name_and_pinyin_and_region(cast: Cast) -> None:
    for words in ("陈秀", "chenxiu", "xiulan"):
        text = page(cast, "admin", f"/people/?words={words}")
        assert "陈秀兰" in text
        assert "李大山" not in text
    assert "李大山" in page(cast, "admin", "/people/?region=990121002")
    assert "陈秀兰" not in page(cast, "admin", "/people/?region=990121002")
    assert "Nobody found" in page(cast, "sun", "/people/?words=李大山")
    assert "陈秀兰" in page(cast, "sun", "/people/?region=nonsense&page=99")


@pytest.mark.parametrize("who", ["wu", "keeper"])
def test_a_role_without_the_action_is_refused(cast: Cast, who: str) -> None:
    for path in ("/people/", f"/people/{cast.chen}/", f"/people/{cast.chen}/contacts/"):
        assert "陈秀兰" not in page(cast, who, path, status=403)


def test_a_regulator_reads_no_name_without_a_purpose(cast: Cast) -> None:
    for path in ("/people/", "/people/?words=chenxiulan", f"/people/{cast.chen}/"):
        assert "陈秀兰" not in page(cast, "qian", path)


@pytest.mark.parametrize("tab", ["", "contacts/", "devices/", "readings/blood-pressure/"])
def test_outside_the_scope_is_as_if_absent(cast: Cast, tab: str) -> None:
    assert "陈秀兰" not in page(cast, "far", f"/people/{cast.chen}/{tab}", status=404)
    page(cast, "sun", f"/people/{uuid.uuid4()}/{tab}", status=404)


def test_the_person_page_shows_what_is_open(cast: Cast) -> None:
    some_readings(cast)
    text = page(cast, "sun", f"/people/{cast.chen}/")
    for word in (
        "陈秀兰",
        "Penicillin allergy",
        "Home care bed",
        "130/75",
        "usual",
        "tel:13900000001",
        "tel:13900000002",
        "A day at home",
        "Floor plan",
        "This look is recorded",
        "Open to you: full name, numbers and address, health, sensors at home, position, devices",
    ):
        assert word in text, word
    reads = AuditEntry.objects.filter(kind="read", user_id=cast.users["sun"].pk)
    assert sorted(reads.values_list("action", flat=True)) == [
        "people.view_person",
        "telemetry.view_readings",
    ]


def test_classes_that_are_not_open_are_absent(cast: Cast) -> None:
    some_readings(cast)
    text = page(cast, "liu", f"/people/{cast.chen}/")  # identity and home, no reading action
    assert "陈秀兰" in text
    for word in ("130/75", "Penicillin", "13900000001", "13900000002", "A day at home"):
        assert word not in text, word
    assert "Not open: numbers and address, health, position, devices" in text
    assert not AuditEntry.objects.filter(action="telemetry.view_readings").exists()
    doctor = page(cast, "zhao", f"/people/{cast.chen}/")  # no position, no devices
    assert "130/75" in doctor
    assert "h-track" not in doctor
    assert f"/people/{cast.chen}/devices/" not in doctor
    page(cast, "zhao", f"/people/{cast.chen}/devices/", status=404)


def test_a_name_that_is_not_open_is_masked(cast: Cast) -> None:
    from songhe.base.access.models import Grant

    Grant.objects.filter(user=cast.users["liu"]).delete()
    access.grant(
        actor=SYSTEM,
        user=cast.users["liu"],
        subject_type="people.Person",
        subject_id=cast.chen,
        purpose="care",
        field_classes=["home"],
        source="x",
        at=timezone.now() - timedelta(days=1),
    )
    assert "陈秀兰" not in page(cast, "liu", "/people/")
    page(cast, "liu", f"/people/{cast.chen}/", status=404)


def test_address_and_numbers_need_contact(cast: Cast) -> None:
    assert "松柏里 3 号楼 201" in page(cast, "sun", f"/people/{cast.chen}/contacts/")
    text = page(cast, "liu", f"/people/{cast.chen}/contacts/")
    assert "松柏里" not in text
    assert "陈伟" in text
    assert "13900000002" not in text


def test_ranges_and_days_are_bounded(cast: Cast) -> None:
    some_readings(cast)
    for query in (
        "days=1",
        "days=90",
        "days=7777",
        "days=x",
        "day=2026-01-01",
        "day=1000-01-01",
        "day=9999-12-31",
        "day=x",
    ):
        page(cast, "sun", f"/people/{cast.chen}/?{query}")


def test_in_chinese(cast: Cast) -> None:
    some_readings(cast)
    text = page(cast, "sun", f"/people/{cast.chen}/", language="zh-hans")
    for word in ("82 岁·女", "中度失能（2 级）", "独居", "本次查看已记入审计", "家中一天", "此刻"):
        assert word in text, word


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("list", "/people/"),
        ("person", "/people/{chen}/"),
        ("contacts", "/people/{chen}/contacts/"),
        ("readings", "/people/{chen}/readings/blood-pressure/"),
        ("devices", "/people/{chen}/devices/"),
    ],
)
def test_query_counts(cast: Cast, name: str, path: str) -> None:
    some_readings(cast)
    client = client_of(cast, "sun")
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path.format(chen=cast.chen)).status_code == 200
    told = "\n".join(query["sql"][:110] for query in queries)
    assert len(queries) == QUERIES[name], f"{len(queries)} queries\n{told}"
