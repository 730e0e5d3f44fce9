"""Pages of retention: how long everything is kept, legal holds, runs and their certificates."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.base.retention import holds, periods, running
from songhe.domains.security import jobs, retention_acts, retention_reads
from songhe.domains.security.retention_forms import FindForm, HoldForm, LiftForm, PeriodForm
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.asks import actor_of
from songhe.kit.forms import refuse


def _to(name: str, *args: Any) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse(f"security:{name}", args=args))


class Retention(View):
    """How long each class is kept, what goes next, what the last run did; the holds."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        may_see = actor.may(holds.VIEW)
        context = {
            "state": retention_reads.retention(actor, at=now),
            "holds": retention_reads.hold_lines(actor, at=now) if may_see else None,
            "may_hold": actor.may(holds.KEEP),
            "may_run": actor.may(running.RUN),
            "may_set": actor.may(periods.SET),
        }
        return render(request, "security/retention/page.html", context)


class AskTrial(View):
    """Ask what would go now."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            running.ask_trial(
                actor=actor_of(request),
                at=timezone.now(),
                defer=lambda pk: jobs.try_destruction.defer(run_id=str(pk)),
            )
        except Conflict as error:
            messages.warning(request, _(error.message))
        return _to("retention")


class RunPage(View):
    """One run: what went of each class, and its certificate."""

    def get(self, request: HttpRequest, destruction_id: UUID) -> HttpResponse:
        page = retention_reads.run_page(actor_of(request), destruction_id)
        return render(request, "security/retention/run.html", {"run": page})


class StopDestruction(View):
    """Ask a run to stop."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, destruction_id: UUID) -> HttpResponse:
        running.stop(actor=actor_of(request), run_id=destruction_id, at=timezone.now())
        messages.success(request, _("It stops behind the piece it is at."))
        return _to("retention")


class CertificateFile(View):
    """Download a certificate, to check it on another machine."""

    def get(self, request: HttpRequest, destruction_id: UUID) -> HttpResponse:
        body = retention_reads.certificate_file(actor_of(request), destruction_id)
        response = HttpResponse(body, content_type="application/json")
        name = f"songhe-destruction-{destruction_id}.json"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


class SetPeriod(View):
    """How long a class is kept from now on."""

    def get(self, request: HttpRequest, data_class: str) -> HttpResponse:
        line = retention_reads.class_line(actor_of(request), data_class, at=timezone.now())
        return self._page(request, line, PeriodForm())

    def post(self, request: HttpRequest, data_class: str) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        line = retention_reads.class_line(actor, data_class, at=now)
        form = PeriodForm(request.POST)
        if form.is_valid():
            try:
                periods.set_period(actor=actor, data_class=data_class, at=now, **form.cleaned_data)
            except Invalid as error:
                refuse(form, error)
        if form.errors:
            return self._page(request, line, form)
        messages.success(request, _("The period holds from tonight's run on."))
        return _to("retention")

    def _page(
        self, request: HttpRequest, line: retention_reads.ClassLine, form: PeriodForm
    ) -> HttpResponse:
        status = 422 if form.errors else 200
        context = {"line": line, "form": form}
        return render(request, "security/retention/period.html", context, status=status)


class ChooseHeld(View):
    """Whom or what to hold: a person by full name or ID number, or a class."""

    def get(self, request: HttpRequest) -> HttpResponse:
        words = request.GET.get("q", "")
        context = {
            "form": FindForm(initial={"q": words}),
            "words": words,
            "persons": retention_acts.named(actor_of(request), words),
            "classes": [
                (one.name, retention_reads.name_of(one)) for one in retention_reads.holdable()
            ],
        }
        return render(request, "security/retention/choose.html", context)


class PlaceHold(View):
    """Hold what the address names."""

    done: Promise

    def name(self, actor: Actor, **held: Any) -> str:
        """Return what is held, for the head of the page."""
        raise NotImplementedError

    def place(self, **said: Any) -> UUID:
        """Place the hold with what the form says of it; return its id."""
        raise NotImplementedError

    def get(self, request: HttpRequest, **held: Any) -> HttpResponse:
        return self._page(request, held, HoldForm())

    def post(self, request: HttpRequest, **held: Any) -> HttpResponse:
        form, now = HoldForm(request.POST), timezone.now()
        if form.is_valid():
            try:
                hold_id = self.place(actor=actor_of(request), at=now, **held, **form.said(now))
            except (Invalid, Conflict) as error:
                refuse(form, error)
            else:
                messages.success(request, str(self.done))
                return _to("hold", hold_id)
        return self._page(request, held, form)

    def _page(self, request: HttpRequest, held: dict[str, Any], form: HoldForm) -> HttpResponse:
        context = {"what": self.name(actor_of(request), **held), "form": form}
        status = 422 if form.errors else 200
        return render(request, "security/retention/place.html", context, status=status)


class HoldPerson(PlaceHold):
    """Hold all data of one person."""

    done = gettext_lazy("Held: nothing of this person is destroyed by time.")

    def name(self, actor: Actor, **held: Any) -> str:
        return retention_acts.chosen(actor, held["person_id"]).name

    def place(self, **said: Any) -> UUID:
        return retention_acts.hold_person(**said).pk


class HoldClass(PlaceHold):
    """Hold a class of data."""

    done = gettext_lazy("Held: nothing of this class is destroyed by time.")

    def name(self, actor: Actor, **held: Any) -> str:
        return retention_reads.name_of(retention_reads.class_of(held["data_class"]))

    def place(self, **said: Any) -> UUID:
        return holds.place(**said).pk


class HoldPage(View):
    """One hold: its paper, its reason, until when; lifting it."""

    def get(self, request: HttpRequest, hold_id: UUID) -> HttpResponse:
        return _one_hold(request, hold_id, LiftForm())


class LiftHold(View):
    """Lift a hold now."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, hold_id: UUID) -> HttpResponse:
        form = LiftForm(request.POST)
        if form.is_valid():
            try:
                holds.lift(
                    actor=actor_of(request),
                    hold_id=hold_id,
                    reason=form.cleaned_data["reason"],
                    at=timezone.now(),
                )
            except Invalid as error:
                refuse(form, error)
        if form.errors:
            return _one_hold(request, hold_id, form)
        messages.success(request, _("Lifted: what is out of time goes with the next run."))
        return _to("hold", hold_id)


def _one_hold(request: HttpRequest, hold_id: UUID, form: LiftForm) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "line": retention_reads.hold_line(actor, hold_id, at=timezone.now()),
        "form": form,
        "may_hold": actor.may(holds.KEEP),
    }
    status = 422 if form.errors else 200
    return render(request, "security/retention/hold.html", context, status=status)
