"""A week planned: what the planner is given, what becomes of its answer, what stays as it was."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.domains.catalog.testing import make_draft, make_item
from songhe.domains.dispatch import planning, services
from songhe.domains.dispatch.models import Order, Visit, WeekPlan
from songhe.domains.dispatch.params import params
from songhe.domains.dispatch.services.plans import PlanGoesOn
from songhe.domains.dispatch.terms import LeaveKind, OrderKind, PlanAim, Source
from songhe.domains.dispatch.tests.conftest import BEFORE, NOW, Centre
from songhe.domains.organizations import services as organizations
from songhe.domains.organizations.models import Staff
from songhe.domains.people import testing as people
from songhe.engines import routing

MONDAY = date(2026, 11, 23)
ZONE = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)


def local(day: int, hour: float) -> datetime:
    """Return a clock time of a day of the week, 0 is Monday."""
    clock = time(int(hour), round(hour % 1 * 60))
    return datetime.combine(MONDAY + timedelta(days=day), clock, ZONE)


@pytest.fixture
def item(centre: Centre) -> str:
    return make_item(at=BEFORE, draft=make_draft(requires=(), duration_minutes=60))


def work(centre: Centre, *logins: str, days=range(5), begins=8, ends=17) -> None:
    for login in logins:
        for day in days:
            services.set_shift(
                actor=SYSTEM,
                worker_id=centre.users[login].pk,
                weekday=day,
                begins=time(begins),
                ends=time(ends),
                since=MONDAY - timedelta(days=7),
                at=BEFORE,
            )


def order(centre: Centre, item: str, day: int, begins: float, ends: float, **more) -> Order:
    return services.make_order(
        actor=SYSTEM,
        kind=OrderKind.SERVICE,
        source=Source.WISH,
        person_id=more.pop("person", centre.chen).pk,
        item_code=item,
        window=(local(day, begins), local(day, ends)),
        at=NOW,
        **more,
    )


def plan(centre: Centre, at: datetime = NOW) -> WeekPlan:
    row = services.ask_plan(
        actor=centre.actor("sun"), organization_id=centre.organization.pk, day=MONDAY, at=at
    )
    run(row, at)
    row.refresh_from_db()
    return row


def run(row: WeekPlan, at: datetime = NOW, **more) -> str:
    given = {"clock": lambda: at, "should_end": lambda: False} | more
    return services.run_plan(plan_id=row.pk, **given)


def drafts() -> list[tuple[str, datetime]]:
    rows = Visit.objects.filter(state="planned").order_by("period")
    return [(row.worker.login, row.period.lower) for row in rows.select_related("worker")]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Search for a second: these weeks have a handful of visits."""
    monkeypatch.setitem(params()["planning"], "base_s", 0.5)
    monkeypatch.setitem(params()["planning"], "repair_s", 1)


def test_minute_zero_is_the_local_midnight_of_monday(centre: Centre, item: str) -> None:
    week = planning.Week(centre.organization.pk, MONDAY)
    assert week.zero == datetime(2026, 11, 22, 16, tzinfo=UTC)
    assert week.minute(local(0, 0)) == 0
    assert week.minute(local(1, 8.5)) == 1440 + 510
    assert week.minute(week.zero - timedelta(seconds=1)) == -1
    assert week.at(1440 + 510) == local(1, 8.5)
    # The last hours of Sunday are Sunday's, though in UTC it is Sunday from 16:00 of Saturday on.
    late = order(centre, item, 6, 22, 23.5)
    first = order(centre, item, 0, 0, 1)
    order(centre, item, 7, 0, 1)
    assert [one.pk for one in planning.orders_of(week)] == [first.pk, late.pk]
    work(centre, "liu", begins=8)
    task = planning.new_week(week, at=NOW)
    [worker] = [one for one in task.instance.workers if one.shifts]
    assert (worker.shifts[0].start, worker.shifts[0].end) == (480, 1020)
    windows = {visit.id: visit.windows for visit in task.instance.visits}
    assert windows[str(late.pk)] == ((6 * 1440 + 22 * 60, 6 * 1440 + 23 * 60 + 30),)


