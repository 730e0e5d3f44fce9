"""Who pays checks what is addressed to her organisation: that, its lines, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from songhe.base.access.actor import SYSTEM
from songhe.base.audit.models import AuditEntry
from songhe.base.notify.models import Notice
from songhe.base.regions.days import day_of
from songhe.domains.billing import selectors, services
from songhe.domains.billing.days import month_before, month_of
from songhe.domains.billing.models import Settlement
from songhe.domains.billing.proofs import CHECKED, Proof
from songhe.domains.billing.terms import CHECK
from songhe.domains.billing.tests.conftest import County
from songhe.domains.billing.tests.test_pages import given, signed_in
from songhe.kit import slots

STATED = {"purpose": "funds", "reason": "monthly check"}


@pytest.fixture
def submitted(county: County) -> Settlement:
    last = month_before(month_of(day_of(timezone.now())))
    for number in range(2):
        given(county, f"v/{number}", on=last + timedelta(days=3 + number))
    services.draft_settlements(at=timezone.now())
    row = Settlement.objects.get()
    services.submit_settlement(actor=SYSTEM, settlement_id=row.pk, at=timezone.now())
    return row


@pytest.fixture
def clerk(county: County) -> Client:
    return signed_in(county, "clerk")


def read(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode()


def test_the_clerk_starts_at_what_is_addressed_to_her(clerk: Client, submitted: Settlement) -> None:
    assert clerk.get("/")["Location"] == "/billing/settlements/"
    assert f"/billing/settlements/{submitted.pk}/" in read(clerk, "/billing/settlements/")
    assert "A settlement waits for your check" in read(clerk, "/notices/")


@pytest.mark.parametrize("login", ["stranger", "own_clerk"])
def test_another_payers_clerk_finds_nothing(
    county: County, submitted: Settlement, login: str
) -> None:
    """Not even one who works for the provider: it is not addressed to her."""
    client, line = signed_in(county, login), submitted.lines.first()
    assert line is not None
    assert str(submitted.pk) not in read(client, "/billing/settlements/")
    one = f"/billing/settlements/{submitted.pk}/"
    for path in ("", f"lines/{line.pk}/", f"lines/{line.pk}/dispute/", "paid/", "export/"):
        assert client.get(one + path).status_code == 404
    client.post(f"{one}confirm/")
    submitted.refresh_from_db()
    assert submitted.state == "submitted"
    assert not Notice.objects.filter(user__login=login).exists()
    actor = county.actor(login, timezone.now())
    with pytest.raises(selectors.NoSuchSettlement):
        services.confirm_settlement(actor=actor, settlement_id=submitted.pk, at=timezone.now())


def test_the_administrator_reads_and_does_not_check(county: County, submitted: Settlement) -> None:
    admin = signed_in(county, "admin")
    one = f"/billing/settlements/{submitted.pk}/"
    assert "Confirm" not in read(admin, one)
    assert admin.post(f"{one}confirm/").status_code == 403
    assert admin.get(f"{one}paid/").status_code == 403


def test_names_open_for_her_purpose_alone_and_the_look_is_audited_with_it(
    clerk: Client, submitted: Settlement
) -> None:
    line = submitted.lines.first()
    assert line is not None
    one = f"/billing/settlements/{submitted.pk}/"
    ofline = f"{one}lines/{line.pk}/"
    for url in (one, ofline, f"{ofline}dispute/"):
        page = read(clerk, url)
        assert "陈＊＊" in page
        assert "陈秀兰" not in page
    assert "Who pays what" not in read(clerk, ofline)
    asked = f"/purpose/?next={one}"
    assert asked in read(clerk, one)
    assert clerk.post(asked, STATED)["Location"] == one
    assert "陈秀兰" in read(clerk, one)
    page = read(clerk, ofline)
    assert "陈秀兰" in page
    assert "pays 50% of the price" in page
    last = AuditEntry.objects.filter(action="billing.view_charges").latest("at")
    assert last.purpose == "funds"
    assert clerk.post("/purpose/?next=//elsewhere.example/", STATED)["Location"] == "/"
    assert f'action="/purpose/end/?next={one}"' in read(clerk, one)
    assert clerk.post(f"/purpose/end/?next={one}")["Location"] == one
    assert "Which settlement, which line" in read(clerk, "/purpose/")
    assert "陈秀兰" not in read(clerk, one)


def test_a_purpose_opens_nobodys_health_no_alarm_and_no_page_of_a_person(
    county: County, clerk: Client, submitted: Settlement
) -> None:
    clerk.post("/purpose/", STATED)
    actor = county.actor("clerk", timezone.now())
    assert not actor.may("monitoring.list_alarms")
    assert actor.fields_in("990121001001") == frozenset()
    assert selectors.fields_of(actor, submitted) == {"identity", "finance"}
    charge = submitted.lines.get(share__charge__ref="v/0").share.charge_id
    for path in (
        f"/people/{county.chen}/", f"/people/{county.chen}/charges/", "/people/", "/alarms/",
        f"/people/{county.chen}/entitlements/", "/billing/charges/", f"/billing/charges/{charge}/",
    ):  # fmt: skip
        assert clerk.get(path).status_code in (403, 404), path
    assert clerk.post(f"/billing/settlements/{submitted.pk}/submit/").status_code == 403
    assert clerk.post(f"/billing/charges/{charge}/reverse/", {"reason": "x"}).status_code == 403


def test_what_bears_a_line_out_is_told_to_who_checks_it(
    county: County, clerk: Client, submitted: Settlement
) -> None:
    at = timezone.now()

    def worth(_request: HttpRequest, refs: Any) -> dict[str, Proof]:
        known = {"v/1": Proof(20, True, "", at, at, ("There for 3 minutes",))}
        return {ref: one for ref, one in known.items() if ref in refs}

    slots.register(CHECKED, 0, worth, action=CHECK)
    try:
        one = f"/billing/settlements/{submitted.pk}/"
        page = read(clerk, one)
        assert "20 of 100" in page
        lines = {row.share.charge.ref: row.pk for row in submitted.lines.all()}
        assert page.index(str(lines["v/1"])) < page.index(str(lines["v/0"]))
        assert "There for 3 minutes" in read(clerk, f"{one}lines/{lines['v/1']}/")
        assert "No visit is recorded" in read(clerk, f"{one}lines/{lines['v/0']}/")
        assert "20 of 100" not in read(signed_in(county, "manager"), one)
    finally:
        slots.withdraw(CHECKED, worth)
