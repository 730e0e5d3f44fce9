"""Builders for tests and the demo county: an item that is offered, with its guide price."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from songhe.base.access.actor import SYSTEM
from songhe.base.regions.days import day_of
from songhe.domains.catalog import services
from songhe.domains.catalog.terms import Check, Draft, Limit, Step


def make_draft(**changes: Any) -> Draft:
    """Return a bath in three steps; changes replace its parts."""
    given: dict[str, Any] = {
        "name_zh": "助浴",
        "name_en": "Bath",
        "duration_minutes": 60,
        "requires": ("bathing",),
        "steps": (
            Step("greet", "问好", "Greet", required=True),
            Step(
                "pressure",
                "量血压",
                "Blood pressure",
                "measure",
                "blood-pressure",
                True,
                stop_zh="停下，报告值班台",
                stop_en="Stop, tell the desk",
                limits=(Limit("8480-6", ge=180, source="S11, S12", status="V2"),),
            ),
            Step("bath", "洗", "Bath", "timer", most_minutes=20),
        ),
        "checks": (Check("kind", "和气", "Kind", "rating"),),
    }
    return Draft(**(given | changes))


def make_item(
    *,
    at: datetime,
    code: str = "test-bath",
    kind: str = "bath",
    region_prefix: str = "990121",
    amount_fen: int | None = 5000,
    draft: Draft | None = None,
) -> str:
    """Return the code of an item that is offered from that day on, with a guide price or none."""
    services.define_item(
        actor=SYSTEM,
        code=code,
        kind=kind,
        region_prefix=region_prefix,
        draft=draft or make_draft(),
        from_on=day_of(at),
        at=at,
    )
    if amount_fen is not None:
        services.set_price(
            actor=SYSTEM,
            code=code,
            organization_id=None,
            region_prefix=region_prefix,
            amount_fen=amount_fen,
            per="visit",
            from_on=day_of(at),
            at=at,
        )
    return code
