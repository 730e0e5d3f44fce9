"""The scripts in a real browser: live stream, held list, keys, sound, counters; axe; no script."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client, override_settings
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from songhe.base.access import services
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.config.env import env
from songhe.kernel.time import from_us
from songhe.kit.tests import sample_urls
from tools.browser import browser as browser_path
from tools.chromium import chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(browser_path() is None, reason="no system browser (chromium)"),
]


@pytest.fixture(autouse=True)
def _sample_pages() -> Iterator[None]:
    sample_urls.ALARMS[:] = [
        {"id": "1", "priority": "medium", "state": "unacknowledged", "what": "Out of bed"},
        {"id": "2", "priority": "low", "state": "acknowledged", "what": "Door at night"},
    ]
    sample_urls.ANSWERED.clear()
    sample_urls.SINCE = timezone.now() - timedelta(seconds=88)
    with override_settings(ROOT_URLCONF="songhe.kit.tests.sample_urls"):
        yield


@pytest.fixture
def cookies(live_server: LiveServer) -> dict[str, str]:
    """Return the cookies of a signed-in administrator, made before the browser's loop runs."""
    user = User.objects.create_user(login="admin", display_name="Sun", password="a long passphrase")
    services.give_role(actor=SYSTEM, user=user, role="admin", region_prefix="", at=from_us(0))
    client = Client()
    client.force_login(user)
    return {name: morsel.value for name, morsel in client.cookies.items()} | {
        "songhe_language": "en"}


def address(live_server: LiveServer) -> str:
    return live_server.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def context(live_server: LiveServer, cookies: dict[str, str]) -> Iterator[BrowserContext]:
    with chromium() as browser:
        context = browser.new_context(base_url=address(live_server),
                                      viewport={"width": 1440, "height": 900})
        give(context, live_server, **cookies)
        yield context


def give(context: BrowserContext, live_server: LiveServer, **cookies: str) -> None:
    context.add_cookies([{"name": n, "value": v, "url": address(live_server)}
                         for n, v in cookies.items()])


def watched(context: BrowserContext) -> tuple[Page, list[str]]:
    """Return a page and the list that its errors and policy violations go to."""
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda m: errors.append(m.text) if "Content Security" in m.text else None)
    return page, errors


class Stream:
    """`songhe live` on the port that the pages are told."""

    def __init__(self, url: str) -> None:
        self.url = url
        more = {"SONGHE_DATABASE_URL": url, "SONGHE_SECRET_KEY": env().secret(),
                "SONGHE_LIVE_PORT": str(env().port_of("live")), "SONGHE_LIVE_BEAT_S": "1"}
        self.process = subprocess.Popen([sys.executable, "-m", "songhe.live.main"],
                                        env={**os.environ, **more})

    def tell(self) -> None:
        payload = '{"topics":["region:990121001"],"kind":"alarm","id":"9","at":"2026-11-22T02:14Z"}'
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SELECT pg_notify('songhe_live', %s)", [payload])

    def end(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait(timeout=10)


@pytest.fixture
def stream(postgres_url: str) -> Iterator[Stream]:
    running = Stream(postgres_url)
    yield running
    if running.process.poll() is None:
        running.end()


@pytest.mark.parametrize(
    ("width", "language", "theme"),
    [(1440, "zh-hans", "light"), (1440, "en", "dark"), (390, "zh-hans", "dark"),
     (390, "en", "light")],
)
def test_the_gallery_is_accessible_and_fits(
    context: BrowserContext, live_server: LiveServer, width: int, language: str, theme: str
) -> None:
    give(context, live_server, songhe_language=language, songhe_theme=theme)
    page, errors = watched(context)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto("/kit/gallery/")
    assert page.locator("html").get_attribute("data-theme") == theme
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert errors == []


@pytest.mark.parametrize("path", ["/nowhere/", "/fault/", "/conflict/", "/unavailable/"])
def test_error_pages_are_accessible(context: BrowserContext, path: str) -> None:
    page, errors = watched(context)
    page.goto(path)
    assert [v["id"] for v in Axe().run(page).response["violations"]] == []
    assert errors == []


def test_the_stream_refreshes_the_list_and_a_lost_one_says_so_and_heals(
    context: BrowserContext, stream: Stream, postgres_url: str
) -> None:
    page, errors = watched(context)
    page.goto("/alarms/")
    state = page.locator("[data-live]")
    expect(state).to_have_attribute("data-state", "on", timeout=20_000)
    expect(state).to_contain_text("Live, ")
    new = {"id": "3", "priority": "high", "state": "unacknowledged", "what": "Smoke"}
    sample_urls.ALARMS.insert(0, new)
    stream.tell()
    expect(page.locator(".alarm-what").first).to_have_text("Smoke", timeout=10_000)
    stream.end(signal.SIGKILL)
    expect(state).to_have_attribute("data-state", "lost", timeout=10_000)
    expect(state).to_contain_text("reconnecting")
    expect(page.locator("[data-live-said]")).to_contain_text("is lost")
    sample_urls.ALARMS.insert(0, {**new, "id": "4", "what": "Gas"})
    again = Stream(postgres_url)
    try:
        expect(state).to_have_attribute("data-state", "on", timeout=30_000)
        expect(page.locator(".alarm-what").first).to_have_text("Gas", timeout=10_000)
    finally:
        page.goto("about:blank")
        again.end()
    assert errors == []


def fetch_list(page: Page) -> None:
    """Ask for the list anew as an event of the stream would, and wait for the answer."""
    with page.expect_response("**/alarms/"):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('songhe:refresh'))")


