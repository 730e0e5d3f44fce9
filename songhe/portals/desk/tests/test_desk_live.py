"""The desk in a real browser, on the real stream: what comes live, what waits, what is kept."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from songhe.config.env import env
from songhe.domains.monitoring import services
from songhe.domains.monitoring.models import Alarm
from songhe.domains.monitoring.tests.conftest import County
from songhe.domains.monitoring.tests.surfaces import client, ring
from songhe.portals.desk.tests.test_desk import more_alarms
from tools.browser import browser as browser_path
from tools.chromium import chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(browser_path() is None, reason="no system browser (chromium)"),
]


def beside(work: Callable[[], Any]) -> Any:
    """Do database work in a thread of its own: the browser's loop runs in this one."""

    def whole() -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(whole).result()


@pytest.fixture
def stream(test_database_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `songhe live` on the port that the pages are told."""
    more = {
        "SONGHE_DATABASE_URL": test_database_url,
        "SONGHE_SECRET_KEY": env().secret(),
        "SONGHE_LIVE_PORT": str(env().port_of("live")),
        "SONGHE_LIVE_BEAT_S": "1",
    }
    command = [sys.executable, "-m", "songhe.live.main"]
    running = subprocess.Popen(command, env={**os.environ, **more})
    yield running
    if running.poll() is None:
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=10)


def address(server: LiveServer) -> str:
    return server.url.replace("127.0.0.1", "localhost")


def signed_in(
    browser: Browser, server: LiveServer, cookies: dict[str, str], **more: Any
) -> BrowserContext:
    size = {"width": 1440, "height": 900}
    context = browser.new_context(base_url=address(server), viewport=size, **more)
    context.add_cookies(
        [{"name": n, "value": v, "url": address(server)} for n, v in cookies.items()]
    )
    return context


def cookies_of(house: County, login: str) -> dict[str, str]:
    found = client(house, login).cookies
    return {name: morsel.value for name, morsel in found.items()}


def rows(page: Page, alarm: Alarm | None = None) -> Any:
    return page.locator(f"#alarms .alarm[data-id='{alarm.pk}']" if alarm else "#alarms .alarm")


def test_a_shift_at_the_desk(
    house: County, live_server: LiveServer, stream: subprocess.Popen[bytes]
) -> None:
    alarm = ring(house)
    cookies = cookies_of(house, "sun")
    with chromium() as browser:
        page = signed_in(browser, live_server, cookies).new_page()
        page.goto(reverse("desk:alarms"))
        expect(page.locator(".live")).to_have_attribute("data-state", "on")

        # The plan is drawn anew; the tab keeps its name.
        plan = page.locator("#desk-plan")
        plan.evaluate("one => one.dataset.old = 'yes'")
        page.evaluate("document.body.dispatchEvent(new Event('songhe:refresh'))")
        expect(plan).not_to_have_attribute("data-old", "yes")
        expect(page).to_have_title(re.compile("值守台"))

        # A press opens the alarm in place; its name opens with it, and the address follows.
        expect(rows(page, alarm)).to_contain_text("陈＊＊")
        rows(page, alarm).click()
        expect(page.locator("#h-alarm")).to_contain_text("186/112")
        expect(page).to_have_url(re.compile(reverse("desk:alarm", args=[alarm.pk]) + "$"))
        expect(page).to_have_title(re.compile("血压高到危险值"))
        expect(rows(page, alarm)).to_contain_text("陈秀兰")
        assert not Axe().run(page).response["violations"]

        # Somebody else takes it: the head says so, and what is being typed stays.
        page.get_by_text("记一笔").click()
        page.locator("#alarm-do textarea").fill("写了一半")
        page.mouse.move(800, 500)
        beside(lambda: _take(house, "leader", alarm))
        expect(page.locator("#alarm-head")).to_contain_text("带班主任已接")
        expect(page.locator("#alarm-do textarea")).to_have_value("写了一半")
        expect(page.locator(".topbar .mark[data-lit]")).to_have_count(0)

        # A new alarm: row, crown, announcement; the name stays masked.
        [first] = beside(lambda: more_alarms(1))
        expect(rows(page)).to_have_count(2)
        expect(page.locator(".topbar .mark[data-lit]")).to_have_count(1)
        expect(page.locator("#desk-said")).to_have_text("新告警，紧急：呼救")

        # Under the pointer the list stands still; the sound hears of the new one all the same.
        rows(page, alarm).hover()
        second = beside(lambda: _another(house))
        expect(page.locator("[data-news]")).to_have_text("1 起新告警")
        expect(rows(page)).to_have_count(2)
        ringing = page.locator(f"#desk-ringing [data-id='{second.pk}']")
        expect(ringing).to_have_attribute("data-priority", "low")
        page.mouse.move(800, 500)
        expect(rows(page)).to_have_count(3)

        # Keys: up to the one that waits (nobody has it), space opens it, space takes it.
        page.keyboard.press("Escape")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("k")
        expect(rows(page, first)).to_be_focused()
        page.keyboard.press("Space")
        expect(page.locator("#h-alarm")).to_have_text("呼救")
        expect(page.locator("#main")).to_be_focused()
        page.keyboard.press("Space")
        expect(page.locator("#alarm-head")).to_have_attribute("data-state", "acknowledged")
        expect(page.locator("#alarm-do")).to_contain_text("您已接警")

        # A mistake is said in place and nothing is lost.
        page.locator("#alarm-head").get_by_text("结案").click()
        page.locator("#alarm-do textarea").fill("半句")
        page.locator("#alarm-do button[data-kind='main']").click()
        expect(page.locator("#alarm-do .error-summary")).to_be_visible()
        expect(page.locator("#alarm-do textarea")).to_have_value("半句")
        page.get_by_label("误报").check()
        page.locator("#alarm-do button[data-kind='main']").click()
        expect(page.locator("#alarm-head")).to_contain_text("已结案：误报")

        # A lost line shows.
        stream.send_signal(signal.SIGTERM)
        expect(page.locator(".live")).to_have_attribute("data-state", "lost")


def _take(house: County, login: str, alarm: Alarm) -> None:
    now = timezone.now()
    services.acknowledge_alarm(actor=house.actor(login, now), alarm_id=alarm.pk, at=now)


def _another(house: County) -> Alarm:
    return ring(house, "spo2-warn", ago_s=0, summary={"code": 6, "value": 94})


def test_without_scripts_everything_is_plain_pages(house: County, live_server: LiveServer) -> None:
    alarm = ring(house)
    cookies = cookies_of(house, "sun")
    with chromium() as browser:
        context = signed_in(browser, live_server, cookies, java_script_enabled=False)
        page = context.new_page()
        page.goto(reverse("desk:alarms"))
        rows(page, alarm).click()
        page.get_by_role("button", name="接警").click()
        expect(page).to_have_url(re.compile(reverse("desk:alarm", args=[alarm.pk]) + "$"))
        expect(page.locator("#alarm-head")).to_contain_text("值班员小孙已接")
        page.locator("#alarm-head").get_by_text("结案").click()
        page.locator("#alarm-do textarea").fill("半句")
        page.locator("#alarm-do button[data-kind='main']").click()
        expect(page.locator("#alarm-do .error-summary")).to_be_visible()
        expect(page.locator("#alarm-do textarea")).to_have_value("半句")
        page.get_by_label("属实").check()
        page.locator("#alarm-do button[data-kind='main']").click()
        expect(page).to_have_url(re.compile(reverse("desk:alarm", args=[alarm.pk]) + "$"))
        expect(page.locator("#alarm-head")).to_contain_text("已结案：属实")


def test_on_a_phone_the_alarm_comes_first(house: County, live_server: LiveServer) -> None:
    alarm = ring(house)
    cookies = cookies_of(house, "sun")
    with chromium() as browser:
        page = signed_in(browser, live_server, cookies).new_page()
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(reverse("desk:alarm", args=[alarm.pk]))
        expect(page.get_by_role("button", name="接警")).to_be_in_viewport()
        expect(page.locator("#alarms")).to_be_hidden()
        page.get_by_role("link", name="全部告警").click()
        expect(rows(page, alarm)).to_be_visible()
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) == 0
