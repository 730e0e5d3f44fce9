"""Nearest free worker: what a dispatcher with a map does, and the baseline of every proposal."""

from __future__ import annotations

from songhe.engines.routing.problem import Problem
from songhe.engines.routing.state import GRID_MINUTES, Move, State
from songhe.engines.routing.timing import quick


def nearest_free(problem: Problem) -> State:
    """Go through the visits as they come due; give each to the nearest worker who is free.

    Each is put behind what the worker has already. On time goes before near; a visit that may be
    on several days is made on the first on which somebody is free. Every hard rule holds.
    """
    state = State(problem)
    order = sorted(
        range(len(problem.visits)),
        key=lambda v: (problem.first[v], problem.last[v], problem.visits[v].id),
    )
    for v in order:
        move = _nearest(state, v)
        if move is not None:
            state.put(v, move)
    return state


def _nearest(state: State, v: int) -> Move | None:
    problem, visit = state.problem, state.problem.visits[v]
    if visit.workers == 1:
        days: dict[int, list[tuple[bool, int, int]]] = {}
        for t in problem.fits[v]:
            found = _behind(state, v, t, None)
            if found is not None:
                late, way = found
                days.setdefault(problem.slots[t].day, []).append((late > 0, way, t))
        if not days:
            return None
        *_, t = min(days[min(days)])
        return Move(0.0, ((t, len(state.tours[t].visits)),))
    pinned = {problem.worker_index.get(name, -1) for name in visit.pinned_workers}
    for opening in problem.openings[v]:
        for start in range(opening[0], opening[1] + 1, GRID_MINUTES):
            free: dict[int, tuple[bool, int, int]] = {}
            for t in problem.fits[v]:
                found = _behind(state, v, t, start)
                if found is not None:
                    w = problem.slots[t].worker
                    free[w] = min(free.get(w, (True, 1 << 30, t)), (w not in pinned, found[1], t))
            chosen = sorted(free.values())[: visit.workers]
            workers = {problem.slots[t].worker for _, _, t in chosen}
            if len(chosen) == visit.workers and pinned <= workers:
                return Move(0.0, tuple((t, len(state.tours[t].visits)) for *_, t in chosen), start)
    return None


def _behind(state: State, v: int, t: int, start: int | None) -> tuple[int, int] | None:
    """Return (minutes late, minutes on the way to it) behind a tour; None where it cannot be."""
    problem, slot, tour = state.problem, state.problem.slots[t], state.tours[t]
    at = state.at if start is None else {**state.at, v: start}
    found = quick(problem, slot, [*tour.visits, v], at)
    if found is None:
        return None
    here = problem.point[tour.visits[-1]] if tour.visits else slot.home
    if not state.has_hours(t, found[0] - tour.way + problem.minutes[v]):
        return None
    return found[1] - tour.late, slot.way[here][problem.point[v]]
