"""The waiting line: first come, first offered."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.base.events import bus
from songhe.engines.booking import hall
from songhe.engines.booking.events import PlaceOffered
from songhe.engines.booking.hall import Hall
from songhe.engines.booking.models import Booking, Resource, Waiting
from songhe.engines.booking.openings import is_open
from songhe.engines.booking.recurrence import BadEnd
from songhe.engines.booking.refusals import BadUnits, Closed, KeyTaken, NoSuchBooking
from songhe.engines.booking.terms import State
from songhe.engines.booking.wishes import Wish
from songhe.kernel.ids import uuid7


def wait(*, actor: Actor, wish: Wish, answer: timedelta, at: datetime) -> Waiting:
    """Join the line of a resource; an offer is held for `answer`. What is free is offered at once.

    Raises Closed, BadEnd, BadUnits (it could never be), KeyTaken.
    """
    with lifted(), transaction.atomic():
        resource = hall.lock([wish.resource_id])[wish.resource_id]
        before = Waiting.objects.filter(key=wish.key).first()
        if before is not None:
            if bytes(before.digest) != wish.digest:
                raise KeyTaken
            return before
        if wish.span.begins >= wish.span.ends:
            raise BadEnd(field="ends")
        if not 1 <= wish.units <= resource.capacity:
            raise BadUnits(field="units")
        if not is_open(resource.pk, wish.span):
            raise Closed(field="begins")
        hall.let_expire([resource.pk], at=at)
        row = Waiting.objects.create(
            key=wish.key,
            digest=wish.digest,
            resource=resource,
            period=tuple(wish.span),
            units=wish.units,
            holder=wish.holder,
            kind=wish.kind,
            answer_s=int(answer.total_seconds()),
            asked_at=at,
            asked_by=actor.user_id,
        )
        serve(resource, at=at)
        row.refresh_from_db()
        return row


def leave(*, waiting_id: UUID, at: datetime) -> None:
    """Leave the line. What was offered already is given back by `release`. Raises NoSuchBooking."""
    with lifted(), transaction.atomic():
        rows = Waiting.objects.filter(pk=waiting_id, booking=None)
        if not rows.update(left_at=at):
            raise NoSuchBooking


def serve(resource: Resource, *, at: datetime) -> list[Waiting]:
    """Offer what is free in a locked resource to who waits, in the order they came.

    Who wishes for something that is not free stays in line and is passed by; a time that has begun
    is offered to nobody. Return who was offered something.
    """
    rows = Waiting.objects.select_for_update(of=("self",)).filter(
        resource=resource, booking=None, left_at=None, period__startswith__gt=at
    )
    found = []
    for row in rows.order_by("asked_at", "id"):
        span = hall.span_of(row)
        one = Hall(resource)
        until = min(at + timedelta(seconds=row.answer_s), span.begins)
        offer = Booking(
            id=uuid7(),
            key=f"{row.key}/offer",
            digest=row.digest,
            resource=resource,
            period=tuple(span),
            holder=row.holder,
            kind=row.kind,
            state=State.HELD,
            until=until,
            made_at=at,
            made_by=row.asked_by,
        )
        try:
            fits = one.place(offer.pk, span, row.units)
        except (BadUnits, Closed):
            continue  # it was made smaller, or opens otherwise now
        if not fits:
            continue
        hall.write([one], [offer])
        row.booking = offer
        row.save(update_fields=["booking"])
        bus.publish(
            PlaceOffered(
                waiting_id=row.pk,
                booking_id=offer.pk,
                holder=row.holder,
                kind=row.kind,
                until=until,
            )
        )
        found.append(row)
    return found


def expire_holds(*, at: datetime) -> int:
    """Release every hold that counts no more, and offer what is free; return how many."""
    ended = 0
    with lifted():
        late = Booking.objects.filter(state=State.HELD, until__lte=at)
        for pk in list(late.values_list("resource_id", flat=True).distinct()):
            with transaction.atomic():
                resource = hall.lock([pk])[pk]
                ended += hall.let_expire([pk], at=at)
                serve(resource, at=at)
    return ended
