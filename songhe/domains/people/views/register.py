"""Pages of the register of one person: what holds, its course, recording and correcting."""

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
from songhe.domains.people import (
    importing,
    merge_reads,
    panels,
    register,
    register_reads,
    services,
)
from songhe.domains.people.forms import ADDRESS, RecordForm
from songhe.domains.people.register import Kind
from songhe.domains.people.services import Fact
from songhe.domains.people.services.recording import LaterEntry, NoSuchRecord
from songhe.kernel.errors import Conflict, Invalid, NotFound
from songhe.kit.forms import refuse

MOVE = "people.move_person"


class NoSuchKind(NotFound):
    code = "people.no_such_kind"
    message = "The register keeps nothing of this kind, or it is not open to you."


class Register(View):
    """Everything the register says of a person now, each with the day since when it is true."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        frame = panels.frame(request, person_id, "register")
        found = register_reads.register_of(actor, frame.person.id, at=timezone.now())
        context = {
            "frame": frame,
            "person": frame.person,
            "courses": list(found.values()),
            "merges": merge_reads.merges_of(actor, frame.person.id),
            "may_merge": actor.may("people.merge_persons"),
        }
        return render(request, "people/register.html", context)


class Course(View):
    """The course of one kind: what held when, who recorded it when, what was wrong."""

    def get(self, request: HttpRequest, person_id: UUID, topic: str) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        frame = panels.frame(request, person_id, "register")
        found = register_reads.register_of(actor, frame.person.id, at=timezone.now())
        if topic not in found:
            raise NoSuchKind
        context = {"frame": frame, "person": frame.person, "course": found[topic]}
        return render(request, "people/course.html", context)


class Record(View):
    """Record a fact of one kind with the day since when it is true."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, person_id: UUID, topic: str) -> HttpResponse:
        kind, frame, course = self._of(request, person_id, topic)
        initial: dict[str, Any] = {}
        if course.current is not None and kind.form == "choice":
            initial = {"value": course.current.value, "level": course.current.data.get("level")}
        form = RecordForm(kind=kind, communities=communities(request), initial=initial)
        return self._show(request, frame, course, form)

    def post(self, request: HttpRequest, person_id: UUID, topic: str) -> HttpResponse:
        kind, frame, course = self._of(request, person_id, topic)
        form = RecordForm(request.POST, kind=kind, communities=communities(request))
        if not form.is_valid():
            return self._show(request, frame, course, form, status=422)
        now = timezone.now()
        try:
            services.record_fact(
                actor=request.actor,  # type: ignore[attr-defined]
                person_id=frame.person.id,
                fact=fact_of(kind, form.cleaned_data),
                since=days.begin_of(form.cleaned_data["since_on"]),
                at=now,
                between=form.cleaned_data.get("between", False),
            )
        except LaterEntry as error:
            again = request.POST.copy()
            again["ask_between"] = "1"
            form = RecordForm(again, kind=kind, communities=communities(request))
            form.is_valid()
            refuse(form, error)
            return self._show(request, frame, course, form, status=error.status)
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return self._show(request, frame, course, form, status=error.status)
        messages.success(request, _("Recorded."))
        return HttpResponseRedirect(reverse("people:register", args=[frame.person.id]))

    def _of(
        self, request: HttpRequest, person_id: UUID, topic: str
    ) -> tuple[Kind, panels.PersonFrame, register_reads.Course]:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        frame = panels.frame(request, person_id, "register")
        found = register_reads.register_of(actor, frame.person.id, at=timezone.now())
        if topic not in found:
            raise NoSuchKind
        return register.kinds()[topic], frame, found[topic]

    def _show(
        self,
        request: HttpRequest,
        frame: panels.PersonFrame,
        course: register_reads.Course,
        form: RecordForm,
        *,
        status: int = 200,
    ) -> HttpResponse:
        context = {
            "frame": frame,
            "person": frame.person,
            "course": course,
            "form": form,
            "ask_between": "ask_between" in form.data or "between" in form.fields,
        }
        return render(request, "people/record.html", context, status=status)


class Correct(View):
    """Put a better entry in the place of a wrong one, or take it back."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, record_id: UUID) -> HttpResponse:
        kind, frame, line = self._of(request, record_id)
        initial: dict[str, Any] = {"since_on": line.since_on, "value": line.value}
        initial |= {"level": line.data.get("level"), "note": line.note}
        form = RecordForm(
            kind=kind, communities=communities(request), correcting=True, initial=initial
        )
        return self._show(request, frame, kind, line, form)

    def post(self, request: HttpRequest, record_id: UUID) -> HttpResponse:
        kind, frame, line = self._of(request, record_id)
        actor: Actor = request.actor  # type: ignore[attr-defined]
        now = timezone.now()
        form = RecordForm(
            request.POST, kind=kind, communities=communities(request), correcting=True
        )
        withdrawing = "withdraw" in request.POST
        if not form.is_valid() and not withdrawing:
            return self._show(request, frame, kind, line, form, status=422)
        try:
            if withdrawing:
                services.withdraw_record(
                    actor=actor, record_id=record_id, reason=request.POST.get("reason", ""), at=now
                )
            else:
                services.correct_record(
                    actor=actor,
                    record_id=record_id,
                    fact=fact_of(kind, form.cleaned_data),
                    since=days.begin_of(form.cleaned_data["since_on"]),
                    reason=form.cleaned_data["reason"],
                    at=now,
                )
        except (Invalid, Conflict) as error:
            refuse(form, error)
            return self._show(request, frame, kind, line, form, status=error.status)
        messages.success(request, _("Corrected; the earlier entry stays readable."))
        where = reverse("people:course", args=[frame.person.id, kind.code])
        return HttpResponseRedirect(where)

    def _of(
        self, request: HttpRequest, record_id: UUID
    ) -> tuple[Kind, panels.PersonFrame, register_reads.Line]:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        person, kind, line = register_reads.record_of(actor, record_id)
        try:
            frame = panels.frame(request, person.pk, "register")
        except NotFound:
            raise NoSuchRecord from None
        return kind, frame, line

    def _show(
        self,
        request: HttpRequest,
        frame: panels.PersonFrame,
        kind: Kind,
        line: register_reads.Line,
        form: RecordForm,
        *,
        status: int = 200,
    ) -> HttpResponse:
        context = {"frame": frame, "kind": kind, "line": line, "form": form}
        return render(request, "people/correct.html", context, status=status)


def communities(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the communities where the reader may let people live."""
    return importing.community_choices(request.actor, MOVE)  # type: ignore[attr-defined]


def fact_of(kind: Kind, given: dict[str, Any]) -> Fact:
    """Return what a form tells, as the service takes it."""
    note = given["note"]
    if kind.form == "home":
        if given["where"] == ADDRESS:
            return Fact(
                kind.code, note=note, region_code=given["community"], address=given["address"]
            )
        return Fact(kind.code, register.ELSEWHERE, note=note)
    if kind.form == "death":
        return Fact(kind.code, "died", note=note)
    if kind.form == "sealed":
        return Fact(kind.code, sealed=given["value"].strip(), note=note)
    data = {"level": given["level"]} if given.get("level") and given["value"] != "none" else {}
    return Fact(kind.code, given["value"].strip(), data=data, note=note)
