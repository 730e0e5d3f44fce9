"""Codes at doors: one home's, and sheets for the homes of a service centre."""

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

from songhe.domains.dispatch import door_reads, services
from songhe.domains.dispatch.services.doors import ChangedMeanwhile
from songhe.domains.organizations import selectors as organizations
from songhe.kit.asks import actor_of
from songhe.kit.errors import sentence

SIX = 6  # sheets on a page of A4


class DoorPage(View):
    """Whether a home's door has a code; a new one is made and printed in one step."""

    def get(self, request: HttpRequest, home_id: UUID) -> HttpResponse:
        door = door_reads.door(actor_of(request), home_id, at=timezone.now())
        return render(request, "dispatch/doors/door.html", {"door": door})


class PrintOne(View):
    """Make a code for a door, ending the one that was; show its sheet, this once."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, home_id: UUID) -> HttpResponse:
        here = reverse("dispatch:door", args=[home_id])
        standing = {home_id: _uuid(request.POST.get("standing", ""))}
        return _printed(request, standing, back=here)


class EndCode(View):
    """Let a door's code count no more."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, home_id: UUID) -> HttpResponse:
        if services.end_door_code(actor=actor_of(request), home_id=home_id, at=timezone.now()):
            messages.success(request, _("The code counts no more. Take the old sheet down."))
        return HttpResponseRedirect(reverse("dispatch:door", args=[home_id]))


class Doors(View):
    """The homes of a service centre: how many doors have a code, and which come next."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor = actor_of(request)
        centres = door_reads.centres(actor)
        wanted = _uuid(request.GET.get("provider", ""))
        chosen = next((one for one in centres if one.pk == wanted), None)
        chosen = chosen or (centres[0] if centres else None)
        found = door_reads.centre(actor, chosen.pk, at=timezone.now()) if chosen else None
        context = {
            "centres": [(one.pk, organizations.name_of(one)) for one in centres],
            "chosen": chosen,
            "centre": found,
            "pages": -(-len(found.waiting) // SIX) if found else 0,
        }
        return render(request, "dispatch/doors/doors.html", context)


class PrintMany(View):
    """Make codes for the chosen homes that have none, six sheets on a page."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        provider = _uuid(request.POST.get("provider", ""))
        back = reverse("dispatch:doors") + (f"?provider={provider}" if provider else "")
        asked = [_uuid(one) for one in request.POST.getlist("home")]
        homes = [one for one in asked if one is not None][: door_reads.A_TIME]
        if not homes:
            messages.error(request, _("Choose at least one home."))
            return HttpResponseRedirect(back)
        return _printed(request, dict.fromkeys(homes), back=back, is_many=True)


def _printed(
    request: HttpRequest, standing: dict[UUID, Any], *, back: str, is_many: bool = False
) -> HttpResponse:
    """Make codes and show their sheets; sent again by a reload, nothing is made."""
    actor, now = actor_of(request), timezone.now()
    try:
        made = services.make_door_codes(actor=actor, standing=standing, at=now)
    except ChangedMeanwhile as error:
        messages.error(request, sentence(error))
        return HttpResponseRedirect(back)
    found = door_reads.doors(actor, standing, at=now)
    sheets = door_reads.sheets(made, found)
    context = {"sheets": sheets, "back": back, "is_many": is_many, "now": now}
    return render(request, "dispatch/doors/sheets.html", context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
