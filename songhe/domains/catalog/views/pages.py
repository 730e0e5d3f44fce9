"""Looking at the catalogue: the list by kind, and one item with steps, prices and versions."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.domains.catalog import selectors, words
from songhe.domains.catalog.forms import ItemFilter
from songhe.domains.catalog.selectors import History, PriceView, VersionView
from songhe.domains.catalog.tables import ItemTable, OwnItemTable, PriceRow, PriceTable
from songhe.domains.catalog.terms import KEEP, SET_PRICE
from songhe.domains.organizations import selectors as organizations
from songhe.kit.asks import actor_of


class ItemList(View):
    """List what is offered, with prices."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, form = actor_of(request), ItemFilter(request.GET or None)
        asked = form.asked
        houses = actor.organizations(SET_PRICE) if not actor.prefixes(SET_PRICE) else ()
        house = houses[0] if houses else None
        rows = selectors.list_items(actor, on=timezone.localdate(), organization_id=house, **asked)
        table = (OwnItemTable if house else ItemTable)(request, rows)
        context = {
            "form": form,
            "table": table,
            "narrowed": any(asked.values()),
            "may_keep": bool(actor.prefixes(KEEP)),
            "is_empty": not rows and not any(asked.values()),
        }
        return render(request, "catalog/item_list.html", context)


class ItemPage(View):
    """One item: its steps as they are done, its prices, its versions and what they changed."""

    def get(self, request: HttpRequest, item: str) -> HttpResponse:
        actor, today = actor_of(request), timezone.localdate()
        found = selectors.history(actor, item, on=today)
        shown = _shown(found, request.GET.get("version", ""))
        context = {
            "item": found.item,
            "version": shown,
            "is_now": found.item.version is not None and shown.id == found.item.version.id,
            "kind": words.kind_words(found.item.kind),
            "icon": words.icon_of(found.item.kind),
            "days": words.days(shown.since, shown.until),
            "requires": words.names_of(shown.requires),
            "steps": [words.step_words(one) for one in shown.steps],
            "checks": [words.check_words(one) for one in shown.checks],
            "guide": words.price_words(found.item.guide),
            "prices": PriceTable(request, _prices(found.prices, today)),
            "versions": _versions(found.versions, today),
            "may_keep": actor.covers(KEEP, found.item.region_prefix),
            "may_price": actor.may(SET_PRICE),
        }
        return render(request, "catalog/item.html", context)


def _shown(found: History, asked: str) -> VersionView:
    """Return the version asked for, else the one in force, else the newest."""
    by_number = {str(one.number): one for one in found.versions}
    return by_number.get(asked) or found.item.version or found.versions[0]


def _prices(prices: tuple[PriceView, ...], today: date) -> list[PriceRow]:
    """Return prices in words; 2 queries."""
    names = words.region_names(one.region_prefix for one in prices)
    ids = {one.organization_id for one in prices if one.organization_id}
    houses = organizations.organizations_by_id(ids)
    return [
        PriceRow(
            whose=organizations.name_of(houses[one.organization_id])
            if one.organization_id
            else _("Guide price"),
            where=names.get(one.region_prefix, one.region_prefix),
            price=words.price_words(one),
            days=words.days(one.since, one.until),
            state=_state(one, today),
        )
        for one in prices
    ]


def _state(one: PriceView | VersionView, today: date) -> str:
    if one.is_withdrawn:
        return _("withdrawn before it began")
    if one.since > today:
        return _("yet to come")
    if one.until is not None and one.until <= today:
        return _("past")
    return _("in force")


def _versions(
    versions: tuple[VersionView, ...], today: date
) -> list[tuple[VersionView, str, str, list[str]]]:
    """Return versions, the newest first, each with its days, state and what it changed."""
    found = []
    for number, one in enumerate(versions):
        earlier = next((v for v in versions[number + 1 :] if not v.is_withdrawn), None)
        found.append(
            (one, words.days(one.since, one.until), _state(one, today), words.changes(earlier, one))
        )
    return found
