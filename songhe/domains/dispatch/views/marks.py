"""Visits held for a case: marked and let go with a reason, listed, taken along as a file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from songhe.domains.dispatch import mark_reads, services, tables
from songhe.engines.exchange.terms import Format
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.asks import actor_of
from songhe.kit.errors import sentence
from songhe.kit.forms import KitForm
from songhe.kit.imports import download


class WhyForm(KitForm):
    """Why a visit is held, or let go."""

    why = forms.CharField(
        label=gettext_lazy("Why it is marked"),
        help_text=gettext_lazy("The provider and its workers do not see it."),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Please say why, in a few words.")},
    )


class BackForm(WhyForm):
    """Why a visit is let go."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["why"].label = _("Why it is let go")


class ExportForm(KitForm):
    """What the file is for."""

    reason = forms.CharField(
        label=gettext_lazy("What is it for?"),
        help_text=gettext_lazy("It is written into the audit with your name."),
        max_length=200,
    )
    format = forms.ChoiceField(
        label=gettext_lazy("File"), choices=Format.choices, widget=forms.RadioSelect
    )


class Marks(View):
    """The list: what is held, or what was let go."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, is_held = actor_of(request), request.GET.get("show") != "let-go"
        rows = tables.MarkRows(actor, mark_reads.marks(actor, is_held=is_held))
        context = {
            "table": tables.MarkTable(request, rows),
            "tabs": [
                (_("Held"), "?", is_held),
                (_("Let go"), "?show=let-go", not is_held),
            ],
        }
        return render(request, "dispatch/marks.html", context)


class MarkVisit(View):
    """Hold a visit for a case."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        try:
            self.act(request, id)
        except (Conflict, Invalid) as error:
            messages.error(request, sentence(error))
        return HttpResponseRedirect(reverse("dispatch:sample", args=[id]))

    def act(self, request: HttpRequest, pk: UUID) -> None:
        services.mark_visit(
            actor=actor_of(request),
            visit_id=pk,
            why=request.POST.get("why", ""),
            at=timezone.now(),
        )
        messages.success(request, _("Marked for a case."))


class UnmarkVisit(MarkVisit):
    """Let a visit go that was held."""

    def act(self, request: HttpRequest, pk: UUID) -> None:
        services.unmark_visit(
            actor=actor_of(request),
            visit_id=pk,
            why=request.POST.get("why", ""),
            at=timezone.now(),
        )
        messages.success(request, _("Let go."))


class ExportMarks(View):
    """Ask what the list is for, then hand it over."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        form = ExportForm(initial={"format": Format.XLSX})
        return render(request, "dispatch/marks_export.html", {"form": form})

    def post(self, request: HttpRequest) -> HttpResponse:
        form = ExportForm(request.POST)
        if not form.is_valid():
            return render(request, "dispatch/marks_export.html", {"form": form}, status=422)
        kind = Format(form.cleaned_data["format"])
        body = mark_reads.export_marks(
            actor_of(request), reason=form.cleaned_data["reason"], kind=kind, at=timezone.now()
        )
        return download(body, "marked-visits", kind)
