"""Facts about consents, guardians and emergencies."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from songhe.base.events.bus import Event


class ConsentGiven(Event, frozen=True, kw_only=True):
    """A person allowed a recipient some classes of her data for a purpose."""

    event_name: ClassVar[str] = "consent.ConsentGiven"
    person_id: UUID
    purpose: str
    recipient_key: str
    data_classes: list[str]


class ConsentWithdrawn(Event, frozen=True, kw_only=True):
    """What a person had allowed a recipient has ended."""

    event_name: ClassVar[str] = "consent.ConsentWithdrawn"
    person_id: UUID
    purpose: str
    recipient_key: str
    data_classes: list[str]


class GuardianAppointed(Event, frozen=True, kw_only=True):
    """Somebody acts for a person from now on."""

    event_name: ClassVar[str] = "consent.GuardianAppointed"
    person_id: UUID
    guardianship_id: UUID


class GuardianEnded(Event, frozen=True, kw_only=True):
    """A guardian acts for a person no more."""

    event_name: ClassVar[str] = "consent.GuardianEnded"
    person_id: UUID
    guardianship_id: UUID


class EmergencyOpened(Event, frozen=True, kw_only=True):
    """Somebody broke the glass: the data protection officer is told at once."""

    event_name: ClassVar[str] = "consent.EmergencyOpened"
    emergency_id: UUID
    person_id: UUID
    region_code: str


class EmergencyReviewed(Event, frozen=True, kw_only=True):
    """The officer judged an emergency."""

    event_name: ClassVar[str] = "consent.EmergencyReviewed"
    emergency_id: UUID
    person_id: UUID
    verdict: str


class EmergencyNotReviewed(Event, frozen=True, kw_only=True):
    """An emergency waits for its review longer than it may."""

    event_name: ClassVar[str] = "consent.EmergencyNotReviewed"
    emergency_id: UUID
    region_code: str
