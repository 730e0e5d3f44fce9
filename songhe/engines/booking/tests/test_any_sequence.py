"""Whatever is asked in whatever order: never over capacity, what is given back is free, in line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from songhe.base.access.actor import SYSTEM
from songhe.engines.booking import line, selectors, services
from songhe.engines.booking.models import Booking, Waiting
from songhe.engines.booking.refusals import Released, Taken
from songhe.engines.booking.services import Move
from songhe.engines.booking.terms import LIVE, Span, State
from songhe.engines.booking.wishes import Wish

ZERO = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = 14
times = st.tuples(st.integers(6, 8), st.integers(1, 3))
units = st.integers(1, 2)
pick = st.integers(0, 30)


class House(RuleBasedStateMachine):
    """A room of two, against a count of who is there in each hour."""

    capacity = 2

    def __init__(self) -> None:
        super().__init__()
        self.at = ZERO
        self.room = services.set_resource(
            kind="room", ref=f"test.Room/{uuid4()}", at=ZERO, capacity=self.capacity
        )
        self.made: list[UUID] = []

    def wish(self, when: tuple[int, int], many: int) -> Wish:
        begins, length = when
        return Wish(
            resource_id=self.room,
            span=Span(ZERO + begins * HOUR, ZERO + (begins + length) * HOUR),
            holder=f"test.Guest/{uuid4()}",
            kind="stay",
            key=str(uuid4()),
            units=many,
        )

    def rows(self) -> list[Any]:
        """Return who has seats now; a hold that is over has none."""
        found = Booking.objects.filter(resource=self.room, state__in=LIVE)
        return [row for row in found if row.until is None or row.until > self.at]

    @staticmethod
    def used(rows: list[Any], span: Span) -> int:
        """Return the most who are there in an hour of a time."""
        hours = int((span.ends - span.begins) / HOUR)
        moments = [span.begins + n * HOUR for n in range(hours)]
        return max(
            sum(len(r.seats) for r in rows if r.period.lower <= m < r.period.upper) for m in moments
        )

    def take(self, call: Callable[[Wish], Booking], wish: Wish) -> None:
        """Book or hold: that goes exactly where it fits once the line had what was free."""
        line.expire_holds(at=self.at)
        rows = self.rows()
        if self.used(rows, wish.span) + wish.units <= self.capacity:
            self.made.append(call(wish).pk)
            return
        with pytest.raises(Taken) as refused:
            call(wish)
        assert refused.value.bookings
        assert set(refused.value.bookings) <= {row.pk for row in rows}

    @rule(when=times, many=units)
    def book(self, when: tuple[int, int], many: int) -> None:
        self.take(
            lambda wish: services.book(actor=SYSTEM, wish=wish, at=self.at), self.wish(when, many)
        )

    @rule(when=times, many=units, hours=st.integers(1, 3))
    def hold(self, when: tuple[int, int], many: int, hours: int) -> None:
        until = self.at + hours * HOUR
        self.take(
            lambda wish: services.hold(actor=SYSTEM, wish=wish, until=until, at=self.at),
            self.wish(when, many),
        )

    @rule(when=times, many=units)
    def one_waits(self, when: tuple[int, int], many: int) -> None:
        self.wait(when, many)

    def wait(self, when: tuple[int, int], many: int) -> None:
        asked = self.wish(when, many)
        row = line.wait(actor=SYSTEM, wish=asked, answer=2 * HOUR, at=self.at)
        if row.booking_id is not None:
            self.made.append(row.booking_id)

    @rule(many=units)
    def two_come_one_after_the_other(self, many: int) -> None:
        for _ in range(2):
            self.wait((7, 1), many)

    @rule(number=pick)
    def release(self, number: int) -> None:
        if self.made:
            row = services.release(booking_id=self.made[number % len(self.made)], at=self.at)
            assert row.state == State.RELEASED

    @rule(number=pick)
    def confirm(self, number: int) -> None:
        if not self.made:
            return
        pk = self.made[number % len(self.made)]
        counted = pk in {row.pk for row in self.rows()}
        try:
            assert services.confirm(booking_id=pk, at=self.at).state == State.BOOKED
        except Released:
            assert not counted
        else:
            assert counted

    @rule(numbers=st.lists(pick, min_size=1, max_size=2), when=times, other=times)
    def move(self, numbers: list[int], when: tuple[int, int], other: tuple[int, int]) -> None:
        chosen = dict.fromkeys(self.made[n % len(self.made)] for n in numbers if self.made)
        where = [self.wish(one, 1).span for one in (when, other)]
        moves = [Move(pk, span) for pk, span in zip(chosen, where, strict=False)]
        before = {row.pk: row.period for row in self.rows()}
        try:
            services.move(moves=moves, at=self.at)
        except (Taken, Released):
            assert {row.pk: row.period for row in self.rows()} == before
        else:
            now = {row.pk: (row.period.lower, row.period.upper) for row in self.rows()}
            assert all(now[one.booking_id] == tuple(one.span) for one in moves)

    @rule(hours=st.integers(1, 3))
    def time_goes_on(self, hours: int) -> None:
        self.at += hours * HOUR
        line.expire_holds(at=self.at)

    @invariant()
    def nobody_sits_on_anothers_seat(self) -> None:
        rows = self.rows()
        for one in rows:
            assert one.seats <= set(range(self.capacity))
            for other in rows:
                apart = (
                    one.period.upper <= other.period.lower or other.period.upper <= one.period.lower
                )
                assert one.pk == other.pk or apart or not one.seats & other.seats

    @invariant()
    def what_is_free_is_said_to_be(self) -> None:
        day = Span(ZERO, ZERO + HOURS * HOUR)
        rows = self.rows()
        found = selectors.free(self.room, day, length=HOUR, at=self.at)
        for hour in range(HOURS):
            one = Span(ZERO + hour * HOUR, ZERO + (hour + 1) * HOUR)
            said = any(s.begins <= one.begins and one.ends <= s.ends for s in found)
            assert said == (self.used(rows, one) < self.capacity)

    @invariant()
    def nobody_waits_for_what_is_free_or_is_passed_by_who_came_later(self) -> None:
        asked = Waiting.objects.filter(resource=self.room).order_by("asked_at", "id")
        waiting: list[tuple[Any, int]] = []
        rows = self.rows()
        for row in asked:
            wanted = (row.period, row.units)
            if row.booking_id is not None:
                assert wanted not in waiting
            elif row.period.lower > self.at:
                waiting.append(wanted)
                span = Span(row.period.lower, row.period.upper)
                assert self.used(rows, span) + row.units > self.capacity


@pytest.mark.django_db
def test_a_house_is_never_over_full_after_any_sequence() -> None:
    run_state_machine_as_test(House, settings=settings(max_examples=25, stateful_step_count=30))
