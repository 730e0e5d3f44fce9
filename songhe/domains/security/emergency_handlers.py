"""Reactions to broken glass: the data protection officers of the region hear at once."""

from __future__ import annotations

from django.utils import timezone

from songhe.base.consent.events import EmergencyNotReviewed, EmergencyOpened
from songhe.base.events.bus import handles
from songhe.domains.security import emergency_acts


@handles(EmergencyOpened)
def on_emergency_opened(event: EmergencyOpened) -> None:
    """Tell the officers that somebody broke the glass."""
    emergency_acts.tell_officers(
        emergency_id=event.emergency_id,
        region_code=event.region_code,
        late=False,
        at=timezone.now(),
    )


@handles(EmergencyNotReviewed)
def on_emergency_not_reviewed(event: EmergencyNotReviewed) -> None:
    """Remind the officers of one that waits too long."""
    emergency_acts.tell_officers(
        emergency_id=event.emergency_id,
        region_code=event.region_code,
        late=True,
        at=timezone.now(),
    )
