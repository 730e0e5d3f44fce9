"""The desk: the list of alarms, the one that is open, the plan of the county."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
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


@dataclass(frozen=True, slots=True)
class Shown:
    """Which alarms the list shows, and in which order: kept in the address."""

    place: str = ""
    is_oldest_first: bool = False

    @classmethod
    def of(cls, request: HttpRequest) -> Shown:
        """Read it from the address; what is no region code shows all."""
        place = request.GET.get("place", "")
        is_oldest_first = request.GET.get("order") == "oldest"
        return cls(place if place.isascii() and place.isdigit() else "", is_oldest_first)

    @property
    def query(self) -> str:
        """Return it as the end of an address, with its question mark; empty for the usual list."""
        said = {"place": self.place, "order": "oldest" if self.is_oldest_first else ""}
        found = urlencode({name: value for name, value in said.items() if value})
        return f"?{found}" if found else ""


def _list(actor: Actor, opened_id: UUID | None, shown: Shown, now: datetime) -> dict[str, Any]:
    rows = panels.desk_rows(
        actor,
        opened_id=opened_id,
        at=now,
        place=shown.place,
        is_oldest_first=shown.is_oldest_first,
    )
    last = None if rows else selectors.last_resolved_at(actor)
    return {"rows": rows, "opened_id": opened_id, "last": last, "list_shown": shown}


def _places(actor: Actor, shown: Shown) -> dict[str, Any]:
    """Return what may be chosen above the list; the chosen community stays when it is quiet."""
    places = panels.busy_places(actor)
    if shown.place and shown.place not in {one.code for one in places}:
        names = dict(panels.place_choices(actor))
        if shown.place in names:
            places.append(panels.BusyPlace(shown.place, names[shown.place], 0, 0))
    return {"places": places}


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
        shown = Shown.of(request)
        context = {
            **_list(actor, None, shown, now),
            **_places(actor, shown),
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
        shown = Shown.of(request)
        context |= {**_list(actor, id, shown, now), **_places(actor, shown), **_tally(actor)}
        return render(request, "desk/desk.html", context)


class List(View):
    """The list alone; `open` names the alarm that is open beside it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
        context = _list(actor, _uuid(request.GET.get("open", "")), Shown.of(request), now)
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
