"""Pages that enter persons and whom to call: nothing that was typed is lost."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.base.regions import days
from songhe.domains.people import contact_reads, duplicates, importing, panels, services
from songhe.domains.people.forms import ContactForm, EndForm, EnrolForm
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.forms import refuse

REGISTER = "people.register_person"


class Enrol(View):
    """Register a person; who may be the same one is shown before anything is stored."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, self._form(request, None), [])

    def post(self, request: HttpRequest) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        now = timezone.now()
        form = self._form(request, request.POST)
        if not form.is_valid():
            return self._show(request, form, [], status=422)
        given = form.cleaned_data
        found = duplicates.find(
            actor,
            name=given["name"].strip(),
            birth_on=given["birth_on"],
            sex=given["sex"],
            number=given["id_number"],
            phone=given["phone"],
            region_code=given["community"],
            at=now,
        )
        if found and (not given["another"] or any(one.is_certain for one in found)):
            return self._show(request, form, found, status=409)
        since = given["lives_since"]
        try:
            person = services.register_resident(
                actor=actor,
                name=given["name"],
                sex=given["sex"],
                birth_on=given["birth_on"],
                region_code=given["community"],
                address=given["address"],
                living=given["living"],
                id_number=given["id_number"],
                phone=given["phone"],
                since=days.begin_of(since) if since else None,
                at=now,
            )
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return self._show(request, form, found, status=error.status)
        messages.success(request, _("Registered."))
        return HttpResponseRedirect(reverse("people:register", args=[person.pk]))

    def _form(self, request: HttpRequest, data: Any) -> EnrolForm:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        return EnrolForm(
            data,
            communities=importing.community_choices(actor, REGISTER),
            today=days.day_of(timezone.now()),
            initial={"living": "family"},
        )

    def _show(
        self,
        request: HttpRequest,
        form: EnrolForm,
        found: list[duplicates.Candidate],
        *,
        status: int = 200,
    ) -> HttpResponse:
        context = {
            "form": form,
            "found": [(one, panels.place_words(one.person.region_code)) for one in found],
            "certain": any(one.is_certain for one in found),
        }
        return render(request, "people/enrol.html", context, status=status)


class AddContact(View):
    """Name somebody to call."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        return self._show(request, person_id, ContactForm())

    def post(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        form = ContactForm(request.POST)
        if not form.is_valid():
            return self._show(request, person_id, form, status=422)
        given = form.cleaned_data
        contact = services.add_contact(
            actor=request.actor,  # type: ignore[attr-defined]
            person_id=person_id,
            name=given["name"],
            relation=given["relation"],
            phone=given["phone"],
            rank=given["rank"],
            since_on=given["since_on"],
            at=timezone.now(),
        )
        return HttpResponseRedirect(reverse("people:contacts", args=[contact.person_id]))

    def _show(
        self, request: HttpRequest, person_id: UUID, form: ContactForm, *, status: int = 200
    ) -> HttpResponse:
        frame = panels.frame(request, person_id, "contacts")
        contact_reads.check_may_write(request.actor, frame.person.id)  # type: ignore[attr-defined]
        context = {"frame": frame, "form": form}
        return render(request, "people/contact.html", context, status=status)


class ChangeContact(View):
    """Correct somebody to call, or let that end with a day."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, contact_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        found = contact_reads.contact_of(actor, contact_id)
        return self._show(request, found, ContactForm(initial=found.initial), EndForm())

    def post(self, request: HttpRequest, contact_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        found = contact_reads.contact_of(actor, contact_id)
        ending = "end" in request.POST
        form = ContactForm(None if ending else request.POST, initial=found.initial)
        end = EndForm(request.POST if ending else None)
        if not (end.is_valid() if ending else form.is_valid()):
            return self._show(request, found, form, end, status=422)
        try:
            if ending:
                services.end_contact(
                    actor=actor,
                    contact_id=contact_id,
                    until_on=end.cleaned_data["until_on"],
                    at=timezone.now(),
                )
            else:
                services.change_contact(
                    actor=actor, contact_id=contact_id, at=timezone.now(), **form.cleaned_data
                )
        except (Invalid, Conflict) as error:
            refuse(end if ending else form, error)
            return self._show(request, found, form, end, status=error.status)
        return HttpResponseRedirect(reverse("people:contacts", args=[found.person_id]))

    def _show(
        self,
        request: HttpRequest,
        found: contact_reads.Editable,
        form: ContactForm,
        end: EndForm,
        *,
        status: int = 200,
    ) -> HttpResponse:
        context = {
            "frame": panels.frame(request, found.person_id, "contacts"),
            "form": form,
            "end": end,
            "contact": found,
        }
        return render(request, "people/contact.html", context, status=status)
