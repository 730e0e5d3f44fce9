"""An item that takes two workers at once: planned, moved, proven, charged and called off as one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from songhe.base.access.models import Grant
from songhe.domains.billing.models import Charge
from songhe.domains.catalog.terms import Step
from songhe.domains.catalog.testing import make_draft, make_item
from songhe.domains.dispatch import services
from songhe.domains.dispatch.models import Evidence, Order, Visit
from songhe.domains.dispatch.panels import day_reads
from songhe.domains.dispatch.services.moves import WrongCrew
from songhe.domains.dispatch.testing import tell, told
from songhe.domains.dispatch.tests.conftest import BEFORE, HOME, NOW, Centre
from songhe.domains.dispatch.tests.test_moves import ill, kinds, move
from songhe.domains.dispatch.tests.test_week import (  # noqa: F401
    MONDAY,
    local,
    order,
    plan,
    quick,
    run,
    work,
)

MIN = timedelta(minutes=1)


@pytest.fixture
def bath(centre: Centre) -> str:
    """Return an item that takes two workers at once, with a price."""
    draft = make_draft(
        requires=(), steps=(Step("bath", "洗", "Bath"),), duration_minutes=60, workers_needed=2
    )
    return make_item(at=BEFORE, draft=draft)


def planned(centre: Centre, bath: str) -> Order:
    work(centre, "liu", "ma", "gao")
    made = order(centre, bath, 0, 9, 11)
    plan(centre)
    services.publish_week(
        actor=centre.actor("sun"), organization_id=centre.organization.pk, day=MONDAY, at=NOW
    )
    made.refresh_from_db()
    return made


def crew(made: Order) -> list[Visit]:
    rows = Visit.objects.filter(order=made, state__in=("told", "on_way", "working", "done"))
    return list(rows.select_related("worker").order_by("pk"))


def done(visit: Visit, *, ends=60) -> None:
    start = visit.period.lower
    story = [
        told(visit.pk, "arrived", start, lat=HOME[0], lon=HOME[1], accuracy_m=8.0),
        told(visit.pk, "done", start + ends * MIN),
    ]
    tell(visit.worker, story, at=start + 90 * MIN)


def test_two_come_at_one_time_and_know_of_each_other(centre: Centre, bath: str) -> None:
    one, two = crew(planned(centre, bath))
    assert one.worker_id != two.worker_id
    assert one.period == two.period
    assert one.period.lower.minute % 5 == 0
    for mine, other in ((one, two), (two, one)):
        actor = centre.actor(mine.worker.login)
        [line] = day_reads.day_of(actor, at=one.period.lower - 20 * MIN).visits
        assert line.along == (other.worker.display_name,)


def test_charged_once_when_both_are_through(centre: Centre, bath: str) -> None:
    made = planned(centre, bath)
    one, two = crew(made)
    after = one.period.lower + 120 * MIN
    done(one)
    assert services.charge_visit(visit_id=one.pk, at=after) is None
    assert Order.objects.get(pk=made.pk).state == "under_way"
    done(two)
    first = services.charge_visit(visit_id=two.pk, at=after)
    assert first is not None
    assert services.charge_visit(visit_id=one.pk, at=after) == first
    assert Charge.objects.get().gross_fen == made.gross_fen
    assert Order.objects.get(pk=made.pk).state == "done"
    services.judge_crew(visit_id=two.pk, at=after)
    assert {row.score for row in Evidence.objects.all()} == {100}


def test_one_did_it_alone_and_who_supervises_reads_so(centre: Centre, bath: str) -> None:
    made = planned(centre, bath)
    one, two = crew(made)
    after = one.period.lower + 120 * MIN
    done(one)
    services.judge_crew(visit_id=one.pk, at=after)
    assert Evidence.objects.get().score == 100  # the other may be there still
    tell(two.worker, [told(two.pk, "not_done", after, data={"why": "ill"})], at=after)
    services.judge_crew(visit_id=two.pk, at=after)
    row = Evidence.objects.get()
    assert [(one["code"], one["n"], one["needed"]) for one in row.reasons] == [("fewer", 1, 2)]
    assert services.charge_visit(visit_id=two.pk, at=after) is not None
    assert Charge.objects.count() == 1


def test_called_off_both_hear_it_and_see_her_no_more(centre: Centre, bath: str) -> None:
    made = planned(centre, bath)
    pair = crew(made)
    sources = [f"dispatch.Visit/{one.pk}" for one in pair]
    later = NOW + MIN
    assert Grant.objects.filter(source__in=sources, period__contains=later).count() == 2
    services.cancel_order(actor=centre.actor("sun"), order_id=made.pk, reason="住院", at=NOW)
    assert set(Visit.objects.filter(order=made).values_list("state", flat=True)) == {"cancelled"}
    assert not Grant.objects.filter(source__in=sources, period__contains=later).exists()
    for one in pair:
        assert kinds(one.worker.login, centre)[-1] == "visit_off"


def test_moved_and_mended_together(centre: Centre, bath: str) -> None:
    made = planned(centre, bath)
    one, two = crew(made)
    move(centre, one, one.worker.login, 10)
    assert {v.period.lower for v in crew(made)} == {local(0, 10)}
    [row] = ill(centre, two.worker.login)
    run(row)
    services.take_repair(actor=centre.actor("sun"), plan_id=row.pk, at=NOW)
    again = crew(made)
    assert {v.period.lower for v in again} == {local(0, 10)}
    assert {v.worker.login for v in again} == {"liu", "ma", "gao"} - {two.worker.login}


def test_one_worker_is_not_enough_by_hand(centre: Centre, bath: str) -> None:
    work(centre, "liu", "ma")
    made = order(centre, bath, 0, 9, 11)
    with pytest.raises(WrongCrew):
        services.place_order(
            actor=centre.actor("sun"), order_id=made.pk, at=NOW,
            worker_ids=[centre.users["liu"].pk], begins_at=local(0, 9),
        )  # fmt: skip
    assert not Visit.objects.exists()
