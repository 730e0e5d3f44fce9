"""What each of the cast sees, and what not."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.house import CHEN, House, pressure

ELSEWHERE = ("/desk/", "/people/", "/devices/", "/letters/", "/alarms/", "/rules/", "/statistics/")


def test_wu_may_see_nothing_and_is_told_whom_to_ask(house: House, visit: Visit) -> None:
    page = visit("wu")
    expect(page.locator("main")).to_contain_text("小吴")
    expect(page.locator("nav.rail a")).to_have_count(0)
    chen = house.person(CHEN)
    for path in (*ELSEWHERE, f"/people/{chen.id}/"):
        answer = page.request.get(path)
        assert answer.status in {403, 404}, f"{path}: {answer.status}"
        assert not [p.name for p in house.facts.people if p.name in answer.text()], path


def test_chen_wei_sees_his_mother_and_nobody_else(house: House, visit: Visit) -> None:
    chen = house.person(CHEN)
    page = visit("chenwei", size=(390, 844))
    link = page.locator("main").get_by_role("link", name=CHEN)
    expect(link).to_be_visible()
    link.click()
    expect(page.locator("main")).to_contain_text("血压")
    # Her consent opens him name, health and home; the address is not among them.
    expect(page.locator("main")).not_to_contain_text(chen.home)
    page.goto("/people/")
    text = page.locator("main").inner_text()
    assert [p.name for p in house.facts.people if p.name in text] == [CHEN]
    other = next(p for p in house.facts.people if p.name != CHEN)
    assert page.request.get(f"/people/{other.id}/").status == 404
    assert page.request.get("/desk/").status == 403


def test_grandma_chen_has_her_own_page_in_large_letters(house: House, visit: Visit) -> None:
    page = visit("chenxiulan", size=(390, 844))
    assert page.evaluate("document.documentElement.dataset.mode") == "elder"
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("main")).to_contain_text("血压")
    expect(page.get_by_role("link", name=re.compile("陈伟"))).to_have_attribute(
        "href", re.compile("^tel:")
    )
    body_px = page.evaluate("parseFloat(getComputedStyle(document.querySelector('main')).fontSize)")
    assert body_px >= 20
    small = page.evaluate(
        "[...document.querySelectorAll('main a, main button')].filter((e) => e.checkVisibility())"
        ".map((e) => [e.innerText, e.getBoundingClientRect().height]).filter(([, h]) => h < 60)"
    )
    assert small == []
    page.locator("[name=text]").click()
    assert page.evaluate("document.documentElement.dataset.text") == "1.25"
    larger_px = page.evaluate(
        "parseFloat(getComputedStyle(document.querySelector('main')).fontSize)"
    )
    assert larger_px > body_px


def test_dr_zhao_sees_the_persons_who_are_opened_to_him(house: House, visit: Visit) -> None:
    person = house.somebody("bp-monitor")
    house.rows(
        "DELETE FROM access_grant WHERE subject_id = %s AND user_id ="
        " (SELECT id FROM accounts_user WHERE login = 'zhao')",
        person.id,
    )
    opened = {
        name
        for (name,) in house.rows(
            "SELECT p.name FROM access_grant g JOIN people_person p ON p.id = g.subject_id"
            " JOIN accounts_user u ON u.id = g.user_id WHERE u.login = 'zhao'"
        )
    }
    page = visit("zhao", "/people/")
    text = page.locator("main").inner_text()
    assert {p.name for p in house.facts.people if p.name in text} == opened
    assert page.request.get(f"/people/{person.id}/").status == 404
    # An alarm that goes on to his hospital, and that he takes, opens the person to him.
    hospital = house.rows("SELECT id FROM organizations_organization WHERE kind = 'hospital'")
    house.send(person.devices["bp-monitor"], "readings", pressure(195, 118))
    alarm = house.wait_alarm(person, "bp-critical")
    house.rows(
        "UPDATE monitoring_alarm SET organization_id = %s WHERE id = %s", hospital[0][0], alarm
    )
    page.goto(f"/alarms/{alarm}/")
    page.locator("#alarm-head [data-key=Space]").click()
    expect(page.locator("#alarm-head[data-state=acknowledged]")).to_be_visible()
    page.goto("/people/")
    expect(page.locator("main")).to_contain_text(person.name)
    assert page.request.get(f"/people/{person.id}/").status == 200


def test_qian_reads_figures_without_names(house: House, visit: Visit) -> None:
    page = visit("qian")
    page.goto("/statistics/")
    expect(page.locator("table").first).to_be_visible()
    text = page.locator("body").inner_text()
    assert not [p.name for p in house.facts.people if p.name in text]
    assert not [p.home for p in house.facts.people if p.home in text]
    assert page.request.get("/alarms/").status == 403


def test_qian_reads_names_only_while_a_purpose_is_stated(house: House, visit: Visit) -> None:
    page = visit("qian")
    page.goto("/people/")
    names = [p.name for p in house.facts.people]
    assert not [name for name in names if name in page.locator("main").inner_text()]
    page.goto("/purpose/")
    page.get_by_label("核查投诉举报").check()
    page.locator("[name=reason]").fill("投诉 2026-118 号")
    page.get_by_role("button", name="开放姓名").click()
    expect(page.locator("body")).to_contain_text("用途：核查投诉举报")
    assert [name for name in names if name in page.locator("main").inner_text()]
    page.get_by_role("button", name="重新隐去").click()
    page.goto("/people/")
    assert not [name for name in names if name in page.locator("main").inner_text()]


def test_the_running_pages_stand_behind_the_wall(house: House, visit: Visit) -> None:
    """A policy of the database that shows nothing empties the list: the pages own no table."""
    page = visit("sun")
    page.goto("/people/")
    expect(page.locator("main")).to_contain_text(CHEN)
    ways = house.rows(
        "SELECT polname, pg_get_expr(polqual, polrelid) FROM pg_policy"
        " WHERE polrelid = 'people_person'::regclass"
    )
    for way, _using in ways:
        house.rows(f"ALTER POLICY {way} ON people_person USING (false)")
    try:
        page.goto("/people/")
        expect(page.locator("main")).not_to_contain_text(CHEN)
    finally:
        for way, using in ways:
            house.rows(f"ALTER POLICY {way} ON people_person USING ({using})")
    page.goto("/people/")
    expect(page.locator("main")).to_contain_text(CHEN)
