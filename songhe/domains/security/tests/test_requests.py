"""Asking about one's own data: a copy, an answer in time, an erasure that leaves nothing."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.access.models import Grant
from songhe.base.accounts.models import User
from songhe.base.audit import sealing, signing, walking
from songhe.base.audit.models import AuditEntry
from songhe.base.history.selectors import history_of
from songhe.base.history.tests.test_history import is_of_people
from songhe.base.outside.models import OutsideMessage
from songhe.base.subjects import collecting, erasing, tables
from songhe.base.vault.fields import sealed_fields
from songhe.domains.people import selectors as people
from songhe.domains.people import services as register
from songhe.domains.people.models import Contact, Person
from songhe.domains.security import erasures, looks, request_reads, services, terms
from songhe.domains.security.models import DataRequest, Erasure
from songhe.kernel.errors import Denied
from songhe.kernel.ids import uuid7
from tests.access.world import World, make_world

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
NAME, ALONE, CALL = "陈秀兰", "陈秀珍", "19911110001"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(signing, "_state", lambda: tmp_path)
    return make_world(NOW)


def client_of(world: World, who: str) -> Client:
    client = Client()
    client.cookies["songhe_language"] = "en"
    client.force_login(world.users[who])
    return client


def actor_of(world: World, who: str) -> Actor:
    return access.actor_for(world.users[who], NOW)


def newest(world: World) -> DataRequest:
    """Return the one request besides the world's own."""
    return DataRequest.objects.exclude(pk=world.request).get()


def asked(world: World, kind: str, **given: str) -> DataRequest:
    """Let the registrar enter what was asked on paper."""
    return services.record_request(
        actor=actor_of(world, "registrar"),
        person_id=world.towns["a"].person,
        kind=kind,
        channel="paper",
        at=NOW,
        **given,
    )


def test_she_gets_a_copy_in_three_steps_and_everything_is_in_it(world: World) -> None:
    client, person = client_of(world, "elder"), world.towns["a"].person
    page = client.get(reverse("security:own_requests")).content.decode()
    address = reverse("security:ask", args=[person, "copy"])
    assert address in page
    response = client.post(address)
    assert response.status_code == 302
    row = newest(world)
    assert row.state == "done"
    assert client.get(response["Location"]).status_code == 200
    download = client.get(reverse("security:own_copy", args=[row.pk]))
    archive = zipfile.ZipFile(io.BytesIO(download.content))
    data = json.loads(archive.read("data.json"))
    assert data["tables"]["people_person"][0]["phone"] == CALL  # opened for her
    assert data["tables"]["people_home"][0]["address"] == "桂花里 3 号"
    assert data["tables"]["people_contact"][0]["phone"] == "19911119999"
    readable = archive.read("readable.html").decode()
    assert NAME in readable
    assert CALL in readable
    assert "186" in archive.read("readings.csv").decode()
    assert "李桂芳" not in archive.read("data.json").decode()
    [entry] = AuditEntry.objects.filter(action="security.download_copy")
    assert entry.ref == f"people.Person/{person}"


def test_nobody_else_gets_it(world: World) -> None:
    client = client_of(world, "elder")
    client.post(reverse("security:ask", args=[world.towns["a"].person, "copy"]))
    row = newest(world)
    for who in ("operator", "worker", "clinician", "registrar", "auditor", "operator_b", "wu"):
        response = client_of(world, who).get(reverse("security:own_copy", args=[row.pk]))
        assert response.status_code in {403, 404}, who
    other = reverse("security:ask", args=[world.towns["b"].person, "copy"])
    assert client.post(other).status_code in {403, 404}
    with pytest.raises(services.NotHerOwn):
        services.make_request(
            actor=actor_of(world, "elder"), person_id=world.towns["b"].person, kind="copy", at=NOW
        )
    assert DataRequest.objects.exclude(pk=world.request).count() == 1


