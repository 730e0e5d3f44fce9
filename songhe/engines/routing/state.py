"""A plan while it is searched: tours, what they cost, where a visit would fit best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from songhe.engines.routing.problem import Problem
from songhe.engines.routing.timing import way_minutes
from songhe.engines.routing.tours import Told, Tour, Tours

GRID_MINUTES = 15  # how finely a common time of two workers is looked for
BLINK = 0.01  # how often a place is overlooked
_UNSEEN = (0.0, 0, -1)  # stands for an answer not yet asked for


@dataclass(frozen=True, slots=True)
class Move:
    """Where a visit could go: (slot, position) for each worker needed, and what it costs more."""

    cost: float
    seats: tuple[tuple[int, int], ...]
    start: int | None = None  # fixed, where several begin together


class State:
    """Tours by slot, always within all hard rules. Costs are kept as they change."""

    def __init__(self, problem: Problem, told: Told | None = None) -> None:
        self.problem = problem
        self.told = told
        self.book = Tours(problem, told)
        self.is_bounded = True  # by the hours of days and weeks
        self.fees = problem.fixed_fee if told is None else _fees(problem, told)
        self.tours: list[Tour] = self.book.empty[:]
        self.at: dict[int, int] = {}
        self.seats: list[tuple[int, ...]] = [()] * len(problem.visits)
        self.day_minutes = [0] * len(problem.day_most)
        self.week_minutes = [0] * len(problem.workers)
        # How often a worker comes to a person with nobody usual, and how many different ones do.
        self.faces: dict[tuple[int, int], int] = {}
        self.different = [0] * problem.persons
        self.spent = float(sum(self._unserved_fee(v) for v in range(len(problem.visits))))

    def copy(self) -> State:
        """Return a state of its own with the same tours."""
        new = State.__new__(State)
        new.problem, new.told, new.book = self.problem, self.told, self.book
        new.is_bounded, new.fees, new.spent = self.is_bounded, self.fees, self.spent
        new.tours, new.at, new.seats = self.tours[:], self.at.copy(), self.seats[:]
        new.day_minutes, new.week_minutes = self.day_minutes[:], self.week_minutes[:]
        new.faces, new.different = self.faces.copy(), self.different[:]
        return new

    def emptied(self) -> State:
        """Return a state of the same problem in which nobody makes anything yet."""
        new = State(self.problem, self.told)
        new.book = self.book
        new.tours = self.book.empty[:]
        return new

    @property
    def missing(self) -> list[int]:
        """Return the visits that nobody makes."""
        return [v for v, seats in enumerate(self.seats) if not seats]

    @property
    def travel_minutes(self) -> int:
        """Return the minutes on the way of all tours."""
        return sum(tour.way for tour in self.tours)

    def cost(self) -> float:
        """Return what all of it costs, in minutes on the way, counted from the beginning."""
        problem = self.problem
        total = sum(tour.cost for tour in self.tours)
        total += problem.weights.uneven * sum(
            max(0.0, worked - fair)
            for worked, fair in zip(self.week_minutes, problem.fair_minutes, strict=True)
        )
        for v, seats in enumerate(self.seats):
            total += 0.0 if seats else self._unserved_fee(v)
            total += sum(self.fees[v][problem.slots[t].worker] for t in seats)
        return total + problem.weights.face * sum(max(0, one - 1) for one in self.different)

    def _unserved_fee(self, v: int) -> float:
        return self.problem.weights.unserved * self.problem.visits[v].priority

    def fee(self, v: int, w: int) -> float:
        """Return what it costs besides ways that this worker makes this visit."""
        person = self.problem.faced[v]
        fee = self.fees[v][w]
        if person >= 0 and self.different[person] and (person, w) not in self.faces:
            fee += self.problem.weights.face
        return fee

    def uneven(self, w: int, more: int) -> float:
        """Return what so many more minutes of work cost above the fair share."""
        fair, worked = self.problem.fair_minutes[w], self.week_minutes[w]
        if worked <= fair and worked + more <= fair:
            return 0.0
        above = max(0.0, worked + more - fair) - max(0.0, worked - fair)
        return self.problem.weights.uneven * above

    def has_hours(self, t: int, more: int) -> bool:
        """Say whether the worker may work so many minutes more that day and that week."""
        if not self.is_bounded:
            return True
        problem, w, day = self.problem, self.problem.worker_of[t], self.problem.day_of[t]
        return (
            self.day_minutes[day] + more <= problem.day_most[day]
            and self.week_minutes[w] + more <= problem.week_most[w]
        )

    def best_in(self, v: int, t: int, start: int | None = None) -> tuple[float, int] | None:
        """Return (what it costs more, position) of the cheapest place in a tour; None where none.

        start: fixed, for what begins at a common time.
        """
        place = self.book.place(t, self.tours[t], v, start)
        if place is None or not self.has_hours(t, place[1]):
            return None
        w = self.problem.worker_of[t]
        return place[0] + self.fee(v, w) + self.uneven(w, place[1]), place[2]

    def best(self, v: int, chance: Callable[[], float] | None = None) -> Move | None:
        """Return the cheapest way to have a visit made, over all tours; None where none is.

        chance: a number of 0 to 1 by chance; now and then it makes a place be overlooked, so that
        a search does not do the same again.
        """
        problem = self.problem
        if problem.visits[v].workers > 1:
            return self._best_together(v)
        tours, fees, place_of = self.tours, self.fees[v], self.book.place
        worker_of, person = problem.worker_of, problem.faced[v]
        is_seen = person >= 0 and self.different[person] > 0
        least, where, position = 1e18, -1, 0
        for t in problem.fits[v]:
            tour = tours[t]
            place = tour.places.get(v, _UNSEEN)
            if place is _UNSEEN:
                place = place_of(t, tour, v)
            if place is None:
                continue
            w = worker_of[t]
            cost = place[0] + fees[w]
            if cost >= least or (chance is not None and chance() < BLINK):
                continue
            if is_seen and (person, w) not in self.faces:
                cost += problem.weights.face
            cost += self.uneven(w, place[1])
            if cost < least and self.has_hours(t, place[1]):
                least, where, position = cost, t, place[2]
        return None if where < 0 else Move(least, ((where, position),))

    def moves(self, v: int, only: frozenset[int] | None = None) -> list[Move]:
        """Return the cheapest place in each tour that has one, for a visit of one worker."""
        found = []
        for t in self.problem.fits[v]:
            if only is not None and t not in only:
                continue
            one = self.best_in(v, t)
            if one is not None:
                found.append(Move(one[0], ((t, one[1]),)))
        return found

    def _best_together(self, v: int) -> Move | None:
        problem, visit = self.problem, self.problem.visits[v]
        pinned = {problem.worker_index.get(name, -1) for name in visit.pinned_workers}
        best: Move | None = None
        for start in common_starts(problem, v, self.told):
            seats: dict[int, tuple[float, int, int]] = {}
            for t in problem.fits[v]:
                found = self.best_in(v, t, start)
                if found is None:
                    continue
                w = problem.worker_of[t]
                cost = found[0] - (1e6 if w in pinned else 0.0)
                if w not in seats or cost < seats[w][0]:
                    seats[w] = (cost, t, found[1])
            chosen = sorted(seats.values())[: visit.workers]
            workers = {problem.worker_of[t] for _, t, _ in chosen}
            if len(chosen) < visit.workers or not pinned <= workers:
                continue
            cost = sum(one for one, _, _ in chosen) + 1e6 * len(pinned)
            if best is None or cost < best.cost:
                best = Move(cost, tuple((t, p) for _, t, p in chosen), start)
        return best

    def put(self, v: int, move: Move) -> None:
        """Have a visit made as a move says."""
        if move.start is not None:
            self.at[v] = move.start
        self.spent -= self._unserved_fee(v)
        self.seats[v] = tuple([t for t, _ in move.seats])
        for t, position in move.seats:
            visits = self.tours[t].visits
            self._meet(v, t)
            self._set(t, (*visits[:position], v, *visits[position:]))

    def take(self, v: int) -> None:
        """Take a visit out of the tours; nobody makes it then."""
        seats, self.seats[v] = self.seats[v], ()
        for t in seats:
            self._leave(v, t)
        self.at.pop(v, None)
        self.spent += self._unserved_fee(v)

    def drop(self, v: int, t: int) -> None:
        """Take one of several workers from a visit; for asking who else could, never to keep."""
        self.seats[v] = tuple(one for one in self.seats[v] if one != t)
        self._leave(v, t)

    def without_hours(self) -> State:
        """Return a copy in which nobody's hours end, for asking whether it is them."""
        free = self.copy()
        free.is_bounded = False
        return free

    def seat_cost(self, v: int, t: int, tour: Tour) -> float:
        """Return what a visit costs more in a tour that has it, where this state's has it not."""
        w, now = self.problem.worker_of[t], self.tours[t]
        return tour.cost - now.cost + self.fee(v, w) + self.uneven(w, tour.work - now.work)

    def added_way(self, v: int, t: int, position: int) -> int:
        """Return the minutes on the way that a visit adds at a position."""
        tour = self.tours[t]
        visits = (*tour.visits[:position], v, *tour.visits[position:])
        return way_minutes(self.problem, self.problem.slots[t], visits) - tour.way

    def recount(self, t: int) -> None:
        """Count a tour anew after starts were fixed or freed in it."""
        self._set(t, self.tours[t].visits)

    def give(self, t: int, visits: tuple[int, ...]) -> bool:
        """Give an empty slot a whole tour; False where it cannot be made, or hours are over."""
        tour = self.book.of(t, visits, self.at)
        if tour is None or not self.has_hours(t, tour.work):
            return False
        for v in visits:
            if not self.seats[v]:
                self.spent -= self._unserved_fee(v)
            self.seats[v] = (*self.seats[v], t)
            self._meet(v, t)
        self._set(t, visits)
        return True

    def _meet(self, v: int, t: int) -> None:
        """Count that a slot's worker comes to a visit, and what that costs besides her way."""
        w, person = self.problem.worker_of[t], self.problem.faced[v]
        self.spent += self.fees[v][w]
        if person < 0:
            return
        times = self.faces.get((person, w), 0)
        self.faces[person, w] = times + 1
        if not times:
            self.spent += self.problem.weights.face if self.different[person] else 0.0
            self.different[person] += 1

    def _leave(self, v: int, t: int) -> None:
        w, person = self.problem.worker_of[t], self.problem.faced[v]
        self.spent -= self.fees[v][w]
        if person >= 0:
            self.faces[person, w] -= 1
            if not self.faces[person, w]:
                del self.faces[person, w]
                self.different[person] -= 1
                self.spent -= self.problem.weights.face if self.different[person] else 0.0
        visits = self.tours[t].visits
        index = visits.index(v)
        self._set(t, visits[:index] + visits[index + 1 :])

    def _set(self, t: int, visits: tuple[int, ...]) -> None:
        old, new = self.tours[t], self.book.of(t, visits, self.at)
        if new is None:
            raise AssertionError("a tour was made that cannot be")
        self.tours[t] = new
        w, more = self.problem.worker_of[t], new.work - old.work
        self.spent += new.cost - old.cost + self.uneven(w, more)
        self.day_minutes[self.problem.day_of[t]] += more
        self.week_minutes[w] += more


def _fees(problem: Problem, told: Told) -> list[list[float]]:
    """Return what a visit costs by worker, ways aside, with what it costs to send another one."""
    return [
        [
            fee + (problem.weights.moved if v in told.workers and w not in told.workers[v] else 0.0)
            for w, fee in enumerate(fees)
        ]
        for v, fees in enumerate(problem.fixed_fee)
    ]


def common_starts(problem: Problem, v: int, told: Told | None = None) -> list[int]:
    """Return the starts worth trying for a visit that several begin together."""
    openings = problem.openings[v]
    found: set[int] = set()
    if told is not None and v in told.starts:
        at = told.starts[v]
        found |= {at} if any(a <= at <= late for a, _, late in openings) else set()
    for start, agreed, late in openings:
        # On the planner's own grid where the opening is.
        last = agreed if start % problem.grid else agreed - agreed % problem.grid
        found |= {*range(start, agreed + 1, GRID_MINUTES), max(start, last), late}
    return sorted(found)
