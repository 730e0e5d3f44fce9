"""Saying for what one looks at persons, and that one has done."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access import purposes
from songhe.domains.security import purpose_words
from songhe.domains.security.purpose_forms import PurposeForm
from songhe.kernel.errors import Invalid
from songhe.kit.asks import actor_of, safe_path
from songhe.kit.forms import refuse


class State(View):
    """Ask for the purpose and the reason; say what is open until when."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, PurposeForm(choices=purpose_words.choices(actor_of(request))))

    def post(self, request: HttpRequest) -> HttpResponse:
        actor = actor_of(request)
        form = PurposeForm(request.POST, choices=purpose_words.choices(actor))
        if not form.is_valid():
            return self._page(request, form, status=422)
        try:
            stated = purposes.state_purpose(actor=actor, at=timezone.now(), **form.cleaned_data)
        except Invalid as error:
            refuse(form, error)
            return self._page(request, form, status=422)
        messages.success(request, purpose_words.opened(stated))
        return HttpResponseRedirect(self._back(request))

    def _back(self, request: HttpRequest) -> str:
        """Return where who asks came from (?next=), else where persons are."""
        asked = safe_path(request, request.GET.get("next", ""))
        is_regional = bool(actor_of(request).prefixes("people.list_persons"))
        return asked or (reverse("people:person_list") if is_regional else "/")

    def _page(self, request: HttpRequest, form: PurposeForm, status: int = 200) -> HttpResponse:
        lines = purpose_words.lines(actor_of(request), at=timezone.now())
        context = {"form": form, "stated": lines, "back": self._back(request)}
        return render(request, "security/purposes/purpose.html", context, status=status)


class End(View):
    """Close again what a stated purpose has opened, and stay where it was closed (?next=)."""

    def post(self, request: HttpRequest) -> HttpResponse:
        purposes.end_statements(actor=actor_of(request), at=timezone.now())
        messages.success(request, _("Names are masked again."))
        asked = safe_path(request, request.GET.get("next", ""))
        return HttpResponseRedirect(asked or reverse("security:purpose"))
