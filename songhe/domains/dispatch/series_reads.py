"""What a person gets again and again, and her orders, with what they cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from songhe.base.access.actor import Actor
from songhe.domains.catalog import selectors as catalog
from songhe.domains.dispatch import plan_reads, selectors, terms
from songhe.domains.dispatch.models import Order, Series, Visit
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people.selectors import PersonView
from songhe.engines.booking.words import rule_words
from songhe.kit import formats

_MOST = 60


@dataclass(frozen=True, slots=True)
class SeriesLine:
    """One series in words."""

    series: Series
    what: str
    days: str
    times: str
    since: str
    provider: str
    price: str


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order: what, when, by whom, how it stands, what it costs and who pays."""

    order: Order
    what: str
    when: str
    worker: str
    state: str
    price: str
    shares: tuple[str, ...]


def may_keep(actor: Actor, region_code: str, organization_id: UUID | None = None) -> bool:
    """Tell whether the actor orders for a region or a provider."""
    mine = organization_id is not None and organization_id in actor.organizations(terms.MAKE)
    return actor.covers(terms.MAKE, region_code) or mine


def series_of(actor: Actor, person: PersonView, *, at: datetime) -> list[SeriesLine]:
    """Return a person's series, those that go on first; a query a distinct price."""
    condition = Q(organization__in=actor.organizations(terms.LIST))
    for prefix in actor.prefixes(terms.LIST):
        condition |= Q(region_code__startswith=prefix)
    rows = Series.objects.filter(condition, person=person.id).select_related("organization")
    today = timezone.localdate(at)
    found = sorted(rows, key=lambda one: (terms.SeriesState.values.index(one.state), one.asked_at))
    offered = {one.code: one for one in catalog.items(today, person.region_code)}
    prices: dict[tuple[str, UUID, str], str] = {}
    lines = []
    for row in found:
        key = (row.item_code, row.organization_id, row.region_code)
        if key not in prices:
            price = catalog.price(*key, today)
            prices[key] = money(price.amount_fen) if price else _("no price yet")
        version = offered[row.item_code].version if row.item_code in offered else None
        lines.append(
            SeriesLine(
                series=row,
                what=version.name if version else row.item_code,
                days=rule_words(row.rule),
                times=f"{row.begins:%H:%M}–{row.ends:%H:%M}",
                since=_period(row.period.lower, row.period.upper),
                provider=organizations.name_of(row.organization),
                price=prices[key],
            )
        )
    return lines


def orders_of(actor: Actor, person_id: UUID) -> list[OrderLine]:
    """Return a person's services, the newest first; 2 queries."""
    orders = [
        one
        for one in selectors.orders_of_person(actor, person_id, limit=_MOST)
        if one.kind == terms.OrderKind.SERVICE
    ]
    orders.sort(key=_begins, reverse=True)
    visits: dict[UUID, list[Visit]] = {}
    for visit in selectors.visits_in([one.pk for one in orders]):
        if visit.state not in ("planned", "cancelled"):
            visits.setdefault(visit.order_id, []).append(visit)
    return [_line(one, visits.get(one.pk, [])) for one in orders]


def _begins(order: Order) -> datetime:
    window: Any = order.window
    begins: datetime = window.lower if window else order.asked_at
    return begins


def _line(order: Order, visits: list[Visit]) -> OrderLine:
    window: Any = order.window
    when = f"{formats.moment(window.lower)}–{formats.clock(window.upper)}" if window else ""
    if visits:
        when = formats.moment(visits[0].period.lower)
    return OrderLine(
        order=order,
        what=plan_reads.what_of(order),
        when=when,
        worker="、".join(one.worker.display_name for one in visits),
        state=str(order.get_state_display()),
        price=money(order.gross_fen) if order.gross_fen is not None else _("no price yet"),
        shares=tuple(_share(one) for one in order.shares),
    )


def _share(one: dict[str, Any]) -> str:
    names = {
        "person": pgettext("who pays", "herself"),
        "subsidy": pgettext("who pays", "subsidy"),
        "purchase": pgettext("who pays", "bought by the government"),
        "insurance": pgettext("who pays", "insurance"),
    }
    return f"{names.get(one['payer'], one['payer'])} {money(one['fen'])}"


def money(fen: int) -> str:
    """Return an amount as it is written: ¥18.00."""
    return f"¥{fen / 100:,.2f}"


def _period(since: date, until: date | None) -> str:
    if until is None:
        return _("from %(day)s on") % {"day": formats.short_date(since)}
    return f"{formats.short_date(since)} – {formats.short_date(until)}"


def items_for(region_code: str, *, at: datetime) -> list[tuple[str, str]]:
    """Return what may be ordered in a region, with its guide price, for a choice."""
    found = []
    for one in catalog.items(timezone.localdate(at), region_code):
        if one.version is None:
            continue
        price = f" {money(one.guide.amount_fen)}" if one.guide else ""
        found.append((one.code, f"{one.version.name}{price}"))
    return found


def providers_for(actor: Actor, region_code: str) -> list[tuple[str, str]]:
    """Return who may carry out services in a region, for a choice: who serves it comes first."""
    mine: Iterable[Any] = [
        one for one in plan_reads.providers(actor) if may_keep(actor, region_code, one.pk)
    ]
    serving = organizations.serving(region_code)
    ordered = sorted(mine, key=lambda one: serving is None or one.pk != serving.pk)
    return [(str(one.pk), organizations.name_of(one)) for one in ordered]
