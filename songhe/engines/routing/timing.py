"""When a tour's stops begin: the earliest times that keep windows, ways, rests and the grid.

Rests are taken in their order. Where in the tour each is taken is searched by keeping, after each
stop, the earliest time for every number of rests that are behind; since coming earlier is never
worse, nothing is missed (a rest may lie before, within or after a way, never within a visit).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from songhe.engines.routing.problem import Opening, Problem, Slot
from songhe.engines.routing.terms import Break

# (time, minutes late so far, trail): the trail is (trail before, rests before, arrival, start).
_State = tuple[int, int, tuple[object, ...] | None]


def travelled(time: int, minutes: int, rests: Sequence[Break]) -> int | None:
    """Return the arrival after a way with these rests on it; None where one comes too late."""
    for rest in rests:
        begin = max(time, rest.earliest)
        if begin + rest.minutes > rest.latest:
            return None
        minutes = max(0, minutes - (begin - time))
        time = begin + rest.minutes
    return time + minutes


def _begin(arrival: int, openings: Sequence[Opening], grid: int) -> tuple[int, int] | None:
    """Return (start, minutes late) of the first opening that is reached.

    An opening that begins on the grid ends on it (`problem.on_grid`): who comes in time begins in
    time. One that does not knows no grid.
    """
    for start, agreed, late in openings:
        if arrival <= late:
            begin = max(arrival, start)
            if not start % grid:
                begin += -begin % grid
            return begin, max(0, begin - agreed)
    return None


def late_of(problem: Problem, v: int, start: int) -> int:
    """Return by how many minutes a start is after what was agreed; 0 outside all openings."""
    found = [max(0, start - agreed) for a, agreed, z in problem.openings[v] if a <= start <= z]
    return min(found, default=0)


def quick(
    problem: Problem, slot: Slot, tour: Sequence[int], at: Mapping[int, int]
) -> tuple[int, int] | None:
    """Return (minutes on the way, minutes late) of a tour; None where it cannot be made.

    at: starts that are fixed, by visit.
    """
    if not tour:
        return 0, 0
    free = _without_rests(problem, slot, tour, at)
    if free is None:
        return None
    late, has_room = free
    if slot.rests and not has_room:
        found = _search(problem, slot, tour, at)
        if found is None:
            return None
        late = found[1]
    return way_minutes(problem, slot, tour), late


def _without_rests(  # noqa: C901 - one loop, the hot path
    problem: Problem, slot: Slot, tour: Sequence[int], at: Mapping[int, int]
) -> tuple[int, bool] | None:
    """Return (minutes late, whether the one rest finds room anyway); None where not to be made.

    What cannot be made without rests cannot be made with them; where one rest lies in a wait, or
    at home, nothing is later for it.
    """
    point, minutes, openings, way = problem.point, problem.minutes, problem.openings, slot.way
    grid = problem.grid
    rest = slot.rests[0] if len(slot.rests) == 1 else None
    time, late, here, has_room = slot.start, 0, slot.home, False
    for v in tour:
        there = point[v]
        left, time = time, time + way[here][there]
        reached, here = time, there
        if v in at:
            if time > at[v]:
                return None
            time = at[v]
            late += late_of(problem, v, time)
        else:
            for start, agreed, latest in openings[v]:
                if time <= latest:
                    if time < start:
                        time = start
                    elif not start % grid:
                        time += -time % grid
                    if time > agreed:
                        late += time - agreed
                    break
            else:
                return None
        if rest is not None and not has_room and time - reached >= rest.minutes:
            begin = max(left, rest.earliest)
            done = begin + rest.minutes
            has_room = done <= rest.latest and done + max(0, reached - begin) <= time
        time += minutes[v]
    time += way[here][slot.home]
    if time > slot.end:
        return None
    if rest is not None and not has_room:
        has_room = max(time, rest.earliest) + rest.minutes <= rest.latest
    return late, has_room


def way_minutes(problem: Problem, slot: Slot, tour: Sequence[int]) -> int:
    """Return the minutes on the way of a tour, from home and back."""
    if not tour:
        return 0
    point, way, here, total = problem.point, slot.way, slot.home, 0
    for v in tour:
        total += way[here][point[v]]
        here = point[v]
    return total + way[here][slot.home]


def _search(  # noqa: C901 - one loop over stops and rests
    problem: Problem, slot: Slot, tour: Sequence[int], at: Mapping[int, int]
) -> _State | None:
    rests, here = slot.rests, slot.home
    states: dict[int, _State] = {0: (slot.start, 0, None)}
    for v in tour:
        there = problem.point[v]
        minutes = slot.way[here][there]
        openings: Sequence[Opening] = problem.openings[v]
        if v in at:
            openings = ((at[v], at[v] - late_of(problem, v, at[v]), at[v]),)
        after: dict[int, _State] = {}
        for taken, (time, late, trail) in states.items():
            for now in range(taken, len(rests) + 1):
                arrival = travelled(time, minutes, rests[taken:now])
                if arrival is None:
                    break
                begun = _begin(arrival, openings, problem.grid)
                if begun is None:
                    break
                end = begun[0] + problem.minutes[v]
                best = after.get(now)
                if best is None or (end, late + begun[1]) < best[:2]:
                    after[now] = (end, late + begun[1], (trail, now, arrival, begun[0]))
        if not after:
            return None
        states, here = after, there
    best_end: _State | None = None
    minutes = slot.way[here][slot.home]
    for taken, (time, late, trail) in states.items():
        for now in range(taken, len(rests) + 1):
            home = travelled(time, minutes, rests[taken:now])
            if home is None or home > slot.end:
                break
            if travelled(home, 0, rests[now:]) is None:
                continue
            if best_end is None or (late, home) < (best_end[1], best_end[0]):
                best_end = (home, late, (trail, now, home, home))
    return best_end


@dataclass(frozen=True, slots=True)
class Timed:
    """A tour with its times; rests: (start, end) of those between leaving and coming home."""

    leaves: int
    arrivals: tuple[int, ...]
    starts: tuple[int, ...]
    returns: int
    rests: tuple[tuple[int, int], ...]


def timed(problem: Problem, slot: Slot, tour: Sequence[int], at: Mapping[int, int]) -> Timed | None:
    """Return the earliest times of a tour that is not empty; None where it cannot be made."""
    found = _search(problem, slot, tour, at)
    if found is None:
        return None
    legs: list[tuple[int, int, int]] = []
    trail = found[2]
    while trail is not None:
        before, *leg = trail
        legs.append((int(leg[0]), int(leg[1]), int(leg[2])))  # type: ignore[call-overload]
        trail = before  # type: ignore[assignment]
    legs.reverse()
    starts = [start for _, _, start in legs[:-1]]
    arrivals = [arrival for _, arrival, _ in legs[:-1]]
    rests: list[tuple[int, int]] = []
    time, taken = slot.start, 0
    for (now, _, _), done in zip(
        legs, [*(s + problem.minutes[v] for s, v in zip(starts, tour, strict=True)), 0], strict=True
    ):
        for rest in slot.rests[taken:now]:
            begin = max(time, rest.earliest)
            time = begin + rest.minutes
            rests.append((begin, time))
        time, taken = done, now
    # Who has no rest on her first way leaves as late as will do.
    first = slot.way[slot.home][problem.point[tour[0]]]
    leaves = slot.start
    if all(end <= starts[0] - first for _, end in rests[: legs[0][0]]):
        leaves = starts[0] - first
        arrivals[0] = starts[0]
    rests = [one for one in rests if one[0] >= leaves]
    return Timed(leaves, tuple(arrivals), tuple(starts), legs[-1][1], tuple(rests))
