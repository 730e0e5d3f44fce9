"""When workers work is kept on a page: hours from a day on, leave that ends earlier."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from songhe.base.accounts.testing import signed_in
from songhe.domains.dispatch import hours_reads, services
from songhe.domains.dispatch.models import Leave, WeeklyShift
from songhe.domains.dispatch.services.workers import LeaveIsOver, NoSuchLeave
from songhe.domains.dispatch.terms import LeaveKind
from songhe.domains.dispatch.testing import make_worker
from songhe.domains.dispatch.tests.conftest import NOW, Centre
from songhe.domains.dispatch.tests.test_happenings import planned
from songhe.domains.organizations import testing as organizations

DAY = (time(8), time(17))
TODAY = date(2026, 11, 22)
MIDNIGHT = datetime(2026, 11, 21, 16, tzinfo=UTC)


def keep(centre: Centre, hours, *, since: date = TODAY) -> int:
    return services.set_hours(
        actor=centre.actor("sun"), worker_id=centre.users["liu"].pk, hours=hours, since=since,
        at=NOW,
    )  # fmt: skip


def seen(centre: Centre, at: datetime = NOW) -> dict:
    return hours_reads.hours_of(centre.actor("sun"), centre.users["liu"].pk, at=at).hours


def leave(centre: Centre, first: int, last: int) -> Leave:
    """Let Liu be away from a day until another, counted from today."""
    return services.take_leave(
        actor=centre.actor("sun"), worker_id=centre.users["liu"].pk, kind=LeaveKind.ILL,
        begins_at=MIDNIGHT + timedelta(days=first), ends_at=MIDNIGHT + timedelta(days=last + 1),
        at=NOW,
    )  # fmt: skip


def test_hours_count_from_a_day_on_and_only_what_changes_is_written(centre: Centre) -> None:
    assert keep(centre, {0: DAY, 1: DAY, 5: None}) == 2
    assert seen(centre) == {0: DAY, 1: DAY}
    later = TODAY + timedelta(days=7)
    short = (time(9), time(15))
    assert keep(centre, {0: short, 1: DAY, 2: None}, since=later) == 1
    found = hours_reads.hours_of(centre.actor("sun"), centre.users["liu"].pk, at=NOW)
    assert (found.hours, found.later) == ({0: DAY, 1: DAY}, later)
    assert seen(centre, NOW + timedelta(days=8)) == {0: short, 1: DAY}
    # Said anew from before that day on, it takes the place of both.
    assert keep(centre, {0: (time(7), time(12))}, since=TODAY + timedelta(days=2)) == 1
    assert seen(centre, NOW + timedelta(days=8))[0] == (time(7), time(12))
    assert keep(centre, {0: None, 1: None}, since=later) == 2
    assert seen(centre, NOW + timedelta(days=8)) == {}


def test_a_night_and_the_day_after_it_may_change_places(centre: Centre) -> None:
    night, late = (time(22), time(6)), (time(14), time(20))
    assert keep(centre, {0: night, 1: late}) == 2
    assert keep(centre, {0: late, 1: night}) == 2
    assert seen(centre) == {0: late, 1: night}


def test_back_earlier_and_never_gone(centre: Centre) -> None:
    row = leave(centre, 0, 4)
    back = {"actor": centre.actor("sun"), "leave_id": row.pk, "at": NOW}
    with pytest.raises(LeaveIsOver):
        services.end_leave(back_on=TODAY + timedelta(days=5), **back)
    services.end_leave(back_on=TODAY + timedelta(days=2), **back)
    row.refresh_from_db()
    assert row.period.upper == MIDNIGHT + timedelta(days=2)
    ahead = leave(centre, 6, 7)
    services.end_leave(actor=centre.actor("sun"), leave_id=ahead.pk, back_on=TODAY, at=NOW)
    ahead.refresh_from_db()
    assert ahead.period.isempty
    assert leave(centre, 6, 7).pk != ahead.pk
    with pytest.raises(NoSuchLeave):
        services.end_leave(actor=centre.actor("sun"), leave_id=ahead.pk, back_on=TODAY, at=NOW)


def test_the_page_keeps_hours_and_what_is_wrong_stays(centre: Centre) -> None:
    client = signed_in(Client(), centre.users["sun"], at=datetime.now(UTC))
    page = reverse("dispatch:hours", args=[centre.users["liu"].pk])
    today = timezone.localdate().isoformat()
    wrong = client.post(page, {"since": today, "begins0": "08:00"})
    assert wrong.status_code == 422
    assert "两个时间都要填；休息就都空着。" in wrong.content.decode()
    assert 'value="08:00"' in wrong.content.decode()
    assert not WeeklyShift.objects.exists()
    said = {"since": today, "begins0": "08:00", "ends0": "17:00"}
    assert client.post(page, said, follow=True).status_code == 200
    row = WeeklyShift.objects.get()
    assert (row.weekday, row.begins, row.ends) == (0, *DAY)
    assert 'value="17:00"' in client.get(page).content.decode()


def test_leave_is_ended_on_the_page(centre: Centre) -> None:
    now = datetime.now(UTC)
    row = services.take_leave(
        actor=centre.actor("sun"), worker_id=centre.users["liu"].pk, kind=LeaveKind.HOLIDAY,
        begins_at=now - timedelta(days=1), ends_at=now + timedelta(days=9), at=now,
    )  # fmt: skip
    client = signed_in(Client(), centre.users["sun"], at=now)
    page = reverse("dispatch:hours", args=[centre.users["liu"].pk])
    assert str(row.pk) in client.get(page).content.decode()
    end = reverse("dispatch:end_leave", args=[row.pk])
    back = timezone.localdate() + timedelta(days=1)
    assert client.post(end, {f"{row.pk}-back_on": ""}).status_code == 302
    row.refresh_from_db()
    assert row.period.upper > now + timedelta(days=8)
    assert client.post(end, {f"{row.pk}-back_on": back.isoformat()})["Location"] == page
    row.refresh_from_db()
    assert timezone.localdate(row.period.upper) == back


def test_nobody_keeps_the_hours_of_others_workers(centre: Centre) -> None:
    other = organizations.make_organization(
        at=NOW, name="别处", region_code="990121", serves=("990121999",)
    )
    stranger = make_worker(centre=other, login="stranger", at=NOW)
    manager = organizations.make_user(
        at=NOW - timedelta(days=1), login="manager", role="provider_manager",
        organization=centre.organization,
    )  # fmt: skip
    client = signed_in(Client(), manager, at=datetime.now(UTC))
    page = reverse("dispatch:hours", args=[stranger.pk])
    said = {
        "since": timezone.localdate().isoformat(), "begins0": "08:00", "ends0": "17:00",
    }  # fmt: skip
    assert client.get(page).status_code == 404
    assert client.post(page, said).status_code == 404
    assert not WeeklyShift.objects.exists()
    assert client.get(reverse("dispatch:hours", args=[centre.users["liu"].pk])).status_code == 200


def test_visits_outside_the_hours_are_named_and_lead_on(centre: Centre) -> None:
    now = datetime.now(UTC)
    begins = (now + timedelta(days=2)).replace(hour=2, minute=0, second=0, microsecond=0)
    visit = planned(centre, begins)  # at 10 in the morning, local time
    keep(centre, dict.fromkeys(range(7), DAY), since=timezone.localdate() - timedelta(days=1))
    sun = signed_in(Client(), centre.users["sun"], at=now)
    address = reverse("dispatch:hours", args=[centre.users["liu"].pk])
    assert "不在工作时间内" not in sun.get(address).content.decode()
    keep(centre, dict.fromkeys(range(7), (time(18), time(6))), since=timezone.localdate())
    page = sun.get(address).content.decode()
    assert "1 次上门不在工作时间内" in page
    assert reverse("dispatch:planned_visit", args=[visit.pk]) in page
    # The tail of a night: half past five in the morning of the day after it began.
    early = planned(centre, begins - timedelta(hours=5, minutes=30))
    assert early.pk not in {
        one.pk for one in hours_reads.outside(centre.actor("sun"), early.worker_id, at=now)
    }
