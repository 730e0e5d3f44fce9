"""Rules on the past, acted out: a rule is tried and taken over; an absence holds a rule still."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Page, expect

from songhe.config.demo.logins import TOWN
from tests.e2e.conftest import Visit
from tests.e2e.house import House, moment
from tests.e2e.small_county import PersonFacts
from tests.support.gateway import until


def test_a_rule_is_tried_on_the_past_and_taken_over(house: House, visit: Visit) -> None:
    person = house.somebody("bp-monitor", region=TOWN)
    page = visit("leader", f"/rules/bp-critical/try/?scope=person:{person.id}")
    page.locator("[name=sbp_ge]").fill("105")
    page.locator("form.change [data-kind=main]").click()
    expect(page).to_have_url(re.compile("/rules/trials/"))
    # The job runs in the jobs process; the page follows without being asked.
    expect(page.locator("#h-lines")).to_be_visible(timeout=60_000)
    expect(page.locator(".trial-lines").first).to_contain_text("新增告警")
    expect(page.locator("main")).to_contain_text("105 mmHg")
    assert house.rows("SELECT count(*) FROM monitoring_ruleoverride WHERE scope = %s",
                      f"person:{person.id}")[0][0] == 0  # fmt: skip
    page.get_by_role("link", name="采用这条规则").click()
    expect(page.locator("[name=sbp_ge]")).to_have_value("105")
    expect(page.locator("[name=reason]")).to_have_value(re.compile("试算"))
    page.locator("[value=check]").click()
    page.locator("[value=save]").click()
    expect(page.locator("main")).to_contain_text("180 mmHg → 105 mmHg")
    held = house.rows("SELECT body->'changes'->0->'params' FROM gateway_rules WHERE scope = %s",
                      f"person:{person.id}")  # fmt: skip
    assert held == [({"sbp_ge": 105},)]


def position(lat: float, lon: float) -> dict[str, Any]:
    return {"at": moment(), "lat": lat, "lon": lon, "accuracy_m": 8}


def absent(page: Page, person: PersonFacts) -> None:
    """Enter on a phone that somebody is at her daughter's."""
    page.goto(f"/people/{person.id}/absences/add/")
    page.locator("[name=kind][value=family]").check()
    page.locator("[name=told_by]").fill("女儿来电")
    page.locator("form.change [data-kind=main]").click()
    expect(page.locator("main")).to_contain_text("在亲属家")


def test_an_absence_holds_the_fence_still_until_she_is_back(house: House, visit: Visit) -> None:
    """Page → snapshot → gateway → no alarm; ended on the page → the same fixes ring."""
    person = next(one for one in house.facts.people if "tracker" in one.devices)
    [[lat, lon]] = house.rows(
        "SELECT (data->'fence'->>'lat')::float8, (data->'fence'->>'lon')::float8"
        " FROM people_personfact WHERE person_id = %s AND code = 'fence'",
        person.id,
    )
    page = visit("sun", size=(390, 844))
    absent(page, person)
    known = f"SELECT version FROM gateway_rules WHERE scope = 'person:{person.id}'"
    assert house.rows(known)
    tracker = person.devices["tracker"]

    def walk() -> None:
        for _ in range(3):
            house.send(tracker, "positions", position(lat + 0.05, lon))

    walk()
    stored = house.rows(
        "SELECT count(*) FROM reading_hot WHERE subject = %s AND received_at > %s",
        person.id, datetime.now(UTC).replace(second=0, microsecond=0),
    )  # fmt: skip
    assert stored[0][0] >= 1
    assert house.rows("SELECT 1 FROM finding WHERE person = %s AND rule = 'fence'", person.id) == []
    page.goto(f"/people/{person.id}/")
    expect(page.locator("main")).to_contain_text("外出：在亲属家")
    page.get_by_role("link", name="已回家，或改结束时间").first.click()
    page.locator("[name=told_by]").fill("本人")
    page.locator("form.change [data-kind=main]").click()
    expect(page).to_have_url(re.compile("/absences/$"))

    def rings() -> list[tuple[Any, ...]]:
        walk()
        return house.rows("SELECT 1 FROM finding WHERE person = %s AND rule = 'fence'", person.id)

    until(rings, "the fence to ring again")
