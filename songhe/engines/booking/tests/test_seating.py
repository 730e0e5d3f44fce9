"""Seats by arithmetic: whoever fits at each moment fits, and what is said to be free is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from songhe.engines.booking import seating
from songhe.engines.booking.seating import Sitting
from songhe.engines.booking.terms import Span

ZERO = datetime(2026, 11, 23, tzinfo=UTC)


def span(begins: int, ends: int) -> Span:
    return Span(ZERO + timedelta(hours=begins), ZERO + timedelta(hours=ends))


def sit(number: int, begins: int, ends: int, *seats: int) -> Sitting:
    return Sitting(UUID(int=number), span(begins, ends), frozenset(seats))


def test_who_fits_only_when_others_change_seats_fits() -> None:
    there = [sit(1, 9, 10, 0), sit(2, 10, 11, 1)]
    assert seating.lowest_free(there, span(9, 11), 1, 2) is None
    again = seating.reseated([*there, sit(3, 9, 11, 0)], 2)
    assert again is not None
    assert {one.id.int: min(one.seats) for one in again} == {1: 0, 3: 1, 2: 0}
    assert seating.reseated([*there, sit(3, 9, 11, 0), sit(4, 9, 10, 0)], 2) is None


def test_those_in_the_way_are_named_and_nobody_else() -> None:
    there = [sit(1, 8, 12, 0), sit(2, 9, 10, 1), sit(3, 11, 12, 1)]
    assert [pk.int for pk in seating.in_the_way(there, span(9, 11), 1, 2)] == [1, 2]
    assert seating.in_the_way(there, span(10, 11), 1, 2) == ()
    assert seating.in_the_way(there, span(12, 13), 2, 2) == ()


booked = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 6), st.integers(1, 3)), min_size=1, max_size=12
)


@given(wanted=booked, capacity=st.integers(1, 4))
def test_reseating_fits_exactly_when_no_moment_is_over_full(
    wanted: list[tuple[int, int, int]], capacity: int
) -> None:
    there = [sit(n, a, a + d, *range(units)) for n, (a, d, units) in enumerate(wanted)]
    most = max(sum(units for a, d, units in wanted if a <= hour < a + d) for hour in range(27))
    found = seating.reseated(there, capacity)
    assert (found is not None) == (most <= capacity)
    for one in found or []:
        assert len(one.seats) == wanted[one.id.int][2]
        assert max(one.seats) < capacity
        for other in found or []:
            if other.id != one.id and seating.overlap(one.span, other.span):
                assert not one.seats & other.seats


@given(wanted=booked, capacity=st.integers(1, 4), units=st.integers(1, 4))
def test_free_is_what_is_free_at_every_moment(
    wanted: list[tuple[int, int, int]], capacity: int, units: int
) -> None:
    there = [sit(n, a, a + d, *range(u)) for n, (a, d, u) in enumerate(wanted)]
    opened = [span(1, 12), span(14, 25)]
    found = seating.free_spans(there, opened, units, capacity)
    for hour in range(27):
        used = sum(u for a, d, u in wanted if a <= hour < a + d)
        is_free = used + units <= capacity and any(
            one.begins <= span(hour, hour + 1).begins < one.ends for one in opened
        )
        assert is_free == any(seating.overlap(one, span(hour, hour + 1)) for one in found)
    assert found == sorted(found)
    assert not seating.long_enough(found, timedelta(hours=30))
