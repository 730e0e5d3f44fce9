"""Liu's phone: twelve visits without a network, the app killed twice, its clock turned."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import segno
from PIL import Image
from playwright.sync_api import BrowserContext, FilePayload, Route, expect

from tests.e2e import audit
from tests.e2e.conftest import Visit
from tests.e2e.house import House
from tests.e2e.line import Line
from tests.e2e.working import PLANNED, controlled, kept, opened, picture, work_through
from tests.support.gateway import until
from tools.chromium import PHONE

VISITS = 12
NEAR_S = 6.0


@pytest.fixture(scope="module")
def day(house: House) -> list[str]:
    """Plan twelve visits for Liu; return their ids in order."""
    persons = [person.id for person in house.facts.people][:VISITS]
    house.run(PLANNED.format(persons=persons, codes=["meal-home", "bath-home"]))
    rows = house.rows(
        "SELECT v.id::text FROM dispatch_visit v JOIN accounts_user u ON u.id = v.worker_id"
        " WHERE u.login = 'liu' AND v.state = 'told' ORDER BY v.id"
    )
    return [str(row[0]) for row in rows][-VISITS:]


@pytest.fixture
def line(house: House) -> Iterator[Line]:
    made = Line(house.port)
    yield made
    made.close()


@pytest.fixture
def phone(house: House, line: Line, window: Callable[..., BrowserContext]) -> BrowserContext:
    """Return Liu's phone at the end of a line, signed in."""
    context = window(
        size=PHONE, permissions=["geolocation"],
        geolocation={"latitude": 35.2, "longitude": 108.3, "accuracy": 20},
    )  # fmt: skip
    page = context.new_page()
    page.goto(f"{line.address}/sign-in/")
    page.locator("[name=login]").fill("liu")
    page.locator("[name=password]").fill(house.facts.passwords["liu"])
    page.locator("[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    page.close()
    return context


def test_a_day_without_a_network_arrives_once_and_in_time(
    house: House, line: Line, phone: BrowserContext, day: list[str]
) -> None:
    assert len(day) == VISITS
    refused: list[str] = []
    phone.on("response", lambda answer: answer.status == 403 and refused.append(answer.url))
    line.lose("/work/offline/", 2)  # a weak signal: not every file of the app comes at once
    page = opened(phone, f"{line.address}/work/")
    controlled(page)
    pages = "songheKept.fact('versions').then((v) => Object.keys(v || {}).length)"
    until(lambda: page.evaluate(pages) >= VISITS + 4, "the day in the phone")
    assert line.losing == 0
    assert refused == []  # a token is asked for before the first post
    left = int("".join(re.findall(r"\d", page.locator("[data-visits-left]").inner_text())))

    line.cut()
    phone.set_offline(True)
    pressed: dict[str, dict[str, float]] = {}
    # The morning with a right clock; killed; an hour ahead; killed; the same wrong clock on.
    for first, last, ahead_s in ((0, 4, 0.0), (4, 8, 3600.0), (8, 12, 3600.0)):
        if first:
            page = opened(phone, f"{line.address}/work/", ahead_s=ahead_s)
        for visit_id in day[first:last]:
            pressed[visit_id] = work_through(page, line.address, visit_id)
        told = len(kept(page))
        page.goto(f"{line.address}/work/")
        expect(page.locator("[data-offline]")).to_be_visible()
        expect(page.locator("[data-offline-words]")).to_contain_text(str(told))
        if left > last:
            expect(page.locator("[data-visits-left]")).to_contain_text(str(left - last))
            expect(page.locator("li:has(> .work-next)")).to_have_attribute("data-state", "told")
        page.close()  # killed
    assert house.rows(
        "SELECT count(*) FROM dispatch_happening WHERE visit_id::text = ANY(%s)", day
    ) == [(0,)]
    assert told == sum(len(steps) for steps in pressed.values())

    page = opened(phone, f"{line.address}/work/", ahead_s=3600.0)
    line.mend()
    phone.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    until(lambda: not kept(page), "an empty phone", 120)
    expect(page.locator("[data-clock-wrong]")).to_be_visible()
    # Once more, as if the answers had been lost: nothing is doubled.
    rows = house.rows(
        "SELECT visit_id::text, coalesce(nullif(step, ''), kind), extract(epoch FROM at)::float8,"
        " id::text, file FROM dispatch_happening WHERE visit_id::text = ANY(%s)", day,
    )  # fmt: skip
    assert len(rows) == told
    assert {(row[0], row[1]) for row in rows} == {
        (visit_id, key) for visit_id, steps in pressed.items() for key in steps
    }
    late = {(v, k): round(at - pressed[v][k], 1) for v, k, at, _id, _file in rows}
    assert {key: off for key, off in late.items() if abs(off) > NEAR_S} == {}
    states = house.rows("SELECT state FROM dispatch_visit WHERE id::text = ANY(%s)", day)
    assert {row[0] for row in states} == {"done"}
    files = [row[4] for row in rows if row[4]]
    until(
        lambda: not page.evaluate("songheKept.all('files').then((f) => f.length)"), "no file left"
    )
    stored = house.rows("SELECT id::text FROM files_storedfile WHERE id::text = ANY(%s)", files)
    assert sorted(row[0] for row in stored) == sorted(files)
    assert len(files) >= VISITS


def test_what_was_sent_and_not_answered_is_not_doubled(
    house: House, line: Line, phone: BrowserContext, day: list[str]
) -> None:
    """The server has it, the phone never hears so: it sends again and loses or doubles nothing."""
    page = opened(phone, f"{line.address}/work/visits/{day[0]}/")
    state = {"lost": 0}

    def lose(route: Any) -> None:
        if route.request.method == "POST" and state["lost"] < 2:
            route.fetch()
            state["lost"] += 1
            route.abort()
        else:
            route.continue_()

    page.route("**/work/sync/", lose)
    before = house.rows("SELECT count(*) FROM dispatch_happening")[0][0]
    page.evaluate("document.querySelector('[data-tell=note] button').click()")
    until(lambda: (page.evaluate("1"), state["lost"] >= 1)[1], "one lost answer")
    again = "window.dispatchEvent(new Event('online'))"
    until(lambda: (page.evaluate(again), not kept(page))[1], "an empty phone")
    after = house.rows("SELECT count(*) FROM dispatch_happening")[0][0]
    assert after - before == 1


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_keeps_the_rules(
    house: House, visit: Visit, day: list[str], language: str
) -> None:
    theme = "dark" if language == "en" else "light"
    for path in (
        "",
        f"visits/{day[0]}/",
        f"visits/{day[-1]}/",
        "route/",
        "help/",
        "me/",
        "offline/",
    ):
        page = visit("liu", f"/work/{path}", size=PHONE, language=language, theme=theme)
        if path != "offline/":
            expect(page.locator("html[data-work-ready]")).to_be_attached(timeout=60_000)
        assert audit.axe(page) == [], path
        assert audit.too_wide(page) == [], path
        small = page.evaluate(
            "[...document.querySelectorAll('#work .button[data-size=large], .tabbar a, summary')]"
            ".filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect().height)"
            ".filter((height) => height < 59.5)"
        )
        assert small == [], path
        page.close()


def test_a_worker_calls_for_help_and_the_desk_sees_it(
    house: House, visit: Visit, phone: BrowserContext, line: Line
) -> None:
    desk = visit("sun", "/desk/")
    page = opened(phone, f"{line.address}/work/help/")
    said, strip = page.locator("[data-help-said]"), desk.locator("#worker-bar")
    # The phone does not know its place yet: the call waits for nothing, the place follows.
    page.evaluate("navigator.geolocation.getCurrentPosition = (found) => { window.found = found; }")
    page.locator("button[data-kind=sos]").click()
    expect(said).to_contain_text("还没有人打开", timeout=4_000)
    expect(strip).to_contain_text("小刘", timeout=20_000)
    coords = "{latitude: 35.2, longitude: 108.3, accuracy: 20}"
    page.evaluate(f"window.found({{coords: {coords}}})")
    expect(strip).to_contain_text("附近", timeout=20_000)
    page.locator("button[data-kind=sos]").click()
    expect(strip).to_contain_text("按了 2 次", timeout=20_000)
    expect(strip.get_by_role("link")).to_have_count(1)
    expect(said).to_contain_text("还没有人打开")
    # Who it is, where her phone is, whom one could send; and she reads that it was seen.
    strip.get_by_role("link").click()
    expect(said).to_contain_text("值班台已看到", timeout=20_000)
    expect(desk.locator("main h1")).to_contain_text("小刘 需要帮助")
    expect(desk.locator("#h-place").locator("xpath=../..")).to_contain_text("附近")
    expect(desk.locator("#h-near")).to_be_visible()
    desk.goto("/desk/")
    expect(desk.locator("#worker-bar")).not_to_contain_text("小刘")


def test_on_the_way_the_phone_tells_its_place_and_at_no_other_time(
    house: House, line: Line, phone: BrowserContext
) -> None:
    """The newest place alone waits without a network; arriving ends it, and lets the rest fall."""
    later = PLANNED.replace("minutes=2 + 5 * turn", "minutes=300")
    house.run(later.format(persons=[house.facts.people[1].id], codes=["meal-home"]))
    [(visit,)] = house.rows(
        "SELECT v.id::text FROM dispatch_visit v JOIN accounts_user u ON u.id = v.worker_id"
        " WHERE u.login = 'liu' AND v.state = 'told' ORDER BY v.id DESC LIMIT 1"
    )
    where = (
        "SELECT lat FROM dispatch_position p JOIN accounts_user u ON u.id = p.user_id"
        " WHERE u.login = 'liu'"
    )
    page = opened(phone, f"{line.address}/work/visits/{visit}/")
    often = "document.body.dataset.placeEveryS = '1'"
    page.evaluate(often)
    expect(page.locator("[data-way]")).to_be_hidden()
    page.locator("#step-set_off button[data-kind=main]").click()
    expect(page.locator("[data-way]")).to_be_visible()
    small = page.evaluate(
        "[...document.querySelectorAll('#work *')].filter((e) => e.checkVisibility()"
        " && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))"
        ".filter((e) => parseFloat(getComputedStyle(e).fontSize) < 18).map((e) => e.outerHTML)"
    )
    assert small == []
    phone.set_geolocation({"latitude": 35.21, "longitude": 108.31, "accuracy": 20})
    until(lambda: (page.evaluate("1"), house.rows(where) == [(35.21,)])[1], "the place", 60)
    line.cut()
    phone.set_offline(True)
    places = "songheKept.all('records').then((all) => all.filter((r) => r.told.kind === 'place'))"
    for lat in (35.22, 35.23):
        phone.set_geolocation({"latitude": lat, "longitude": 108.31, "accuracy": 20})
        until(
            lambda lat=lat: [one["told"]["lat"] for one in page.evaluate(places)] == [lat],
            "the newest place alone", 60,
        )  # fmt: skip
    expect(page.locator("[data-way]")).to_contain_text("没有信号")
    form = page.locator("#step-arrived form[data-tell=arrived]")
    form.locator("button[data-kind=main]").click()
    if form.get_attribute("data-asked"):
        form.locator("button[data-kind=main]").click()
    expect(page.locator("#step-arrived")).to_have_attribute("data-state", "done")
    expect(page.locator("[data-way]")).to_be_hidden()
    assert page.evaluate(places) == []
    line.mend()
    phone.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    until(lambda: not kept(page), "an empty phone", 60)
    told = house.rows("SELECT kind FROM dispatch_happening WHERE visit_id = %s ORDER BY at", visit)
    assert [row[0] for row in told] == ["set_off", "arrived"]


def test_a_value_beyond_its_limit_is_said_without_a_network_and_stands_in_the_proof(
    house: House, visit: Visit, line: Line, phone: BrowserContext
) -> None:
    """She types it, is told at once, goes on; the manager reads value, limit and what she did."""
    later = PLANNED.replace("minutes=2 + 5 * turn", "minutes=360")
    house.run(later.format(persons=[house.facts.people[2].id], codes=["bath-home"]))
    [(told, order)] = house.rows(
        "SELECT v.id::text, v.order_id::text FROM dispatch_visit v"
        " JOIN accounts_user u ON u.id = v.worker_id"
        " WHERE u.login = 'liu' AND v.state = 'told' ORDER BY v.id DESC LIMIT 1"
    )
    page = opened(phone, f"{line.address}/work/visits/{told}/")
    here = "caches.open(songheKept.PAGES).then((c) => c.match(location.href)).then(Boolean)"
    until(lambda: page.evaluate(here), "the page in the phone", 60)
    line.cut()
    phone.set_offline(True)
    page.goto(f"{line.address}/work/visits/{told}/")
    expect(page.locator("html[data-work-ready]")).to_be_attached(timeout=60_000)
    for key in ("set_off", "arrived", "greet", "feel"):
        page.locator(f"#step-{key} form[data-tell] button[data-kind=main]").first.click()
        if page.locator(f"#step-{key} form[data-asked]").count():
            page.locator(f"#step-{key} form[data-asked] button[data-kind=main]").click()
        expect(page.locator(f"#step-{key}")).to_have_attribute("data-state", "done")
    step = page.locator("#step-pressure")
    upper, lower = step.locator("[data-measured]").all()
    keep, odd, beyond = (step.locator(f"[data-{name}]") for name in ("keep", "odd", "beyond"))
    keep.click()  # nothing was typed: it stays
    expect(step).not_to_have_attribute("data-state", "done")
    # What can hardly be is asked about, and corrected: two that were exchanged, too many digits.
    upper.fill("95")
    lower.fill("128")
    expect(odd).to_contain_text("舒张压 128 没有低于收缩压 95")
    upper.press("Enter")
    expect(step).not_to_have_attribute("data-state", "done")
    upper.fill("1880")
    lower.fill("95")
    expect(odd).to_contain_text("几乎不可能")
    expect(odd).to_contain_text("50 至 280")
    expect(beyond).to_be_hidden()
    upper.press("Enter")
    expect(step).not_to_have_attribute("data-state", "done")
    upper.fill("188")
    expect(odd).to_be_hidden()
    # Beyond the limit: said at once, in words, with what to do; not kept by a press of Enter.
    expect(beyond).to_contain_text("停：收缩压 188 mmHg 超出界限")
    expect(beyond).to_contain_text("陪着她并报告值班台")
    expect(keep).to_be_hidden()
    upper.press("Enter")
    expect(step).not_to_have_attribute("data-state", "done")
    assert audit.axe(page) == []
    assert audit.too_wide(page) == []
    beyond.locator("[data-does=went_on]").click()
    expect(step).to_have_attribute("data-state", "done")
    expect(step.locator("[data-did]")).to_contain_text("您继续做了")
    line.mend()
    phone.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    until(lambda: not kept(page), "an empty phone", 60)
    expect(step.locator("[data-did]")).to_contain_text("您继续做了")
    manager = visit("sun", f"/orders/{order}/")
    proof = manager.locator("#h-told").locator("xpath=../..")
    expect(proof).to_contain_text("收缩压 188 mmHg，超出界限（达到 180 及以上；S11, S12：")
    expect(proof).to_contain_text("手机当场提醒了她，她继续做了")


def test_signing_out_leaves_nothing_of_the_day(
    house: House, phone: BrowserContext, line: Line, day: list[str]
) -> None:
    page = opened(phone, f"{line.address}/work/")
    until(lambda: page.evaluate("caches.has('songhe-work-pages')"), "the day in the phone")
    page.goto(f"{line.address}/work/me/")
    expect(page.locator("html[data-work-ready]")).to_be_attached(timeout=60_000)

    def slowly(route: Route) -> None:
        time.sleep(3)  # the page that is left still ticks and sends meanwhile
        route.continue_()

    page.route("**/sign-in/**", slowly)
    page.locator("[data-sign-out] button").click()
    page.wait_for_url("**/sign-in/**")
    assert page.evaluate("caches.keys()") == []
    assert page.evaluate("indexedDB.databases().then((all) => all.length)") == 0


DOOR = """
from uuid import UUID
from django.utils import timezone
from songhe.base.access.actor import SYSTEM
from songhe.domains.dispatch import services
from songhe.domains.dispatch.selectors import door_codes
home = UUID({home!r})
standing = door_codes([home]).get(home)
(made,) = services.make_door_codes(
    actor=SYSTEM, standing={{home: standing.pk if standing else None}}, at=timezone.now())
open({out!r}, "w").write(made.code)
"""

# The page that lies in the phone knows the digest of its door's code.
DOOR_IS_KEPT = """caches.open(songheKept.PAGES).then((cache) => cache.match(location.href))
  .then((page) => page && page.text())
  .then((text) => Boolean(text) && /data-door="[0-9a-f]{64}"/.test(text))"""


def test_the_code_at_the_door_is_read_without_a_network(
    house: House, line: Line, phone: BrowserContext, tmp_path: Path
) -> None:
    """A photograph of the code is read and known in the phone; a wrong one asks why."""
    later = PLANNED.replace("minutes=2 + 5 * turn", "minutes=240")
    house.run(later.format(persons=[house.facts.people[0].id], codes=["meal-home"]))
    [visit, home] = house.rows(
        "SELECT v.id::text, o.home_id::text FROM dispatch_visit v"
        " JOIN dispatch_order o ON o.id = v.order_id JOIN accounts_user u ON u.id = v.worker_id"
        " WHERE u.login = 'liu' ORDER BY v.id DESC LIMIT 1"
    )[0]
    out = tmp_path / "code"
    house.run(DOOR.format(home=home, out=str(out)))
    code = out.read_text()
    page = opened(phone, f"{line.address}/work/visits/{visit}/")
    until(lambda: page.evaluate(DOOR_IS_KEPT), "the door's code in the phone", NEAR_S * 10)
    line.cut()
    phone.set_offline(True)
    page.goto(f"{line.address}/work/visits/{visit}/")
    expect(page.locator("html[data-work-ready]")).to_be_attached(timeout=60_000)
    page.locator("#step-set_off button[data-kind=main]").click()
    step, words = page.locator("#step-arrived"), page.locator("[data-scan-words]")
    photo = step.locator("[data-scan-photo] input")
    photo.set_input_files(door_photo("SONGHE:ABCDEFGHJKMNPQRS"))
    expect(words).to_have_text(str(words.get_attribute("data-say-wrong")))
    expect(step.locator("[data-reason]")).to_be_visible()
    photo.set_input_files(picture())
    expect(words).to_have_text(str(words.get_attribute("data-say-none")))
    photo.set_input_files(door_photo(f"SONGHE:{code}"))
    expect(words).to_have_text(str(words.get_attribute("data-say-read")))
    expect(step.locator("[data-reason]")).to_be_hidden()
    step.locator("button[data-kind=main]").click()
    expect(step).to_have_attribute("data-state", "done")
    line.mend()
    phone.set_offline(False)
    arrived = "SELECT way FROM dispatch_happening WHERE visit_id = %s AND kind = 'arrived'"
    until(lambda: house.rows(arrived, visit), "the arrival", NEAR_S * 10)
    assert house.rows(arrived, visit) == [("qr",)]


def door_photo(text: str) -> FilePayload:
    """Return a photograph of a code, turned a little, on a wall."""
    drawn = io.BytesIO()
    segno.make(text, error="h", micro=False).save(drawn, kind="png", scale=10, border=4)
    square = Image.open(drawn).convert("L").rotate(9, expand=True, fillcolor=170)
    wall = Image.new("L", (1200, 1600), 170)
    wall.paste(square, (400, 500))
    out = io.BytesIO()
    wall.convert("RGB").save(out, "JPEG", quality=80)
    return {"name": "door.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}
