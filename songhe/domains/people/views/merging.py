"""Pages of merging: choose the duplicate, compare, merge, and take it back."""

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
from songhe.domains.people import duplicates, merge_reads, panels, selectors, services
from songhe.domains.people.forms import ReasonForm
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.forms import refuse


class ChooseDuplicate(View):
    """Choose the entry that is the same person: who looks alike, or whom one finds."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        frame = panels.frame(request, person_id, "register")
        merge_reads.person_to_merge(actor, frame.person.id)
        words = request.GET.get("words", "").strip()[:60]
        if words:
            rows = selectors.find_persons(actor, words, action=merge_reads.MERGE).persons
            found = [
                duplicates.Candidate(selectors.view_of(actor, row), "", [], False)
                for row in rows[:20]
                if row.pk != frame.person.id
            ]
        else:
            found = duplicates.find(
                actor,
                name=frame.person.name,
                birth_on=frame.person.birth_on,
                sex=frame.person.sex,
                phone=frame.phone or "",
                region_code=frame.person.region_code,
                at=timezone.now(),
                but=frame.person.id,
            )
        context = {
            "frame": frame,
            "words": words,
            "found": [(one, panels.place_words(one.person.region_code)) for one in found],
        }
        return render(request, "people/choose_duplicate.html", context)


class Merge(View):
    """Both side by side: what is kept, what moves; then merge with a reason."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, person_id: UUID, gone_id: UUID) -> HttpResponse:
        return self._show(request, person_id, gone_id, ReasonForm())

    def post(self, request: HttpRequest, person_id: UUID, gone_id: UUID) -> HttpResponse:
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return self._show(request, person_id, gone_id, form, status=422)
        try:
            merge = services.merge_persons(
                actor=request.actor,  # type: ignore[attr-defined]
                kept_id=person_id,
                gone_id=gone_id,
                reason=form.cleaned_data["reason"],
                at=timezone.now(),
            )
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return self._show(request, person_id, gone_id, form, status=error.status)
        messages.success(request, _("Merged."))
        return HttpResponseRedirect(reverse("people:merged", args=[merge.pk]))

    def _show(
        self,
        request: HttpRequest,
        person_id: UUID,
        gone_id: UUID,
        form: ReasonForm,
        *,
        status: int = 200,
    ) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        now = timezone.now()
        found = merge_reads.preview(actor, person_id, gone_id, at=now)
        context = {
            "form": form,
            "preview": found,
            "places": [
                (panels.age_words(one, now), panels.place_words(one.region_code))
                for one in (found.kept, found.gone)
            ],
        }
        return render(request, "people/merge.html", context, status=status)


class Merged(View):
    """A merge that was made: what moved, what stayed, and the way back."""

    def get(self, request: HttpRequest, merge_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        return render(
            request, "people/merged.html", {"made": merge_reads.get_merge(actor, merge_id)}
        )


class Undo(View):
    """Take a merge back whole."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, merge_id: UUID) -> HttpResponse:
        services.undo_merge(
            actor=request.actor,  # type: ignore[attr-defined]
            merge_id=merge_id,
            at=timezone.now(),
        )
        messages.success(request, _("Undone: both are entries of their own again."))
        return HttpResponseRedirect(reverse("people:merged", args=[merge_id]))
