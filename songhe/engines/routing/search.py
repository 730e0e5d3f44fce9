"""Building a plan by insertion and making it better by taking parts out and putting them back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from random import Random

from songhe.engines.routing.problem import Problem
from songhe.engines.routing.state import Move, State

_NOTHING = 1e5  # what a visit with one place left gains over one with two that are alike
# A removal takes out about so many visits at once, in strings of at most so many of one tour.
_AVERAGE, _LONGEST = 10, 10
_SPLIT, _LONGER = 0.5, 0.2  # how often a string leaves some in its middle, and how often one more
# How much worse than the present plan another may be, in minutes: at the beginning, at the end.
HOT, COLD = 8.0, 0.5
_TELL = 500  # turns from one telling to the next
_MINUTES_AWAY = 20  # so many minutes of difference in time are like one on the way


def fill(state: State, visits: Iterable[int]) -> None:
    """Put visits into the tours, each time the one that would lose most by waiting (regret).

    What fits nowhere stays out.
    """
    problem = state.problem
    left = {v: _places(state, v) for v in visits}
    while left:
        v = max(left, key=lambda one: (_urgency(problem, one, left[one]), -one))
        places = left.pop(v)
        if not places:
            continue
        move = min(places, key=lambda one: (one.cost, one.seats))
        state.put(v, move)
        touched = {problem.slots[t].worker for t, _ in move.seats}
        slots = frozenset(t for w in touched for t in problem.slots_of[w])
        person = problem.visits[v].person
        for other in left:
            visit = problem.visits[other]
            if visit.workers > 1 or visit.person == person:
                left[other] = _places(state, other)
                continue
            kept = [one for one in left[other] if one.seats[0][0] not in slots]
            left[other] = kept + state.moves(other, slots)


def _places(state: State, v: int) -> list[Move]:
    if state.problem.visits[v].workers == 1:
        return state.moves(v)
    together = state.best(v)
    return [] if together is None else [together]


def _urgency(problem: Problem, v: int, places: list[Move]) -> float:
    visit = problem.visits[v]
    base = problem.weights.unserved * visit.priority
    if not places:
        return -math.inf
    if visit.workers > 1:  # hardest to place later
        return base + 2 * _NOTHING
    costs = sorted(one.cost for one in places)[:3]
    return base + sum(cost - costs[0] for cost in costs[1:]) + _NOTHING * (3 - len(costs)) / 3


def descend(state: State) -> None:
    """Move single visits to where they cost least until no move helps."""
    again = True
    while again:
        again = False
        for v, seats in enumerate(state.seats):
            if not seats:
                move = state.best(v)
                if move is not None:
                    state.put(v, move)
                    again = True
                continue
            before, kept = state.spent, _seat(state, v)
            state.take(v)
            move = state.best(v)
            if move is not None:
                state.put(v, move)
                if state.spent < before - 1e-6:
                    again = True
                    continue
                state.take(v)
            state.put(v, kept)


def _seat(state: State, v: int) -> Move:
    """Return where a visit is now, as the move that would put it there again."""
    seats = tuple((t, state.tours[t].visits.index(v)) for t in state.seats[v])
    return Move(0.0, seats, state.at.get(v))


class _Ruin:
    """Takes strings of visits out of tours that lie near to one another on one day."""

    def __init__(self, problem: Problem, random: Random, frozen: frozenset[int]) -> None:
        self.problem, self.random, self.frozen = problem, random, frozen
        self.loose = [v for v in range(len(problem.visits)) if v not in frozen]
        self.near = [self._near(v) for v in range(len(problem.visits))]
        fits = [len(problem.fits[v]) for v in range(len(problem.visits))]
        self._orders: tuple[tuple[float, Callable[[int], float]], ...] = (
            (4, lambda v: random.random()),
            (3, lambda v: fits[v]),
            (3, lambda v: -problem.minutes[v]),
            (1, lambda v: problem.first[v]),
            (1, lambda v: problem.last[v] - problem.first[v]),
        )

    def _near(self, v: int) -> list[int]:
        """Return the visits that may be on the same day, or are the same person's; near first."""
        problem = self.problem
        way = next(iter(problem.way.values()))[problem.point[v]] if problem.way else []
        days = {a // 1440 for a, _, _ in problem.openings[v]}
        person = problem.visits[v].person
        found = []
        for other in self.loose:
            hours = [
                abs(a - problem.first[v]) % 1440
                for a, _, _ in problem.openings[other]
                if a // 1440 in days
            ]
            if hours or problem.visits[other].person == person:
                apart = min(hours, default=0) / _MINUTES_AWAY
                found.append((way[problem.point[other]] + apart, other))
        return [other for _, other in sorted(found)]

    def out(self, state: State) -> list[int]:
        """Take visits out of a plan and return them, with those that nobody made."""
        random, problem = self.random, self.problem
        missing = [v for v in state.missing if v not in self.frozen]
        if not self.loose:
            return []
        centre = random.choice(missing if missing and random.random() < 0.5 else self.loose)
        used = [len(tour.visits) for tour in state.tours if tour.visits]
        longest = min(_LONGEST, sum(used) / max(1, len(used)))
        strings = int(random.uniform(1, 4 * _AVERAGE / (1 + longest)))
        day = problem.slots[state.seats[centre][0]].day if state.seats[centre] else -1
        taken: list[int] = []
        ruined: set[int] = set()
        for v in self.near[centre]:
            seats = state.seats[v]
            if not seats or not ruined.isdisjoint(seats):
                continue
            if problem.slots[seats[0]].day != day:
                if day >= 0 and problem.visits[v].person != problem.visits[centre].person:
                    continue
                day = day if day >= 0 else problem.slots[seats[0]].day
            t = seats[0] if len(seats) == 1 else random.choice(seats)
            ruined.add(t)
            most = min(longest + 1, len(state.tours[t].visits))
            for one in self._string(state.tours[t].visits, v, int(random.uniform(1, most + 1))):
                if one not in self.frozen:
                    state.take(one)
                    taken.append(one)
            if len(ruined) >= strings:
                break
        order = random.choices(self._orders, [weight for weight, _ in self._orders])[0][1]
        alone = [v for v in [*taken, *missing] if problem.visits[v].workers == 1]
        together = [v for v in [*taken, *missing] if problem.visits[v].workers > 1]
        return [*together, *sorted(alone, key=order)]

    def _string(self, tour: tuple[int, ...], v: int, length: int) -> list[int]:
        """Return visits of a tour that follow one another about v, or all but some in between."""
        random, kept = self.random, 0
        length = min(length, len(tour))
        if 1 < length < len(tour) and random.random() < _SPLIT:
            kept = 1
            while length + kept < len(tour) and random.random() < _LONGER:
                kept += 1
        whole, index = length + kept, tour.index(v)
        first = random.randint(max(0, index - whole + 1), min(index, len(tour) - whole))
        string = [*tour[first : first + whole]]
        if kept:
            gap = random.randint(0, length)
            del string[gap : gap + kept]
        return string


def improve(
    state: State,
    random: Random,
    turns: int,
    is_over: Callable[[], bool],
    *,
    frozen: frozenset[int] = frozenset(),
    keep: Callable[[State], None] = lambda state: None,
    tell: Callable[[float, State], None] = lambda share, best: None,
    heat: tuple[float, float] = (HOT, COLD),
) -> State:
    """Take strings of visits out and put them back one by one, again and again; return the best.

    Slack induction by string removals (Christiaens and Vanden Berghe 2020): tours near a place
    lose visits in a row, which leaves room for others; each visit goes back where it costs least,
    now and then overlooking a place. Simulated annealing from the first to the last heat decides
    whether to go on from there. Frozen visits stay; keep(state) is called with every plan from
    which the search went on, tell(share of the turns, best plan) now and then.
    """
    ruin = _Ruin(state.problem, random, frozen)
    best = current = state.copy()
    heat_now, cooling = heat[0], (heat[1] / heat[0]) ** (1 / max(1, turns))
    for turn in range(turns):
        if is_over():
            break
        if turn % _TELL == 0:
            tell(turn / turns, best)
        heat_now *= cooling
        trial = current.copy()
        out = ruin.out(trial)
        if not out:
            break
        for v in out:
            move = trial.best(v, random.random)
            if move is not None:
                trial.put(v, move)
        if trial.spent < current.spent - heat_now * math.log(random.random() or 1e-300):
            if trial.spent != current.spent:
                keep(trial)
            current = trial
            if current.spent < best.spent - 1e-6:
                best = current
    return best.copy()
