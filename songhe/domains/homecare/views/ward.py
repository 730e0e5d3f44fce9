"""The ward, the round through it, the look at one bed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.domains.homecare import (
    handover_reads,
    round_reads,
    selectors,
    services,
    terms,
    ward_reads,
)
from songhe.domains.homecare.params import params
from songhe.domains.homecare.ward_forms import RiskForm, RoundForm
from songhe.domains.people import selectors as people
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.asks import actor_of, wants_fragment
from songhe.kit.forms import KitForm, refuse

_SEEN = "homecare.ward"


def area_of(request: HttpRequest) -> str:
    """Return the region code that is asked for; what is no code is none."""
    asked = request.GET.get("area", "")
    return asked if asked.isdigit() else ""


def _remember(request: HttpRequest, found: ward_reads.Ward) -> None:
    """Keep which look the audit knows; the session is written only when that changed."""
    if request.session.get(_SEEN) != found.seen:
        request.session[_SEEN] = found.seen


class WardPage(View):
    """All beds in use as floors and rooms; the piece alone for the live refresh."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        area = area_of(request)
        size = request.GET.get("size", "")
        found = ward_reads.ward(
            actor,
            at=now,
            area=area,
            seen=request.session.get(_SEEN, ""),
            has_nights={"large": True, "small": False}.get(size),
        )
        _remember(request, found)
        context = {
            "ward": found,
            "handovers": handover_reads.handovers(actor, area=area),
            "today": timezone.localdate(now),
            "area": area,
            "size": size,
            "is_small": size == "small" or (size != "large" and found.is_large),
            "priorities": ward_reads.PRIORITIES,
            "risks_shown": params()["ward"]["risks_shown"],
            "may_keep": actor.may(terms.KEEP_WARD),
        }
        name = "homecare/ward_piece.html" if wants_fragment(request) else "homecare/ward.html"
        return render(request, name, context)


class RoundPage(View):
    """One bed after the other: what is known of it, and one key for what was found."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, _uuid(request.GET.get("bed", "")))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = RoundForm(request.POST)
        bed_id = _uuid(request.POST.get("bed", ""))
        if form.is_valid() and bed_id is not None:
            try:
                services.note_round(
                    actor=actor_of(request),
                    bed_id=bed_id,
                    found=terms.Found(form.cleaned_data["found"]),
                    words=form.cleaned_data["words"],
                    at=timezone.now(),
                )
            except (Conflict, Invalid) as error:
                refuse(form, error)
            else:
                asked = {"area": area_of(request), "bed": request.POST.get("then", "")}
                asked["last"] = str(bed_id)
                query = urlencode({key: value for key, value in asked.items() if value})
                return HttpResponseRedirect(f"{reverse('homecare:round')}?{query}")
        return self._show(request, bed_id, form=form, status=422)

    def _show(
        self,
        request: HttpRequest,
        bed_id: UUID | None,
        *,
        form: RoundForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        sheet = round_reads.round_sheet(
            actor_of(request),
            at=timezone.now(),
            area=area_of(request),
            bed_id=bed_id,
            seen=request.session.get(_SEEN, ""),
        )
        _remember(request, sheet.ward)
        last = _uuid(request.GET.get("last", ""))
        context = {
            "sheet": sheet,
            "room": sheet.room,
            "form": form or RoundForm(),
            "area": area_of(request),
            "last": next((one for one in sheet.ward.rooms if one.bed.pk == last), None),
        }
        return render(request, "homecare/round.html", context, status=status)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


class Look(View):
    """Look at one bed: what was found, and what the next hours should mind."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        return self._show(request, id)

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        form = RoundForm(request.POST)
        if form.is_valid():
            try:
                services.note_round(
                    actor=actor_of(request),
                    bed_id=id,
                    found=terms.Found(form.cleaned_data["found"]),
                    words=form.cleaned_data["words"],
                    at=timezone.now(),
                )
            except (Conflict, Invalid) as error:
                refuse(form, error)
            else:
                messages.success(request, _("Noted, with the time."))
                return HttpResponseRedirect(reverse("homecare:ward"))
        return self._show(request, id, round_form=form, status=422)

    def _show(
        self,
        request: HttpRequest,
        pk: UUID,
        *,
        round_form: KitForm | None = None,
        risk_form: KitForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        bed = selectors.get_bed(actor, pk, at=now)
        context: dict[str, Any] = {
            "bed": bed,
            "person": people.person_views(actor, [bed.person_id]).get(bed.person_id),
            "room": ward_reads.room_of(actor, bed, at=now),
            "round_form": round_form or RoundForm(),
            "risk_form": risk_form or RiskForm(),
        }
        return render(request, "homecare/look.html", context, status=status)


class Risk(Look):
    """Say what the next hours should mind at a bed."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        form, now = RiskForm(request.POST), timezone.now()
        if form.is_valid():
            services.add_risk(
                actor=actor_of(request),
                bed_id=id,
                words=form.cleaned_data["risk"],
                until=now + timedelta(hours=form.cleaned_data["hours"]),
                at=now,
            )
            messages.success(request, _("The shift sees it."))
            return HttpResponseRedirect(reverse("homecare:ward"))
        return self._show(request, id, risk_form=form, status=422)
