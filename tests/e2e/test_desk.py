"""The desk, acted out: an alarm comes, rings, is taken, answered and closed, or is not answered."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.e2e.conftest import Visit, sign_in
from tests.e2e.house import CHEN, House, moment, pressure
from tests.e2e.small_county import HASTY_TOWN, VILLAGE
from tests.support.gateway import until

CRITICAL = "bp-critical"
TAKEN = re.compile("acknowledged")


def row(page: Page, alarm: str) -> Locator:
    return page.locator(f"#alarms a.alarm[data-id='{alarm}']")


def desk(visit: Visit, login: str = "sun", path: str = "/desk/") -> Page:
    """Open the desk with a live line; the mark in the page would be gone after a reload."""
    page = visit(login, path)
    page.mouse.move(1439, 899)
    expect(page.locator("[data-live]")).to_have_attribute("data-state", "on")
    page.evaluate("window.sameAsBefore = true")
    return page


def not_reloaded(page: Page) -> bool:
    return bool(page.evaluate("window.sameAsBefore === true"))


def do(page: Page, act: str) -> Locator:
    """Press the link of an act on the opened alarm; return its form."""
    page.locator(f"#alarm-head a[href*='/{act}/']").click()
    form = page.locator(f"#alarm-do form[action*='/{act}/']")
    expect(form).to_be_visible()
    return form


def score(page: Page, rule: str) -> list[int]:
    """Return (raised, real, false) of a rule from the page of statistics."""
    page.goto("/statistics/")
    cells = page.locator("table", has=page.locator("caption")).first.locator(
        "tr", has_text=rule
    ).locator("td")  # fmt: skip
    texts = cells.all_inner_texts()
    return [int(text) for text in texts if text.strip().isdigit()][:3] or [0, 0, 0]


def test_an_alarm_comes_without_a_reload_and_is_answered_to_its_end(
    house: House, visit: Visit
) -> None:
    chen = house.person(CHEN)
    page = desk(visit)
    before = score(visit("sun"), "血压高到危险值")
    expect(page.locator("[data-sound-switch]")).to_have_attribute("aria-pressed", "false")
    page.locator("[data-sound-switch]").click()
    expect(page.locator("[data-sound]")).to_have_attribute("data-state", "on")
    page.mouse.move(1439, 899)

    page.evaluate("document.getElementById('desk-plan').dataset.old = 'yes'")
    house.send(chen.devices["bp-monitor"], "readings", pressure(186, 112))
    drawn_anew = page.locator("#desk-plan:not([data-old]) .sign[data-priority=high]")
    expect(drawn_anew).not_to_have_count(0)
    line = page.locator("#alarms a.alarm[data-priority=high]", has_text="186/112")
    expect(line).to_be_visible()
    assert not_reloaded(page)
    alarm = str(line.get_attribute("data-id"))
    expect(line).to_have_attribute("data-state", "unacknowledged")
    expect(page.locator(".topbar .mark")).to_have_attribute("data-lit", "")
    expect(page.locator("[data-sound]")).to_have_attribute("data-played", "high")

    # J and K move, space opens the row, space again takes it.
    page.keyboard.press("j")
    expect(page.locator("#alarms a.alarm").first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("#alarms a.alarm").first).to_be_focused()
    row(page, alarm).focus()
    page.keyboard.press("Space")
    expect(page.locator("#alarm-head[data-state=unacknowledged]")).to_be_visible()
    expect(row(page, alarm)).to_have_attribute("aria-current", "true")
    row(page, alarm).focus()
    page.keyboard.press("Space")
    expect(page.locator("#alarm-head[data-state=acknowledged]")).to_be_visible()
    expect(row(page, alarm)).to_have_attribute("data-state", "acknowledged")
    expect(page.locator("#alarm-why")).to_contain_text("186/112")
    expect(page.locator("#alarm-why svg.chart")).to_be_visible()
    expect(page.locator(".desk-person")).to_contain_text(CHEN)

    form = do(page, "call")
    form.locator("[name=reached][value=yes]").check()
    form.locator("[name=text]").fill("头晕，坐下了")
    form.locator("button").first.click()
    course = page.locator("#alarm-course")
    expect(course).to_contain_text("头晕，坐下了")

    going = page.locator("#alarm-help")
    going.locator("li", has_text="小刘").first.locator("button").click()
    expect(going).to_contain_text("已通知 小刘，等待应答")

    form = do(page, "resolve")
    form.locator("button").first.click()
    expect(form.locator(".error-summary")).to_be_visible()
    form.locator("[name=outcome][value=true]").check()
    form.locator("[name=note]").fill("已服药，复测 148/86")
    form.locator("button").first.click()
    expect(page.locator("#alarm-head[data-state=resolved]")).to_be_visible()
    expect(course).to_contain_text("复测 148/86")
    expect(course.locator("li")).to_have_count(4)
    expect(row(page, alarm)).to_have_count(0)
    assert not_reloaded(page)

    raised, real, false = score(page, "血压高到危险值")
    assert (raised, real, false) == (before[0] + 1, before[1] + 1, before[2])


def test_the_same_thing_thrice_is_one_row_with_a_count(house: House, visit: Visit) -> None:
    person = house.somebody("bp-monitor")
    page = desk(visit)
    house.send(
        person.devices["bp-monitor"],
        "readings",
        *(pressure(188, 114, seconds_ago=ago) for ago in (150, 75, 0)),
    )
    alarm = house.wait_alarm(person, CRITICAL)
    until(lambda: house.alarms(person, CRITICAL)[0][2] == 3, "an alarm reported thrice")
    expect(row(page, alarm)).to_have_count(1)
    expect(row(page, alarm)).to_contain_text("3 次")
    assert len(house.alarms(person)) == 1


def test_a_village_that_falls_silent_is_one_incident(house: House, visit: Visit) -> None:
    page = desk(visit)
    gateways = {p.home: p.devices["home-gateway"][0] for p in house.people_of(VILLAGE)}
    for device in gateways.values():
        house.rows(
            "UPDATE gateway_device SET version = version + 1,"
            " body = jsonb_set(body, '{silent_after_s}', '1') WHERE device = %s",
            device,
        )
        house.rows("SELECT pg_notify('songhe_snapshot', %s)", f"device:{device}")
    line = page.locator("#alarms a.alarm[data-priority=unknown]", has_text=f"{len(gateways)} 户")
    expect(line).to_have_count(1, timeout=40_000)
    until(
        lambda: house.rows(
            "SELECT 1 FROM monitoring_alarm WHERE is_storm AND count >= %s", len(gateways)
        ),
        "an incident of the whole village",
    )
    line.click()
    expect(page.locator("#h-members")).to_be_visible()
    expect(page.locator(".members")).to_contain_text("望河村")
    assert not_reloaded(page)


def test_nobody_answers_and_the_timer_outlives_a_restart(house: House, visit: Visit) -> None:
    person = house.somebody("bp-monitor", region=HASTY_TOWN)
    house.send(person.devices["bp-monitor"], "readings", pressure(190, 114))
    alarm = house.wait_alarm(person, CRITICAL)
    page = desk(visit, path=f"/desk/alarms/{alarm}/")
    course = page.locator("#alarm-course")
    before = house.kill("jobs")
    expect(course).to_contain_text("带班主任", timeout=40_000)
    expect(course).to_contain_text("云岭镇卫生院", timeout=40_000)
    house.wait_back("jobs", before)
    assert not_reloaded(page)
    steps = house.rows(
        "SELECT kind FROM monitoring_alarmentry WHERE alarm_id = %s ORDER BY at, id", alarm
    )
    kinds = [kind for (kind,) in steps]
    assert kinds[0] == "raised"
    assert next(kind for kind in kinds if kind in {"level_up", "next_organization"}) == "level_up"
    assert kinds.count("next_organization") == 1
    (rang_at, raised_at, done) = house.rows(
        "SELECT rang_at, raised_at, steps_done FROM monitoring_alarm WHERE id = %s", alarm
    )[0]
    assert rang_at == raised_at, "the timer began anew"
    assert done >= 3


def test_evidence_that_is_gone_is_said(house: House, visit: Visit) -> None:
    person = house.somebody("bp-monitor")
    house.send(person.devices["bp-monitor"], "readings", pressure(187, 116))
    alarm = house.wait_alarm(person, CRITICAL)
    page = visit("sun", f"/desk/alarms/{alarm}/")
    drawn = page.locator("#alarm-why svg.chart")
    expect(drawn).to_be_visible()
    expect(page.locator("#alarm-why .notice")).to_have_count(0)
    # The administrator voids the reading, with a reason, on the page behind the chart.
    admin = visit("admin", f"/people/{person.id}/readings/blood-pressure/")
    admin.locator("#readings tr", has_text="187").get_by_role("link").last.click()
    admin.locator("main form button").first.click()
    expect(admin.locator(".error-summary")).to_be_visible()
    admin.locator("[name=reason]").fill("袖带戴在别人手上")
    admin.locator("main form button").first.click()
    expect(admin.locator("#readings tr", has_text="187")).to_have_count(0)
    page.reload()
    expect(page.locator("#alarm-why .notice")).to_contain_text("袖带戴在别人手上")
    expect(drawn).to_have_count(0)
    # A reading that is gone from the table without a word is noticed as well.
    house.rows("DELETE FROM voided_reading WHERE person = %s", person.id)
    page.reload()
    expect(page.locator("#alarm-why .notice")).to_be_visible()
    expect(drawn).to_have_count(0)


def test_a_lost_line_is_said_and_heals(house: House, visit: Visit) -> None:
    person = house.somebody("smoke")
    page = desk(visit)
    before = house.kill("live")
    shown = page.locator("[data-live]")
    expect(shown).to_have_attribute("data-state", "lost")
    house.send(person.devices["smoke"], "events", {"at": moment(), "event": "smoke", "state": "on"})
    house.wait_back("live", before)
    expect(shown).to_have_attribute("data-state", "on", timeout=40_000)
    # What was missed is asked for anew.
    expect(page.locator("#alarms a.alarm", has_text="烟雾")).to_be_visible()
    assert not_reloaded(page)


def test_without_script_an_alarm_is_taken_and_closed(
    house: House, window: Callable[..., BrowserContext]
) -> None:
    person = house.somebody("sos-button")
    press = {"at": moment(), "event": "sos", "state": "pressed"}
    house.send(person.devices["sos-button"], "events", press)
    alarm = house.wait_alarm(person, "sos")
    page = window(java_script_enabled=False).new_page()
    sign_in(page, house, "sun")
    page.goto("/desk/")
    row(page, alarm).click()
    page.locator("#alarm-head [data-key=Space]").click()
    expect(page.locator("#alarm-head[data-state=acknowledged]")).to_be_visible()
    page.locator("#alarm-head a[href*='/resolve/']").click()
    form = page.locator("#alarm-do form")
    form.locator("button").first.click()
    expect(page.locator(".error-summary")).to_be_visible()
    form.locator("[name=outcome][value=true]").check()
    form.locator("[name=note]").fill("她摔了一跤，已送医")
    form.locator("button").first.click()
    expect(page.locator("#alarm-head[data-state=resolved]")).to_be_visible()
    expect(page.locator("#alarm-course")).to_contain_text("已送医")
    assert house.alarms(person, "sos")[0][1:] == ("resolved", 1, "true")


@pytest.mark.parametrize("size", [(1440, 900)])
def test_what_one_alarm_needs_stands_above_the_fold(
    house: House, visit: Visit, size: tuple[int, int]
) -> None:
    person = house.somebody("oximeter")
    low = {"at": moment(), "readings": [{"code": "59408-5", "value": 84, "unit": "%"}]}
    house.send(person.devices["oximeter"], "readings", low)
    alarm = house.wait_alarm(person, "spo2-critical")
    page = visit("sun", f"/desk/alarms/{alarm}/", size=size)
    for part in ("#alarm-head", "#alarm-why svg.chart", "#alarm-head .desk-actions"):
        expect(page.locator(part).first).to_be_in_viewport(ratio=1)
