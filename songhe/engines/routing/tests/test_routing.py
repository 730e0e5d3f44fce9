"""A week is planned within every hard rule, says why, and is mended with few changes."""

from __future__ import annotations

import itertools
import random as chance

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from songhe.engines import routing
from songhe.engines.routing import (
    Break,
    Code,
    Instance,
    Placement,
    Reason,
    Shift,
    Visit,
    VisitAdded,
    VisitCancelled,
    Why,
    Worker,
    WorkerAway,
    as_the_crow_flies,
    check,
    greedy,
    pool,
    propose,
    replan,
    settle,
    travel_lower_bound,
    usual_modes,
)
from songhe.engines.routing.problem import Problem
from songhe.engines.routing.state import State
from songhe.engines.routing.testing import county_week
from songhe.kernel.geo import haversine_m

SLOW = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
HERE = (30.64, 119.68)


def at(minutes: int) -> tuple[float, float]:
    """Return a place so many minutes on foot north of HERE, the minute at the door included."""
    metres = (minutes - 1) * 70 / 1.25 - 10
    return (HERE[0] + metres / 111_195, HERE[1])


def visit(name: str, **kwargs: object) -> Visit:
    given_ = {"person": name, "place": HERE, "minutes": 30, "windows": ((480, 600),), **kwargs}
    return Visit(id=name, **given_)  # type: ignore[arg-type]


def worker(name: str, **kwargs: object) -> Worker:
    shifts = (Shift(420, 1080),)
    return Worker(id=name, **{"home": HERE, "mode": "foot", "shifts": shifts, **kwargs})  # type: ignore[arg-type]


def quickly(instance: Instance, seed: int = 0) -> routing.Plan:
    return propose(instance, seconds=60, steps=60, seed=seed)


@st.composite
def weeks(draw: st.DrawFn) -> Instance:
    """A small week, sometimes with pins, wide and narrow, some of it impossible."""
    seed = draw(st.integers(0, 10_000))
    instance = county_week(seed, visits=draw(st.integers(0, 40)), workers=12)
    random = chance.Random(seed)
    visits = []
    for one in instance.visits:
        die = random.random()
        if die < 0.1:
            able = [w.id for w in instance.workers if one.skills <= w.skills]
            pinned = tuple(random.sample(able, 1))
            visits.append(msgspec.structs.replace(one, pinned_workers=pinned))
        elif die < 0.2:
            start = random.randint(*one.windows[0])
            visits.append(msgspec.structs.replace(one, pinned_start=start))
        elif die < 0.23:
            visits.append(msgspec.structs.replace(one, skills=frozenset({"surgeon"})))
        else:
            visits.append(one)
    workers = [
        msgspec.structs.replace(one, max_week_minutes=random.choice((200, 900, 2400)))
        for one in instance.workers
    ]
    return msgspec.structs.replace(
        instance,
        visits=tuple(visits),
        workers=tuple(workers),
        grid_minutes=draw(st.sampled_from((1, 5, 15))),
    )


def grid_holds(instance: Instance, plan: routing.Plan) -> None:
    """Every start is on the grid, but those laid down by hand and windows without such a minute."""
    visits = {one.id: one for one in instance.visits}
    for one in plan.assignments:
        visit = visits[one.visit]
        if visit.pinned_start is None and one.start % instance.grid_minutes:
            window = next(
                w for w in visit.windows if w[0] <= one.start <= w[1] + visit.late_minutes
            )
            minutes = range(window[0], window[1] + visit.late_minutes + 1)
            assert all(minute % instance.grid_minutes for minute in minutes)


def is_whole(instance: Instance, plan: routing.Plan) -> None:
    """Every visit is served as often as it needs, or unserved with a reason, never both."""
    served: dict[str, int] = {}
    for one in plan.assignments:
        served[one.visit] = served.get(one.visit, 0) + 1
    unserved = {one.visit: one.reason for one in plan.unserved}
    assert not served.keys() & unserved.keys()
    assert served.keys() | unserved.keys() == {one.id for one in instance.visits}
    for one in instance.visits:
        if one.id in served:
            assert served[one.id] == one.workers
        if "surgeon" in one.skills:
            assert unserved[one.id] is Reason.NO_SKILL


