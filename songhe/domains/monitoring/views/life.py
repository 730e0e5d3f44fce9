"""The page of a person's daily life: the night, today beside the usual, what changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import life_doing, life_drawing, life_reads, life_words
from songhe.domains.people import panels as people
from songhe.domains.people.selectors import PersonView
from songhe.domains.telemetry import panels as telemetry
from songhe.domains.telemetry.terms import VIEW_READINGS
from songhe.kernel.errors import Denied

_KEY = (("in", "in"), ("own", "soft"), ("gap", "unknown"))


class DailyLife(View):
    """What is usual for a person, what today is like, and how the last night was."""

    def get(self, request: HttpRequest, person_id: UUID) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        at = timezone.now()
        frame = people.frame(request, person_id, "life")
        person = frame.person
        if not life_reads.is_open_to(actor, person):
            raise Denied(action=VIEW_READINGS)
        life = life_reads.life_of(actor, person, at=at)
        context = {
            "frame": frame,
            "person": person,
            "life": life,
            "night": life_words.night_line(life),
            **_spent(request, person, at, tells_night=life.night is not None),
        }
        profile = life.profile
        if profile is not None:
            notable, plain = life_words.of_profile(profile)
            over = life_words.until_half(life)
            said = life_words.picture(life, profile)
            context |= {
                "today": life_words.of_today(life, profile),
                "notable": notable,
                "plain": plain,
                "drawing": life_drawing.draw(profile, life.today, over, said),
                "table": life_drawing.table(profile, life.today, over),
                "is_stale": life_reads.is_stale(profile, at),
            }
        return render(request, "monitoring/life.html", context)


def _spent(
    request: HttpRequest, person: PersonView, at: datetime, *, tells_night: bool
) -> dict[str, Any]:
    """Return a day by rooms and, below it, what was probably done; the day is asked by `?day=`."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    today = timezone.localdate(at)
    day = telemetry.day_of(request, today)
    spent = life_doing.spent_of(actor, person, day, at=at)
    if spent is None:
        return {}
    given: dict[str, Any] = {"rooms": telemetry.day_panel(request, person), "spent": spent}
    if spent.done is not None and spent.done.stretches:
        given |= {
            "doing": life_doing.sentences(spent, tells_night=tells_night and day == today),
            "doing_drawing": life_doing.drawing(spent),
            "doing_table": life_doing.table(spent),
            "doing_key": [(css, life_doing.KINDS[kind]) for css, kind in _KEY],
            "untold": life_doing.untold(spent),
        }
    return given
