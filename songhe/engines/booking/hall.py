"""The locked rows of some resources, on which bookings are placed, moved and written back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from songhe.engines.booking import openings, seating
from songhe.engines.booking.models import Booking, Resource
from songhe.engines.booking.recurrence import BadEnd
from songhe.engines.booking.refusals import BadUnits, Closed, NoSuchResource, Taken
from songhe.engines.booking.seating import Sitting
from songhe.engines.booking.terms import LIVE, Span, State


def lock(resource_ids: Iterable[UUID]) -> dict[UUID, Resource]:
    """Lock resources in the order of their ids, so that two never wait for each other."""
    wanted = set(resource_ids)
    rows = Resource.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    found = {row.pk: row for row in rows}
    if found.keys() != wanted:
        raise NoSuchResource
    return found


def live(resource_id: UUID, span: Span) -> list[Sitting]:
    """Return who has seats of a resource within a time."""
    rows = Booking.objects.filter(
        resource=resource_id, state__in=LIVE, period__overlap=(span.begins, span.ends)
    )
    return [sitting(row) for row in rows]


def sitting(row: Booking) -> Sitting:
    """Return a booking as arithmetic sees it."""
    return Sitting(row.pk, span_of(row), row.seats)


def span_of(row: Any) -> Span:
    """Return the time of a booking, or of who waits."""
    period = row.period
    if isinstance(period, tuple):
        return Span(*period)
    return Span(period.lower, period.upper)


def let_expire(resources: Iterable[UUID], *, at: datetime) -> int:
    """Release the holds of locked resources that count no more; return how many."""
    return Booking.objects.filter(
        resource__in=list(resources), state=State.HELD, until__lte=at
    ).update(state=State.RELEASED, until=None, released_at=at)


@dataclass
class Hall:
    """One locked resource while bookings are placed in it. gone: ids that leave their old seats."""

    resource: Resource
    gone: frozenset[UUID] = frozenset()
    placed: dict[UUID, Sitting] = field(default_factory=dict)
    in_the_way: dict[UUID, None] = field(default_factory=dict)

    def place(self, pk: UUID, span: Span, units: int) -> bool:
        """Give a booking seats, moving others to other seats where that helps.

        False where at some moment too few are left; then `in_the_way` says who is there.
        Raises BadEnd, BadUnits, Closed.
        """
        if span.begins >= span.ends:
            raise BadEnd(field="ends")
        if not 1 <= units <= self.resource.capacity:
            raise BadUnits(field="units")
        if not openings.is_open(self.resource.pk, span):
            raise Closed(field="begins")
        capacity = self.resource.capacity
        near = self._near(span)
        seats = seating.lowest_free(near, span, units, capacity)
        if seats is not None:
            self.placed[pk] = Sitting(pk, span, seats)
            return True
        wanted = Sitting(pk, span, frozenset(range(units)))
        others = self._cluster(span) if capacity > 1 else near
        again = seating.reseated([*others, wanted], capacity)
        if again is None:
            ways = seating.in_the_way(near, span, units, capacity)
            self.in_the_way |= dict.fromkeys(one for one in ways if one not in self.gone)
            return False
        self.placed |= {one.id: one for one in again}
        return True

    def _near(self, span: Span) -> list[Sitting]:
        """Return who sits within a time, as far as it is settled."""
        settled = [one for one in self.placed.values() if seating.overlap(one.span, span)]
        known = self.gone | self.placed.keys()
        return settled + [one for one in live(self.resource.pk, span) if one.id not in known]

    def _cluster(self, span: Span) -> list[Sitting]:
        """Return who sits within a time, who sits beside one of those, and so on."""
        found = self._near(span)
        while True:
            begins = min([span.begins, *(one.span.begins for one in found)])
            ends = max([span.ends, *(one.span.ends for one in found)])
            wider = self._near(Span(begins, ends))
            if len(wider) == len(found):
                return found
            found = wider


def write(halls: Iterable[Hall], added: Iterable[Booking] = ()) -> None:
    """Write what was placed: all of it or, raising Taken, nothing."""
    new = {row.pk: row for row in added}
    placed = [(hall.resource.pk, one) for hall in halls for one in hall.placed.values()]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # Two that change places overlap for a moment.
            cursor.execute("SET CONSTRAINTS booking_seat_once DEFERRED")
            for resource_id, one in placed:
                row = new.get(one.id)
                if row is None:
                    Booking.objects.filter(pk=one.id).update(
                        resource=resource_id, period=one.span, seats=one.seats
                    )
                else:
                    row.seats = one.seats
                    row.save(force_insert=True)
            cursor.execute("SET CONSTRAINTS booking_seat_once IMMEDIATE")
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
        if name == "booking_seat_once":  # somebody who does not lock
            taken = Q(pk__in=[])
            for resource_id, one in placed:
                taken |= Q(resource=resource_id, period__overlap=tuple(one.span))
            rows = Booking.objects.filter(taken, state__in=LIVE)
            mine = [one.id for _resource, one in placed]
            raise Taken(rows.exclude(pk__in=mine).values_list("pk", flat=True)) from None
        raise
