"""Ways in as people use them: first password, passkey, code by message; and being let go."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e import audit
from tests.e2e.house import House
from tests.support.gateway import until
from tools.chromium import PHONE

OWN = "the moon over Yunling 7"
OPEN = """
from pathlib import Path
from django.utils import timezone
from songhe.base.access import services as access, sign_ins
from songhe.base.access.actor import SYSTEM
now = timezone.now()
user, secret = sign_ins.open_account(actor=SYSTEM, login="{login}", display_name="李娜", at=now)
if "{role}":
    access.give_role(actor=SYSTEM, user=user, role="{role}", region_prefix="990121", at=now)
Path("{file}").write_text(secret)
"""
CLOSE = """
from django.utils import timezone
from songhe.base.access import sign_ins
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
user = User.objects.get(login="{login}")
sign_ins.close_account(actor=SYSTEM, user=user, at=timezone.now())
"""
ALLOW = """
from django.utils import timezone
from songhe.base.access import services as access
from songhe.base.access.actor import SYSTEM
from songhe.base.accounts.models import User
from songhe.base.consent import services, texts
from songhe.base.consent.acting import Told
from songhe.base.consent.recipients import Recipient
from songhe.domains.people.models import Person
now = timezone.now()
user = User.objects.get(login="{login}")
chen = Person.objects.get(name="陈秀兰").pk
to = Recipient(user_id=user.pk)
told = Told(channel="in-person")
if {allow}:
    access.give_role(actor=SYSTEM, user=user, role="family", region_prefix="", at=now)
    services.give(actor=SYSTEM, person_id=chen, purpose="family", classes=["health", "home"],
                  recipient=to, text_version=texts.texts_at(now).version, at=now, told=told)
else:
    services.withdraw(actor=SYSTEM, person_id=chen, purpose="family", recipient=to, at=now,
                      told=told)
"""
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def newcomer(house: House, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Return a function that opens an account and returns its first secret; closed at the end."""
    opened: list[str] = []

    def go(login: str, role: str = "operator") -> str:
        file = tmp_path / login
        house.run(OPEN.format(login=login, file=file, role=role))
        opened.append(login)
        return file.read_text()

    yield go
    for login in opened:
        house.run(CLOSE.format(login=login))


def sign_in(page: Page, login: str, password: str) -> None:
    page.goto("/sign-in/")
    page.locator("[name=login]").fill(login)
    page.locator("[name=password]").fill(password)
    page.locator("[name=password]").press("Enter")


def choose_own(page: Page, login: str, secret: str) -> None:
    """Come in with the first secret, and choose a password of one's own."""
    sign_in(page, login, secret)
    page.wait_for_url("**/sign-in/own-password/")
    page.locator("[name=new]").fill(OWN)
    page.locator("[name=again]").fill(OWN)
    page.locator("[name=again]").press("Enter")
    page.wait_for_url(lambda url: "/sign-in/" not in url)


def sound(page: Page, house: House) -> list[str]:
    """Return what is wrong with a page that the crawl cannot reach."""
    words = audit.Words.of(house)
    return audit.axe(page) + audit.untranslated(page, words) + audit.too_wide(page)


