"""Who comes to see a home: booked once in her office hours, moved, called off, let go."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.base.audit.models import AuditEntry
from songhe.base.subjects import collecting
from songhe.domains.dispatch import services as dispatch
from songhe.domains.dispatch.models import Order, Visit
from songhe.domains.dispatch.services.visits import WorkerBooked
from songhe.domains.dispatch.terms import LeaveKind, OrderKind, Source
from songhe.domains.dispatch.testing import make_worker
from songhe.domains.homecare import services, testing, visit_reads, whom_reads
from songhe.domains.homecare.models import HomeBed
from songhe.domains.homecare.services.common import BedIsOver
from songhe.domains.homecare.services.visiting import (
    NothingArranged,
    NotOfTheProvider,
    VisitIsPast,
    WithSomebodyElse,
)
from songhe.domains.homecare.terms import Basis, Purpose
from songhe.domains.homecare.tests.conftest import BEFORE, NOW, County, make_county
from songhe.domains.organizations.testing import make_user
from songhe.domains.people import testing as people
from songhe.engines.booking.models import Booking
from songhe.engines.booking.refusals import Closed, Taken
from songhe.kernel.errors import Denied, NotFound
from tests.support.racing import race

RIVAL = "songhe.domains.homecare.tests.rival"
TUESDAY = datetime(2026, 11, 24, 2, tzinfo=UTC)  # 10 o'clock in the install's place


def another_bed(county: County) -> HomeBed:
    home, _rooms = people.make_home(at=NOW, address="另一处")
    wang = people.make_person(at=NOW, home=home, name="王桂英")
    return testing.make_bed(
        person_id=wang.pk, organization_id=county.organization.pk, at=NOW, state="applied"
    )


def arrange(county: County, bed: HomeBed, begins_at: datetime, **given) -> UUID:
    told = {
        "actor": county.actor("manager"),
        "purpose": Purpose.ASSESS,
        "visitor_id": county.users["manager"].pk,
        "at": NOW,
    }
    return services.arrange_visit(bed_id=bed.pk, begins_at=begins_at, **(told | given))


def standing(bed: HomeBed, purpose: Purpose = Purpose.ASSESS) -> tuple[str, datetime] | None:
    found = visit_reads.visits_of(bed, at=NOW).get(purpose.value)
    return (found.visitor, found.span.begins) if found else None


def test_an_appointment_stands_in_her_copy(county: County) -> None:
    bed = county.bed("applied")
    arrange(county, bed, TUESDAY)
    hers = collecting.collect(county.chen.pk)
    [kept] = json.loads(json.dumps(hers))["booking_booking"]
    assert TUESDAY.isoformat()[:16] in str(kept)


def test_one_comes_to_one_home_at_a_time(county: County) -> None:
    bed, other = county.bed("applied"), another_bed(county)
    first = arrange(county, bed, TUESDAY)
    with pytest.raises(Taken) as refused:
        arrange(county, other, TUESDAY + timedelta(minutes=30))
    assert refused.value.bookings == (first,)
    assert standing(other) is None
    sun = county.users["sun"]
    arrange(county, other, TUESDAY + timedelta(minutes=30), visitor_id=sun.pk)
    assert standing(other) == (sun.display_name, TUESDAY + timedelta(minutes=30))
    # It is moved, not booked once more: to a time that is free for who comes.
    later = TUESDAY + timedelta(hours=3)
    assert arrange(county, bed, later) == first
    assert standing(bed) == (county.users["manager"].display_name, later)
    with pytest.raises(Taken):
        arrange(county, bed, TUESDAY, visitor_id=sun.pk)
    assert standing(bed) == (county.users["manager"].display_name, later)
    assert Booking.objects.count() == 2
    noted = AuditEntry.objects.filter(action="homecare.assess", detail__has_key="visitor")
    assert noted.count() == 3


@pytest.mark.parametrize(
    ("begins_at", "error"),
    [
        (NOW - timedelta(hours=1), VisitIsPast),
        (TUESDAY - timedelta(hours=3), Closed),  # 7 o'clock
        (datetime(2026, 11, 28, 2, tzinfo=UTC), Closed),  # a Saturday
        (datetime(2026, 10, 1, 2, tzinfo=UTC), VisitIsPast),
        (datetime(2026, 11, 24, 9, tzinfo=UTC), Closed),  # until 18 o'clock
    ],
)
def test_visits_are_arranged_ahead_and_in_office_hours(
    county: County, begins_at: datetime, error: type[Exception]
) -> None:
    bed = county.bed("applied")
    with pytest.raises(error):
        arrange(county, bed, begins_at)
    assert not Booking.objects.exists()


def test_who_may_assess_or_fit_arranges_and_nobody_else(county: County) -> None:
    bed = county.bed("applied")
    for login in ("sun", "keeper", "qian", "wu"):
        with pytest.raises((Denied, NotFound)):
            arrange(county, bed, TUESDAY, actor=county.actor(login))
    with pytest.raises(NotOfTheProvider):
        arrange(county, bed, TUESDAY, visitor_id=county.chen.pk)
    assert not Booking.objects.exists()
    keeper = county.users["keeper"]
    given = {"actor": county.actor("keeper"), "visitor_id": keeper.pk}
    arrange(county, bed, TUESDAY, purpose=Purpose.FIT, **given)
    assert standing(bed, Purpose.FIT) == (keeper.display_name, TUESDAY)


def test_who_comes_reads_to_whom_and_where_until_the_visit_is_over(county: County) -> None:
    bed = county.bed("fitting")

    def sees(login: str, at: datetime = NOW) -> tuple[str, bool]:
        """Return what somebody reads above the forms of the bed."""
        found = whom_reads.whom(county.actor(login, at), bed, today=date(2026, 11, 22))
        return (found.name, bool(found.address)) if found else ("", False)

    closed, opened = ("陈＊＊", False), ("陈秀兰", True)
    county.users["liu"] = make_user(
        at=BEFORE, login="liu", role="worker", organization=county.organization
    )
    assert sees("keeper") == closed
    keeper = {"actor": county.actor("keeper"), "purpose": Purpose.FIT}
    arrange(county, bed, TUESDAY, visitor_id=county.users["keeper"].pk, **keeper)
    assert sees("keeper") == opened
    assert sees("keeper", TUESDAY + timedelta(days=1)) == closed
    # Another one goes: she reads it, who was to go does not any more.
    arrange(county, bed, TUESDAY, visitor_id=county.users["liu"].pk, **keeper)
    assert (sees("keeper"), sees("liu")) == (closed, opened)
    services.call_off_visit(bed_id=bed.pk, at=NOW, **keeper)
    assert sees("liu") == closed


def test_a_visit_that_nobody_needs_any_more_is_let_go(county: County) -> None:
    bed = county.bed("applied")
    manager = county.actor("manager")
    off = {"actor": manager, "bed_id": bed.pk, "purpose": Purpose.ASSESS, "at": NOW}
    with pytest.raises(NothingArranged):
        services.call_off_visit(**off)
    arrange(county, bed, TUESDAY)
    services.call_off_visit(**off)
    assert standing(bed) is None
    arrange(county, bed, TUESDAY)
    services.assess(
        actor=SYSTEM,
        bed_id=bed.pk,
        visited_on=date(2026, 11, 22),
        level=2,
        basis=Basis.CERTIFICATE,
        needs=[],
        words="评估机构已评。",
        at=NOW,
    )
    assert standing(bed) is None
    arrange(county, bed, TUESDAY, purpose=Purpose.FIT)
    services.end_bed(actor=SYSTEM, bed_id=bed.pk, reason="搬家", at=NOW)
    assert standing(bed, Purpose.FIT) is None
    with pytest.raises(BedIsOver):
        arrange(county, bed, TUESDAY)
    assert set(Booking.objects.values_list("state", flat=True)) == {"released"}


def test_the_page_says_who_is_free_and_what_is_in_the_way(county: County) -> None:
    now = timezone.now()
    bed, other = county.bed("applied"), another_bed(county)
    client = Client()
    boss = county.users["manager"]
    client.force_login(boss, backend="django.contrib.auth.backends.ModelBackend")
    days = visit_reads.office_hours().days
    day = next(days.days(timezone.localdate(now) + timedelta(days=1), date(2030, 1, 1)))
    assert "08:30–17:30" in client.get(f"/beds/{bed.pk}/assess/visit/").content.decode()
    given = {"visitor": str(boss.pk), "day": day.isoformat(), "begins": "10:00"}
    answer = client.post(f"/beds/{bed.pk}/assess/visit/", given)
    assert (answer.status_code, answer.url) == (302, f"/beds/{bed.pk}/")
    page = client.get(f"/beds/{bed.pk}/").content.decode()
    assert "10:00–11:00" in page
    assert "calendar-x" in page or "取消" in page
    refused = client.post(f"/beds/{other.pk}/assess/visit/", given | {"begins": "10:30"})
    assert refused.status_code == 422
    shown = refused.content.decode()
    assert "10:00–11:00" in shown  # in the way
    assert "11:00–17:30" in shown  # free
    early = client.post(f"/beds/{other.pk}/assess/visit/", given | {"begins": "06:00"})
    assert early.status_code == 422
    client.post(f"/beds/{bed.pk}/assess/visit/off/")
    assert "10:00–11:00" not in client.get(f"/beds/{bed.pk}/").content.decode()
    begins = datetime.combine(day, time(10), timezone.get_default_timezone())
    assert [row.period.lower for row in Booking.objects.all()] == [begins]


def worker_of(county: County, login: str = "liu") -> User:
    return make_worker(centre=county.organization, login=login, at=NOW)


def ordered(county: County, begins_at: datetime) -> Order:
    return dispatch.make_order(
        actor=SYSTEM,
        kind=OrderKind.SERVICE,
        source=Source.WISH,
        person_id=county.chen.pk,
        item_code="test-bath",
        window=(begins_at, begins_at + timedelta(hours=2)),
        at=NOW,
    )


def plan_visit(county: County, worker: User, begins_at: datetime) -> Visit:
    """Let the week have a worker go to Grandma Chen for an hour."""
    return dispatch.plan_visit(
        actor=SYSTEM,
        order_id=ordered(county, begins_at).pk,
        worker_id=worker.pk,
        begins_at=begins_at,
        ends_at=begins_at + timedelta(hours=1),
        at=NOW,
    )


def test_who_is_planned_elsewhere_is_not_booked(county: County) -> None:
    bed, liu = county.bed("applied"), worker_of(county)
    plan_visit(county, liu, TUESDAY)
    with pytest.raises(WithSomebodyElse) as refused:
        arrange(county, bed, TUESDAY - timedelta(minutes=30), visitor_id=liu.pk)
    assert refused.value.params["times"] == "11-24 10:00–11:00"
    assert (standing(bed), Booking.objects.count()) == (None, 0)
    # What is offered leaves it out; after it she is free, and then not for the week's plan.
    night = TUESDAY - timedelta(hours=9)
    [line] = visit_reads.free_lines([(liu.pk, "liu")], Purpose.ASSESS, at=night)
    assert [one[6:] for one in line.times[:2]] == ["08:30–10:00", "11:00–17:30"]
    arrange(county, bed, TUESDAY + timedelta(hours=1), visitor_id=liu.pk)
    with pytest.raises(WorkerBooked):
        plan_visit(county, liu, TUESDAY + timedelta(minutes=90))
    assert Visit.objects.count() == 1


def test_who_is_on_leave_is_not_booked(county: County) -> None:
    bed, liu = county.bed("applied"), worker_of(county)
    dispatch.take_leave(
        actor=SYSTEM, worker_id=liu.pk, kind=LeaveKind.ILL,
        begins_at=TUESDAY, ends_at=TUESDAY + timedelta(days=1), at=NOW,
    )  # fmt: skip
    with pytest.raises(WithSomebodyElse):
        arrange(county, bed, TUESDAY, visitor_id=liu.pk)
    assert standing(bed) is None


@pytest.mark.django_db(transaction=True)
def test_plan_and_booking_at_the_same_moment_do_not_both_stand() -> None:
    """Real processes: one moves a bed's visit from hour to hour, the other plans at the same."""
    county = make_county()
    bed, liu = county.bed("applied"), worker_of(county)
    begins = [(TUESDAY + timedelta(days=day)).isoformat() for day in (0, 1, 2, 6, 7, 8)]
    ask = {"worker": str(liu.pk), "begins": begins, "at": NOW.isoformat()}
    friday = (TUESDAY + timedelta(days=3)).isoformat()  # nobody else wants it
    race(
        f"{RIVAL}:take",
        [
            {**ask, "how": "plan", "what": str(ordered(county, TUESDAY).pk)},
            {**ask, "how": "book", "what": str(bed.pk), "begins": [friday, *begins[::-1]]},
        ],
    )
    booked = [(one.period.lower, one.period.upper) for one in Booking.objects.all()]
    assert len(booked) == 1
    assert Visit.objects.filter(worker=liu).exists()
    assert not Visit.objects.filter(worker=liu, period__overlap=booked[0]).exists()
