"""Changing the catalogue: a new item or version, a price from a day on, retiring."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.base.regions import selectors as regions
from songhe.domains.catalog import editing, selectors, services, words
from songhe.domains.catalog.editing import Editor
from songhe.domains.catalog.forms import PriceForm, RetireForm
from songhe.domains.catalog.selectors import ItemView, VersionView
from songhe.domains.catalog.terms import KEEP, SET_PRICE
from songhe.domains.organizations import selectors as organizations
from songhe.kernel.errors import Conflict, Denied, Invalid
from songhe.kit.asks import actor_of
from songhe.kit.forms import KitForm, refuse

REFUSALS = (Invalid, Conflict)


class NewItem(View):
    """Put a new item into the catalogue."""

    def get(self, request: HttpRequest) -> HttpResponse:
        prefixes = actor_of(request).prefixes(KEEP)
        return self._page(request, editing.empty(prefixes[0] if prefixes else "", _tomorrow()))

    def post(self, request: HttpRequest) -> HttpResponse:
        editor, is_final = editing.posted(request.POST, editing.NewForm)
        if not is_final:
            return self._page(request, editor)
        if editor.is_valid():
            given = editor.head.cleaned_data
            try:
                services.define_item(
                    actor=actor_of(request),
                    code=given["code"],
                    kind=given["kind"],
                    region_prefix=given["region"],
                    draft=editor.draft(),
                    from_on=given["from_on"],
                    at=timezone.now(),
                )
            except REFUSALS as error:
                editor.refuse(error)
            else:
                messages.success(request, _("In the catalogue. Now set a price."))
                return _to(given["code"])
        return self._page(request, editor, status=422)

    def _page(self, request: HttpRequest, editor: Editor, status: int = 200) -> HttpResponse:
        context = {
            "editor": editor,
            "title": _("New service"),
            "back": reverse("catalog:item_list"),
        }
        return render(request, "catalog/change.html", context, status=status)


class LoadShipped(View):
    """Offer what ships, where nothing is offered yet."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        actor = actor_of(request)
        region = next(iter(actor.prefixes(KEEP)), "")
        services.load_items(actor=actor, region_prefix=region, at=timezone.now())
        messages.success(request, _("These are yours now: look at every step and price."))
        return HttpResponseRedirect(reverse("catalog:item_list"))


class ChangeItem(View):
    """Publish a new version of an item, from a day on."""

    def get(self, request: HttpRequest, item: str) -> HttpResponse:
        _found, version = _kept(request, item)
        return self._page(request, version, editing.of_version(version, _tomorrow()))

    def post(self, request: HttpRequest, item: str) -> HttpResponse:
        _found, version = _kept(request, item)
        editor, is_final = editing.posted(request.POST, editing.HeadForm)
        if not is_final:
            return self._page(request, version, editor)
        if editor.is_valid():
            given = editor.head.cleaned_data
            try:
                services.publish_version(
                    actor=actor_of(request),
                    code=item,
                    draft=editor.draft(),
                    from_on=given["from_on"],
                    reason=given["reason"],
                    at=timezone.now(),
                )
            except REFUSALS as error:
                editor.refuse(error)
            else:
                messages.success(request, _("Published. It holds from the day you chose."))
                return _to(item)
        return self._page(request, version, editor, status=422)

    def _page(
        self, request: HttpRequest, version: VersionView, editor: Editor, status: int = 200
    ) -> HttpResponse:
        context = {
            "editor": editor,
            "title": version.name,
            "back": reverse("catalog:item", args=[version.code]),
        }
        return render(request, "catalog/change.html", context, status=status)


