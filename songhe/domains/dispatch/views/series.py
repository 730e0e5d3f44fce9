"""What a person gets again and again: the tab of her page, a new series, pause and end."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.dispatch import series_reads, services, terms
from songhe.domains.dispatch.plan_forms import SeriesForm
from songhe.domains.dispatch.services import Wanted
from songhe.domains.dispatch.services.doors import kept_homes
from songhe.domains.people import panels
from songhe.domains.people import selectors as people
from songhe.kernel.errors import Conflict, Invalid, NotFound
from songhe.kit.forms import refuse


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


class PersonServices(View):
    """A person's series and orders, with price and who pays."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        actor, now = _actor(request), timezone.now()
        frame = panels.frame(request, person_id, "services")
        context = {
            "frame": frame,
            "person": frame.person,
            "series": series_reads.series_of(actor, frame.person, at=now),
            "orders": series_reads.orders_of(actor, person_id),
            "may_keep": series_reads.may_keep(actor, frame.person.region_code),
            "door_home": _door_of(request, person_id),
        }
        return render(request, "dispatch/series/services.html", context)


def _door_of(request: HttpRequest, person_id: UUID) -> UUID | None:
    """Return the home whose door the reader keeps; None of an institution, or not hers."""
    actor, now = _actor(request), timezone.now()
    home = people.home_of(person_id, at=now) if actor.may(terms.KEEP_DOORS) else None
    if home is None or home.is_institution:
        return None
    return home.pk if kept_homes(actor, [home.pk]) else None


class NewSeries(View):
    """Begin a series for a person."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        today = timezone.localdate()
        return self._show(request, person_id, {"since": today + timedelta(days=1), "every": "1"})

    def post(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        frame = panels.frame(request, person_id, "services")
        form = self._form(request, frame, bound=True)
        if form.is_valid():
            given = form.cleaned_data
            try:
                services.make_series(
                    actor=_actor(request),
                    person_id=person_id,
                    organization_id=UUID(given["organization"]),
                    wanted=Wanted(
                        item_code=given["item"],
                        rule=form.rule,
                        begins=given["begins"],
                        ends=given["ends"],
                        since=given["since"],
                        until=given["until"],
                        rests_on_holidays=given["rests"],
                        sex_wish=given["sex_wish"],
                        note=given["note"],
                    ),
                    at=timezone.now(),
                )
            except (Conflict, Invalid, NotFound) as error:
                refuse(form, error)
            else:
                return HttpResponseRedirect(reverse("dispatch:services", args=[person_id]))
        context = {"frame": frame, "person": frame.person, "form": form}
        return render(request, "dispatch/series/form.html", context, status=422)

    def _show(
        self, request: HttpRequest, person_id: UUID, initial: dict[str, object]
    ) -> HttpResponse:
        frame = panels.frame(request, person_id, "services")
        form = self._form(request, frame, initial=initial)
        context = {"frame": frame, "person": frame.person, "form": form}
        return render(request, "dispatch/series/form.html", context)

    def _form(
        self,
        request: HttpRequest,
        frame: panels.PersonFrame,
        *,
        bound: bool = False,
        initial: dict[str, object] | None = None,
    ) -> SeriesForm:
        region = frame.person.region_code
        return SeriesForm(
            request.POST if bound else None,
            initial=initial,
            items=series_reads.items_for(region, at=timezone.now()),
            providers=series_reads.providers_for(_actor(request), region),
        )


class SetState(View):
    """Pause a series, take it up again, or end it."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        state = request.POST.get("state", "")
        row = services.set_series_state(
            actor=_actor(request), series_id=id, state=state, at=timezone.now()
        )
        return HttpResponseRedirect(reverse("dispatch:services", args=[row.person_id]))
