"""Pages as the whole stack of middleware makes them: language, look, errors, the frame."""

from __future__ import annotations

import logging
import re

import pytest
from django.test import Client, RequestFactory, override_settings
from django.utils import translation

from songhe.base.access import services
from songhe.base.access.actor import SYSTEM, Actor, HeldRole
from songhe.base.accounts.models import User
from songhe.base.audit.models import AuditEntry
from songhe.kernel.ids import uuid7
from songhe.kernel.time import from_us
from songhe.kit import slots
from songhe.kit.context import Page

SAMPLE = override_settings(
    ROOT_URLCONF="songhe.kit.tests.sample_urls",
    CSRF_FAILURE_VIEW="songhe.kit.errors.csrf_failure",
)
pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def signed_in(client: Client, role: str) -> User:
    user = User.objects.create_user(login=role, display_name="Sun", password="a long passphrase")
    since = from_us(0)
    services.give_role(actor=SYSTEM, user=user, role=role, region_prefix="990121", at=since)
    client.force_login(user)
    return user


@SAMPLE
def test_chinese_is_the_default_whatever_the_browser_asks_for(client: Client) -> None:
    response = client.get("/nowhere/", headers={"Accept-Language": "en-GB"})
    assert response["Content-Language"] == "zh-hans"
    assert '<html lang="zh-CN"' in response.content.decode()


@SAMPLE
def test_cookies_choose_language_and_look_and_nonsense_is_ignored(client: Client) -> None:
    client.cookies.load({"songhe_language": "en", "songhe_contrast": "more",
                         "songhe_theme": '"><script>'})
    html = client.get("/nowhere/").content.decode()
    assert '<html lang="en" data-theme="light" data-contrast="more">' in html


@SAMPLE
def test_preferences_are_kept_and_lead_back_to_this_host_only(client: Client) -> None:
    response = client.post("/preferences/", {"language": "en", "theme": "dark", "text": "9",
                                             "next": "/alarms/"})
    assert response["Location"] == "/alarms/"
    assert client.cookies["songhe_language"].value == "en"
    assert client.cookies["songhe_theme"].value == "dark"
    assert "songhe_text" not in client.cookies
    for target in ("https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"):
        assert client.post("/preferences/", {"next": target})["Location"] == "/"
    client.post("/preferences/", {"theme": ""})
    assert client.cookies["songhe_theme"].value == ""


@SAMPLE
@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("nowhere", 404, "songhe.not_found"), ("conflict", 409, "songhe.conflict"),
     ("invalid", 422, "songhe.invalid"), ("unavailable", 503, "songhe.unavailable"),
     ("outage", 503, "songhe.unavailable"),
     ("fault", 500, "songhe.fault")],
)
def test_an_error_is_a_page_a_fragment_or_problem_details(
    client: Client, path: str, status: int, code: str
) -> None:
    whole = client.get(f"/{path}/")
    assert whole.status_code == status
    assert whole.content.decode().count("<h1>") == 1
    assert whole["X-Request-ID"] in whole.content.decode()
    piece = client.get(f"/{path}/", headers={"HX-Request": "true"})
    assert piece.status_code == status
    assert "<html" not in piece.content.decode()
    assert piece["HX-Retarget"] == "#errors"
    machine = client.get(f"/{path}/", headers={"Accept": "application/json"})
    assert machine["Content-Type"] == "application/problem+json"
    assert machine.json()["code"] == code
    assert machine.json()["request_id"] == machine["X-Request-ID"]


@SAMPLE
def test_an_open_page_that_is_closed_to_its_reader_is_loaded_anew(client: Client) -> None:
    """What it showed must not stay on the screen; a piece of another page changes nothing."""
    here = {"HX-Request": "true", "HX-Current-URL": "http://testserver/nowhere/?day=1"}
    assert client.get("/nowhere/", headers=here)["HX-Refresh"] == "true"
    assert "HX-Refresh" not in client.get("/conflict/", headers=here)
    elsewhere = here | {"HX-Current-URL": "http://testserver/people/"}
    assert "HX-Refresh" not in client.get("/nowhere/", headers=elsewhere)
    assert "HX-Refresh" not in client.post("/nowhere/", headers=here)


