"""What phones tell: once, in any order, days late, by a wrong clock, and nothing is lost."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from songhe.base.access.actor import SYSTEM
from songhe.domains.catalog.models import Item
from songhe.domains.catalog.testing import make_item
from songhe.domains.dispatch import helpers, selectors, services
from songhe.domains.dispatch.models import DoorCode, Happening, Order, Position, Visit
from songhe.domains.dispatch.places import digest
from songhe.domains.dispatch.services.happenings import NotYourVisit, happened_at
from songhe.domains.dispatch.services.visits import WorkerBusy
from songhe.domains.dispatch.terms import OPEN_VISITS, HappeningKind, OrderKind, Source, Way
from songhe.domains.dispatch.testing import tell, told
from songhe.domains.dispatch.tests.conftest import HOME, NOW, Centre
from songhe.kernel.errors import Denied

MIN = timedelta(minutes=1)
S = timedelta(seconds=1)
FIELDS = ("state", "set_off_at", "arrived_at", "began_at", "ended_at", "distance_m", "arrived_by")


def planned(centre: Centre, begins_at=NOW + 60 * MIN, login: str = "liu") -> Visit:
    if not Item.objects.exists():
        make_item(at=NOW)
    order = services.make_order(
        actor=SYSTEM,
        kind=OrderKind.SERVICE,
        source=Source.WISH,
        person_id=centre.chen.pk,
        item_code="test-bath",
        window=(begins_at, begins_at + 60 * MIN),
        at=NOW,
    )
    visit = services.plan_visit(
        actor=centre.actor("sun"),
        order_id=order.pk,
        worker_id=centre.users[login].pk,
        begins_at=begins_at,
        ends_at=begins_at + 60 * MIN,
        at=NOW,
    )
    return services.tell_visit(visit_id=visit.pk, at=NOW)


def story(visit: Visit) -> list:
    at = NOW + 50 * MIN
    return [
        told(visit.pk, "set_off", at),
        told(visit.pk, "arrived", at + 10 * MIN, lat=HOME[0], lon=HOME[1], accuracy_m=8.0),
        told(visit.pk, "began", at + 11 * MIN),
        told(visit.pk, "step", at + 20 * MIN, step="pressure"),
        told(visit.pk, "note", at + 30 * MIN, text="有点头晕"),
        told(visit.pk, "done", at + 60 * MIN),
    ]


def state_of(visit: Visit) -> dict:
    return Visit.objects.filter(pk=visit.pk).values(*FIELDS).get()


def test_sent_twice_in_any_order_it_is_the_same_visit(centre: Centre) -> None:
    liu = centre.users["liu"]
    straight, shuffled = planned(centre), planned(centre, NOW + 300 * MIN)
    tell(liu, story(straight), at=NOW + 200 * MIN)
    parts = story(shuffled)
    chance = random.Random(3)
    for _ in range(3):
        chance.shuffle(parts)
        for one in parts:
            [answer] = tell(liu, [one], at=NOW + 200 * MIN)
            assert answer.state in ("taken", "known")
    assert state_of(straight) == state_of(shuffled)
    assert state_of(straight)["state"] == "done"
    assert Happening.objects.filter(visit=shuffled).count() == len(parts)
    assert {order.state for order in Order.objects.all()} == {"done"}


@pytest.mark.django_db
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(6)), cuts=st.sets(st.integers(1, 5)))
def test_order_and_cuts_of_what_is_sent_change_nothing(centre: Centre, order, cuts) -> None:
    with transaction.atomic():
        first = planned(centre)
        tell(centre.users["liu"], story(first), at=NOW + 200 * MIN)
        wanted = state_of(first)
        second = planned(centre, NOW + 300 * MIN)
        parts = [story(second)[i] for i in order]
        edges = [0, *sorted(cuts), len(parts)]
        for a, b in itertools.pairwise(edges):
            tell(centre.users["liu"], parts[a:b], at=NOW + 200 * MIN)
        assert state_of(second) == wanted
        transaction.set_rollback(True)


@pytest.mark.parametrize("ahead_s", [0.0, 3600.0, -3600.0])
def test_a_wrong_clock_is_noticed_and_set_right(centre: Centre, ahead_s: float) -> None:
    ahead = timedelta(seconds=ahead_s)
    visit = planned(centre)
    true_at, sent = NOW + 62 * MIN, NOW + 120 * MIN
    kept = told(visit.pk, "arrived", true_at, device_at=true_at + ahead)
    [answer] = services.take_happenings(
        actor=centre.actor("liu", sent), told=[kept], sent_at=sent + ahead, at=sent
    )
    assert answer.state == "taken"
    row = Happening.objects.get()
    assert (row.at, row.device_at, row.offset_s) == (true_at, true_at + ahead, ahead_s)
    assert services.is_clock_wrong(sent + ahead, sent) == (ahead_s != 0)


def test_a_clock_that_was_set_meanwhile_is_seen_through(centre: Centre) -> None:
    hour = timedelta(hours=1)
    # Told by a clock an hour ahead, of which the phone knew; it is right now.
    known = told(planned(centre).pk, "arrived", NOW, device_at=NOW + hour, offset_s=3600.0)
    assert happened_at(known, 0.0, NOW + hour) == NOW
    # The app ran through: its own steady clock wins over both.
    steady = told(known.visit_id, "began", NOW, device_at=NOW + 5 * hour, age_s=1800.0)
    assert happened_at(steady, 0.0, NOW + hour) == NOW + hour / 2
    # Never in the future.
    wild = told(known.visit_id, "done", NOW, device_at=NOW + 9 * hour)
    assert happened_at(wild, 0.0, NOW + hour) == NOW + hour


def test_the_door_is_shown_by_code_or_place(centre: Centre) -> None:
    DoorCode.objects.create(home=centre.home, digest=digest("front-door"), made_at=NOW)
    liu = centre.users["liu"]
    cases = [
        ({"way": Way.QR, "shown": "front-door"}, "qr", None),
        ({"way": Way.QR, "shown": "made-up", "lat": HOME[0], "lon": HOME[1]}, "gps", "qr"),
        ({"way": Way.CODE, "shown": "right"}, "code", None),
        ({"way": Way.CODE, "shown": "12345"}, "none", "code"),
        ({"way": Way.GPS, "lat": HOME[0] + 0.01, "lon": HOME[1]}, "gps", None),
    ]
    for turn, (more, way, wrong) in enumerate(cases):
        visit = planned(centre, NOW + timedelta(hours=2 * turn + 1))
        if more.get("shown") == "right":
            more["shown"] = visit.code
        tell(liu, [told(visit.pk, "arrived", NOW + MIN, **more)], at=NOW + 2 * MIN)
        visit.refresh_from_db()
        row = Happening.objects.get(visit=visit)
        assert (visit.arrived_by, row.way, row.data.get("wrong")) == (way, way, wrong)
    assert selectors.is_far(visit)
    assert visit.distance_m == pytest.approx(1112, abs=2)


def test_what_comes_after_an_end_is_kept_and_moves_nothing(centre: Centre) -> None:
    visit = planned(centre)
    liu = centre.users["liu"]
    tell(
        liu, [told(visit.pk, "not_done", NOW + 70 * MIN, data={"why": "nobody"})], at=NOW + 71 * MIN
    )
    tell(liu, [told(visit.pk, "done", NOW + 75 * MIN)], at=NOW + 76 * MIN)
    visit.refresh_from_db()
    assert (visit.state, visit.why_not, visit.order.state) == ("not_done", "nobody", "failed")
    assert visit.ended_at == NOW + 70 * MIN
    assert Happening.objects.filter(visit=visit).count() == 2


def test_a_strangers_phone_is_refused_and_told_so(centre: Centre) -> None:
    visit = planned(centre)
    [answer] = tell(centre.users["ma"], story(visit)[:1], at=NOW)
    assert (answer.state, type(answer.error)) == ("refused", NotYourVisit)
    with pytest.raises(Denied):
        tell(centre.users["sun"], story(visit), at=NOW)
    assert not Happening.objects.exists()
    assert not Position.objects.exists()


def test_an_old_place_never_covers_a_newer_one(centre: Centre) -> None:
    visit = planned(centre)
    liu = centre.users["liu"]
    tell(liu, [told(visit.pk, "note", NOW + 5 * MIN, lat=1.0, lon=2.0)], at=NOW + 6 * MIN)
    tell(liu, [told(visit.pk, "note", NOW + 1 * MIN, lat=9.0, lon=9.0)], at=NOW + 7 * MIN)
    assert Position.objects.values_list("lat", "at").get() == (1.0, NOW + 5 * MIN)


def test_a_worker_is_in_one_place_at_a_time(centre: Centre) -> None:
    planned(centre)
    with pytest.raises(WorkerBusy):
        planned(centre, NOW + 90 * MIN)
    planned(centre, NOW + 90 * MIN, login="ma")
    planned(centre, NOW + 120 * MIN)
    assert Visit.objects.count() == 3


def test_happenings_are_never_changed(centre: Centre) -> None:
    visit = planned(centre)
    tell(centre.users["liu"], story(visit), at=NOW + 200 * MIN)
    with pytest.raises(DatabaseError), transaction.atomic():
        Happening.objects.update(lat=0.0)


class Day(RuleBasedStateMachine):
    """A worker's day told in any order beside a desk that plans and cancels."""

    centre: Centre

    def __init__(self) -> None:
        super().__init__()
        self.visits: list[Visit] = []
        self.hour = 0

    @rule()
    def plan(self) -> None:
        self.hour += 2
        self.visits.append(planned(self.centre, NOW + timedelta(hours=self.hour)))

    @rule(
        turn=st.integers(0, 5), kind=st.sampled_from(list(HappeningKind)), minute=st.integers(0, 90)
    )
    def happen(self, turn: int, kind: HappeningKind, minute: int) -> None:
        if self.visits:
            visit = self.visits[turn % len(self.visits)]
            at = NOW + timedelta(minutes=minute)
            [answer] = tell(self.centre.users["liu"], [told(visit.pk, kind, at)], at=NOW + 91 * MIN)
            # A place without a place says nothing new.
            assert answer.state == ("known" if kind == HappeningKind.PLACE else "taken")

    @rule(turn=st.integers(0, 5))
    def cancel(self, turn: int) -> None:
        if self.visits:
            order = Order.objects.get(pk=self.visits[turn % len(self.visits)].order_id)
            if order.state in ("asked", "accepted", "planned"):
                services.cancel_order(
                    actor=self.centre.actor("sun"), order_id=order.pk, reason="x", at=NOW
                )

    @invariant()
    def orders_follow_their_visits(self) -> None:
        for visit in Visit.objects.select_related("order"):
            order = visit.order
            assert (order.ended_at is None) == (visit.state in OPEN_VISITS)
            expected = {
                "done": "done", "not_done": "failed", "cancelled": "cancelled", "told": "planned",
            }.get(visit.state, "under_way")  # fmt: skip
            assert order.state == expected
            assert (visit.ended_at is not None) == (visit.state in ("done", "not_done"))


