"""A settlement for the finance office, as a table; who took it along and why is audited."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from songhe.base.access.actor import Actor
from songhe.base.audit import services as audit
from songhe.domains.billing import line_reads, selectors, words
from songhe.domains.billing.selectors import Settlement
from songhe.domains.billing.terms import EXPORT, Payer
from songhe.domains.organizations import selectors as organizations
from songhe.engines.exchange import writing
from songhe.engines.exchange.terms import Format


def yuan(fen: int) -> Decimal:
    """Return an amount in yuan with two decimals, exactly: 12.50."""
    return Decimal(fen).scaleb(-2)


def export_settlement(
    actor: Actor, settlement_id: UUID, *, reason: str, kind: Format, at: datetime
) -> bytes:
    """Return a settlement with its lines and their sum as a file. Raises NoSuchSettlement."""
    row = selectors.get_settlement(actor, settlement_id, action=EXPORT)
    audit.record_change(
        actor=actor,
        action=EXPORT,
        ref=f"billing.Settlement/{row.pk}",
        at=at,
        detail={"reason": reason, "format": str(kind)},
    )
    heads = [
        _("Provider"),
        _("Month"),
        _("Payer"),
        _("Day"),
        _("Person"),
        _("Service"),
        _("Version"),
        _("Price (yuan)"),
        _("Share (yuan)"),
        _("Note"),
        _("Reference"),
    ]
    return writing.write(heads, _cells(actor, row, at), kind=kind, title=_("Settlement"))


def _cells(actor: Actor, row: Settlement, at: datetime) -> Iterator[list[str | Decimal | date]]:
    first = [
        organizations.name_of(row.organization),
        f"{row.month:%Y-%m}",
        _("%(programme)s (%(payer)s)")
        % {
            "programme": words.programme_names([row.programme])[row.programme],
            "payer": Payer(row.payer).label,
        },
    ]
    pages, gross = line_reads.lines_of(actor, row, at=at), 0
    for begin in range(0, len(pages), 500):
        some = pages[begin : begin + 500]
        names = words.item_names((one.charge.item_code, one.charge.on) for one in some)
        for one in some:
            gross += one.gross_fen
            yield [
                *first,
                one.charge.on,
                one.charge.person,
                names[one.charge.item_code],
                str(one.charge.item_number),
                yuan(one.gross_fen),
                yuan(one.fen),
                words.back_words(one),
                one.charge.ref,
            ]
    yield [*first, "", "", _("Total"), "", yuan(gross), yuan(row.total_fen), "", ""]
