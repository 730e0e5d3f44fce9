"""Money set aside: never more than there is, used once, given back as if nothing had been."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

import pytest
from django.db import connection

from songhe.base.access.actor import SYSTEM
from songhe.domains.people import testing as people
from songhe.domains.subsidies import services
from songhe.domains.subsidies.models import Hold
from songhe.domains.subsidies.testing import entitle, make_programme
from songhe.domains.subsidies.tests.conftest import NOW, TODAY, County, make_county
from songhe.engines.ledger import sealing
from songhe.engines.ledger.models import Account
from songhe.kernel.errors import SongheError


def hold(county: County, ref: str, gross_fen: int = 15_000, on: date = TODAY) -> services.Quote:
    return services.hold(
        actor=SYSTEM,
        ref=ref,
        person_id=county.chen,
        item_kind="bath",
        gross_fen=gross_fen,
        on=on,
        at=NOW,
    )


def books() -> dict[tuple[str, str, str], int]:
    """Return every account that has something."""
    rows = Account.objects.exclude(balance=0)
    return {(row.ref, row.kind, row.unit): row.balance for row in rows}


def half(county: County, **changes: object) -> None:
    code = make_programme(funder_id=county.bureau, at=NOW, **changes)
    entitle(person_id=county.chen, programme=code, at=NOW)


def test_the_purse_is_filled_once_and_gives_until_it_is_empty(county: County) -> None:
    half(county)
    purse = (f"people.Person/{county.chen}", "entitlement:test-half:2026-11", "fen")
    assert books()[purse] == 20_000
    assert services.fill_all(at=NOW) == 0
    assert [hold(county, f"order/{n}").paid_fen for n in range(4)] == [7_500, 7_500, 5_000, 0]
    assert purse not in books()
    assert books()[f"people.Person/{county.chen}", "held:test-half", "fen"] == 20_000
    said = services.quote(person_id=county.chen, item_kind="bath", gross_fen=10_000, on=TODAY)
    assert (said.own_fen, said.silent[0].why) == (10_000, "used_up")
    # The month after has its own.
    december = date(2026, 12, 3)
    later = services.quote(person_id=county.chen, item_kind="bath", gross_fen=10_000, on=december)
    assert later.paid_fen == 5_000
    other = services.quote(person_id=county.chen, item_kind="meal", gross_fen=1_200, on=TODAY)
    assert (other.own_fen, other.shares[0].why) == (1_200, "no_programme")


def test_hold_and_release_leave_everything_as_before(county: County) -> None:
    half(county)
    half(county, code="guaranteed", payer="purchase", share_pct=100, cap_visits=2, rank=1)
    before = books()
    said = hold(county, "order/1")
    assert (said.own_fen, len(said.shares)) == (0, 2)
    assert hold(county, "order/1").shares == said.shares
    assert books() != before
    services.release(actor=SYSTEM, ref="order/1", on=TODAY, at=NOW)
    services.release(actor=SYSTEM, ref="order/1", on=TODAY, at=NOW)
    assert books() == before
    with pytest.raises(services.NothingHeld):
        services.use(actor=SYSTEM, ref="order/1", on=TODAY, at=NOW)
    assert hold(county, "order/1") == said  # and it can be held anew


def test_a_purchase_pays_all_of_so_many_visits(county: County) -> None:
    half(county, code="guaranteed", payer="purchase", share_pct=100, cap_visits=2)
    before = books()
    assert [hold(county, f"o/{n}").own_fen for n in range(3)] == [0, 0, 15_000]
    for n in range(2):
        services.use(actor=SYSTEM, ref=f"o/{n}", on=TODAY, at=NOW)
    programme = "subsidies.Programme/guaranteed"
    assert books() == {(programme, "budget", "fen"): -30_000, (programme, "due", "fen"): 30_000}
    for n in range(2):
        services.restore(actor=SYSTEM, ref=f"o/{n}", on=TODAY, at=NOW)
        services.release(actor=SYSTEM, ref=f"o/{n}", on=TODAY, at=NOW)
    assert books() == before


def test_a_use_is_one_and_can_be_taken_back_and_done_again(county: County) -> None:
    half(county)
    hold(county, "o")
    held = books()
    for _ in range(2):
        services.use(actor=SYSTEM, ref="o", on=TODAY, at=NOW)
        used = books()
        services.use(actor=SYSTEM, ref="o", on=TODAY, at=NOW)
        assert books() == used
        assert used["subsidies.Programme/test-half", "due", "fen"] == 7_500
        with pytest.raises(services.NothingHeld):
            services.release(actor=SYSTEM, ref="o", on=TODAY, at=NOW)
        services.restore(actor=SYSTEM, ref="o", on=TODAY, at=NOW)
        assert books() == held
    assert not list(sealing.verify())


def test_what_was_said_is_not_exceeded_and_another_thing_is_not_the_same(county: County) -> None:
    half(county)
    hold(county, "o/1", gross_fen=30_000)
    before = books()
    with pytest.raises(services.PriceChanged):
        services.hold(
            actor=SYSTEM, ref="o/2", person_id=county.chen, item_kind="bath", gross_fen=20_000,
            on=TODAY, at=NOW, most_own_fen=10_000,
        )  # fmt: skip
    with pytest.raises(services.HeldOtherwise):
        hold(county, "o/1", gross_fen=29_000)
    assert books() == before
    assert Hold.objects.count() == 1


def test_the_rest_of_a_month_and_what_nobody_used_fall_back(county: County) -> None:
    half(county)
    hold(county, "o/1")
    december = datetime(2026, 12, 1, 1, tzinfo=UTC)
    services.turn(at=december)
    services.turn(at=december)
    person, programme = f"people.Person/{county.chen}", "subsidies.Programme/test-half"
    assert books() == {
        (person, "entitlement:test-half:2026-12", "fen"): 20_000,
        (person, "held:test-half", "fen"): 7_500,
        (programme, "budget", "fen"): -27_500,
    }
    services.turn(at=datetime(2027, 1, 31, 1, tzinfo=UTC))
    assert books() == {
        (person, "entitlement:test-half:2027-01", "fen"): 20_000,
        (programme, "budget", "fen"): -20_000,
    }


def test_agreed_shares_are_held_only_within_what_is_there(county: County) -> None:
    half(county)
    before = books()
    shares = [
        {"payer": "subsidy", "programme": "test-half", "fen": 20_001},
        {"payer": "person", "programme": "", "fen": 1},
    ]
    given = {
        "actor": SYSTEM, "ref": "o", "person_id": county.chen, "item_kind": "bath", "on": TODAY,
        "at": NOW,
    }  # fmt: skip
    with pytest.raises(services.TooLittle):
        services.hold_shares(shares=shares, **given)
    other = people.make_person(at=NOW, name="李桂芳")
    with pytest.raises(services.NotEntitled):
        services.hold_shares(shares=shares, **(given | {"person_id": other.pk}))
    assert books() == before
    shares[0]["fen"] = 20_000
    assert services.hold_shares(shares=shares, **given).own_fen == 1
    assert services.held("o") is not None


@pytest.mark.django_db(transaction=True)
def test_two_tills_at_once_never_spend_more_than_the_purse() -> None:
    county = make_county()
    half(county)
    start, said, failed = threading.Barrier(6), [], []

    def sell(turn: int) -> None:
        try:
            start.wait(20)
            said.extend(hold(county, f"till-{turn}/{n}", gross_fen=9_000) for n in range(2))
            said.append(hold(county, "the-same-order", gross_fen=1_000))
        except SongheError as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=sell, args=(turn,)) for turn in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    assert len(said) == 18
    assert all(sum(one.fen for one in quote.shares) == quote.gross_fen for quote in said)
    assert Hold.objects.count() == 13
    person = f"people.Person/{county.chen}"
    assert books() == {
        (person, "held:test-half", "fen"): 20_000,
        ("subsidies.Programme/test-half", "budget", "fen"): -20_000,
    }
    assert not list(sealing.verify())
