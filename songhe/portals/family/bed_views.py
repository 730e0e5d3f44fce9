"""The home care bed as families see it: applied for, where it stands, a refusal objected to."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.domains.dispatch.panels import own_reads as own_services
from songhe.domains.homecare import services
from songhe.domains.homecare.panels import own_reads
from songhe.domains.homecare.terms import BedState
from songhe.kernel.errors import Conflict, Invalid, NotFound
from songhe.kit import formats
from songhe.kit.asks import actor_of
from songhe.kit.forms import refuse
from songhe.portals.family import forms
from songhe.portals.family.views import centre_of_own, page

_SERVED = (BedState.ACTIVE, BedState.PAUSED)
_NEXT = 3  # visits that are shown ahead


def _beds(request: HttpRequest) -> list[own_reads.OwnBed]:
    return own_reads.own_beds(actor_of(request), at=timezone.now())


class Bed(View):
    """Where the bed of each of one's own people stands."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, beds = actor_of(request), _beds(request)
        coming: dict[UUID, list[own_services.OwnService]] = {}
        if any(one.sheet is not None and one.sheet.bed.state in _SERVED for one in beds):
            for service in own_services.ahead(actor, at=timezone.now()):
                coming.setdefault(service.order.person_id, []).append(service)
        context = {"beds": [(one, coming.get(one.person.id, [])[:_NEXT]) for one in beds]}
        centre = centre_of_own(actor)
        return page(request, "bed", context, centre=centre, back=reverse("family:services"))


class Apply(View):
    """Apply for a bed for one of one's own people."""

    def get(self, request: HttpRequest) -> HttpResponse:
        found = self._choices(request)
        if not found:
            return HttpResponseRedirect(reverse("family:bed"))
        return self._show(request, forms.BedForm(choices=found, initial={"person": found[0][0]}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = forms.BedForm(request.POST, choices=self._choices(request))
        if form.is_valid():
            try:
                services.apply_for_bed(
                    actor=actor_of(request),
                    person_id=UUID(form.cleaned_data["person"]),
                    note=form.cleaned_data["note"],
                    at=timezone.now(),
                )
            except (Conflict, Invalid, NotFound) as error:
                refuse(form, error)
            else:
                messages.success(request, _("Applied. You are told here what happens next."))
                return HttpResponseRedirect(reverse("family:bed"))
        return self._show(request, form, status=422)

    def _choices(self, request: HttpRequest) -> list[tuple[str, str]]:
        return [(str(one.person.id), one.person.name) for one in _beds(request) if one.may_apply]

    def _show(
        self, request: HttpRequest, form: forms.BedForm, *, status: int = 200
    ) -> HttpResponse:
        centre, back = centre_of_own(actor_of(request)), reverse("family:bed")
        return page(request, "bed_apply", {"form": form}, centre=centre, back=back, status=status)


class Object(View):
    """Say why one does not accept a refusal; it is said until when there is an answer."""

    def get(self, request: HttpRequest, bed_id: UUID) -> HttpResponse:
        return self._show(request, bed_id, forms.ObjectForm())

    def post(self, request: HttpRequest, bed_id: UUID) -> HttpResponse:
        form = forms.ObjectForm(request.POST)
        if form.is_valid():
            try:
                row = services.object_to_refusal(
                    actor=actor_of(request),
                    bed_id=bed_id,
                    words=form.cleaned_data["words"],
                    at=timezone.now(),
                )
            except (Conflict, Invalid) as error:
                refuse(form, error)
            else:
                said = _("Your objection is with the county. It answers until %(day)s.")
                messages.success(request, said % {"day": formats.short_date(row.answer_by)})
                return HttpResponseRedirect(reverse("family:bed"))
        return self._show(request, bed_id, form, status=422)

    def _show(
        self, request: HttpRequest, bed_id: UUID, form: forms.ObjectForm, *, status: int = 200
    ) -> HttpResponse:
        actor = actor_of(request)
        context = {"one": own_reads.refusal(actor, bed_id, at=timezone.now()), "form": form}
        centre, back = centre_of_own(actor), reverse("family:bed")
        return page(request, "bed_object", context, centre=centre, back=back, status=status)
