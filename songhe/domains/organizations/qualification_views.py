"""Pages of papers: of one who works here, what an elder may know of her, what ends soon."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.domains.organizations import qualification_reads, selectors, services
from songhe.domains.organizations.forms import (
    EndQualificationForm,
    PortraitForm,
    QualificationForm,
    WorkerFactsForm,
)
from songhe.domains.organizations.tables import EndingTable
from songhe.domains.organizations.terms import VIEW_QUALIFICATIONS
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.asks import actor_of
from songhe.kit.forms import KitForm, refuse

REFUSALS = (Invalid, Conflict)


class Ending(View):
    """Papers that end soon, or are over."""

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = qualification_reads.ending_papers(
            actor_of(request), on=timezone.localdate(), at=timezone.now()
        )
        own = selectors.organizations_by_id(
            set(actor_of(request).organizations(VIEW_QUALIFICATIONS))
        )
        houses = [(pk, selectors.name_of(row)) for pk, row in own.items()]
        context = {"table": EndingTable(request, rows), "houses": houses}
        return render(request, "organizations/qualifications.html", context)


class AddQualification(View):
    """Enter a paper that somebody holds."""

    def get(self, request: HttpRequest, staff_id: UUID) -> HttpResponse:
        return _page(request, staff_id, QualificationForm(), _("Enter a paper"))

    def post(self, request: HttpRequest, staff_id: UUID) -> HttpResponse:
        form = QualificationForm(request.POST)
        if form.is_valid():
            try:
                services.add_qualification(
                    actor=actor_of(request),
                    staff_id=staff_id,
                    at=timezone.now(),
                    **form.cleaned_data,
                )
            except REFUSALS as error:
                refuse(form, error)
            else:
                messages.success(request, _("Entered."))
                return _to(staff_id)
        return _page(request, staff_id, form, _("Enter a paper"), status=422)


class EndQualification(View):
    """Let a paper count no more: taken back, or entered by mistake."""

    def get(self, request: HttpRequest, staff_id: UUID, qualification_id: UUID) -> HttpResponse:
        return _page(request, staff_id, EndQualificationForm(), _("It counts no more"))

    def post(self, request: HttpRequest, staff_id: UUID, qualification_id: UUID) -> HttpResponse:
        form = EndQualificationForm(request.POST)
        if form.is_valid():
            services.end_qualification(
                actor=actor_of(request),
                staff_id=staff_id,
                qualification_id=qualification_id,
                reason=form.cleaned_data["reason"],
                at=timezone.now(),
            )
            messages.success(request, _("It counts no more; it stays on record."))
            return _to(staff_id)
        return _page(request, staff_id, form, _("It counts no more"), status=422)


class SetFacts(View):
    """Set what an elder may know of who comes."""

    def get(self, request: HttpRequest, staff_id: UUID) -> HttpResponse:
        facts = qualification_reads.kept_by(actor_of(request), staff_id, at=timezone.now()).facts
        names = WorkerFactsForm.base_fields
        given = {name: getattr(facts, name) for name in names} if facts else {"gender": ""}
        return _page(request, staff_id, WorkerFactsForm(initial=given), _("About the worker"))

    def post(self, request: HttpRequest, staff_id: UUID) -> HttpResponse:
        form = WorkerFactsForm(request.POST)
        if form.is_valid():
            services.set_worker_facts(
                actor=actor_of(request), staff_id=staff_id, at=timezone.now(), **form.cleaned_data
            )
            messages.success(request, _("Changed."))
            return _to(staff_id)
        return _page(request, staff_id, form, _("About the worker"), status=422)


class Portrait(View):
    """Give a worker's portrait, or another one."""

    def get(self, request: HttpRequest, staff_id: UUID) -> HttpResponse:
        return self._show(request, staff_id, PortraitForm())

    def post(self, request: HttpRequest, staff_id: UUID) -> HttpResponse:
        form = PortraitForm(request.POST, request.FILES)
        if form.is_valid():
            try:
                services.set_portrait(
                    actor=actor_of(request),
                    staff_id=staff_id,
                    content=form.cleaned_data["file"].read(),
                    at=timezone.now(),
                )
            except REFUSALS as error:
                refuse(form, error)
            else:
                messages.success(request, _("The portrait is kept."))
                return _to(staff_id)
        return self._show(request, staff_id, form, status=422)

    def _show(
        self, request: HttpRequest, staff_id: UUID, form: KitForm, status: int = 200
    ) -> HttpResponse:
        kept = qualification_reads.kept_by(actor_of(request), staff_id, at=timezone.now())
        context = {"staff_id": staff_id, "name": kept.name, "form": form, "photo": kept.photo}
        return render(request, "organizations/portrait.html", context, status=status)


class RemovePortrait(View):
    """Take a worker's portrait away; her initial stands in its place."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, staff_id: UUID) -> HttpResponse:
        services.remove_portrait(actor=actor_of(request), staff_id=staff_id, at=timezone.now())
        messages.success(request, _("The portrait is gone."))
        return _to(staff_id)


def _page(
    request: HttpRequest, staff_id: UUID, form: KitForm, verb: str, status: int = 200
) -> HttpResponse:
    kept = qualification_reads.kept_by(actor_of(request), staff_id, at=timezone.now())
    context = {"staff_id": staff_id, "name": kept.name, "form": form, "verb": verb}
    return render(request, "organizations/paper.html", context, status=status)


def _to(staff_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("organizations:staff", args=[staff_id]))
