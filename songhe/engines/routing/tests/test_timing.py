"""A tour's times are those of walking minute by minute."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from songhe.engines.routing import Break, Instance, Shift, Visit, Worker
from songhe.engines.routing.problem import Problem
from songhe.engines.routing.timing import quick, timed

HERE = (30.64, 119.68)


def at(minutes: int) -> tuple[float, float]:
    """Return a place so many minutes on foot north of HERE, the minute at the door included."""
    metres = (minutes - 1) * 70 / 1.25 - 10
    return (HERE[0] + metres / 111_195, HERE[1])


REST = st.tuples(st.integers(0, 40), st.integers(5, 20), st.integers(0, 30))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.integers(0, 90), st.integers(0, 40), st.integers(5, 25)),
        min_size=1,
        max_size=3,
    ),
    st.lists(REST, max_size=2),
    st.integers(60, 140),
    st.sampled_from((1, 1, 5, 15)),
)
def test_times_are_those_of_trying_every_minute(
    stops: list[tuple[int, int, int]], rests: list[tuple[int, int, int]], end: int, grid: int
) -> None:
    """A tour is possible exactly where some laying of rests, minute by minute, makes it so.

    Visits begin on the grid, and anywhere in a window in which no minute of it lies.
    """
    visits = tuple(
        Visit(id=f"v{n}", person="p", place=at(4 + 3 * n), minutes=m, windows=((a, a + wide),))
        for n, (a, wide, m) in enumerate(stops)
    )
    breaks = tuple(Break(a, a + m + slack, m) for a, m, slack in rests)
    liu = Worker(id="liu", home=HERE, mode="foot", shifts=(Shift(0, end, breaks),))
    week = Instance(visits=visits, workers=(liu,), grid_minutes=grid)
    problem = Problem(week)
    tour = list(range(len(visits)))
    found = timed(problem, problem.slots[0], tour, {})
    expected = brute(problem, tour)
    assert (found is not None) == (expected is not None)
    assert (quick(problem, problem.slots[0], tour, {}) is not None) == (expected is not None)
    if found is not None and expected is not None:
        assert found.returns <= end
        for a, b in zip(found.starts, tour, strict=True):
            assert a in allowed(visits[b], grid)


def allowed(visit: Visit, grid: int) -> list[int]:
    """Return the minutes at which a visit may begin."""
    minutes = [m for a, b in visit.windows for m in range(a, b + 1)]
    return [m for m in minutes if m % grid == 0] or minutes


def brute(problem: Problem, tour: list[int]) -> int | None:  # noqa: C901 - every case is a line
    """Return when the tour is over at the earliest, by walking minute by minute; None if never."""
    slot = problem.slots[0]
    way = slot.way
    points = [slot.home, *(problem.point[v] for v in tour), slot.home]
    # state: (leg, minutes of way left, rests taken)
    states = {(0, way[points[0]][points[1]], 0)}
    queue: dict[int, set[tuple[int, int, int]]] = {slot.start: states}
    latest = max([slot.end, *(rest.latest for rest in slot.rests)])
    home = None
    for minute in range(slot.start, latest + 1):
        todo = list(queue.pop(minute, ()))
        seen = set(todo)
        while todo:
            leg, left, taken = todo.pop()
            if leg == len(tour) and left == 0 and minute <= slot.end:
                if taken == len(slot.rests):
                    return minute
                home = minute
            if leg == len(tour) and left == 0:
                queue.setdefault(minute + 1, set()).add((leg, 0, taken))
            if taken < len(slot.rests):
                rest = slot.rests[taken]
                if rest.earliest <= minute and minute + rest.minutes <= rest.latest:
                    queue.setdefault(minute + rest.minutes, set()).add((leg, left, taken + 1))
            if leg < len(tour) and left == 0:
                v = tour[leg]
                if minute in allowed(problem.visits[v], problem.grid):
                    onward = way[points[leg + 1]][points[leg + 2]]
                    done = minute + problem.minutes[v]
                    queue.setdefault(done, set()).add((leg + 1, onward, taken))
                queue.setdefault(minute + 1, set()).add((leg, 0, taken))
            if left and (leg < len(tour) or minute < slot.end):
                queue.setdefault(minute + 1, set()).add((leg, left - 1, taken))
            assert len(seen) < 10_000
    assert home is None or slot.rests
    return None
