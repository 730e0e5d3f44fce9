"""Words of bookings, and their half-open times."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db.models import TextChoices


class Calendar(TextChoices):
    """What the nation's holidays do to what repeats."""

    EVERY = "every"  # nothing
    RESTS = "rests"  # it does not come on holidays
    WORKS = "works"  # as an office: not on holidays, but also on the days that make up for them


class State(TextChoices):
    """Where a booking stands. Held and booked take their place, released does not."""

    HELD = "held"
    BOOKED = "booked"
    RELEASED = "released"


LIVE = (State.HELD.value, State.BOOKED.value)


class Span(NamedTuple):
    """A half-open time: the first moment, and the first moment after."""

    begins: datetime
    ends: datetime