@pytest.mark.django_db
def test_any_day_leaves_orders_and_visits_in_step(centre: Centre) -> None:
    Day.centre = centre

    class Apart(Day):
        """Each example in its own savepoint."""

        def __init__(self) -> None:
            self.point = transaction.savepoint()
            super().__init__()

        def teardown(self) -> None:
            transaction.savepoint_rollback(self.point)

    run_state_machine_as_test(Apart, settings=settings(max_examples=20, stateful_step_count=15))


def test_on_the_way_the_last_place_alone_is_known_and_nowhere_else(centre: Centre) -> None:
    """A place between setting off and arriving leaves no row; any other is let fall."""
    visit, liu = planned(centre), centre.users["liu"]
    off = NOW + 50 * MIN

    def place(at, lat: float):
        return told(visit.pk, "place", at, lat=lat, lon=HOME[1], accuracy_m=20.0)

    tell(liu, [place(off - MIN, 35.1)], at=off)
    assert not Position.objects.exists()
    tell(liu, [told(visit.pk, "set_off", off, lat=35.0, lon=HOME[1]), place(off + 2 * MIN, 35.1)],
         at=off + 2 * MIN)  # fmt: skip
    tell(liu, [place(off + 6 * MIN, 35.19), place(off + 4 * MIN, 35.15)], at=off + 6 * MIN)
    seen = Position.objects.get()
    assert (seen.lat, seen.at) == (35.19, off + 6 * MIN)
    # From there it is two kilometres; by the place where she set off she would be far away still.
    order = Order.objects.get(pk=visit.order_id)
    [left] = helpers.expected([order], [Visit.objects.get(pk=visit.pk)], at=off + 6 * MIN).values()
    assert left - off < 20 * MIN
    tell(liu, [told(visit.pk, "arrived", off + 10 * MIN, lat=HOME[0], lon=HOME[1])],
         at=off + 10 * MIN)  # fmt: skip
    answers = tell(
        liu, [place(off + 9 * MIN, 35.3), place(off + 12 * MIN, 35.4)], at=off + 12 * MIN
    )
    assert {one.state for one in answers} == {"known"}
    assert Position.objects.get().lat == HOME[0]
    assert set(Happening.objects.values_list("kind", flat=True)) == {"set_off", "arrived"}
