"""A home care bed from the application to its end: each does her part, on her own screen."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.e2e import audit
from tests.e2e.conftest import Visit
from tests.e2e.house import CHEN, House

PHONE = (390, 844)
Look = Callable[[Page], None]


def open_bed(house: House) -> str:
    [[bed]] = house.rows(
        "SELECT b.id::text FROM homecare_homebed b JOIN people_person p ON p.id = b.person_id"
        " WHERE p.name = %s AND b.state NOT IN ('ended', 'refused')", CHEN,
    )  # fmt: skip
    return f"/beds/{bed}/"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def test_a_bed_from_the_application_to_the_agreement_and_the_end(
    house: House, visit: Visit
) -> None:
    wrong: list[str] = []
    words = audit.Words.of(house)

    def look(page: Page) -> None:
        wrong.extend(audit.axe(page) + audit.untranslated(page, words) + audit.too_wide(page))

    manager = visit("manager", f"{open_bed(house)}stop/end/", size=PHONE)
    press(manager, "退出床位")
    expect(manager.locator(".error-summary")).to_contain_text("请写明原因")
    manager.fill("[name=reason]", "短住女儿家")
    press(manager, "退出床位")
    expect(manager.locator("h1")).to_contain_text("已退出")

    wei = visit("chenwei", "/services/bed/", size=PHONE)
    expect(wei.locator("main")).to_contain_text("短住女儿家")
    look(wei)
    wei.get_by_role("link", name="重新申请").click()
    wei.fill("[name=note]", "妈妈搬回来了，夜里常起来")
    look(wei)
    press(wei, "提交申请")
    expect(wei.locator(".steps [aria-current]")).to_contain_text("上门评估")
    look(wei)

    bed = open_bed(house)
    refuse_and_object(visit, wei, manager, bed, look)
    assess(wei, manager, bed, look)
    fit(visit("keeper", f"{bed}fit/"), look)
    sign(manager, bed, look)
    plan_and_use(manager, bed, look)
    wei.goto("/services/bed/")
    expect(wei.locator("main")).to_contain_text("使用中")
    expect(wei.locator("main")).to_contain_text("每天下楼走一次")
    look(wei)
    review_and_rest(manager, bed, look)
    herself = visit("chenxiulan", "/services/bed/", size=PHONE)
    expect(herself.locator("main")).to_contain_text("使用中")
    look(herself)
    assert not wrong, "\n".join(wrong)


def refuse_and_object(visit: Visit, wei: Page, manager: Page, bed: str, look: Look) -> None:
    """He is refused with a reason, does not accept it, and the bureau takes it up again."""
    manager.goto(f"{bed}stop/refuse/")
    manager.fill("[name=reason]", "须满三个月再申请")
    press(manager, "不予通过申请")
    wei.goto("/services/bed/")
    expect(wei.locator("main")).to_contain_text("须满三个月再申请")
    look(wei)
    wei.get_by_role("link", name="我不同意").click()
    press(wei, "提交给县里")
    expect(wei.locator(".error-summary")).to_contain_text("请简单说说为什么")
    look(wei)
    wei.fill("[name=words]", "短住不是退出")
    press(wei, "提交给县里")
    expect(wei.locator("main")).to_contain_text("由县里核实")

    qian = visit("qian", "/beds/?show=due")
    qian.locator("tr").filter(has_text="异议答复").get_by_role("link").first.click()
    qian.get_by_role("link", name="查看并答复").click()
    qian.fill("[name=answer]", "核实属实，恢复办理")
    press(qian, "发送答复")  # which way, is not said yet
    expect(qian.locator("[name=answer]")).to_have_value("核实属实，恢复办理")
    look(qian)
    qian.get_by_label("恢复办理申请").check()
    press(qian, "发送答复")
    expect(qian.locator("main")).to_contain_text("异议成立，恢复办理")
    wei.goto("/services/bed/")
    expect(wei.locator("main")).to_contain_text("核实属实，恢复办理")
    look(wei)


def assess(wei: Page, manager: Page, bed: str, look: Look) -> None:
    """Somebody comes, by appointment; what was typed stays when something is wrong."""
    manager.goto(f"{bed}assess/visit/")
    day = timezone.localdate() + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    manager.fill("[name=day]", day.isoformat())
    manager.fill("[name=begins]", "09:00")
    look(manager)
    press(manager, "预约")
    expect(manager.locator("main")).to_contain_text("09:00–10:00")
    wei.goto("/services/bed/")
    expect(wei.locator("main .said")).to_contain_text("09:00–10:00")

    manager.goto(f"{bed}assess/")
    expect(manager.locator("main")).to_contain_text(CHEN)
    manager.locator("[name=visited_on]").fill((day + timedelta(days=30)).isoformat())
    level = manager.locator("[name=level]").first
    level.focus()
    for key in ("ArrowDown", "ArrowDown"):
        manager.keyboard.press(key)
    manager.locator("[name=needs][value=alone]").check()
    manager.fill("[name=words]", "洗澡需人扶，夜起三次")
    press(manager, "保存")
    expect(manager.locator(".error-summary")).to_contain_text("上门日期在将来")
    expect(manager.locator("[name=words]")).to_have_value("洗澡需人扶，夜起三次")
    expect(manager.locator("[name=level][value='2']")).to_be_checked()
    look(manager)
    manager.locator("[name=visited_on]").fill(timezone.localdate().isoformat())
    press(manager, "保存")
    press(manager, "受理并开始配置")
    expect(manager.locator("h1")).to_contain_text("配置中")


def fit(keeper: Page, look: Look) -> None:
    """Each need is met by a device of the home, with the proof of its test."""
    look(keeper)
    lacking = keeper.locator("main section").filter(has_text="尚未配置")
    while (left := lacking.count()) > 0:
        lacking.first.get_by_role("button", name="用这台").first.click()
        expect(lacking).to_have_count(left - 1)
    expect(keeper.locator("main")).to_contain_text("测试凭据")
    press(keeper, "设备配置完成")
    expect(keeper.locator("h1")).to_contain_text("已配置")


def sign(manager: Page, bed: str, look: Look) -> None:
    """She signs on the screen; without a signature nothing is kept."""
    manager.goto(f"{bed}agree/")
    manager.fill("[name=signed_by]", CHEN)
    press(manager, "保存协议")
    expect(manager.locator(".error-summary")).to_contain_text("还没有签字")
    look(manager)
    pad = manager.locator("[data-sign-pad]")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    manager.mouse.move(box["x"] + 30, box["y"] + 40)
    manager.mouse.down()
    manager.mouse.move(box["x"] + 200, box["y"] + 70, steps=6)
    manager.mouse.up()
    press(manager, "保存协议")
    expect(manager.locator("h1")).to_contain_text("已签协议")
    expect(manager.locator(".sign-kept")).to_be_visible()


def plan_and_use(manager: Page, bed: str, look: Look) -> None:
    """A plan with a goal and a service; then it is used."""
    manager.goto(f"{bed}plan/")
    day = timezone.localdate() + timedelta(days=90)
    manager.fill("[name=goal_0]", "每天下楼走一次")
    manager.fill("[name=measure_0]", "护理员的记录")
    manager.fill("[name=reach_0]", day.isoformat())
    manager.locator("[name=days_0]").nth(3).check()
    press(manager, "保存这一版")  # which service, is not said yet
    expect(manager.locator("[name=goal_0]")).to_have_value("每天下楼走一次")
    look(manager)
    manager.select_option("[name=item_0]", index=1)
    press(manager, "保存这一版")
    press(manager, "投入使用")
    expect(manager.locator("h1")).to_contain_text("使用中")
    look(manager)


def review_and_rest(manager: Page, bed: str, look: Look) -> None:
    """The month is looked at; the bed rests with a reason and is taken up again."""
    manager.goto(f"{bed}review/")
    manager.fill("[name=words]", "走得稳多了")
    manager.locator("[name=next_step]").first.check()
    look(manager)
    press(manager, "保存")
    expect(manager.locator("main")).to_contain_text("走得稳多了")
    manager.goto(f"{bed}stop/pause/")
    manager.fill("[name=reason]", "住院一周")
    press(manager, "暂停床位")
    expect(manager.locator("h1")).to_contain_text("已暂停")
    press(manager, "恢复")
    expect(manager.locator("h1")).to_contain_text(re.compile("使用中"))
