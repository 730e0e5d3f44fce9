"""A planned week changed by hand and by illness: what is refused, what moves, who hears of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from songhe.base.access.actor import SYSTEM
from songhe.base.access.models import Grant
from songhe.base.notify import words
from songhe.base.notify.models import Notice
from songhe.domains.dispatch import plan_reads, planning, services
from songhe.domains.dispatch.models import Leave, Order, Visit
from songhe.domains.dispatch.services.moves import (
    BreaksRules,
    MovedMeanwhile,
    TooLate,
    VisitBegun,
    WrongCrew,
)
from songhe.domains.dispatch.services.repairs import PlanNotOpen, PlanOutdated, PlanReplaced
from songhe.domains.dispatch.services.visits import NotAWorker
from songhe.domains.dispatch.terms import LeaveKind
from songhe.domains.dispatch.testing import tell, told
from songhe.domains.dispatch.tests.conftest import BEFORE, NOW, Centre
from songhe.domains.dispatch.tests.test_week import (  # noqa: F401
    MONDAY,
    item,
    local,
    order,
    plan,
    quick,
    run,
    work,
)
from songhe.domains.organizations import testing as organizations
from songhe.domains.people import testing as people
from songhe.kernel.errors import Denied


def put(
    centre: Centre, what: Order, login: str, begins: float, *, day: int = 0, say=False
) -> Visit:
    visit = services.plan_visit(
        actor=centre.actor("sun"),
        order_id=what.pk,
        worker_id=centre.users[login].pk,
        begins_at=local(day, begins),
        ends_at=local(day, begins + 1),
        at=NOW,
    )
    return services.tell_visit(visit_id=visit.pk, at=NOW) if say else visit


def stand() -> list[tuple]:
    rows = Visit.objects.order_by("pk").values_list("pk", "worker", "period", "state")
    return list(rows)


def move(centre: Centre, visit: Visit, login: str, begins: float, *, day: int = 0) -> Visit:
    return services.move_visit(
        actor=centre.actor("sun"),
        visit_id=visit.pk,
        worker_id=centre.users[login].pk,
        begins_at=local(day, begins),
        at=NOW,
    )


def kinds(login: str, centre: Centre) -> list[str]:
    rows = Notice.objects.filter(user=centre.users[login]).order_by("made_at", "id")
    return [one.kind.removeprefix("dispatch.") for one in rows]


def family(centre: Centre) -> None:
    from songhe.base.access import services as access

    centre.users["wei"] = organizations.make_user(at=BEFORE, login="wei", role="family")
    access.grant(
        actor=SYSTEM, user=centre.users["wei"], subject_type="people.Person",
        subject_id=centre.chen.pk, purpose="family", field_classes=["identity"],
        source="test", at=BEFORE,
    )  # fmt: skip


def test_a_conflict_names_both_visits_and_changes_nothing(centre: Centre, item: str) -> None:  # noqa: F811
    work(centre, "liu", "ma")
    far, _rooms = people.make_home(at=BEFORE, lat=35.25, lon=108.36)
    wang = people.make_person(at=BEFORE, home=far, name="王芳")
    one, two = order(centre, item, 0, 9, 12), order(centre, item, 0, 9, 15, person=wang)
    put(centre, one, "liu", 9)
    visit = put(centre, two, "ma", 9)
    before = stand()
    for login, begins, code, names in (
        ("liu", 9.5, "overlap", 2),
        ("liu", 10 + 1 / 60, "travel", 2),
        ("ma", 16, "window", 1),
        ("ma", 15, None, 0),
    ):
        if code is None:
            continue
        with pytest.raises(BreaksRules) as refused:
            move(centre, visit, login, begins)
        assert code in [str(found.code) for found in refused.value.found]
        assert {len(found.visits) for found in refused.value.found} == {names}
        assert stand() == before
    assert set(refused.value.found[0].visits) <= {str(one.pk), str(two.pk)}
    with pytest.raises(NotAWorker):
        move(centre, visit, "wu", 10)
    with pytest.raises(TooLate):
        move(centre, visit, "ma", 9, day=-7)
    for login in ("liu", "wu"):
        with pytest.raises(Exception, match=r"does not exist|may not"):
            services.move_visit(
                actor=centre.actor(login), visit_id=visit.pk, at=NOW,
                worker_id=centre.users["liu"].pk, begins_at=local(0, 11),
            )  # fmt: skip
    assert stand() == before
    assert not Notice.objects.exists()


def test_a_draft_moves_in_silence_and_a_told_visit_does_not(centre: Centre, item: str) -> None:  # noqa: F811
    work(centre, "liu", "ma")
    family(centre)
    visit = put(centre, order(centre, item, 0, 9, 12), "liu", 9)
    assert move(centre, visit, "ma", 10).pk == visit.pk
    assert not Notice.objects.exists()
    services.tell_visit(visit_id=visit.pk, at=NOW)
    moved = move(centre, visit, "ma", 11)
    assert (moved.pk, moved.state, moved.period.lower) == (visit.pk, "told", local(0, 11))
    assert kinds("ma", centre) == ["visit_told", "visit_shifted"]
    assert kinds("wei", centre) == ["comes_otherwise"]
    [grant] = Grant.objects.filter(purpose="visit", period__contains=NOW + timedelta(seconds=1))
    assert grant.period.upper == local(0, 14)
    other = move(centre, moved, "liu", 11)
    visit.refresh_from_db()
    assert (visit.state, other.state, other.worker.login) == ("cancelled", "told", "liu")
    assert kinds("ma", centre)[-1] == "visit_off"
    assert kinds("liu", centre) == ["visit_told"]
    held = Grant.objects.filter(purpose="visit", period__contains=NOW + timedelta(seconds=1))
    assert [one.user.login for one in held] == ["liu"]
    tell(centre.users["liu"], [told(other.pk, "set_off", NOW)], at=NOW)
    with pytest.raises(VisitBegun):
        move(centre, other, "ma", 11)


def test_what_somebody_else_moved_meanwhile_is_not_moved_back(centre: Centre, item: str) -> None:  # noqa: F811
    work(centre, "liu", "ma")
    visit = put(centre, order(centre, item, 0, 9, 12), "liu", 9)
    was = planning.mark_of(visit.worker_id, visit.period.lower)
    asked = {
        "actor": centre.actor("sun"), "visit_id": visit.pk, "worker_id": visit.worker_id, "at": NOW,
    }  # fmt: skip
    services.move_visit(begins_at=local(0, 11), was=was, **asked)
    before = stand()
    with pytest.raises(MovedMeanwhile) as refused:
        services.move_visit(begins_at=local(0, 10), was=was, **asked)
    assert refused.value.visit.period.lower == local(0, 11)
    assert stand() == before
    # One that was told is another visit once another worker comes: that is said, not "it is over".
    told = services.tell_visit(visit_id=visit.pk, at=NOW)
    was = planning.mark_of(told.worker_id, told.period.lower)
    move(centre, told, "ma", 11)
    with pytest.raises(MovedMeanwhile) as refused:
        services.move_visit(begins_at=local(0, 10), was=was, **asked)
    assert refused.value.visit.worker_id == centre.users["ma"].pk


def test_an_order_is_placed_by_hand_and_taken_out_again(centre: Centre, item: str) -> None:  # noqa: F811
    work(centre, "liu", "ma")
    family(centre)
    home, _rooms = people.make_home(at=BEFORE, lat=None, lon=None, address="无处 1 号")
    lost = people.make_person(at=BEFORE, home=home, name="无处")
    what = order(centre, item, 0, 9, 12, person=lost)
    liu, ma = (centre.users[login].pk for login in ("liu", "ma"))
    given = {"actor": centre.actor("sun"), "order_id": what.pk, "at": NOW}
    with pytest.raises(WrongCrew):
        services.place_order(worker_ids=[liu, ma], begins_at=local(0, 9), **given)
    with pytest.raises(BreaksRules):
        services.place_order(worker_ids=[liu], begins_at=local(0, 13), **given)
    assert not Visit.objects.exists()
    services.place_order(worker_ids=[liu], begins_at=local(0, 10), **given)
    what.refresh_from_db()
    assert (what.state, Visit.objects.get().state) == ("planned", "planned")
    services.drop_visits(**given)
    what.refresh_from_db()
    assert (what.state, Visit.objects.exists()) == ("accepted", False)


def ill(centre: Centre, login: str = "liu", at=NOW) -> list:
    return services.report_away(
        actor=centre.actor("sun"),
        organization_id=centre.organization.pk,
        worker_id=centre.users[login].pk,
        kind=LeaveKind.ILL,
        begins_at=local(0, 0),
        ends_at=local(1, 0),
        at=at,
    )


def test_illness_changes_exactly_what_the_proposal_says(centre: Centre, item: str) -> None:  # noqa: F811
    work(centre, "liu", "ma", "gao")
    family(centre)
    first = put(centre, order(centre, item, 0, 9, 10), "liu", 9, say=True)
    second = put(centre, order(centre, item, 0, 13, 16), "liu", 14)
    stays = put(centre, order(centre, item, 0, 9, 10), "ma", 9, say=True)
    later = put(centre, order(centre, item, 1, 9, 10), "liu", 9, day=1, say=True)
    [row] = ill(centre)
    before = stand()
    assert Leave.objects.count() == 1
    assert run(row) == "done"
    assert stand() == before
    row.refresh_from_db()
    said = {one["order"]: one for one in row.changes}
    assert set(said) == {str(first.order_id), str(second.order_id)}
    assert all(one["after"] for one in said.values())
    assert all(one["before"][0]["worker"] == str(centre.users["liu"].pk) for one in said.values())
    services.take_repair(actor=centre.actor("sun"), plan_id=row.pk, at=NOW)
    for visit in (stays, later):
        now = Visit.objects.get(pk=visit.pk)
        assert (now.worker_id, now.period, now.state) == (
            visit.worker_id, visit.period, visit.state,
        )  # fmt: skip
    for name, change in said.items():
        [visit] = Visit.objects.filter(order=name, state__in=("planned", "told"))
        [after] = change["after"]
        assert str(visit.worker_id) == after["worker"]
        assert visit.period.lower.isoformat() == after["begins"].replace("Z", "+00:00")
    assert Visit.objects.get(pk=first.pk).state == "cancelled"
    assert Visit.objects.get(order=second.order_id).state == "planned"
    assert kinds("liu", centre).count("visit_off") == 1
    assert kinds("wei", centre) == ["comes_otherwise"]
    assert {one.state for one in Order.objects.all()} == {"planned"}
    with pytest.raises(PlanNotOpen):
        services.take_repair(actor=centre.actor("sun"), plan_id=row.pk, at=NOW)


def test_what_nobody_can_take_is_said_and_waits(centre: Centre, item: str) -> None:  # noqa: F811
    work(centre, "liu")
    family(centre)
    visit = put(centre, order(centre, item, 0, 9, 10), "liu", 9, say=True)
    [row] = ill(centre)
    run(row)
    row.refresh_from_db()
    assert [one["after"] for one in row.changes] == [[]]
    services.take_repair(actor=centre.actor("sun"), plan_id=row.pk, at=NOW)
    visit.refresh_from_db()
    assert (visit.state, visit.order.state) == ("cancelled", "accepted")
    assert kinds("wei", centre) == ["comes_not"]
    title = words.title_of(Notice.objects.get(user=centre.users["wei"]), centre.actor("wei"))
    assert visit.order.item.name in title  # which of her services, and of which day
    assert f"{timezone.localtime(visit.period.lower):%m-%d}" in title


def test_a_proposal_that_is_old_is_not_taken_over(centre: Centre, item: str) -> None:  # noqa: F811
    work(centre, "liu", "ma")
    put(centre, order(centre, item, 0, 9, 10), "liu", 9, say=True)
    [row] = ill(centre)
    run(row)
    put(centre, order(centre, item, 0, 9, 10), "ma", 9)
    before, notices = stand(), Notice.objects.count()
    with pytest.raises(PlanOutdated):
        services.take_repair(actor=centre.actor("sun"), plan_id=row.pk, at=NOW)
    assert (stand(), Notice.objects.count()) == (before, notices)
    again = services.ask_again(actor=centre.actor("sun"), plan_id=row.pk, at=NOW)
    run(again)
    # The new proposal replaces the old one, which can neither be taken nor asked anew any more.
    week = planning.week_of(centre.organization.pk, MONDAY)
    assert plan_reads.open_repairs(plan_reads.plans_of(week)) == [again]
    for what in (services.take_repair, services.ask_again):
        with pytest.raises(PlanReplaced):
            what(actor=centre.actor("sun"), plan_id=row.pk, at=NOW)
    services.take_repair(actor=centre.actor("sun"), plan_id=again.pk, at=NOW)
    with pytest.raises((Denied, Exception), match=r"not exist|may"):
        services.take_repair(actor=centre.actor("liu"), plan_id=again.pk, at=NOW)
    assert plan_reads.open_repairs(plan_reads.plans_of(week)) == []


def test_somebody_without_visits_is_away_and_nothing_is_asked(centre: Centre, item: str) -> None:  # noqa: F811
    work(centre, "liu", "ma")
    assert ill(centre) == []
    assert Leave.objects.count() == 1
    with pytest.raises(Denied):
        services.report_away(
            actor=centre.actor("ma"), organization_id=centre.organization.pk,
            worker_id=centre.users["ma"].pk, kind=LeaveKind.ILL,
            begins_at=local(0, 0), ends_at=local(1, 0), at=NOW,
        )  # fmt: skip
    assert Leave.objects.count() == 1


def test_a_full_day_is_mended_to_the_minute(centre: Centre, item: str) -> None:  # noqa: F811
    """Everything that is not said stays as it is, also by a few minutes."""
    work(centre, "liu", "ma", "gao")
    for place in range(7):
        home, _rooms = people.make_home(at=BEFORE, lat=35.2 + place / 400, lon=108.3)
        person = people.make_person(at=BEFORE, home=home, name=f"王{place}")
        order(centre, item, 0, 8.5, 15, person=person)
    plan(centre)
    services.publish_week(
        actor=centre.actor("sun"), organization_id=centre.organization.pk, day=MONDAY, at=NOW
    )
    busy = Visit.objects.order_by("period").first().worker.login
    [row] = ill(centre, busy)
    assert run(row) == "done"
    row.refresh_from_db()
    said = {one["order"] for one in row.changes}
    before = {one.pk: (one.worker_id, one.period) for one in Visit.objects.all()}
    services.take_repair(actor=centre.actor("sun"), plan_id=row.pk, at=NOW)
    for visit in Visit.objects.filter(state="told"):
        changed = before.get(visit.pk) != (visit.worker_id, visit.period)
        assert changed == (str(visit.order_id) in said)
        assert visit.worker.login != busy
