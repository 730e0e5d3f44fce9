"""Finding persons by what people type, never outside what is open to who asks."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import connection

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.regions.services import add_region
from songhe.base.vault import keyring
from songhe.domains.organizations.testing import make_actor
from songhe.domains.people import idnumber, indexing, selectors, services
from songhe.domains.people.models import Person
from songhe.engines.search.models import SearchEntry
from songhe.engines.search.words import spelling

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
A, B = "990121001001", "990122001001"
pytestmark = pytest.mark.django_db


def number(sequence: int = 2) -> str:
    first = f"99012119440305{sequence:03d}"
    return first + idnumber.check_digit(first)


def person(name: str = "陈秀兰", region: str = A, **more) -> Person:
    return services.register_person(
        actor=SYSTEM,
        name=name,
        sex="female",
        birth_on=date(1944, 3, 5),
        region_code=region,
        at=NOW,
        **more,
    )


@pytest.fixture(autouse=True)
def regions(db: None) -> None:
    for code in ("99", "9901", "990121", "990122"):
        add_region(code=code, name=code)


@pytest.fixture
def everybody() -> None:
    person(phone="15401001234", id_number=number())
    person("陈小兰", phone="15401001235")
    person("单福生")
    person("欧阳淑华", phone="010-62345678")
    person("王芳", B, phone="15401001234")


def names(actor: Actor, words: str, **more) -> list[str]:
    return [row.name for row in selectors.find_persons(actor, words, **more).persons]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("陈秀兰", ["陈秀兰"]),
        ("秀兰", ["陈秀兰"]),
        ("兰", ["陈小兰", "陈秀兰"]),
        ("陈 兰", ["陈小兰", "陈秀兰"]),
        ("chenxiulan", ["陈秀兰"]),
        ("CHEN Xiu lan", ["陈秀兰"]),
        ("xiulan chen", ["陈秀兰"]),
        ("chén xiù lán", ["陈秀兰"]),
        ("cxl", ["陈小兰", "陈秀兰"]),
        ("chenxiu", ["陈秀兰"]),
        ("xiul", ["陈秀兰"]),
        ("shan fusheng", ["单福生"]),
        ("danfusheng", ["单福生"]),
        ("sfs", ["单福生"]),
        ("oysh", ["欧阳淑华"]),
        ("1234", ["陈秀兰", "王芳"]),
        ("王 1234", ["王芳"]),
        ("wang 1234", ["王芳"]),
        ("王 fa", ["王芳"]),
        ("15401001235", ["陈小兰"]),
        ("5678", ["欧阳淑华"]),
        (number(), ["陈秀兰"]),
        (number().lower(), ["陈秀兰"]),
        (number()[-4:], ["陈秀兰"]),
        ("9999", []),
        ("兰秀", []),
        ("%", []),
        ("_", []),
        ("' OR true --", []),
        ("1234 1235", []),
        ("", []),
        ("陈" * 90, []),
    ],
)
def test_persons_are_found_by_what_people_type(everybody, words, found) -> None:
    assert names(SYSTEM, words) == found


def test_who_calls_for_her_is_asked_for_by_the_whole_number(everybody) -> None:
    chen = Person.objects.get(name="陈秀兰")
    given = {"actor": SYSTEM, "relation": "son", "rank": 1}
    son = services.add_contact(
        person_id=chen.pk, name="陈伟", phone="139-0000 4321", at=NOW, **given
    )
    assert names(SYSTEM, "13900004321") == ["陈秀兰"]
    assert names(SYSTEM, "4321") == []
    new = services.change_contact(
        contact_id=son.pk, name="陈伟", phone="13800000007", since_on=None, at=NOW, **given
    )
    assert (names(SYSTEM, "13900004321"), names(SYSTEM, "13800000007")) == ([], ["陈秀兰"])
    services.end_contact(actor=SYSTEM, contact_id=new.pk, until_on=NOW.date(), at=NOW)
    assert names(SYSTEM, "13800000007") == []


def test_a_search_stays_within_regions_and_grants(everybody) -> None:
    here = make_actor(at=NOW, login="reg", role="registrar", region_prefix="990121")
    town = make_actor(at=NOW, login="reg2", role="registrar", region_prefix="990121001")
    for actor in (here, town):
        assert names(actor, "1234") == ["陈秀兰"]
        assert names(actor, "wang") == []
        assert names(actor, "王芳") == []
    assert names(here, "兰", region_prefix="990121001") == ["陈小兰", "陈秀兰"]
    assert names(here, "兰", region_prefix="990122") == []
    assert names(here, "兰", region_prefix="990121002") == []
    wu = make_actor(at=NOW, login="wu", role="regulator", region_prefix="99")
    assert names(wu, "陈秀兰") == []
    wang = Person.objects.get(name="王芳")
    family = make_actor(at=NOW, login="fam", role="family", region_prefix="")
    assert names(family, "王芳") == []
    for fields, seen in ((["health"], []), (["identity"], ["王芳"])):
        access.grant(
            actor=SYSTEM,
            user=access.User.objects.get(pk=family.user_id),
            subject_type="people.Person",
            subject_id=wang.pk,
            purpose="family",
            field_classes=fields,
            source="x",
            at=NOW,
        )
        held = access.actor_for(access.User.objects.get(pk=family.user_id), NOW)
        assert names(held, "wf") == seen
        assert names(held, "1234") == seen


def test_nothing_sealed_stands_in_the_search(everybody) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(e::text, ' ') FROM search_entry e")
        (told,) = cursor.fetchone()
    for secret in ("15401001235", number(), "62345678"):
        assert secret not in told
        assert secret.encode().hex() not in told
    marks = {row.id: {bytes(mark) for mark in row.marks} for row in SearchEntry.objects.all()}
    here, far = (marks[Person.objects.get(name=name).pk] for name in ("陈秀兰", "王芳"))
    assert len(here & far) == 1, "the whole number is one mark; its tail is another in each county"


def test_marks_follow_the_key(everybody, monkeypatch) -> None:
    keyring.add_key()
    assert names(SYSTEM, "1235") == ["陈小兰"], "the older key's marks are asked too"
    assert indexing.put_anew() == 5
    assert indexing.put_anew() == 0
    assert names(SYSTEM, "1235") == ["陈小兰"]


def test_who_was_never_indexed_is(everybody) -> None:
    SearchEntry.objects.all().delete()
    assert names(SYSTEM, "陈秀兰") == []
    assert indexing.put_anew() == 5
    assert names(SYSTEM, "陈秀兰") == ["陈秀兰"]


@pytest.mark.parametrize("words", ["xiulan", "cxl", "陈秀兰", "兰", "1234"])
def test_a_search_reads_no_table_whole(everybody, words: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE search_entry")
        cursor.execute("SET LOCAL enable_seqscan = off")
        scans = "SELECT pg_stat_get_xact_numscans('search_entry'::regclass)"
        cursor.execute(scans)
        before = cursor.fetchone()
        assert selectors.find_persons(SYSTEM, words).persons
        cursor.execute(scans)
        assert cursor.fetchone() == before


def test_readings_of_family_names() -> None:
    assert spelling("曾国荣").pinyin == "zengguorong cengguorong"
    assert spelling("尉迟恭").pinyin.split()[0] == "yuchigong"
    assert spelling("王芳").initials == "wf"
    assert spelling("吕绿").pinyin == "lvlv"
    assert spelling("Anna-Maria").pinyin == "annamaria"
    assert spelling("").grams == []