def test_where_clocks_are_put_back_a_week_has_an_hour_more(
    centre: Centre, item: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sunday 25 October 2026 has 25 hours in Berlin: its 8 o'clock comes an hour later."""
    berlin = ZoneInfo("Europe/Berlin")
    monkeypatch.setattr(timezone, "get_default_timezone", lambda: berlin)
    week = planning.Week(centre.organization.pk, date(2026, 10, 19))
    assert week.until - week.zero == timedelta(days=7, hours=1)
    services.set_shift(
        actor=SYSTEM, worker_id=centre.users["liu"].pk, weekday=6, begins=time(8), ends=time(17),
        since=week.monday, at=BEFORE,
    )  # fmt: skip
    task = planning.new_week(week, at=NOW)
    [shift] = [shift for one in task.instance.workers for shift in one.shifts]
    assert week.at(shift.start) == datetime(2026, 10, 25, 8, tzinfo=berlin)
    assert shift.start == 6 * 1440 + 480 + 60


def test_nothing_is_planned_outside_shifts_and_leave(centre: Centre, item: str) -> None:
    work(centre, "liu", days=[0, 1], begins=8, ends=12)
    work(centre, "ma", days=[1], begins=8, ends=17)
    services.take_leave(
        actor=SYSTEM,
        worker_id=centre.users["ma"].pk,
        kind=LeaveKind.TAUGHT,
        begins_at=local(1, 8),
        ends_at=local(1, 14),
        at=NOW,
    )
    order(centre, item, 0, 9, 16)
    order(centre, item, 1, 8, 10)
    order(centre, item, 1, 13, 15)
    order(centre, item, 2, 9, 16)
    late = order(centre, item, 0, 16, 17)
    row = plan(centre)
    assert row.state == "done", row.trouble
    found = drafts()
    assert [login for login, _at in found] == ["liu", "liu", "ma"]
    assert local(0, 9) <= found[0][1] <= local(0, 11)
    assert local(1, 8) <= found[1][1] <= local(1, 10)
    assert local(1, 14) <= found[2][1] <= local(1, 15)
    assert row.unserved[str(late.pk)]["reason"] == "no_one_in_window"
    assert len(row.unserved) == 2
    assert row.figures["served"] == 3


def test_papers_wishes_and_who_usually_comes_count(centre: Centre) -> None:
    bath = make_item(at=BEFORE, draft=make_draft(requires=("bathing",)))
    work(centre, "liu", "ma", "gao")
    week = planning.Week(centre.organization.pk, MONDAY)
    order(centre, bath, 0, 9, 11)
    row = plan(centre)
    assert [one["reason"] for one in row.unserved.values()] == ["no_skill"]
    assert not Visit.objects.exists()
    for login in ("liu", "ma"):
        staff = Staff.objects.get(user=centre.users[login])
        organizations.add_qualification(
            actor=SYSTEM,
            staff_id=staff.pk,
            code="bathing",
            issued_on=BEFORE.date() - timedelta(days=90),
            valid_until=None,
            at=BEFORE,
        )
    task = planning.new_week(week, at=NOW)
    assert {one.id for one in task.instance.workers if "bathing" in one.skills} == {
        str(centre.users[login].pk) for login in ("liu", "ma")
    }


def test_an_order_without_a_place_is_put_aside_with_its_reason(centre: Centre, item: str) -> None:
    home, _rooms = people.make_home(at=BEFORE, lat=None, lon=None, address="无处 1 号")
    lost = people.make_person(at=BEFORE, home=home, name="无处")
    work(centre, "liu")
    aside = order(centre, item, 0, 9, 11, person=lost)
    row = plan(centre)
    assert row.asides == {str(aside.pk): "no_place"}
    aside.refresh_from_db()
    assert aside.state == "asked"


def test_drafts_are_replaced_and_not_doubled(centre: Centre, item: str) -> None:
    work(centre, "liu", "ma")
    for day in range(3):
        order(centre, item, day, 9, 11)
    assert plan(centre).state == "done"
    first = set(Visit.objects.values_list("pk", flat=True))
    assert {one.state for one in Order.objects.all()} == {"planned"}
    assert plan(centre).state == "done"
    second = set(Visit.objects.values_list("pk", flat=True))
    assert len(first) == len(second) == 3
    assert not first & second
    Order.objects.first()
    gone = Order.objects.order_by("window").first()
    services.cancel_order(actor=centre.actor("sun"), order_id=gone.pk, reason="不要了", at=NOW)
    plan(centre)
    assert Visit.objects.filter(state="planned").count() == 2


def test_drafts_are_not_the_workers_to_see_and_told_once(centre: Centre, item: str) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    from songhe.base.access.models import Grant
    from songhe.base.events.models import OutboxEvent
    from songhe.base.notify.models import Notice
    from songhe.domains.dispatch import selectors

    work(centre, "liu")
    for day in range(3):
        order(centre, item, day, 9, 11)
    plan(centre)
    liu = centre.actor("liu")
    assert selectors.my_visits(liu, local(0, 0), local(7, 0)) == []
    assert selectors.orders_of_person(liu, centre.chen.pk) == []
    assert not Grant.objects.filter(purpose="visit").exists()
    given = {"actor": centre.actor("sun"), "organization_id": centre.organization.pk, "day": MONDAY}
    assert services.publish_week(at=NOW, **given) == 3
    assert services.publish_week(at=NOW, **given) == 0
    heard = OutboxEvent.objects.filter(name="dispatch.VisitMoved")
    assert {one.payload["visit_id"] for one in heard} == {
        str(pk) for pk in Visit.objects.values_list("pk", flat=True)
    }
    jobs = ProcrastinateJob.objects.filter(task_name="events.deliver")
    ids = {str(one.pk) for one in heard}
    handlers = [one.args["handler"] for one in jobs if one.args["event_id"] in ids]
    assert len(handlers) == 3 * len(set(handlers)) > 0
    assert Grant.objects.filter(purpose="visit", user=centre.users["liu"]).count() == 3
    assert Notice.objects.filter(user=centre.users["liu"]).count() == 1
    assert len(selectors.my_visits(centre.actor("liu"), local(0, 0), local(7, 0))) == 3
    last = Visit.objects.order_by("period").last()
    grant = Grant.objects.get(source=f"dispatch.Visit/{last.pk}")
    assert grant.period.upper == last.period.upper + timedelta(hours=2)


def test_what_was_told_stays_where_it_is(centre: Centre, item: str) -> None:
    work(centre, "liu", "ma")
    told = order(centre, item, 0, 9, 11)
    services.plan_visit(
        actor=centre.actor("sun"), order_id=told.pk, worker_id=centre.users["ma"].pk,
        begins_at=local(0, 10), ends_at=local(0, 11), at=NOW,
    )  # fmt: skip
    services.tell_visit(visit_id=Visit.objects.get().pk, at=NOW)
    for _n in range(4):
        order(centre, item, 0, 9, 10.5)
    row = plan(centre)
    stay = Visit.objects.get(state="told")
    assert (stay.worker.login, stay.period.lower) == ("ma", local(0, 10))
    assert Visit.objects.filter(order=told).count() == 1
    assert row.reasons[str(told.pk)][0]["why"][0] == "pinned"
    assert Visit.objects.filter(state="planned").count() == row.figures["served"] - 1 == 3


def test_a_told_visit_that_breaks_a_rule_by_now_still_holds_its_time(
    centre: Centre, item: str
) -> None:
    work(centre, "liu", days=[1])
    told = order(centre, item, 0, 9, 11)
    services.plan_visit(
        actor=centre.actor("sun"), order_id=told.pk, worker_id=centre.users["liu"].pk,
        begins_at=local(0, 10), ends_at=local(0, 11), at=NOW,
    )  # fmt: skip
    services.tell_visit(visit_id=Visit.objects.get().pk, at=NOW)
    order(centre, item, 1, 9, 11)
    row = plan(centre)
    assert row.state == "done"
    assert row.asides == {str(told.pk): ""}
    assert Visit.objects.get(state="told").period.lower == local(0, 10)
    assert drafts()[0][0] == "liu"


def test_one_plan_of_a_week_at_a_time_and_it_can_be_stopped(centre: Centre, item: str) -> None:
    work(centre, "liu")
    order(centre, item, 0, 9, 11)
    given = {"actor": centre.actor("sun"), "organization_id": centre.organization.pk}
    row = services.ask_plan(day=MONDAY, at=NOW, **given)
    with pytest.raises(PlanGoesOn):
        services.ask_plan(day=MONDAY + timedelta(days=3), at=NOW, **given)
    assert WeekPlan.objects.count() == 1
    services.stop_plan(actor=centre.actor("sun"), plan_id=row.pk, at=NOW)
    assert run(row) == "cancelled"
    assert not Visit.objects.exists()

    running = services.ask_plan(day=MONDAY, at=NOW, **given)
    ticks = iter(range(1000))

    def clock() -> datetime:  # somebody presses stop while the search goes on
        tick = next(ticks)
        if tick == 5:
            services.stop_plan(actor=centre.actor("sun"), plan_id=running.pk, at=NOW)
        return NOW + timedelta(seconds=tick)

    assert run(running, clock=clock) == "cancelled"
    assert not Visit.objects.exists()
    assert Order.objects.get().state == "asked"


def test_a_process_that_ends_leaves_the_plan_to_the_next(centre: Centre, item: str) -> None:
    work(centre, "liu")
    order(centre, item, 0, 9, 11)
    row = services.ask_plan(
        actor=centre.actor("sun"), organization_id=centre.organization.pk, day=MONDAY, at=NOW
    )
    with pytest.raises(services.Interrupted):
        run(row, should_end=lambda: True)
    row.refresh_from_db()
    assert row.state == "running"
    assert not Visit.objects.exists()
    assert run(row) == "done"
    assert Visit.objects.count() == 1
    other = services.ask_plan(
        actor=centre.actor("sun"), organization_id=centre.organization.pk, day=MONDAY, at=NOW
    )
    with pytest.raises(services.Interrupted):
        run(other, should_end=lambda: True, is_last=True)
    other.refresh_from_db()
    assert (other.state, other.trouble) == ("failed", "broken")
    assert Visit.objects.count() == 1


def test_what_a_planner_wants_more_of_is_what_the_search_pays_for(
    centre: Centre, item: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(centre, "liu")
    order(centre, item, 0, 9, 11)
    paid: list[float] = []
    propose = routing.propose

    def seen(instance: routing.Instance, **given: object) -> routing.Plan:
        paid.append(instance.weights.stranger)
        return propose(instance, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(routing, "propose", seen)
    given = {"actor": centre.actor("sun"), "organization_id": centre.organization.pk}
    for aim in (PlanAim.FACES, PlanAim.WAYS):
        row = services.ask_plan(day=MONDAY, at=NOW, aim=aim, **given)
        assert run(row) == "done"
        assert WeekPlan.objects.get(pk=row.pk).aim == aim
    usual = routing.usual_weights().stranger
    assert paid == [params()["planning"]["aims"]["faces"]["stranger"], usual]
    assert paid[0] > paid[1]


def test_who_may_not_plan_asks_for_nothing(centre: Centre, item: str) -> None:
    from songhe.kernel.errors import Denied

    for login in ("wu", "liu"):
        with pytest.raises(Denied):
            services.ask_plan(
                actor=centre.actor(login), organization_id=centre.organization.pk,
                day=MONDAY, at=NOW,
            )  # fmt: skip
        with pytest.raises(Denied):
            services.publish_week(
                actor=centre.actor(login), organization_id=centre.organization.pk,
                day=MONDAY, at=NOW,
            )  # fmt: skip
    assert not WeekPlan.objects.exists()
    assert access.actor_for(centre.users["sun"], NOW).may("dispatch.plan_visits")
