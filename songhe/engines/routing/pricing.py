"""The cheapest tour of a shift where every visit on it is worth something: what a bound rests on.

Labels are put forward stop by stop (Desrochers et al. 1992): each stands for a way to be at a stop
at a time; of two at the same stop the one that is no later, no dearer and free to go wherever the
other may is kept alone. So the cheapest tour is found, rests and all. A stop remembers of the stops
before it only those nearby (Baldacci, Mingozzi and Roberti 2011): a tour that comes back from far
away to where it has been is not ruled out, which can only make the cheapest cheaper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from songhe.engines.routing.problem import Opening, Problem, Slot
from songhe.engines.routing.timing import travelled

_BEST = 5  # tours returned, each with another last stop
_NEARBY = 5  # stops that a stop remembers

_Trail = tuple["_Trail | None", int]
# Free from, cost so far, stop, rests behind, stops that may not come again, stops before.
_Label = tuple[int, float, int, int, int, _Trail | None]


@dataclass(frozen=True, slots=True)
class _Stop:
    """A visit that fits into the shift. onward: (stop, minutes there) that can be reached after it.

    remembered: the nearest of them, as bits.
    """

    v: int
    openings: tuple[Opening, ...]
    minutes: int
    back: int
    onward: tuple[tuple[int, int], ...]
    remembered: int


class Shift:
    """One slot with the visits that fit into it."""

    def __init__(self, problem: Problem, slot: Slot, visits: Sequence[int]) -> None:
        self.slot = slot
        way, home = slot.way, slot.home
        point, minutes = problem.point, problem.minutes
        last = {v: max(z for _, _, z in problem.openings[v]) for v in visits}
        self.out = tuple((n, way[home][point[v]]) for n, v in enumerate(visits))
        self.stops = []
        for v in visits:
            row = way[point[v]]
            begin = max(slot.start + way[home][point[v]], problem.first[v])
            onward = tuple(
                (n, row[point[other]])
                for n, other in enumerate(visits)
                if other != v and begin + minutes[v] + row[point[other]] <= last[other]
            )
            nearby = sorted(onward, key=lambda one: one[1])[:_NEARBY]
            mask = sum(1 << n for n, _ in nearby)
            back = row[home]
            self.stops.append(_Stop(v, problem.openings[v], minutes[v], back, onward, mask))

    def cheapest(self, worth: Mapping[int, float]) -> list[tuple[float, tuple[int, ...]]]:
        """Return the tours with the least ways without what their visits are worth, below 0.

        worth: minutes by visit. No tour is cheaper than the first; none where all cost something.
        A visit that a tour comes back to counts twice.
        """
        search = _Search(self, [worth[stop.v] for stop in self.stops])
        found = sorted(search.ends.values(), key=lambda one: one[0])[:_BEST]
        return [(cost, self._visits(trail)) for cost, trail in found]

    def _visits(self, trail: _Trail | None) -> tuple[int, ...]:
        visits = []
        while trail is not None:
            trail, n = trail
            visits.append(self.stops[n].v)
        return tuple(reversed(visits))


class _Search:
    """The labels of one shift at given worths. ends: by last stop, the cheapest tour."""

    def __init__(self, shift: Shift, worth: list[float]) -> None:
        self.shift, self.worth = shift, worth
        self.kinds = len(shift.slot.rests) + 1
        self.kept: list[list[tuple[int, float, int]]] = [[] for _ in range(len(worth) * self.kinds)]
        self.ends: dict[int, tuple[float, _Trail]] = {}
        layer = self._onward((shift.slot.start, 0.0, -1, 0, 0, None), shift.out)
        while layer:
            after: list[_Label] = []
            for label in layer:
                free, cost, n, taken, mask, _ = label
                if (free, cost, mask) in self.kept[n * self.kinds + taken]:
                    self._home(label)
                    after += self._onward(label, shift.stops[n].onward)
            layer = after

    def _home(self, label: _Label) -> None:
        free, cost, n, taken, _, trail = label
        total = cost + self.shift.stops[n].back
        best = self.ends.get(n)
        if trail is None or total >= (-1e-6 if best is None else best[0]):
            return
        rests = self.shift.slot.rests
        for now in range(taken, self.kinds):
            home = travelled(free, self.shift.stops[n].back, rests[taken:now])
            if home is None or home > self.shift.slot.end:
                return
            if travelled(home, 0, rests[now:]) is not None:
                self.ends[n] = (total, trail)
                return

    def _onward(self, label: _Label, ways: Sequence[tuple[int, int]]) -> list[_Label]:
        """Return the labels one stop on that are worth keeping."""
        free, cost, _, taken, mask, trail = label
        rests = self.shift.slot.rests
        found: list[_Label] = []
        for n, minutes in ways:
            if self.worth[n] <= 0 or mask >> n & 1:  # who calls for nothing makes a tour longer
                continue
            stop = self.shift.stops[n]
            for now in range(taken, self.kinds):
                arrival: int | None = free + minutes
                if now > taken:
                    arrival = travelled(free, minutes, rests[taken:now])
                start = -1
                if arrival is not None:
                    for first, _, late in stop.openings:
                        if arrival <= late:
                            start = max(arrival, first)
                            break
                if start < 0:
                    break
                end, less = start + stop.minutes, cost + minutes - self.worth[n]
                closed = mask & stop.remembered | 1 << n
                if self._keeps(n * self.kinds + now, end, less, closed):
                    found.append((end, less, n, now, closed, (trail, n)))
        return found

    def _keeps(self, kind: int, end: int, cost: float, closed: int) -> bool:
        """Keep a label unless one that is kept is as good in all; drop those it is as good as."""
        kept = self.kept[kind]
        for time, paid, mask in kept:
            if time <= end and paid <= cost and not mask & ~closed:
                return False
        kept[:] = [one for one in kept if one[0] < end or one[1] < cost or closed & ~one[2]]
        kept.append((end, cost, closed))
        return True
