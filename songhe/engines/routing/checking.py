"""Does a plan keep every hard rule? Asked whenever somebody moves a visit by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

from songhe.engines.routing.problem import Problem
from songhe.engines.routing.terms import Code, Conflict, Instance, Placement
from songhe.engines.routing.timing import timed, way_minutes
from songhe.engines.routing.travel import Travel, as_the_crow_flies

# A stop as it is checked: start, end, visit.
_Stop = tuple[int, int, int]


def check(
    instance: Instance, placements: Iterable[Placement], travel: Travel = as_the_crow_flies
) -> tuple[Conflict, ...]:
    """Return every hard rule that the placements break, none twice; () when they may be told.

    Visits that nobody makes are no conflict. What is against two visits names both, in order of
    time.
    """
    return tuple(sorted(set(conflicts(Problem(instance, travel), placements))))


def conflicts(problem: Problem, placements: Iterable[Placement]) -> list[Conflict]:
    """Return what `check` returns, for a problem that stands already."""
    found: list[Conflict] = []
    by_worker: dict[int, list[_Stop]] = {}
    by_visit: dict[int, list[Placement]] = {}
    for one in placements:
        v, w = problem.visit_index.get(one.visit), problem.worker_index.get(one.worker)
        if v is None or w is None:
            found.append(Conflict(Code.UNKNOWN, one.worker, (one.visit,)))
            continue
        by_visit.setdefault(v, []).append(one)
        end = one.start + problem.minutes[v]
        by_worker.setdefault(w, []).append((one.start, end, v))
        found += _against_visit(problem, v, w, one.start)
    for v, some in by_visit.items():
        found += _together(problem, v, some)
    for w, stops in by_worker.items():
        found += _against_worker(problem, w, sorted(stops))
    return found


def _against_visit(problem: Problem, v: int, w: int, start: int) -> list[Conflict]:
    visit, worker = problem.visits[v], problem.workers[w]
    codes = []
    if not visit.skills <= worker.skills:
        codes.append(Code.SKILL)
    if visit.is_gender_must and visit.gender and visit.gender != worker.gender:
        codes.append(Code.GENDER)
    if not any(a <= start <= b + visit.late_minutes for a, b in visit.windows):
        codes.append(Code.WINDOW)
    if visit.pinned_start is not None and start != visit.pinned_start:
        codes.append(Code.PIN)
    return [Conflict(code, worker.id, (visit.id,)) for code in codes]


def _together(problem: Problem, v: int, some: list[Placement]) -> list[Conflict]:
    """Return what is wrong with who makes a visit together: too many, too few, not at once."""
    visit = problem.visits[v]
    workers = {one.worker for one in some}
    first = some[0].worker
    found = []
    if len(some) > visit.workers or len(workers) < len(some):
        found.append(Conflict(Code.TWICE, first, (visit.id,)))
    if len(some) < visit.workers or len({one.start for one in some}) > 1:
        found.append(Conflict(Code.PAIR, first, (visit.id,)))
    pinned = set(visit.pinned_workers)
    is_kept = workers <= pinned if len(pinned) >= visit.workers else pinned <= workers
    if not is_kept:
        found.append(Conflict(Code.PIN, first, (visit.id,)))
    return found


def _against_worker(problem: Problem, w: int, stops: list[_Stop]) -> list[Conflict]:
    worker = problem.workers[w]
    found: list[Conflict] = []
    for start, end, v in stops:
        if any(start < until and end > since for since, until in worker.busy):
            found.append(Conflict(Code.BUSY, worker.id, (problem.visits[v].id,)))
    by_slot: dict[int, list[_Stop]] = {}
    for stop in stops:
        inside = [
            t
            for t in problem.slots_of[w]
            if problem.slots[t].start <= stop[0] and stop[1] <= problem.slots[t].end
        ]
        if inside:
            by_slot.setdefault(inside[0], []).append(stop)
        else:
            found.append(Conflict(Code.SHIFT, worker.id, (problem.visits[stop[2]].id,)))
    week = 0
    days: Counter[int] = Counter()
    named: dict[int, tuple[str, ...]] = {}
    for t, some in by_slot.items():
        is_busy = any(one.code is Code.BUSY for one in found)
        found += [
            one
            for one in _against_slot(problem, t, some)
            if not (is_busy and one.code is Code.BREAK)  # said once: taken periods are rests too
        ]
        tour = [v for _, _, v in some]
        work = way_minutes(problem, problem.slots[t], tour) + sum(problem.minutes[v] for v in tour)
        days[problem.slots[t].day] += work
        named[problem.slots[t].day] = (problem.visits[tour[-1]].id,)
        week += work
    found += [
        Conflict(Code.DAY_HOURS, worker.id, named[day], worked - worker.max_day_minutes)
        for day, worked in days.items()
        if worked > worker.max_day_minutes
    ]
    if week > worker.max_week_minutes:
        found.append(Conflict(Code.WEEK_HOURS, worker.id, (), week - worker.max_week_minutes))
    return found


def _against_slot(problem: Problem, t: int, stops: list[_Stop]) -> list[Conflict]:
    slot = problem.slots[t]
    worker = problem.workers[slot.worker].id
    name = [problem.visits[v].id for _, _, v in stops]
    found: list[Conflict] = []
    for n, ((_, end, v), (start, _, after)) in enumerate(pairwise(stops)):
        both = (name[n], name[n + 1])
        short = end + slot.way[problem.point[v]][problem.point[after]] - start
        if start < end:
            found.append(Conflict(Code.OVERLAP, worker, both, end - start))
        elif short > 0:
            found.append(Conflict(Code.TRAVEL, worker, both, short))
    out = slot.start + slot.way[slot.home][problem.point[stops[0][2]]] - stops[0][0]
    back = stops[-1][1] + slot.way[problem.point[stops[-1][2]]][slot.home] - slot.end
    if out > 0:
        found.append(Conflict(Code.SHIFT, worker, (name[0],), out))
    if back > 0:
        found.append(Conflict(Code.SHIFT, worker, (name[-1],), back))
    if found:
        return found
    at = {v: start for start, _, v in stops}
    if timed(problem, slot, [v for _, _, v in stops], at) is None:
        found.append(Conflict(Code.BREAK, worker, tuple(dict.fromkeys((name[0], name[-1])))))
    return found
