"""Grandma presses the button; Sun sends Liu with one press; Liu goes, helps, and it is proven."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.house import House, moment

# What the margins of kit/print.css leave of a sheet of A4, in CSS px: 178 by 259 mm.
SHEET = (672, 978)


def sent(page: Page, name: str) -> None:
    """Press the button that sends somebody, in the panel of who could go."""
    line = page.locator("#alarm-help li", has_text=name).first
    line.locator("button").click()
    expect(page.locator("#alarm-help")).to_contain_text(f"已通知 {name}，等待应答")


def one_more_and_back(sun: Page) -> None:
    """What Sun opened stays open when the panel is renewed; who goes can be rung or called back."""
    panel = sun.locator("#alarm-help")
    panel.get_by_text("再派一个人").click()
    with sun.expect_response(re.compile("/rescues/alarm/")):
        sun.evaluate("document.body.dispatchEvent(new Event('songhe:refresh'))")
    sun.wait_for_timeout(200)
    expect(panel.locator("#one-more")).to_have_attribute("open", "")
    expect(panel.locator(".goers").get_by_role("button", name="叫回")).to_be_visible()


def the_card_is_one_page(sun: Page) -> None:
    """The card for 120: read in half a minute, whole, in both languages, on one sheet of A4."""
    address = str(sun.locator("#alarm-help a", has_text="120 摘要卡").get_attribute("href"))
    card = sun.context.new_page()
    for language, who, seconds in (
        ("zh-hans", "岁", r"约 (\d+) 秒"),
        ("en", "years", r"about (\d+) s"),
    ):
        card.goto(f"{address}?in={language}")
        expect(card.locator(".card-read")).to_contain_text(who)
        expect(card.locator(".card-read")).to_contain_text("小刘")
        said = re.search(seconds, card.locator("#h-read").locator("..").inner_text())
        assert said is not None
        assert int(said[1]) <= 30
        assert card.locator("[data-row=where] dd").inner_text()
        assert card.locator("[data-row=contacts] a[href^='tel:']").count()
        assert "120" in card.locator("#card-text").input_value()
        card.emulate_media(media="print")
        card.set_viewport_size({"width": SHEET[0], "height": 100})
        assert card.evaluate("document.documentElement.scrollHeight") <= SHEET[1]
        card.emulate_media(media="screen")
    card.get_by_role("button", name="已打 120").click()
    card.close()
    expect(sun.locator("#alarm-course")).to_contain_text("120")


def test_from_the_button_to_the_door_and_back(house: House, visit: Visit) -> None:
    person = house.somebody("sos-button")
    liu = visit("liu", "/work/")
    liu.goto(f"/people/{person.id}/")
    expect(liu.locator("main")).not_to_contain_text(person.name)
    liu.goto("/work/")

    press = {"at": moment(), "event": "sos", "state": "pressed"}
    house.send(person.devices["sos-button"], "events", press)
    alarm = house.wait_alarm(person, "sos")
    sun = visit("sun", f"/desk/alarms/{alarm}/")
    sent(sun, "小刘")
    # Who sends has taken it, and her people are rung with it; what shows it stands beside.
    expect(sun.locator("#alarm-head[data-state=acknowledged]")).to_be_visible()
    expect(sun.locator("#alarm-help [data-told=done]").first).to_contain_text(
        "按 1 确认", timeout=40_000
    )

    offer = liu.locator("[data-offer]").first
    expect(offer).to_be_visible()
    # Before he goes he learns where, and nothing of her.
    expect(offer).not_to_contain_text(person.name)
    offer.locator("button[value=go]").click()
    expect(sun.locator("#alarm-help")).to_contain_text("小刘 前往")
    expect(sun.locator("#alarm-course")).to_contain_text("小刘")

    one_more_and_back(sun)

    liu.goto("/work/")
    liu.locator("a.work-visit", has_text=person.name).first.click()
    expect(liu.locator("main")).to_contain_text(person.name)
    liu.locator("#step-set_off form[data-tell=set_off] button").click()
    expect(sun.locator("#alarm-help")).to_contain_text("小刘 已出发")
    the_card_is_one_page(sun)
    liu.locator("#step-arrived form[data-tell=arrived] > button").last.click()
    expect(sun.locator("#alarm-help")).to_contain_text("小刘 已在现场")
    liu.locator("#step-done form[data-tell=done] button").last.click()
    expect(sun.locator("#alarm-course")).to_contain_text("小刘 已提供帮助")
    [(state, way)] = house.rows(
        "SELECT v.state, v.arrived_by FROM dispatch_visit v JOIN dispatch_order o"
        " ON o.id = v.order_id WHERE o.source_ref = %s",
        f"monitoring.Alarm/{alarm}",
    )
    assert state == "done"
    assert way in ("none", "gps")


def test_a_call_joins_what_runs_and_a_refusal_asks_the_next(house: House, visit: Visit) -> None:
    """A second call makes no second order; Liu cannot go, the next is asked with a clock."""
    person = house.somebody("bp-monitor")
    sun = visit("sun", "/rescues/call/")
    for turn, note in enumerate(("她摔了", "她不说话了")):
        sun.goto("/rescues/call/")
        sun.fill("#words", person.name)
        sun.get_by_role("button", name="查找").click()
        sun.locator(f"input[name=person][value='{person.id}']").check()
        sun.locator("textarea[name=note]").fill(note)
        sun.locator("button[value=help]").click()
        sun.wait_for_url("**/orders/**")
        expect(sun.locator("main")).to_contain_text(note)
        if turn == 0:
            first = sun.url
    assert sun.url == first
    expect(sun.locator("main")).to_contain_text("她摔了")
    line = sun.locator("#alarm-help li", has_text="小刘").first
    if not line.is_visible():
        sun.locator("#alarm-help summary").last.click()
    line.locator("button").click()
    expect(sun.locator("#alarm-help")).to_contain_text("已通知 小刘，等待应答")
    liu = visit("liu", "/work/")
    liu.locator("[data-offer] button[value=no]").first.click()
    board = visit("sun", "/rescues/")
    row = board.locator("#rescues li", has_text="等待应答").first
    expect(row).to_contain_text("前无应答则通知下一位")
    expect(row).not_to_contain_text("小刘")


def test_somebody_nobody_knows_is_helped(house: House, visit: Visit) -> None:
    sun = visit("sun", "/rescues/call/")
    sun.get_by_text("这里没有人认识他").click()
    sun.locator("[name=new-region]").select_option(index=1)
    sun.locator("[name=new-address]").fill("菜市场门口")
    sun.locator("[name=new-note]").fill("一位老人坐在地上")
    sun.locator("button[value=stranger]").click()
    sun.wait_for_url("**/orders/**")
    expect(sun.locator("main")).to_contain_text("菜市场门口")
    expect(sun.locator("main")).to_contain_text("一位老人坐在地上")
    assert sun.locator("#alarm-help form button").count()
    # 小刘 goes, and need not after all: her open page says so by itself, and its steps are gone.
    sent(sun, "小刘")
    liu = visit("liu", "/work/")
    liu.locator("[data-offer] button[value=go]").first.click()
    expect(liu.locator("[data-offer]")).to_have_count(0)
    liu.goto("/work/")
    liu.locator("a.work-visit", has_text="菜市场门口").first.click()
    liu.wait_for_url("**/work/visits/**")
    expect(liu.locator("#work")).to_contain_text("电话求助")
    expect(liu.locator("[data-steps]")).to_be_visible()
    sun.locator("#call-off summary").click()
    sun.locator("#off-reason").fill("他自己走了")
    sun.get_by_role("button", name="结束这次救助").click()
    expect(sun.locator("#order-course")).to_contain_text("他自己走了")
    expect(liu.locator("[data-called-off]")).to_contain_text("紧急上门", timeout=40_000)
    expect(liu.locator("[data-steps]")).to_be_hidden()
    liu.locator("[data-off-seen]").click()
    liu.wait_for_url("**/work/")
    expect(liu.locator("[data-called-off]")).to_be_hidden()
