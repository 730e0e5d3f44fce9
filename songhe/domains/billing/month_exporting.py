"""The charges of a month with every payer's share, as a table that adds up, for the books."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.base.regions.days import day_of
from songhe.domains.billing import selectors, words
from songhe.domains.billing.exporting import yuan
from songhe.domains.billing.proofs import Proof
from songhe.domains.billing.rows import Proofs
from songhe.domains.billing.selectors import ChargeLine
from songhe.domains.billing.terms import EXPORT_CHARGES, NOTE, Payer
from songhe.domains.organizations import selectors as organizations
from songhe.engines.exchange import writing
from songhe.engines.exchange.terms import Format
from songhe.kit import formats

_AT_ONCE = 500
# Who pays: the payer and her programme, "" of an own share.
Column = tuple[str, str]
Cells = list[str | Decimal | date]


@dataclass(frozen=True, slots=True)
class _Month:
    """What of a month is written; names: of providers, items and programmes."""

    lines: list[ChargeLine]
    proofs: dict[str, Proof]
    columns: list[Column]
    providers: dict[object, str]
    items: dict[str, str]
    address: Callable[[ChargeLine], str]


def export_charges(
    actor: Actor,
    month: date,
    *,
    reason: str,
    kind: Format,
    proofs: Proofs,
    address: Callable[[ChargeLine], str],
    at: datetime,
) -> bytes:
    """Return what was charged of the services of a month, that the actor keeps the money of.

    A line for each charge, oldest first, and one more for each that was taken back, with negative
    amounts: every column adds up to the last line, and the shares of a line to its price. month:
    its first day. proofs: who came and when, as far as the record is open. address: of a charge.
    """
    audit.record_change(
        actor=actor,
        action=EXPORT_CHARGES,
        ref=f"accounts.User/{actor.user_id}",
        at=at,
        detail={"month": f"{month:%Y-%m}", "reason": reason, "format": str(kind)},
    )
    pages = selectors.list_charges(actor, action=NOTE, open_only=False, at=at, month=month)
    lines: list[ChargeLine] = []
    found: dict[str, Proof] = {}
    for begin in range(0, len(pages), _AT_ONCE):
        some = pages[begin : begin + _AT_ONCE]
        lines += some
        found |= proofs({one.ref for one in some})
    lines.reverse()
    held = organizations.organizations_by_id({one.organization_id for one in lines})
    columns = {(share.payer, share.programme) for one in lines for share in one.shares}
    what = _Month(
        lines=lines,
        proofs=found,
        columns=sorted(columns, key=lambda one: (one[0] == Payer.PERSON, one)),
        providers={pk: organizations.name_of(row) for pk, row in held.items()},
        items=words.item_names((one.item_code, one.on) for one in lines),
        address=address,
    )
    return writing.write(_heads(what), _cells(what), kind=kind, title=_("Charges"))


def _heads(month: _Month) -> list[str]:
    named = words.programme_names(code for _payer, code in month.columns if code)
    payers = [
        _("%(programme)s (%(payer)s)") % {"programme": named[code], "payer": Payer(payer).label}
        if code
        else _("Own share (yuan)")
        for payer, code in month.columns
    ]
    return [
        _("Provider"), _("Day"), _("Person"), _("Service"), _("Version"), _("Worker"),
        _("At the door"), _("Left again"), _("Price (yuan)"), *payers, _("Own share"),
        _("Receipt"), _("Note"), _("Page of the charge"), _("Reference"),
    ]  # fmt: skip


def _cells(month: _Month) -> Iterator[Cells]:
    sums = [0] * (1 + len(month.columns))
    for line in month.lines:
        back = ""
        if line.reversed_at is not None:
            said = {
                "day": formats.short_date(day_of(line.reversed_at)),
                "why": line.reversed_reason,
            }
            back = _("taken back on %(day)s: %(why)s") % said
        for sign in (1, -1) if back else (1,):
            amounts = [sign * one for one in _amounts(line, month.columns)]
            sums = [sum(both) for both in zip(sums, amounts, strict=True)]
            yield _line(month, line, amounts, back)
    yield ["", "", "", _("Total"), "", "", "", "", *(yuan(one) for one in sums), "", "", "", "", ""]


def _amounts(line: ChargeLine, columns: list[Column]) -> list[int]:
    """Return the price and the share of each payer (fen)."""
    shares = {column: 0 for column in columns}
    for one in line.shares:
        shares[one.payer, one.programme] += one.fen
    return [line.gross_fen, *shares.values()]


def _line(month: _Month, line: ChargeLine, amounts: list[int], back: str) -> Cells:
    proof = month.proofs.get(line.ref)
    times = [proof.came, proof.went] if proof else [None, None]
    return [
        month.providers.get(line.organization_id, ""),
        line.on,
        line.person,
        month.items[line.item_code],
        str(line.item_number),
        proof.worker if proof else "",
        *(formats.moment(one) if one else "" for one in times),
        *(yuan(one) for one in amounts),
        words.own_words(line.own),
        line.receipt,
        back,
        month.address(line),
        line.ref,
    ]
