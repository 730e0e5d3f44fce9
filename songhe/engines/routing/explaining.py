"""Why this worker, and why nobody: what a planner is told beside each visit."""

from __future__ import annotations

from songhe.engines.routing.problem import Problem, is_able
from songhe.engines.routing.state import State
from songhe.engines.routing.terms import Explanation, Reason, Visit, Why


def explained(state: State) -> dict[tuple[int, int], Explanation]:
    """Return why each worker makes each visit, by (visit, slot).

    The second best is found by taking the visit out and asking where else it would cost least,
    all else as it is; for a visit of two, with the other of them as she is and at the same time.
    """
    found = {}
    for v, seats in enumerate(state.seats):
        for t in seats:
            found[v, t] = _explanation(state, v, t)
    return found


def _without(state: State, v: int, t: int) -> State:
    """Return a state in which this worker does not make this visit; others of it still do."""
    rest = state.copy()
    if len(state.seats[v]) == 1:
        rest.take(v)
    else:
        rest.drop(v, t)
    return rest


def _explanation(state: State, v: int, t: int) -> Explanation:
    problem, visit = state.problem, state.problem.visits[v]
    w = problem.slots[t].worker
    rest = _without(state, v, t)
    mine = rest.seat_cost(v, t, state.tours[t])
    my_way = state.tours[t].way - rest.tours[t].way
    others = {problem.slots[one].worker for one in state.seats[v] if one != t}
    places = _elsewhere(rest, v, {w, *others}, state.at.get(v))
    why: list[Why] = []
    if problem.workers[w].id in visit.pinned_workers:
        why.append(Why.PINNED)
    if set(problem.able[v]) - others == {w}:
        why.append(Why.ONLY_ABLE)
    elif not places:
        why.append(Why.ONLY_FREE)
    if problem.workers[w].id in visit.known:
        why.append(Why.USUAL)
    usual, usual_way = _usual(problem, visit, {w, *others}, places)
    if not places:
        return Explanation(tuple(why), usual=usual)
    cost, t_second, way = min(places)
    second = problem.slots[t_second].worker
    if visit.gender and problem.workers[w].gender == visit.gender:
        why += [Why.WISH] * (problem.workers[second].gender != visit.gender)
    if my_way <= min(one[2] for one in places):
        why.append(Why.NEAREST)
    work = problem.minutes[v]
    if not why and rest.uneven(second, work) > rest.uneven(w, work):
        why.append(Why.BALANCE)
    return Explanation(
        tuple(why or [Why.OVERALL]),
        problem.workers[second].id,
        round(cost - mine, 2),
        way - my_way,
        usual,
        None if usual_way is None else usual_way - my_way,
    )


def _usual(
    problem: Problem, visit: Visit, coming: set[int], places: list[tuple[float, int, int]]
) -> tuple[str, int | None]:
    """Return who usually comes and does not, and her minutes on the way, None without a place."""
    if not visit.known or visit.known & {problem.workers[one].id for one in coming}:
        return "", None
    found = [(c, problem.workers[problem.slots[t].worker].id, way) for c, t, way in places]
    usual = min((one for one in found if one[1] in visit.known), default=None)
    return (usual[1], usual[2]) if usual else (min(visit.known), None)


def _elsewhere(
    rest: State, v: int, but: set[int], start: int | None
) -> list[tuple[float, int, int]]:
    """Return (cost, slot, minutes on the way) of every other worker's places for a visit."""
    found = []
    for t in rest.problem.fits[v]:
        place = None if rest.problem.slots[t].worker in but else rest.best_in(v, t, start)
        if place is not None:
            found.append((place[0], t, rest.added_way(v, t, place[1])))
    return found


def reason_of(state: State, v: int) -> Reason:
    """Return why a visit is made by nobody, the strongest reason first."""
    problem, visit = state.problem, state.problem.visits[v]
    if not problem.openings[v] or len(visit.pinned_workers) > visit.workers:
        return Reason.PINNED
    pinned = set(visit.pinned_workers)
    free = [_unpinned(problem, visit, w) for w in range(len(problem.workers))]
    skilled = [visit.skills <= worker.skills for worker in problem.workers]
    reason = Reason.TAKEN
    if not any(skilled):
        reason = Reason.NO_SKILL
    elif not any(free):
        reason = Reason.NO_GENDER
    elif sum(free) < visit.workers:
        reason = Reason.NO_PAIR
    elif len(problem.able[v]) < visit.workers or not pinned <= {
        problem.workers[w].id for w in problem.able[v]
    }:
        reason = Reason.PINNED
    elif not _fits_empty(problem, v):
        is_laid_down = visit.pinned_start is not None or pinned
        reason = Reason.PINNED if is_laid_down else Reason.NO_SHIFT
    elif state.without_hours().best(v) is not None:
        reason = Reason.HOURS
    elif visit.pinned_start is not None or pinned:
        reason = Reason.PINNED
    return reason


def _unpinned(problem: Problem, visit: Visit, w: int) -> bool:
    worker = problem.workers[w]
    return is_able(visit, worker) or (
        visit.skills <= worker.skills
        and not (visit.is_gender_must and visit.gender and visit.gender != worker.gender)
    )


def _fits_empty(problem: Problem, v: int) -> bool:
    """Say whether the visit would have its workers if they had nothing else to do."""
    return State(problem).without_hours().best(v) is not None
