"""Who is asked at night: shifts over midnight, leave, and how far a rescue is."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from songhe.base.access.actor import SYSTEM
from songhe.domains.dispatch import helpers, services
from songhe.domains.dispatch.duty import Duty, duties
from songhe.domains.dispatch.models import Offer, Order, WeeklyShift
from songhe.domains.dispatch.planning.making import _by_day
from songhe.domains.dispatch.rescue_reads import stages
from songhe.domains.dispatch.services.workers import BadShift, ShiftTaken
from songhe.domains.dispatch.terms import LeaveKind
from songhe.domains.dispatch.testing import stand, tell, told
from songhe.domains.dispatch.tests.conftest import HOME, NOW, Centre
from songhe.domains.dispatch.tests.test_rescue import answer, send

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 11, 16)


def shift(centre: Centre, login: str, weekday: int, begins: time, ends: time) -> None:
    services.set_shift(
        actor=SYSTEM, worker_id=centre.users[login].pk, weekday=weekday, begins=begins, ends=ends,
        since=MONDAY, at=NOW,
    )  # fmt: skip


def test_a_night_lasts_until_the_next_morning(centre: Centre) -> None:
    shift(centre, "liu", 6, time(22), time(6))  # the night from Sunday to Monday
    row = WeeklyShift.objects.get()
    assert row.is_overnight
    sunday = date(2026, 11, 22)
    begins, ends = row.on(sunday)
    assert (begins.date(), ends.date()) == (sunday, sunday + timedelta(1))
    assert row.on(sunday + timedelta(1)) is None
    pk, ours = centre.users["liu"].pk, centre.organization.pk
    clock = {
        datetime(2026, 11, 22, 21, 59, tzinfo=SHANGHAI): Duty.OFF,
        datetime(2026, 11, 22, 22, tzinfo=SHANGHAI): Duty.ON,
        datetime(2026, 11, 23, 5, 59, tzinfo=SHANGHAI): Duty.ON,
        datetime(2026, 11, 23, 6, tzinfo=SHANGHAI): Duty.OFF,
    }
    assert {at: duties(ours, [pk], at=at)[pk] for at in clock} == clock


def test_a_night_meets_no_other_shift(centre: Centre) -> None:
    shift(centre, "liu", 0, time(22), time(6))
    with pytest.raises(ShiftTaken):
        shift(centre, "liu", 1, time(5), time(13))
    shift(centre, "liu", 1, time(6), time(13))
    with pytest.raises(ShiftTaken):
        shift(centre, "liu", 6, time(21), time(22, 30)) or shift(
            centre, "liu", 0, time(22), time(6, 30)
        )
    with pytest.raises(BadShift):
        shift(centre, "liu", 3, time(8), time(8))


def test_the_week_is_planned_with_its_nights_cut_at_midnight() -> None:
    rest = {"earliest": 660, "latest": 840, "minutes": 30}
    night = _by_day(22 * 60, 30 * 60, rest)
    assert [(one.start, one.end, one.breaks) for one in night] == [
        (1320, 1440, ()),
        (1440, 1800, ()),
    ]
    # What began on the Sunday before, and what ends after the week.
    assert [(one.start, one.end) for one in _by_day(-120, 360, rest)] == [(0, 360)]
    last = 7 * 1440
    assert [(one.start, one.end) for one in _by_day(last - 60, last + 300, rest)] == [
        (last - 60, last)
    ]
    [day] = _by_day(480, 1020, rest)
    assert [(one.earliest, one.latest) for one in day.breaks] == [(660, 840)]


def test_on_duty_comes_first_and_who_is_on_leave_is_not_asked_by_the_chain(
    centre: Centre,
) -> None:
    """NOW is in the morning of a Sunday, local time."""
    for login, away in (("liu", 0.001), ("ma", 0.01), ("gao", 0.02)):
        stand(centre.users[login], HOME[0] + away, HOME[1], at=NOW)
    weekday = NOW.astimezone(SHANGHAI).weekday()
    shift(centre, "gao", weekday, time(8), time(20))
    services.take_leave(
        actor=SYSTEM, worker_id=centre.users["liu"].pk, kind=LeaveKind.ILL,
        begins_at=NOW - timedelta(hours=3), ends_at=NOW + timedelta(hours=9), at=NOW,
    )  # fmt: skip
    order = send(centre, centre.alarm(), "ma").order
    found = helpers.near(helpers.where_of(order), at=NOW)
    assert [(one.name, one.duty) for one in found] == [
        ("gao", Duty.ON), ("ma", Duty.OFF), ("liu", Duty.AWAY),
    ]  # fmt: skip
    assert [bool(one.off) for one in found] == [False, True, True]
    at = NOW
    for _ in range(4):
        at += timedelta(seconds=60)
        services.run_due_offers(at=at)
    asked = Offer.objects.order_by("sent_at").values_list("worker__login", flat=True)
    assert list(asked) == ["ma", "gao"]


def test_a_provider_that_keeps_no_shifts_says_nothing(centre: Centre) -> None:
    pk = centre.users["liu"].pk
    assert duties(centre.organization.pk, [pk], at=NOW) == {pk: Duty.UNKNOWN}


def test_the_stage_says_who_is_not_heard_of(centre: Centre) -> None:
    stand(centre.users["liu"], HOME[0] + 0.03, HOME[1], at=NOW)
    answer(centre, "liu", send(centre, centre.alarm()))
    order = Order.objects.get()

    def stage(minutes: float):
        return stages([order], at=NOW + timedelta(minutes=minutes))[order.pk]

    assert (stage(1).kind, stage(1).late, stage(1).words) == ("coming", False, "liu 前往")
    assert (stage(4).late, stage(4).words) == (True, "liu 已接下，但还没有出发")
    visit = order.visits.get()
    off = NOW + timedelta(minutes=5)
    tell(centre.users["liu"], [told(visit.pk, "set_off", off)], at=off)
    assert not stage(6).late
    assert stage(6).eta is not None
    assert (stage(90).late, stage(90).eta) == (True, None)
    sun = centre.actor("sun", NOW + timedelta(minutes=90))
    at = NOW + timedelta(minutes=90)
    second = services.send(actor=sun, order_id=order.pk, worker_id=centre.users["ma"].pk, at=at)
    answer(centre, "ma", second, at=at + timedelta(seconds=9))
    both = stage(91)
    assert not both.late
    assert [one.name for one in both.goers] == ["ma", "liu"]
