"""Builders for tests and the demo county: a service that is charged at its quote."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from songhe.base.access.actor import SYSTEM
from songhe.base.regions.days import day_of
from songhe.domains.billing import services
from songhe.domains.billing.models import Charge
from songhe.domains.subsidies import services as subsidies


def make_charge(
    *,
    ref: str,
    person_id: UUID,
    organization_id: UUID,
    at: datetime,
    item_code: str = "bath-home",
    item_kind: str = "bath",
    gross_fen: int = 10_000,
    on: date | None = None,
) -> UUID:
    """Return the charge of a service that was ordered and given on a day."""
    day = on or day_of(at)
    said = subsidies.hold(
        actor=SYSTEM,
        ref=ref,
        person_id=person_id,
        item_kind=item_kind,
        gross_fen=gross_fen,
        on=day,
        at=at,
    )
    return services.charge(
        actor=SYSTEM,
        ref=ref,
        person_id=person_id,
        organization_id=organization_id,
        item_code=item_code,
        item_number=1,
        gross_fen=gross_fen,
        shares=said.stored(),
        on=day,
        at=at,
    )


def charged() -> set[str]:
    """Return what was ever charged, also what was taken back since: the refs; 1 query."""
    return set(Charge.objects.values_list("ref", flat=True))
