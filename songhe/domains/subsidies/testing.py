"""Builders for tests and the demo county: a programme and who is entitled to it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from songhe.base.access.actor import SYSTEM
from songhe.base.regions.days import day_of
from songhe.domains.subsidies import services
from songhe.domains.subsidies.services import Draft


def make_programme(
    *, funder_id: UUID, at: datetime, from_on: date | None = None, **changes: Any
) -> str:
    """Return the code of a subsidy of half the price, at most 200 yuan a month; changes win."""
    given: dict[str, Any] = {
        "code": "test-half",
        "payer": "subsidy",
        "name_zh": "居家服务补贴",
        "name_en": "Home service subsidy",
        "item_kinds": ("bath", "cleaning"),
        "rank": 5,
        "source": "test",
        "status": "E",
    } | changes
    if "fixed_fen" not in given:
        given.setdefault("share_pct", 50)
    if "cap_visits" not in given:
        given.setdefault("cap_fen", 20000)
    draft = Draft(**given)
    services.define_programme(
        actor=SYSTEM,
        draft=draft,
        funder_id=funder_id,
        region_prefix="990121",
        from_on=from_on or day_of(at),
        at=at,
    )
    return draft.code


def entitle(
    *, person_id: UUID, programme: str, at: datetime, since: date | None = None, **more: Any
) -> UUID:
    """Return the entitlement of a person to a programme, begun that day."""
    return services.give_entitlement(
        actor=SYSTEM,
        person_id=person_id,
        programme=programme,
        since=since or day_of(at),
        at=at,
        **more,
    )
