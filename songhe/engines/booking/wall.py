"""Row-level security of bookings: nobody, but by the ways that the domains above add.

A domain that books says who may see its bookings (`protect("booking_booking", …, way=…)`). Placing
one looks at every other without showing any.
"""

from __future__ import annotations

from songhe.base.access.wall import protect, through

protect("booking_booking", "false")
protect("booking_waiting", "false")
protect(
    "booking_resource",
    "EXISTS (SELECT FROM booking_booking b WHERE b.resource_id = booking_resource.id)",
)
protect("booking_opening", through("booking_resource", "booking_opening.resource_id"))
