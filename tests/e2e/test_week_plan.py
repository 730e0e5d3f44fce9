"""A week is planned, a visit dragged where it cannot stand, somebody falls ill, all are told."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from playwright.sync_api import Locator, Page, expect

from tests.e2e import audit
from tests.e2e.conftest import Visit
from tests.e2e.house import House

PHONE = (390, 844)
_ZONE = ZoneInfo("Asia/Shanghai")
TALL = (1440, 4000)  # the whole week at once: nothing scrolls while a visit is dragged
_VISITS = (
    "SELECT v.id::text, v.worker_id::text, lower(v.period), v.state FROM dispatch_visit v"
    " JOIN dispatch_order o ON o.id = v.order_id"
    " WHERE o.kind = 'service' AND v.state IN ('planned', 'told') ORDER BY v.id"
)
# Two visits of two workers at one time, each made by one alone.
_RIVALS = (
    "SELECT a.id::text, b.worker_id::text, lower(b.period)::text FROM dispatch_visit a"
    " JOIN dispatch_visit b ON b.period && a.period AND b.worker_id <> a.worker_id"
    " AND b.order_id <> a.order_id"
    " JOIN dispatch_order o ON o.id = a.order_id JOIN catalog_itemversion i ON i.id = o.item_id"
    " WHERE a.state = 'planned' AND b.state = 'planned' AND i.workers_needed = 1 LIMIT 1"
)
_NOTICES = "SELECT count(*) FROM notify_notice WHERE kind LIKE 'dispatch.%%' AND user_id = %s::uuid"
# Who has most to do on a day of the week that is planned.
_BUSIEST = (
    "SELECT v.worker_id::text, u.display_name, (lower(v.period) AT TIME ZONE 'Asia/Shanghai')::date"
    " FROM dispatch_visit v JOIN accounts_user u ON u.id = v.worker_id"
    " WHERE v.state = 'told' AND lower(v.period) > now() + interval '20 hours'"
    " GROUP BY 1, 2, 3 ORDER BY count(*) DESC, 1, 3 LIMIT 1"
)


def faults(page: Page, house: House) -> list[str]:
    words = audit.Words.of(house)
    return audit.axe(page) + audit.untranslated(page, words) + audit.too_wide(page)


def drag(page: Page, what: Locator, where: Locator) -> None:
    with page.expect_response(lambda answer: "/plans/visits/" in answer.url):
        what.drag_to(where, target_position={"x": 12, "y": 6})


def test_a_week_is_planned_dragged_told_and_mended(house: House, visit: Visit) -> None:
    page = visit("manager", "/plans/", size=TALL)
    page.get_by_role("button", name="排这一周").click()
    expect(page.locator(".plan-block").first).to_be_visible(timeout=90_000)
    wrong = faults(page, house)
    before = house.rows(_VISITS)

    # At another's at that time: refused with both names, and nothing is saved.
    [[mine, other, _begins]] = house.rows(_RIVALS)
    block = page.locator(f'.plan-block:has(a[href$="{mine}/"])')
    day = block.locator("xpath=ancestor::td").get_attribute("data-day")
    drag(page, block, page.locator(f'td[data-worker="{other}"][data-day="{day}"]'))
    expect(page.locator("#plan-say")).to_contain_text("不能放在那里")
    expect(page.locator("#plan-say li").first).to_be_visible()
    wrong += faults(page, house)
    assert house.rows(_VISITS) == before
    # Taken in hand again, nothing jumps under the pointer.
    stood = block.bounding_box()
    held = {"dataTransfer": page.evaluate_handle("() => new DataTransfer()")}
    block.dispatch_event("dragstart", held)
    assert block.bounding_box() == stood
    block.dispatch_event("dragend", held)

    # By touch or keyboard: out of the plan, and back by hand to the same place.
    phone = visit("manager", f"/plans/visits/{mine}/", size=PHONE)
    expect(phone.get_by_role("heading", name=re.compile("^为什么是"))).to_be_visible()
    wrong += faults(phone, house)
    worker = phone.locator("[name=worker]").input_value()
    at = phone.locator("[name=begins]").input_value()
    [[order]] = house.rows("SELECT order_id::text FROM dispatch_visit WHERE id = %s::uuid", mine)
    phone.get_by_role("button", name="从排班中取出").click()
    assert mine not in {row[0] for row in house.rows(_VISITS)}
    wrong += faults(phone, house)
    phone.goto(f"/plans/orders/{order}/")
    phone.locator("[name=worker]").select_option(worker)
    phone.locator("[name=day]").fill(str(day))
    phone.locator("[name=begins]").fill(at)
    phone.locator("form.change button[data-kind=main]").click()
    phone.wait_for_url("**/plans/?**")
    assert len(house.rows(_VISITS)) == len(before)

    page.reload()
    page.locator(".plan-tell > summary").click()
    wrong += faults(page, house)
    page.get_by_role("button", name="现在通知").click()
    expect(page.locator(".plan-block[data-state=planned]")).to_have_count(0)

    # Somebody is ill: what would change is listed first, and whoever was told hears of it.
    [[ill, name, ill_on]] = house.rows(_BUSIEST)
    page.goto(f"/plans/away/?worker={ill}&day={ill_on}")
    page.locator("[name=since]").fill(str(ill_on))
    page.locator("[name=until]").fill(str(ill_on))
    page.get_by_role("button", name="记下，看看要变什么").click()
    expect(page.locator("#h-changes")).to_be_visible(timeout=60_000)
    expect(page.locator("main tbody tr").first).to_contain_text(name)
    wrong += faults(page, house)
    small = visit("manager", page.url.replace(house.address, ""), size=PHONE)
    wrong += faults(small, house)
    [[told]] = house.rows(_NOTICES, ill)
    count = page.locator("main tbody tr td:nth-child(2)", has_text=name).count()
    assert 0 < count <= page.locator("main tbody tr").count()
    page.get_by_role("button", name="按此调整").click()
    expect(page.locator("main")).to_contain_text("已按方案调整")
    [[now_told]] = house.rows(_NOTICES, ill)
    assert now_told - told == count
    left = [
        row for row in house.rows(_VISITS)
        if row[1] == ill and row[2].astimezone(_ZONE).date() == ill_on
    ]  # fmt: skip
    assert left == []
    assert not wrong, "\n".join(wrong)
