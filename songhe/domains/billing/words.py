"""Words of billing for pages: items, payers, and where a settlement stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.utils import formats as django_formats
from django.utils.html import format_html
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from songhe.base.regions.days import day_of
from songhe.domains.billing.line_reads import SettledLine
from songhe.domains.billing.proofs import Proof
from songhe.domains.billing.selectors import ChargeLine, Dispute
from songhe.domains.billing.terms import DisputeReason, DisputeState
from songhe.domains.catalog import selectors as catalog
from songhe.domains.catalog.terms import Unit
from songhe.domains.subsidies import selectors as subsidies
from songhe.kit import formats
from songhe.kit.formats import money


def item_names(codes: Iterable[tuple[str, date]]) -> dict[str, str]:
    """Return what items are called, by code; an item the catalogue lacks is its code."""
    found: dict[str, str] = {}
    for code, on in codes:
        if code not in found:
            try:
                found[code] = catalog.version_at(code, on).name
            except catalog.NotInCatalog:
                found[code] = code
    return found


def programme_names(codes: Iterable[str]) -> dict[str, str]:
    """Return what programmes are called, by code; 1 query."""
    wanted = set(codes)
    found = subsidies.programmes_by_code(wanted)
    return {code: found[code].name if code in found else code for code in wanted}


def month_words(month: date) -> str:
    """Return a month as it is written: 2026 年 11 月, November 2026."""
    if (get_language() or "zh").startswith("zh"):
        return f"{month.year} 年 {month.month} 月"
    return django_formats.date_format(month, "F Y")


def own_words(own: str) -> str:
    """Return how an own share stands."""
    return {
        "none": "",
        "open": pgettext("own share", "to be paid"),
        "pending": pgettext("own share", "being paid"),
        "paid": pgettext("own share", "paid"),
        "back": pgettext("own share", "to be paid back"),
    }[own]


def back_words(one: SettledLine) -> str:
    """Return when, why and where a settlement's line was taken back; "" of one that stands."""
    charge = one.charge
    if charge.reversed_at is None:
        return ""
    said = {
        "day": formats.short_date(day_of(charge.reversed_at)),
        "why": charge.reversed_reason,
        "month": month_words(one.back_in) if one.back_in else "",
    }
    if one.is_back or one.is_struck:
        return _("taken back on %(day)s: %(why)s") % said
    if one.back_in:
        return _("taken back on %(day)s: %(why)s; it is in the settlement of %(month)s") % said
    return _("taken back on %(day)s: %(why)s; it comes back in the next settlement") % said


def quantity_words(line: ChargeLine) -> str:
    """Return how the price of a charge came about, where it is by the hour: 0.5 h × ¥70.

    "" where it is not, or where the price of that day in the catalogue gives another sum.
    """
    price = catalog.price(line.item_code, line.organization_id, line.region_code, line.on)
    if price is None or price.per != Unit.HOUR or not price.amount_fen:
        return ""
    minutes = round(60 * line.gross_fen / price.amount_fen)
    if round(price.amount_fen * minutes / 60) != line.gross_fen:
        return ""
    said = {"h": f"{minutes / 60:.2f}".rstrip("0").rstrip("."), "price": money(price.amount_fen)}
    return _("%(h)s h × %(price)s an hour") % said


def proof_words(proof: Proof | None) -> str:
    """Return what a record is worth, with a link to it; a dash where none is open to the reader."""
    if proof is None:
        return "–"
    said = _("%(score)d of 100") % {"score": proof.score}
    shown = format_html('<a href="{}">{}</a>', proof.url, said) if proof.url else said
    if not proof.is_doubtful:
        return shown
    doubt = pgettext("a record", "doubtful")
    return format_html('{} <span class="tag" data-kind="risk">{}</span>', shown, doubt)


def dispute_rows(
    disputes: Iterable[Dispute], about: Mapping[UUID, Any] | None = None
) -> list[dict[str, Any]]:
    """Return objections in words; about: by share, what each is about (`rows.Asked`)."""
    return [
        {
            "dispute": one,
            "about": (about or {}).get(one.share_id),
            "reason": DisputeReason(one.reason).label,
            "state": DisputeState(one.state).label,
            "is_open": one.state == DisputeState.OPEN,
        }
        for one in disputes
    ]
