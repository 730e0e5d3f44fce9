"""Old days: what is sealed and what waits, the running work with its bar, how long things stay."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.telemetry import selectors, services
from songhe.domains.telemetry.tables import RunTable, TermTable
from songhe.domains.telemetry.terms import KEEP_OLD_DAYS
from songhe.kernel.errors import Conflict


def _back() -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("telemetry:old_days"))


class OldDays(View):
    """Show how old days are kept."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        state = selectors.old_days(actor, at=timezone.now())
        context = {
            "state": state,
            "waiting": state.waiting[0] if state.waiting else None,
            "runs": RunTable(request, state.runs),
            "terms": TermTable(request, state.terms),
            "can_keep": actor.may(KEEP_OLD_DAYS),
        }
        return render(request, "telemetry/old_days.html", context)


class Seal(View):
    """Ask to seal now."""

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            services.ask_to_seal(actor=request.actor, at=timezone.now())  # type: ignore[attr-defined]
        except Conflict as error:
            messages.warning(request, _(error.message))
        else:
            messages.success(request, _("Sealing is asked for."))
        return _back()


class StopRun(View):
    """Ask a run to stop."""

    def post(self, request: HttpRequest, run_id: UUID) -> HttpResponse:
        services.stop_run(actor=request.actor, run_id=run_id, at=timezone.now())  # type: ignore[attr-defined]
        messages.success(
            request, _("It stops after the piece it is at, and goes on with the next run.")
        )
        return _back()