def test_a_list_never_re_sorts_under_the_pointer(context: BrowserContext) -> None:
    page, errors = watched(context)
    page.goto("/alarms/")
    page.locator(".alarm").nth(1).hover()
    sample_urls.ALARMS.insert(
        0, {"id": "3", "priority": "high", "state": "unacknowledged", "what": "Smoke"})
    sample_urls.ALARMS[1]["state"] = "acknowledged"
    fetch_list(page)
    news = page.get_by_role("button", name="1 new alarms")
    expect(news).to_be_visible()
    expect(page.locator(".alarm-what")).to_have_text(["Out of bed", "Door at night"])
    expect(page.locator(".alarm").first).to_have_attribute("data-state", "acknowledged")
    news.click()
    expect(page.locator(".alarm-what")).to_have_text(["Smoke", "Out of bed", "Door at night"])
    expect(news).to_be_hidden()
    page.locator("h1").hover()
    sample_urls.ALARMS.pop(0)
    fetch_list(page)
    expect(page.locator(".alarm-what")).to_have_text(["Out of bed", "Door at night"])
    assert errors == []


def test_what_waited_appears_when_the_list_is_left(context: BrowserContext) -> None:
    page, _errors = watched(context)
    page.goto("/alarms/")
    page.locator(".alarm").first.focus()
    sample_urls.ALARMS.insert(
        0, {"id": "3", "priority": "high", "state": "unacknowledged", "what": "Smoke"})
    fetch_list(page)
    expect(page.get_by_role("button", name="1 new alarms")).to_be_visible()
    assert page.evaluate("document.activeElement.dataset.id") == "1"
    page.get_by_label("Note").focus()
    expect(page.locator(".alarm-what").first).to_have_text("Smoke")


