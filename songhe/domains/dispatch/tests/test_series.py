"""A bath each Thursday: every turn once, at its price, and none after it ends."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.db import transaction

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.domains.catalog.selectors import NotInCatalog
from songhe.domains.catalog.testing import make_item
from songhe.domains.dispatch import services
from songhe.domains.dispatch.models import Leave, Order, Series, WeeklyShift
from songhe.domains.dispatch.services.orders import BadWindow
from songhe.domains.dispatch.services.series import BadTimes, SeriesEnded, turns
from songhe.domains.dispatch.services.workers import BadShift, LeaveTaken
from songhe.domains.dispatch.terms import LeaveKind, OrderKind, SeriesState, Source
from songhe.domains.dispatch.tests.conftest import BEFORE, NOW, Centre
from songhe.domains.organizations import testing as organizations
from songhe.engines.booking.recurrence import BadEnd, BadPart, BadRule
from songhe.kernel.errors import Denied

TODAY = date(2026, 11, 22)
BATH = {"item_code": "test-bath", "begins": time(9), "ends": time(11), "since": TODAY}


@pytest.fixture
def bath(centre: Centre) -> str:
    return make_item(at=BEFORE)


def make(centre: Centre, actor=SYSTEM, **changes) -> Series:
    wanted = services.Wanted(**({"rule": "FREQ=WEEKLY;BYDAY=TH"} | BATH | changes))
    return services.make_series(
        actor=actor,
        person_id=centre.chen.pk,
        organization_id=centre.organization.pk,
        wanted=wanted,
        at=NOW,
    )


def days() -> list[str]:
    return [order.source_ref[-8:] for order in Order.objects.order_by("window")]


def test_each_turn_is_an_order_once_with_its_price(centre: Centre, bath: str) -> None:
    row = make(centre, note="先放好热水")
    assert days() == ["20261126", "20261203"]
    order = Order.objects.order_by("window").first()
    assert (order.gross_fen, order.item.number, order.state) == (5000, 1, "asked")
    assert order.window.lower.isoformat() == "2026-11-26T01:00:00+00:00"
    assert services.make_turns(at=NOW + timedelta(hours=1)) == 0
    assert services.make_turns(at=NOW + timedelta(days=7)) == 1
    assert days()[-1] == "20261210"
    row.refresh_from_db()
    assert row.made_until == TODAY + timedelta(days=22)


def test_a_pause_takes_back_what_is_ahead_and_going_on_brings_it_again(
    centre: Centre, bath: str
) -> None:
    row = make(centre)
    pause = {"actor": centre.actor("sun"), "series_id": row.pk, "at": NOW}
    services.set_series_state(state=SeriesState.PAUSED, **pause)
    assert set(Order.objects.values_list("state", flat=True)) == {"cancelled"}
    assert services.make_turns(at=NOW + timedelta(days=3)) == 0
    services.set_series_state(state=SeriesState.ACTIVE, **pause | {"at": NOW + timedelta(days=7)})
    assert Order.objects.filter(state="asked").count() == 2
    services.set_series_state(state=SeriesState.ENDED, **pause | {"at": NOW + timedelta(days=8)})
    assert not Order.objects.filter(state="asked").exists()
    with pytest.raises(SeriesEnded):
        services.set_series_state(state=SeriesState.ACTIVE, **pause)


def test_it_rests_on_holidays_where_that_is_wished(centre: Centre, bath: str) -> None:
    row = make(centre, rule="FREQ=DAILY", rests_on_holidays=True)
    # 1 to 7 October are the nation's days; an ordinary Sunday is none.
    Series.objects.filter(pk=row.pk).update(period=(date(2026, 9, 1), None))
    row.refresh_from_db()
    found = list(turns(row).days(date(2026, 9, 29), date(2026, 10, 12)))
    assert date(2026, 10, 1) not in found
    assert date(2026, 9, 30) in found
    assert date(2026, 10, 11) in found


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"rule": "FREQ=SECONDLY"}, BadRule),
        ({"rule": "FREQ=WEEKLY;BYDAY=XX"}, BadPart),
        ({"rule": "FREQ=DAILY;COUNT=9"}, BadPart),
        ({"rule": ""}, BadRule),
        ({"begins": time(11)}, BadTimes),
        ({"until": TODAY}, BadEnd),
        ({"item_code": "no-such"}, NotInCatalog),
    ],
)
def test_what_cannot_be_is_refused(centre: Centre, bath: str, changes, error) -> None:
    with pytest.raises(error):
        make(centre, **changes)
    assert not Series.objects.exists()
    assert not Order.objects.exists()


def test_family_may_ask_for_its_own_and_nobody_else(centre: Centre, bath: str) -> None:
    family = organizations.make_user(at=BEFORE, login="chenwei", role="family")
    actor = access.actor_for(family, NOW)
    with pytest.raises(Exception, match="does not exist"):
        make(centre, actor=actor)
    access.grant(
        actor=SYSTEM,
        user=family,
        subject_type="people.Person",
        subject_id=centre.chen.pk,
        purpose="family",
        field_classes=["identity"],
        source="test",
        at=BEFORE,
    )
    assert make(centre, actor=access.actor_for(family, NOW)).state == "active"
    with pytest.raises((Denied, Exception)), transaction.atomic():
        make(centre, actor=centre.actor("liu"))
    assert Series.objects.count() == 1


def test_a_service_needs_its_time_and_its_item(centre: Centre, bath: str) -> None:
    given = {
        "actor": SYSTEM,
        "kind": OrderKind.SERVICE,
        "source": Source.WISH,
        "person_id": centre.chen.pk,
        "at": NOW,
    }
    with pytest.raises(BadWindow):
        services.make_order(item_code=bath, **given)
    with pytest.raises(BadWindow):
        services.make_order(item_code=bath, window=(NOW - timedelta(1), NOW), **given)
    later = (NOW + timedelta(hours=1), NOW + timedelta(hours=2))
    assert services.make_order(item_code=bath, window=later, **given).gross_fen == 5000
    assert Order.objects.count() == 1


def test_shifts_hold_from_a_day_on_and_leave_is_once(centre: Centre) -> None:
    liu = centre.users["liu"].pk
    admin = organizations.make_user(at=BEFORE, login="boss", role="admin")
    actor = access.actor_for(admin, NOW)
    given = {"actor": actor, "worker_id": liu, "weekday": 3, "at": NOW}
    services.set_shift(begins=time(8), ends=time(17), since=TODAY, **given)
    services.set_shift(begins=time(9), ends=time(12), since=TODAY + timedelta(7), **given)
    rows = WeeklyShift.objects.order_by("period").values_list("begins", "period")
    assert [(row[0], row[1].upper) for row in rows] == [
        (time(8), TODAY + timedelta(7)),
        (time(9), None),
    ]
    services.set_shift(begins=None, ends=None, since=TODAY + timedelta(14), **given)
    assert not WeeklyShift.objects.filter(period__endswith__isnull=True).exists()
    with pytest.raises(BadShift):
        services.set_shift(begins=time(9), ends=time(9), since=TODAY, **given)
    with pytest.raises(Denied):
        services.set_shift(
            begins=time(9), ends=time(12), since=TODAY, **given | {"actor": centre.actor("liu")}
        )
    leave = {"actor": actor, "worker_id": liu, "kind": LeaveKind.ILL, "at": NOW}
    services.take_leave(begins_at=NOW, ends_at=NOW + timedelta(days=2), **leave)
    with pytest.raises(LeaveTaken):
        services.take_leave(begins_at=NOW + timedelta(1), ends_at=NOW + timedelta(3), **leave)
    assert Leave.objects.count() == 1
