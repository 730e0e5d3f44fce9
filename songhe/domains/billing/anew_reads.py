"""Charges of which persons paid more themselves than they need to, since a limit has room again.

A limit of a month was used up when they were charged; then another charge of that month was taken
back, and what it had used is free. Nothing is changed by itself: who reverses charges is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from songhe.base.access import policies
from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.domains.billing.days import month_after
from songhe.domains.billing.models import Charge
from songhe.domains.billing.selectors import (
    ChargeLine,
    charge_lines,
    looked_at,
    share_of,
    with_shares,
)
from songhe.domains.billing.terms import REVERSE, Payer
from songhe.domains.catalog import selectors as catalog
from songhe.domains.subsidies import services as subsidies
from songhe.domains.subsidies.services import Given, Quote


@dataclass(frozen=True, slots=True)
class Better:
    """A charge that stands, and who would pay what were it charged anew."""

    line: ChargeLine
    said: Quote

    @property
    def less_fen(self) -> int:
        """Return how much less the person herself would pay."""
        return self.line.own_fen - self.said.own_fen


def cheaper(actor: Actor, month: date, *, at: datetime) -> list[Better]:
    """Return a month's charges that the actor may reverse and that could be charged anew for less.

    By person and day; each counts what the ones before would use. Of persons of whom something of
    that month was taken back. 1 query where that is nobody. The look is audited.
    """
    found = _quotes(actor, month, at)
    lines = charge_lines(actor, [row for row, _said in found])
    looked_at(actor, (one.person_id for one in lines), at)
    return [Better(line, said) for line, (_row, said) in zip(lines, found, strict=True)]


def count_cheaper(actor: Actor, month: date, *, at: datetime) -> int:
    """Return how many charges `cheaper` would return, for a notice; names nobody."""
    return len(_quotes(actor, month, at))


def _quotes(actor: Actor, month: date, at: datetime) -> list[tuple[Charge, Quote]]:
    in_month = Charge.objects.filter(on__gte=month, on__lt=month_after(month))
    with lifted():  # a limit is the person's, whoever's charge was taken back
        mine = policies.scope(actor, in_month, REVERSE)
        freed = in_month.filter(reversed_at__isnull=False, shares__programme__gt="")
        some = mine.filter(
            reversed_at=None,
            person__in=freed.values("person"),
            shares__payer=Payer.PERSON,
            shares__fen__gt=0,
        )
        rows = list(with_shares(some.order_by("person", "on", "id")))
        return _gains(rows, at)


def _gains(rows: Iterable[Charge], at: datetime) -> list[tuple[Charge, Quote]]:
    by_person: dict[object, list[Charge]] = {}
    for row in rows:
        by_person.setdefault(row.person_id, []).append(row)
    found = []
    for some in by_person.values():
        said = subsidies.quote_anew(
            person_id=some[0].person_id, given=[given_of(row) for row in some], at=at
        )
        found += [(row, one) for row, one in zip(some, said, strict=True) if one is not None]
    return found


def given_of(row: Charge) -> Given:
    """Return a charge as subsidies asks for it; an item that the catalogue lacks is of no kind."""
    try:
        kind = catalog.version_at(row.item_code, row.on).kind
    except catalog.NotInCatalog:
        kind = ""
    shares = tuple(share_of(one) for one in row.shares.all())
    return Given(kind, row.gross_fen, row.on, shares)
