"""Rows of billing's lists and pages, made of one page of what selectors return."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from songhe.domains.billing import words
from songhe.domains.billing.line_reads import LinePages, SettledLine
from songhe.domains.billing.models import Dispute
from songhe.domains.billing.proofs import Proof
from songhe.domains.billing.selectors import ChargeLine, ChargePages
from songhe.domains.billing.terms import DisputeReason, DisputeState
from songhe.domains.subsidies.panels import ShareRow, share_rows

Proofs = Callable[[Collection[str]], Mapping[str, Proof]]


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """A charge with the name of its item, and what its record is worth where that is open."""

    line: ChargeLine
    item: str
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of a settlement in words. url: of its charge, or of
    the line itself for who checks it; dispute_url: where it is disputed.

    is_struck: its reversal stands beside it.
    """

    line: SettledLine
    item: str
    note: str
    dispute: str
    url: str
    dispute_url: str
    proof: Proof | None

    @property
    def doubt(self) -> str:
        """Return that the record is doubtful, for who does not see its column; "" where not."""
        doubted = self.proof is not None and self.proof.is_doubtful
        return pgettext("a record", "doubtful") if doubted else ""


class ChargeRows:
    """Charges with names, page by page."""

    def __init__(self, pages: ChargePages, proofs: Proofs) -> None:
        self._pages, self._proofs = pages, proofs

    def __len__(self) -> int:
        return len(self._pages)

    def __getitem__(self, page: slice) -> list[ChargeRow]:
        lines = self._pages[page]
        return charge_rows(lines, self._proofs({one.ref for one in lines}))


def charge_rows(
    lines: list[ChargeLine], proofs: Mapping[str, Proof] | None = None
) -> list[ChargeRow]:
    """Return charges with the names of their items."""
    names = words.item_names((one.item_code, one.on) for one in lines)
    return [ChargeRow(one, names[one.item_code], (proofs or {}).get(one.ref)) for one in lines]


class LineRows:
    """Lines of a settlement with names, page by page. may_dispute: offers to dispute each."""

    def __init__(
        self,
        pages: LinePages,
        proofs: Proofs,
        *,
        may_dispute: bool,
        may_look: bool,
        may_check: bool,
        pk: Any,
    ) -> None:
        self._pages, self._proofs, self._pk = pages, proofs, pk
        self._may, self._look, self._check = may_dispute, may_look, may_check

    def __len__(self) -> int:
        return len(self._pages)

    def __getitem__(self, page: slice) -> list[LineRow]:
        some = self._pages[page]
        names = words.item_names((one.charge.item_code, one.charge.on) for one in some)
        proofs = self._proofs({one.charge.ref for one in some})
        return [
            self._row(one, names[one.charge.item_code], proofs.get(one.charge.ref)) for one in some
        ]

    def _row(self, one: SettledLine, item: str, proof: Proof | None) -> LineRow:
        is_open = one.dispute is not None and one.dispute.state == DisputeState.OPEN
        may = self._may and not is_open and not one.charge.reversed_at
        said = str(DisputeState(one.dispute.state).label) if one.dispute else ""
        return LineRow(
            line=one,
            item=item,
            note=words.back_words(one),
            dispute=(said + " · " if said else "") + _("Dispute this line") if may else said or "–",
            url=self._url(one),
            dispute_url=reverse("billing:dispute", args=[self._pk, one.id]) if may else "",
            proof=proof,
        )

    def _url(self, one: SettledLine) -> str:
        if self._check:
            return reverse("billing:line", args=[self._pk, one.id])
        return reverse("billing:charge", args=[one.charge.id]) if self._look else ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question is about: a charge with the share that was settled, and who objects to it."""

    line: ChargeLine
    item: str
    fen: int
    dispute: Dispute | None = None

    @property
    def reason(self) -> str:
        """Return what the objection is, in words; "" without one."""
        return str(DisputeReason(self.dispute.reason).label) if self.dispute else ""


def asked_of(found: Mapping[UUID, tuple[ChargeLine, int]]) -> dict[UUID, Asked]:
    """Return charges by share with the names of their items."""
    names = words.item_names((line.item_code, line.on) for line, _fen in found.values())
    return {pk: Asked(line, names[line.item_code], fen) for pk, (line, fen) in found.items()}


@dataclass(frozen=True, slots=True)
class BillRow:
    """A charge on a person's page: who pays what and why."""

    row: ChargeRow
    shares: list[ShareRow]
    own: str
    provider: str


def bill_rows(lines: list[ChargeLine], providers: dict[Any, str]) -> list[BillRow]:
    """Return charges with their shares in words."""
    return [
        BillRow(
            row=one,
            shares=share_rows(one.line.shares),
            own=words.own_words(one.line.own),
            provider=providers.get(one.line.organization_id, ""),
        )
        for one in charge_rows(lines)
    ]
