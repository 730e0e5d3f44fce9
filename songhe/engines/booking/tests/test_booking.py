"""Bookings: given once, given back, moved whole or not at all, and the line in its order."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import cast
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from songhe.base.access.actor import SYSTEM
from songhe.base.database.base import DatabaseWrapper
from songhe.base.database.roles import APP
from songhe.base.events.models import OutboxEvent
from songhe.engines.booking import line, selectors, services
from songhe.engines.booking.models import Booking, Resource
from songhe.engines.booking.openings import Open
from songhe.engines.booking.recurrence import BadEnd, BadRule, Recurrence
from songhe.engines.booking.refusals import (
    BadUnits,
    Closed,
    KeyTaken,
    NoSuchBooking,
    NoSuchResource,
    Released,
    Taken,
)
from songhe.engines.booking.services import Move
from songhe.engines.booking.terms import Calendar, Span, State
from songhe.engines.booking.wishes import Wish

NOW = datetime(2026, 11, 23, 0, tzinfo=UTC)  # Monday, 8 o'clock in the install's place
HOUR = timedelta(hours=1)


def span(begins: float, ends: float) -> Span:
    """Return a time in hours after NOW."""
    return Span(NOW + begins * HOUR, NOW + ends * HOUR)


def resource(capacity: int = 1, *openings: Open) -> UUID:
    return services.set_resource(
        kind="room", ref=f"test.Room/{uuid4()}", at=NOW, capacity=capacity, openings=openings
    )


def wish(of: UUID, begins: float, ends: float, **given) -> Wish:
    told = {"holder": "test.Guest/1", "kind": "stay", "key": str(uuid4())} | given
    return Wish(resource_id=of, span=span(begins, ends), **told)


def book(of: UUID, begins: float, ends: float, **given) -> Booking:
    return services.book(actor=SYSTEM, wish=wish(of, begins, ends, **given), at=NOW)


def wait(of: UUID, begins: float, ends: float, name: str, **given) -> UUID:
    asked = wish(of, begins, ends, holder=name, **given)
    found = line.wait(actor=SYSTEM, wish=asked, answer=2 * HOUR, at=NOW)
    return found.pk


def standing(of: UUID) -> list[tuple[float, float]]:
    rows = Booking.objects.filter(resource=of).exclude(state=State.RELEASED).order_by("period")
    return [((r.period.lower - NOW) / HOUR, (r.period.upper - NOW) / HOUR) for r in rows]


@pytest.mark.django_db
def test_one_bed_is_given_once_and_who_is_in_the_way_is_named() -> None:
    bed = resource()
    first, second = book(bed, 9, 10), book(bed, 10, 11)
    with pytest.raises(Taken) as refused:
        book(bed, 9.5, 12)
    assert refused.value.bookings == (first.pk, second.pk)
    with pytest.raises(BadEnd):
        book(bed, 12, 12)
    with pytest.raises(BadUnits):
        book(bed, 12, 13, units=2)
    with pytest.raises(NoSuchResource):
        book(uuid4(), 12, 13)
    assert standing(bed) == [(9, 10), (10, 11)]
    services.release(booking_id=first.pk, at=NOW)
    assert book(bed, 9, 10).state == State.BOOKED
    services.release(booking_id=first.pk, at=NOW)
    assert standing(bed) == [(9, 10), (10, 11)]


@pytest.mark.django_db
def test_the_same_key_is_the_same_booking_or_is_refused() -> None:
    bed = resource()
    first = book(bed, 9, 10, key="k")
    assert book(bed, 9, 10, key="k").pk == first.pk
    with pytest.raises(KeyTaken):
        book(bed, 9, 11, key="k")
    services.move(moves=[Move(first.pk, span(12, 13))], at=NOW)
    assert book(bed, 9, 10, key="k").pk == first.pk
    assert standing(bed) == [(12, 13)]


@pytest.mark.django_db
def test_seats_are_alike_so_that_no_gap_is_lost() -> None:
    room = resource(2)
    book(room, 9, 11)
    early = book(room, 9, 10)
    book(room, 11, 12)
    services.release(booking_id=early.pk, at=NOW)
    # Seats 0 9-11, 0 11-12: fill so that only changing seats makes room for a long one.
    book(room, 10, 11)
    late = book(room, 11, 13)
    services.release(booking_id=late.pk, at=NOW)
    stay = book(room, 11, 14)
    assert len(stay.seats) == 1
    with pytest.raises(Taken):
        book(room, 10, 12)
    assert book(room, 12, 15).seats.isdisjoint(Booking.objects.get(pk=stay.pk).seats)
    assert book(room, 5, 6, units=2).seats == frozenset({0, 1})


@pytest.mark.django_db
def test_a_hold_counts_until_its_moment_and_is_confirmed_before() -> None:
    bed = resource()
    held = services.hold(actor=SYSTEM, wish=wish(bed, 9, 10), until=NOW + HOUR, at=NOW)
    with pytest.raises(Taken):
        book(bed, 9, 10)
    later = NOW + HOUR
    other = services.hold(actor=SYSTEM, wish=wish(bed, 9, 10), until=later + HOUR, at=later)
    with pytest.raises(Released):
        services.confirm(booking_id=held.pk, at=later)
    assert services.confirm(booking_id=other.pk, at=later).state == State.BOOKED
    assert services.confirm(booking_id=other.pk, at=later + 9 * HOUR).state == State.BOOKED
    assert line.expire_holds(at=later + 9 * HOUR) == 0
    with pytest.raises(NoSuchBooking):
        services.confirm(booking_id=uuid4(), at=NOW)
    with pytest.raises(BadEnd):
        services.hold(actor=SYSTEM, wish=wish(bed, 11, 12), until=NOW, at=NOW)
    assert standing(bed) == [(9, 10)]


@pytest.mark.django_db
def test_moves_are_all_or_nothing_and_two_may_change_places() -> None:
    bed, room = resource(), resource()
    first, second, third = book(bed, 9, 10), book(bed, 10, 11), book(room, 9, 12)
    services.move(moves=[Move(first.pk, span(10, 11)), Move(second.pk, span(9, 10))], at=NOW)
    assert [b.pk for b in Booking.objects.filter(resource=bed).order_by("period")] == [
        second.pk,
        first.pk,
    ]
    with pytest.raises(Taken) as refused:
        services.move(
            moves=[Move(first.pk, span(12, 13)), Move(second.pk, span(11, 12), room)], at=NOW
        )
    assert refused.value.bookings == (third.pk,)
    assert standing(bed) == [(9, 10), (10, 11)]
    services.move(
        moves=[Move(third.pk, span(9, 10), bed), Move(second.pk, span(9, 10), room)], at=NOW
    )
    assert (standing(bed), standing(room)) == ([(9, 10), (10, 11)], [(9, 10)])
    services.release(booking_id=first.pk, at=NOW)
    with pytest.raises(Released):
        services.move(moves=[Move(first.pk, span(12, 13))], at=NOW)


@pytest.mark.django_db
def test_who_waited_first_is_offered_the_place_and_the_next_when_she_lets_it_go() -> None:
    bed = resource()
    stay = book(bed, 9, 10)
    names = ["first", "elsewhere", "second"]
    hours = [(9, 10), (10, 12), (9, 10)]
    for name, (begins, ends) in zip(names, hours, strict=True):
        wait(bed, begins, ends, name)
    # What is free is offered at once.
    assert [one.holder for one in selectors.line_of(bed)] == ["first", "second"]
    services.release(booking_id=stay.pk, at=NOW)
    offered = selectors.bookings_of(["first"])
    assert [(one.state, one.until) for one in offered] == [(State.HELD, NOW + 2 * HOUR)]
    with pytest.raises(Taken):
        book(bed, 9, 10)
    # She does not answer: the job gives it to the next, who confirms.
    assert line.expire_holds(at=NOW + 2 * HOUR) == 2
    assert [one.holder for one in selectors.line_of(bed)] == []
    (second,) = selectors.bookings_of(["second"])
    assert services.confirm(booking_id=second.id, at=NOW + 3 * HOUR).state == State.BOOKED
    told = OutboxEvent.objects.filter(name="booking.PlaceOffered").order_by("id")
    assert [one.payload["holder"] for one in told] == ["elsewhere", "first", "second"]
    assert not selectors.bookings_of(["first", "elsewhere"])


@pytest.mark.django_db
def test_who_leaves_the_line_is_offered_nothing_nor_who_waits_for_what_is_past() -> None:
    bed = resource()
    stay = book(bed, 9, 10)
    left, _late = wait(bed, 9, 10, "left"), wait(bed, 9, 10, "late", key="w")
    line.leave(waiting_id=left, at=NOW)
    with pytest.raises(NoSuchBooking):
        line.leave(waiting_id=uuid4(), at=NOW)
    with pytest.raises(KeyTaken):
        wait(bed, 9, 11, "late", key="w")
    with pytest.raises(BadUnits):
        wait(bed, 9, 11, "many", units=2)
    services.release(booking_id=stay.pk, at=NOW + 9 * HOUR)
    assert not standing(bed)
    assert not selectors.bookings_of(["left", "late"], is_live=False)


@pytest.mark.django_db
def test_it_is_booked_while_it_is_open_in_the_places_own_time() -> None:
    office = Recurrence(
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", date(2026, 9, 1), calendar=Calendar.WORKS
    )
    nights = Recurrence("FREQ=DAILY", date(2026, 9, 1))
    room = resource(1, Open(office, time(8, 30), time(12)), Open(office, time(12), time(17, 30)))
    ward = resource(1, Open(nights, time(19), time(0)), Open(nights, time(0), time(7)))
    book(room, 3, 5)  # 11 to 13 o'clock, over the seam
    for begins, ends in ((0, 1), (9, 10), (5 * 24 + 3, 5 * 24 + 4)):  # too early, late, Saturday
        with pytest.raises(Closed):
            book(room, begins, ends)
    book(ward, 11, 23)
    day = selectors.free(room, span(0, 24), length=HOUR, at=NOW)
    assert day == [span(0.5, 3), span(5, 9.5)]
    assert selectors.free(room, span(0, 24), length=3 * HOUR, at=NOW) == [span(5, 9.5)]
    with pytest.raises(BadRule):
        resource(1, Open(Recurrence("", date(2026, 9, 1)), time(8), time(9)))
    assert Resource.objects.count() == 2


@pytest.mark.django_db
def test_free_counts_seats_and_forgets_holds_that_are_over() -> None:
    room = resource(3)
    book(room, 2, 6, units=2)
    services.hold(actor=SYSTEM, wish=wish(room, 4, 5), until=NOW + HOUR, at=NOW)
    given = {"between": span(0, 8), "length": HOUR}
    assert selectors.free(room, at=NOW, **given) == [span(0, 4), span(5, 8)]
    assert selectors.free(room, at=NOW + HOUR, **given) == [span(0, 8)]
    assert selectors.free(room, at=NOW, units=2, **given) == [span(0, 2), span(6, 8)]
    with pytest.raises(NoSuchResource):
        selectors.free(uuid4(), at=NOW, **given)


@pytest.mark.django_db
def test_a_smaller_room_keeps_whom_it_can_and_a_larger_one_takes_who_waits() -> None:
    ref, given = f"test.Room/{uuid4()}", {"kind": "room", "at": NOW}
    room = services.set_resource(ref=ref, capacity=3, **given)
    book(room, 9, 10)
    early = book(room, 9, 10)
    book(room, 9, 10)
    with pytest.raises(Taken) as refused:
        services.set_resource(ref=ref, capacity=2, **given)
    assert len(refused.value.bookings) == 3
    services.release(booking_id=early.pk, at=NOW)
    assert services.set_resource(ref=ref, capacity=2, **given) == room
    seats = [row.seats for row in Booking.objects.filter(resource=room, state="booked")]
    assert sorted(seats, key=min) == [{0}, {1}]
    wait(room, 9, 10, "waits")
    services.set_resource(ref=ref, capacity=3, **given)
    assert [one.state for one in selectors.bookings_of(["waits"])] == [State.HELD]


@pytest.mark.django_db
def test_the_database_refuses_what_no_service_does() -> None:
    room = resource(2)
    one, other = book(room, 9, 10), book(room, 9, 10)
    wrong = [{"seats": one.seats}, {"seats": {2}}, {"seats": set()}, {"until": NOW}]
    for change in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            Booking.objects.filter(pk=other.pk).update(**change)
    other.refresh_from_db()
    assert other.seats == {1}


@pytest.mark.django_db
def test_who_may_see_no_booking_may_still_be_the_one_who_books() -> None:
    room = resource()
    database = cast(DatabaseWrapper, connection)
    database.wall(APP)
    try:
        mine = book(room, 9, 10)
        with pytest.raises(Taken) as refused:
            book(room, 9, 10)
        assert refused.value.bookings == (mine.pk,)
        assert not selectors.bookings_by_id([mine.pk])
        assert selectors.free(room, span(8, 11), length=HOUR, at=NOW) == [span(8, 9), span(10, 11)]
        assert not Booking.objects.exists()
        services.release(booking_id=mine.pk, at=NOW)
    finally:
        database.wall(None)
    assert not standing(room)
