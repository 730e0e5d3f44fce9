"""Every screen by a role that may open it: axe, one language, no sideways scrolling, the keyboard.

The list is `kit.screens.all_screens()`: a page that is added is crawled without being named here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page

from songhe.base.access.roles import all_roles
from songhe.kit.screens import Screen, all_screens
from tests.e2e import audit
from tests.e2e.conftest import Visit
from tests.e2e.house import House, pressure
from tools.chromium import DESK, PHONE

# Who opens a screen, in this order of preference; the first whose role carries its action.
WHO = (
    ("sun", "operator"),
    ("leader", "shift_leader"),
    ("keeper", "device_keeper"),
    ("qian", "regulator"),
    ("zhao", "clinician"),
    ("admin", "admin"),
)
IN_THE_DARK = ("desk:", "people:person", "monitoring:alarm", "monitoring:statistics", "kit:gallery")
WORDS: dict[int, audit.Words] = {}


def who_may(screen: Screen) -> str:
    """Return the login that opens a screen; "" for public ones."""
    if screen.public or screen.action is None:
        return ""
    return next(login for login, role in WHO if all_roles()[role].carries(screen.action))


@dataclass
class Things:
    """What stands in the addresses: one of each kind."""

    person: str
    device: str
    alarm: str
    letter: str
    home: str
    room: str
    organization: str

    def address(self, screen: Screen) -> str:
        """Return a screen's address for these things."""
        values: dict[str, str] = {}
        for converter, name in re.findall(r"<(?:(\w+):)?(\w+)>", screen.route):
            values[name] = self._value(converter, name, screen)
        return reverse(screen.name, kwargs=values)

    def _value(self, converter: str, name: str, screen: Screen) -> str:
        stem = name.removesuffix("_id")
        known = vars(self)
        if stem in known:
            return str(known[stem])
        if converter == "uuid":
            words = f"{screen.route} {screen.name}"
            return str(known[next(key for key in known if key in words)])
        return PARAMETERS[name]


PARAMETERS = {
    "rule": "bp-critical",
    "rule_id": "bp-critical",
    "code": "sbp",
    "key": "sbp",
    "chart": "blood-pressure",
    "region": "990121001",
    "day": "2026-11-21",
    "scope": "person",
    "kind": "sbp",
    "action": "take",
}


@pytest.fixture(scope="package")
def things(house: House) -> Things:
    """Let something have happened: an open alarm with evidence, and a message that was refused."""
    chen = house.person("陈秀兰")
    monitor = chen.devices["bp-monitor"]
    house.send(monitor, "readings", pressure(191, 113))
    broken = {"at": "yesterday", "readings": []}
    house.send(monitor, "readings", broken)
    alarm = house.wait_alarm(chen, "bp-critical")
    letter = house.rows("SELECT id::text FROM dead_letter ORDER BY received_at DESC LIMIT 1")
    home, room = house.rows(
        "SELECT r.home_id::text, m.id::text FROM people_residency r JOIN people_room m"
        " ON m.home_id = r.home_id WHERE r.person_id = %s AND upper_inf(r.period) LIMIT 1",
        chen.id,
    )[0]
    organization = house.rows("SELECT id::text FROM organizations_organization LIMIT 1")
    return Things(chen.id, monitor[0], alarm, letter[0][0], home, room, organization[0][0])


def is_page(page: Page, address: str) -> bool:
    """Tell whether an address is a page by itself, and not an act, a piece or data."""
    answer = page.request.get(address)
    if answer.status == 405:
        return False
    assert answer.status == 200, f"{address}: {answer.status}"
    return answer.headers["content-type"].startswith("text/html") and "<main" in answer.text()


SCREENS = sorted({screen.name: screen for screen in all_screens()}.values(), key=lambda s: s.name)


@pytest.mark.parametrize("screen", SCREENS, ids=[screen.name for screen in SCREENS])
def test_a_screen_keeps_the_rules_of_every_page(
    screen: Screen,
    house: House,
    things: Things,
    visit: Visit,
    window: Callable[..., BrowserContext],
) -> None:
    words = WORDS.setdefault(id(house), audit.Words.of(house))
    address, login = things.address(screen), who_may(screen)
    wrong: list[str] = []

    def note(label: str, found: list[str]) -> None:
        wrong.extend(f"{label}: {line}" for line in found)

    for language in ("zh-hans", "en"):
        if login:
            page = visit(login, "/sign-in/", language=language, size=DESK)
        else:
            page = window(language=language, size=DESK).new_page()
        if not is_page(page, address):
            pytest.skip("not a page by itself")
        page.goto(address)
        note(f"{language} 1440", audit.axe(page) + audit.untranslated(page, words))
        if language == "zh-hans":
            note("keyboard", audit.keyboard(page))
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        note(f"{language} 390", audit.axe(page) + audit.too_wide(page))
        if language == "en" and screen.name.startswith(IN_THE_DARK):
            page.emulate_media(color_scheme="dark")
            page.evaluate("document.documentElement.dataset.theme = 'dark'")
            note("dark 390", audit.axe(page))
    assert not wrong, f"{address} as {login or 'anybody'}\n" + "\n".join(wrong)


def test_the_crawl_sees_the_whole_product() -> None:
    assert {"sun", "keeper"} <= {who_may(screen) for screen in SCREENS}
    assert len(SCREENS) >= 25
