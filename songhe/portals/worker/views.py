"""The pages of a care worker, and the two doors by which her phone speaks."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from songhe.domains.dispatch import services
from songhe.domains.dispatch.panels import day_reads, own_calls, params
from songhe.domains.dispatch.services import proofs
from songhe.domains.organizations import selectors as organizations
from songhe.kernel.errors import SongheError
from songhe.kernel.ids import uuid7
from songhe.kit.asks import actor_of
from songhe.kit.errors import sentence
from songhe.kit.hardening import BARE_POLICY, HEADERS, UNSENT_COOKIE
from songhe.portals.worker import bar, day, sheets, telling

# On these pages alone the phone's camera, microphone and place are asked for, by a press.
_DEVICE = {"camera=()": "camera=(self)", "microphone=()": "microphone=(self)",
           "geolocation=()": "geolocation=(self)"}  # fmt: skip


def _policy() -> str:
    said = HEADERS["Permissions-Policy"]
    for closed, opened in _DEVICE.items():
        said = said.replace(closed, opened)
    return said


def _page(request: HttpRequest, name: str, tab: str, context: dict[str, Any]) -> HttpResponse:
    """Return a page of the worker's frame."""
    actor = actor_of(request)
    frame = {
        "tab": tab,
        "scripts": day.SCRIPTS,
        "reader": day.READER,
        "kept_cookie": UNSENT_COOKIE,
        "worker_id": actor.user_id,
        "near_m": params.params()["door"]["near_m"],
        "place_every_s": params.params()["position"]["every_s"],
        "wrong_s": params.params()["clock"]["wrong_s"],
    }
    response = render(request, f"worker/{name}.html", {**frame, **context})
    response.headers["Permissions-Policy"] = _policy()
    return response


def _desk_phone(request: HttpRequest) -> str:
    """Return the number of who she works for, "" without one; 1 query."""
    user_id = actor_of(request).user_id
    found = organizations.organization_of_user(user_id, at=timezone.now()) if user_id else None
    return found.phone if found is not None else ""


class Today(View):
    """What is asked now, then the visits of today in order."""

    def get(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        actor = actor_of(request)
        asked = own_calls.asked_to_go(actor, at=now)
        context = sheets.today(day_reads.day_of(actor, at=now), asked, at=now)
        return _page(request, "today", "today", context)


class Route(View):
    """The way through the day: places, minutes between them, drawn and in words."""

    def get(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        context = sheets.route(day_reads.day_of(actor_of(request), at=now))
        return _page(request, "route", "route", context)


class Me(View):
    """What lies in this phone, language and light, signing out."""

    def get(self, request: HttpRequest) -> HttpResponse:
        actor = actor_of(request)
        portrait = day_reads.own_portrait(actor, at=timezone.now())
        return _page(request, "me", "me", {"portrait": portrait})


class VisitPage(View):
    """One visit: who, where, what one must know, and one step in hand."""

    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        now = timezone.now()
        sheet = day_reads.sheet_of(actor_of(request), id, at=now)
        context = sheets.visit(sheet, at=now) | {"desk_phone": _desk_phone(request)}
        return _page(request, "visit", "today", context)


class TellOne(View):
    """One record of a plain form, for phones without scripts."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        actor, now = actor_of(request), timezone.now()
        try:
            telling.take_form(actor, id, request.POST, request.FILES.get("file"), at=now)
        except SongheError as error:
            messages.error(request, sentence(error))
        step = request.POST.get("step", "")[:40]
        there = f"#step-{step}" if step.replace("-", "").isalnum() else ""
        return HttpResponseRedirect(reverse("worker:visit", args=[id]) + there)


class Help(View):
    """The worker herself needs help: one large button, and the desk knows at once."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        call = own_calls.own_call(actor_of(request), at=timezone.now())
        context = {"new_id": uuid7(), "call": call, "desk_phone": _desk_phone(request)}
        return _page(request, "help", "help", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        telling.take_form(actor, None, request.POST, None, at=now)
        return HttpResponseRedirect(reverse("worker:help"))


class AnswerOffer(View):
    """I go, or I cannot."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:  # noqa: A002
        takes = request.POST.get("answer") == "go"
        try:
            services.answer_offer(
                actor=actor_of(request), offer_id=id, takes=takes, at=timezone.now()
            )
        except SongheError as error:
            messages.error(request, sentence(error))
        return HttpResponseRedirect(reverse("worker:today"))


class Sync(View):
    """Take what a phone kept, answer each record, and tell it its day."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        found = day_reads.day_of(actor_of(request), at=now)
        return JsonResponse(day.told(request, found, at=now))

    def post(self, request: HttpRequest) -> HttpResponse:
        actor, now = actor_of(request), timezone.now()
        is_json = request.content_type == "application/json"
        batch = telling.read_batch(request.body if is_json else b"")
        answers = telling.take(actor, batch, at=now)
        said = day.told(request, day_reads.day_of(actor, at=now), at=now)
        wrong = services.is_clock_wrong(batch.sent_at, now)
        return JsonResponse(said | {"answers": answers, "is_clock_wrong": wrong})


class KeepFile(View):
    """Take one photograph, signature or spoken note; sent twice it is kept once."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        visit_id, file_id, content = telling.file_of(request.POST, request.FILES.get("file"))
        kept = proofs.keep_proof(
            actor=actor_of(request), visit_id=visit_id, file_id=file_id,
            content=content, name="", at=timezone.now(),
        )  # fmt: skip
        return JsonResponse({"id": str(kept)})


class Bar(View):
    """The strip of workers who need help, for an open desk."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(bar.panel(request))


class Offline(View):
    """What a phone shows where nothing is kept: no data of anybody."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "worker/offline.html", {})


class ServiceWorker(View):
    """The script that answers for the network below /work/."""

    def get(self, request: HttpRequest) -> HttpResponse:
        shell = day.shell()
        context = {
            "told": json.dumps(
                {
                    "version": shell.version,
                    "assets": [*shell.assets, reverse("worker:offline")],
                    "offline": reverse("worker:offline"),
                    "sync": reverse("worker:sync"),
                    "files": reverse("worker:files"),
                    "root": reverse("worker:today"),
                }
            ),
            "scripts": day.SCRIPTS[:2],
        }
        response = render(
            request, "worker/sw.js", context, content_type="text/javascript; charset=utf-8"
        )
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Content-Security-Policy"] = (
            f"{BARE_POLICY}; script-src 'self'; connect-src 'self'"
        )
        return response


class Manifest(View):
    """What makes the pages an app on the phone's screen."""

    def get(self, request: HttpRequest) -> HttpResponse:
        body = {
            "name": _("Songhe at work"),
            "short_name": _("Songhe"),
            "lang": request.LANGUAGE_CODE,
            "start_url": reverse("worker:today"),
            "scope": reverse("worker:today"),
            "display": "standalone",
            "background_color": "#F1F3EF",
            "theme_color": "#141D18",
            "icons": [
                {
                    "src": static("kit/mark.svg"),
                    "sizes": "any",
                    "type": "image/svg+xml",
                }
            ],
        }
        response = JsonResponse(body, content_type="application/manifest+json")
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response
