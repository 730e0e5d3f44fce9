"""Tours that the search has come by, and the best week that can be put together of them.

The search sees one plan at a time; good tours of plans that were given up are kept here, and CP-SAT
chooses among all of them at once (set partitioning, as in Rochat and Taillard 1995): each visit
once, each shift one tour, the hours of days and weeks, faces and fair shares as in the search.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from songhe.engines.routing.problem import Problem
from songhe.engines.routing.state import State
from songhe.engines.routing.tours import Fixed, Tour

try:
    from ortools.sat.python import cp_model
except ImportError:  # pragma: no cover - the lock has it; without it the search goes on alone
    cp_model = None  # type: ignore[assignment]

SCALE = 100  # costs are whole numbers there: hundredths of a minute
MOST = 120  # tours kept of one shift; what has not been seen for longest goes first

# (slot, visits in order, starts that are fixed of visits that several begin together)
_Key = tuple[int, tuple[int, ...], Fixed]


class Pool:
    """Tours worth keeping, by slot."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.tours: list[dict[tuple[tuple[int, ...], Fixed], Tour]] = [{} for _ in problem.slots]
        self._last: list[Tour | None] = [None] * len(problem.slots)

    def add(self, state: State) -> None:
        """Keep the tours of a plan."""
        for t, (tour, last) in enumerate(zip(state.tours, self._last, strict=True)):
            if tour is last or not tour.visits:
                continue
            kept, key = self.tours[t], (tour.visits, tour.fixed)
            kept.pop(key, None)
            kept[key] = tour
            if len(kept) > MOST:
                del kept[next(iter(kept))]
        self._last = [*state.tours]

    def mixed(
        self, state: State, *, seed: int, effort: float, is_over: Callable[[], bool]
    ) -> State:
        """Return the best week found by choosing each day anew among the tours kept.

        One day after the other, while the others stay: so small a choice is soon made for good.
        effort bounds the solver's work for each in its own deterministic seconds.
        """
        if cp_model is None:
            return state
        self.add(state)
        for day in sorted({slot.day for slot in self.problem.slots}):
            if is_over():
                break
            state = self._mixed(state, day, seed, effort)
        return state

    def _mixed(self, state: State, day: int, seed: int, effort: float) -> State:
        tours = {
            (t, tour.visits, tour.fixed): tour for t, tour in enumerate(state.tours) if tour.visits
        }
        for t, slot in enumerate(self.problem.slots):
            if slot.day == day:
                tours |= {(t, *key): tour for key, tour in self.tours[t].items()}
        choice = _Choice(self.problem, tours, state)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = seed
        solver.parameters.max_deterministic_time = effort
        status = solver.solve(choice.model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return state
        new = state.emptied()
        chosen = [key for key, var in choice.taken.items() if solver.value(var)]
        new.at = {v: start for _, _, fixed in chosen for v, start in fixed}
        if not all(new.give(t, visits) for t, visits, _ in chosen):
            return state
        return new if new.spent < state.spent - 1e-6 else state


class _Choice:
    """The choice among tours as a model of CP-SAT, with the present plan as its hint."""

    def __init__(self, problem: Problem, tours: dict[_Key, Tour], state: State) -> None:
        self.problem, self.tours = problem, tours
        self.model: Any = cp_model.CpModel()
        self.taken = {key: self.model.new_bool_var("") for key in tours}
        self.costs: list[Any] = []
        by_slot: dict[int, list[Any]] = {}
        for key, var in self.taken.items():
            t, visits, _ = key
            self.model.add_hint(var, tours[key] is state.tours[t])
            by_slot.setdefault(t, []).append(var)
            fees = sum(state.fees[v][problem.worker_of[t]] for v in visits)
            self.costs.append(round(SCALE * (tours[key].cost + fees)) * var)
        for some in by_slot.values():
            self.model.add_at_most_one(some)
        self._serve()
        self._bound_hours()
        self._count_faces()
        self.model.minimize(sum(self.costs))

    def _serve(self) -> None:
        problem, model = self.problem, self.model
        alone: dict[int, list[Any]] = {}
        together: dict[int, dict[int, list[Any]]] = {}
        for (_, tour, fixed), var in self.taken.items():
            starts = dict(fixed)
            for v in tour:
                if v in starts:
                    together.setdefault(v, {}).setdefault(starts[v], []).append(var)
                else:
                    alone.setdefault(v, []).append(var)
        for v, visit in enumerate(problem.visits):
            fee = round(SCALE * problem.weights.unserved * visit.priority)
            missing = model.new_bool_var("")
            self.costs.append(fee * missing)
            if visit.workers == 1:
                model.add_exactly_one([*alone.get(v, []), missing])
                continue
            begun = []
            for some in together.get(v, {}).values():
                begins = model.new_bool_var("")
                model.add(sum(some) == visit.workers * begins)
                begun.append(begins)
            model.add_exactly_one([*begun, missing])

    def _bound_hours(self) -> None:
        problem, model = self.problem, self.model
        days: dict[tuple[int, int], list[Any]] = {}
        weeks: dict[int, list[Any]] = {}
        for key, var in self.taken.items():
            slot, work = problem.slots[key[0]], self.tours[key].work
            days.setdefault((slot.worker, slot.day), []).append(work * var)
            weeks.setdefault(slot.worker, []).append(work * var)
        for (w, _), some in days.items():
            model.add(sum(some) <= problem.workers[w].max_day_minutes)
        for w, some in weeks.items():
            most, fair = problem.workers[w].max_week_minutes, math.floor(problem.fair_minutes[w])
            model.add(sum(some) <= most)
            above = model.new_int_var(0, max(0, most), "")
            model.add(above >= sum(some) - fair)
            self.costs.append(round(SCALE * problem.weights.uneven) * above)

    def _count_faces(self) -> None:
        problem, model = self.problem, self.model
        weight = round(SCALE * problem.weights.face)
        seen: dict[tuple[str, int], list[Any]] = {}
        for (t, tour, _), var in self.taken.items():
            w = problem.slots[t].worker
            for person in {problem.visits[v].person for v in tour if not problem.visits[v].known}:
                seen.setdefault((person, w), []).append(var)
        for some in seen.values():
            face = model.new_bool_var("")
            model.add_max_equality(face, some)
            self.costs.append(weight * face)
