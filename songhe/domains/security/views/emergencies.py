"""Pages of broken glass: find by number, open with a reason, close, review."""

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
from songhe.base.consent import emergencies
from songhe.domains.security import emergency_acts, emergency_reads
from songhe.domains.security.emergency_forms import NumberForm, ReasonForm, ReviewForm
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.forms import KitForm, refuse


class LookUp(View):
    """Find somebody by an exact number; every search counts and is recorded."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, NumberForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NumberForm(request.POST)
        if form.is_valid():
            try:
                found = emergency_acts.look_up(
                    actor=request.actor,  # type: ignore[attr-defined]
                    number=form.cleaned_data["number"],
                    at=timezone.now(),
                )
            except (Invalid, Conflict) as error:
                refuse(form, error)
            else:
                if found is not None:
                    return HttpResponseRedirect(reverse("security:break_glass", args=[found.id]))
                form.add_error("number", _("Nobody with exactly this number is known."))
        return self._page(request, form, status=422)

    def _page(self, request: HttpRequest, form: NumberForm, status: int = 200) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        rules = emergencies.rules()
        context = {
            "form": form,
            "own": emergency_reads.own(actor, at=timezone.now()),
            "opens": rules.opens,
            "count": rules.lookups.count,
        }
        return render(request, "security/emergencies/look_up.html", context, status=status)


class BreakGlass(View):
    """Say why, and the person is open for some hours."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        return self._page(request, person_id, ReasonForm())

    def post(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return self._page(request, person_id, form, status=422)
        try:
            emergency_acts.break_glass(
                actor=request.actor,  # type: ignore[attr-defined]
                person_id=person_id,
                kind=form.cleaned_data["kind"],
                reason=form.cleaned_data["reason"],
                at=timezone.now(),
            )
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return self._page(request, person_id, form, status=error.status)
        messages.success(
            request, _("Open. The data protection officer has been told and will look into it.")
        )
        return HttpResponseRedirect(reverse("people:person", args=[person_id]))

    def _page(
        self, request: HttpRequest, person_id: UUID, form: KitForm, status: int = 200
    ) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        name, age, place = emergency_reads.found(actor, person_id, at=timezone.now())
        context = {
            "form": form,
            "person_id": person_id,
            "name": name,
            "age": age,
            "place": place,
            "opens": emergencies.rules().opens,
        }
        return render(request, "security/emergencies/break_glass.html", context, status=status)


class EndEmergency(View):
    """Close an own emergency before its time."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, emergency_id: UUID) -> HttpResponse:
        emergencies.end_emergency(
            actor=request.actor,  # type: ignore[attr-defined]
            emergency_id=emergency_id,
            at=timezone.now(),
        )
        messages.success(request, _("Closed. The person is not open to you any more."))
        return HttpResponseRedirect(reverse("security:look_up"))


class Emergencies(View):
    """The officer's list: those that wait first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        rows = emergency_reads.to_review(actor, at=timezone.now())
        context = {
            "waiting": [row for row in rows if not row.line.verdict],
            "reviewed": [row for row in rows if row.line.verdict],
        }
        return render(request, "security/emergencies/list.html", context)


class Review(View):
    """One emergency, and the officer's judgement."""

    def get(self, request: HttpRequest, emergency_id: UUID) -> HttpResponse:
        return self._page(request, emergency_id, ReviewForm())

    def post(self, request: HttpRequest, emergency_id: UUID) -> HttpResponse:
        form = ReviewForm(request.POST)
        if not form.is_valid():
            return self._page(request, emergency_id, form, status=422)
        try:
            emergencies.review(
                actor=request.actor,  # type: ignore[attr-defined]
                emergency_id=emergency_id,
                verdict=form.cleaned_data["verdict"],
                note=form.cleaned_data["note"],
                at=timezone.now(),
            )
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return self._page(request, emergency_id, form, status=error.status)
        messages.success(request, _("Reviewed."))
        return HttpResponseRedirect(reverse("security:emergencies"))

    def _page(
        self, request: HttpRequest, emergency_id: UUID, form: ReviewForm, status: int = 200
    ) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        context = {
            "row": emergency_reads.one(actor, emergency_id, at=timezone.now()),
            "form": form,
        }
        return render(request, "security/emergencies/review.html", context, status=status)
