"""Charges: posted once, reversed as if nothing had been, and what the database refuses."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from songhe.base.access.actor import SYSTEM
from songhe.base.events.models import OutboxEvent
from songhe.domains.billing import services
from songhe.domains.billing.models import Charge, ChargeShare
from songhe.domains.billing.testing import make_charge
from songhe.domains.billing.tests.conftest import (
    NOW,
    PROGRAMME,
    TODAY,
    County,
    books,
    make_county,
)
from songhe.domains.subsidies import services as subsidies
from songhe.engines.ledger import sealing
from songhe.engines.workflow.engine import ReasonNeeded
from songhe.kernel.errors import SongheError

FUNDED = {"payer": "subsidy", "programme": PROGRAMME, "fen": 4_000}
OWN = {"payer": "person", "programme": "", "fen": 6_000}


def charge(county: County, **changes: Any) -> Any:
    given: dict[str, Any] = {
        "actor": SYSTEM,
        "ref": "dispatch.Visit/1",
        "person_id": county.chen,
        "organization_id": county.provider,
        "item_code": "bath-home",
        "item_number": 1,
        "gross_fen": 10_000,
        "shares": [FUNDED, OWN],
        "on": TODAY,
        "at": NOW,
    }
    return services.charge(**(given | changes))


def test_a_charge_posts_every_share_once_and_reversing_it_leaves_nothing(county: County) -> None:
    given = {"person_id": county.chen, "organization_id": county.provider, "at": NOW}
    make_charge(ref="v", gross_fen=10_000, **given)
    assert books() == {
        ("Person", "entitlement:test-half:2025-10"): 20_000,
        ("Person", "entitlement:test-half:2026-11"): 15_000,
        ("Person", "due"): -5_000,
        ("Organization", "earned"): 10_000,
        ("Programme", "budget"): -40_000,
    }
    assert OutboxEvent.objects.filter(name="billing.ChargeMade").count() == 1
    with pytest.raises(ReasonNeeded):
        services.reverse_charge(actor=SYSTEM, ref="v", reason=" ", at=NOW)
    services.reverse_charge(actor=SYSTEM, ref="v", reason="wrong day", at=NOW)
    # What others paid is free again at once, for whatever of that month needs it.
    assert ("Person", "held:test-half") not in books()
    assert ("Organization", "earned") not in books()
    assert books()["Person", "entitlement:test-half:2026-11"] == 20_000
    with pytest.raises(services.NoSuchCharge):
        services.reverse_charge(actor=SYSTEM, ref="v", reason="again", at=NOW)
    assert not list(sealing.verify())


def test_asked_again_it_is_the_same_and_otherwise_it_is_refused(county: County) -> None:
    pk = charge(county)
    after = books()
    assert charge(county) == pk
    assert charge(county, shares=[OWN, FUNDED]) == pk
    for other in ({"gross_fen": 9_000, "shares": [OWN, FUNDED | {"fen": 3_000}]},
                  {"organization_id": county.other}, {"item_number": 2}):  # fmt: skip
        with pytest.raises(services.ChargedOtherwise):
            charge(county, **other)
    assert (books(), Charge.objects.count()) == (after, 1)
    # Reversed, it may be charged otherwise; nothing was held before, so nothing is now.
    services.reverse_charge(actor=SYSTEM, ref="dispatch.Visit/1", reason="price", at=NOW)
    assert ("Person", "held:test-half") not in books()
    new = charge(county, gross_fen=9_000, shares=[OWN, FUNDED | {"fen": 3_000}])
    assert new != pk
    assert books()["Organization", "earned"] == 9_000


def test_what_is_held_is_brought_to_the_shares_that_are_charged(county: County) -> None:
    subsidies.hold(
        actor=SYSTEM, ref="order", person_id=county.chen, item_kind="bath", gross_fen=30_000,
        on=TODAY, at=NOW,
    )  # fmt: skip
    charge(county, hold_ref="order")
    assert books()["Person", "entitlement:test-half:2026-11"] == 16_000
    assert ("Person", "held:test-half") not in books()
    services.reverse_charge(actor=SYSTEM, ref="dispatch.Visit/1", reason="price", at=NOW)
    charge(county, hold_ref="order", gross_fen=6_000, shares=[OWN])
    assert books()["Person", "entitlement:test-half:2026-11"] == 20_000
    assert books()["Organization", "earned"] == 6_000


@pytest.mark.parametrize(
    "shares",
    [
        [FUNDED],
        [OWN, OWN],
        [FUNDED | {"fen": 11_000}, OWN | {"fen": -1_000}],
        [{"payer": "subsidy", "programme": "", "fen": 10_000}],
        [FUNDED, FUNDED, OWN | {"fen": 2_000}],
    ],
)
def test_shares_that_are_not_the_price_are_refused(county: County, shares: Any) -> None:
    before = books()
    with pytest.raises(services.SharesDoNotSum):
        charge(county, shares=shares)
    assert (books(), Charge.objects.count()) == (before, 0)


def test_more_than_the_purse_has_is_not_charged(county: County) -> None:
    before = books()
    with pytest.raises(subsidies.TooLittle):
        charge(county, gross_fen=20_002, shares=[FUNDED | {"fen": 20_001}, OWN | {"fen": 1}])
    with pytest.raises(subsidies.NotEntitled):
        charge(county, shares=[FUNDED | {"programme": "other"}, OWN])
    assert (books(), Charge.objects.count()) == (before, 0)


def test_the_database_refuses_what_no_service_does(county: County) -> None:
    pk = charge(county)
    share = ChargeShare.objects.get(charge=pk, payer="person")
    wrong = [
        lambda: Charge.objects.filter(pk=pk).update(gross_fen=1),
        lambda: Charge.objects.filter(pk=pk).delete(),
        lambda: ChargeShare.objects.filter(pk=share.pk).update(fen=1),
        lambda: ChargeShare.objects.filter(pk=share.pk).delete(),
        lambda: Charge.objects.filter(pk=pk).update(reversed_at=NOW),
    ]
    for attempt in wrong:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    row = Charge.objects.get(pk=pk)
    row.pk, row.ref = None, "another"
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS billing_shares_sum IMMEDIATE")
    with pytest.raises(DatabaseError, match="shares are not the price"), transaction.atomic():
        row.save(force_insert=True)


def test_only_the_provider_or_the_region_reverses(county: County) -> None:
    charge(county)
    before = books()
    for login in ("rival", "regulator", "son", "wu"):
        with pytest.raises(services.NoSuchCharge):
            services.reverse_charge(
                actor=county.actor(login), ref="dispatch.Visit/1", reason="x", at=NOW
            )
    assert books() == before
    services.reverse_charge(
        actor=county.actor("manager"), ref="dispatch.Visit/1", reason="x", at=NOW
    )
    assert Charge.objects.get().reversed_reason == "x"


@pytest.mark.django_db(transaction=True)
def test_the_same_visit_charged_by_two_at_once_is_charged_once() -> None:
    county = make_county()
    start, made, failed = threading.Barrier(4), [], []

    def work() -> None:
        try:
            start.wait(20)
            made.append(charge(county))
        except SongheError as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (failed, len(made), len(set(made))) == ([], 4, 1)
    assert books()["Organization", "earned"] == 10_000
    assert not list(sealing.verify())
