"""Pages of suggestions: what was measured, and accepting or refusing it with a reason."""

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
from songhe.domains.monitoring import services, suggestion_reads
from songhe.domains.monitoring.rule_forms import SuggestionForm
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.forms import refuse


class Suggestions(View):
    """What is suggested to whoever may change the rules of a person."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        found = suggestion_reads.list_suggestions(actor, at=timezone.now())
        return render(request, "monitoring/suggestions.html", {"suggestions": found})


class DecideSuggestion(View):
    """Accept a suggestion, or leave the rule as it is; both with a reason."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, suggestion_id: UUID) -> HttpResponse:
        return self._show(request, suggestion_id, SuggestionForm())

    def post(self, request: HttpRequest, suggestion_id: UUID) -> HttpResponse:
        form = SuggestionForm(request.POST)
        if not form.is_valid():
            return self._show(request, suggestion_id, form, status=422)
        actor: Actor = request.actor  # type: ignore[attr-defined]
        said, now = form.cleaned_data, timezone.now()
        try:
            if said["decision"] == "accept":
                services.accept_suggestion(
                    actor=actor,
                    suggestion_id=suggestion_id,
                    reason=said["reason"],
                    confirmed=said["confirmed"],
                    at=now,
                )
                messages.success(request, _("Changed. The gateway judges by it from now on."))
            else:
                services.refuse_suggestion(
                    actor=actor, suggestion_id=suggestion_id, reason=said["reason"], at=now
                )
                messages.success(request, _("The rule stays as it is."))
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return self._show(request, suggestion_id, form, status=error.status)
        return HttpResponseRedirect(reverse("monitoring:suggestions"))

    def _show(
        self, request: HttpRequest, suggestion_id: UUID, form: SuggestionForm, *, status: int = 200
    ) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        found = suggestion_reads.get_suggestion(actor, suggestion_id)
        context = {"suggestion": found, "form": form}
        return render(request, "monitoring/suggestion.html", context, status=status)
