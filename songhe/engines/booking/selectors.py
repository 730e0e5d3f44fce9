"""Reading bookings. Who may is said by the domain whose they are (its `wall.py`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from songhe.base.access.wall import lifted
from songhe.engines.booking import hall, openings, seating
from songhe.engines.booking.models import Booking, Resource, Waiting
from songhe.engines.booking.refusals import NoSuchResource
from songhe.engines.booking.terms import Span, State


@dataclass(frozen=True, slots=True)
class BookingView:
    """One booking. resource: its ref; units: how many seats."""

    id: UUID
    resource_id: UUID
    resource_kind: str
    resource: str
    span: Span
    units: int
    holder: str
    kind: str
    state: State
    until: datetime | None


def resource_of(*, kind: str, ref: str) -> UUID | None:
    """Return the id of what can be booked; None where it was never said that it can."""
    with lifted():
        return Resource.objects.filter(kind=kind, ref=ref).values_list("pk", flat=True).first()


def free(
    resource_id: UUID, between: Span, *, length: timedelta, at: datetime, units: int = 1
) -> list[Span]:
    """Return the times within another when so many seats are free, each at least so long.

    It says nothing of who has the others. Raises NoSuchResource. 3 queries.
    """
    with lifted():
        resource = Resource.objects.filter(pk=resource_id).first()
        if resource is None:
            raise NoSuchResource
        rows = Booking.objects.filter(resource=resource_id, period__overlap=tuple(between)).exclude(
            state=State.RELEASED
        )
        sittings = [hall.sitting(row) for row in rows.exclude(state=State.HELD, until__lte=at)]
        opened = openings.open_spans(resource_id, between)
    spans = seating.free_spans(sittings, opened, units, resource.capacity)
    return seating.long_enough(spans, length)


def bookings_of(
    holders: Iterable[str], *, kind: str = "", is_live: bool = True
) -> list[BookingView]:
    """Return the bookings of holders that row-level security shows, the earliest first; 1 query."""
    rows = Booking.objects.filter(holder__in=list(holders))
    if kind:
        rows = rows.filter(kind=kind)
    if is_live:
        rows = rows.exclude(state=State.RELEASED)
    return [_view(row) for row in rows.select_related("resource").order_by("period", "id")]


def bookings_by_id(ids: Iterable[UUID]) -> list[BookingView]:
    """Return those of some bookings that row-level security shows, the earliest first; 1 query."""
    rows = Booking.objects.filter(pk__in=list(ids)).select_related("resource")
    return [_view(row) for row in rows.order_by("period", "id")]


def line_of(resource_id: UUID) -> list[Waiting]:
    """Return who waits for a resource, the first first, as far as row-level security shows them."""
    rows = Waiting.objects.filter(resource=resource_id, booking=None, left_at=None)
    return list(rows.order_by("asked_at", "id"))


def _view(row: Booking) -> BookingView:
    resource: Any = row.resource
    return BookingView(
        row.pk,
        row.resource_id,
        resource.kind,
        resource.ref,
        hall.span_of(row),
        len(row.seats),
        row.holder,
        row.kind,
        State(row.state),
        row.until,
    )
