"""Where a limit has room again: which services could be charged anew, and doing it."""

from __future__ import annotations

from datetime import date, datetime
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
from songhe.base.regions.days import day_of
from songhe.domains.billing import anew_reads, selectors, services, words
from songhe.domains.billing.days import month_asked, month_before, month_of
from songhe.domains.billing.terms import REVERSE
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.asks import actor_of
from songhe.kit.errors import sentence


def rooms(actor: Actor, months: list[date], *, at: datetime) -> list[dict[str, Any]]:
    """Return the months in which services could be charged anew for less, with how many."""
    if not actor.may(REVERSE):
        return []
    counted = [(one, anew_reads.count_cheaper(actor, one, at=at)) for one in months]
    return [
        {"n": n, "month": words.month_words(one), "value": f"{one:%Y-%m}"}
        for one, n in counted
        if n
    ]


def rooms_of_late(actor: Actor, *, at: datetime) -> list[dict[str, Any]]:
    """Return the same of this month and the one before."""
    month = month_of(day_of(at))
    return rooms(actor, [month, month_before(month)], at=at)


class Anew(View):
    """The services of a month, each with what it costs her now and what it would cost."""

    def get(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        month = month_asked(request.GET.get("month", ""), now)
        found = anew_reads.cheaper(actor_of(request), month, at=now)
        names = words.item_names((one.line.item_code, one.line.on) for one in found)
        context = {
            "month": words.month_words(month),
            "rows": [{"one": one, "item": names[one.line.item_code]} for one in found],
            "less_fen": sum(one.less_fen for one in found),
        }
        return render(request, "billing/anew.html", context)


class ChargeAnew(View):
    """Take a charge back and charge the service by what there is room for now."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = actor_of(request), timezone.now()
        line = selectors.get_charge(actor, id, at=now)
        try:
            services.charge_anew(actor=actor, charge_id=id, at=now)
        except (Conflict, Invalid) as error:
            messages.error(request, sentence(error))
        else:
            said = _("Charged anew. What the person paid of the old charge is to be paid back.")
            paid = line.own in ("paid", "pending")
            messages.success(request, said if paid else _("Charged anew."))
        return HttpResponseRedirect(f"{reverse('billing:rooms')}?month={line.on:%Y-%m}")
