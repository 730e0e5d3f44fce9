"""Programmes: what ships is loaded once, from then on they are the operator's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

import yaml
from django.db import transaction

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.database import locks
from songhe.base.regions.days import day_of
from songhe.domains.catalog.terms import ItemKind
from songhe.domains.subsidies.models import Programme
from songhe.domains.subsidies.terms import FUNDED, KEEP_PROGRAMMES
from songhe.kernel.errors import Conflict, Denied, Invalid


class BadProgramme(Invalid):
    code = "subsidies.bad_programme"
    message = "A programme pays a share or a fixed amount, has a limit a month and names its kinds."


class PastDay(Invalid):
    code = "subsidies.past_day"
    message = "Nothing is changed in the past: choose today or a later day."


class CodeTaken(Conflict):
    code = "subsidies.code_taken"
    message = (
        "There is a programme with this code already. Change that one, or choose another code."
    )


class LaterRule(Conflict):
    code = "subsidies.later_rule"
    message = "Another rule of this programme begins on %(day)s already. Choose a later day."


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a programme is to pay, before it is in force; fields as of models.Programme."""

    code: str
    payer: str
    name_zh: str
    name_en: str
    item_kinds: tuple[str, ...]
    rank: int
    source: str
    status: str
    share_pct: int | None = None
    fixed_fen: int | None = None
    cap_fen: int | None = None
    cap_visits: int | None = None
    least_age: int | None = None
    least_level: int | None = None


@cache
def facts() -> dict[str, Any]:
    """Return what ships: the programmes and how long money stays set aside."""
    text = (files("songhe.domains.subsidies") / "data/programmes.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@cache
def shipped() -> tuple[Draft, ...]:
    """Return the programmes that ship, in the order in which they pay."""
    return tuple(
        Draft(rank=rank, item_kinds=tuple(row.pop("kinds")), name_zh=row.pop("zh"),
              name_en=row.pop("en"), **row)
        for rank, row in enumerate((dict(one) for one in facts()["programmes"]), start=1)
    )  # fmt: skip


@transaction.atomic
def define_programme(
    *,
    actor: Actor,
    draft: Draft,
    funder_id: UUID,
    region_prefix: str,
    from_on: date,
    at: datetime,
    until: date | None = None,
    is_new: bool = False,
) -> None:
    """Let a programme pay like this from a day on; what it paid before ends that day.

    is_new: no programme may have the code yet. People begin today at the earliest; the system loads
    what was. Raises BadProgramme, PastDay, CodeTaken, LaterRule, Denied.
    """
    if not actor.is_system:
        _may(actor, draft.code, region_prefix)
        if from_on < day_of(at):
            raise PastDay(field="from_on")
    _check(draft)
    if until is not None and until <= from_on:
        raise BadProgramme(field="until")
    locks.hold(f"programme {draft.code}")
    known = Programme.objects.filter(code=draft.code)
    if is_new and known.exists():
        raise CodeTaken(field="code")
    later = known.filter(period__startswith__gte=from_on).order_by("period").first()
    if later is not None:
        raise LaterRule(field="from_on", day=later.period.lower.isoformat())
    for row in known.select_for_update().filter(period__contains=from_on):
        row.period = (row.period.lower, from_on)
        row.save(update_fields=["period"])
    period: Any = (from_on, until)
    values = asdict(draft) | {"item_kinds": list(draft.item_kinds)}
    Programme.objects.create(
        funder_id=funder_id,
        region_prefix=region_prefix,
        period=period,
        made_at=at,
        made_by=actor.user_id,
        **values,
    )
    audit.record_change(
        actor=actor,
        action=KEEP_PROGRAMMES,
        ref=f"subsidies.Programme/{draft.code}",
        at=at,
        detail={"from": from_on.isoformat()},
    )


def _may(actor: Actor, code: str, region: str) -> None:
    """Refuse who keeps no programmes in the region of the rule, or of those before it."""
    known = Programme.objects.filter(code=code).values_list("region_prefix", flat=True)
    if not all(actor.covers(KEEP_PROGRAMMES, one) for one in {region, *known}):
        raise Denied(action=KEEP_PROGRAMMES)


def _check(draft: Draft) -> None:
    if draft.payer not in FUNDED or (draft.share_pct is None) == (draft.fixed_fen is None):
        raise BadProgramme
    if draft.cap_fen is None and draft.cap_visits is None:
        raise BadProgramme(field="cap_fen")
    if not draft.item_kinds or set(draft.item_kinds) - set(ItemKind.values):
        raise BadProgramme(field="item_kinds")


@transaction.atomic
def load_programmes(
    *, actor: Actor, region_prefix: str, funders: Mapping[str, UUID], from_on: date, at: datetime
) -> int:
    """Put into force in a region what ships, each paid by the funder of its kind of payer.

    A programme whose code is there already is left as it is. Returns how many were new.
    """
    known = set(Programme.objects.values_list("code", flat=True))
    new = [one for one in shipped() if one.code not in known and one.payer in funders]
    for draft in new:
        define_programme(
            actor=actor,
            draft=draft,
            funder_id=funders[draft.payer],
            region_prefix=region_prefix,
            from_on=from_on,
            at=at,
        )
    return len(new)