def pins_hold(instance: Instance, plan: routing.Plan) -> None:
    wanted = {one.id: one for one in instance.visits}
    for name, some in itertools.groupby(
        sorted(plan.placements), key=lambda placement: placement.visit
    ):
        placed = list(some)
        one = wanted[name]
        assert set(one.pinned_workers) <= {placement.worker for placement in placed}
        if one.pinned_start is not None:
            assert {placement.start for placement in placed} == {one.pinned_start}


@SLOW
@given(weeks(), st.integers(0, 3))
def test_proposals_keep_every_hard_rule(instance: Instance, seed: int) -> None:
    plan = quickly(instance, seed)
    assert check(instance, plan.placements) == ()
    is_whole(instance, plan)
    pins_hold(instance, plan)
    grid_holds(instance, plan)
    names = {one.id for one in instance.visits} - {one.visit for one in plan.unserved}
    assert travel_lower_bound(instance, names) <= plan.figures.travel_minutes


@SLOW
@given(weeks())
def test_the_nearest_free_worker_keeps_every_hard_rule(instance: Instance) -> None:
    plan = greedy(instance)
    assert check(instance, plan.placements) == ()
    is_whole(instance, plan)
    pins_hold(instance, plan)
    grid_holds(instance, plan)


@SLOW
@given(weeks())
def test_what_is_settled_by_hand_is_the_plan_again(instance: Instance) -> None:
    plan = quickly(instance)
    again = settle(instance, plan.placements)
    assert again.placements == plan.placements
    assert again.figures == plan.figures
    assert again.unserved == plan.unserved


@SLOW
@given(weeks(), st.data())
def test_mending_keeps_what_has_begun(instance: Instance, data: st.DataObject) -> None:
    plan = quickly(instance)
    if not plan.assignments:
        return
    first = data.draw(st.sampled_from(plan.assignments))
    now = first.start + data.draw(st.integers(-60, 60))
    kinds = data.draw(st.sets(st.sampled_from(("away", "cancelled", "added")), min_size=1))
    changes: list[routing.Change] = []
    if "away" in kinds:
        changes.append(WorkerAway(first.worker, now, now + data.draw(st.sampled_from((90, 1440)))))
    later = [one.visit for one in plan.assignments if one.start > now]
    if "cancelled" in kinds and later:
        changes.append(VisitCancelled(data.draw(st.sampled_from(later))))
    if "added" in kinds:
        changes.append(VisitAdded(visit("added", windows=((now + 30, now + 240),))))
    mended = replan(instance, plan, changes, now=now, seconds=2)
    assert check(mended.instance, mended.plan.placements) == ()
    is_whole(mended.instance, mended.plan)
    begun = {one for one in plan.placements if one.start <= now}
    assert begun <= set(mended.plan.placements)
    before = {(one.visit, one.worker): one.start for one in plan.assignments}
    for one in mended.plan.assignments:
        if before.get((one.visit, one.worker)) != one.start:
            assert one.start - one.way_minutes >= now
    told = {one.visit for one in mended.changed}
    for one in mended.plan.assignments:
        if one.visit in told or one.visit == "added":
            continue
        assert abs(before[one.visit, one.worker] - one.start) <= 15


@SLOW
@given(weeks())
def test_the_same_seed_is_the_same_plan(instance: Instance) -> None:
    one = propose(instance, seconds=60, steps=90, seed=7, progress=lambda _: None)
    other = propose(Instance.from_json(instance.to_json()), seconds=60, steps=90, seed=7)
    assert one == other


def test_the_file_is_the_same_for_the_same_week() -> None:
    week = county_week(5)
    assert week.to_json() == county_week(5).to_json() != county_week(6).to_json()
    assert Instance.from_json(week.to_json()) == week
    assert len(week.visits) == 400
    assert len(week.workers) == 30


def test_a_search_beats_the_nearest_free_worker_and_tells_how_far_it_is() -> None:
    week = county_week(1, visits=120, workers=20)
    told: list[routing.Progress] = []
    plan = propose(week, seconds=60, steps=300, seed=1, progress=told.append)
    base = greedy(week)
    assert plan.figures.cost < base.figures.cost
    assert plan.figures.unserved <= base.figures.unserved
    assert [one.share for one in told] == sorted(one.share for one in told)
    assert told[-1].share == 1
    assert told[-1].travel_minutes == plan.figures.travel_minutes
    assert told[-1].cost <= told[0].cost


