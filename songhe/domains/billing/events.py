"""Facts about money, for the domains above."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from songhe.base.events.bus import Event


class ChargeMade(Event, frozen=True, kw_only=True):
    """A service was charged. own_fen: what the person herself owes of it."""

    event_name: ClassVar[str] = "billing.ChargeMade"
    charge_id: UUID
    ref: str
    person_id: UUID
    organization_id: UUID
    gross_fen: int
    own_fen: int


class ChargeReversed(Event, frozen=True, kw_only=True):
    """A charge was taken back, with a reason."""

    event_name: ClassVar[str] = "billing.ChargeReversed"
    charge_id: UUID
    ref: str
    person_id: UUID


class SettlementConfirmed(Event, frozen=True, kw_only=True):
    """A payer agreed to what it owes a provider for a month."""

    event_name: ClassVar[str] = "billing.SettlementConfirmed"
    settlement_id: UUID
    organization_id: UUID
    programme: str
    month: str
    total_fen: int
