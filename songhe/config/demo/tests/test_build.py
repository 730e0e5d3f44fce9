"""The county in a database: everybody housed, devices commissioned, history as the gateway's."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from django.contrib.auth import authenticate
from django.db import connection, transaction

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.base.regions import selectors as regions
from songhe.config.demo import history, start
from songhe.config.demo import install as installs
from songhe.config.demo.install import Install
from songhe.config.demo.logins import LOGINS
from songhe.config.demo.model import County
from songhe.config.demo.tests.small import small_county
from songhe.domains.devices import selectors as devices
from songhe.domains.devices.models import GatewayDevice
from songhe.domains.monitoring import selectors as monitoring
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import selectors as people
from songhe.domains.people.models import Person
from songhe.domains.telemetry import selectors as telemetry
from songhe.domains.telemetry import services as keeping
from songhe.engines.workflow.engine import history as steps_of
from songhe.kernel.time import DAY_US, to_us
from songhe.kernel.wire import DeviceSnapshot

NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
ZONE = "Asia/Shanghai"
EVER = (NOW - timedelta(days=30), NOW + timedelta(days=1))
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def county() -> County:
    return small_county(date(2026, 11, 22))


@pytest.fixture(scope="module")
def made(county, django_db_setup, django_db_blocker, tmp_path_factory):
    """The county is made once, in a transaction that ends with the module."""
    state = tmp_path_factory.mktemp("demo")
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        # The small county in the place of the large one: a setting of the scene.
        patch.setattr(start, "make_county", lambda made_on, seed: small_county(made_on))
        with transaction.atomic():
            yield state, start.wake(state, now=lambda: NOW, zone=ZONE, say=lambda _: None)
            transaction.set_rollback(True)


@pytest.fixture
def install(made) -> Install:
    return made[1]


@pytest.fixture
def state(made, tmp_path) -> Path:
    """A state folder of the test's own, with the install in it."""
    installs.save(tmp_path, made[1])
    return tmp_path


