"""The lines of a settlement that was opened to the actor, with their charges and disputes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Case, When

from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.domains.billing.models import Charge, ChargeShare, SettlementLine
from songhe.domains.billing.selectors import (
    ChargeLine,
    Dispute,
    NoSuchSettlement,
    Settlement,
    charge_lines,
    fields_of,
    looked_at,
    share_of,
    with_shares,
)
from songhe.domains.billing.terms import Share


@dataclass(frozen=True, slots=True)
class SettledLine:
    """A line of a settlement with its charge. dispute: the newest about it, None without.

    back_in: the month of the settlement in which its reversal is, None where there is none yet.
    is_struck: its charge was taken back, and the reversal stands beside it.
    """

    id: UUID
    fen: int
    is_back: bool
    charge: ChargeLine
    share: Share
    dispute: Dispute | None
    back_in: date | None
    is_struck: bool

    @property
    def gross_fen(self) -> int:
        """Return the price, of a reversal taken back like its share: all prices add up."""
        return -self.charge.gross_fen if self.is_back else self.charge.gross_fen


class LinePages:
    """Lines of a settlement that was narrowed already; names as the actor may see them."""

    def __init__(
        self, actor: Actor, row: Settlement, at: datetime, first: Collection[str] = ()
    ) -> None:
        self._actor, self._at, self._row = actor, at, row
        self._rows = SettlementLine.objects.filter(settlement=row).select_related("share")
        ahead = Case(When(share__charge__ref__in=first, then=0), default=1)
        order = ("share__charge__on", "share", "is_back")
        self._rows = self._rows.order_by(*([ahead] if first else []), *order)
        self._disputes = {one.share_id: one for one in row.disputes.order_by("made_at")}

    def __len__(self) -> int:
        with lifted():
            return self._rows.count()

    def __getitem__(self, page: slice) -> list[SettledLine]:
        with lifted():  # the settlement is open to the actor, so its lines are, whosoever they are
            some = list(self._rows[page])
            rows = list(with_shares(Charge.objects.filter(shares__in=[s.share_id for s in some])))
            backs = self._backs(some) if any(row.reversed_at for row in rows) else {}
        lines = charge_lines(self._actor, rows, opens=fields_of(self._actor, self._row))
        charges = {one.id: one for one in lines}
        looked_at(self._actor, (one.person_id for one in lines), self._at)
        return [
            SettledLine(
                id=one.pk,
                fen=one.fen,
                is_back=one.is_back,
                charge=charges[one.share.charge_id],
                share=share_of(one.share),
                dispute=self._disputes.get(one.share_id),
                back_in=backs[one.share_id].month if one.share_id in backs else None,
                is_struck=not one.is_back and backs.get(one.share_id) == self._row,
            )
            for one in some
        ]

    def _backs(self, some: Iterable[SettlementLine]) -> dict[UUID, Settlement]:
        """Return by share the settlement that takes it back."""
        found = SettlementLine.objects.filter(
            is_back=True, share__in=[one.share_id for one in some]
        )
        return {one.share_id: one.settlement for one in found.select_related("settlement")}


def lines_of(
    actor: Actor, row: Settlement, *, at: datetime, first: Collection[str] = ()
) -> LinePages:
    """Return the lines of a settlement by day, read and audited page by page.

    first: refs of charges whose lines stand before all others.
    """
    return LinePages(actor, row, at, first)


def refs_of(row: Settlement) -> set[str]:
    """Return the refs of what an opened settlement is for, but for what was taken back; 1 query."""
    with lifted():
        lines = row.lines.filter(share__charge__reversed_at=None)
        return set(lines.values_list("share__charge__ref", flat=True))


def share_of_line(row: Settlement, line_id: UUID) -> UUID:
    """Return the share that a line of an opened settlement is of. Raises NoSuchSettlement."""
    with lifted():
        found = row.lines.filter(pk=line_id).values_list("share", flat=True).first()
    if found is None:
        raise NoSuchSettlement
    return found


def charges_of_shares(
    actor: Actor, row: Settlement, share_ids: Iterable[UUID], *, at: datetime
) -> dict[UUID, tuple[ChargeLine, int]]:
    """Return by share of an opened settlement its charge and the share (fen); audited.

    Those too that were taken back since. Names as the actor may see them.
    """
    wanted = list(share_ids)
    if not wanted:
        return {}
    with lifted():  # the settlement is open to the actor, so what is disputed of it is
        rows = list(with_shares(Charge.objects.filter(shares__in=wanted).distinct()))
        fens = dict(ChargeShare.objects.filter(pk__in=wanted).values_list("pk", "fen"))
        of = dict(ChargeShare.objects.filter(pk__in=wanted).values_list("pk", "charge"))
    opens = fields_of(actor, row)
    lines = {one.id: one for one in charge_lines(actor, rows, opens=opens)}
    looked_at(actor, (one.person_id for one in lines.values()), at)
    return {pk: (lines[of[pk]], fens[pk]) for pk in wanted if of.get(pk) in lines}