def test_what_is_opened_stays_open_while_several_pieces_are_renewed(
    context: BrowserContext,
) -> None:
    page, errors = watched(context)
    page.goto("/alarms/")
    piece = "<section id={0}><details id=d{0}><summary>{0}</summary>more</details></section>"
    page.route("**/piece/*", lambda route: route.fulfill(
        content_type="text/html", body=piece.format(route.request.url[-1])))
    page.evaluate("""async () => {
      const ask = (id, swap, target) => htmx.ajax("GET", `/piece/${id}`, { target, swap });
      for (const id of "abc") await ask(id, "beforeend", "main");
    }""")
    for name in "ac":
        page.locator(f"#d{name} summary").click()
    # Both answers are swapped in before either has settled.
    page.evaluate("""async () => {
      await Promise.all([..."abc"].map((id) => htmx.ajax("GET", `/piece/${id}`, {
        target: `#${id}`, swap: "outerHTML" })));
    }""")
    page.wait_for_timeout(200)
    states = "Object.fromEntries([...'abc'].map((n) => [n, document.getElementById('d' + n).open]))"
    assert page.evaluate(states) == {"a": True, "b": False, "c": True}
    # What was closed meanwhile stays closed.
    page.locator("#da summary").click()
    page.evaluate("htmx.ajax('GET', '/piece/a', { target: '#a', swap: 'outerHTML' })")
    page.wait_for_timeout(200)
    assert page.evaluate(states) == {"a": False, "b": False, "c": True}
    assert errors == []


def test_keys_move_and_space_answers_the_row_but_not_while_typing(context: BrowserContext) -> None:
    page, errors = watched(context)
    page.goto("/alarms/")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.dataset.id") == "1"
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.dataset.id") == "2"
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.dataset.id") == "1"
    page.get_by_label("Note").focus()
    page.keyboard.type("jk  j")
    expect(page.get_by_label("Note")).to_have_value("jk  j")
    assert sample_urls.ANSWERED == []
    page.locator(".alarm").nth(1).focus()
    with page.expect_navigation():
        page.keyboard.press(" ")
    assert sample_urls.ANSWERED == ["2"]
    assert errors == []


def test_sound_follows_the_highest_unanswered_alarm_after_one_press(
    context: BrowserContext,
) -> None:
    page, errors = watched(context)
    page.goto("/alarms/")
    box = page.locator("[data-sound]")
    expect(box).to_have_attribute("data-state", "off")
    page.get_by_role("button", name="Turn sound on").click()
    expect(box).to_have_attribute("data-state", "on")
    expect(box).to_have_attribute("data-played", "medium")
    page.locator("h1").hover()
    sample_urls.ALARMS.insert(
        0, {"id": "3", "priority": "high", "state": "unacknowledged", "what": "Smoke"})
    fetch_list(page)
    expect(box).to_have_attribute("data-played", "high")
    page.get_by_role("button", name="Pause 120 s").click()
    expect(box).to_have_attribute("data-state", "paused")
    expect(page.locator("[data-sound-words]")).to_contain_text("Silent for 1")
    sample_urls.ALARMS.insert(
        0, {"id": "4", "priority": "high", "state": "unacknowledged", "what": "Gas"})
    page.locator("h1").hover()
    fetch_list(page)
    expect(box).to_have_attribute("data-state", "on")
    assert errors == []


def test_counters_run_after_the_servers_clock(context: BrowserContext) -> None:
    page, _errors = watched(context)
    page.goto("/alarms/")
    since = page.locator(".alarm-since").first
    first = since.text_content() or ""
    assert first.startswith("01:")
    expect(since).not_to_have_text(first)
    clock = page.locator("[data-clock]")
    shown = clock.text_content() or ""
    expect(clock).not_to_have_text(shown)


def test_a_dialog_asks_and_gives_the_focus_back(context: BrowserContext) -> None:
    page, errors = watched(context)
    page.goto("/kit/gallery/")
    page.get_by_role("button", name="Void the reading").click()
    expect(page.get_by_role("dialog", name="Void this reading?")).to_be_visible()
    assert [v["id"] for v in Axe().run(page).response["violations"]] == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Void the reading")).to_be_focused()
    assert errors == []


def test_everything_works_before_any_script_loads(
    context: BrowserContext, live_server: LiveServer, cookies: dict[str, str]
) -> None:
    plain = context.browser.new_context(base_url=address(live_server), java_script_enabled=False)
    give(plain, live_server, **cookies)
    page = plain.new_page()
    page.goto("/alarms/")
    expect(page.locator("[data-live]")).to_contain_text("As of ")
    expect(page.locator("[data-sound]")).to_be_hidden()
    page.locator(".user summary").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Acknowledge Out of bed").click()
    assert sample_urls.ANSWERED == ["1"]
