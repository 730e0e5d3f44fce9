"""The timers of escalation when the house was away, or its clock was set."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections

from songhe.domains.monitoring import loops, services
from songhe.domains.monitoring.models import Alarm, AlarmEntry, Finding
from songhe.domains.monitoring.terms import EntryKind
from songhe.domains.monitoring.testing import make_finding
from songhe.domains.monitoring.tests.conftest import NOW, County, make_home
from songhe.kernel.ids import uuid7
from songhe.kernel.wire import SubjectKind

# The plan of a high alarm: 30 s rings, 60 s tells the leader, 90 s rings, 120 s the next
# organisation, then every 60 s.


def ring(county: County) -> Alarm:
    make_finding(rule="bp-critical", subject=county.chen.pk, at=NOW, summary={"value": 186.0})
    services.take_findings(at=NOW)
    return Alarm.objects.get(person=county.chen)


def ring_other(county: County) -> Alarm:
    """Return an alarm that another organisation answers."""
    person, _home, _room = make_home(9)
    make_finding(rule="bp-critical", subject=person.pk, at=NOW, summary={"value": 190.0})
    services.take_findings(at=NOW)
    alarm = Alarm.objects.get(person=person)
    Alarm.objects.filter(pk=alarm.pk).update(organization=county.hospital)
    return alarm


def test_after_an_outage_every_step_is_taken_and_missed_repeats_are_one_ring(
    county: County,
) -> None:
    alarm = ring(county)
    back = NOW + timedelta(seconds=120 + 60 * 7 + 10)
    assert services.run_due_steps(at=back) == 5
    alarm.refresh_from_db()
    kinds = AlarmEntry.objects.filter(alarm=alarm).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == [
        EntryKind.RAISED,
        EntryKind.RANG,
        EntryKind.LEVEL_UP,
        EntryKind.RANG,
        EntryKind.NEXT_ORGANIZATION,
        EntryKind.LEVEL_UP,
        EntryKind.RANG,
    ]
    last = AlarmEntry.objects.filter(alarm=alarm).latest("id")
    assert last.data == {"missed": 6}
    assert alarm.steps_done == 4 + 7
    assert alarm.next_step_at == NOW + timedelta(seconds=120 + 60 * 8)
    assert services.run_due_steps(at=back) == 0


def test_a_clock_set_back_puts_no_timer_off(county: County) -> None:
    alarm = ring(county)
    services.run_due_steps(at=NOW + timedelta(seconds=30))
    hour = timedelta(hours=1)
    assert services.clock_set_back(by=hour) == 1
    set_back = NOW - hour
    assert services.run_due_steps(at=set_back + timedelta(seconds=59)) == 0
    assert services.run_due_steps(at=set_back + timedelta(seconds=60)) == 1
    alarm.refresh_from_db()
    assert alarm.told_leader
    assert alarm.rang_at == set_back


def test_a_shelf_keeps_its_time_when_the_clock_is_set_back(county: County) -> None:
    alarm = ring(county)
    until = NOW + timedelta(minutes=20)
    services.shelve_alarm(
        actor=county.actor("sun"), alarm_id=alarm.pk, until=until, reason="calling her", at=NOW
    )
    assert services.clock_set_back(by=timedelta(hours=1)) == 0
    alarm.refresh_from_db()
    assert alarm.next_step_at == until


def test_a_finding_that_fails_keeps_no_other_from_its_alarm(county: County) -> None:
    early = NOW - timedelta(minutes=1)
    broken = make_finding(rule="bp-critical", subject=county.chen.pk, at=early)
    Finding.objects.filter(pk=broken.pk).update(rule="of-another-version")
    make_finding(rule="bp-critical", subject=county.chen.pk, at=NOW)
    assert services.take_findings(at=NOW) == 1
    assert Alarm.objects.get().person_id == county.chen.pk
    broken.refresh_from_db()
    assert broken.handled_at is None


def test_a_finding_of_nobody_that_is_known_rings_nowhere(county: County) -> None:
    nobody = make_finding(rule="bp-critical", subject=uuid7(), at=NOW)
    assert services.take_findings(at=NOW) == 1
    nobody.refresh_from_db()
    assert nobody.handled_at == NOW
    assert not Alarm.objects.exists()


def test_a_step_that_fails_keeps_no_other_alarm_from_its_own(county: County) -> None:
    broken, well = ring(county), ring_other(county)
    with connection.cursor() as cursor:  # an organisation whose plan nobody can read
        cursor.execute(
            "UPDATE organizations_organization SET escalation = %s WHERE id = %s",
            ['{"high": {"steps": "soon"}}', broken.organization_id],
        )
    assert services.run_due_steps(at=NOW + timedelta(seconds=30)) == 1
    broken.refresh_from_db()
    well.refresh_from_db()
    assert (broken.steps_done, well.steps_done) == (0, 1)


_BLOCKED = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%finding%'
"""


@pytest.mark.django_db(transaction=True)
async def test_the_pump_outlives_a_connection_killed_in_the_middle_of_its_work(
    test_database_url: str,
) -> None:
    finding = await sync_to_async(make_finding)(
        rule="device-silent", subject=uuid7(), subject_kind=SubjectKind.DEVICE, at=NOW
    )
    stop = asyncio.Event()
    with psycopg.connect(test_database_url) as locking:
        locking.execute("LOCK TABLE finding")
        pump = asyncio.create_task(loops.pump_findings(stop))
        with psycopg.connect(test_database_url, autocommit=True) as other:
            async with asyncio.timeout(20):
                while not (blocked := other.execute(_BLOCKED).fetchall()):
                    await asyncio.sleep(0.02)
                other.execute("SELECT pg_terminate_backend(%s)", blocked[0])
                while other.execute(_BLOCKED).fetchall() == blocked:
                    await asyncio.sleep(0.02)
    async with asyncio.timeout(20):
        while not pump.done():
            await finding.arefresh_from_db()
            if finding.handled_at is not None:
                break
            await asyncio.sleep(0.02)
        assert not pump.done(), "the loop ended, and the jobs process with it"
        stop.set()
        await pump
    await sync_to_async(connections.close_all)()
