"""The desk: the list of alarms, the one that is open, the plan of the county."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.domains.monitoring import panels, selectors
from songhe.kit.asks import wants_fragment

CHANGED = "songhe:alarm-changed"


def _list(actor: Actor, opened_id: UUID | None, now: datetime) -> dict[str, Any]:
    rows = panels.desk_rows(actor, opened_id=opened_id, at=now)
    last = None if rows else selectors.last_resolved_at(actor)
    return {"rows": rows, "opened_id": opened_id, "last": last}


def _tally(actor: Actor) -> dict[str, Any]:
    standing = selectors.standing(actor)
    return {
        "standing": standing,
        "count": sum(standing.counts.values()),
        "announcement": panels.announcement(standing),
    }


def _asks_piece(request: HttpRequest) -> bool:
    """Tell whether a piece is asked for; going back in history asks for the whole page."""
    again = request.headers.get("HX-History-Restore-Request") == "true"
    return wants_fragment(request) and not again


class Desk(View):
    """The list, with the plan of the county where no alarm is open."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        context = {
            **_list(actor, None, now),
            **_tally(actor),
            "plans": panels.county_plan(actor, href=f"{reverse('monitoring:history')}?{OPEN}"),
        }
        return render(request, "desk/desk.html", context)


OPEN = "state=open&region="


class OpenAlarm(View):
    """One alarm open on the desk: a whole page, or the open part for a press in the list."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        context = panels.alarm_context(actor, id, at=now)
        context |= {"next": request.path, "opened_id": id}
        if _asks_piece(request):
            response = render(request, "desk/opened.html", context | {"piece": True})
            response.headers["HX-Trigger-After-Settle"] = CHANGED
            return response
        context |= {**_list(actor, id, now), **_tally(actor)}
        return render(request, "desk/desk.html", context)


class List(View):
    """The list alone; `open` names the alarm that is open beside it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        context = _list(actor, _uuid(request.GET.get("open", "")), now)
        return render(request, "desk/list.html", context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


class Tally(View):
    """How many alarms of each priority, whether the crown is lit, which one is new."""

    def get(self, request: HttpRequest) -> HttpResponse:
        context = _tally(request.actor) | {"piece": True}  # type: ignore[attr-defined]
        return render(request, "desk/tally.html", context)


class Map(View):
    """Towns and communities as a plan, with what is open there."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        href = f"{reverse('monitoring:history')}?{OPEN}"
        context = {
            "plans": panels.county_plan(actor, href=href),
            "standing": selectors.standing(actor),
        }
        return render(request, "desk/map.html", context)
