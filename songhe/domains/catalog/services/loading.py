"""The catalogue that ships: loaded once, and from then on the operator's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from django.db import transaction

from songhe.base.access.actor import Actor
from songhe.base.regions.days import day_of
from songhe.domains.catalog.models import Item
from songhe.domains.catalog.services.items import define_item
from songhe.domains.catalog.services.prices import set_price
from songhe.domains.catalog.terms import Check, Draft, Step


@dataclass(frozen=True, slots=True)
class Shipped:
    """An item as it ships. guide_fen: an example (status E) that the operator sets before use."""

    code: str
    kind: str
    draft: Draft
    per: str
    guide_fen: int


@cache
def shipped() -> tuple[Shipped, ...]:
    """Return the items that ship, in their order."""
    raw: dict[str, Any] = yaml.safe_load(
        (files("songhe.domains.catalog") / "data/items.yaml").read_text("utf-8")
    )
    return tuple(
        Shipped(
            code=row["code"],
            kind=row["kind"],
            draft=Draft(
                name_zh=row["zh"],
                name_en=row["en"],
                text_zh=row["text_zh"],
                text_en=row["text_en"],
                duration_minutes=row["minutes"],
                workers_needed=row.get("workers", 1),
                requires=tuple(row.get("requires", ())),
                steps=tuple(Step.of(one) for one in row["steps"]),
                checks=tuple(Check.of(one) for one in row["checks"]),
            ),
            per=row["per"],
            guide_fen=row["guide_fen"],
        )
        for row in raw["items"]
    )


@transaction.atomic
def load_items(*, actor: Actor, region_prefix: str, at: datetime) -> int:
    """Offer what ships in a region, as version 1 with its guide price; return how many were new.

    An item whose code is there already is left as the operator has it.
    """
    known, from_on, count = set(Item.objects.values_list("code", flat=True)), day_of(at), 0
    for one in shipped():
        if one.code in known:
            continue
        define_item(
            actor=actor,
            code=one.code,
            kind=one.kind,
            region_prefix=region_prefix,
            draft=one.draft,
            from_on=from_on,
            at=at,
        )
        set_price(
            actor=actor,
            code=one.code,
            organization_id=None,
            region_prefix=region_prefix,
            amount_fen=one.guide_fen,
            per=one.per,
            from_on=from_on,
            at=at,
        )
        count += 1
    return count
