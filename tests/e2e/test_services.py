"""Chen Wei orders, Sun sees it, he calls it off; Grandma Chen says how it was, in large letters."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e import audit
from tests.e2e.conftest import Visit
from tests.e2e.house import CHEN, House

PHONE = (390, 844)
# Enhanced contrast (AAA), which pages of older people keep.
_AAA = {"runOnly": {"type": "rule", "values": ["color-contrast-enhanced"]}}


def faults(page: Page, house: House) -> list[str]:
    words = audit.Words.of(house)
    return audit.axe(page) + audit.untranslated(page, words) + audit.too_wide(page)


def small(page: Page) -> list[str]:
    """Return what an older person presses that is less than 60 px high."""
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('main a, main button, main summary, main label, footer a')]"
        ".filter((e) => e.checkVisibility() && !e.closest('.skip, .face'))"
        ".map((e) => [e.innerText, e.getBoundingClientRect().height])"
        ".filter(([, h]) => h < 59.5).map(([t, h]) => `${t}: ${h}`)"
    )
    return found


def test_chen_wei_orders_sun_sees_it_and_he_calls_it_off(house: House, visit: Visit) -> None:
    wei = visit("chenwei", "/services/order/", size=PHONE)
    wrong = faults(wei, house)
    for words in ("陪伴", "读报聊天", "明天"):
        choice = wei.locator("a.square, a.choose").filter(has_text=words)
        if words == "读报聊天" and choice.count() == 0:
            continue  # the only one of its kind, or what she had last
        choice.filter(has_text="下午" if words == "明天" else "").first.click()
        wrong += faults(wei, house)
    expect(wei.locator("h1")).to_have_text("这样对吗？")
    expect(wei.locator(".bill-own")).to_contain_text("¥")
    wei.locator("details.wishes summary").click()
    wei.get_by_label("要告诉护理员的事").fill("门铃坏了，请敲门")
    wei.locator("dl.answers a").last.click()  # another time, and back: the words stay
    wei.locator("a.choose").first.click()
    expect(wei.get_by_label("要告诉护理员的事")).to_have_value("门铃坏了，请敲门")
    wei.get_by_role("button", name="对，就这样预约").last.click()
    wei.wait_for_url(re.compile(r"/services/[0-9a-f-]{36}/$"))
    expect(wei.locator(".service-state")).to_contain_text("服务中心正在安排人")
    expect(wei.locator("main")).to_contain_text("门铃坏了，请敲门")
    assert "songhe-keep" not in wei.evaluate("JSON.stringify(sessionStorage)")
    wrong += faults(wei, house)
    order = wei.url.rstrip("/").rpartition("/")[2]

    sun = visit("sun", f"/orders/{order}/")
    expect(sun.locator("main")).to_contain_text(CHEN)
    expect(sun.locator("main .timeline")).to_contain_text("陈伟")

    wei.get_by_role("link", name="取消服务").click()
    wrong += faults(wei, house)
    wei.get_by_role("button", name="不用来了").click()
    expect(wei.locator(".error-summary")).to_contain_text("请选择原因")
    wei.get_by_label("时间不合适").check()
    wei.get_by_role("button", name="不用来了").click()
    expect(wei.locator(".service-state")).to_have_text("已取消")
    sun.reload()
    expect(sun.locator("h1")).to_contain_text("已取消")
    assert not wrong, "\n".join(wrong)


def test_an_open_page_hears_that_it_was_called_off(house: House, visit: Visit) -> None:
    wei = visit("chenwei", "/services/order/", size=PHONE)
    for _ in range(6):
        if wei.get_by_role("button", name="对，就这样预约").count():
            break
        wei.locator("a.square, a.choose").last.click()
    wei.get_by_role("button", name="对，就这样预约").click()
    wei.wait_for_url(re.compile(r"/services/[0-9a-f-]{36}/$"))
    herself = visit("chenxiulan", wei.url, size=PHONE)
    expect(herself.locator(".service-state")).to_contain_text("服务中心正在安排人")
    wei.get_by_role("link", name="取消服务").click()
    wei.get_by_label("不需要了").check()
    wei.get_by_role("button", name="不用来了").click()
    expect(herself.locator(".service-state")).to_have_text("已取消")


def test_grandma_chen_says_how_it_was_in_the_largest_letters(house: House, visit: Visit) -> None:
    page = visit("chenxiulan", "/", size=PHONE)
    for _ in range(3):
        page.locator("[name=text]").click()
    assert page.evaluate("document.documentElement.dataset.text") == "1.75"
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 35
    wrong = []

    def look() -> None:
        wrong.extend(faults(page, house) + small(page))
        enhanced = audit.Axe().run(page, options=_AAA).response["violations"]
        wrong.extend(f"{page.url} AAA: {rule['nodes'][0]['target']}" for rule in enhanced)

    look()
    page.get_by_role("link", name="我的服务").click()
    look()
    page.locator("a.service-rate").first.click()
    look()
    page.get_by_role("button", name="提交评价").click()
    expect(page.locator(".error-summary")).to_contain_text("请选一个笑脸")
    page.locator("label.face").first.click()
    page.get_by_role("button", name="提交评价").click()
    expect(page.locator(".said")).to_contain_text("满意")
    look()
    page.goto("/services/bed/")
    look()
    page.goto("/services/order/")
    look()
    while page.get_by_role("button", name="对，就这样预约").count() == 0:
        page.locator("a.square, a.choose").first.click()
        look()
    assert not wrong, "\n".join(wrong)


def test_a_complaint_is_answered_or_its_day_passes(house: House, visit: Visit) -> None:
    wei = visit("chenwei", "/services/past/", size=PHONE)
    wei.locator("a.service").last.click()
    service = wei.url
    wei.get_by_role("link", name="投诉").click()
    wei.get_by_label("迟到或没来").check()
    wei.locator("main form button").last.click()
    expect(wei.locator(".error-summary")).to_contain_text("请简单说明哪里不好")
    expect(wei.get_by_label("迟到或没来")).to_be_checked()
    wei.fill("[name=words]", "晚到一小时")
    wrong = faults(wei, house)
    wei.locator("main form button").last.click()
    expect(wei.locator("main .panel")).to_contain_text("前答复")

    manager = visit("manager", "/notices/", size=PHONE)
    manager.get_by_role("link", name="有一条投诉").first.click()
    manager.get_by_role("link", name="前往查看").click()
    expect(manager.locator("main")).to_contain_text("晚到一小时")
    wrong += faults(manager, house)
    house.rows("UPDATE dispatch_complaint SET answer_by = answer_by - 40 WHERE state = 'open'")
    house.run(
        "from django.utils import timezone\n"
        "from songhe.domains.dispatch import services\n"
        "assert services.tell_overdue(at=timezone.now()) == 1"
    )
    wei.goto("/notices/")
    wei.get_by_role("link", name="还没有答复").first.click()
    wei.get_by_role("link", name="前往查看").click()
    wei.wait_for_url(service)
    expect(wei.locator("main .panel")).to_contain_text("已告知县里")
    wrong += faults(wei, house)
    manager.fill("[name=answer]", "对不起，已提醒她先打电话")
    manager.get_by_role("button", name="发送答复").click()
    wei.reload()
    expect(wei.locator("main .panel")).to_contain_text("已提醒她先打电话")
    assert not wrong, "\n".join(wrong)
