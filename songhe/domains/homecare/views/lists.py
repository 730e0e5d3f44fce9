"""The list of beds, those of one person, and the application."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.generic import View

from songhe.base.regions import selectors as regions
from songhe.domains.homecare import list_reads, selectors, services, tables, terms
from songhe.domains.homecare.bed_forms import ApplyForm
from songhe.domains.homecare.policies import is_own
from songhe.domains.people import panels as people_panels
from songhe.domains.people import selectors as people
from songhe.kernel.errors import Conflict, Invalid, NotFound
from songhe.kit.asks import actor_of
from songhe.kit.forms import refuse


class Beds(View):
    """Beds by state; what is due first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        shown = request.GET.get("show", "open")
        tabs = [
            ("open", _("All open")),
            ("due", _("Due")),
            *((one.value, str(one.label)) for one in terms.BedState),
        ]
        shown = shown if shown in dict(tabs) else "open"
        found = (
            list_reads.due_of(actor, today=timezone.localdate(now))
            if shown == "due"
            else selectors.list_beds(actor, state=shown)
        )
        context = {
            "table": tables.BedTable(request, tables.BedRows(actor, found, now)),
            "tabs": [(label, f"?show={key}", key == shown) for key, label in tabs],
            "may_apply": actor.may(terms.APPLY),
            "may_ward": actor.may(terms.WARD),
        }
        return render(request, "homecare/beds.html", context)


class BedsOfPerson(View):
    """The beds of one person, on her own pages."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        frame = people_panels.frame(request, person_id, "homecare")
        actor, now = actor_of(request), timezone.now()
        beds = selectors.beds_of_person(actor, frame.person.id)
        lines = list_reads.bed_lines(actor, beds, today=timezone.localdate(now))
        sees_all = actor.covers(terms.VIEW, frame.person.region_code) or is_own(
            actor, frame.person.id
        )
        table = tables.BedTable(
            request,
            lines,
            empty=_("No home care bed yet")
            if sees_all
            else _("No home care bed is open to you here"),
        )
        has_open = any(bed.state in terms.OPEN for bed in beds)
        context = {
            "frame": frame,
            "person": frame.person,
            "table": table,
            "may_apply": not has_open and actor.covers(terms.APPLY, frame.person.region_code),
        }
        return render(request, "homecare/of_person.html", context)


class Apply(View):
    """Find the person and apply for a bed in her home."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, request.GET.get("words", ""))

    def post(self, request: HttpRequest) -> HttpResponse:
        words = request.POST.get("words", "")
        form = ApplyForm(request.POST, choices=self._choices(request, words))
        if form.is_valid():
            try:
                bed = services.apply_for_bed(
                    actor=actor_of(request),
                    person_id=form.cleaned_data["person"],
                    note=form.cleaned_data["note"],
                    at=timezone.now(),
                )
            except (Conflict, Invalid, NotFound) as error:
                refuse(form, error)
            else:
                return HttpResponseRedirect(reverse("homecare:bed", args=[bed.pk]))
        return self._show(request, words, form, status=422)

    def _choices(self, request: HttpRequest, words: str) -> list[tuple[str, str]]:
        if not words.strip():
            return []
        today = timezone.localdate()
        found = people.choose_persons(actor_of(request), people.LIST, words)
        places = regions.names(sorted({one.region_code for one in found}))
        return [
            (str(one.id), " · ".join(str(part) for part in _parts(one, places, today) if part))
            for one in found
        ]

    def _show(
        self, request: HttpRequest, words: str, form: ApplyForm | None = None, *, status: int = 200
    ) -> HttpResponse:
        choices = self._choices(request, words)
        context = {
            "words": words,
            "choices": choices,
            "form": form or ApplyForm(choices=choices),
            "title": pgettext("a home care bed", "Apply for a home care bed"),
        }
        return render(request, "homecare/apply.html", context, status=status)


def _parts(
    one: people.PersonView, places: dict[str, str], today: date
) -> tuple[str, int | None, str]:
    """Return by what one tells people of one name apart: name, age, where she lives."""
    return one.name, one.age(today), places.get(one.region_code, "")
