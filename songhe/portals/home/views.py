"""The first page after signing in, and the ticket to the event stream."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.generic import View

from songhe.base.access.actor import Actor
from songhe.base.accounts.sessions import id_of_sign_in
from songhe.domains.monitoring import services as monitoring
from songhe.kernel import tickets
from songhe.kernel.errors import Conflict
from songhe.kernel.wire import LiveTicket
from songhe.kit.asks import actor_of
from songhe.kit.errors import sentence
from songhe.portals.home import calling, openings
from songhe.portals.home.openings import Kind
from songhe.portals.home.topics import TICKET_S, topics_of, watched


class Home(View):
    """Lead everybody to what is open to them; who may see nothing is told whom to ask.

    The route is public because a person without any role must be told so calmly; it shows
    nothing to who is not signed in.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        if not actor.is_authenticated:
            return HttpResponseRedirect(settings.LOGIN_URL)
        opening = openings.opening_of(actor, at=timezone.now())
        if opening.url:
            return HttpResponseRedirect(opening.url)
        if opening.kind is Kind.ELDER:
            return self._elder(request, actor)
        name = "nothing" if opening.kind is Kind.NOTHING else "home"
        response = render(request, f"home/{name}.html", {"opening": opening})
        add_never_cache_headers(response)
        return response

    def _elder(self, request: HttpRequest, actor: Actor) -> HttpResponse:
        person_id = openings.own_person(actor)
        if person_id is None:
            return HttpResponseRedirect(settings.LOGIN_URL)
        opening = openings.elder_opening(actor, person_id, at=timezone.now())
        response = render(request, "home/elder.html", {"opening": opening, "person_id": person_id})
        add_never_cache_headers(response)
        return response


class CallForHelp(View):
    """An older person's call for help: pressed, taken back, rung at once; and how it stands."""

    def get(self, request: HttpRequest) -> HttpResponse:
        sheet = calling.call_sheet(actor_of(request), at=timezone.now())
        response = render(request, "home/sos.html", {"sheet": sheet})
        add_never_cache_headers(response)
        return response

    def post(self, request: HttpRequest) -> HttpResponse:
        acts = {"back": monitoring.take_back_call, "now": monitoring.ring_now}
        act = acts.get(request.POST.get("do", ""), monitoring.call_for_help)
        try:
            act(actor=actor_of(request), at=timezone.now())
        except Conflict as error:
            messages.error(request, sentence(error))
        return HttpResponseRedirect(reverse("home:sos"))


class Ticket(View):
    """Give a signed ticket for the event stream, valid for a minute."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        assert actor.user_id is not None  # noqa: S101 - the screen lets nobody else in
        expires = int(timezone.now().timestamp()) + TICKET_S
        topics = [*topics_of(actor), *watched(actor, request.GET.get("watch", ""))]
        ticket = LiveTicket(
            user=actor.user_id,
            topics=topics,
            exp=expires,
            session=id_of_sign_in(request.session.session_key or ""),
        )
        signed = tickets.sign(ticket, settings.SECRET_KEY)
        return JsonResponse({"ticket": signed, "port": settings.LIVE_PORT, "expires": expires})

    post = get