def test_an_older_person_to_whom_another_is_open_cannot_ask_for_the_other(world: World) -> None:
    user = User.objects.create_user(login="friend", display_name="友", password="a long phrase")
    access.give_role(actor=SYSTEM, user=user, role="elder", region_prefix="", at=NOW)
    other = world.towns["b"].person
    access.grant(
        actor=SYSTEM,
        user=user,
        subject_type="people.Person",
        subject_id=other,
        purpose="family",
        field_classes=("identity", "contact", "health"),
        source="test",
        at=NOW,
    )
    friend = access.actor_for(user, NOW)
    with pytest.raises(services.NotHerOwn):
        services.make_request(actor=friend, person_id=other, kind="copy", at=NOW)
    with pytest.raises(looks.NobodysData):
        looks.whose(friend)
    assert request_reads.own(friend) == []


def test_a_correction_says_what_is_wrong_and_is_answered_in_time(world: World) -> None:
    elder, officer = client_of(world, "elder"), client_of(world, "privacy_officer")
    address = reverse("security:ask", args=[world.towns["a"].person, "correction"])
    assert elder.post(address, {"words": " "}).status_code == 422
    elder.post(address, {"words": "我生于三月六日"})
    row = newest(world)
    assert (row.due_on - row.made_at.date()).days in {15, 16}
    assert "三月" not in str(bytes(row.words_sealed or b""))
    listed = officer.get(reverse("security:request_list")).content.decode()
    assert "陈＊＊" in listed
    assert NAME not in listed
    officer.post(reverse("security:take_request", args=[row.pk]))
    page = officer.get(reverse("security:request", args=[row.pk])).content.decode()
    assert NAME in page  # who handles it knows whom it is from
    assert "三月六日" in page
    officer.post(reverse("security:answer_request", args=[row.pk]), {"answer": "已更正"})
    row.refresh_from_db()
    assert row.state == "done"
    assert (
        not Grant.objects.filter(source=row.source, period__contains=NOW)
        .filter(period__endswith=None)
        .exists()
    )
    assert "已更正" in elder.get(reverse("security:own_request", args=[row.pk])).content.decode()


def test_a_refusal_needs_a_reason_that_she_reads(world: World) -> None:
    row = asked(world, "explanation", words="为什么打电话给我")
    officer = client_of(world, "privacy_officer")
    url = reverse("security:refuse_request", args=[row.pk])
    assert officer.post(url, {"reason": ""}).status_code == 422
    row.refresh_from_db()
    assert row.state == "made"
    assert officer.post(url, {"reason": "不是我们打的"}).status_code == 302
    page = client_of(world, "elder").get(reverse("security:own_request", args=[row.pk]))
    assert "不是我们打的" in page.content.decode()


def test_the_same_is_asked_once_and_can_be_taken_back(world: World) -> None:
    actor, person = actor_of(world, "elder"), world.towns["a"].person
    row = services.make_request(actor=actor, person_id=person, kind="erasure", at=NOW)
    with pytest.raises(services.OpenAlready):
        services.make_request(actor=actor, person_id=person, kind="erasure", at=NOW)
    services.take_back(actor=actor, request_id=row.pk, at=NOW)
    again = services.make_request(actor=actor, person_id=person, kind="erasure", at=NOW)
    assert DataRequest.objects.get(pk=again.pk).state == "made"


def test_who_handles_them_is_reminded_before_and_after_the_deadline(world: World) -> None:
    asked(world, "copy")
    officer = actor_of(world, "privacy_officer")
    assert request_reads.waiting(officer, at=NOW) == (0, 0)
    assert request_reads.waiting(officer, at=NOW + timedelta(days=13)) == (0, 1)
    assert request_reads.waiting(officer, at=NOW + timedelta(days=17)) == (1, 0)
    assert request_reads.waiting(actor_of(world, "operator_b"), at=NOW) == (0, 0)


def test_deadlines_are_data_with_their_source() -> None:
    for kind in terms.RequestKind.values:
        found = terms.deadline(kind)
        assert found.days == 15
        assert found.status == "M"
        assert "PIPL" in found.source


def erase(world: World) -> tuple[DataRequest, Erasure]:
    row = asked(world, "erasure")
    officer = actor_of(world, "privacy_officer")
    services.take(actor=officer, request_id=row.pk, at=NOW)
    deferred: list[object] = []
    erasure = erasures.ask_erasure(actor=officer, request_id=row.pk, at=NOW, defer=deferred.append)
    assert deferred == [erasure.pk]
    return row, erasures.run_erasure(erasure_id=erasure.pk, at=NOW)


