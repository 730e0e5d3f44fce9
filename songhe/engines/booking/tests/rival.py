"""What a process does that races others for a place."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from django.db import IntegrityError, connection

from songhe.base.access.actor import SYSTEM
from songhe.engines.booking import services
from songhe.engines.booking.refusals import Taken
from songhe.engines.booking.terms import Span
from songhe.engines.booking.wishes import Wish


def book(resource: str, begins: str, ends: str, name: str, times: int) -> dict[str, Any]:
    """Try to book one seat so many times; return how many were got and how often it was full."""
    got, full = 0, 0
    span = Span(datetime.fromisoformat(begins), datetime.fromisoformat(ends))
    for turn in range(times):
        wish = Wish(
            resource_id=UUID(resource),
            span=span,
            holder=f"test.Guest/{name}",
            kind="meal",
            key=f"{name}/{turn}",
        )
        try:
            services.book(actor=SYSTEM, wish=wish, at=datetime.fromisoformat(begins))
        except Taken as error:
            full += bool(error.bookings)
        else:
            got += 1
    return {"got": got, "full": full}


def put(resource: str, begins: str, ends: str, seats: list[int]) -> dict[str, Any]:
    """Write rows past every service, one for each seat; return the seats that were got."""
    got = []
    for seat in seats:
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO booking_booking (id, key, digest, resource_id, period, seats,"
                    " holder, kind, state, made_at) VALUES (%s, %s, '', %s,"
                    " tstzrange(%s, %s), int4multirange(int4range(%s, %s)), 'x', 'x', 'booked',"
                    " now())",
                    [uuid4(), str(uuid4()), resource, begins, ends, seat, seat + 1],
                )
        except IntegrityError as error:
            if not isinstance(error.__cause__, psycopg.errors.ExclusionViolation):
                raise
        else:
            got.append(seat)
    return {"got": got}
