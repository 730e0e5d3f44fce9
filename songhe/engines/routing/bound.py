"""How short the ways can be at all: a lower bound that no plan of the same visits goes below."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csc_matrix

from songhe.engines.routing.pricing import Shift
from songhe.engines.routing.problem import Problem
from songhe.engines.routing.search import fill
from songhe.engines.routing.state import State
from songhe.engines.routing.terms import Instance
from songhe.engines.routing.timing import way_minutes
from songhe.engines.routing.travel import Travel, as_the_crow_flies

_ROUNDS = 40  # the worths are made better so many times at most
_NEAR_ENOUGH = 0.015  # of the bound: how far the best choice of tours may be above it
_LEFT_OUT = 100.0  # minutes: what it costs a choice of tours to leave out a visit
_STEADY = 0.5  # how much of the best worths so far is kept when new ones are tried

Worths = NDArray[np.float64]


def travel_lower_bound(
    instance: Instance, served: Iterable[str], travel: Travel = as_the_crow_flies
) -> int:
    """Return minutes on the way that every plan serving exactly these visits needs at least.

    Proof. Let every visit be worth some minutes, p[v] >= 0 for each worker who comes to it. The
    ways of a plan are the sum of all p, and of what each tour's ways are without the p of its
    visits. No tour of a shift is cheaper by that count than what `pricing.py` finds, or 0 for
    staying at home. So the sum of all p and of the cheapest of every shift is no more than the
    plan's minutes, whatever the p. Whole minutes: it may be rounded up. That two begin together,
    and hours of work, are let go.

    The p that say most are those of a linear programme that covers the visits with tours; tours
    are made as they are asked for (column generation; smoothed as in Wentges 1997).
    Raises ValueError where no plan serves these visits.
    """
    # What is laid down by hand needs no grid.
    problem = Problem(msgspec.structs.replace(instance, grid_minutes=1), travel)
    wanted = sorted({problem.visit_index[name] for name in served})
    if not wanted:
        return 0
    if not all(problem.fits[v] for v in wanted):
        raise ValueError("no plan serves these visits: one of them fits into nobody's shift")
    return math.ceil(_Bound(problem, wanted).best - 1e-6)


class _Bound:
    """The rounds of worths and tours. best: the highest bound they gave."""

    def __init__(self, problem: Problem, wanted: list[int]) -> None:
        self.problem, self.wanted = problem, wanted
        inside: dict[int, list[int]] = {}
        for v in wanted:
            for t in problem.fits[v]:
                inside.setdefault(t, []).append(v)
        self.shifts = {t: Shift(problem, problem.slots[t], some) for t, some in inside.items()}
        self.row = {v: n for n, v in enumerate(wanted)}
        self.slot_row = {t: len(wanted) + n for n, t in enumerate(self.shifts)}
        self.tours: dict[tuple[int, tuple[int, ...]], int] = {}
        self._begin()
        self.best, self.best_worth = 0.0, np.zeros(len(wanted))
        self._run()

    def _begin(self) -> None:
        """Begin with the tours of a plan made by insertion."""
        state = State(self.problem)
        fill(state, self.wanted)
        for t, tour in enumerate(state.tours):
            if tour.visits:
                self._add(t, tour.visits)

    def _add(self, t: int, visits: tuple[int, ...]) -> None:
        self.tours[t, visits] = way_minutes(self.problem, self.problem.slots[t], visits)

    def _run(self) -> None:
        for _round in range(_ROUNDS):
            cost, worth = self._choose()
            known = len(self.tours)
            self._price(_STEADY * self.best_worth + (1 - _STEADY) * worth)
            if len(self.tours) == known:  # the smoothed worths ask for nothing new
                self._price(worth)
            if len(self.tours) == known or cost <= (1 + _NEAR_ENOUGH) * self.best:
                return

    def _choose(self) -> tuple[float, Worths]:
        """Return the least ways of covering the visits with parts of tours, and the worths."""
        rows, columns, costs = [], [], []
        for n, ((t, visits), minutes) in enumerate(self.tours.items()):
            costs.append(float(minutes))
            rows += [*(self.row[v] for v in visits), self.slot_row[t]]
            columns += [n] * (len(visits) + 1)
        size, wanted = len(costs), len(self.wanted)
        # Behind the tours, one column a visit for leaving it out.
        rows += range(wanted)
        columns += range(size, size + wanted)
        shape = (wanted + len(self.shifts), size + wanted)
        signs = np.where(np.array(rows) < wanted, -1.0, 1.0)
        found = linprog(
            np.array([*costs, *[_LEFT_OUT] * wanted]),
            A_ub=csc_matrix((signs, (rows, columns)), shape=shape),
            b_ub=[*(-self.problem.visits[v].workers for v in self.wanted), *[1] * len(self.shifts)],
            method="highs",
        )
        if found.status != 0:
            raise AssertionError(f"covering visits has no answer: {found.message}")
        return float(found.fun), -np.asarray(found.ineqlin.marginals)[:wanted]

    def _price(self, worth: Worths) -> None:
        """Look for the cheapest tour of every shift; keep the bound where it is higher."""
        at = dict(zip(self.wanted, worth.tolist(), strict=True))
        bound = sum(self.problem.visits[v].workers * one for v, one in at.items())
        for t, shift in self.shifts.items():
            found = shift.cheapest(at)
            bound += found[0][0] if found else 0.0
            for _, visits in found:
                self._add(t, tuple(dict.fromkeys(visits)))
        if bound > self.best:
            self.best, self.best_worth = bound, worth