def dumped(words: tuple[str, ...]) -> set[tuple[str, str]]:
    """Return (table, word) wherever a word stands in any table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = set()
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT string_agg(t::text, chr(10)) FROM "{table}" t')
            (text,) = cursor.fetchone() or (None,)
            found |= {(table, word) for word in words if word in (text or "")}
    return found


def test_after_an_erasure_nothing_is_left_and_the_chain_is_whole(world: World) -> None:
    person = world.towns["a"].person
    Person.objects.filter(pk=person).update(name=ALONE, pinyin="chenxiuzhen")  # nobody else's name
    OutsideMessage.objects.create(
        channel="sms", to_tail="0001", text=f"{ALONE} 血压高，请回电 {CALL}", ref="x", sent_at=NOW
    )
    User.objects.filter(pk=world.users["elder"].pk).update(display_name=ALONE)
    elder = actor_of(world, "elder")  # what she did herself has her name beside it
    taken_back = services.make_request(actor=elder, person_id=person, kind="erasure", at=NOW)
    world.users["elder"].refresh_from_db()
    elder = access.actor_for(world.users["elder"], NOW)
    services.take_back(actor=elder, request_id=taken_back.pk, at=NOW)
    sealing.seal_all(at=NOW)
    assert ("workflow_transition", ALONE) in dumped((ALONE,))
    row, erasure = erase(world)
    assert erasure.state == "done", erasure.found
    sealing.seal_all(at=NOW)
    assert dumped((ALONE, CALL, "chenxiuzhen")) == set()
    gone = Person.objects.get(pk=person)
    assert (gone.name, gone.phone_sealed, gone.region_code) == ("＊", None, "")
    assert not Contact.objects.filter(person=person).exists()
    assert not Grant.objects.filter(subject_id=person).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM reading_hot WHERE subject = %s", [person])
        assert cursor.fetchone()[0] == 0
    history = history_of(person)
    assert history.is_destroyed
    assert history.lines
    assert all(not line.values for line in history.lines)
    assert walking.check_here().findings == []
    with pytest.raises(people.NoSuchPerson):
        people.get_person(actor_of(world, "operator"), person, at=NOW)
    world.users["elder"].refresh_from_db()
    assert (world.users["elder"].is_active, world.users["elder"].display_name) == (False, "＊")
    row.refresh_from_db()
    assert row.state == "done"
    other = Person.objects.get(pk=world.towns["b"].person)
    assert other.name == "李桂芳"


def test_the_certificate_is_signed_and_names_no_one(world: World) -> None:
    row, erasure = erase(world)
    found = erasures.certificate_of(erasure)
    assert found.is_right
    assert NAME not in erasure.certificate
    assert CALL not in erasure.certificate
    page = client_of(world, "privacy_officer").get(reverse("security:request", args=[row.pk]))
    assert "signature is right" in page.content.decode()
    erasure.certificate = erasure.certificate.replace('"left":0', '"left":1')
    assert not erasures.certificate_of(erasure).is_right


def test_where_something_would_be_left_nothing_is_erased(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE forgotten (id int, note text)")
        cursor.execute("INSERT INTO forgotten VALUES (1, %s)", [f"call {CALL}"])
    row, erasure = erase(world)
    assert erasure.state == "failed"
    assert erasure.found == {"left": [{"table": "forgotten", "column": "note", "rows": 1}]}
    assert Person.objects.get(pk=world.towns["a"].person).name == NAME
    page = client_of(world, "privacy_officer").get(reverse("security:request", args=[row.pk]))
    assert "forgotten.note" in page.content.decode()


def test_a_namesake_keeps_her_name(world: World) -> None:
    namesake = register.register_person(
        actor=SYSTEM,
        name=NAME,
        sex="female",
        birth_on=date(1950, 1, 1),
        region_code="990121002001",
        at=NOW,
    )
    _row, erasure = erase(world)
    assert erasure.state == "done", erasure.found
    assert Person.objects.get(pk=namesake.pk).name == NAME


def test_the_file_of_an_institution_is_locked_away_not_deleted(world: World) -> None:
    person = world.towns["a"].person
    house = register.add_home(
        actor=SYSTEM,
        region_code="990121001001",
        address="松鹤养老院",
        is_institution=True,
        at=NOW - timedelta(days=20),
    )
    register.move_in(actor=SYSTEM, person_id=person, home=house, at=NOW - timedelta(days=10))
    officer = client_of(world, "privacy_officer")
    row = asked(world, "erasure")
    page = officer.get(reverse("security:request", args=[row.pk])).content.decode()
    assert "locked away" in page
    services.refuse(actor=actor_of(world, "privacy_officer"), request_id=row.pk, reason="x", at=NOW)
    _row, erasure = erase(world)
    assert erasure.state == "done", erasure.found
    kept = Person.objects.get(pk=person)
    assert (kept.name, kept.region_code) == (NAME, "")  # the file is there, nobody reaches it
    for who in ("operator", "registrar", "admin", "clinician", "elder"):
        actor = access.actor_for(world.users[who], NOW)
        with pytest.raises((people.NoSuchPerson, Denied)):
            people.get_person(actor, person, at=NOW)
    assert "institution-file" in erasures.certificate_of(erasure).said["kept_until"]
    assert erasures.erase_due(at=NOW + timedelta(days=4 * 365)) == 0
    assert Person.objects.get(pk=person).name == NAME
    assert erasures.erase_due(at=NOW + timedelta(days=6 * 365)) == 1  # the duty is over
    assert Person.objects.get(pk=person).name == "＊"
    erasure.refresh_from_db()
    assert (erasure.state, erasure.kept_until) == ("done", None)


def test_an_erasure_is_for_who_handles_requests_and_only_when_taken(world: World) -> None:
    row = asked(world, "erasure")
    for who in ("registrar", "admin", "operator", "elder", "auditor"):
        response = client_of(world, who).post(reverse("security:erase_person", args=[row.pk]))
        assert response.status_code in {403, 404}, who
    with pytest.raises(erasures.TakeFirst):
        erasures.ask_erasure(
            actor=actor_of(world, "privacy_officer"), request_id=row.pk, at=NOW, defer=print
        )
    assert Erasure.objects.count() == 0


def test_every_table_of_people_says_what_erasing_does() -> None:
    """A new table of a person belongs into base/subjects/data/tables.yaml."""
    named = {table.table for table in tables.all_tables()} | set(tables.never())
    not_of_a_person = {
        "access_statement": "what staff stated; no person is in it",
        "billing_settlement": "what a programme owes a provider; its lines are on the list",
        "dead_letter": "destroyed after 100 days (kept.yaml)",
        "devices_device": "a thing",
        "exchange_importpiece": "deleted when the import is over",
        "homecare_handover": "words of a shift to the next, sealed, gone after a year",
        "notify_pushkey": "the install's own key",
        "organizations_qualification": "papers of staff",
        "organizations_staff": "who works where",
        "organizations_workerfacts": "of staff",
        "vault_subjectkey": "the key is destroyed",
    }
    forgotten = [
        model._meta.db_table
        for model in apps.get_models()
        if is_of_people(model)
        and model._meta.db_table not in named
        and model._meta.db_table not in not_of_a_person
    ]
    assert forgotten == [], "not in songhe/base/subjects/data/tables.yaml"


def test_what_is_cleared_loses_its_blind_index_too() -> None:
    indexes = {(field.table, field.column): field.index for field in sealed_fields()}
    for table in tables.all_tables():
        for column in table.clear:
            index = indexes.get((table.table, column), "")
            assert not index or table.clear.get(index) == "NULL", f"{table.table}.{index}"


def test_a_copy_holds_no_row_of_another_person(world: World) -> None:
    mine = json.dumps(collecting.collect(world.towns["a"].person), ensure_ascii=False)
    other = world.towns["b"]
    assert str(other.person) not in mine
    assert str(other.home) not in mine
    assert collecting.collect(uuid7()) == {}


def test_a_plan_changes_nothing(world: World) -> None:
    person = world.towns["a"].person
    lines = {line.table: line.way for line in erasing.plan(person, at=NOW)}
    assert lines["people_contact"] == "delete"
    assert lines["people_person"] == "clear"
    assert lines["consent_consent" if "consent_consent" in lines else "people_residency"] == "keep"
    assert Person.objects.get(pk=person).name == NAME
