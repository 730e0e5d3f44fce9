"""Pages of subsidies: what a person is entitled to, and the programmes of a region."""

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

from songhe.base.regions.days import day_of
from songhe.domains.organizations import selectors as organizations
from songhe.domains.people import panels
from songhe.domains.subsidies import selectors, services, words
from songhe.domains.subsidies.forms import GiveForm, LoadForm, ReasonForm, choose
from songhe.domains.subsidies.selectors import NoSuchEntitlement
from songhe.domains.subsidies.services import NotFor
from songhe.domains.subsidies.terms import KEEP_PROGRAMMES, EntitlementState
from songhe.kernel.errors import Conflict, Invalid
from songhe.kit.asks import actor_of
from songhe.kit.forms import refuse


class PersonEntitlements(View):
    """What others pay for a person, and what is left of the month."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        frame = panels.frame(request, person_id, "entitlements")
        if "finance" not in frame.person.fields:
            raise NoSuchEntitlement
        on = day_of(now)
        lines = selectors.entitlements_of(actor, frame.person, on=on, at=now)
        context = {
            "frame": frame,
            "person": frame.person,
            "month": on,
            "lines": [
                {
                    "line": one,
                    "state": EntitlementState(one.state).label,
                    "rule": words.rule_words(one.programme),
                    "is_open": one.state != EntitlementState.ENDED,
                }
                for one in lines
            ],
            "may_keep": selectors.may_keep(actor, frame.person.region_code),
        }
        return render(request, "subsidies/person.html", context)


class Give(View):
    """Entitle a person to a programme."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        form = GiveForm(initial={"since": day_of(timezone.now())})
        return self._show(request, person_id, form)

    def post(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        form = GiveForm(request.POST)
        self._offer(request, person_id, form)
        if not form.is_valid():
            return self._show(request, person_id, form, status=422)
        given = form.cleaned_data
        try:
            services.give_entitlement(
                actor=actor_of(request),
                person_id=person_id,
                programme=given["programme"],
                since=given["since"],
                until=given["until"],
                cap_fen=form.cap_fen,
                at=timezone.now(),
            )
        except NotFor as error:
            why = words.why_not_words(error.params["why"])
            refuse(form, NotFor(field="programme", why=why))
        except (Invalid, Conflict, selectors.NoSuchProgramme) as error:
            refuse(form, error)
        else:
            messages.success(request, _("Given."))
            return HttpResponseRedirect(reverse("subsidies:person", args=[person_id]))
        return self._show(request, person_id, form, status=422)

    def _offer(
        self, request: HttpRequest, person_id: UUID, form: GiveForm
    ) -> list[selectors.ProgrammeView]:
        found = selectors.can_be_given(actor_of(request), person_id, on=day_of(timezone.now()))
        choose(form, "programme", [(one.code, one.name) for one in found])
        return found

    def _show(
        self, request: HttpRequest, person_id: UUID, form: GiveForm, *, status: int = 200
    ) -> HttpResponse:
        found = self._offer(request, person_id, form)
        frame = panels.frame(request, person_id, "entitlements")
        rules = [(one.name, words.rule_words(one), words.for_words(one)) for one in found]
        context = {"frame": frame, "person": frame.person, "form": form, "rules": rules}
        return render(request, "subsidies/give.html", context, status=status)


class _WithReason(View):
    """Ask why, then do one step with an entitlement."""

    http_method_names = ["get", "post"]
    do: Any = None
    verb: Any = ""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        return self._show(request, id, ReasonForm())

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return self._show(request, id, form, status=422)
        person_id = selectors.person_of(actor_of(request), id)
        type(self).do(
            actor=actor_of(request),
            entitlement_id=id,
            reason=form.cleaned_data["note"],
            at=timezone.now(),
        )
        messages.success(request, _("Done."))
        return HttpResponseRedirect(reverse("subsidies:person", args=[person_id]))

    def _show(
        self, request: HttpRequest, pk: UUID, form: ReasonForm, *, status: int = 200
    ) -> HttpResponse:
        person_id = selectors.person_of(actor_of(request), pk)
        frame = panels.frame(request, person_id, "entitlements")
        context = {"frame": frame, "person": frame.person, "form": form, "verb": self.verb}
        return render(request, "subsidies/reason.html", context, status=status)


class Pause(_WithReason):
    do = services.pause_entitlement

    @property
    def verb(self) -> str:
        """Return what is done, for heading and button."""
        return _("Let the entitlement rest")


class End(_WithReason):
    do = services.end_entitlement

    @property
    def verb(self) -> str:
        """Return what is done, for heading and button."""
        return _("End the entitlement")


class Resume(View):
    """Let an entitlement go on."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        person_id = selectors.person_of(actor_of(request), id)
        services.resume_entitlement(actor=actor_of(request), entitlement_id=id, at=timezone.now())
        messages.success(request, _("Done."))
        return HttpResponseRedirect(reverse("subsidies:person", args=[person_id]))


class Programmes(View):
    """What is paid by whom in the region, and beginning with what ships."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(request, self._form(request, None))

    def post(self, request: HttpRequest) -> HttpResponse:
        form, now = self._form(request, request.POST), timezone.now()
        if not form.is_valid():
            return self._show(request, form, status=422)
        prefixes = actor_of(request).prefixes(KEEP_PROGRAMMES)
        count = services.load_programmes(
            actor=actor_of(request),
            region_prefix=prefixes[0],
            funders={name: UUID(pk) for name, pk in form.cleaned_data.items() if pk},
            from_on=day_of(now),
            at=now,
        )
        messages.success(request, _("%(n)s programmes are in force from today on.") % {"n": count})
        return HttpResponseRedirect(reverse("subsidies:programmes"))

    def _form(self, request: HttpRequest, data: Any) -> LoadForm:
        rows = organizations.organizations_for(actor_of(request), KEEP_PROGRAMMES)
        named = [(str(row.pk), organizations.name_of(row)) for row in rows]
        return LoadForm(data, organizations=named)

    def _show(self, request: HttpRequest, form: LoadForm, *, status: int = 200) -> HttpResponse:
        found = selectors.programmes(day_of(timezone.now()))
        funders = organizations.organizations_by_id({one.funder_id for one in found})
        context = {
            "form": form,
            "is_empty": not found,
            "rows": [
                {
                    "programme": one,
                    "funder": organizations.name_of(funders[one.funder_id]),
                    "rule": words.rule_words(one),
                    "whom": words.for_words(one),
                    "kinds": words.kind_words(one),
                }
                for one in found
            ],
            "coming": [
                {"line": one, "rule": words.rule_words(one.programme)}
                for one in selectors.coming(day_of(timezone.now()))
            ],
        }
        return render(request, "subsidies/programmes.html", context, status=status)