@SAMPLE
def test_a_nul_is_refused_wherever_it_stands(client: Client) -> None:
    for response in (
        client.get("/nowhere/", {"q": "a\0b"}),
        client.get("/nowhere/", {"a\0b": "q"}),
        client.get("/nowhere%00/"),
        client.post("/preferences/", {"next": "/alarms/\0"}),
    ):
        assert response.status_code in {400, 404}
    assert client.post("/preferences/", {"theme": "\0"}).status_code == 400


@SAMPLE
def test_a_fault_is_logged_once_with_its_request_and_tells_nothing(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        response = client.get("/fault/")
    faults = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(faults) == 1
    assert response["X-Request-ID"] in faults[0].getMessage()
    assert "secret of a stack trace" not in response.content.decode()


@SAMPLE
def test_an_anticipated_error_is_no_fault(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        client.get("/conflict/")
        client.get("/nowhere/")
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


@SAMPLE
def test_a_form_without_its_token_is_refused_in_words() -> None:
    response = Client(enforce_csrf_checks=True).post("/preferences/", {"language": "en"})
    assert response.status_code == 403
    assert "kit.page_expired" in response.content.decode()
    assert "songhe_language" not in response.cookies


@SAMPLE
def test_a_refusal_is_audited_with_the_difference_that_the_answer_hides(client: Client) -> None:
    user = signed_in(client, "operator")
    assert client.get("/kit/gallery/").status_code == 403
    assert client.get("/missing/").status_code == 404
    kept = AuditEntry.objects.filter(kind=AuditEntry.Kind.REFUSED, user_id=user.pk)
    assert sorted((e.action, e.detail["code"]) for e in kept) == [
        ("desk.view_desk", "songhe.not_found"),
        ("kit.view_gallery", "kit.screen_denied"),
    ]


@SAMPLE
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_gallery_shows_every_component_without_inline_style_or_script(
    client: Client, language: str
) -> None:
    signed_in(client, "admin")
    client.cookies["songhe_language"] = language
    response = client.get("/kit/gallery/")
    html = response.content.decode()
    assert response.status_code == 200
    assert "<c-" not in html
    assert "{%" not in html
    assert "{{" not in html
    assert not re.search(r"<[^>]+\sstyle=|<style|<script(?![^>]*src=)|\son[a-z]+=", html)
    for part in ("alarm", "person", "vital", "timeline", "chart", "day", "plan", "notice", "void",
                 "waiting", "data", "field", "error-summary", "dialog", "tabs", "key", "bed-night"):
        assert f'class="{part}' in html, part
    assert ("血压危急" in html) == (language == "zh-hans")
    assert ("Critical blood pressure" in html) == (language == "en")


@SAMPLE
def test_the_frame_has_menu_live_port_and_the_page_that_is_open(client: Client) -> None:
    signed_in(client, "admin")
    html = client.get("/kit/gallery/").content.decode()
    assert re.search(r'data-live-port="\d+" data-live-ticket="/live/ticket/"', html)
    assert html.index('href="/rules/"') < html.index('href="/alarms/"')
    assert re.search(r'href="/kit/gallery/" aria-current="page"', html)


def lit_page(actor: Actor | None) -> Page:
    request = RequestFactory().get("/")
    request.actor = actor
    return Page(request)


def test_the_crown_is_lit_only_when_somebody_says_so_to_somebody() -> None:
    def lit(_request: object) -> bool:
        return True

    sun = Actor(user_id=uuid7(), display_name="Sun", roles=(HeldRole("operator", ""),))
    before = lit_page(sun).alarms_lit
    slots.register("page.alarms_lit", 0, lit, action="desk.view_desk")
    try:
        assert lit_page(sun).alarms_lit
        assert not lit_page(Actor(user_id=uuid7(), display_name="Wu")).alarms_lit
        assert not lit_page(None).alarms_lit
    finally:
        slots.withdraw("page.alarms_lit", lit)
    assert lit_page(sun).alarms_lit == before


def test_english_and_chinese_are_both_listed() -> None:
    with translation.override("en"):
        assert lit_page(None).other_languages == [("zh-hans", "简体中文", "zh-CN")]
