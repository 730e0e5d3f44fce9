"""Pages of money, for each as the one who opens them."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from songhe.base.access.actor import SYSTEM
from songhe.base.audit.models import AuditEntry
from songhe.base.regions.days import day_of
from songhe.domains.billing import services
from songhe.domains.billing.days import month_before, month_of
from songhe.domains.billing.models import Charge, Dispute, Payment, Receipt, Settlement
from songhe.domains.billing.proofs import SLOT, Proof
from songhe.domains.billing.testing import make_charge
from songhe.domains.billing.tests.conftest import BEFORE, County
from songhe.domains.catalog import services as catalog
from songhe.domains.catalog.testing import make_item
from songhe.kit import slots


def given(county: County, ref: str, on: date | None = None, gross_fen: int = 10_000) -> Any:
    return make_charge(
        ref=ref,
        person_id=county.chen,
        organization_id=county.provider,
        at=timezone.now() - timedelta(minutes=1),
        gross_fen=gross_fen,
        on=on,
    )


def signed_in(county: County, login: str) -> Client:
    client = Client()
    client.cookies["songhe_language"] = "en"
    client.force_login(county.users[login])
    return client


@pytest.fixture
def settled(county: County) -> Settlement:
    last = month_before(month_of(day_of(timezone.now())))
    for number in range(2):
        given(county, f"v/{number}", on=last + timedelta(days=3 + number))
    services.draft_settlements(at=timezone.now())
    return Settlement.objects.get()


def test_a_settlement_goes_between_provider_and_payer(county: County, settled: Settlement) -> None:
    manager, clerk = signed_in(county, "manager"), signed_in(county, "clerk")
    url = f"/billing/settlements/{settled.pk}/"
    listed = manager.get("/billing/settlements/").content.decode()
    assert "Home service subsidy" in listed
    assert "¥100" in listed
    page = manager.get(url).content.decode()
    assert "陈秀兰" in page  # whom it served, until the month is settled
    assert manager.post(f"{url}confirm/").status_code == 403
    assert clerk.post(f"{url}submit/").status_code == 403
    assert manager.post(f"{url}submit/").status_code == 302
    line = settled.lines.order_by("pk").first()
    assert line is not None
    asked = {"reason": "price", "text": "too dear", "due_on": "2030-01-01"}
    ask = f"{url}lines/{line.pk}/dispute/"
    assert "Dispute this line" in clerk.get(url).content.decode()
    assert clerk.post(ask, {"reason": "other", "due_on": "2030-01-01"}).status_code == 422
    past = clerk.post(ask, asked | {"due_on": "2020-01-01"})
    assert (past.status_code, "This day has passed." in past.content.decode()) == (422, True)
    assert not Dispute.objects.exists()
    assert clerk.post(ask, asked).status_code == 302
    again = clerk.get(ask).content.decode()
    assert "This line is disputed already." in again
    assert "too dear" in again
    assert 'name="reason"' not in again
    clerk.post(f"{url}confirm/")
    settled.refresh_from_db()
    assert settled.state == "disputed"
    answer = f"/billing/disputes/{Dispute.objects.get().pk}/"
    assert "too dear" in manager.get(url).content.decode()
    assert "is disputed: answer until" in manager.get("/notices/").content.decode()
    assert manager.post(answer, {"keep": "keep"}).status_code == 422
    assert manager.post(answer, {"keep": "keep", "answer": "by the list"}).status_code == 302
    clerk.post(f"{url}confirm/")
    clerk.post(f"{url}paid/", {"note": "B-1"})
    clerk.post(f"{url}paid/", {"note": "B-2"})
    settled.refresh_from_db()
    assert (settled.state, settled.paid_note) == ("paid", "B-1")


def test_the_finance_office_gets_a_table_and_the_audit_says_who_took_it(
    county: County, settled: Settlement
) -> None:
    manager = signed_in(county, "manager")
    url = f"/billing/settlements/{settled.pk}/export/"
    assert manager.post(url, {"format": "xlsx"}).status_code == 422
    assert not AuditEntry.objects.filter(action="billing.export_settlements").exists()
    body = manager.post(url, {"reason": "for the books", "format": "xlsx"})
    sheet = load_workbook(io.BytesIO(body.content)).active
    assert sheet is not None
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert [row[7:9] for row in cells[1:]] == [[100, 50], [100, 50], [200, 100]]
    assert isinstance(cells[1][3], datetime)  # a day, not a text
    name = unquote(body["Content-Disposition"])
    assert f"{settled.month:%Y-%m}" in name
    assert "Home service subsidy" in name
    noted = AuditEntry.objects.filter(action="billing.export_settlements").first()
    assert noted is not None
    assert noted.detail["reason"] == "for the books"
    asked = {"reason": "for the books", "format": "csv"}
    assert "v/0" in manager.post(url, asked).content.decode("utf-8")
    # What was submitted and is taken back stays readable, with its reversal beside it.
    manager.post(f"/billing/settlements/{settled.pk}/submit/")
    services.reverse_charge(actor=SYSTEM, ref="v/0", reason="wrong day", at=timezone.now())
    lines = manager.post(url, asked).content.decode("utf-8").splitlines()
    assert [line.split(",")[7:9] for line in lines[1:]] == [
        ["100.00", "50.00"], ["-100.00", "-50.00"], ["100.00", "50.00"], ["100.00", "50.00"],
    ]  # fmt: skip
    assert sum("wrong day" in line for line in lines) == 2
    page = manager.get(f"/billing/settlements/{settled.pk}/").content.decode()
    assert all(f">{said}<" in page for said in ("¥50", "-¥50", "¥100", "-¥100"))  # none is struck
    assert "<del>" not in page
    assert '3 lines, in all ¥50' in page


def test_the_books_get_a_month_with_every_payer_that_adds_up(
    county: County, settled: Settlement
) -> None:
    services.reverse_charge(actor=SYSTEM, ref="v/0", reason="wrong day", at=timezone.now())
    at = timezone.now()

    def worth(_request: HttpRequest, refs: Any) -> dict[str, Proof]:
        return {ref: Proof(90, False, "", at, at, worker="刘桂芳") for ref in refs}

    slots.register(SLOT, 0, worth, action="billing.note_payment")
    try:
        manager, url = signed_in(county, "manager"), "/billing/charges/export/"
        assert url in manager.get("/billing/charges/").content.decode()
        asked = {"month": f"{settled.month:%Y-%m}", "format": "xlsx"}
        assert f'value="{settled.month:%Y-%m}"' in manager.get(url).content.decode()
        assert manager.post(url, asked).status_code == 422
        assert manager.post(url, asked | {"month": "x", "reason": "y"}).status_code == 422
        noted = AuditEntry.objects.filter(action="billing.export_charges")
        assert not noted.exists()
        body = manager.post(url, asked | {"reason": "for the books"})
    finally:
        slots.withdraw(SLOT, worth)
    sheet = load_workbook(io.BytesIO(body.content)).active
    assert sheet is not None
    heads, *lines = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert heads[8:11] == ["Price (yuan)", "Home service subsidy (subsidy)", "Own share (yuan)"]
    amounts = [row[8:11] for row in lines]
    assert amounts == [[100, 50, 50], [-100, -50, -50], [100, 50, 50], [100, 50, 50]]
    assert (lines[0][2], lines[0][5]) == ("陈秀兰", "刘桂芳")
    assert "wrong day" in str(lines[1])
    entry = noted.get()
    assert (entry.detail["reason"], entry.detail["month"]) == ("for the books", asked["month"])
    rival = signed_in(county, "rival").post(url, asked | {"reason": "x", "format": "csv"})
    assert "v/1" not in rival.content.decode("utf-8")
    for login in ("clerk", "son", "wu"):
        assert signed_in(county, login).post(url, asked | {"reason": "x"}).status_code == 403


@pytest.mark.parametrize("login", ["rival", "son", "wu"])
def test_who_has_no_part_in_it_finds_nothing(
    county: County, settled: Settlement, login: str
) -> None:
    client = signed_in(county, login)
    for path in ("", "export/"):
        status = client.get(f"/billing/settlements/{settled.pk}/{path}").status_code
        assert status == (404 if login == "rival" else 403)
    charge = Charge.objects.order_by("pk").first()
    assert charge is not None
    shown = client.get(f"/billing/charges/{charge.pk}/").status_code
    assert shown == {"rival": 404, "son": 200, "wu": 403}[login]


def test_the_family_sees_why_and_pays_and_the_look_is_audited(county: County) -> None:
    pk = given(county, "v/1")
    given(county, "v/2", gross_fen=40_000)
    son = signed_in(county, "son")
    before = AuditEntry.objects.filter(action="billing.view_charges").count()
    page = son.get(f"/people/{county.chen}/charges/").content.decode()
    assert "pays 50% of the price" in page
    assert "pays what was left of ¥200 this month" in page
    assert "Pay ¥50" in page
    assert AuditEntry.objects.filter(action="billing.view_charges").count() == before + 1
    left = son.get(f"/people/{county.chen}/entitlements/").content.decode()
    assert "¥0" in left
    assert "Give an entitlement" not in left
    assert son.post(f"/billing/charges/{pk}/cash/").status_code == 403
    assert son.post(f"/billing/charges/{pk}/pay/").status_code == 302
    assert Payment.objects.get().state == "pending"
    assert "being paid" in son.get(f"/people/{county.chen}/charges/").content.decode()


def test_cash_gives_a_receipt_that_says_what_it_is_for(county: County) -> None:
    pk = given(county, "v/1")
    manager = signed_in(county, "manager")
    assert "¥50 received in cash" in manager.get(f"/billing/charges/{pk}/").content.decode()
    answer = manager.post(f"/billing/charges/{pk}/cash/")
    receipt = Receipt.objects.get()
    assert answer["Location"] == f"/billing/receipts/{receipt.pk}/"
    page = manager.get(answer["Location"]).content.decode()
    assert f"{receipt.year}-000001" in page
    assert "¥50" in page
    assert signed_in(county, "son").get(answer["Location"]).status_code == 200
    assert signed_in(county, "rival").get(answer["Location"]).status_code == 404
    assert manager.post(f"/billing/charges/{pk}/reverse/", {"reason": ""}).status_code == 422
    manager.post(f"/billing/charges/{pk}/reverse/", {"reason": "wrong day"})
    assert "¥50 paid back in cash" in manager.get(f"/billing/charges/{pk}/").content.decode()
    # What she is owed is among what is open, on her page, and on the receipt that she holds.
    assert str(pk) in manager.get("/billing/charges/?open=1").content.decode()
    son = signed_in(county, "son")
    page = son.get(f"/people/{county.chen}/charges/?month=2020-01").content.decode()
    assert "¥50 is to be paid back" in page
    held = son.get(answer["Location"]).content.decode()
    assert "wrong day" in held
    assert "¥50 is still to be paid back" in held
    manager.post(f"/billing/charges/{pk}/cash/")
    assert "¥50 was paid back" in son.get(answer["Location"]).content.decode()
    assert str(pk) not in manager.get("/billing/charges/?open=1").content.decode()
    assert str(pk) not in manager.get("/billing/charges/?month=2020-01").content.decode()


def test_a_doubtful_record_stands_first_and_is_looked_at_before_it_is_submitted(
    county: County, settled: Settlement
) -> None:
    def worth(_request: HttpRequest, refs: Any) -> dict[str, Proof]:
        known = {"v/0": Proof(95, False, "/visits/0/"), "v/1": Proof(20, True, "/visits/1/")}
        return {ref: one for ref, one in known.items() if ref in refs}

    slots.register(SLOT, 0, worth, action="billing.submit_settlements")
    try:
        manager = signed_in(county, "manager")
        url = f"/billing/settlements/{settled.pk}/"
        page = manager.get(url).content.decode()
        assert "look before you submit" in page
        assert 0 < page.index("/visits/1/") < page.index("/visits/0/")
        assert page.count("doubtful") == 2  # beside the person, and in the column of records
        pk = Charge.objects.get(ref="v/1").pk
        for address in ("/billing/charges/", f"/billing/charges/{pk}/"):
            page = manager.get(address).content.decode()
            assert '<a href="/visits/1/">20 of 100</a>' in page
        page = signed_in(county, "son").get(f"/billing/charges/{pk}/").content.decode()
        assert "20 of 100" not in page
        assert manager.post(f"{url}submit/").status_code == 302  # nobody is kept from it
        settled.refresh_from_db()
        assert settled.state == "submitted"
    finally:
        slots.withdraw(SLOT, worth)


def test_what_is_charged_by_the_hour_says_how_many_hours(county: County) -> None:
    make_item(at=BEFORE, code="bath-home", amount_fen=None)
    catalog.set_price(
        actor=SYSTEM, code="bath-home", organization_id=None, region_prefix="990121",
        amount_fen=7_000, per="hour", from_on=day_of(BEFORE), at=BEFORE,
    )  # fmt: skip
    half, other = given(county, "v/1", gross_fen=3_500), given(county, "v/2", gross_fen=3_333)
    manager = signed_in(county, "manager")
    said = "0.5 h × ¥70 an hour"
    assert said in manager.get(f"/billing/charges/{half}/").content.decode()
    assert "an hour" not in manager.get(f"/billing/charges/{other}/").content.decode()


def test_money_is_closed_without_the_class_of_finance(county: County) -> None:
    given(county, "v/1")
    regulator = signed_in(county, "regulator")
    for path in ("charges", "entitlements"):
        assert regulator.get(f"/people/{county.chen}/{path}/").status_code == 404
