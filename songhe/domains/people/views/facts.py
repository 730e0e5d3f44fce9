"""What one must know of a person: what holds, what was so, telling it, letting it end."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.people import fact_reads, known, panels, services
from songhe.domains.people.forms import FactForm
from songhe.domains.people.services.telling import WRITE
from songhe.kernel.errors import Conflict, Denied, Invalid
from songhe.kit.forms import refuse


class Facts(View):
    """Show what one must know of a person now, and what was so before."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        return _show(request, person_id, FactForm())


class TellFact(View):
    """Note what one must know."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        form = FactForm(request.POST)
        if not form.is_valid():
            return _show(request, person_id, form, status=422)
        actor: Actor = request.actor  # type: ignore[attr-defined]
        try:
            row = services.tell_fact(
                actor=actor, person_id=person_id, at=timezone.now(), **form.cleaned_data
            )
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return _show(request, person_id, form, status=error.status)
        messages.success(request, _("Noted. Whoever is sent to her reads it."))
        return HttpResponseRedirect(reverse("people:facts", args=[row.person_id]))


class EndFact(View):
    """Let something be so no longer."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, fact_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        row = services.end_told(actor=actor, fact_id=fact_id, at=timezone.now())
        messages.success(request, _("It holds no longer. It stays below, with its days."))
        return HttpResponseRedirect(reverse("people:facts", args=[row.person_id]))


def _show(
    request: HttpRequest, person_id: UUID, form: FactForm, *, status: int = 200
) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    frame = panels.frame(request, person_id, "facts")
    if form.is_bound and "health" not in frame.person.fields:
        raise Denied(action=WRITE)
    holds, was = fact_reads.told_of(frame.person, at=timezone.now())
    chinese = (get_language() or "zh").startswith("zh")
    context = {
        "frame": frame,
        "person": frame.person,
        "is_open": "health" in frame.person.fields,
        "may_write": "health" in frame.person.fields and actor.may(WRITE),
        "holds": holds,
        "was": was,
        "form": form,
        "known": [one.zh if chinese else one.en for one in known.facts()],
    }
    return render(request, "people/facts.html", context, status=status)
