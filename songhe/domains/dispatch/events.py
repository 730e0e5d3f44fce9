"""Facts about orders and visits, for the domains above."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from songhe.base.events.bus import Event


class OrderMade(Event, frozen=True, kw_only=True):
    """Somebody is to come to a person."""

    event_name: ClassVar[str] = "dispatch.OrderMade"
    order_id: UUID
    kind: str
    person_id: UUID


class VisitMoved(Event, frozen=True, kw_only=True):
    """A visit went on: told, on the way, at the door, at work, done, not carried out."""

    event_name: ClassVar[str] = "dispatch.VisitMoved"
    visit_id: UUID
    order_id: UUID
    person_id: UUID
    state: str


class OfferMissed(Event, frozen=True, kw_only=True):
    """Nobody took an order for help within its time; the next was asked, or nobody is left."""

    event_name: ClassVar[str] = "dispatch.OfferMissed"
    order_id: UUID
    is_last: bool


class ProofKept(Event, frozen=True, kw_only=True):
    """A photograph, signature or spoken note of a visit that is over reached us."""

    event_name: ClassVar[str] = "dispatch.ProofKept"
    visit_id: UUID
