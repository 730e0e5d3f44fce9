"""screen(): who comes in, how the others are sent away, what the menu shows."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import URLPattern, path
from django.views.generic import View

from songhe.base.access.actor import ANONYMOUS, Actor, HeldRole
from songhe.kernel.ids import uuid7
from songhe.kit import Menu, screen, screens
from songhe.kit.screens import ScreenDenied

SUN = Actor(user_id=uuid7(), display_name="Sun", roles=(HeldRole("operator", ""),))
ADMIN = Actor(user_id=uuid7(), display_name="Admin", roles=(HeldRole("admin", ""),))
WU = Actor(user_id=uuid7(), display_name="Wu")
SAMPLE = override_settings(ROOT_URLCONF="songhe.kit.tests.sample_urls")


class Page(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("open")


def ask(pattern: URLPattern, actor: Actor | None, **headers: str) -> HttpResponse:
    request = RequestFactory().get("/page/?a=1", headers=headers)
    if actor is not None:
        request.actor = actor
    return pattern.callback(request)


def page() -> URLPattern:
    return screen("page/", Page, action="kit.view_gallery")


@pytest.mark.parametrize("kwargs", [{}, {"action": "kit.view_gallery", "public": True}])
def test_a_route_says_who_may_enter(kwargs: dict[str, object]) -> None:
    with pytest.raises(ImproperlyConfigured):
        screen("page/", Page, **kwargs)


@pytest.mark.parametrize("action", ["view", "kit.View", "kit.view gallery", "kit."])
def test_an_action_is_domain_and_verb(action: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        screen("page/", Page, action=action)


def test_a_menu_entry_has_no_parameters() -> None:
    with pytest.raises(ImproperlyConfigured):
        screen("p/<int:id>/", Page, action="kit.view_gallery", menu=Menu("desk", "x", "bell"))


def test_who_may_comes_in_and_nothing_is_cached() -> None:
    response = ask(page(), ADMIN)
    assert response.content == b"open"
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("actor", [None, ANONYMOUS])
def test_who_is_not_signed_in_goes_to_sign_in_and_back(actor: Actor | None) -> None:
    response = ask(page(), actor)
    assert response.status_code == 302
    assert response["Location"] == "/sign-in/?next=%2Fpage%2F%3Fa%3D1"


def test_a_fragment_without_sign_in_moves_the_whole_page() -> None:
    here = {"HX-Request": "true", "HX-Current-URL": "http://testserver/desk/?b=2"}
    response = ask(page(), ANONYMOUS, **here)
    assert response.status_code == 401
    assert response["HX-Redirect"] == "/sign-in/?next=%2Fdesk%2F%3Fb%3D2"


def test_a_machine_without_sign_in_gets_problem_details() -> None:
    response = ask(page(), ANONYMOUS, Accept="application/json")
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("actor", [SUN, WU])
def test_a_role_without_the_action_never_reaches_the_view(actor: Actor) -> None:
    called: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        called.append(request)
        return HttpResponse("open")

    with pytest.raises(ScreenDenied) as caught:
        ask(screen("page/", view, action="kit.view_gallery"), actor)
    assert caught.value.params == {"action": "kit.view_gallery"}
    assert called == []


@SAMPLE
def test_every_route_is_in_the_registry_with_its_whole_name() -> None:
    found = {s.route: s for s in screens.all_screens()}
    assert found["kit/gallery/"].name == "kit:gallery"
    assert found["alarms/"].action == "desk.view_desk"
    assert found["alarms/<uuid:id>/"].has_parameters
    assert found["sign-in/"].public
    assert screens.stray_routes() == ()


def test_a_route_that_is_not_a_screen_is_found() -> None:
    class Stray:
        urlpatterns = (path("stray/", Page.as_view()),)

    with override_settings(ROOT_URLCONF=Stray):
        assert screens.stray_routes() == ("stray/",)


@SAMPLE
def test_the_menu_shows_what_the_actor_may_open_in_order() -> None:
    assert [e.label for e in screens.menu_for(SUN, "desk")] == ["Alarms"]
    assert [e.label for e in screens.menu_for(ADMIN, "desk")] == ["Rules", "Alarms"]
    assert screens.menu_for(WU, "desk") == []
    assert [e.url for e in screens.menu_for(ADMIN, "tools")] == ["/kit/gallery/"]
    assert screens.menu_sections() == ("desk", "tools")
