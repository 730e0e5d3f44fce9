"""The report of a shift: what rang, who went, what is left; told to its leader once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from songhe.base.accounts.testing import signed_in
from songhe.base.notify.models import Notice
from songhe.domains.dispatch import services, shift_reads
from songhe.domains.dispatch.models import Visit
from songhe.domains.dispatch.testing import tell, told
from songhe.domains.dispatch.tests.conftest import BEFORE, Centre
from songhe.domains.monitoring.models import Alarm
from songhe.domains.organizations import testing as organizations
from songhe.engines.alarms.terms import Priority
from songhe.kernel.ids import uuid7

EVENING = datetime(2026, 11, 22, 13, tzinfo=UTC)  # 21:00 in the county
MORNING = datetime(2026, 11, 23, 0, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "since", "is_night"),
    [
        (EVENING, "2026-11-22T20:00:00+08:00", True),
        (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), "2026-11-22T20:00:00+08:00", True),
        (datetime(2026, 11, 23, 0, 0, tzinfo=UTC), "2026-11-23T08:00:00+08:00", False),
        (datetime(2026, 11, 22, 11, 59, tzinfo=UTC), "2026-11-22T08:00:00+08:00", False),
    ],
)
def test_a_moment_is_of_one_shift(at: datetime, since: str, is_night: bool) -> None:
    shift = shift_reads.shift_at(at)
    assert (shift.since, shift.is_night) == (datetime.fromisoformat(since), is_night)
    assert shift.until - shift.since == timedelta(hours=12)
    assert shift_reads.shift_before(shift).until == shift.since


def test_a_night_in_figures(centre: Centre) -> None:
    alarm = centre.alarm(EVENING)
    sun = centre.actor("sun", EVENING)
    offer = services.send_to_alarm(
        actor=sun, alarm_id=alarm.pk, worker_id=centre.users["ma"].pk, at=EVENING + timedelta(0, 40)
    )
    services.run_due_offers(at=EVENING + timedelta(minutes=2))
    services.answer_offer(
        actor=centre.actor("ma", EVENING),
        offer_id=offer.pk,
        takes=True,
        at=EVENING + timedelta(minutes=3),
    )
    arrived = told(Visit.objects.get().pk, "arrived", EVENING + timedelta(minutes=11))
    tell(centre.users["ma"], [arrived], at=EVENING + timedelta(minutes=12))
    found = shift_reads.report(sun, shift_reads.shift_at(EVENING), at=EVENING)
    assert (found.total, found.raised["high"], found.not_taken) == (1, 1, 0)
    assert (found.taken_s, found.longest_s) == (40.0, 40.0)
    assert (found.sent, found.reached, found.missed) == (1, 1, 1)
    assert found.door_s == 660.0 - 40.0
    assert [line.alarm.pk for line in found.open_alarms] == [alarm.pk]
    assert not found.is_quiet
    assert [line.alarm.pk for line in found.urgent] == [alarm.pk]
    [helped] = found.helped
    assert (helped.who, helped.names, helped.door_s) == ("陈＊＊", ("ma",), 620.0)
    assert [one.order.pk for one in found.running] == [helped.order.pk]
    # What is left stands by urgency: the worst first, then what nobody took, then the oldest.
    shown = []
    for rule, priority in (("silent", Priority.LOW), ("fall", Priority.HIGH)):
        other = Alarm.objects.get(pk=alarm.pk)
        other.pk, other.subject_key, other.acknowledged_at = uuid7(), f"{rule}:test", None
        other.priority, other.priority_rank = priority.value, priority.rank
        other.raised_at += timedelta(minutes=10)
        other.save(force_insert=True)
        shown.append(other.pk)
    left = shift_reads.report(sun, shift_reads.shift_at(EVENING), at=EVENING).open_alarms
    assert [line.alarm.pk for line in left] == [shown[1], alarm.pk, shown[0]]
    day = shift_reads.report(sun, shift_reads.shift_at(MORNING), at=MORNING)
    assert (day.total, day.sent) == (0, 0)
    # What began later is not left over from before.
    before = shift_reads.shift_before(shift_reads.shift_at(EVENING))
    assert shift_reads.report(sun, before, at=MORNING).running == []


def test_it_is_told_once_and_has_a_page(centre: Centre) -> None:
    leader = organizations.make_user(
        at=BEFORE, login="leader", role="shift_leader", organization=centre.organization
    )
    assert services.tell_shift_over(at=MORNING) == 1
    assert services.tell_shift_over(at=MORNING + timedelta(minutes=30)) == 0
    notice = Notice.objects.get(user=leader, kind="dispatch.shift_over")
    assert notice.url == "/rescues/shift/?since=2026-11-22T12:00:00Z"
    now = datetime.now(UTC)
    page = signed_in(Client(), leader, at=now).get(reverse("dispatch:shift"))
    assert page.status_code == 200
    assert "没有留给下一班" in page.content.decode() or "这一班没有" in page.content.decode()
    wu = signed_in(Client(), centre.users["wu"], at=now).get(reverse("dispatch:shift"))
    assert wu.status_code == 403
    wild = signed_in(Client(), leader, at=now).get(reverse("dispatch:shift"), {"since": "x" * 30})
    assert wild.status_code == 200
