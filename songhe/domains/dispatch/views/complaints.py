"""Complaints as who answers them sees them: what is due first, and one with its answer."""

from __future__ import annotations

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

from songhe.base.access import policies
from songhe.domains.billing import selectors as billing
from songhe.domains.dispatch import complaint_reads, complaint_tables, services, terms
from songhe.domains.dispatch.services import money
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.asks import actor_of
from songhe.kit.forms import KitForm, refuse


class AnswerForm(KitForm):
    """What whoever complained is told."""

    answer = forms.CharField(
        label=gettext_lazy("Answer"),
        help_text=gettext_lazy("Who complained reads it as it stands here, and is told at once."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": gettext_lazy("Please write what you found and what you do.")},
    )


class Complaints(View):
    """The list: open ones, what is due first; or those that were answered."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        is_open = request.GET.get("show") != "answered"
        found = complaint_reads.complaints(actor, is_open=is_open)
        rows = complaint_tables.ComplaintRows(actor, found, now)
        tabs = [
            (_("Open"), "?", is_open),
            (_("Answered"), "?show=answered", not is_open),
        ]
        table = complaint_tables.ComplaintTable(request, rows)
        return render(request, "dispatch/complaints.html", {"table": table, "tabs": tabs})


class ComplaintPage(View):
    """One complaint: what was said, of which service, and the answer."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        return self._show(request, id, AnswerForm())

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = actor_of(request), timezone.now()
        form = AnswerForm(request.POST)
        if form.is_valid():
            try:
                services.answer_complaint(
                    actor=actor, complaint_id=id, answer=form.cleaned_data["answer"], at=now
                )
            except (Conflict, Invalid) as error:
                refuse(form, error)
            else:
                messages.success(request, _("Answered. Who complained is told."))
                return HttpResponseRedirect(reverse("dispatch:complaints"))
        return self._show(request, id, form, status=422)

    def _show(
        self, request: HttpRequest, pk: UUID, form: AnswerForm, *, status: int = 200
    ) -> HttpResponse:
        actor = actor_of(request)
        sheet = complaint_reads.sheet(actor, pk, at=timezone.now())
        order = sheet.line.row.order
        context = {
            "sheet": sheet,
            "due": complaint_tables.due(sheet.line),
            "form": form,
            # Who answers is not blind: the visit, its record, and what it cost.
            "may_open": policies.can(actor, terms.VIEW, order),
            "may_sample": actor.may(terms.SAMPLE),
            "charge": billing.charge_of(actor, money.ref_of(order)),
        }
        return render(request, "dispatch/complaint.html", context, status=status)
