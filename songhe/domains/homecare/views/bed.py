"""One bed: its road, and the forms of each step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from songhe.base.access import policies
from songhe.domains.homecare import (
    agreement_texts,
    course,
    fit_reads,
    list_reads,
    month_reads,
    own_reads,
    road,
    selectors,
    services,
    terms,
    whom_reads,
)
from songhe.domains.homecare.bed_forms import (
    AgreeForm,
    AssessForm,
    ObjectionForm,
    PauseForm,
    PlanForm,
    ReasonForm,
    ReturnForm,
    ReviewForm,
    agreement_days,
    plan_initial,
)
from songhe.domains.homecare.params import params
from songhe.kernel.errors import Conflict, Invalid, NotFound
from songhe.kit.asks import actor_of
from songhe.kit.errors import sentence
from songhe.kit.forms import KitForm, refuse


def _back(bed_id: UUID) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("homecare:bed", args=[bed_id]))


class BedPage(View):
    """One bed as a road: what is done, what is next and who does it, what is missing."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        now = timezone.now()
        sheet = road.sheet(actor_of(request), id, at=now)
        context = {
            "sheet": sheet,
            "bed": sheet.bed,
            "lacks": road.lacking_now(sheet.bed, at=now),
            "may": {action.partition(".")[2]: True for action in sheet.may},
            "state": sheet.bed.state,
            "course": course.course_of(sheet),
            "may_see_person": actor_of(request).may("people.view_person"),
            "today": timezone.localdate(now),
            "objections": own_reads.objections_of(sheet.bed),
            "may_answer": policies.can(actor_of(request), terms.ANSWER, sheet.bed),
            "renewal_by": list_reads.horizons(timezone.localdate(now))[1],
        }
        return render(request, "homecare/bed.html", context)


class StepForm(View):
    """A form of one step: shown, taken, or shown again with what was wrong."""

    title: Any = ""
    button: Any = gettext_lazy("Save")
    done: Any = gettext_lazy("Saved.")
    template = "homecare/step.html"

    def form(self, bed: selectors.HomeBed, data: Any = None, files: Any = None) -> KitForm:
        raise NotImplementedError

    def call(self, bed: selectors.HomeBed, form: Any) -> None:
        raise NotImplementedError

    def more(self) -> dict[str, Any]:
        """Return what the page of this step shows beside its form."""
        return {}

    def get(self, request: HttpRequest, id: UUID, **more: Any) -> HttpResponse:  # noqa: A002
        bed = selectors.get_bed(actor_of(request), id, at=timezone.now())
        return self._show(request, bed, self.form(bed))

    def post(self, request: HttpRequest, id: UUID, **more: Any) -> HttpResponse:  # noqa: A002
        bed = selectors.get_bed(actor_of(request), id, at=timezone.now())
        form = self.form(bed, request.POST, request.FILES)
        if form.is_valid():
            try:
                self.call(bed, form)
            except (Conflict, Invalid, NotFound) as error:
                refuse(form, error)
            else:
                messages.success(request, str(self.done))
                return _back(bed.pk)
        return self._show(request, bed, form, status=422)

    def _show(
        self, request: HttpRequest, bed: selectors.HomeBed, form: KitForm, *, status: int = 200
    ) -> HttpResponse:
        context = {
            "bed": bed,
            "form": form,
            "title": self.title,
            "button": self.button,
            "whom": whom_reads.whom(actor_of(request), bed, today=timezone.localdate()),
        }
        return render(request, self.template, context | self.more(), status=status)


class Assess(StepForm):
    """The home visit."""

    title = gettext_lazy("Home visit and ability level")

    def form(self, bed: selectors.HomeBed, data: Any = None, files: Any = None) -> KitForm:
        return AssessForm(data, initial={"visited_on": timezone.localdate(), "basis": "visit"})

    def call(self, bed: selectors.HomeBed, form: Any) -> None:
        services.assess(
            actor=actor_of(self.request), bed_id=bed.pk, at=timezone.now(), **form.cleaned_data
        )


class Agree(StepForm):
    """The agreement, or the next one."""

    title = gettext_lazy("Agreement")
    button = gettext_lazy("Keep the agreement")
    template = "homecare/agree.html"

    def more(self) -> dict[str, Any]:
        return {"text": agreement_texts.text_now()}

    def form(self, bed: selectors.HomeBed, data: Any = None, files: Any = None) -> KitForm:
        today = timezone.localdate()
        days: dict[str, Any] = {**agreement_days(today), "form": "screen", "signer": "self"}
        if bed.agreed_until is not None and bed.agreed_until > today:
            days |= agreement_days(bed.agreed_until) | {"signed_on": today}
        return AgreeForm(data, files, initial=days)

    def call(self, bed: selectors.HomeBed, form: Any) -> None:
        services.sign_agreement(
            actor=actor_of(self.request), bed_id=bed.pk, at=timezone.now(), **form.signed
        )


class Plan(StepForm):
    """The next version of the care plan; it begins as the one that counts now."""

    title = gettext_lazy("Care plan")
    button = gettext_lazy("Keep this version")
    template = "homecare/plan.html"

    def form(self, bed: selectors.HomeBed, data: Any = None, files: Any = None) -> KitForm:
        now = timezone.now()
        items = road.items_for(bed, at=now)
        sheet = road.sheet(actor_of(self.request), bed.pk, at=now)
        return PlanForm(data, items=items, initial=plan_initial(sheet.plan))

    def call(self, bed: selectors.HomeBed, form: Any) -> None:
        services.make_plan(
            actor=actor_of(self.request),
            bed_id=bed.pk,
            goals=form.goals,
            services=form.services,
            at=timezone.now(),
        )


