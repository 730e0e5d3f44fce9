"""When somebody comes to see a home or to fit it: booked in the office hours of who comes."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.accounts.models import User
from songhe.domains.dispatch import selectors as dispatch
from songhe.domains.homecare import visit_reads
from songhe.domains.homecare.models import HomeBed
from songhe.domains.homecare.params import params
from songhe.domains.homecare.services import telling
from songhe.domains.homecare.services.common import locked, noted
from songhe.domains.homecare.terms import Purpose
from songhe.engines.booking import selectors as bookings
from songhe.engines.booking import services as booking
from songhe.engines.booking import times
from songhe.engines.booking.services import Move
from songhe.engines.booking.terms import Span
from songhe.engines.booking.wishes import Wish
from songhe.kernel.errors import Conflict, Invalid

OPENED = ("identity", "contact", "home")
_TOLD = {Purpose.ASSESS: "visit", Purpose.FIT: "fit"}


class VisitIsPast(Invalid):
    code = "homecare.visit_is_past"
    message = "A visit is arranged for a time that lies ahead."


class NotOfTheProvider(Invalid):
    code = "homecare.not_of_the_provider"
    message = "Choose somebody who works for the provider of this bed."


class WithSomebodyElse(Conflict):
    code = "homecare.with_somebody_else"
    message = "She goes to somebody else then, or is away: %(times)s."


class NothingArranged(Conflict):
    code = "homecare.nothing_arranged"
    message = "No visit is arranged here that lies ahead."


@transaction.atomic
def arrange_visit(
    *,
    actor: Actor,
    bed_id: UUID,
    purpose: Purpose,
    visitor_id: UUID,
    begins_at: datetime,
    at: datetime,
) -> UUID:
    """Arrange who comes when, or move what is arranged; return the booking.

    Who comes reads from now on to whom and where she goes, until the visit is over (0048).
    Raises Taken with the visits in the way, WithSomebodyElse where she is planned or on leave,
    Closed out of office hours, VisitIsPast, NotOfTheProvider, NoSuchBed, Denied, BedIsOver.
    """
    bed = locked(actor, visit_reads.ACTION[purpose], bed_id)
    if begins_at <= at:
        raise VisitIsPast(field="day")
    if visitor_id not in dict(visit_reads.visitors(actor, bed, purpose, at=at)):
        raise NotOfTheProvider(field="visitor")
    times.keep([visitor_id])
    resource = hours_of(visitor_id, at=at)
    span = Span(begins_at, begins_at + visit_reads.length_of(purpose))
    elsewhere = dispatch.taken([visitor_id], span).get(visitor_id)
    if elsewhere:
        raise WithSomebodyElse(
            field="begins", times="; ".join(visit_reads.when(one) for one in elsewhere)
        )
    holder = visit_reads.holder_of(bed)
    standing = visit_reads.ahead(bed, purpose, at=at)
    if standing is not None:
        booking.move(moves=[Move(standing.id, span, resource)], at=at)
        pk = standing.id
    else:
        before = bookings.bookings_of([holder], kind=purpose.value, is_live=False)
        wish = Wish(
            resource_id=resource,
            span=span,
            holder=holder,
            kind=purpose.value,
            key=f"{holder}/{purpose.value}/{len(before) + 1}",
        )
        pk = booking.book(actor=actor, wish=wish, at=at).pk
    after = timedelta(hours=params()["visits"]["open_after_h"])
    _open_person(bed, purpose, visitor_id, until=span.ends + after, at=at)
    visit = {"visitor": str(visitor_id), "begins_at": begins_at.isoformat()}
    noted(actor, visit_reads.ACTION[purpose], bed, at, **visit)
    telling.tell_own(bed, _TOLD[purpose], at=at, when=begins_at.isoformat())
    return pk


@transaction.atomic
def call_off_visit(*, actor: Actor, bed_id: UUID, purpose: Purpose, at: datetime) -> None:
    """Call off the visit that lies ahead. Raises NothingArranged, NoSuchBed, Denied, BedIsOver."""
    bed = locked(actor, visit_reads.ACTION[purpose], bed_id)
    if not let_go(bed, purpose, at=at):
        raise NothingArranged
    noted(actor, visit_reads.ACTION[purpose], bed, at, visit="called off")
    telling.tell_own(bed, "visit_off", at=at)


def let_go(bed: HomeBed, *purposes: Purpose, at: datetime) -> bool:
    """Release the visits ahead of a locked bed that nobody needs any more; tell if there were."""
    found = [visit_reads.ahead(bed, purpose, at=at) for purpose in purposes]
    for purpose, one in zip(purposes, found, strict=True):
        if one is not None:
            booking.release(booking_id=one.id, at=at)
            access.end_grants(actor=SYSTEM, source=_source(bed, purpose), at=at)
    return any(found)


def _source(bed: HomeBed, purpose: Purpose) -> str:
    """Return on what it rests that a person is open to who comes to her."""
    return f"homecare.HomeBed/{bed.pk}/{purpose.value}"


def _open_person(
    bed: HomeBed, purpose: Purpose, visitor_id: UUID, *, until: datetime, at: datetime
) -> None:
    """Open name, number and address to who comes, and to nobody who was to come before."""
    source = _source(bed, purpose)
    access.end_grants(actor=SYSTEM, source=source, at=at)
    access.grant(
        actor=SYSTEM,
        user=User.objects.get(pk=visitor_id),
        subject_type="people.Person",
        subject_id=bed.person_id,
        purpose="visit",
        field_classes=OPENED,
        source=source,
        at=at,
        until=until,
    )


def hours_of(visitor_id: UUID, *, at: datetime) -> UUID:
    """Return somebody's time as what can be booked: one visit at a time, in office hours."""
    return booking.set_resource(
        kind=visit_reads.VISITOR,
        ref=visit_reads.ref_of(visitor_id),
        openings=[visit_reads.office_hours()],
        at=at,
    )
