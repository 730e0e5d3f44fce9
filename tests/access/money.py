"""Money of town a: an entitlement, a charge that is paid, a settlement with a disputed line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from songhe.base.access.actor import SYSTEM
from songhe.base.regions.days import day_of
from songhe.domains.billing import services as billing
from songhe.domains.billing.days import month_before, month_of
from songhe.domains.billing.models import Settlement
from songhe.domains.billing.terms import DisputeReason
from songhe.domains.billing.testing import make_charge
from songhe.domains.subsidies import services as subsidies
from songhe.domains.subsidies.services import Draft


@dataclass(frozen=True, slots=True)
class Money:
    """Ids for the routes."""

    entitlement: UUID
    charge: UUID
    receipt: UUID
    settlement: UUID
    line: UUID
    dispute: UUID


def make_money(*, person_id: UUID, organization_id: UUID, region: str, now: datetime) -> Money:
    """Make it, of last month."""
    month = month_before(month_of(day_of(now)))
    draft = Draft(
        code="half",
        payer="subsidy",
        name_zh="居家服务补贴",
        name_en="Home service subsidy",
        item_kinds=("bath",),
        rank=1,
        source="test",
        status="E",
        share_pct=50,
        cap_fen=20_000,
    )
    subsidies.define_programme(
        actor=SYSTEM,
        draft=draft,
        funder_id=organization_id,
        region_prefix=region,
        from_on=month,
        at=now,
    )
    entitlement = subsidies.give_entitlement(
        actor=SYSTEM, person_id=person_id, programme="half", since=month, at=now
    )
    charge = make_charge(
        ref="test.Visit/1",
        person_id=person_id,
        organization_id=organization_id,
        at=now,
        on=month + timedelta(days=3),
    )
    receipt = billing.note_cash(actor=SYSTEM, charge_ids=[charge], at=now)
    billing.draft_settlements(at=now)
    row = Settlement.objects.get()
    billing.submit_settlement(actor=SYSTEM, settlement_id=row.pk, at=now)
    line = row.lines.get().pk
    dispute = billing.dispute_line(
        actor=SYSTEM, settlement_id=row.pk, line_id=line, reason=DisputeReason.PRICE, at=now
    )
    return Money(entitlement, charge, receipt, row.pk, line, dispute)