@SLOW
@given(weeks(), st.integers(0, 99))
def test_what_is_counted_along_the_way_is_what_it_costs(instance: Instance, seed: int) -> None:
    state = State(Problem(instance))
    random = chance.Random(seed)
    for v in random.choices(range(len(state.seats)), k=40) if state.seats else ():
        if state.seats[v]:
            state.take(v)
        elif move := state.best(v):
            before = state.spent
            state.put(v, move)
            gained = instance.weights.unserved * instance.visits[v].priority
            if instance.visits[v].workers == 1:
                assert state.spent - before == pytest.approx(move.cost - gained)
        assert state.spent == pytest.approx(state.cost())


def test_a_search_that_is_called_off_still_gives_a_plan() -> None:
    week = county_week(2, visits=80, workers=15)
    plan = propose(week, seconds=3600, seed=1, cancelled=lambda: True)
    assert check(week, plan.placements) == ()
    is_whole(week, plan)


def test_without_or_tools_the_search_goes_on_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "cp_model", None)
    week = county_week(4, visits=60, workers=15)
    plan = propose(week, seconds=60, steps=60)
    assert check(week, plan.placements) == ()
    assert plan.figures.cost < greedy(week).figures.cost


def test_second_best_is_never_cheaper() -> None:
    week = county_week(3, visits=80, workers=15)
    plan = propose(week, seconds=60, steps=100, seed=1)
    alone = {one.id for one in week.visits if one.workers == 1}
    for one in plan.assignments:
        assert one.explanation is not None
        assert one.explanation.why
        if one.visit in alone and one.explanation.second:
            assert one.explanation.second_costs_more > -0.02
            assert one.explanation.second != one.worker


