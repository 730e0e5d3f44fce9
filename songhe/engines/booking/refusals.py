"""Why something cannot be booked."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from songhe.kernel.errors import Conflict, Invalid, NotFound


class Taken(Conflict):
    """bookings: those in the way, the earliest first. Who may be named is for the domain to say."""

    code = "booking.taken"
    message = "This time is taken already."

    def __init__(self, bookings: Iterable[UUID] = (), **params: object) -> None:
        super().__init__(**params)
        self.bookings = tuple(bookings)


class Closed(Invalid):
    code = "booking.closed"
    message = "It is not open at this time."


class BadUnits(Invalid):
    code = "booking.bad_units"
    message = "There are not so many places."


class KeyTaken(Conflict):
    """The key belongs to a booking that asked for something else."""

    code = "booking.key_taken"
    message = "This was booked before, but otherwise."


class Released(Conflict):
    code = "booking.released"
    message = "This booking does not hold any more."


class NoSuchBooking(NotFound):
    code = "booking.no_such_booking"
    message = "There is no such booking."


class NoSuchResource(NotFound):
    code = "booking.no_such_resource"
    message = "This cannot be booked."
