"""Tables of the catalogue: items with their prices; prices of an item over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from songhe.domains.catalog import words
from songhe.domains.catalog.selectors import ItemView
from songhe.kit.tables import Column, Table


def _minutes(row: ItemView) -> str:
    if row.version is None:
        return ""
    minutes = _("%(n)s min") % {"n": row.version.duration_minutes}
    if row.version.workers_needed == 1:
        return minutes
    return _("%(minutes)s, %(n)s people") % {"minutes": minutes, "n": row.version.workers_needed}


class ItemTable(Table):
    columns: ClassVar[Sequence[Column]] = (
        Column(
            "code",
            gettext_lazy("Service item"),
            value=lambda row: row.version.name if row.version else row.code,
            link=lambda row: reverse("catalog:item", args=[row.code]),
            second=lambda row: row.version.text if row.version else _("not in force yet"),
        ),
        Column("kind", gettext_lazy("Kind"), value=lambda row: words.kind_words(row.kind)),
        Column("time", gettext_lazy("Duration"), value=_minutes),
        Column(
            "guide",
            gettext_lazy("Guide price"),
            value=lambda row: words.price_words(row.guide) or _("none set"),
            second=lambda row: _("not offered any more") if row.retired_on else "",
        ),
    )
    per_page = 100
    caption = gettext_lazy("Services")
    empty = gettext_lazy("No service found")


class OwnItemTable(ItemTable):
    """With the price of the reader's own organisation."""

    columns = (
        *ItemTable.columns,
        Column(
            "own",
            gettext_lazy("Our price"),
            value=lambda row: words.price_words(row.own) or _("the guide price"),
        ),
    )


@dataclass(frozen=True, slots=True)
class PriceRow:
    whose: str
    where: str
    price: str
    days: str
    state: str


class PriceTable(Table):
    columns = (
        Column("price", gettext_lazy("Price"), second=lambda row: row.state),
        Column("whose", gettext_lazy("Whose"), second=lambda row: row.where),
        Column("days", gettext_lazy("When")),
    )
    per_page = 50
    caption = gettext_lazy("Prices over time")
    empty = gettext_lazy("No price has been set")