def test_ways_are_great_circles_with_a_detour() -> None:
    mode = usual_modes()["foot"]
    places = [HERE, at(11), HERE]
    ways = as_the_crow_flies(places, mode)
    metres = haversine_m(places[0], places[1])
    assert ways[0, 1] == -(-metres * 1.25 // 70) + 1 == 11
    assert ways[0, 2] == 0
    assert (ways == ways.T).all()


@given(st.lists(st.tuples(st.floats(30, 31), st.floats(119, 120)), min_size=3, max_size=6))
def test_a_detour_by_another_place_is_never_shorter(places: list[tuple[float, float]]) -> None:
    for mode in usual_modes().values():
        ways = as_the_crow_flies(places, mode)
        assert (ways[:, :, None] + ways[None, :, :] >= ways[:, None, :]).all()


def test_continuity_skill_and_wish_are_told() -> None:
    week = Instance(
        visits=(
            visit("usual", known=frozenset({"liu"})),
            visit("skilled", skills=frozenset({"lift"}), windows=((700, 760),)),
            visit("wish", gender="male", windows=((900, 930),)),
            visit("pinned", pinned_workers=("liu",), pinned_start=820, windows=((800, 860),)),
        ),
        workers=(
            worker("liu", gender="female"),
            worker("wang", gender="male", skills=frozenset({"lift"})),
        ),
        weights=msgspec.structs.replace(routing.usual_weights(), uneven=0.0),
    )
    plan = quickly(week)
    told = {one.visit: one for one in plan.assignments}
    assert told["usual"].worker == "liu"
    assert Why.USUAL in told["usual"].explanation.why
    assert told["skilled"].worker == "wang"
    assert told["skilled"].explanation.why[0] is Why.ONLY_ABLE
    assert told["wish"].worker == "wang"
    assert Why.WISH in told["wish"].explanation.why
    assert told["wish"].explanation.second == "liu"
    assert told["wish"].explanation.second_costs_more == pytest.approx(week.weights.wish)
    assert (told["pinned"].worker, told["pinned"].start) == ("liu", 820)
    assert Why.PINNED in told["pinned"].explanation.why
    assert plan.figures.continuity_share == plan.figures.wishes_share == 1


def test_why_nobody_comes_who_usually_does() -> None:
    week = Instance(
        visits=(
            visit("far", place=at(60), known=frozenset({"liu"}), windows=((480, 900),)),
            visit("lift", skills=frozenset({"lift"}), known=frozenset({"liu"})),
            visit("hers", known=frozenset({"liu", "wang"})),
        ),
        workers=(
            worker("liu", home=HERE),
            worker("wang", home=at(60), skills=frozenset({"lift"})),
        ),
        weights=msgspec.structs.replace(routing.usual_weights(), uneven=0.0),
    )
    told = {one.visit: one for one in quickly(week).assignments}
    far, lift, hers = (told[name].explanation for name in ("far", "lift", "hers"))
    assert (told["far"].worker, far.usual) == ("wang", "liu")
    assert far.usual_way_minutes_more == far.second_way_minutes_more > 0
    assert (told["lift"].worker, lift.usual, lift.usual_way_minutes_more) == ("wang", "liu", None)
    assert (hers.usual, hers.usual_way_minutes_more) == ("", None)
    dear = msgspec.structs.replace(week.weights, stranger=500.0)
    told = {
        one.visit: one for one in quickly(msgspec.structs.replace(week, weights=dear)).assignments
    }
    assert (told["far"].worker, told["far"].explanation.usual) == ("liu", "")


def test_reasons_for_nobody() -> None:
    male = {"gender": "male", "is_gender_must": True}
    week = Instance(
        visits=(
            visit("skill", skills=frozenset({"surgeon"})),
            visit("gender", **male),
            visit("pair", workers=2, skills=frozenset({"lift"})),
            visit("night", windows=((60, 120),)),
            visit("pinned", pinned_start=60, windows=((480, 600),)),
            visit("first", windows=((480, 490),), priority=3),
            visit("hours", minutes=30, windows=((700, 720),), skills=frozenset({"lift"})),
            visit("taken", windows=((480, 490),), skills=frozenset({"first"})),
            visit("same", windows=((480, 490),), skills=frozenset({"first"}), priority=2),
        ),
        workers=(
            worker("liu", gender="female", skills=frozenset({"lift"}), max_day_minutes=20),
            worker("wang", gender="female", skills=frozenset({"first"}), home=at(3)),
            worker("zhou", gender="female"),
        ),
    )
    reasons = {one.visit: one.reason for one in quickly(week).unserved}
    assert reasons == {
        "skill": Reason.NO_SKILL,
        "gender": Reason.NO_GENDER,
        "pair": Reason.NO_PAIR,
        "night": Reason.NO_SHIFT,
        "pinned": Reason.PINNED,
        "hours": Reason.HOURS,
        "taken": Reason.TAKEN,
    }


def test_two_begin_together() -> None:
    week = Instance(
        visits=(visit("bath", workers=2), visit("before", windows=((480, 480),), place=at(6))),
        workers=(worker("liu"), worker("wang", home=at(21))),
    )
    plan = quickly(week)
    both = [one for one in plan.assignments if one.visit == "bath"]
    assert {one.worker for one in both} == {"liu", "wang"}
    assert len({one.start for one in both}) == 1


BASE = Instance(
    visits=(
        visit("a"),
        visit("b", place=at(11)),
        visit("c", skills=frozenset({"lift"}), gender="male", is_gender_must=True),
        visit("d", workers=2, windows=((480, 900),)),
        visit("noon", windows=((660, 700),), minutes=60, pinned_workers=("wang",)),
        visit("late", windows=((720, 780),), minutes=60, pinned_start=740),
    ),
    workers=(
        worker("liu", shifts=(Shift(420, 1080, (Break(660, 840, 30),)),), busy=((900, 960),)),
        worker("wang", gender="male", skills=frozenset({"lift"}), max_week_minutes=170),
    ),
)


@pytest.mark.parametrize(
    ("placements", "expected"),
    [
        ([("a", "liu", 480), ("b", "liu", 521)], []),
        ([("a", "liu", 480), ("b", "liu", 520)], [(Code.TRAVEL, ("a", "b"), 1)]),
        ([("a", "liu", 480), ("b", "liu", 500)], [(Code.OVERLAP, ("a", "b"), 10)]),
        ([("a", "liu", 470)], [(Code.WINDOW, ("a",), 0)]),
        ([("b", "liu", 425)], [(Code.SHIFT, ("b",), 6), (Code.WINDOW, ("b",), 0)]),
        ([("c", "liu", 480)], [(Code.GENDER, ("c",), 0), (Code.SKILL, ("c",), 0)]),
        ([("c", "wang", 480)], []),
        ([("d", "liu", 480)], [(Code.PAIR, ("d",), 0)]),
        ([("d", "liu", 480), ("d", "wang", 490)], [(Code.PAIR, ("d",), 0)]),
        ([("d", "liu", 480), ("d", "wang", 480)], []),
        ([("a", "liu", 480), ("a", "wang", 480)], [(Code.TWICE, ("a",), 0)]),
        ([("d", "liu", 890), ("d", "wang", 890)], [(Code.BUSY, ("d",), 0)]),
        ([("noon", "liu", 660)], [(Code.PIN, ("noon",), 0)]),
        ([("late", "liu", 750)], [(Code.PIN, ("late",), 0)]),
        ([("nobody", "liu", 480)], [(Code.UNKNOWN, ("nobody",), 0)]),
        ([("a", "sun", 480)], [(Code.UNKNOWN, ("a",), 0)]),
        (
            [("a", "wang", 480), ("b", "wang", 530), ("c", "wang", 600), ("noon", "wang", 660)],
            [(Code.WEEK_HOURS, (), 2)],
        ),
    ],
)
def test_check_names_the_rule_and_the_visits(
    placements: list[tuple[str, str, int]], expected: list[tuple[Code, tuple[str, ...], int]]
) -> None:
    some = [Placement(*one) for one in placements]
    found = check(BASE, some)
    assert [(one.code, one.visits, one.minutes) for one in found] == expected
    if expected:
        with pytest.raises(routing.PlanHasConflicts):
            settle(BASE, some)
    else:
        assert settle(BASE, some).placements == tuple(
            sorted(some, key=lambda p: (p.start, p.worker))
        )


def test_no_room_for_a_break_is_a_conflict() -> None:
    visits = tuple(
        visit(name, windows=((start, start),), minutes=65)
        for name, start in (("v1", 640), ("v2", 710), ("v3", 780))
    )
    week = Instance(visits=visits, workers=(BASE.workers[0],))
    placed = [Placement(one.id, "liu", one.windows[0][0]) for one in visits]
    assert [one.code for one in check(week, placed)] == [Code.BREAK]
    assert check(week, placed[:2]) == ()
    assert len(quickly(week).unserved) == 1


def test_the_bound_is_the_optimum_where_it_can_be_told() -> None:
    """One worker, three visits in a line in a fixed order: out and back is the shortest."""
    week = Instance(
        visits=tuple(
            visit(f"v{n}", place=at(1 + 5 * n), windows=((480 + 60 * n, 480 + 60 * n),))
            for n in (1, 2, 3)
        ),
        workers=(worker("liu"),),
    )
    plan = quickly(week)
    assert plan.unserved == ()
    assert travel_lower_bound(week, {"v1", "v2", "v3"}) == plan.figures.travel_minutes


def test_an_ill_worker_changes_her_own_visits_alone_where_others_have_room() -> None:
    week = Instance(
        visits=tuple(visit(f"v{n}", windows=((480 + 60 * n, 500 + 60 * n),)) for n in range(4)),
        workers=(worker("liu"), worker("wang"), worker("zhou")),
    )
    plan = quickly(week)
    hers = {one.visit for one in plan.assignments if one.worker == plan.assignments[-1].worker}
    mended = replan(week, plan, [WorkerAway(plan.assignments[-1].worker, 0, 1440)], now=0)
    assert {one.visit for one in mended.changed} == hers
    assert mended.plan.unserved == ()


def test_others_move_only_where_nothing_else_helps() -> None:
    """The only worker who can lift is at a visit that somebody else could make."""
    week = Instance(
        visits=(visit("plain", windows=((480, 480),), pinned_workers=()),),
        workers=(worker("liu", skills=frozenset({"lift"})), worker("wang", home=at(30))),
    )
    plan = settle(week, [Placement("plain", "liu", 480)])
    lift = visit("lift", windows=((480, 490),), skills=frozenset({"lift"}))
    mended = replan(week, plan, [VisitAdded(lift)], now=400, seconds=5)
    assert mended.plan.unserved == ()
    assert {(one.visit, one.worker) for one in mended.plan.assignments} == {
        ("plain", "wang"),
        ("lift", "liu"),
    }
    assert [one.visit for one in mended.changed] == ["plain"]


def test_changes_of_what_is_not_there_or_has_begun_are_refused() -> None:
    week = Instance(visits=(visit("a"),), workers=(worker("liu"),))
    plan = quickly(week)
    start = plan.assignments[0].start
    for change, now in (
        (VisitCancelled("b"), 0),
        (VisitCancelled("a"), start),
        (VisitAdded(visit("a")), 0),
        (WorkerAway("sun", 0, 10), 0),
    ):
        with pytest.raises(routing.CannotChange):
            replan(week, plan, [change], now=now)