class SetPrice(View):
    """Set a guide price, or an organisation's own, from a day on."""

    def get(self, request: HttpRequest, item: str) -> HttpResponse:
        found = selectors.history(actor_of(request), item, on=timezone.localdate()).item
        per = found.guide.per if found.guide else "visit"
        return self._page(request, found, self._form(request, None, per))

    def post(self, request: HttpRequest, item: str) -> HttpResponse:
        found = selectors.history(actor_of(request), item, on=timezone.localdate()).item
        form = self._form(request, request.POST, "visit")
        if form.is_valid():
            given = form.cleaned_data
            where: dict[str, Any] = {
                "actor": actor_of(request),
                "code": item,
                "organization_id": UUID(given["whose"]) if given["whose"] else None,
                "region_prefix": given["region"].strip(),
                "from_on": given["from_on"],
                "at": timezone.now(),
            }
            try:
                if given["ends"]:
                    services.end_price(**where)
                else:
                    services.set_price(amount_fen=form.fen, per=given["per"], **where)
            except (*REFUSALS, Denied) as error:
                refuse(form, error)
            else:
                messages.success(request, _("It holds from the day you chose."))
                return _to(item)
        return self._page(request, found, form, status=422)

    def _form(self, request: HttpRequest, data: Any, per: str) -> PriceForm:
        actor = actor_of(request)
        whose, region = _whose(actor)
        given = {"region": region, "per": per, "from_on": _tomorrow()}
        return PriceForm(data, whose=whose, regions=_regions(actor, region), initial=given)

    def _page(
        self, request: HttpRequest, item: ItemView, form: KitForm, status: int = 200
    ) -> HttpResponse:
        guide = words.price_words(item.guide)
        return _form(request, item, form, _("Set a price"), status=status, guide=guide)


def _whose(actor: Actor) -> tuple[list[tuple[str, str]], str]:
    """Return whose prices the actor may set, and the region that is likely meant; 2 queries."""
    found, prefixes = [], actor.prefixes(SET_PRICE)
    if prefixes:
        found.append(("", _("Guide price of the region")))
    rows = organizations.organizations_for(actor, SET_PRICE)
    own = organizations.organizations_by_id(set(actor.organizations(SET_PRICE)))
    houses = {row.pk: row for row in (*rows, *own.values())}
    found += [(str(pk), organizations.name_of(row)) for pk, row in houses.items()]
    held = [one.region_prefix for one in actor.roles if one.carries(SET_PRICE)]
    return found, prefixes[0] if prefixes else next(iter(held), "")


def _regions(actor: Actor, usual: str) -> list[tuple[str, str]]:
    """Return the regions whose prices the actor may set, by name and code, down to the towns."""
    held = {one.region_prefix for one in actor.roles if one.carries(SET_PRICE)}
    rows: dict[str, Any] = {}
    for prefix in sorted(held):
        levels = [size for size in (2, 4, 6, 9) if size >= len(prefix)]
        for level in levels if len(prefix) >= 4 else levels[:-1]:
            rows |= {row.code: row for row in regions.below(prefix, level)}
    found = [
        (code, f"{(selectors.english() and row.name_en) or row.name} {code}")
        for code, row in sorted(rows.items())
    ]
    if "" in held or usual not in rows:
        found.insert(0, (usual, usual or _("everywhere")))
    return found


class Retire(View):
    """Offer an item no more from a day on."""

    def get(self, request: HttpRequest, item: str) -> HttpResponse:
        found, _version = _kept(request, item)
        form = RetireForm(initial={"retired_on": _tomorrow()})
        return _form(request, found, form, _("Retire this service"))

    def post(self, request: HttpRequest, item: str) -> HttpResponse:
        form = RetireForm(request.POST)
        found, _version = _kept(request, item)
        if form.is_valid():
            try:
                services.retire_item(
                    actor=actor_of(request),
                    code=item,
                    retired_on=form.cleaned_data["retired_on"],
                    at=timezone.now(),
                )
            except REFUSALS as error:
                refuse(form, error)
            else:
                messages.success(request, _("It is not offered any more from that day on."))
                return _to(item)
        return _form(request, found, form, _("Retire this service"), status=422)


class BringBack(View):
    """Offer a retired item again."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, item: str) -> HttpResponse:
        services.bring_back(actor=actor_of(request), code=item, at=timezone.now())
        messages.success(request, _("It is offered again."))
        return _to(item)


def _kept(request: HttpRequest, code: str) -> tuple[ItemView, VersionView]:
    """Return an item that the actor keeps, and its version in force or the newest."""
    actor = actor_of(request)
    found = selectors.history(actor, code, on=timezone.localdate())
    if not actor.covers(KEEP, found.item.region_prefix):
        raise Denied(action=KEEP)
    standing = next(one for one in found.versions if not one.is_withdrawn)
    return found.item, standing


def _tomorrow() -> Any:
    return timezone.localdate() + timedelta(days=1)


def _to(code: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("catalog:item", args=[code]))


def _form(
    request: HttpRequest,
    item: ItemView,
    form: KitForm,
    verb: str,
    status: int = 200,
    guide: str = "",
) -> HttpResponse:
    name = item.version.name if item.version else item.code
    context = {"item": item, "name": name, "form": form, "verb": verb, "guide": guide}
    return render(request, "catalog/form.html", context, status=status)
