"""Somebody's own time: what is booked of it by whomever, and that nobody else gives it meanwhile.

A person's time is also given in ways that are not bookings (the visits of a week's plan). Whoever
gives it takes `keep` first, looks at every such way, and writes in the same transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection

from songhe.base.access.wall import lifted
from songhe.engines.booking import hall
from songhe.engines.booking.models import Booking
from songhe.engines.booking.terms import LIVE, Span, State

_PREFIX = "accounts.User/"
# One after another in the order of their keys, so that two never wait for each other.
_KEEP = """
SELECT pg_advisory_xact_lock(one.key) FROM (
  SELECT DISTINCT hashtext('booking ' || ref) AS key FROM unnest(%s::text[]) ref ORDER BY key
) one
"""


def ref_of(user_id: UUID) -> str:
    """Return how a resource that is somebody's time names her."""
    return f"{_PREFIX}{user_id}"


def keep(user_ids: Iterable[UUID]) -> None:
    """Let nobody else who asks give the time of these away until the transaction ends; 1 query."""
    refs = [ref_of(one) for one in user_ids]
    if refs:
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [refs])


def taken(user_ids: Iterable[UUID], between: Span, *, at: datetime) -> dict[UUID, list[Span]]:
    """Return what is booked or held of somebody's time, the earliest first; 1 query.

    Of every kind of resource that is her time. It says nothing of what for or by whom.
    """
    found: dict[UUID, list[Span]] = defaultdict(list)
    refs = [ref_of(one) for one in user_ids]
    with lifted():
        rows = Booking.objects.filter(
            resource__ref__in=refs, state__in=LIVE, period__overlap=tuple(between)
        ).exclude(state=State.HELD, until__lte=at)
        for row in rows.select_related("resource").order_by("period", "id"):
            found[UUID(row.resource.ref.removeprefix(_PREFIX))].append(hall.span_of(row))
    return dict(found)