class ReviewPage(StepForm):
    """The monthly look."""

    title = gettext_lazy("Monthly review")
    template = "homecare/review.html"

    def more(self) -> dict[str, Any]:
        actor, now = actor_of(self.request), timezone.now()
        bed = selectors.get_bed(actor, self.kwargs["id"], at=now)
        return {"months": month_reads.months_of(actor, bed, at=now)}

    def form(self, bed: selectors.HomeBed, data: Any = None, files: Any = None) -> KitForm:
        sheet = road.sheet(actor_of(self.request), bed.pk, at=timezone.now())
        goals = [
            (one.id, one.words or _("Goal %(n)d") % {"n": at + 1})
            for at, one in enumerate(sheet.plan.goals if sheet.plan else [])
        ]
        return ReviewForm(data, goals=goals, initial={"month": timezone.localdate()})

    def call(self, bed: selectors.HomeBed, form: Any) -> None:
        given = dict(form.cleaned_data)
        given["goals_met"] = [UUID(pk) for pk in given["goals_met"]]
        services.review_bed(actor=actor_of(self.request), bed_id=bed.pk, at=timezone.now(), **given)


_STOPS = {
    "refuse": (gettext_lazy("Refuse the application"), services.refuse_bed),
    "pause": (gettext_lazy("Pause the bed"), services.pause_bed),
    "end": (gettext_lazy("End the bed"), services.end_bed),
}


class Stop(StepForm):
    """Refuse, pause or end, with the reason."""

    http_method_names = ["get", "post"]

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        if kwargs.get("move") not in _STOPS:
            raise Http404
        self.title = self.button = _STOPS[kwargs["move"]][0]

    def form(self, bed: selectors.HomeBed, data: Any = None, files: Any = None) -> KitForm:
        if self.kwargs["move"] != "pause":
            return ReasonForm(data)
        days = params()["pause"]["look_after_days"]
        usual = timezone.localdate() + timedelta(days=days)
        return PauseForm(data, initial={"look_on": usual})

    def call(self, bed: selectors.HomeBed, form: Any) -> None:
        act = _STOPS[self.kwargs["move"]][1]
        act(actor=actor_of(self.request), bed_id=bed.pk, at=timezone.now(), **form.cleaned_data)


class Answer(StepForm):
    """The objection to a refusal, and its answer by somebody else than who refused."""

    title = gettext_lazy("Objection to the refusal")
    button = gettext_lazy("Send the answer")
    done = gettext_lazy("Answered. Who objected is told.")
    template = "homecare/objection.html"

    def form(self, bed: selectors.HomeBed, data: Any = None, files: Any = None) -> KitForm:
        return ObjectionForm(data)

    def more(self) -> dict[str, Any]:
        actor, now = actor_of(self.request), timezone.now()
        sheet = road.sheet(actor, self.kwargs["id"], at=now)
        return {
            "sheet": sheet,
            "objections": own_reads.objections_of(sheet.bed),
            "today": timezone.localdate(now),
        }

    def call(self, bed: selectors.HomeBed, form: Any) -> None:
        services.answer_objection(
            actor=actor_of(self.request),
            bed_id=bed.pk,
            outcome=terms.Outcome(form.cleaned_data["outcome"]),
            answer=form.cleaned_data["answer"],
            at=timezone.now(),
        )


class Press(View):
    """A step that needs one press: accepted, taken into use, taken up again."""

    http_method_names = ["post"]
    call: Any = None

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        try:
            type(self).call(actor=actor_of(request), bed_id=id, at=timezone.now())
        except (Conflict, Invalid) as error:
            messages.error(request, sentence(error))
        else:
            messages.success(request, _("Done."))
        return _back(id)


class Accept(Press):
    call = staticmethod(services.start_fitting)


class Fitted(Press):
    call = staticmethod(services.finish_fitting)


class Activate(Press):
    call = staticmethod(services.activate_bed)


class Resume(Press):
    call = staticmethod(services.resume_bed)


class Fit(View):
    """What the home needs, with the devices here that could meet it."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = actor_of(request), timezone.now()
        bed = selectors.get_bed(actor, id, at=now)
        lines = fit_reads.fit_lines(actor, bed, at=now)
        context = {
            "bed": bed,
            "lines": lines,
            "now": now,
            "whom": whom_reads.whom(actor, bed, today=timezone.localdate(now)),
            "is_whole": all(
                one.equipment.line.works for one in lines if one.equipment.line.need.required
            ),
            "may_see_devices": actor.may("devices.view_device"),
            "may_bind": actor.may("devices.bind_device"),
            "may_register": actor.may("devices.register_device") and bed.state in terms.OPEN,
            "may_door": bed.home_id is not None and actor.may("dispatch.keep_doors"),
        }
        return render(request, "homecare/fit.html", context)

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        need = None
        try:
            need = UUID(request.POST.get("need", ""))
            services.fit_device(
                actor=actor_of(request),
                bed_id=id,
                need_id=need,
                device_id=UUID(request.POST.get("device", "")),
                at=timezone.now(),
            )
        except ValueError:
            messages.error(request, _("Please choose a device."))
        except (Conflict, Invalid) as error:
            messages.error(request, sentence(error))
        else:
            messages.success(request, _("Fitted."))
        place = fit_reads.anchor_of(need) if need is not None else ""
        return HttpResponseRedirect(f"{reverse('homecare:fit', args=[id])}#{place}")


class Return(View):
    """Say that a device came back, or is lost."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID, return_id: UUID) -> HttpResponse:  # noqa: A002
        form = ReturnForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Please say whether it came back."))
            return _back(id)
        services.close_return(
            actor=actor_of(request),
            bed_id=id,
            return_id=return_id,
            state=terms.ReturnState(form.cleaned_data["state"]),
            at=timezone.now(),
        )
        messages.success(request, _("Done."))
        return _back(id)
