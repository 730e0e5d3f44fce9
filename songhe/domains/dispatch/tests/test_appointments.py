"""A worker's appointments that are booked elsewhere: nothing is planned or offered over them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.translation import override

from songhe.base.access.actor import SYSTEM
from songhe.domains.dispatch import plan_changes, planning, selectors, services
from songhe.domains.dispatch.free import Wanted, free_for
from songhe.domains.dispatch.models import Visit
from songhe.domains.dispatch.services import BreaksRules
from songhe.domains.dispatch.services.visits import WorkerBooked
from songhe.domains.dispatch.terms import LeaveKind
from songhe.domains.dispatch.tests.conftest import NOW, Centre
from songhe.domains.dispatch.tests.test_moves import move, put, stand
from songhe.domains.dispatch.tests.test_week import (  # noqa: F401
    MONDAY,
    drafts,
    item,
    local,
    order,
    plan,
    quick,
    run,
    work,
)
from songhe.engines.booking import services as booking
from songhe.engines.booking import times
from songhe.engines.booking.terms import Span
from songhe.engines.booking.wishes import Wish


def appoint(centre: Centre, login: str, begins: float, ends: float, *, day: int = 0):
    """Book a worker's time as a room above does: another kind of resource, another holder."""
    resource = booking.set_resource(
        kind="test.hours", ref=times.ref_of(centre.users[login].pk), at=NOW
    )
    wish = Wish(
        resource_id=resource,
        span=Span(local(day, begins), local(day, ends)),
        holder="test.Home/1",
        kind="see",
        key=f"{login} {day} {begins}",
    )
    return booking.book(actor=SYSTEM, wish=wish, at=NOW)


def said_of(centre: Centre, refused, what, begins) -> list[str]:
    found = refused.value
    with override("en"):
        return plan_changes.conflict_words(
            centre.actor("sun"), found.found, found.week, {str(what.pk): begins}
        )


def test_a_week_is_planned_around_appointments(centre: Centre, item: str) -> None:  # noqa: F811
    work(centre, "liu", days=[0])
    standing = appoint(centre, "liu", 9, 11)
    order(centre, item, 0, 9, 12)
    done = plan(centre)
    assert done.state == "done"
    [(login, begins)] = drafts()
    assert (login, begins >= local(0, 11)) == ("liu", True)
    # What was given back is free again.
    booking.release(booking_id=standing.pk, at=NOW)
    order(centre, item, 0, 9, 9.25)
    plan(centre)
    assert {begins for _login, begins in drafts()} & {local(0, 9), local(0, 9.25)}


def test_nothing_is_put_by_hand_over_an_appointment(centre: Centre, item: str) -> None:  # noqa: F811
    work(centre, "liu", "ma", days=[0])
    appoint(centre, "ma", 10, 11.5)
    first = order(centre, item, 0, 9, 12)
    visit = put(centre, first, "liu", 9)
    before = stand()
    with pytest.raises(BreaksRules) as refused:
        move(centre, visit, "ma", 10.5)
    assert said_of(centre, refused, first, local(0, 10.5)) == [
        "ma has an appointment then, 23 Nov 10:00–11:30."
    ]
    with pytest.raises(WorkerBooked):
        put(centre, order(centre, item, 0, 9, 12), "ma", 11)
    assert stand() == before
    # Beside it she may be planned.
    assert move(centre, visit, "ma", 11.75).worker_id == centre.users["ma"].pk


def test_a_leave_in_the_way_is_named(centre: Centre, item: str) -> None:  # noqa: F811
    work(centre, "liu", "ma", days=[0])
    services.take_leave(
        actor=SYSTEM, worker_id=centre.users["ma"].pk, kind=LeaveKind.ILL,
        begins_at=local(0, 0), ends_at=local(1, 0), at=NOW,
    )  # fmt: skip
    first = order(centre, item, 0, 9, 12)
    visit = put(centre, first, "liu", 9)
    with pytest.raises(BreaksRules) as refused:
        move(centre, visit, "ma", 10)
    assert said_of(centre, refused, first, local(0, 10)) == ["ma is away then: ill."]


def test_a_plan_whose_time_was_booked_meanwhile_writes_nothing(
    centre: Centre,
    item: str,  # noqa: F811
) -> None:
    work(centre, "liu", days=[0])
    order(centre, item, 0, 9, 9.5)
    row = services.ask_plan(
        actor=centre.actor("sun"), organization_id=centre.organization.pk, day=MONDAY, at=NOW
    )
    looks = iter(range(100))

    def ends() -> bool:
        """Book at the second look: the task is made by then, the plan is not written."""
        if next(looks) == 1:
            appoint(centre, "liu", 8, 12)
        return False

    assert run(row, should_end=ends) == "failed"
    row.refresh_from_db()
    assert (row.trouble, Visit.objects.count()) == ("changed", 0)


def test_a_time_with_an_appointment_is_not_offered(centre: Centre) -> None:
    work(centre, "liu", days=range(7), begins=8, ends=17)
    appoint(centre, "liu", 7, 18, day=2)
    found = free_for(centre.organization.pk, Wanted(60, 1, ()), at=NOW)
    days = {local(day, 0).date(): day for day in range(1, 5)}
    assert [days[one] for one in found.days if one in days] == [1, 3, 4]


def test_who_books_above_is_told_what_is_taken(centre: Centre, item: str) -> None:  # noqa: F811
    put(centre, order(centre, item, 0, 9, 12), "liu", 9)
    liu, ma = centre.users["liu"].pk, centre.users["ma"].pk
    services.take_leave(
        actor=SYSTEM, worker_id=ma, kind=LeaveKind.HOLIDAY,
        begins_at=local(0, 12), ends_at=local(0, 13), at=NOW,
    )  # fmt: skip
    day = Span(local(0, 0), local(1, 0))
    assert selectors.taken([liu, ma], day) == {
        liu: [Span(local(0, 9), local(0, 10))],
        ma: [Span(local(0, 12), local(0, 13))],
    }
    later = Span(day.begins + timedelta(days=1), day.ends + timedelta(days=1))
    assert selectors.taken([liu, ma], later) == {}
    assert planning.week_of(centre.organization.pk, MONDAY).zero == local(0, 0)
