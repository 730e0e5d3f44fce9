"""What a service comes to and who pays it, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from songhe.domains.catalog.selectors import ItemView
from songhe.domains.dispatch.panels import ordering, own_reads
from songhe.domains.dispatch.terms import OrderState
from songhe.domains.subsidies import selectors as programmes
from songhe.domains.subsidies import services as subsidies
from songhe.domains.subsidies.terms import Payer, Share, Why
from songhe.kit.formats import money

_SILENT = {
    Why.USED_UP.value: _("%(name)s: the amount of this month is used up."),
    Why.VISITS_UP.value: _("%(name)s: the visits of this month are used up."),
}


@dataclass(frozen=True, slots=True)
class Bill:
    """A price and its parts in words. own_fen: what the person herself pays."""

    gross: str
    parts: tuple[tuple[str, str], ...]
    own: str
    own_fen: int
    silent: tuple[str, ...] = ()


def price_words(item: ItemView) -> str:
    """Return what an item costs before anybody helps to pay, "" where no price is set."""
    if item.price is None or item.version is None:
        return ""
    return money(ordering.gross_fen(item.price, item.version.duration_minutes))


def bill(person_id: UUID, item: ItemView, *, on: date) -> Bill | None:
    """Return who would pay what of an item on a day, None where no price is set; 6 queries."""
    if item.price is None or item.version is None:
        return None
    gross = ordering.gross_fen(item.price, item.version.duration_minutes)
    said = subsidies.quote(person_id=person_id, item_kind=item.kind, gross_fen=gross, on=on)
    return _bill(gross, said.shares, said.silent)


def bill_of(service: own_reads.OwnService) -> Bill | None:
    """Return who pays what of an order as it was made; 1 query, 6 where she pays all herself.

    None where no price is known, and of one that was called off: nobody pays it. Why no programme
    pays is not written down with an order: it is asked anew, for the same day.
    """
    order = service.order
    if order.gross_fen is None or order.state == OrderState.CANCELLED:
        return None
    shares = [Share.of(one) for one in order.shares]
    is_alone = not any(one.fen for one in shares if one.payer != Payer.PERSON)
    if not is_alone or order.item is None or order.window is None:
        return _bill(order.gross_fen, shares, ())
    said = subsidies.quote(
        person_id=order.person_id,
        item_kind=order.item.item.kind,
        gross_fen=order.gross_fen,
        on=timezone.localdate(order.window.lower),
    )
    return _bill(order.gross_fen, shares, said.silent)


def _bill(gross: int, shares: Iterable[Share], silent: Iterable[Share]) -> Bill:
    others = [one for one in shares if one.payer != Payer.PERSON and one.fen]
    quiet = [one for one in silent if one.why in _SILENT]
    codes = {one.programme for one in (*others, *quiet)}
    names = programmes.programmes_by_code(codes) if codes else {}
    own = gross - sum(one.fen for one in others)
    return Bill(
        gross=money(gross),
        parts=tuple((_name(one, names), money(one.fen)) for one in others),
        own=money(own),
        own_fen=own,
        silent=tuple(str(_SILENT[one.why]) % {"name": _name(one, names)} for one in quiet),
    )


def _name(share: Share, names: dict[str, programmes.ProgrammeView]) -> str:
    known = names.get(share.programme)
    return known.name if known else str(Payer(share.payer).label)
