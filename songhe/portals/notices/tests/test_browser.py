"""In a real browser: the pages by axe, and a service worker that shows a push and says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import transaction
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserContext, expect
from pytest_django.live_server_helper import LiveServer

from songhe.base.accounts.models import User
from songhe.base.notify import proofs, services
from songhe.base.notify.models import Delivery
from songhe.base.notify.testing import TASK, declare_kinds
from songhe.portals.notices.tests.conftest import make_user
from tests.support.gateway import until
from tools.browser import browser as browser_path
from tools.chromium import PHONE, chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(browser_path() is None, reason="no system browser (chromium)"),
]
_SHOWN = """async () => {
  const worker = await navigator.serviceWorker.getRegistration("/notices/");
  return (await worker.getNotifications()).map((one) => [one.title, one.body, one.tag]);
}"""
_JOIN = """async () => {
  await navigator.serviceWorker.register("/notices/worker.js", { scope: "/notices/" });
  await navigator.serviceWorker.ready;
}"""


@pytest.fixture
def told(live_server: LiveServer) -> tuple[dict[str, str], Delivery, str]:
    """Return Liu's cookies, a push that went out, and its token; made before the browser runs."""
    declare_kinds()
    liu: User = make_user("liu", "刘洋")
    now = datetime.now(UTC)
    with transaction.atomic():
        (pk,) = services.notify(
            user_ids=[liu.pk],
            kind=TASK,
            params={"what": "陈秀兰 送药", "place": "桂花里 3 号"},
            ref="tests.Order/1",
            at=now,
        )
    push = Delivery.objects.get(notice=pk, channel="push")
    Delivery.objects.filter(pk=push.pk).update(state="sent", sent_at=now, due_at=None)
    client = Client()
    client.force_login(liu)
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    return cookies | {"songhe_language": "en"}, push, proofs.token_of(push.pk)


@pytest.fixture
def base(live_server: LiveServer) -> str:
    return live_server.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def context(told: tuple[dict[str, str], Delivery, str], base: str) -> Iterator[BrowserContext]:
    with chromium() as browser:
        opened = browser.new_context(
            viewport={"width": PHONE[0], "height": PHONE[1]}, permissions=["notifications"]
        )
        opened.add_cookies([{"name": n, "value": v, "url": base} for n, v in told[0].items()])
        yield opened
        opened.close()


def test_pages_by_axe_on_a_phone(
    context: BrowserContext, base: str, told: tuple[dict[str, str], Delivery, str]
) -> None:
    page = context.new_page()
    for path in ("/notices/", "/notices/wishes/", f"/notices/{told[1].notice_id}/"):
        page.goto(base + path)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_a_push_is_shown_without_words_of_anybody_and_its_word_is_proof(
    context: BrowserContext, base: str, told: tuple[dict[str, str], Delivery, str]
) -> None:
    _, push, token = told
    page = context.new_page()
    page.goto(base + reverse("notices:wishes"))
    expect(page.get_by_role("button", name="Tell me in this browser")).to_be_visible()
    found: list[str] = []
    session = context.new_cdp_session(page)
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(one["registrationId"] for one in event["registrations"]),
    )
    session.send("ServiceWorker.enable")
    page.evaluate(_JOIN)
    # Not wait_for_function: its second look is refused by the page's own policy.
    until(lambda: page.evaluate("navigator.serviceWorker.controller !== null"), "its worker")
    payload = {
        "title": "New task",
        "path": f"/notices/{push.notice_id}/",
        "tag": str(push.notice_id),
        "lang": "en",
        "seen": token,
    }
    with context.expect_event(
        "response", lambda answer: answer.url == base + reverse("notices:seen")
    ) as word:
        session.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": base, "registrationId": found[0], "data": json.dumps(payload)},
        )
    assert word.value.status == 204
    assert page.evaluate(_SHOWN) == [["New task", "", str(push.notice_id)]]
    page.goto(base + reverse("notices:open", args=[push.notice_id]))
    expect(page.get_by_role("heading", name="New task: 陈秀兰 送药")).to_be_visible()
    expect(page.get_by_text("shown by the browser")).to_be_visible()
