"""Which announcements of the event stream a person may hear."""

from __future__ import annotations

from uuid import UUID

from songhe.base.access.actor import Actor
from songhe.domains.monitoring.selectors import LIST
from songhe.domains.people import selectors as people
from songhe.domains.telemetry.terms import VIEW_READINGS
from songhe.portals.home.openings import PERSON_TYPE, VIEW_PLATFORM

TICKET_S = 60


def watched(actor: Actor, asked: str) -> list[str]:
    """Return the topic of the person whose page asks, where her readings are open to the actor."""
    if not actor.may(VIEW_READINGS):
        return []
    try:
        person_id = UUID(asked)
    except ValueError:
        return []
    return [f"watch:{person_id}"] if people.is_open(actor, person_id) else []


def topics_of(actor: Actor) -> list[str]:
    """Return the allowed topics: own regions and organisations, granted persons, oneself.

    Regions and organisations only where a role lists alarms there.
    """
    found = [f"region:{prefix}" for prefix in actor.prefixes(LIST)]
    found += [f"org:{organization}" for organization in actor.organizations(LIST)]
    granted: dict[UUID, frozenset[str]] = actor.granted(PERSON_TYPE)
    found += [f"person:{person}" for person in granted]
    found += ["platform"] if actor.may(VIEW_PLATFORM) else []
    return sorted({*found, f"user:{actor.user_id}"})
