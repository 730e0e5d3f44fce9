"""A registrar's day over HTTP: register, record with true dates, merge and undo, import, export."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from songhe.base.access.actor import SYSTEM
from songhe.base.audit.models import AuditEntry
from songhe.base.regions.services import add_region
from songhe.domains.organizations.testing import make_user
from songhe.domains.people import idnumber, selectors, services
from songhe.domains.people.models import Home, Person, PersonMerge, PersonRecord, Residency
from songhe.domains.people.testing import make_home, make_person
from songhe.engines.exchange import services as exchange
from songhe.engines.exchange.models import ImportRun

pytestmark = pytest.mark.django_db
TOWN, A, B = "990121001", "990121001001", "990121001002"


def number(sequence: int = 2, born: str = "19440305") -> str:
    first = f"990121{born}{sequence:03d}"
    return first + idnumber.check_digit(first)


@pytest.fixture(autouse=True)
def regions(db: None) -> None:
    for code, name in (
        ("99", "示范省"), ("9901", "示范市"), ("990121", "松鹤示范县"), (TOWN, "云岭镇"),
        (A, "桂花社区"), (B, "望河社区"), ("990122", "外县"), ("990122001", "外镇"),
        ("990122001001", "外社区"),
    ):  # fmt: skip
        add_region(code=code, name=name)


def client(role: str = "registrar", region: str = "990121", language: str = "en") -> Client:
    user = make_user(at=timezone.now() - timedelta(days=1), login=f"{role}{region}", role=role,
                     region_prefix=region)  # fmt: skip
    made = Client()
    made.force_login(user)
    made.cookies["songhe_language"] = language
    return made


@pytest.fixture
def chen() -> Person:
    at = timezone.now() - timedelta(days=90)
    home, _ = make_home(at=at)
    return make_person(at=at, home=home, phone="15401001234", id_number=number(2, "19440309"))


def enrol(by: Client, status: int, **more) -> str:
    given = {
        "name": "王芳", "id_number": number(4), "birth_on": "", "sex": "", "phone": "",
        "community": A, "address": "桂花里 9 号", "lives_since": "", "living": "alone",
    } | more  # fmt: skip
    answer = by.post("/people/new/", given)
    assert answer.status_code == status, answer.content.decode()[-3000:]
    return answer.content.decode()


def test_a_new_person_is_registered_with_what_the_number_says() -> None:
    enrol(client(), 302, lives_since="2020-05-01")
    person = Person.objects.get()
    assert (person.birth_on, person.sex, person.region_code) == (date(1944, 3, 5), "female", A)
    stay = Residency.objects.get()
    assert timezone.localdate(stay.period.lower) == date(2020, 5, 1)
    assert stay.home.address == "桂花里 9 号"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"id_number": number(4)[:-1] + "Q"}, "check its 18 digits"),
        ({"birth_on": "1950-01-01"}, "another birth date"),
        ({"sex": "male"}, "the other sex"),
        ({"id_number": ""}, "the birth date is needed"),
        ({"community": "990122001001"}, "Select a valid choice"),
        ({"lives_since": "2099-01-01"}, "lies in the future"),
        ({"phone": "call me"}, "no phone number"),
    ],
)
def test_a_mistake_is_said_and_nothing_typed_is_lost(given, said) -> None:
    text = enrol(client(), 422, **given)
    assert said in text
    assert "桂花里 9 号" in text
    assert not Person.objects.exists()
    assert not Home.objects.exists()


def test_who_may_be_registered_already_is_shown_first(chen) -> None:
    by = client()
    text = enrol(by, 409, id_number=number(2, "19440309"), another="on")
    assert "This ID number is registered" in text
    assert "another name" in text
    for given, why in (
        ({"name": "陈秀兰", "birth_on": "1944-03-09"}, "same name and birth date"),
        ({"name": "陈秀岚", "birth_on": "1944-03-09"}, "sounds the same"),
        ({"name": "陈娟", "birth_on": "1950-01-01", "phone": "15401001234"}, "same phone"),
    ):
        text = enrol(by, 409, id_number="", **given)
        assert why in text
        assert "桂花里 9 号" in text
    assert Person.objects.count() == 1
    enrol(by, 302, id_number="", name="陈秀兰", birth_on="1944-03-09", another="on")
    assert Person.objects.count() == 2


def test_facts_are_recorded_corrected_and_readable(chen) -> None:
    by = client()
    url = f"/people/{chen.pk}/register/"
    page = by.get(url).content.decode()
    for word in ("lives alone", "桂花里 3 号楼 402", number(2, "19440309"), "15401001234", "Death"):
        assert word in page, word
    assert "Ability level" not in page, "health is not the registrar's"
    assert by.get(url + "care_level/").status_code == 404
    path = url + "disability/record/"
    assert by.post(path, {"value": "visual", "since_on": "2026-01-02"}).status_code == 422
    assert by.post(
        path, {"value": "visual", "level": "2", "since_on": "2026-01-02", "note": "残疾证"}
    ).status_code == 302  # fmt: skip
    assert "since 2 Jan 2026" in by.get(url).content.decode()
    late = by.post(path, {"value": "hearing", "level": "1", "since_on": "2025-06-01"})
    assert late.status_code == 409
    assert "only until the later entry" in late.content.decode()
    confirmed = {"value": "hearing", "level": "1", "since_on": "2025-06-01", "between": "on"}
    assert by.post(path, confirmed).status_code == 302
    row = PersonRecord.objects.get(value="visual")
    correct = f"/people/records/{row.pk}/correct/"
    assert by.get(correct).status_code == 200
    assert by.post(correct, {"withdraw": "1", "reason": ""}).status_code == 422
    better = {"value": "visual", "level": "1", "since_on": "2026-01-03", "reason": "typo"}
    assert by.post(correct, better).status_code == 302
    assert by.get(correct).status_code == 404
    course = by.get(url + "disability/").content.decode()
    for word in ("typo", "3 Jan 2026", "1 Jun 2025", "残疾证", "GB/T 26341-2010"):
        assert word in course, word


def test_a_move_and_a_death_over_pages(chen) -> None:
    by = client()
    url = f"/people/{chen.pk}/register/"
    move = {"where": "address", "since_on": "2026-11-01", "community": B}
    assert by.post(url + "home/record/", move).status_code == 422
    assert by.post(url + "home/record/", move | {"address": "望河村 1 号"}).status_code == 302
    chen.refresh_from_db()
    assert chen.region_code == B
    assert by.post(url + "death/record/", {"since_on": "2099-01-01"}).status_code == 422
    assert by.post(url + "death/record/", {"since_on": "2026-11-05"}).status_code == 302
    assert "Record the death" not in by.get(url).content.decode()
    assert "陈秀兰" not in by.get("/people/").content.decode()
    assert "陈秀兰" in by.get("/people/?words=cxl").content.decode()


def test_two_entries_are_compared_merged_and_parted(chen) -> None:
    by = client()
    twin = make_person(at=timezone.now(), name="陈秀岚", region_code=B, phone="15401005555")
    choose = by.get(f"/people/{chen.pk}/merge/").content.decode()
    assert "陈秀岚" in choose
    assert "陈秀岚" in by.get(f"/people/{chen.pk}/merge/?words=5555").content.decode()
    url = f"/people/{chen.pk}/merge/{twin.pk}/"
    assert "Side by side" in by.get(url).content.decode()
    assert by.post(url, {"reason": ""}).status_code == 422
    assert by.post(url, {"reason": "same person"}).status_code == 302
    assert by.get(f"/people/{twin.pk}/").headers["Location"] == f"/people/{chen.pk}/"
    merge = PersonMerge.objects.get()
    assert "same person" in by.get(f"/people/merges/{merge.pk}/").content.decode()
    assert f"/people/merges/{merge.pk}/" in by.get(f"/people/{chen.pk}/register/").content.decode()
    assert by.post(f"/people/merges/{merge.pk}/undo/").status_code == 302
    assert by.post(f"/people/merges/{merge.pk}/undo/").status_code == 409
    assert by.get(f"/people/{twin.pk}/").status_code == 200


def test_contacts_are_added_corrected_and_ended(chen) -> None:
    by = client()
    assert by.post(
        f"/people/{chen.pk}/contacts/add/",
        {"name": "陈伟", "relation": "son", "phone": "15401007777", "rank": "1"},
    ).status_code == 302  # fmt: skip
    view = selectors.get_person(SYSTEM, chen.pk, at=timezone.now())
    (line,) = selectors.contacts_of(SYSTEM, view)
    url = f"/people/contacts/{line.id}/"
    assert "15401007777" in by.get(url).content.decode()
    assert by.post(url, {"end": "1", "until_on": "2099-01-01"}).status_code == 422
    assert by.post(url, {"end": "1", "until_on": "2026-11-01"}).status_code == 302
    assert selectors.contacts_of(SYSTEM, view) == []
    assert by.get(url).status_code == 404


HEADS = "姓名,公民身份号码,性别,出生日期,本人电话,社区,住址,居住情况,社会救助身份,起始日期,联系人姓名,关系,联系人电话"  # noqa: E501
ROWS = (
    f"陈秀兰,{number(2, '19440309')},,,15401001234,云岭镇桂花社区,,独居,,,,,",
    f"李大山,{number(3)},,,15401002222,云岭镇望河社区,望河村 17 号,老两口,特困人员,2025-01-01,,,",
    "赵淑华,,女,1946年5月1日,,990121001002,望河村 17 号,老两口,,2025-01-01,赵明,儿子,15401003333",
    f"王芳,{number(4)[:-1]}Q,,,,云岭镇桂花社区,,,,,,,",
    "钱福,,男,,,云岭镇桂花社区,,,,,,,",
    "孙英,,女,1950-01-01,,外镇外社区,,,,,,,",
    f"李二山,{number(3)},,,,云岭镇望河社区,,,,,,,",
    "陈秀兰,,女,1944-03-09,15401009999,云岭镇桂花社区,,,,,,,",
)


def upload(by: Client, *rows: str) -> ImportRun:
    body = "\n".join((HEADS, *rows)).encode()
    answer = by.post("/people/import/", {"file": SimpleUploadedFile("x.csv", body)})
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    run = ImportRun.objects.order_by("-asked_at").first()
    assert run is not None
    exchange.run_import(run_id=run.pk, clock=timezone.now, should_end=lambda: False)
    run.refresh_from_db()
    return run


def test_persons_come_from_a_table_once_however_often(chen) -> None:
    by = client(language="zh-hans")
    run = upload(by, *ROWS)
    assert (run.state, run.created, run.unchanged, run.wrong) == ("done", 2, 1, 5), run.reason
    li, zhao = (Person.objects.get(name=name) for name in ("李大山", "赵淑华"))
    homes = selectors.homes_by_person([li.pk, zhao.pk], at=timezone.now())
    assert homes[li.pk] == homes[zhao.pk], "who has the same address lives together"
    assert timezone.localdate(Residency.objects.get(person=li).period.lower) == date(2025, 1, 1)
    assert PersonRecord.objects.get(person=li, kind="assistance").value == "destitute"
    page = by.get(f"/people/import/{run.pk}/").content.decode()
    for word in (
        "公民身份号码：有误",
        "没有公民身份号码时必填",
        "不在可选范围内",
        "已登记在其他姓名",
        "已有同名同出生日期",
    ):
        assert word in page, word
    sheet = by.get(f"/people/import/{run.pk}/wrong/")
    assert len(list(load_workbook(io.BytesIO(sheet.content)).active.values)) == 6
    again = upload(by, *ROWS)
    assert (again.created, again.changed, again.unchanged, again.wrong) == (0, 0, 3, 5)
    assert Person.objects.count() == 3
    moved = ROWS[0].replace("15401001234", "15401008888")
    assert upload(by, moved).changed == 1
    assert [row.pk for row in selectors.find_persons(SYSTEM, "8888").persons] == [chen.pk]
    assert client(region="990122", role="admin").get(f"/people/import/{run.pk}/").status_code == 404


def test_a_list_is_taken_along_with_a_reason_and_what_is_closed_stays_closed(chen) -> None:
    services.register_person(
        actor=SYSTEM, name="远方", sex="male", birth_on=date(1950, 1, 1), at=timezone.now(),
        region_code="990122001001",
    )  # fmt: skip
    by = client()
    assert by.get("/people/export/").status_code == 200
    assert by.post("/people/export/", {"reason": "", "format": "csv"}).status_code == 422
    before = AuditEntry.objects.filter(kind="read", action="people.export_persons").count()
    answer = by.post("/people/export/", {"reason": "census", "format": "csv"})
    text = answer.content.decode("utf-8-sig")
    assert answer["Content-Disposition"] == 'attachment; filename="persons.csv"'
    for word in ("陈秀兰", number(2, "19440309"), "15401001234", "桂花里 3 号楼 402", "(not open)"):
        assert word in text, word
    assert "远方" not in text
    assert "moderate loss" not in text
    reads = AuditEntry.objects.filter(kind="read", action="people.export_persons")
    assert reads.count() == before + 1
    assert AuditEntry.objects.get(kind="change", action="people.export_persons").detail == {
        "reason": "census", "persons": 1, "region": "",
    }  # fmt: skip
    xlsx = by.post("/people/export/?words=cxl", {"reason": "x", "format": "xlsx"}).content
    assert len(list(load_workbook(io.BytesIO(xlsx)).active.values)) == 2


PAGES = ("register/", "register/home/", "register/home/record/", "merge/", "contacts/add/")


@pytest.mark.parametrize(("role", "status"), [("operator", 403), ("regulator", 403)])
def test_who_is_no_registrar_is_refused(chen, role: str, status: int) -> None:
    by = client(role)
    before = PersonRecord.objects.count()
    for page in PAGES:
        assert by.get(f"/people/{chen.pk}/{page}").status_code == status, page
    for page in ("/people/new/", "/people/import/", "/people/export/"):
        assert by.get(page).status_code == status, page
    assert by.post(
        f"/people/{chen.pk}/register/death/record/", {"since_on": "2026-11-01"}
    ).status_code == status  # fmt: skip
    assert PersonRecord.objects.count() == before


def test_another_countys_registrar_finds_nothing_here(chen) -> None:
    by = client(region="990122")
    for page in PAGES:
        assert by.get(f"/people/{chen.pk}/{page}").status_code == 404, page
    row = PersonRecord.objects.get()
    assert by.get(f"/people/records/{row.pk}/correct/").status_code == 404


@pytest.mark.parametrize(
    ("path", "most"),
    [("/people/?words=cxl", 14), ("/people/{chen}/register/", 28), ("/people/{chen}/merge/", 34)],
)
def test_pages_ask_a_bounded_number_of_questions(chen, path: str, most: int) -> None:
    by = client()
    url = path.format(chen=chen.pk)
    by.get(url)
    with CaptureQueriesContext(connection) as asked:
        assert by.get(url).status_code == 200
    assert len(asked) <= most, "\n".join(query["sql"][:110] for query in asked)
