"""Facts about bookings, for the domains that use them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from songhe.base.events.bus import Event


class PlaceOffered(Event, frozen=True, kw_only=True):
    """Who waited first in line has a place held until a moment: confirm it or let it go."""

    event_name: ClassVar[str] = "booking.PlaceOffered"
    waiting_id: UUID
    booking_id: UUID
    holder: str
    kind: str
    until: datetime
