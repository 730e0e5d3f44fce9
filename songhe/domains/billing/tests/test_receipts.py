"""Own shares: paid once, by cash or the payment provider, with numbers that have no gaps."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection

from songhe.base.access.actor import SYSTEM
from songhe.base.outside import payments as outside
from songhe.base.outside.models import OutsidePayment
from songhe.domains.billing import handlers, services
from songhe.domains.billing.models import Payment, PaymentLine, Receipt
from songhe.domains.billing.testing import make_charge
from songhe.domains.billing.tests.conftest import NOW, County, books, make_county
from songhe.engines.ledger import sealing
from songhe.kernel.errors import SongheError


def charge(county: County, ref: str, gross_fen: int = 10_000, **more: UUID) -> UUID:
    given = {"person_id": county.chen, "organization_id": county.provider} | more
    return make_charge(ref=ref, at=NOW, gross_fen=gross_fen, **given)


def test_cash_is_noted_once_and_paid_back_when_the_charge_was_wrong(county: County) -> None:
    manager = county.actor("manager")
    one, two = charge(county, "v/1"), charge(county, "v/2", 6_000)
    receipt = services.note_cash(actor=manager, charge_ids=[one, two], at=NOW)
    row = Receipt.objects.get(pk=receipt)
    assert (row.year, row.number, row.fen) == (2026, 1, 8_000)
    assert ("Person", "due") not in books()
    assert books()["Organization", "earned"] == 8_000  # the rest is the programme's to pay
    before = books()
    for ids in ([one], [one, two], []):
        with pytest.raises((services.NothingToPay, services.NoSuchCharge)):
            services.note_cash(actor=manager, charge_ids=ids, at=NOW)
    assert (books(), Payment.objects.count()) == (before, 1)
    services.reverse_charge(actor=manager, ref="v/2", reason="not done", at=NOW)
    assert books()["Person", "due"] == 3_000  # she is owed it
    back = Receipt.objects.get(pk=services.note_cash(actor=manager, charge_ids=[two], at=NOW))
    assert (back.number, back.fen) == (2, -3_000)
    assert ("Person", "due") not in books()
    with pytest.raises(services.NothingToPay):
        services.note_cash(actor=manager, charge_ids=[two], at=NOW)
    assert not list(sealing.verify())


def test_only_the_provider_notes_cash_and_only_her_own_pay(county: County) -> None:
    one = charge(county, "v/1")
    before = books()
    for login in ("rival", "regulator", "son", "wu"):
        with pytest.raises(services.NoSuchCharge):
            services.note_cash(actor=county.actor(login), charge_ids=[one], at=NOW)
    for login in ("manager", "rival", "admin", "regulator", "wu"):
        with pytest.raises(services.NoSuchCharge):
            services.begin_payment(actor=county.actor(login), charge_ids=[one], at=NOW)
    assert (books(), Payment.objects.count()) == (before, 0)
    other = charge(county, "v/3", organization_id=county.other)
    with pytest.raises(services.TwoPayees):
        services.begin_payment(actor=county.actor("son"), charge_ids=[one, other], at=NOW)


def told(at: datetime) -> None:
    """Let the payment provider tell of what is due, and the handler hear of it once each."""
    due = list(OutsidePayment.objects.filter(state="pending", tells_at__lte=at))
    outside.tell_payments(at)
    for order in due:
        order.refresh_from_db()
        event = outside.PaymentTold(order_id=order.pk, ref=order.ref, is_paid=order.state == "paid")
        for _ in range(2):
            handlers.on_payment_told(event)


def test_the_provider_of_payments_tells_later_and_a_failed_one_may_be_tried_again(
    county: County,
) -> None:
    son = county.actor("son")
    good, bad = charge(county, "v/1"), charge(county, "v/2", 226)  # own share of 1.13 fails
    pk = services.begin_payment(actor=son, charge_ids=[good], at=NOW)
    assert Payment.objects.get(pk=pk).state == "pending"
    with pytest.raises(services.NothingToPay):  # not twice at once, nor beside it in cash
        services.note_cash(actor=county.actor("manager"), charge_ids=[good], at=NOW)
    told(NOW + timedelta(seconds=1))
    assert Payment.objects.get(pk=pk).state == "pending"
    failing = services.begin_payment(actor=son, charge_ids=[bad], at=NOW)
    before = books()
    told(NOW + timedelta(seconds=5))
    assert Payment.objects.get(pk=pk).state == "paid"
    assert Receipt.objects.get().fen == 5_000
    assert Payment.objects.get(pk=failing).state == "failed"
    assert books()["Person", "due"] == before["Person", "due"] + 5_000 == -113
    services.note_cash(actor=county.actor("manager"), charge_ids=[bad], at=NOW)
    assert ("Person", "due") not in books()
    assert PaymentLine.objects.filter(is_void=True).count() == 1
    assert [row.number for row in Receipt.objects.order_by("number")] == [1, 2]


def test_production_has_no_provider_and_begins_nothing(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = charge(county, "v/1")
    monkeypatch.setattr(settings.ENV, "mode", "production")
    with pytest.raises(outside.NoPaymentProvider):
        services.begin_payment(actor=county.actor("son"), charge_ids=[one], at=NOW)
    assert (Payment.objects.count(), OutsidePayment.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_numbers_have_no_gaps_when_many_pay_at_once() -> None:
    county = make_county()
    manager = county.actor("manager")
    ids = [charge(county, f"v/{n}", 1_000) for n in range(12)]
    start, failed = threading.Barrier(6), []

    def work(turn: int) -> None:
        try:
            start.wait(20)
            # Each pays two, and one that another pays as well: that is taken back with its number.
            for number in (turn * 2, turn * 2 + 1, (turn * 2 + 3) % 12):
                try:
                    services.note_cash(actor=manager, charge_ids=[ids[number]], at=NOW)
                except services.NothingToPay:
                    continue
        except SongheError as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(turn,)) for turn in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    numbers = Receipt.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1, 13))
    # Another organisation, and another year, count for themselves.
    other = charge(county, "o", organization_id=county.other)
    services.note_cash(actor=SYSTEM, charge_ids=[other], at=NOW)
    later = datetime(2027, 1, 5, tzinfo=UTC)
    services.note_cash(actor=SYSTEM, charge_ids=[charge(county, "n")], at=later)
    assert Receipt.objects.filter(organization=county.other).get().number == 1
    assert Receipt.objects.filter(year=2027).get().number == 1
    assert not list(sealing.verify())
