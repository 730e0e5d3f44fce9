"""An instance made ready to be searched: numbers instead of names, ways as tables."""

from __future__ import annotations

from dataclasses import dataclass

from songhe.engines.routing.terms import DAY_MINUTES, Break, Instance, Shift, Visit, Worker
from songhe.engines.routing.travel import Travel, as_the_crow_flies

# When a visit may begin: from, agreed until, late until.
Opening = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Slot:
    """One shift of one worker, which a tour fills. rests: breaks and taken periods, in order."""

    worker: int
    shift: int
    day: int
    start: int
    end: int
    rests: tuple[Break, ...]
    home: int
    way: list[list[int]]


def rests_of(worker: Worker, shift: Shift) -> tuple[Break, ...]:
    """Return what a tour of this shift must leave room for: taken periods and breaks, in order.

    Breaks that are good whatever the tour (before the shift or after it), and those for which
    taken periods leave no room, are left out.
    """
    taken = [
        (max(start, shift.start), min(end, shift.end))
        for start, end in sorted(worker.busy)
        if start < shift.end and end > shift.start
    ]
    joined: list[tuple[int, int]] = []
    for start, end in taken:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    rests = [Break(start, end, end - start) for start, end in joined]
    for one in shift.breaks:
        is_before = one.earliest + one.minutes <= shift.start
        is_after = max(shift.end, one.earliest) + one.minutes <= one.latest
        if not (is_before or is_after) and _has_room(one, shift, joined):
            rests.append(one)
    return tuple(sorted(rests, key=lambda rest: (rest.latest, rest.earliest)))


def _has_room(rest: Break, shift: Shift, taken: list[tuple[int, int]]) -> bool:
    if any(start < rest.latest and end >= shift.end for start, end in taken):
        return False
    free = max(rest.earliest, shift.start)
    for start, end in taken:
        if min(start, rest.latest) - free >= rest.minutes:
            return True
        free = max(free, end)
    return rest.latest - free >= rest.minutes


def openings_of(visit: Visit) -> tuple[Opening, ...]:
    """Return when a visit may begin, in order; one point where its time is laid down by hand."""
    windows = sorted(visit.windows)
    openings = [(start, end, end + visit.late_minutes) for start, end in windows if end >= start]
    if visit.pinned_start is None:
        return tuple(openings)
    at = visit.pinned_start
    return tuple((at, min(at, end), at) for start, end, late in openings if start <= at <= late)[:1]


def on_grid(opening: Opening, grid: int) -> Opening:
    """Return an opening that begins and ends on the grid; as it is where no minute of it does."""
    start, agreed, late = opening
    first, last = start + -start % grid, late - late % grid
    return (first, agreed, last) if first <= last else opening


def is_able(visit: Visit, worker: Worker) -> bool:
    """Say whether a worker may make a visit, whenever: skills, a must of gender, a pin."""
    if not visit.skills <= worker.skills:
        return False
    if visit.is_gender_must and visit.gender and visit.gender != worker.gender:
        return False
    pinned = visit.pinned_workers
    return not (len(pinned) >= visit.workers) or worker.id in pinned


class Problem:
    """What a search asks again and again, by index of visit (v), slot (t) and worker (w)."""

    def __init__(self, instance: Instance, travel: Travel = as_the_crow_flies) -> None:
        self.instance = instance
        self.weights = instance.weights
        self.visits = instance.visits
        self.workers = instance.workers
        self.visit_index = {visit.id: v for v, visit in enumerate(self.visits)}
        self.worker_index = {worker.id: w for w, worker in enumerate(self.workers)}
        if len(self.visit_index) < len(self.visits) or len(self.worker_index) < len(self.workers):
            raise ValueError("two visits or two workers have the same id")
        places = [*(visit.place for visit in self.visits), *(one.home for one in self.workers)]
        points = list(dict.fromkeys(places))
        number = {point: index for index, point in enumerate(points)}
        used = {worker.mode for worker in self.workers}
        if missing := used - instance.modes.keys():
            raise ValueError(f"no speed for {', '.join(sorted(missing))}")
        self.way: dict[str, list[list[int]]] = {
            name: travel(points, instance.modes[name]).tolist() for name in sorted(used)
        }
        self.point = [number[visit.place] for visit in self.visits]
        self.minutes = [visit.minutes for visit in self.visits]
        self.grid = instance.grid_minutes
        self.openings = [
            tuple(on_grid(one, self.grid) for one in openings_of(visit)) for visit in self.visits
        ]
        self.last = [max((o[2] for o in some), default=-1) for some in self.openings]
        self.first = [min((o[0] for o in some), default=1 << 30) for some in self.openings]
        self.slots = [
            Slot(
                w, s, shift.start // DAY_MINUTES, shift.start, shift.end,
                rests_of(worker, shift), number[worker.home], self.way[worker.mode],
            )
            for w, worker in enumerate(self.workers)
            for s, shift in enumerate(worker.shifts)
        ]  # fmt: skip
        self.slots_of: list[list[int]] = [[] for _ in self.workers]
        for t, slot in enumerate(self.slots):
            self.slots_of[slot.worker].append(t)
        self.worker_of = [slot.worker for slot in self.slots]
        # Days with a shift, by worker: the number of a slot's, and the minutes of work in each.
        days = {(slot.worker, slot.day): None for slot in self.slots}
        index = {day: n for n, day in enumerate(days)}
        self.day_of = [index[slot.worker, slot.day] for slot in self.slots]
        self.day_most = [self.workers[w].max_day_minutes for w, _ in days]
        self.week_most = [worker.max_week_minutes for worker in self.workers]
        self.able = [
            [w for w, worker in enumerate(self.workers) if is_able(visit, worker)]
            for visit in self.visits
        ]
        self.fits = [
            [t for w in able for t in self.slots_of[w] if self._is_open(v, t)]
            for v, able in enumerate(self.able)
        ]
        self.fixed_fee = [self._fees(visit) for visit in self.visits]
        self.fair_minutes = self._fair_minutes()
        # The number of the person whose faces are counted; -1 for who has somebody usual.
        people = {visit.person: None for visit in self.visits if not visit.known}
        number_of = {person: n for n, person in enumerate(people)}
        self.persons = len(people)
        self.faced = [-1 if visit.known else number_of[visit.person] for visit in self.visits]

    def _is_open(self, v: int, t: int) -> bool:
        """Say whether a visit fits into an empty shift, its ways from and to home included."""
        slot, there = self.slots[t], self.point[v]
        first = slot.start + slot.way[slot.home][there]
        last = slot.end - slot.way[there][slot.home] - self.minutes[v]
        return any(max(start, first) <= min(late, last) for start, _, late in self.openings[v])

    def _fees(self, visit: Visit) -> list[float]:
        """Return what a visit costs by worker, ways aside: somebody unusual, a wish not met."""
        weights = self.weights
        return [
            (weights.stranger if visit.known and worker.id not in visit.known else 0.0)
            + (weights.wish if visit.gender and worker.gender != visit.gender else 0.0)
            for worker in self.workers
        ]

    def _fair_minutes(self) -> list[float]:
        """Return each worker's share of all care, by what she may work in the week."""
        care = sum(visit.minutes * visit.workers for visit in self.visits)
        hours = [one.max_week_minutes if one.shifts else 0 for one in self.workers]
        return [care * one / max(1, sum(hours)) for one in hours]
