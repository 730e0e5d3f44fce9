"""From what a plan decides to the plan people read: times, rests, figures, reasons."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import pstdev

from songhe.engines.routing import terms
from songhe.engines.routing.checking import conflicts
from songhe.engines.routing.explaining import explained, reason_of
from songhe.engines.routing.problem import Problem
from songhe.engines.routing.state import State
from songhe.engines.routing.terms import (
    Assignment,
    Explanation,
    Figures,
    Instance,
    Placement,
    Plan,
    Unserved,
)
from songhe.engines.routing.timing import timed
from songhe.engines.routing.tours import Tour
from songhe.engines.routing.travel import Travel, as_the_crow_flies
from songhe.kernel.errors import Conflict as Refused


class PlanHasConflicts(Refused):
    """A plan that breaks a hard rule cannot be worked out; `check` says which."""

    code = "routing.conflicts"
    message = "The plan has conflicts that must be solved first."


def settle(
    instance: Instance, placements: Iterable[Placement], travel: Travel = as_the_crow_flies
) -> Plan:
    """Work out the whole plan of what somebody has decided, starts as they were decided.

    Raises PlanHasConflicts where `check` finds something.
    """
    problem = Problem(instance, travel)
    return plan_of(state_of(problem, placements), starts=True)


def state_of(problem: Problem, placements: Iterable[Placement]) -> State:
    """Return a state with these placements, every start fixed as it is."""
    some = list(placements)
    if conflicts(problem, some):
        raise PlanHasConflicts
    state = State(problem)
    by_slot: dict[int, list[tuple[int, int]]] = {}
    for one in some:
        v, w = problem.visit_index[one.visit], problem.worker_index[one.worker]
        state.at[v] = one.start
        end = one.start + problem.minutes[v]
        t = next(
            t
            for t in problem.slots_of[w]
            if problem.slots[t].start <= one.start and end <= problem.slots[t].end
        )
        by_slot.setdefault(t, []).append((one.start, v))
    for t in sorted(by_slot):
        if not state.give(t, tuple(v for _, v in sorted(by_slot[t]))):
            raise PlanHasConflicts
    return state


def plan_of(state: State, *, explain: bool = True, starts: bool = False) -> Plan:
    """Return the plan of a state. starts: times are as they were laid down, not the earliest."""
    problem = state.problem
    why = {} if not explain else explained(_loosened(state) if starts else state)
    assignments, tours = [], []
    for t, tour in enumerate(state.tours):
        if tour.visits:
            some, one = _tour(state, t, tour, why)
            assignments += some
            tours.append(one)
    assignments.sort(key=lambda one: (one.start, one.worker, one.visit))
    unserved = tuple(
        Unserved(problem.visits[v].id, reason_of(state, v), len(problem.able[v]))
        for v in state.missing
    )
    return Plan(tuple(assignments), tuple(tours), unserved, _figures(state, assignments))


def _loosened(state: State) -> State:
    """Return the state with free starts, for asking where else a visit would fit."""
    loose = state.copy()
    loose.at = {v: at for v, at in state.at.items() if state.problem.visits[v].workers > 1}
    return loose


def _tour(
    state: State, t: int, tour: Tour, why: dict[tuple[int, int], Explanation]
) -> tuple[list[Assignment], terms.Tour]:
    problem, slot = state.problem, state.problem.slots[t]
    worker = problem.workers[slot.worker].id
    times = timed(problem, slot, tour.visits, state.at)
    if times is None:
        raise AssertionError("a tour was made that cannot be")
    found, here = [], slot.home
    for v, arrive, start in zip(tour.visits, times.arrivals, times.starts, strict=True):
        visit = problem.visits[v]
        late = min(
            (max(0, start - b) for a, b in visit.windows if a <= start <= b + visit.late_minutes),
            default=0,
        )
        way = slot.way[here][problem.point[v]]
        found.append(
            Assignment(
                visit.id, worker, arrive, start, start + visit.minutes, way, late, why.get((v, t))
            )
        )
        here = problem.point[v]
    names = tuple(problem.visits[v].id for v in tour.visits)
    return found, terms.Tour(
        worker, slot.shift, times.leaves, times.returns, tour.way, tour.care, names, times.rests
    )


def _share(hits: list[bool]) -> float:
    return sum(hits) / len(hits) if hits else 1.0


def _figures(state: State, assignments: list[Assignment]) -> Figures:
    problem = state.problem
    usual, wishes = [], []
    faces: dict[str, set[str]] = {}
    for one in assignments:
        visit = problem.visits[problem.visit_index[one.visit]]
        worker = problem.workers[problem.worker_index[one.worker]]
        faces.setdefault(visit.person, set()).add(one.worker)
        if visit.known:
            usual.append(one.worker in visit.known)
        if visit.gender:
            wishes.append(worker.gender == visit.gender)
    loads = [
        worked / worker.max_week_minutes
        for worked, worker in zip(state.week_minutes, problem.workers, strict=True)
        if worker.shifts and worker.max_week_minutes
    ]
    served = sum(bool(seats) for seats in state.seats)
    return Figures(
        travel_minutes=state.travel_minutes,
        care_minutes=sum(one.end - one.start for one in assignments),
        late_minutes=sum(one.late_minutes for one in assignments),
        served=served,
        unserved=len(state.seats) - served,
        continuity_share=_share(usual),
        wishes_share=_share(wishes),
        load_spread=pstdev(loads) if loads else 0.0,
        faces=sum(map(len, faces.values())) / len(faces) if faces else 0.0,
        cost=round(state.cost(), 3),
    )
