"""How a person's values move: the last three months, what is expected, what changed."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import trend_reads, trend_words
from songhe.domains.people import panels as people
from songhe.domains.telemetry import selectors as telemetry
from songhe.domains.telemetry.terms import VIEW_READINGS
from songhe.kernel.errors import Denied


class PersonTrends(View):
    """Weight, pressure, glucose, heart rate, steps and sleep day by day, with what is expected."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        at = timezone.now()
        frame = people.frame(request, person_id, "trends")
        person = frame.person
        if not trend_reads.is_open_to(actor, person):
            raise Denied(action=VIEW_READINGS)
        trends = trend_reads.trends_of(actor, person, at=at)
        telemetry.opened(actor, [person.id], at=at)
        drawn, nothing = trend_words.shown(trends)
        sensor = trends.sensor
        context = {
            "frame": frame,
            "person": person,
            "drawn": drawn,
            "nothing": nothing,
            "sensor": sensor,
            "figures": trend_words.figures(sensor) if sensor is not None else [],
        }
        return render(request, "monitoring/trends.html", context)