def test_a_passkey_from_making_it_to_signing_in_with_it_alone(
    house: House, window: Callable[..., BrowserContext], newcomer: Callable[..., str]
) -> None:
    context = window()
    page = context.new_page()
    device = context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    added: dict[str, Any] = device.send(
        "WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR}
    )
    authenticator = {"authenticatorId": added["authenticatorId"]}
    choose_own(page, "passkey-lina", newcomer("passkey-lina"))
    # made with this device
    page.goto("/account/passkeys/add/")
    page.locator("[name=name]").fill("办公室电脑")
    page.locator("[data-passkey=create] button").click()
    page.wait_for_url("**/account/")
    expect(page.get_by_text("办公室电脑").first).to_be_visible()
    kept = device.send("WebAuthn.getCredentials", authenticator)["credentials"]
    assert [one["isResidentCredential"] for one in kept] == [True]
    # the password alone is not enough any more, and the passkey is the second step
    context.clear_cookies(name=re.compile("songhe_session"))
    sign_in(page, "passkey-lina", OWN)
    page.wait_for_url("**/sign-in/second-step/")
    assert sound(page, house) == []
    page.goto("/account/")
    page.wait_for_url("**/sign-in/?next=*")
    sign_in(page, "passkey-lina", OWN)
    page.locator("[data-passkey=get] button").click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    # it opens the door by itself, without login and password
    context.clear_cookies(name=re.compile("songhe_session"))
    page.goto("/sign-in/passkey/?next=/account/")
    page.locator("[data-passkey=get] button").click()
    page.wait_for_url("**/account/")
    expect(page.get_by_role("heading", name="李娜")).to_be_visible()
    (by,) = house.rows(
        "SELECT detail->'by' FROM audit_auditentry WHERE action = 'signin.sign_in'"
        " AND kind = 'change' ORDER BY at DESC, id DESC LIMIT 1"
    )[0]
    assert by == ["passkey"]
    # a finger that does not fit opens nothing
    device.send("WebAuthn.setUserVerified", authenticator | {"isUserVerified": False})
    context.clear_cookies(name=re.compile("songhe_session"))
    page.goto("/sign-in/passkey/")
    page.locator("[data-passkey=get] button").click()
    expect(page.locator("[data-passkey-said]")).to_be_visible()
    page.goto("/account/")
    page.wait_for_url("**/sign-in/?next=*")


def test_an_elder_comes_in_with_six_digits(
    house: House, window: Callable[..., BrowserContext]
) -> None:
    page = window(size=PHONE).new_page()
    page.goto("/sign-in/")
    page.get_by_role("link", name="手机验证码").click()
    for size in page.evaluate(
        "[...document.querySelectorAll('main *')].filter((e) => e.checkVisibility() &&"
        " [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))"
        ".map((e) => parseFloat(getComputedStyle(e).fontSize))"
    ):
        assert size >= 20
    page.locator("[name=phone]").fill("154 0000 0302")
    page.locator("[name=phone]").press("Enter")
    page.wait_for_url("**/sign-in/phone/code/")
    enhanced = {"runOnly": {"type": "rule", "values": ["color-contrast-enhanced"]}}
    assert Axe().run(page, options=enhanced).response["violations"] == []
    assert sound(page, house) == []
    sent = "SELECT text FROM outside_outsidemessage WHERE ref LIKE 'accounts.User/%%'"
    [text] = until(lambda: [row[0] for row in house.rows(sent)], "a message with the code")
    code = re.search(r"\d{6}", text)
    assert code is not None
    page.locator("[name=code]").fill(code[0])
    page.locator("[name=code]").press("Enter")
    page.wait_for_url(house.address + "/")
    expect(page.get_by_role("heading", name="我的数据")).to_be_visible()


def test_who_leaves_is_out_at_once_also_on_the_page_that_is_open(
    house: House, window: Callable[..., BrowserContext], newcomer: Callable[..., str]
) -> None:
    page = window().new_page()
    choose_own(page, "leaving-lina", newcomer("leaving-lina"))
    page.goto("/account/")
    expect(page.locator("[data-live]")).to_have_attribute("data-state", "on")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    house.run(CLOSE.format(login="leaving-lina"))
    # the stream is cut, and the page's own attempt to come back leads to the door
    until(
        lambda: page.wait_for_timeout(50) or any("/live/ticket/" in u for u in asked), "a new try"
    )
    other = page.context.new_page()  # the first one may be on its own way to the door
    other.goto("/account/")
    other.wait_for_url("**/sign-in/?next=*")
    sign_in(other, "leaving-lina", OWN)
    expect(other.locator(".error-summary")).to_be_visible()


def test_what_was_open_leaves_the_screen_when_she_says_so(
    house: House, window: Callable[..., BrowserContext], newcomer: Callable[..., str]
) -> None:
    page = window().new_page()
    secret = newcomer("daughter", role="")
    house.run(ALLOW.format(login="daughter", allow=True))
    choose_own(page, "daughter", secret)
    page.get_by_role("link", name="陈秀兰").click()
    page.wait_for_url("**/people/*/")
    expect(page.locator("#person-live")).to_be_visible()
    house.run(ALLOW.format(login="daughter", allow=False))
    expect(page.locator("#person-live")).to_have_count(0, timeout=20_000)
    expect(page.locator("body")).not_to_contain_text("陈秀兰")
