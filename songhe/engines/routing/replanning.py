"""The day turns out otherwise: a plan that people were told is mended with few changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from random import Random

import msgspec

from songhe.engines.routing.problem import Problem
from songhe.engines.routing.search import fill, improve
from songhe.engines.routing.settling import plan_of, state_of
from songhe.engines.routing.state import State
from songhe.engines.routing.terms import (
    Break,
    Instance,
    Period,
    Placement,
    Plan,
    Shift,
    Visit,
    Worker,
)
from songhe.engines.routing.tours import Told
from songhe.engines.routing.travel import Travel, as_the_crow_flies
from songhe.kernel.errors import Invalid

# Who must leave within so many minutes for a visit is as good as on her way.
NOTICE_MINUTES = 15
_TURNS = 8000  # of the search for plans that move others too


class WorkerAway(msgspec.Struct, frozen=True, tag=True):
    """Ill, delayed or called off: the worker is not free in this period."""

    worker: str
    start: int
    until: int


class VisitCancelled(msgspec.Struct, frozen=True, tag=True):
    """A visit that is not wanted any more."""

    visit: str


class VisitAdded(msgspec.Struct, frozen=True, tag=True):
    """A visit that is wanted now."""

    visit: Visit


Change = WorkerAway | VisitCancelled | VisitAdded


class Changed(msgspec.Struct, frozen=True):
    """A visit whose worker or time is not what people were told; after is () when nobody comes."""

    visit: str
    before: tuple[Placement, ...]
    after: tuple[Placement, ...]


class Replanned(msgspec.Struct, frozen=True):
    """The instance after the changes, the plan for it, and which visits people must be told of."""

    instance: Instance
    plan: Plan
    changed: tuple[Changed, ...]


class CannotChange(Invalid):
    """What a change names is not there, is there already, or has begun."""

    code = "routing.cannot_change"
    message = "%(name)s cannot be changed: it is unknown, there already, or has begun."


def replan(
    instance: Instance,
    plan: Plan,
    changes: Sequence[Change],
    *,
    now: int,
    seconds: float = 20.0,
    seed: int = 0,
    tolerance_minutes: int = 15,
    cancelled: Callable[[], bool] = lambda: False,
    travel: Travel = as_the_crow_flies,
) -> Replanned:
    """Mend a plan after changes, at minute `now`, with as few changes of what people were told.

    Visits that have begun, or to which somebody is on her way, stay as they are (unless she falls
    out before she is there, or they are cancelled). First all others keep worker and minute, and
    only what has lost its worker is put in between; what then has no place is searched for at most
    so many seconds among plans that move others too. A time within the tolerance is no change.
    Raises CannotChange for a change of something unknown or begun.
    """
    after, begun = _changed_instance(instance, plan, changes, now, travel)
    fixed = _fixed(after, plan, begun, now)
    gone = {one.worker: one for one in changes if isinstance(one, WorkerAway)}
    bounded = _bounded(after, plan, fixed, now, tolerance_minutes, travel)
    problem = Problem(bounded, travel)
    told = _told(problem, plan, tolerance_minutes)
    state = _kept(problem, plan, fixed, gone, told)
    fill(state, state.missing)
    missing = _worth_searching(state)
    if missing:
        until = time.monotonic() + seconds
        random = Random(seed)  # noqa: S311 - a search, not a secret
        state = _searched(state, missing, fixed, random, until, cancelled)
    placements = _placements(problem, state)
    settled = plan_of(state_of(Problem(after, travel), placements), starts=True)
    return Replanned(after, settled, _differences(after, plan, settled, tolerance_minutes))


def _changed_instance(
    instance: Instance, plan: Plan, changes: Sequence[Change], now: int, travel: Travel
) -> tuple[Instance, frozenset[str]]:
    """Return the instance after the changes, and the visits that have begun."""
    begun = {one.visit for one in plan.assignments if one.start <= now}
    visits = {visit.id: visit for visit in instance.visits}
    workers = {worker.id: worker for worker in instance.workers}
    for change in changes:
        if isinstance(change, VisitAdded):
            if change.visit.id in visits:
                raise CannotChange(name=change.visit.id)
            visits[change.visit.id] = change.visit
        elif isinstance(change, VisitCancelled):
            if change.visit not in visits or change.visit in begun:
                raise CannotChange(name=change.visit)
            del visits[change.visit]
        else:
            worker = workers.get(change.worker)
            if worker is None:
                raise CannotChange(name=change.worker)
            busy = _away(instance, plan, worker, change, begun, travel)
            workers[worker.id] = msgspec.structs.replace(worker, busy=(*worker.busy, *busy))
    after = msgspec.structs.replace(
        instance, visits=tuple(visits.values()), workers=tuple(workers.values())
    )
    return after, frozenset(begun)


def _away(
    instance: Instance,
    plan: Plan,
    worker: Worker,
    change: WorkerAway,
    begun: set[str],
    travel: Travel,
) -> list[Period]:
    """Return when she is away: the period without what has begun, a rest after it, the way home."""
    places = {visit.id: visit.place for visit in instance.visits}
    rests = [r for tour in plan.tours if tour.worker == worker.id for r in tour.rests]
    found, start = [], max(change.start, 0)
    for one in sorted(plan.assignments, key=lambda one: one.start):
        if one.worker != worker.id or one.visit not in begun:
            continue
        home = travel([places[one.visit], worker.home], instance.modes[worker.mode])[0][1]
        rested = sum(b - a for a, b in rests if one.end <= a < change.start)
        end = one.end + int(home) + rested
        if end <= start or one.start >= change.until:
            continue
        if one.start > start:
            found.append((start, one.start))
        start = max(start, end)
    return [*found, *([(start, change.until)] if change.until > start else [])]


def _fixed(after: Instance, plan: Plan, begun: frozenset[str], now: int) -> frozenset[str]:
    """Return the visits that stay as they are: begun, or somebody is as good as on her way."""
    busy = {worker.id: worker.busy for worker in after.workers}
    there = {visit.id for visit in after.visits}
    coming: dict[str, list[bool]] = {}
    for one in plan.assignments:
        is_near = one.start - one.way_minutes - NOTICE_MINUTES <= now
        is_free = all(one.start >= b or one.end <= a for a, b in busy[one.worker])
        # What lies between now and her coming must be free too, or she is not on her way.
        is_free = is_free and not any(now < b and a < one.start for a, b in busy[one.worker])
        coming.setdefault(one.visit, []).append(is_near and is_free)
    return frozenset({*begun, *(v for v, near in coming.items() if all(near))} & there)


def _bounded(
    after: Instance,
    plan: Plan,
    fixed: frozenset[str],
    now: int,
    tolerance: int,
    travel: Travel,
) -> Instance:
    """Return the instance with the past closed: nobody leaves before now, nothing comes earlier."""
    told: dict[str, int] = {one.visit: one.start for one in plan.assignments}
    visits = []
    for visit in after.visits:
        windows = visit.windows
        if visit.id not in fixed:
            least = max(now, told.get(visit.id, now) - tolerance)
            windows = tuple(
                (max(a, least), max(b, least))
                for a, b in windows
                if b + visit.late_minutes >= least
            )
        visits.append(msgspec.structs.replace(visit, windows=windows))
    places = {visit.id: visit.place for visit in after.visits}
    workers = []
    for worker in after.workers:
        mine = [one for one in plan.assignments if one.worker == worker.id and one.visit in fixed]
        ends = []
        for one in mine:
            ways = travel([places[one.visit], worker.home], after.modes[worker.mode])
            ends.append((one.start, one.end, int(ways[0][1])))
        rests = [r for tour in plan.tours if tour.worker == worker.id for r in tour.rests]
        workers.append(_bounded_worker(worker, ends, [r for r in rests if r[0] < now], now))
    return msgspec.structs.replace(after, visits=tuple(visits), workers=tuple(workers))


def _bounded_worker(
    worker: Worker, mine: Sequence[tuple[int, int, int]], rests: Sequence[Period], now: int
) -> Worker:
    """Return a worker who has done what she has done: idle until now, breaks had are had.

    mine: (start, end, minutes home from there) of the visits that stay as they are.
    """
    busy, shifts = list(worker.busy), []
    for shift in worker.shifts:
        if shift.start >= now:
            shifts.append(shift)
            continue
        _, last, home = max(
            (one for one in mine if shift.start <= one[0] < shift.end),
            default=(0, shift.start, 0),
        )
        taken = sorted([*worker.busy, *rests])
        idle = (last, now)
        free = max([now, *(b for a, b in taken if a < now + home and b > now)])
        if free + home > shift.end:  # she goes home, and stays
            idle = (_home_at(last, home, taken), shift.end)
        breaks = []
        for one in shift.breaks:
            had = [
                r
                for r in rests
                if one.earliest <= r[0] and r[1] <= one.latest and r[1] - r[0] == one.minutes
            ]
            if had:
                busy.append(had[0])
            elif not _is_rested(one, idle):
                breaks.append(one)
        if idle[1] > idle[0]:
            busy.append(idle)
        shifts.append(Shift(shift.start, shift.end, tuple(breaks)))
    return msgspec.structs.replace(worker, busy=tuple(busy), shifts=tuple(shifts))


def _home_at(last: int, home: int, taken: Sequence[Period]) -> int:
    """Return when she is home who has ended at `last`, with what is taken on the way."""
    arrival = last + home
    for start, end in taken:
        if end > last and start < arrival:
            arrival += end - max(start, last)
    return arrival


def _is_rested(rest: Break, idle: Period) -> bool:
    return min(idle[1], rest.latest) - max(idle[0], rest.earliest) >= rest.minutes


def _told(problem: Problem, plan: Plan, tolerance: int) -> Told:
    workers: dict[int, frozenset[int]] = {}
    starts: dict[int, int] = {}
    for one in plan.assignments:
        v = problem.visit_index.get(one.visit)
        if v is not None:
            workers[v] = workers.get(v, frozenset()) | {problem.worker_index[one.worker]}
            starts[v] = one.start
    return Told(workers, starts, tolerance)


def _kept(
    problem: Problem, plan: Plan, fixed: frozenset[str], gone: dict[str, WorkerAway], told: Told
) -> State:
    """Return the plan as it was told, minute for minute, without what cannot stay so."""
    state = State(problem, told)
    lost = {
        one.visit
        for one in plan.assignments
        if one.worker in gone and one.visit not in fixed
        if one.end > gone[one.worker].start and one.start < gone[one.worker].until
    }
    kept: dict[int, list[tuple[int, int]]] = {}
    for one in plan.assignments:
        v = problem.visit_index.get(one.visit)
        if v is None or one.visit in lost:
            continue
        w = problem.worker_index[one.worker]
        t = next(
            t
            for t in problem.slots_of[w]
            if problem.slots[t].start <= one.start and one.end <= problem.slots[t].end
        )
        kept.setdefault(t, []).append((one.start, v))
        state.at[v] = one.start
    for t, some in sorted(kept.items()):
        tour = [v for _, v in sorted(some)]
        while not state.give(t, tuple(tour)):
            loose = [v for v in tour if problem.visits[v].id not in fixed]
            if not loose:
                raise AssertionError("what has begun cannot be")
            tour.remove(loose[-1])
    for v, visit in enumerate(problem.visits):
        if 0 < len(state.seats[v]) < visit.workers:
            state.take(v)
        if not state.seats[v]:
            state.at.pop(v, None)
    return state


def _worth_searching(state: State) -> list[int]:
    """Return the visits without a worker that an empty week could serve."""
    empty = State(state.problem).without_hours()
    return [v for v in state.missing if empty.best(v) is not None]


def _searched(
    state: State,
    missing: list[int],
    fixed: frozenset[str],
    random: Random,
    until: float,
    cancelled: Callable[[], bool],
) -> State:
    """Look for plans of the days concerned that move others too; take one that serves more."""
    problem = state.problem
    days = {o[0] // 1440 for v in missing for o in problem.openings[v]}
    frozen = frozenset(
        v
        for v, seats in enumerate(state.seats)
        if problem.visits[v].id in fixed or (seats and problem.slots[seats[0]].day not in days)
    )
    loose = state.copy()
    loose.at = {
        v: start for v, start in state.at.items() if v in frozen or problem.visits[v].workers > 1
    }
    for t in range(len(loose.tours)):
        loose.recount(t)

    def is_over() -> bool:
        return cancelled() or time.monotonic() > until

    found = improve(loose, random, _TURNS, is_over, frozen=frozen)
    if len(found.missing) >= len(state.missing) and found.cost() >= state.cost():
        return state
    told = found.told
    if told is not None:
        for t, tour in enumerate(found.tours):
            for v in tour.visits:
                if v in found.at or v not in told.starts:
                    continue
                at = {**found.at, v: told.starts[v]}
                in_window = any(a <= at[v] <= late for a, _, late in problem.openings[v])
                if in_window and found.book.of(t, tour.visits, at) is not None:
                    found.at = at
            found.recount(t)
    return found


def _placements(problem: Problem, state: State) -> list[Placement]:
    plan = plan_of(state, explain=False, starts=True)
    return list(plan.placements)


def _differences(after: Instance, before: Plan, plan: Plan, tolerance: int) -> tuple[Changed, ...]:
    there = {visit.id for visit in after.visits}
    old: dict[str, list[Placement]] = {}
    new: dict[str, list[Placement]] = {}
    for some, placements in ((old, before.placements), (new, plan.placements)):
        for one in placements:
            some.setdefault(one.visit, []).append(one)
    found = []
    for name, was in old.items():
        if name not in there:
            continue
        now = new.get(name, [])
        is_same = {one.worker for one in was} == {one.worker for one in now} and all(
            abs(one.start - was[0].start) <= tolerance for one in now
        )
        if not is_same:
            found.append(Changed(name, tuple(sorted(was)), tuple(sorted(now))))
    return tuple(found)
