"""The month's money: a line is disputed, answered by taking it back, and the table adds up."""

from __future__ import annotations

import csv
from pathlib import Path

from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.e2e import audit
from tests.e2e.conftest import Visit
from tests.e2e.house import House

PHONE = (390, 844)
_SUBMITTED = (
    "SELECT s.id::text, s.total_fen FROM billing_settlement s"
    " WHERE s.state = 'submitted' ORDER BY s.total_fen DESC LIMIT 1"
)
# What the programme's account was charged for the lines that stand, out of the ledger itself.
_CHARGED = (
    "SELECT -sum(p.amount) FROM billing_settlementline l"
    " JOIN billing_chargeshare h ON h.id = l.share_id"
    " JOIN billing_charge c ON c.id = h.charge_id"
    " JOIN ledger_posting p ON p.entry_id = c.entry_id"
    " JOIN ledger_account a ON a.id = p.account_id"
    " JOIN billing_settlement s ON s.id = l.settlement_id"
    " WHERE s.id = %s AND NOT l.is_back AND c.reversed_at IS NULL"
    " AND a.kind = 'due' AND a.ref LIKE '%%' || s.programme"
)


def faults(page: Page, house: House) -> list[str]:
    words = audit.Words.of(house)
    return audit.axe(page) + audit.untranslated(page, words) + audit.too_wide(page)


def table(page: Page, path: Path, kind: str) -> list[list[str]]:
    """Download a settlement as a file, for the finance office; return its rows as text."""
    page.locator("a[href$='/export/']").click()
    page.locator("[name=reason]").fill("财务对账")
    page.locator(f"[name=format][value={kind}]").check()
    with page.expect_download() as got:
        page.locator("form button[data-kind=main]").click()
    got.value.save_as(path)
    page.goto(page.url.replace("export/", ""))
    if kind == "xlsx":
        sheet = load_workbook(path).active
        return [["" if cell is None else str(cell) for cell in row] for row in sheet.values]
    return list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))


def fen(text: str) -> int:
    return round(float(text) * 100)


def adds_up(rows: list[list[str]], total: int) -> bool:
    """Tell whether the lines of a table sum to its last line, and that is the total (fen)."""
    shares = [fen(row[8]) for row in rows[1:]]
    return sum(shares[:-1]) == shares[-1] == total


def test_a_line_disputed_and_taken_back_and_a_table_that_adds_up(
    house: House, visit: Visit, tmp_path: Path
) -> None:
    [[settlement, before]] = house.rows(_SUBMITTED)
    path = f"/billing/settlements/{settlement}/"
    county = visit("clerk", path)
    wrong = faults(county, house)
    row = county.locator("#lines tbody tr").nth(1)
    day = row.locator("td, th").first.inner_text()
    row.get_by_role("link", name="对此行提出异议").click()
    expect(county.locator("main")).to_contain_text(day)
    county.get_by_role("button", name="对此行提出异议").click()
    expect(county.locator(".error-summary")).to_contain_text("请选择哪里有问题")
    county.get_by_label("服务缺少证明").check()
    county.locator("main textarea").fill("当天老人住院，家里没有人。")
    county.get_by_role("button", name="对此行提出异议").click()
    expect(county.locator("#h-disputes ~ *, [aria-labelledby=h-disputes]").first).to_contain_text(
        day
    )
    # A line that is disputed keeps the settlement from being confirmed.
    assert county.get_by_role("button", name="确认").count() == 0

    manager = visit("manager", path, size=PHONE)
    wrong += faults(manager, house)
    manager.get_by_role("link", name="答复异议").click()
    expect(manager.locator("main")).to_contain_text("当天老人住院，家里没有人。")
    expect(manager.locator("main")).to_contain_text(day)
    wrong += faults(manager, house)
    manager.get_by_label("此行有误：冲销该笔费用").check()
    manager.locator("main textarea").fill("查实当天未上门。")
    manager.get_by_role("button", name="答复异议").click()
    manager.wait_for_url(f"**{path}")
    [[after]] = house.rows("SELECT total_fen FROM billing_settlement WHERE id = %s", settlement)
    [[charged]] = house.rows(_CHARGED, settlement)
    assert before > after == charged
    [[taken_back]] = house.rows(
        "SELECT count(*) FROM billing_charge WHERE reversed_reason = '查实当天未上门。'"
        " AND EXISTS (SELECT FROM ledger_entry e WHERE e.reverses_id = entry_id)"
    )
    assert taken_back == 1
    for kind in ("xlsx", "csv"):
        rows = table(manager, tmp_path / f"settlement.{kind}", kind)
        assert adds_up(rows, after), rows
        # The line stays, its reversal beside it.
        corrected = [fen(one[8]) for one in rows[1:-1] if one[3][:10] == day]
        assert (len(corrected), sum(corrected)) == (2, 0)

    # What the line had used is free again: another service of that month costs her less.
    manager.locator("main").get_by_role("link", name="查看").click()
    expect(manager.locator("h1")).to_contain_text("重新计费")
    wrong += faults(manager, house)
    could = manager.get_by_role("button", name="重新计费").count()
    assert could
    manager.get_by_role("button", name="重新计费").first.click()
    expect(manager.locator("main")).to_contain_text("已重新计费")
    assert manager.get_by_role("button", name="重新计费").count() == could - 1

    county.reload()
    county.locator("summary").filter(has_text="确认").click()
    county.get_by_role("button", name="确认应付").click()
    expect(county.locator("main")).to_contain_text("已确认")
    assert not wrong, "\n".join(wrong)


def test_a_clerk_sees_her_payers_lines_and_names_for_a_reason(house: House, visit: Visit) -> None:
    [[settlement]] = house.rows(
        "SELECT s.id::text FROM billing_settlement s WHERE s.payer = 'purchase' ORDER BY month"
    )[:1]
    path = f"/billing/settlements/{settlement}/"
    manager = visit("manager", path)
    manager.get_by_role("button", name="提交").click()
    expect(manager.locator("main")).to_contain_text("已提交")

    clerk = visit("clerk", "/", size=PHONE)
    clerk.locator(f"a[href='{path}']").click()
    wrong = faults(clerk, house)
    expect(clerk.locator("#lines")).to_contain_text("＊")
    clerk.locator("#lines tbody a").first.click()
    expect(clerk.locator("main")).to_contain_text("到门")
    wrong += faults(clerk, house)
    clerk.locator("main").get_by_role("link", name="说明用途").click()
    clerk.locator("[name=purpose]").first.check()
    clerk.locator("[name=reason]").fill("十月结算审核")
    clerk.locator("main form button[data-kind=main]").click()
    expect(clerk.locator("main")).not_to_contain_text("＊")
    expect(clerk.locator("main")).to_contain_text("费用分担")
    wrong += faults(clerk, house)

    other = visit("insurer", "/")
    assert other.locator(f"a[href='{path}']").count() == 0
    answer = other.goto(house.address + path)
    assert answer is not None
    assert answer.status == 404
    assert not wrong, "\n".join(wrong)
