"""What is out of time goes, what is held stays, and a signed certificate says what was done."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.base.accounts.testing import signed_in
from songhe.base.audit import certificate as checking
from songhe.base.audit import sealing, signing, walking
from songhe.base.audit.models import AuditCheckpoint, AuditEntry
from songhe.base.consent import emergencies, guardians
from songhe.base.consent import services as consent
from songhe.base.consent.models import Consent, Emergency, Paper, PaperPart
from songhe.base.consent.recipients import Recipient
from songhe.base.history.models import Change, Queued
from songhe.base.retention import certificates, holds, periods, running
from songhe.base.retention.held import held_at
from songhe.base.retention.models import Destruction, Hold
from songhe.base.subjects import erasing, tables
from songhe.base.vault import subject_keys
from songhe.domains.monitoring import services as monitoring
from songhe.domains.monitoring.models import Alarm
from songhe.domains.people import services as people
from songhe.domains.people.models import Person, PersonRecord
from songhe.domains.security import erasures, services
from songhe.domains.security.models import DataRequest, Erasure
from songhe.engines.exchange import services as exchange
from tests.access.world import PERSONAL, World, make_world

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
PAPER = "（2026）京 01 民保 7 号"
LATER = NOW + timedelta(days=4000)  # longer than every class of the house


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(signing, "_state", lambda: tmp_path)
    return make_world(NOW)


def actor_of(world: World, who: str, at: datetime = NOW) -> Actor:
    return access.actor_for(world.users[who], at)


def client_of(world: World, who: str) -> Client:
    client = signed_in(Client(), world.users[who], at=datetime.now(UTC))
    client.cookies["songhe_language"] = "en"
    return client


def close_the_day() -> None:
    """Seal what was done today and sign the day, once."""
    if not AuditCheckpoint.objects.exists():
        sealing.seal_all(at=NOW)
        sealing.close_days(at=NOW + timedelta(days=2))
    exchange.tidy(at=LATER)  # files of imports go by a job of their own


def run(at: datetime = LATER) -> Destruction:
    """Destroy what is out of time at a moment; the chain is sealed and its days closed first."""
    close_the_day()
    done = running.destroy_expired(clock=lambda: at)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # nothing points at what is gone
    faults = {
        name: line["error"] for name, line in done.found["classes"].items() if "error" in line
    }
    assert faults == {}
    return done


def gone(done: Destruction) -> dict[str, int]:
    return {name: line["gone"] for name, line in done.found["classes"].items() if line["gone"]}


def end_everything(world: World) -> None:
    """Close alarms, end consents and guardians, review the emergency: all can grow old now."""
    for town, who in (("a", "operator"), ("b", "operator_b")):
        monitoring.resolve_alarm(
            actor=actor_of(world, who), alarm_id=world.towns[town].alarm, outcome="true",
            note="处理完毕", at=NOW,
        )  # fmt: skip
    elder = actor_of(world, "elder")
    family = Recipient(user_id=world.users["family"].pk)
    consent.withdraw(
        actor=elder, person_id=world.towns["a"].person, purpose="family", recipient=family, at=NOW
    )
    guardians.end_guardianship(
        actor=SYSTEM, guardianship_id=world.guardianship, person_id=world.towns["a"].person,
        region_code="990121001001", at=NOW,
    )  # fmt: skip
    emergencies.review(
        actor=actor_of(world, "privacy_officer"), emergency_id=world.emergency,
        verdict="justified", note="抢救需要", at=NOW,
    )  # fmt: skip


def die(world: World, *towns: str) -> None:
    for town in towns:
        people.record_fact(
            actor=SYSTEM, person_id=world.towns[town].person, fact=people.Fact("death", "died"),
            since=NOW - timedelta(hours=1), at=NOW,
        )  # fmt: skip


def hold(
    world: World, *, person: UUID | None = None, data_class: str = "", until: datetime | None = None
) -> Hold:
    return holds.place(
        actor=actor_of(world, "privacy_officer"),
        person_id=person,
        region_code="990121001001" if person else "",
        data_class=data_class,
        paper=PAPER,
        reason="诉讼保全",
        since=NOW,
        until=until,
        at=NOW,
    )


def rows_of(person: UUID) -> dict[str, int]:
    """Return how many rows of a person stand, by table."""
    sets, found = tables.sets_of(person), {}
    with connection.cursor() as cursor:
        for table in tables.tables():
            if table.where != "false":
                cursor.execute(f"SELECT count(*) FROM {table.table} WHERE {table.where}", sets)
                found[table.table] = cursor.fetchall()[0][0]
    return found


def test_everything_that_is_over_goes_and_nothing_dangles(world: World) -> None:
    end_everything(world)
    done = run()
    went = gone(done)
    assert {"audit", "rights", "consents", "papers", "emergencies", "requests", "alarms",
            "absences", "imports", "trials", "facts"} <= set(went), went  # fmt: skip
    assert not Consent.objects.exists()
    assert not Paper.objects.exists()
    assert not PaperPart.objects.exists()
    assert not Emergency.objects.exists()
    assert not Alarm.objects.exists()
    assert not DataRequest.objects.exists()
    assert Person.objects.count() == 2  # who lives here stays
    assert done.state == "done"
    running.complain(done)
    assert all(line["due"] is not None for line in done.found["classes"].values())
    again = run(LATER + timedelta(minutes=1))
    assert gone(again) == {}


def test_the_chain_is_whole_after_its_records_have_gone(world: World) -> None:
    end_everything(world)
    before = AuditEntry.objects.count()
    assert before > 20
    done = run()
    check = walking.check_here()
    assert check.findings == []
    assert check.destroyed == gone(done)["audit"]
    told = AuditEntry.objects.filter(action=running.DESTROY).get()
    assert told.ref == f"retention.Destruction/{done.pk}"
    assert told.detail["gone"]["audit"] == check.destroyed
    # what was destroyed is not written into the history by the destruction itself
    assert not Queued.objects.filter(operation="D", old__isnull=False).exists()
    sealing.seal_all(at=LATER)
    assert not Change.objects.filter(operation="D", body__isnull=False).exists()
    assert walking.check_here().findings == []


def test_a_young_house_loses_nothing(world: World) -> None:
    end_everything(world)
    done = run(NOW + timedelta(hours=2))
    assert gone(done) == {}
    audit = done.found["classes"]["audit"]
    assert audit["days"] >= 3 * 365
    assert audit["oldest"] is not None


def test_a_trial_counts_and_changes_nothing(world: World) -> None:
    end_everything(world)
    asked: list[UUID] = []
    engineer = actor_of(world, "engineer")
    trial = running.ask_trial(actor=engineer, at=NOW, defer=asked.append)
    with pytest.raises(running.RunsAlready):
        running.ask_trial(actor=engineer, at=NOW, defer=asked.append)
    assert asked == [trial.pk]
    close_the_day()
    before = {town: rows_of(world.towns[town].person) for town in ("a", "b")}
    done = running.run_trial(run_id=trial.pk, clock=lambda: LATER)
    assert {town: rows_of(world.towns[town].person) for town in ("a", "b")} == before
    assert gone(done) == {}
    assert done.certificate == ""
    due = {name: line["due"] for name, line in done.found["classes"].items() if line["due"]}
    real = gone(run())
    assert {name: due[name] for name in ("audit", "emergencies", "imports")} == {
        name: real[name] for name in ("audit", "emergencies", "imports")
    }


def test_what_is_held_stays_whole_until_the_hold_ends(world: World) -> None:
    end_everything(world)
    die(world, "a", "b")
    one, other = (world.towns[town].person for town in ("a", "b"))
    placed = hold(world, person=one)
    before = rows_of(one)
    audited = AuditEntry.objects.filter(ref=f"people.Person/{one}").count()
    done = run()
    after = rows_of(one)
    passing = {"accounts_session", "signin_sms_code"}  # minutes old; not under holds
    assert {t: n for t, n in after.items() if t not in passing} == {
        t: n for t, n in before.items() if t not in passing
    }
    assert AuditEntry.objects.filter(ref=f"people.Person/{one}").count() == audited
    assert Person.objects.get(pk=one).name == PERSONAL[0]
    assert Person.objects.get(pk=other).name == "＊"
    assert not Alarm.objects.filter(person=other).exists()
    said = json.loads(done.certificate)
    assert said["holds"] == {"persons": 1, "classes": []}
    assert walking.check_here().findings == []
    officer = actor_of(world, "privacy_officer", LATER)
    holds.lift(actor=officer, hold_id=placed.pk, reason="结案", at=LATER)
    run(LATER + timedelta(minutes=1))
    assert Person.objects.get(pk=one).name == "＊"
    assert not Alarm.objects.exists()
    assert AuditEntry.objects.filter(ref=f"people.Person/{one}").count() <= 2  # lifted, erased
    assert walking.check_here().findings == []


@pytest.mark.parametrize("held", [(), ("a",), ("b",), ("a", "b")])
def test_a_search_finds_nobody_who_was_destroyed(world: World, held: tuple[str, ...]) -> None:
    end_everything(world)
    die(world, "a", "b")
    words = {town: erasing.words_of(world.towns[town].person) for town in ("a", "b")}
    for town in held:
        hold(world, person=world.towns[town].person)
    done = run()
    assert gone(done).get("persons", 0) == 2 - len(held)
    for town, said in words.items():
        found = erasing.search(said)
        person = world.towns[town].person
        if town in held:
            assert "people_person" in {table for table, _, _ in found.left}
            assert subject_keys.known_keys([person])[person] is not None
        else:
            assert found.words >= 3
            assert found.left == ()
            assert subject_keys.known_keys([person])[person] is None
            row = Person.objects.get(pk=person)
            assert (row.name, row.id_number_index, row.phone_sealed) == ("＊", None, None)
            assert rows_of(person)["search_entry"] == 0


def test_who_lived_in_an_institution_is_kept_five_years_after_the_contract(world: World) -> None:
    person = world.towns["a"].person
    house = people.add_home(
        actor=SYSTEM, region_code="990121001001", address="松鹤养老院", is_institution=True,
        at=NOW - timedelta(days=20),
    )  # fmt: skip
    people.move_in(actor=SYSTEM, person_id=person, home=house, at=NOW - timedelta(days=10))
    end_everything(world)
    die(world, "a")
    with connection.cursor() as cursor:  # the contract ran on for a while after the death
        cursor.execute(
            "UPDATE people_residency SET period = tstzrange(lower(period), %s)"
            " WHERE person_id = %s AND home_id = %s",
            [NOW + timedelta(days=300), person, house.pk],
        )
    assert "persons" not in gone(run(NOW + timedelta(days=2000)))
    assert Person.objects.get(pk=person).name == PERSONAL[0]
    assert gone(run(NOW + timedelta(days=2200)))["persons"] == 1


def test_where_a_word_would_be_left_the_person_is_put_back(world: World) -> None:
    end_everything(world)
    die(world, "a", "b")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE forgotten (id int, note text)")
        cursor.execute("INSERT INTO forgotten VALUES (1, %s)", [f"call {PERSONAL[2]}"])
    done = run()
    assert gone(done)["persons"] == 1
    assert done.found["classes"]["persons"]["left_in"] == ["forgotten.note"]
    assert Person.objects.get(pk=world.towns["a"].person).name == PERSONAL[0]
    assert Person.objects.get(pk=world.towns["b"].person).name == "＊"
    assert PersonRecord.objects.filter(person=world.towns["a"].person).exists()


def test_a_class_that_is_held_is_only_counted(world: World) -> None:
    end_everything(world)
    die(world, "a")
    hold(world, data_class="alarms")
    done = run()
    line = done.found["classes"]["alarms"]
    assert (line["gone"], line["is_held"]) == (0, True)
    assert line["due"] > 0
    assert Alarm.objects.count() == 2
    assert "persons" not in gone(done)  # her alarms would have gone with her
    assert json.loads(done.certificate)["holds"]["classes"] == ["alarms"]


def test_a_hold_ends_by_itself(world: World) -> None:
    end_everything(world)
    hold(world, person=world.towns["a"].person, until=NOW + timedelta(days=100))
    run()
    assert not Alarm.objects.exists()


def test_an_erasure_is_refused_and_the_hold_is_named(world: World) -> None:
    person = world.towns["a"].person
    officer = client_of(world, "privacy_officer")
    row = services.record_request(
        actor=actor_of(world, "registrar"), person_id=person, kind="erasure", channel="paper",
        at=NOW,
    )  # fmt: skip
    officer.post(reverse("security:take_request", args=[row.pk]))
    placed = hold(world, person=person)
    page = officer.get(reverse("security:request", args=[row.pk])).content.decode()
    assert PAPER in page
    assert "Erase now" not in page
    response = officer.post(reverse("security:erase_person", args=[row.pk]))
    assert response.status_code == 409
    assert PAPER in response.content.decode()
    assert Erasure.objects.count() == 0
    assert Person.objects.get(pk=person).name == PERSONAL[0]
    # placed between the asking and the job
    holds.lift(actor=actor_of(world, "privacy_officer"), hold_id=placed.pk, reason="x", at=NOW)
    later = NOW + timedelta(minutes=1)
    asked: list[UUID] = []
    erasure = erasures.ask_erasure(
        actor=actor_of(world, "privacy_officer"), request_id=row.pk, at=later, defer=asked.append
    )
    holds.place(
        actor=actor_of(world, "privacy_officer"), person_id=person, region_code="990121001001",
        paper=PAPER, reason="再次保全", since=later, until=None, at=later,
    )  # fmt: skip
    done = erasures.run_erasure(erasure_id=erasure.pk, at=later)
    assert (done.state, done.found) == ("failed", {"held": True})
    assert Person.objects.get(pk=person).name == PERSONAL[0]
    page = officer.get(reverse("security:request", args=[row.pk])).content.decode()
    assert "A legal hold was placed before the erasure began." in page


def test_a_hold_on_an_entry_holds_what_it_was_merged_into(world: World) -> None:
    kept, gone_entry = (
        people.register_person(
            actor=SYSTEM, name="罗桂香", sex="female", birth_on=date(1941, 5, 6),
            region_code="990121001001", at=NOW - timedelta(days=30),
        ).pk
        for _ in range(2)
    )  # fmt: skip
    hold(world, person=gone_entry)
    people.merge_persons(actor=SYSTEM, kept_id=kept, gone_id=gone_entry, reason="test", at=NOW)
    for person in (kept, gone_entry):
        assert holds.over(person, tables=(), at=NOW) is not None
    assert {kept, gone_entry} <= set(held_at(NOW).sets["persons"])
    assert holds.over(world.towns["a"].person, tables=(), at=NOW) is None


def test_finished_jobs_go_and_those_that_wait_or_failed_stay(world: World) -> None:
    with connection.cursor() as cursor:
        for state in ("succeeded", "cancelled", "todo", "failed"):
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status)"
                " VALUES ('x', 'retention.test', 'todo') RETURNING id"
            )
            [[job]] = cursor.fetchall()
            if state != "todo":
                cursor.execute(
                    "UPDATE procrastinate_jobs SET status = %s WHERE id = %s", [state, job]
                )
        cursor.execute(
            "INSERT INTO procrastinate_periodic_defers (task_name, defer_timestamp, job_id)"
            " SELECT 'retention.test', 1, min(id) FROM procrastinate_jobs"
            " WHERE task_name = 'retention.test'"
        )
        cursor.execute("UPDATE procrastinate_events SET at = at - interval '1 day'")
    assert gone(run(NOW + timedelta(days=40)))["jobs"] >= 2
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status::text FROM procrastinate_jobs WHERE task_name = 'retention.test'"
        )
        assert sorted(state for (state,) in cursor.fetchall()) == ["failed", "todo"]


def test_holds_say_why_and_by_which_paper(world: World) -> None:
    officer, person = actor_of(world, "privacy_officer"), world.towns["a"].person
    good = {"paper": PAPER, "reason": "诉讼", "since": NOW, "until": None, "at": NOW}
    for change, error in (
        ({"paper": " "}, holds.SayWhy),
        ({"reason": ""}, holds.SayWhy),
        ({"until": NOW - timedelta(days=1)}, holds.EndsTooEarly),
        ({"since": NOW + timedelta(days=1)}, holds.BeginsLater),
    ):
        with pytest.raises(error):
            holds.place(actor=officer, person_id=person, **(good | change))
    for name in ("proof", "sign-ins", "nothing"):
        with pytest.raises(holds.CannotBeHeld):
            holds.place(actor=officer, data_class=name, **good)
    with pytest.raises(holds.Denied):
        holds.place(actor=actor_of(world, "auditor"), person_id=person, **good)
    assert Hold.objects.count() == 0
    placed = holds.place(actor=officer, person_id=person, **good)
    with pytest.raises(holds.HeldAlready):
        holds.place(actor=officer, person_id=person, **good)
    assert PAPER.encode() not in bytes(placed.paper_sealed or b"")
    assert AuditEntry.objects.get(action="security.place_hold").ref == f"people.Person/{person}"
    holds.lift(actor=officer, hold_id=placed.pk, reason="结案", at=NOW + timedelta(hours=1))
    with pytest.raises(holds.LiftedAlready):
        holds.lift(actor=officer, hold_id=placed.pk, reason="结案", at=NOW + timedelta(hours=2))


def test_the_certificate_counts_and_names_nobody(world: World, tmp_path: Path) -> None:
    end_everything(world)
    die(world, "a", "b")
    hold(world, data_class="imports")
    done = run()
    found = certificates.certificate_of(done)
    assert found.is_right
    assert {line["class"]: line["gone"] for line in found.said["classes"] if line["gone"]} == gone(
        done
    )
    for word in (*PERSONAL, PAPER, *(str(town.person) for town in world.towns.values())):
        assert word not in done.certificate
    file = tmp_path / "certificate.json"
    file.write_bytes(certificates.file_of(done))
    assert checking.main([str(file), "--key", signing.public_key()]) == 0
    assert checking.main([str(file)]) == 0
    assert checking.main([str(file), "--key", "00" * 32]) == 1
    said = json.loads(file.read_text("utf-8"))
    said["certificate"] = said["certificate"].replace('"gone":', '"gone":1', 1)
    file.write_text(json.dumps(said), "utf-8")
    assert checking.main([str(file), "--key", signing.public_key()]) == 1
    file.write_text("{}", "utf-8")
    assert checking.main([str(file)]) == 2
    done.certificate = done.certificate.replace('"gone":', '"gone":1', 1)
    assert not certificates.certificate_of(done).is_right


def test_a_run_is_stopped_and_the_next_goes_on(world: World) -> None:
    end_everything(world)
    close_the_day()
    left = iter(range(100))
    done = running.destroy_expired(clock=lambda: LATER, should_stop=lambda: next(left) > 14)
    assert done.state == "stopped"
    reached = {line["class"]: line["reached"] for line in json.loads(done.certificate)["classes"]}
    assert reached["telemetry-health"]
    assert not reached["checks"]
    assert certificates.certificate_of(done).is_right
    assert run(LATER + timedelta(minutes=1)).state == "done"
    assert not Alarm.objects.exists()


def test_a_run_that_was_killed_is_certified_by_the_next(world: World) -> None:
    end_everything(world)
    broken = Destruction.objects.create(
        asked_at=NOW, started_at=NOW, state="running",
        found={"classes": {"alarms": {"gone": 7, "due": 9, "before": NOW.isoformat(),
                                      "days": 1827, "is_held": False, "oldest": None}},
               "holds": {"persons": 0, "classes": []}},
    )  # fmt: skip
    run()
    broken.refresh_from_db()
    assert broken.state == "left"
    assert certificates.certificate_of(broken).is_right
    assert json.loads(broken.certificate)["classes"][0]["gone"] == 7


def test_a_fault_of_one_class_does_not_stop_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_everything(world)
    with connection.cursor() as cursor:  # somebody's table points at an alarm
        cursor.execute(
            "CREATE TABLE stranger (alarm uuid REFERENCES monitoring_alarm"
            " DEFERRABLE INITIALLY DEFERRED)"
        )
        cursor.execute("INSERT INTO stranger SELECT id FROM monitoring_alarm")
    sealing.seal_all(at=NOW)
    done = running.destroy_expired(clock=lambda: LATER)
    assert done.state == "failed"
    assert "IntegrityError" in done.found["classes"]["alarms"]["error"]
    assert Alarm.objects.count() == 2
    assert gone(done)["absences"] > 0
    with pytest.raises(running.ClassesFailed, match=r"^alarms$"):
        running.complain(done)
    line = next(x for x in json.loads(done.certificate)["classes"] if x["class"] == "alarms")
    assert line["failed"]


def test_accounts_of_who_has_left_lose_their_names(world: World) -> None:
    end_everything(world)
    worker = world.users["operator"]
    User.objects.filter(pk=worker.pk).update(is_active=False, left_at=NOW)
    run(NOW + timedelta(days=1000))
    worker.refresh_from_db()
    assert worker.display_name == "operator"
    done = run()
    worker.refresh_from_db()
    assert (worker.display_name, worker.login) == ("＊", f"erased-{worker.pk}")
    assert gone(done)["accounts"] == 1
    assert subject_keys.known_keys([worker.pk])[worker.pk] is None
    world.users["worker"].refresh_from_db()
    assert world.users["worker"].display_name == "worker"


def test_the_page_for_each_who_may_see_it(world: World) -> None:
    end_everything(world)
    placed = hold(world, person=world.towns["a"].person)
    done = run()
    for who, sees_holds in (("privacy_officer", True), ("auditor", True), ("engineer", False)):
        client = client_of(world, who)
        page = client.get(reverse("security:retention")).content.decode()
        assert "Closed alarms with their course" in page, who
        assert "PIPL Art. 56" in page, who
        assert (PAPER in page) == sees_holds, who
        assert PERSONAL[0] not in page, who
        assert ("陈＊＊" in page) == sees_holds, who
        one = client.get(reverse("security:destruction", args=[done.pk])).content.decode()
        assert "signature is right" in one
        file = client.get(reverse("security:destruction_certificate", args=[done.pk]))
        assert json.loads(file.content)["signature"] == done.signature
        status = client.get(reverse("security:hold", args=[placed.pk])).status_code
        assert status == (200 if sees_holds else 403)
    elsewhere = holds.place(
        actor=SYSTEM, person_id=world.towns["b"].person, region_code="990121002001",
        paper="另一件", reason="诉讼", since=NOW, until=None, at=NOW,
    )  # fmt: skip
    for who in ("privacy_officer", "auditor"):
        client = client_of(world, who)
        assert "另一件" not in client.get(reverse("security:retention")).content.decode()
        assert client.get(reverse("security:hold", args=[elsewhere.pk])).status_code == 404
    lift = reverse("security:lift_hold", args=[elsewhere.pk])
    assert client_of(world, "privacy_officer").post(lift, {"reason": "x"}).status_code == 404
    elsewhere.refresh_from_db()
    assert elsewhere.lifted_at is None
    for who in ("operator", "registrar", "regulator", "elder", "worker", "wu", "clinician"):
        client = client_of(world, who)
        assert client.get(reverse("security:retention")).status_code == 403, who
        lift = client.post(reverse("security:lift_hold", args=[placed.pk]), {"reason": "x"})
        assert lift.status_code == 403, who
    placed.refresh_from_db()
    assert placed.lifted_at is None


def test_an_officer_places_and_lifts_a_hold(world: World) -> None:
    officer = client_of(world, "privacy_officer")
    page = officer.get(reverse("security:choose_held"), {"q": PERSONAL[0]}).content.decode()
    person = world.towns["a"].person
    address = reverse("security:hold_person", args=[person])
    assert address in page
    other = officer.get(reverse("security:choose_held"), {"q": PERSONAL[1]}).content.decode()
    assert "Nobody with exactly this name" in other  # she lives in another town
    elsewhere = reverse("security:hold_person", args=[world.towns["b"].person])
    assert officer.post(elsewhere, {"paper": "1", "reason": "x"}).status_code == 404
    assert officer.post(address, {"paper": "", "reason": "x"}).status_code == 422
    good = {"paper": PAPER, "reason": "诉讼保全", "since": "2026-01-05", "until": ""}
    assert officer.post(address, good | {"since": "2199-01-01"}).status_code == 422
    response = officer.post(address, good)
    assert response.status_code == 302
    [placed] = Hold.objects.all()
    assert placed.person_id == person
    assert placed.period.lower == datetime(2026, 1, 4, 16, tzinfo=UTC)  # midnight in China
    page = officer.get(response["Location"]).content.decode()
    assert "诉讼保全" in page
    assert AuditEntry.objects.filter(action="security.view_holds", kind="read").count() == 1
    lift = reverse("security:lift_hold", args=[placed.pk])
    assert officer.post(lift, {"reason": ""}).status_code == 422
    assert officer.post(lift, {"reason": "已结案"}).status_code == 302
    assert "已结案" in officer.get(response["Location"]).content.decode()
    assert holds.over(person, tables=(), at=datetime.now(UTC)) is None


def test_an_officer_sets_a_period_but_not_below_a_duty(world: World) -> None:
    officer = client_of(world, "privacy_officer")
    address = reverse("security:set_period", args=["alarms"])
    assert "5 years" in officer.get(address).content.decode()
    assert officer.post(address, {"days": "700", "reason": "与监管商定"}).status_code == 302
    assert periods.kept_at(NOW)["alarms"].days == 700
    short = officer.post(reverse("security:set_period", args=["audit"]), {"days": 9, "reason": "x"})
    assert short.status_code == 422
    assert "A duty asks for longer" in short.content.decode()
    for who in ("auditor", "engineer"):
        assert client_of(world, who).post(address, {"days": 1, "reason": "x"}).status_code == 403
    assert periods.kept_at(NOW)["alarms"].days == 700
