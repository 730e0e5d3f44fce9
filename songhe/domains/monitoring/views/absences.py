"""Pages of absences of one person: all of them, entering one, its end, taking it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import absence_panels, absence_reads, phrases, services
from songhe.domains.monitoring.absence_forms import AbsenceForm, EndForm, WithdrawForm, local
from songhe.domains.monitoring.absence_reads import AbsenceView
from songhe.domains.monitoring.terms import AbsenceAct
from songhe.domains.people import panels as people
from songhe.kernel.errors import Conflict, Denied, Invalid
from songhe.kit import formats
from songhe.kit.forms import refuse

TAB = "absences"


@dataclass(frozen=True, slots=True)
class Row:
    """One absence with what was done with it."""

    view: AbsenceView
    kind: str
    period: str
    is_now: bool
    is_ahead: bool
    lines: list[str]


def _line(entry: Any) -> str:
    said = [
        formats.moment(entry.at),
        phrases.made_by(entry.user_id, entry.user_name),
        str(AbsenceAct(entry.kind).label),
    ]
    until = entry.data.get("until")
    if entry.kind in (AbsenceAct.END_SET, AbsenceAct.ENDED):
        moment = parse_datetime(until) if until else None
        said.append(formats.moment(moment) if moment else _("no end is known"))
    return phrases.facts([*said, entry.text])


def _back(person_id: UUID) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("monitoring:absences", args=[person_id]))


class Absences(View):
    """All absences of a person, the newest first."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        at = timezone.now()
        frame = people.frame(request, person_id, TAB)
        person = frame.person
        if not absence_reads.is_open_to(actor, person):
            raise Denied(action=absence_reads.VIEW)
        known = absence_reads.absences_of(actor, person)
        entries = absence_reads.entries_of(known)
        rows = [
            Row(
                view=one,
                kind=absence_panels.kind_words(one),
                period=absence_panels.period_words(one, at),
                is_now=one.holds(at),
                is_ahead=one.since > at,
                lines=[
                    _("Said by %(who)s") % {"who": one.told_by},
                    *(_line(entry) for entry in entries.get(one.id, [])),
                ],
            )
            for one in known
        ]
        standing = absence_reads.standing(actor, person, at=at)
        context = {
            "frame": frame,
            "person": person,
            "rows": rows,
            "notices": absence_panels.notices(standing, at),
            "may_keep": absence_reads.may_keep(actor, person),
        }
        return render(request, "monitoring/absence/absences.html", context)


class AddAbsence(View):
    """Enter that somebody is away."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        initial = {"since": local(timezone.now()), "kind": "hospital"}
        return self._show(request, person_id, AbsenceForm(initial=initial))

    def post(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        form = AbsenceForm(request.POST)
        if not form.is_valid():
            return self._show(request, person_id, form, status=422)
        try:
            services.make_absence(
                actor=request.actor,  # type: ignore[attr-defined]
                person_id=person_id,
                at=timezone.now(),
                **form.cleaned_data,
            )
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return self._show(request, person_id, form, status=error.status)
        messages.success(request, _("Entered. The gateway knows it from now on."))
        return _back(person_id)

    def _show(
        self, request: HttpRequest, person_id: UUID, form: AbsenceForm, *, status: int = 200
    ) -> HttpResponse:
        frame = people.frame(request, person_id, TAB)
        if not absence_reads.may_keep(request.actor, frame.person):  # type: ignore[attr-defined]
            raise Denied(action=absence_reads.KEEP)
        context = {"frame": frame, "person": frame.person, "form": form}
        return render(request, "monitoring/absence/form.html", context, status=status)


class ChangeAbsence(View):
    """What EndAbsence and WithdrawAbsence share: one absence, one short form."""

    http_method_names = ["get", "post"]
    form_class: type[EndForm] | type[WithdrawForm]
    done = ""

    def get(self, request: HttpRequest, absence_id: UUID) -> HttpResponse:
        initial = {"until": local(timezone.now())}
        return self._show(request, absence_id, self.form_class(initial=initial))

    def post(self, request: HttpRequest, absence_id: UUID) -> HttpResponse:
        form = self.form_class(request.POST)
        if not form.is_valid():
            return self._show(request, absence_id, form, status=422)
        try:
            absence = self.act(request, absence_id, form, timezone.now())
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return self._show(request, absence_id, form, status=error.status)
        messages.success(request, _("Changed. The gateway knows it from now on."))
        return _back(absence.person_id)

    def act(self, request: HttpRequest, absence_id: UUID, form: Any, at: datetime) -> Any:
        raise NotImplementedError

    def _show(
        self, request: HttpRequest, absence_id: UUID, form: Any, *, status: int = 200
    ) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        at = timezone.now()
        absence, person = absence_reads.get_absence(actor, absence_id, at=at)
        if not absence_reads.may_keep(actor, person):
            raise Denied(action=absence_reads.KEEP)
        told = phrases.facts(
            [absence_panels.kind_words(absence), absence_panels.period_words(absence, at)]
        )
        frame = people.frame(request, person.id, TAB)
        context = {"frame": frame, "person": person, "form": form, "told": told}
        return render(request, "monitoring/absence/form.html", context, status=status)


class EndAbsence(ChangeAbsence):
    """Say when somebody came back, or that the end is another one."""

    form_class = EndForm

    def act(self, request: HttpRequest, absence_id: UUID, form: Any, at: datetime) -> Any:
        until: datetime | None = form.cleaned_data["until"]
        if until == local(at):  # the field knows minutes only
            until = at
        return services.set_absence_end(
            actor=request.actor,  # type: ignore[attr-defined]
            absence_id=absence_id,
            until=until,
            told_by=form.cleaned_data["told_by"],
            at=at,
        )


class WithdrawAbsence(ChangeAbsence):
    """Take back what was entered by mistake."""

    form_class = WithdrawForm

    def act(self, request: HttpRequest, absence_id: UUID, form: Any, at: datetime) -> Any:
        return services.withdraw_absence(
            actor=request.actor,  # type: ignore[attr-defined]
            absence_id=absence_id,
            reason=form.cleaned_data["told_by"],
            at=at,
        )
