"""Lists of billing: settlements, their lines, charges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from songhe.domains.billing import words
from songhe.domains.billing.terms import SettlementState
from songhe.domains.organizations import selectors as organizations
from songhe.kit.formats import money
from songhe.kit.tables import Column, Table


class SettlementTable(Table):
    """Settlements by month and payer. The names of programmes come with `named`."""

    columns = (
        Column("month", _("Month"), value=lambda row: words.month_words(row.month),
               link=lambda row: reverse("billing:settlement", args=[row.pk])),
        Column("payer", _("Payer"), value=lambda row: row.programme_name,
               second=lambda row: organizations.name_of(row.funder)),
        Column("provider", _("Provider"),
               value=lambda row: organizations.name_of(row.organization)),
        Column("state", _("State"), value=lambda row: SettlementState(row.state).label),
        Column("total", _("Amount"), value=lambda row: money(row.total_fen)),
    )  # fmt: skip
    stacks = True
    caption = _("Settlements")
    empty = _("There is no settlement yet. They are drafted when a month is over.")


class Named:
    """Settlements, each with the name of its programme, read page by page."""

    def __init__(self, found: Any) -> None:
        self._found = found

    def __len__(self) -> int:
        return int(self._found.count())

    def __getitem__(self, page: slice) -> Sequence[Any]:
        rows = list(self._found[page])
        names = words.programme_names(row.programme for row in rows)
        for row in rows:
            row.programme_name = names[row.programme]
        return rows


class LineTable(Table):
    """Lines of a settlement; `named` gives items their names."""

    columns = (
        Column("on", _("Day"), value=lambda row: row.line.charge.on.isoformat(),
               link=lambda row: row.url or None),
        Column("person", _("Person"), value=lambda row: row.line.charge.person,
               second=lambda row: " · ".join(filter(None, (row.item, row.doubt, row.note)))),
        Column("share", pgettext_lazy("of a price", "Share"),
               value=lambda row: money(row.line.fen)),
        Column("gross", _("Price"), value=lambda row: money(row.line.gross_fen)),
        Column("proof", pgettext_lazy("of a service", "Record"),
               value=lambda row: words.proof_words(row.proof)),
        Column("dispute", pgettext_lazy("settlement", "Dispute"), value=lambda row: row.dispute,
               link=lambda row: row.dispute_url or None),
    )  # fmt: skip
    stacks = True
    caption = _("Lines of the settlement")
    empty = _("There is no line.")
    per_page = 50


class ChargeTable(Table):
    """Charges, newest first."""

    columns = (
        Column("on", _("Day"), value=lambda row: row.line.on.isoformat(),
               link=lambda row: reverse("billing:charge", args=[row.line.id])),
        Column("person", _("Person"), value=lambda row: row.line.person,
               second=lambda row: row.item),
        Column("own", _("Own share"), value=lambda row: money(row.line.own_fen),
               second=lambda row: words.own_words(row.line.own)),
        Column("gross", _("Price"), value=lambda row: money(row.line.gross_fen)),
        Column("proof", pgettext_lazy("of a service", "Record"),
               value=lambda row: words.proof_words(row.proof)),
        Column("state", _("State"), value=lambda row: pgettext_lazy("charge", "taken back")
               if row.line.reversed_at
               else pgettext_lazy("charge", "charged")),
    )  # fmt: skip
    stacks = True
    caption = _("Charges")
    empty = _("There is no charge.")
