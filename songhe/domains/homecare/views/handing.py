"""The hand-over between shifts: written, read, printed, taken."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.domains.homecare import handover_reads, services, terms
from songhe.domains.homecare.views.ward import area_of
from songhe.domains.homecare.ward_forms import HandoverForm
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.asks import actor_of
from songhe.kit.errors import sentence
from songhe.kit.forms import refuse


class HandOver(View):
    """Hand the ward over to the next shift with what is open in it, and read what was before."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        actor = actor_of(request)
        form = HandoverForm(request.POST, areas=handover_reads.areas(actor))
        if form.is_valid():
            try:
                row = services.hand_over(actor=actor, at=timezone.now(), **form.cleaned_data)
            except (Conflict, Invalid) as error:
                refuse(form, error)
            else:
                messages.success(request, _("Handed over. It waits to be taken."))
                return HttpResponseRedirect(reverse("homecare:handover", args=[row.pk]))
        return self._show(request, form, status=422)

    def _show(
        self, request: HttpRequest, form: HandoverForm | None = None, *, status: int = 200
    ) -> HttpResponse:
        actor = actor_of(request)
        areas = handover_reads.areas(actor)
        area = area_of(request) or (areas[0][0] if areas else "")
        sheet, lines = handover_reads.open_now(actor, area=area, at=timezone.now())
        context = {
            "form": form or HandoverForm(areas=areas, initial={"area": area}),
            "sheet": sheet,
            "open": lines,
            "away": handover_reads.away_lines(sheet),
            "may_keep": True,
            "lines": handover_reads.handovers(actor, limit=20),
        }
        return render(request, "homecare/hand_over.html", context, status=status)


class HandoverSheet(View):
    """One hand-over as the next shift reads or prints it."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor = actor_of(request)
        one = handover_reads.get_handover(actor, id)
        context = {
            "one": one,
            "may_keep": actor.may(terms.KEEP_WARD),
            "sheet": one.sheet,
            "open": handover_reads.named(actor, one.sheet) if one.sheet else [],
            "away": handover_reads.away_lines(one.sheet) if one.sheet else [],
        }
        return render(request, "homecare/handover.html", context)


class TakeOver(View):
    """Take a ward over."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        try:
            services.take_over(actor=actor_of(request), handover_id=id, at=timezone.now())
        except (Conflict, Invalid) as error:
            messages.error(request, sentence(error))
        else:
            messages.success(request, _("You have taken over."))
        return HttpResponseRedirect(reverse("homecare:ward"))
