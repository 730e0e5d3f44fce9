"""The page of a person outside: the last track with the safe area, and what is watched."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import fence_plan, outdoor_reads, services
from songhe.domains.monitoring.outdoor_forms import OutdoorForm
from songhe.domains.monitoring.outdoor_reads import Outdoors
from songhe.domains.monitoring.rule_access import CHANGE
from songhe.domains.people import panels as people
from songhe.domains.telemetry import panels as telemetry
from songhe.domains.telemetry.terms import VIEW_READINGS
from songhe.kernel.errors import Conflict, Denied, Invalid
from songhe.kit import formats
from songhe.kit.charts import data_table
from songhe.kit.forms import refuse


class PersonOutdoors(View):
    """Where a person was, what is watched of it; who may sets it."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        return self._show(request, person_id)

    def post(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        return self._show(request, person_id, is_sent=True)

    def _show(
        self, request: HttpRequest, person_id: UUID, *, is_sent: bool = False
    ) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        at = timezone.now()
        frame = people.frame(request, person_id, "outdoors")
        person = frame.person
        if not outdoor_reads.is_open_to(actor, person):
            raise Denied(action=VIEW_READINGS)
        found = outdoor_reads.outdoors_of(actor, person, at=at)
        may_set = services.may_set_outdoors(actor, person)
        if is_sent and not may_set:
            raise Denied(action=CHANGE)
        form = OutdoorForm(request.POST if is_sent else None, known=found)
        if is_sent and form.is_valid():
            try:
                services.set_outdoors(
                    actor=actor,
                    person_id=person_id,
                    watched=form.watched,
                    reason=form.cleaned_data["reason"],
                    at=at,
                )
            except (Invalid, Conflict) as error:
                refuse(form, error)
            else:
                messages.success(request, _("Set: it holds from the next position on."))
                return HttpResponseRedirect(reverse("monitoring:outdoors", args=[person_id]))
        context = {
            "frame": frame,
            "person": person,
            "found": found,
            "watched": _watched(found),
            "form": form if may_set else None,
            "track": None if found.area else telemetry.track_panel(request, person),
            **_track(found),
        }
        return render(request, "monitoring/outdoors.html", context, status=422 if is_sent else 200)


def _watched(found: Outdoors) -> list[tuple[str, str, bool]]:
    """Return what is watched: what, how, and whether it is."""
    circle = found.circle
    if found.area is None:
        area = _("none: leaving it is not watched")
    elif circle is None:
        area = _("drawn by hand, of several parts")
    else:
        area = _("%(n)s m around its middle") % {"n": formats.number(circle["radius_m"])}
    back = _("not watched") if found.back_by is None else f"{found.back_by:%H:%M}"
    wander = _("watched") if found.wandering else _("not watched")
    return [
        (_("Safe area"), area, found.area is not None),
        (_("Home by"), back, found.back_by is not None),
        (_("Wandering"), wander, found.wandering),
    ]


def _track(found: Outdoors) -> dict[str, object]:
    """Return the plan of the last day with the safe area, and its table; {} without an area."""
    if not found.area:
        return {}
    rows = [[fix.words, f"{fix.lat:.5f}", f"{fix.lon:.5f}"] for fix in found.fixes[-40:]]
    heads = [_("Time"), _("Latitude"), _("Longitude")]
    return {
        "plan": fence_plan.draw(found.area, found.fixes, rings=False),
        "table": data_table(_("Positions of the last day, the newest 40"), heads, rows),
    }
