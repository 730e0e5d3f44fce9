"""Routes for the kit's own tests: one of each way to answer."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.urls import include, path

from songhe.kernel import tickets
from songhe.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from songhe.kernel.ids import uuid7
from songhe.kernel.wire import LiveTicket
from songhe.kit import Menu, screen
from songhe.kit.errors import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def ok(request: HttpRequest, **_kwargs: object) -> HttpResponse:
    return HttpResponse("open")


# What the alarm page shows; browser tests change it, as the server's state would change.
ALARMS: list[dict[str, str]] = []
ANSWERED: list[str] = []
SINCE = datetime(2026, 11, 21, 18, 14, tzinfo=UTC)
LIST = """{% extends "kit/page.html" %}
{% block title %}Alarms{% endblock %}
{% block sound %}{% include "kit/sound.html" %}{% endblock %}
{% block content %}<h1>Alarms</h1>
<ol class="alarms" id="alarms" data-alarms data-list data-say-news="{n} new alarms"
 hx-get="/alarms/" hx-select="#alarms" hx-swap="outerHTML"
 hx-trigger="songhe:live-alarm from:body, songhe:refresh from:body">{% for a in alarms %}<li>
{% cotton alarm-row id=a.id href="#" priority=a.priority state=a.state what=a.what since_at=at / %}
<form method="post" action="/answer/">{% csrf_token %}<button class="button" name="id"
 value="{{ a.id }}" data-key="Space">Acknowledge {{ a.what }}</button></form></li>{% endfor %}</ol>
<input aria-label="Note">{% endblock %}
{% block scripts %}{% for name in scripts %}<script src="/static/kit/{{ name }}.js" type="module">
</script>{% endfor %}{% endblock %}"""


def alarms(request: HttpRequest) -> HttpResponse:
    template = engines["django"].from_string(LIST)
    context = {"alarms": ALARMS, "scripts": ("sound", "keys", "list"), "at": SINCE}
    return HttpResponse(template.render(context, request))


def answer(request: HttpRequest) -> HttpResponse:
    ANSWERED.append(request.POST["id"])
    return HttpResponse("answered")


def live_ticket(request: HttpRequest) -> HttpResponse:
    admission = LiveTicket(uuid7(), ["region:990121"], int(time.time()) + 60)
    return JsonResponse({"ticket": tickets.sign(admission, settings.SECRET_KEY)})


def raising(error: Exception) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        raise error

    view.__name__ = f"raise_{type(error).__name__.lower()}"
    return view


urlpatterns = [
    path("", include("songhe.kit.urls")),
    screen("sign-in/", ok, public=True, name="sign_in"),
    screen("live/ticket/", live_ticket, action="desk.view_desk"),
    screen("answer/", answer, action="desk.view_desk"),
    screen("alarms/", alarms, action="desk.view_desk", name="alarms",
           menu=Menu(section="desk", label="Alarms", icon="bell-ring", order=10)),
    screen("rules/", ok, action="monitoring.change_rule", name="rules",
           menu=Menu(section="desk", label="Rules", icon="sliders-vertical", order=5)),
    screen("alarms/<uuid:id>/", ok, action="desk.view_desk", name="alarm"),
    screen("missing/", raising(NotFound()), action="desk.view_desk"),
    screen("conflict/", raising(Conflict()), public=True),
    screen("invalid/", raising(Invalid()), public=True),
    screen("unavailable/", raising(Unavailable()), public=True),
    screen("outage/", raising(OperationalError("the password of a connection")), public=True),
    screen("fault/", raising(RuntimeError("the secret of a stack trace")), public=True),
]
