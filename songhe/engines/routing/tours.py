"""Tours that were worked out once: what each costs, and where one more visit would fit best.

A search asks the same of the same tours again and again; every tour is kept with its answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from songhe.engines.routing.problem import Problem, Slot
from songhe.engines.routing.timing import quick, timed

MOST = 60_000  # tours remembered; then all are forgotten but those in use

# Where a visit fits best: what the tour costs more, minutes of work more, position.
Place = tuple[float, int, int]
# A place in a tour: ways from the stop before, free there from, the stop after, where one must
# arrive at the latest, minutes from one to the other.
Gap = tuple[list[int], int, int, int, int]
Fixed = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What people were told before: by visit, workers and start. Replanning pays for changes."""

    workers: dict[int, frozenset[int]]
    starts: dict[int, int]
    tolerance_minutes: int


class Tour:
    """One shift's visits in order, with starts that are fixed; minutes, and what they cost.

    cost: ways, lateness and told times that are not kept. places: answers of `Tours.place`.
    """

    __slots__ = ("care", "cost", "fixed", "gaps", "late", "places", "visits", "way", "work")

    def __init__(self, visits: tuple[int, ...], fixed: Fixed, care: int) -> None:
        self.visits, self.fixed, self.care = visits, fixed, care
        self.way = self.late = self.work = 0
        self.cost = 0.0
        self.places: dict[int, Place | None] = {}
        self.gaps: list[Gap] | None = None


class Tours:
    """All tours of one search, each made once."""

    def __init__(self, problem: Problem, told: Told | None = None) -> None:
        self.problem = problem
        self.told = told
        self._made: list[dict[tuple[tuple[int, ...], Fixed], Tour | None]] = []
        self._made = [{} for _ in problem.slots]
        self._count = 0
        self.empty = [Tour((), (), 0) for _ in problem.slots]

    def of(self, t: int, visits: tuple[int, ...], at: Mapping[int, int]) -> Tour | None:
        """Return the tour of a slot, or None where it cannot be made. at: starts that are fixed."""
        if not visits:
            return self.empty[t]
        fixed = tuple([(v, at[v]) for v in visits if v in at]) if at else ()
        made, key = self._made[t], (visits, fixed)
        if key in made:
            return made[key]
        if self._count >= MOST:
            self._made = [{} for _ in self._made]
            self._count, made = 0, self._made[t]
        self._count += 1
        tour = made[key] = self._new(t, visits, fixed)
        return tour

    def _new(self, t: int, visits: tuple[int, ...], fixed: Fixed) -> Tour | None:
        problem = self.problem
        at = dict(fixed)
        found = quick(problem, problem.slots[t], visits, at)
        if found is None:
            return None
        tour = Tour(visits, fixed, sum([problem.minutes[v] for v in visits]))
        tour.way, tour.late = found
        tour.work = tour.way + tour.care
        tour.cost = tour.way + problem.weights.late * tour.late
        if self.told is not None:
            tour.cost += problem.weights.shifted * self._shifts(t, visits, at)
        return tour

    def _shifts(self, t: int, visits: tuple[int, ...], at: Mapping[int, int]) -> int:
        """Return how many visits of a tour begin at another time than people were told."""
        told = self.told
        found = timed(self.problem, self.problem.slots[t], visits, at)
        if told is None or found is None:
            return 0
        return sum(
            v in told.starts and abs(start - told.starts[v]) > told.tolerance_minutes
            for v, start in zip(visits, found.starts, strict=True)
        )

    def place(self, t: int, tour: Tour, v: int, start: int | None = None) -> Place | None:
        """Return where a visit fits best; None where it does not.

        start: fixed, for what begins at a common time.
        """
        key = v if start is None else v + len(self.problem.visits) * (start + 1)
        if key in tour.places:
            return tour.places[key]
        found = tour.places[key] = self._place(t, tour, v, start)
        return found

    def _place(self, t: int, tour: Tour, v: int, start: int | None) -> Place | None:
        problem = self.problem
        slot, visits, late = problem.slots[t], tour.visits, problem.weights.late
        first = problem.first[v] if start is None else start
        last = problem.last[v] if start is None else start
        there, care = problem.point[v], problem.minutes[v]
        row = slot.way[there]
        tries = []
        if tour.gaps is None:
            tour.gaps = self._gaps(slot, tour)
        for position, (out, free, onward, until, way) in enumerate(tour.gaps):
            begin = free + out[there]
            if begin > last:
                break
            if (begin if begin > first else first) + care + row[onward] <= until:
                tries.append((out[there] + row[onward] - way, position))
        at = dict(tour.fixed)
        if start is not None:
            at[v] = start
        best: Place | None = None
        for more, position in sorted(tries):
            longer = (*visits[:position], v, *visits[position:])
            if self.told is not None:
                whole = self.of(t, longer, at)
                cost = None if whole is None else whole.cost - tour.cost
            elif best is not None and more - late * tour.late >= best[0]:
                break
            else:
                found = quick(problem, slot, longer, at)
                cost = None if found is None else more + late * (found[1] - tour.late)
            if cost is not None and (best is None or cost < best[0]):
                best = (cost, more + care, position)
        return best

    def _gaps(self, slot: Slot, tour: Tour) -> list[Gap]:
        """Return what lies between two stops after one another, home at both ends, rests aside."""
        problem, at = self.problem, dict(tour.fixed)
        places = [slot.home, *(problem.point[v] for v in tour.visits), slot.home]
        free, frees = slot.start, [slot.start]
        for v, (a, b) in zip(tour.visits, pairwise(places), strict=False):
            free = max(free + slot.way[a][b], at.get(v, problem.first[v])) + problem.minutes[v]
            frees.append(free)
        until, untils = slot.end, [slot.end]
        for v, (b, a) in zip(reversed(tour.visits), pairwise(reversed(places)), strict=False):
            until = min(until - slot.way[a][b] - problem.minutes[v], at.get(v, problem.last[v]))
            untils.append(until)
        return [
            (slot.way[a], free, b, until, slot.way[a][b])
            for (a, b), free, until in zip(pairwise(places), frees, reversed(untils), strict=True)
        ]