def rows(text: str, *values: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall()


def test_everybody_is_there_and_housed(install, county):
    persons = list(people.list_persons(SYSTEM))
    assert sorted(p.name for p in persons) == sorted(e.name for e in county.elders)
    homes = people.homes_by_person([p.pk for p in persons], at=NOW)
    assert len(homes) == len(persons)
    (chen,) = people.find_persons(SYSTEM, "chenxiulan").persons
    home = homes[chen.pk]
    assert home.address == "桂花里 3 号楼 402"
    assert {row["room"] for row in home.plan["rooms"]} == {
        str(room.pk) for room in people.rooms_of(home)
    }
    assert people.find_by_id_number(SYSTEM, county.elders[0].id_number, at=NOW).id == chen.pk
    assert people.home_of(chen.pk, at=NOW - timedelta(days=92)) is not None


def test_every_device_took_the_four_steps_and_lets_its_secret_in(install, county):
    known = {row.key: row for row in devices.list_devices(SYSTEM)}
    assert set(known) == {gadget.key for gadget in county.gadgets}
    for gadget in county.gadgets:
        device = known[gadget.key]
        assert device.state == "in_use"
        assert device.region_code == county.households[gadget.household].community.code
    steps = steps_of(known[county.gadgets[0].key])
    assert [step.name for step in steps] == ["install", "activate", "pass_test", "start_use"]
    assert steps[0].note
    assert steps[2].note
    for row in GatewayDevice.objects.all():
        snapshot = msgspec.convert(row.body, DeviceSnapshot)
        digest = hashlib.sha256(install.device_secret(row.key).encode()).hexdigest()
        assert snapshot.active
        assert snapshot.secrets == [(digest, None)]


def test_the_cast_sees_what_it_should_and_wu_nothing(install, county):
    seen = {}
    for login in LOGINS:
        user = authenticate(username=login.login, password=install.password(login.login))
        assert user is not None, login.login
        seen[login.login] = {row.name for row in people.list_persons(access.actor_for(user, NOW))}
    everybody = {elder.name for elder in county.elders}
    assert seen["sun"] == seen["leader"] == seen["admin"] == everybody
    assert seen["chenwei"] == seen["chenxiulan"] == {"陈秀兰"}
    assert "陈秀兰" in seen["liu"]  # and who else is on her round today
    assert seen["wu"] == seen["keeper"] == set()
    assert seen["qian"] == everybody
    qian = access.actor_for(User.objects.get(login="qian"), NOW)
    assert all(people.view_of(qian, row).name[1] == "＊" for row in people.list_persons(qian))
    in_town = {
        e.name for h in county.households for e in h.elders if h.community.code[:9] == "990121001"
    }
    assert seen["zhao"] == in_town
    family = access.actor_for(User.objects.get(login="chenwei"), NOW)
    (mother,) = people.list_persons(family)
    assert people.view_of(family, mother).fields == {"identity", "health", "home", "finance"}


def test_alarms_of_the_county_go_to_the_centre_and_then_to_the_hospital(install):
    centre = organizations.serving("990121003101")
    assert centre.name == "松鹤示范县养老服务中心"
    assert centre.next_organization.name == "云岭镇卫生院"
    (leader, phone) = organizations.leader_phones(centre.pk, at=NOW)[0]
    assert leader == "带班主任"
    assert phone.startswith("154")
    assert regions.names(["990121001101"]) == {"990121001101": "望河村"}


def test_history_is_stored_as_the_gateway_would(install, county):
    ((count, oldest, newest),) = rows(
        "SELECT count(*), min(effective_at), max(effective_at) FROM readings(NULL, NULL, %s, %s)",
        *EVER,
    )
    assert count > 5_000
    known = timedelta(days=history.KNOWN_DAYS)
    assert NOW - known - timedelta(hours=1) < oldest < NOW - known + timedelta(days=1)
    assert NOW - timedelta(minutes=10) < newest < NOW
    # `latest` is the newest of every code of every subject, by effective time.
    wrong = rows(
        """
        WITH stored AS MATERIALIZED (SELECT * FROM reading_values(
          NULL, (SELECT array_agg(DISTINCT c) FROM latest, unnest(codes) c), %s, %s))
        SELECT l.subject, c.code FROM latest l,
          unnest(l.codes, l.times, l.vals) AS c(code, at, value)
          LEFT JOIN LATERAL (
            SELECT max(s.effective_at) AS at FROM stored s
             WHERE s.subject = l.subject AND s.code = c.code) newest ON true
        WHERE newest.at IS DISTINCT FROM c.at OR NOT EXISTS (
          SELECT FROM stored s WHERE s.subject = l.subject AND s.code = c.code
            AND s.effective_at = c.at AND s.val = c.value)
        """,
        *EVER,
    )
    assert wrong == []
    ((devices_heard,),) = rows("SELECT count(*) FROM device_seen WHERE received_at <= %s", NOW)
    assert devices_heard == len(county.gadgets)


def test_what_is_usual_is_known_in_the_home_of_grandma_chen(install, county):
    stages = dict(rows("SELECT person_id, profile->>'stage' FROM monitoring_liferhythm"))
    chen = Person.objects.get(name=county.households[0].elders[0].name)
    assert stages[chen.pk] == "stands"


def test_old_days_are_sealed_and_rolled_up_as_after_months_of_use(install):
    admin = access.actor_for(User.objects.get(login="admin"), NOW)
    asked = "SELECT task_name FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id"
    assert {"telemetry.seal", "telemetry.roll_up"} <= {name for (name,) in rows(asked)}
    keeping.seal_old_days(clock=lambda: NOW)
    keeping.roll_up_due_regions(clock=lambda: NOW)
    kept = telemetry.old_days(admin, at=NOW)
    assert kept.waiting == kept.late == []
    assert kept.sealed >= 10
    assert kept.last == (NOW - timedelta(days=kept.hot_days + 1)).date()
    assert telemetry.figures(NOW)["unsealed_days"] == 0
    ((people_hours,), (region_days,)) = rows(
        "SELECT count(*) FROM reading_month UNION ALL SELECT count(DISTINCT day) FROM region_day"
    )
    assert people_hours > 0
    assert region_days >= 14
    assert rows("SELECT day FROM region_due") == []
    # The next days wait in their turn: the figure is not always 0.
    later = NOW + timedelta(days=2)
    assert telemetry.figures(later)["unsealed_days"] > 0


def test_past_alarms_are_closed_and_rest_on_stored_readings(install):
    actor = access.actor_for(User.objects.get(login="leader"), NOW)
    assert not monitoring.open_alarms(actor).exists()
    outcomes = rows("SELECT outcome, count(*) FROM monitoring_alarm GROUP BY 1")
    assert sum(count for _, count in outcomes) >= 4
    missing = rows(
        """
        SELECT f.rule FROM finding f, jsonb_array_elements(f.evidence) e
        WHERE NOT EXISTS (
          SELECT 1 FROM readings(ARRAY[(e->>'subject')::uuid], NULL, %s, %s) r
          WHERE r.device = (e->>'device')::uuid
            AND r.effective_at = to_timestamp((e->>'at_us')::numeric / 1000000)
            AND r.fingerprint = (e->>'fingerprint')::bigint)
        """,
        *EVER,
    )
    assert missing == []


def test_a_second_start_goes_on_where_the_first_ended(install, county, state):
    ((before,),) = rows("SELECT count(*) FROM reading_hot")
    later = NOW + timedelta(hours=9)
    again = start.wake(state, now=lambda: later, zone=ZONE, say=lambda _: None)
    assert (again.secret, again.starts) == (install.secret, 2)
    assert again.resumed_us > to_us(later)
    assert people.list_persons(SYSTEM).count() == len(county.elders)
    ((after, newest),) = rows("SELECT count(*), max(effective_at) FROM reading_hot")
    assert after > before
    assert later - timedelta(minutes=10) < newest < later
    ((gap,),) = rows(
        "SELECT count(*) FROM reading_hot WHERE effective_at BETWEEN %s AND %s",
        NOW,
        NOW + timedelta(minutes=30),
    )
    assert gap > 0


def test_what_is_already_stored_is_not_stored_twice(install, county):
    (before,) = rows("SELECT count(*) FROM reading_hot")
    stored = history.fill(
        county,
        since_us=to_us(NOW) - DAY_US // 24,
        until_us=to_us(NOW),
        zone=ZONE,
        say=lambda _: None,
    )
    (after,) = rows("SELECT count(*) FROM reading_hot")
    # Only what the script's devices left unsaid is new.
    assert after[0] - before[0] == stored < 100


def test_people_who_are_not_the_demo_are_left_alone(install, state):
    (state / installs.FILE).unlink()
    before = rows("SELECT count(*) FROM people_person")
    with pytest.raises(start.NotTheDemo):
        start.wake(state, now=lambda: NOW, zone=ZONE, say=lambda _: None)
    assert rows("SELECT count(*) FROM people_person") == before
    assert not (state / installs.FILE).exists()
