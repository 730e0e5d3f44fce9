"""Routes for the kit's own tests: one of each way to answer."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from songhe.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from songhe.kit import Menu, screen
from songhe.kit.errors import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def ok(request: HttpRequest, **_kwargs: object) -> HttpResponse:
    return HttpResponse("open")


def raising(error: Exception) -> object:
    def view(request: HttpRequest) -> HttpResponse:
        raise error

    view.__name__ = f"raise_{type(error).__name__.lower()}"
    return view


urlpatterns = [
    path("", include("songhe.kit.urls")),
    screen("sign-in/", ok, public=True, name="sign_in"),
    screen("alarms/", ok, action="desk.view_desk", name="alarms",
           menu=Menu(section="desk", label="Alarms", icon="bell-ring", order=10)),
    screen("rules/", ok, action="monitoring.change_rule", name="rules",
           menu=Menu(section="desk", label="Rules", icon="sliders-vertical", order=5)),
    screen("alarms/<uuid:id>/", ok, action="desk.view_desk", name="alarm"),
    screen("missing/", raising(NotFound()), action="desk.view_desk"),
    screen("conflict/", raising(Conflict()), public=True),
    screen("invalid/", raising(Invalid()), public=True),
    screen("unavailable/", raising(Unavailable()), public=True),
    screen("fault/", raising(RuntimeError("the secret of a stack trace")), public=True),
]
