"""What is out of time is destroyed and told to the audit; old days have a page; jobs are known."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import replace
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any
from typing import cast as as_type
from uuid import UUID

import pytest
import yaml
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from songhe.base.audit.models import AuditEntry
from songhe.base.retention.handlers import Ask
from songhe.base.retention.held import held_at
from songhe.base.retention.models import Hold
from songhe.domains.telemetry import kept, selectors, services
from songhe.domains.telemetry.models import DeadLetter, Run
from songhe.domains.telemetry.services import data_classes, regions, retention
from songhe.domains.telemetry.services.runs import journal
from songhe.domains.telemetry.terms import Work
from songhe.domains.telemetry.tests.cast import NOW, Cast, make_cast, put
from songhe.kernel import codes
from songhe.kernel.errors import Conflict, Denied
from songhe.kernel.ids import uuid7

pytestmark = pytest.mark.django_db
OLD = NOW - timedelta(days=150)
SUBJECT, DEVICE = uuid7(), uuid7()


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> kept.Kept:
    """Keep positions for 100 days, everything else for good."""
    facts = kept.settings()
    terms = {name: replace(term, days=0) for name, term in facts.readings.items()}
    terms["location"] = replace(terms["location"], days=100)
    off = {name: replace(term, days=0) for name, term in facts.rollups.items()}
    others = {name: replace(term, days=0) for name, term in facts.others.items()}
    made = replace(facts, readings=terms, rollups=off, others=others)
    monkeypatch.setattr(kept, "settings", lambda: made)
    return made


def rows(statement: str, *given: object) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return list(cursor.fetchall())


class Counted:
    """Counts what goes, as a run of base.retention does."""

    def __init__(self) -> None:
        self.rows = 0

    def count(self, rows: int) -> None:
        self.rows += rows

    def note(self, **said: object) -> None:
        raise AssertionError(said)

    def goes_on(self) -> bool:
        return True


def destroy(at: datetime = NOW, *, is_trial: bool = False) -> dict[str, int]:
    """Destroy what is out of time, holds respected; return how many of each term went."""
    found, held = {}, held_at(at)
    for one in data_classes.data_classes():
        if one.is_timed:
            ask = Ask(one, at - timedelta(days=one.days), at, held)
            counted, due = Counted(), retention.find(ask).count
            if not is_trial:
                retention.destroy(ask, counted)
                assert counted.rows == due, one.name
            found[one.name.removeprefix("telemetry-")] = due
    return {name: count for name, count in found.items() if count}


def seal_and_destroy() -> dict[str, int]:
    services.seal_old_days(clock=lambda: NOW)
    return destroy()


def hold(person: UUID, *, until: datetime) -> None:
    """Place a hold on a person that ends by itself."""
    Hold.objects.create(
        person_id=person, period=DateTimeTZRange(NOW - timedelta(days=1), until), placed_at=NOW
    )


def shown(at: datetime) -> list[tuple[tuple[str, ...], tuple[float, ...]]]:
    found = selectors.stream(subjects=None, since=at, until=at + timedelta(days=1))
    return [(tuple(codes.by_number(n).key for n in r.codes), r.values) for r in found]


def test_only_the_class_that_is_out_of_time_goes(short: kept.Kept) -> None:
    mixed = put(SUBJECT, DEVICE, OLD, heart_rate=70, lat=30.123456, temperature=36.5, lon=104.5)
    put(SUBJECT, DEVICE, OLD + timedelta(hours=1), lat=30.1, lon=104.5, speed=1.5)
    put(SUBJECT, DEVICE, OLD + timedelta(hours=2), sbp=120, dbp=80)
    young = NOW - timedelta(days=90)
    put(SUBJECT, DEVICE, young, lat=31.1, lon=105.5)
    assert seal_and_destroy() == {"location": 5}
    assert shown(OLD) == [
        (("heart-rate", "temperature"), (70.0, 36.5)),
        (("sbp", "dbp"), (120.0, 80.0)),
    ]
    assert shown(young) == [(("lat", "lon"), (31.1, 105.5))]
    (left,), gone = selectors.readings_by_keys([mixed])  # the key of all its codes still finds it
    assert (len(left.values), gone) == (2, [])
    assert rows("SELECT messages, readings FROM sealed_day WHERE day = %s", OLD.date()) == [(2, 4)]
    entry = AuditEntry.objects.get(action="telemetry.destroy_readings")
    assert entry.ref == "telemetry.Kept/location"
    assert entry.detail["count"] == 5
    assert entry.detail["kept_days"] == 100
    assert entry.detail["by"] == "system"
    assert destroy() == {}


def test_everything_of_a_month_leaves_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = kept.settings()
    terms = {name: replace(term, days=100) for name, term in facts.readings.items()}
    made = replace(facts, readings=terms, rollups={}, others={})
    monkeypatch.setattr(kept, "settings", lambda: made)
    put(SUBJECT, DEVICE, OLD, heart_rate=70, lat=30.1, battery=50, bed=1)
    put(SUBJECT, DEVICE, NOW - timedelta(days=50), heart_rate=70)
    services.seal_old_days(clock=lambda: NOW)
    leaf = f"reading_day_{OLD:%Y%m}"
    assert rows("SELECT to_regclass(%s) IS NULL", leaf) == [(False,)]
    assert destroy() == {
        "health": 1, "home": 1, "location": 1, "devices": 1,
    }  # fmt: skip
    assert rows("SELECT to_regclass(%s) IS NULL", leaf) == [(True,)]
    assert rows("SELECT count(*) FROM reading_day") == [(1,)]


def test_rollups_letters_waveforms_and_voided_have_their_own_terms(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = kept.settings()
    groups = {
        name: {key: replace(term, days=100) for key, term in getattr(facts, name).items()}
        for name in ("rollups", "others")
    }
    readings = {name: replace(term, days=0) for name, term in facts.readings.items()}
    made = replace(facts, readings=readings, **groups)
    monkeypatch.setattr(kept, "settings", lambda: made)
    for minute in range(0, 1440, 12):  # dense enough for hours of its own
        at = OLD.replace(hour=0, minute=0) + timedelta(minutes=minute)
        put(cast.chen, cast.devices["band"], at, heart_rate=60 + minute % 9, person=cast.chen)
    services.seal_old_days(clock=lambda: NOW)
    regions.roll_up_regions(OLD.date())
    for at in (OLD, NOW):
        DeadLetter.objects.create(
            id=uuid7(), received_at=at, device_key="k", topic="t", payload=b"", reason="not-json",
            detail="", state="new",
        )  # fmt: skip
        rows(
            "INSERT INTO waveform (subject, subject_kind, device, code, started_at, seq, rate_hz,"
            " samples, received_at) VALUES (%s, 1, %s, 70, %s, 1, 250, '', %s) RETURNING 1",
            SUBJECT, DEVICE, at, at,
        )  # fmt: skip
    key = put(cast.chen, cast.devices["bp"], NOW, sbp=300, person=cast.chen)
    services.void_reading(actor=cast.actor("admin"), key=key, reason="x", at=OLD)
    found = destroy()
    assert found["hours"] == found["days"] == 1
    assert found["regions"] > 24
    assert (found["waveforms"], found["dead_letters"], found["voided"]) == (1, 1, 1)
    assert DeadLetter.objects.count() == 1
    assert rows("SELECT count(*) FROM waveform") == [(1,)]
    assert len(shown(OLD.replace(hour=0, minute=0))) == 120  # the readings themselves stay
    told = AuditEntry.objects.filter(action="telemetry.destroy_readings").values_list(
        "ref", flat=True
    )
    assert set(told) == {f"telemetry.Kept/{name}" for name in found}


def test_who_is_held_keeps_readings_until_the_hold_ends(cast: Cast, short: kept.Kept) -> None:
    for person, device in ((cast.chen, cast.devices["band"]), (SUBJECT, DEVICE)):
        put(person, device, OLD, heart_rate=70, lat=30.1, lon=104.5, person=person)
        put(person, device, OLD + timedelta(hours=1), lat=30.1, lon=104.5, person=person)
    hold(cast.chen, until=NOW + timedelta(days=30))
    assert seal_and_destroy() == {"location": 4}
    held = selectors.stream(subjects=[cast.chen], since=OLD, until=OLD + timedelta(days=1))
    assert [len(reading.values) for reading in held] == [3, 2]
    assert destroy(NOW + timedelta(days=20)) == {}
    leaf = f"reading_day_{OLD:%Y%m}"
    assert rows("SELECT to_regclass(%s) IS NULL", leaf) == [(False,)]
    after = NOW + timedelta(days=31)
    assert destroy(after, is_trial=True) == {"location": 4}
    assert destroy(after) == {"location": 4}
    assert destroy(after) == {}
    left = selectors.stream(subjects=None, since=OLD, until=OLD + timedelta(days=1))
    assert [reading.values for reading in left] == [(70.0,), (70.0,)]
    assert rows("SELECT messages, readings FROM sealed_day WHERE day = %s", OLD.date()) == [(2, 2)]
    assert rows("SELECT count(*) FROM destroyed_held") == [(0,)]


def test_rollups_and_letters_of_who_is_held_stay(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = kept.settings()
    groups = {
        name: {key: replace(term, days=100) for key, term in getattr(facts, name).items()}
        for name in ("readings", "rollups", "others")
    }
    made = replace(facts, **groups)
    monkeypatch.setattr(kept, "settings", lambda: made)
    device = cast.devices["band"]
    for person, from_device in ((cast.chen, device), (SUBJECT, DEVICE)):
        for minute in range(0, 1440, 12):
            at = OLD.replace(hour=0, minute=0) + timedelta(minutes=minute)
            put(person, from_device, at, heart_rate=60 + minute % 9, person=person)
        DeadLetter.objects.create(
            id=uuid7(), received_at=OLD, device=from_device, device_key="k", topic="t",
            payload=b"", reason="not-json", detail="", state="new",
        )  # fmt: skip
    services.seal_old_days(clock=lambda: NOW)
    hold(cast.chen, until=NOW + timedelta(days=30))
    went = destroy()
    assert {name: went[name] for name in ("health", "hours", "days", "dead_letters")} == {
        "health": 120, "hours": 1, "days": 1, "dead_letters": 1,
    }  # fmt: skip
    for table in ("reading_day", "reading_hour", "reading_month"):
        assert rows(f"SELECT DISTINCT subject FROM {table}") == [(cast.chen,)], table
    assert [letter.device for letter in DeadLetter.objects.all()] == [device]
    assert destroy() == {}
    went = destroy(NOW + timedelta(days=31))
    assert (went["health"], went["hours"], went["dead_letters"]) == (120, 1, 1)
    assert rows("SELECT count(*) FROM reading_day") == [(0,)]
    assert rows("SELECT to_regclass(%s) IS NULL", f"reading_hour_{OLD:%Y%m}") == [(True,)]


def test_terms_that_cannot_hold_are_refused() -> None:
    text = (files("songhe.domains.telemetry") / "data/kept.yaml").read_text("utf-8")
    raw = yaml.safe_load(text)
    assert kept.parse(raw).readings["location"].days >= kept.GATEWAY_WINDOW_DAYS
    for change, words in (
        (("sealing", "hot_days", "value", 1), "hot_days"),
        (("readings", "location", "days", 30), "late data"),
    ):
        wrong = copy.deepcopy(raw)
        group, name, field, value = change
        wrong[group][name][field] = value
        with pytest.raises(ValueError, match=words):
            kept.parse(wrong)


def client_of(cast: Cast, name: str, language: str = "en") -> Client:
    client = Client()
    client.force_login(cast.users[name])
    client.cookies["songhe_language"] = language
    return client


def test_the_page_of_old_days(cast: Cast) -> None:
    put(cast.chen, cast.devices["bp"], timezone.now() - timedelta(days=9), sbp=120)
    put(cast.chen, cast.devices["bp"], timezone.now() - timedelta(days=8), sbp=120)
    services.seal_day((timezone.now() - timedelta(days=9)).date(), at=timezone.now())
    client = client_of(cast, "admin")
    text = client.get("/old-days/").content.decode()
    assert "Oldest day not sealed" in text
    assert "twenty years by the day" in text
    assert "hx-trigger" not in text.split('id="work"')[1][:120]  # nothing runs
    assert selectors.figures(timezone.now()) == {"unsealed_days": 5.0}
    assert client_of(cast, "sun").get("/old-days/").status_code == 403
    with journal(Work.SEAL, clock=timezone.now, day=date(2026, 11, 1)) as run:
        assert run.moved(30, 120)
        text = client.get("/old-days/").content.decode()
        assert '<progress class="progress"' in text
        assert "30 of 120" in text
        assert "every 2s" in text
        stop = f"/old-days/{run.run.pk}/stop/"
        assert client_of(cast, "sun").post(stop).status_code == 403
        assert run.moved(40, 120)
        assert client.post(stop).status_code == 302
        assert not run.moved(50, 120)
        assert client.post(stop).status_code == 409  # it has been asked already
    stopped = Run.objects.get(pk=run.run.pk)
    assert (stopped.state, stopped.done) == ("stopped", 50)
    assert stopped.stop_asked_by == cast.users["admin"].pk
    chinese = client_of(cast, "admin", "zh-hans").get("/old-days/").content.decode()
    assert "最早未封存的日子" in chinese
    with CaptureQueriesContext(connection) as queries:
        client.get("/old-days/")
    assert len(queries) <= 14


def test_sealing_is_asked_for_once(cast: Cast) -> None:
    admin = cast.actor("admin")
    services.ask_to_seal(actor=admin, at=NOW)
    assert rows(
        "SELECT task_name, lock FROM procrastinate_jobs WHERE task_name LIKE 'telem%%'"
    ) == [("telemetry.seal", "telemetry.old_days")]
    with pytest.raises(Conflict):
        services.ask_to_seal(actor=admin, at=NOW)
    with pytest.raises(Denied):
        services.ask_to_seal(actor=cast.actor("sun"), at=NOW)


def test_the_jobs_are_known_and_timed() -> None:
    app.perform_import_paths()
    timed = {task.task.name for task in app.periodic_registry.periodic_tasks.values()}
    assert {"telemetry.seal", "telemetry.roll_up", "security.destroy_expired"} <= timed
    assert app.tasks["telemetry.seal"].lock == "telemetry.old_days"


def test_a_run_that_was_left_is_told_so() -> None:
    Run.objects.create(work=Work.SEAL, started_at=NOW, moved_at=NOW)
    with journal(Work.SEAL, clock=lambda: NOW):
        assert set(Run.objects.values_list("state", flat=True)) == {"left", "running"}


@pytest.mark.django_db(transaction=True)
def test_what_is_asked_for_is_done_by_the_worker() -> None:
    cast = make_cast()
    day = (timezone.now() - timedelta(days=8)).date()
    put(cast.chen, cast.devices["bp"], timezone.now() - timedelta(days=8), sbp=120)
    assert client_of(cast, "admin").post("/old-days/seal/").status_code == 302

    async def work() -> None:
        connector = as_type(DjangoConnector, app.connector).get_worker_connector()
        worker = app.with_connector(connector)
        async with worker.open_async():
            await worker.run_worker_async(
                wait=False, queues=["old-days"], install_signal_handlers=False, listen_notify=False
            )

    try:
        asyncio.run(work())
        assert rows("SELECT day, messages FROM sealed_day") == [(day, 1)]
        done = Run.objects.filter(work="seal").values_list("state", "done")
        assert list(done) == [("done", 1)]
        assert rows("SELECT to_regclass(%s)", f"reading_hot_{day:%Y%m%d}") == [(None,)]
    finally:  # these tables are not Django's: nothing else empties them
        with connection.cursor() as cursor:
            cursor.execute(
                "TRUNCATE reading_day, reading_month, reading_hour, region_hour, region_day,"
                " region_due, region_mark, sealed_day"
            )
