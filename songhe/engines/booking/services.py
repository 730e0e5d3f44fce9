"""Booking, holding, confirming, releasing, moving. Who may is asked by the domain that calls."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.engines.booking import hall, line, seating
from songhe.engines.booking.hall import Hall
from songhe.engines.booking.models import Booking, Opening, Resource
from songhe.engines.booking.openings import Open, of_row
from songhe.engines.booking.recurrence import BadEnd
from songhe.engines.booking.refusals import KeyTaken, NoSuchBooking, Released, Taken
from songhe.engines.booking.terms import LIVE, Span, State
from songhe.engines.booking.wishes import Wish
from songhe.kernel.ids import uuid7


@dataclass(frozen=True, slots=True)
class Move:
    """Where a booking goes: another time, or another resource too."""

    booking_id: UUID
    span: Span
    resource_id: UUID | None = None


@contextlib.contextmanager
def _whole() -> Iterator[None]:
    """Work on every booking, those too that the actor may not know of; all or nothing."""
    with lifted(), transaction.atomic():
        yield


def set_resource(
    *, kind: str, ref: str, at: datetime, capacity: int = 1, openings: Sequence[Open] = ()
) -> UUID:
    """Say what can be booked; return its id. Said again it is brought to what is said.

    Bookings that stand keep their times whatever the openings are now. Fewer seats than are booked
    ahead: raises Taken, and nothing is changed. Raises what `Recurrence.check` does.
    """
    for one in openings:
        one.days.check()
    with _whole():
        made = Resource(kind=kind, ref=ref, capacity=capacity, opened_at=at)
        Resource.objects.bulk_create([made], ignore_conflicts=True)
        pk = Resource.objects.values_list("pk", flat=True).get(kind=kind, ref=ref)
        standing = {repr(of_row(row)) for row in Opening.objects.filter(resource=pk)}
        now = Resource.objects.filter(pk=pk, capacity=capacity).exists()
        if now and standing == {repr(one) for one in openings}:
            return pk
        row = hall.lock([pk])[pk]
        _resize(row, capacity, at)
        Opening.objects.filter(resource=pk).delete()
        Opening.objects.bulk_create(Opening(resource=row, **one.said) for one in openings)
        line.serve(row, at=at)
    return pk


def _resize(row: Resource, capacity: int, at: datetime) -> None:
    ahead = Booking.objects.filter(resource=row, state__in=LIVE, period__endswith__gt=at)
    sittings = [hall.sitting(one) for one in ahead]
    again = seating.reseated(sittings, capacity) if capacity < row.capacity else sittings
    if again is None:
        worst = {
            pk for one in sittings for pk in seating.in_the_way(sittings, one.span, 0, capacity)
        }
        raise Taken(one.id for one in sorted(sittings, key=lambda s: s.span) if one.id in worst)
    if again is not sittings:
        hall.write([Hall(row, placed={one.id: one for one in again})])
    row.capacity = capacity
    row.save(update_fields=["capacity"])


def book(*, actor: Actor, wish: Wish, at: datetime) -> Booking:
    """Book. Raises Taken with the bookings in the way, Closed, BadEnd, BadUnits, KeyTaken."""
    return _take(actor, wish, at, None)


def hold(*, actor: Actor, wish: Wish, until: datetime, at: datetime) -> Booking:
    """Hold seats until a moment; then they are free again unless confirmed. Raises as `book`."""
    if until <= at:
        raise BadEnd(field="until")
    return _take(actor, wish, at, until)


def _take(actor: Actor, wish: Wish, at: datetime, until: datetime | None) -> Booking:
    with _whole():
        resource = hall.lock([wish.resource_id])[wish.resource_id]
        before = Booking.objects.filter(key=wish.key).first()
        if before is not None:
            if bytes(before.digest) != wish.digest:
                raise KeyTaken
            return before
        if hall.let_expire([resource.pk], at=at):
            line.serve(resource, at=at)  # what is free again is theirs who waited
        row = Booking(
            id=uuid7(),
            key=wish.key,
            digest=wish.digest,
            resource=resource,
            period=tuple(wish.span),
            holder=wish.holder,
            kind=wish.kind,
            state=State.BOOKED if until is None else State.HELD,
            until=until,
            made_at=at,
            made_by=actor.user_id,
        )
        one = Hall(resource)
        if not one.place(row.pk, wish.span, wish.units):
            raise Taken(one.in_the_way)
        hall.write([one], [row])
        return row


def confirm(*, booking_id: UUID, at: datetime) -> Booking:
    """Make a hold a booking. Raises Released where it held no longer, NoSuchBooking."""
    with _whole():
        row = _locked([booking_id], at=at)[booking_id]
        if row.state == State.RELEASED:
            raise Released
        row.state, row.until = State.BOOKED, None
        row.save(update_fields=["state", "until"])
        return row


def release(*, booking_id: UUID, at: datetime) -> Booking:
    """Give seats back; who waits first in line is offered them. Once released it stays so.

    Raises NoSuchBooking.
    """
    with _whole():
        row = _locked([booking_id], at=at)[booking_id]
        if row.state != State.RELEASED:
            row.state, row.until, row.released_at = State.RELEASED, None, at
            row.save(update_fields=["state", "until", "released_at"])
            line.serve(row.resource, at=at)
        return row


def move(*, moves: Sequence[Move], at: datetime) -> list[Booking]:
    """Move bookings, all of them or none; they may change places with each other.

    Raises Taken with every booking that is in the way of one, Released, NoSuchBooking, Closed,
    BadEnd, BadUnits. What they leave is offered to who waits.
    """
    wanted = {one.booking_id: one for one in moves}
    with _whole():
        also = [one.resource_id for one in moves if one.resource_id is not None]
        rows = _locked(wanted, at=at, also=also)
        if any(row.state == State.RELEASED for row in rows.values()):
            raise Released
        gone = frozenset(rows)
        left = {row.resource_id: row.resource for row in rows.values()}
        resources = hall.lock({*left, *also})
        halls: dict[UUID, Hall] = {}
        fits = True
        for pk, one in wanted.items():
            target = one.resource_id or rows[pk].resource_id
            found = halls.setdefault(target, Hall(resources[target], gone))
            fits &= found.place(pk, one.span, len(rows[pk].seats))
        if not fits:
            raise Taken(pk for found in halls.values() for pk in found.in_the_way)
        hall.write(halls.values())
        for resource in resources.values():
            line.serve(resource, at=at)
        return list(Booking.objects.filter(pk__in=wanted).order_by("period", "pk"))


def _locked(
    booking_ids: Iterable[UUID], *, at: datetime, also: Iterable[UUID] = ()
) -> dict[UUID, Booking]:
    """Lock bookings and before them their resources, and let the holds there expire."""
    wanted = list(booking_ids)
    while True:
        where = dict(Booking.objects.filter(pk__in=wanted).values_list("pk", "resource_id"))
        if len(where) != len(set(wanted)):
            raise NoSuchBooking
        resources = hall.lock({*where.values(), *also})
        rows: Any = Booking.objects.filter(pk__in=wanted).select_related("resource")
        found = {row.pk: row for row in rows.select_for_update(of=("self",))}
        if all(row.resource_id in resources for row in found.values()):
            break  # none went to another resource meanwhile
    if hall.let_expire(resources, at=at):
        for resource in resources.values():
            line.serve(resource, at=at)
        for row in found.values():
            row.refresh_from_db()
    return found
