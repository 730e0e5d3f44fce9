"""The auditor searches, exports and verifies; a person sees who looked at her data."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.base.audit import sealing, signing, walking
from songhe.base.audit import services as audit
from songhe.base.audit.models import AuditEntry, ChainCheck
from songhe.base.history.sealing import gather
from songhe.domains.people import selectors as people
from songhe.domains.people.models import Person
from songhe.domains.security import audit_reads
from songhe.kernel.ids import uuid7
from tests.access.world import World, make_world

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
NAME = "陈秀兰"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(signing, "_state", lambda: tmp_path)
    return make_world(NOW)


def client_of(world: World, who: str) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.cookies["songhe_language"] = "en"
    client.force_login(world.users[who])
    return client


def actor_of(world: World, who: str) -> Actor:
    return access.actor_for(world.users[who], NOW)


def look(world: World, who: str, times: int = 1, ago: timedelta = timedelta(0)) -> None:
    """Let somebody open the person of town a."""
    for number in range(times):
        people.get_person(
            actor_of(world, who),
            world.towns["a"].person,
            at=NOW - ago + timedelta(seconds=number),
        )


def text(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, response.content[-500:]
    return response.content.decode()


def test_the_auditor_finds_who_looked_at_whom_and_sees_no_name_and_no_value(world: World) -> None:
    look(world, "operator", 2)
    look(world, "clinician")
    client = client_of(world, "auditor")
    page = text(client, reverse("security:audit_search") + f"?person={world.towns['a'].person}")
    assert "陈＊＊" in page
    text(client, "/audit/?since=0001-01-01&until=9999-12-31&person=x&kind=y")  # only mistakes
    said = re.sub(r"<[^>]*>", " ", page)  # an address holds any three digits by chance
    for hidden in (NAME, "19911110001", "桂花里"):
        assert hidden not in page
    assert "186" not in said
    by_user = text(client, f"/audit/?user={world.users['clinician'].pk}&kind=read")
    assert (
        by_user.count("<tr>")
        == 1 + AuditEntry.objects.filter(kind="read", user_id=world.users["clinician"].pk).count()
    )
    assert AuditEntry.objects.filter(action="security.search_audit").count() == 3


def test_she_finds_a_person_by_the_full_name_only(world: World) -> None:
    client = client_of(world, "auditor")
    found = text(client, f"/audit/?person_words={NAME}")
    assert "Who is meant?" in found
    assert NAME not in found.replace(f'value="{NAME}"', "")
    for words in ("陈秀", "李桂芳", "chenxiulan"):  # a part, another region, pinyin
        assert "Nobody found by this name." in text(client, f"/audit/?person_words={words}")


def test_persons_of_another_region_are_not_hers(world: World) -> None:
    other = world.towns["b"].person
    audit.record_reads(
        actor=actor_of(world, "operator_b"),
        action="people.view_person",
        refs=[f"people.Person/{other}"],
        at=NOW,
    )
    client = client_of(world, "auditor")
    assert client.get(f"/audit/?person={other}").status_code == 404
    page = text(client, f"/audit/?user={world.users['operator_b'].pk}")
    assert "李" not in page
    assert str(other) not in page
    assert client.get(f"/audit/person/{other}/").status_code == 404


def test_pages_go_on_where_the_last_one_ended(world: World) -> None:
    look(world, "operator", 120)
    actor = actor_of(world, "auditor")
    wanted = audit_reads.Search(person=world.towns["a"].person, user=world.users["operator"].pk)
    seen, place = [], ""
    while True:
        found = audit_reads.search(actor, wanted, at=NOW, before=place)
        seen += [line.id for line in found.lines]
        place = found.more
        if not place:
            break
    there = AuditEntry.objects.filter(
        ref=f"people.Person/{wanted.person}", user_id=wanted.user
    ).count()
    assert len(seen) == len(set(seen)) == there > 2 * audit_reads.PIECE
    for bad in ("x_y", f"2026-11-22T08:00:00_{uuid7()}", "_"):
        with pytest.raises(audit_reads.BadPlace):
            audit_reads.search(actor, wanted, at=NOW, before=bad)


def test_a_page_asks_the_same_whatever_it_shows(world: World) -> None:
    client = client_of(world, "auditor")
    url = f"/audit/?person={world.towns['a'].person}"

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            text(client, url)
        return len(found)

    look(world, "operator")
    few = queries()
    look(world, "operator", 60)
    look(world, "clinician", 5)
    assert queries() == few


def test_an_export_says_what_for_and_is_in_the_audit(world: World) -> None:
    look(world, "operator", 3)
    client = client_of(world, "auditor")
    url = reverse("security:audit_export") + f"?person={world.towns['a'].person}&kind=read"
    assert client.post(url).status_code == 302
    assert AuditEntry.objects.filter(action="security.export_audit").count() == 0
    response = client.post(url, {"reason": "complaint"})
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert len(rows) >= 4
    assert {row[6] for row in rows[1:]} == {"陈＊＊"}
    [entry] = AuditEntry.objects.filter(action="security.export_audit")
    assert (entry.detail["rows"], entry.detail["reason"]) == (len(rows) - 1, "complaint")


def test_the_chain_is_verified_by_a_job_and_what_is_wrong_is_said(world: World) -> None:
    look(world, "operator", 3)
    sealing.seal_all(at=NOW)
    client = client_of(world, "auditor")
    assert client.post(reverse("security:verify_chain")).status_code == 302
    client.post(reverse("security:verify_chain"))
    [asked] = ChainCheck.objects.all()  # asked twice, done once
    page = text(client, reverse("security:chain"))
    assert "every 2s" in page
    entry = AuditEntry.objects.filter(kind="read").first()
    assert entry is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'audit.check'")
        assert cursor.fetchone()[0] == 1
        cursor.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM audit_auditentry WHERE id = %s", [entry.pk])
        cursor.execute("ALTER TABLE audit_auditentry ENABLE TRIGGER USER")
    walking.run_check(check_id=asked.pk, clock=lambda: NOW)
    page = text(client, reverse("security:chain"))
    assert "every 2s" not in page
    assert f"Record {entry.pk} at position" in page


def test_the_history_shows_values_by_class_only(world: World) -> None:
    person = world.towns["a"].person
    Person.objects.filter(pk=person).update(name="陈秀蘭", care_level=3)
    gather(NOW)
    url = reverse("security:person_history", args=[person])
    auditor = text(client_of(world, "auditor"), url)
    assert "not open to you" in auditor
    assert NAME not in auditor
    registrar = text(client_of(world, "registrar"), url)
    assert NAME in registrar  # identity is hers to see, health is not
    assert "not open to you" in registrar


def test_she_sees_who_looked_when_and_why(world: World) -> None:
    look(world, "operator", 2)
    look(world, "shift_leader", ago=timedelta(days=45))
    look(world, "elder")
    client = client_of(world, "elder")
    page = text(client, reverse("security:who_looked"))
    assert "operator" in page
    assert "daily care" in page
    assert "shift_leader" not in page
    assert "You yourself looked" in page
    for strange in ("0001-01-01", "9999-12-31", "x"):
        assert "operator" in text(client, f"{reverse('security:who_looked')}?until={strange}")
    before = (NOW - timedelta(days=31)).date()
    assert "shift_leader" in text(client, f"{reverse('security:who_looked')}?until={before}")
    [entry] = AuditEntry.objects.filter(action="security.view_own_looks")[:1]
    assert entry.ref == f"people.Person/{world.towns['a'].person}"


def test_who_is_nobodys_person_and_no_guardian_is_told_so(world: World) -> None:
    user = User.objects.create_user(login="fam", display_name="王小明", password="a long phrase")
    access.give_role(actor=SYSTEM, user=user, role="family", region_prefix="", at=NOW)
    client = Client()
    client.force_login(user)
    assert client.get(reverse("security:who_looked")).status_code == 404


def test_the_purpose_of_a_grant_is_in_the_record(world: World) -> None:
    look(world, "clinician")
    entry = AuditEntry.objects.filter(user_id=world.users["clinician"].pk).latest("id")
    assert entry.purpose == "test"
    audit.record_reads(
        actor=Actor(user_id=uuid7(), display_name="x"),
        action="a.b",
        refs=["people.Person/1"],
        at=NOW,
        purpose="supervision",
    )
    assert AuditEntry.objects.latest("id").purpose == "supervision"


def test_families_and_elders_are_masked_for_the_auditor(world: World) -> None:
    user = User.objects.create_user(login="fam", display_name="王小明", password="a long phrase")
    access.give_role(actor=SYSTEM, user=user, role="family", region_prefix="", at=NOW)
    assert audit_reads.accounts([user.pk], at=NOW)[user.pk].name == "王＊＊"
    assert audit_reads.choose_accounts("王小明", at=NOW) == []
    assert [who.name for who in audit_reads.choose_accounts("operator", at=NOW)]


def test_what_a_record_is_about_is_said_in_words(world: World) -> None:
    for ref in (f"monitoring.Alarm/{uuid7()}", "telemetry.Run/seal", "nobody.Knows/abcdef12"):
        audit.record_change(actor=SYSTEM, action="monitoring.note_alarm", ref=ref, at=NOW)
    account = world.users["operator"]
    audit.record_change(
        actor=SYSTEM, action="access.give_role", ref=f"accounts.User/{account.pk}", at=NOW
    )
    page = text(client_of(world, "auditor"), "/audit/?kind=changed")
    assert "alarm <code" in page
    assert 'work on old days <code class="small">seal</code>' in page
    assert '<code class="small">nobody.Knows/abcdef12</code>' in page
    assert f'<td><a href="?user={account.pk}">{account.display_name}</a></td>' in page
