"""A limit that was used up has room again: what is told, and charging anew."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from songhe.base.access.actor import SYSTEM
from songhe.domains.billing import anew_reads, services
from songhe.domains.billing.models import Charge, Settlement
from songhe.domains.billing.testing import make_charge
from songhe.domains.billing.tests.conftest import BEFORE, DECEMBER, NOW, County, books
from songhe.domains.catalog.testing import make_item
from songhe.domains.subsidies import services as subsidies
from songhe.engines.ledger import sealing

NOVEMBER = date(2026, 11, 1)
PURSE = ("Person", "entitlement:test-half:2026-11")


def given(county: County, ref: str, day: int, gross_fen: int = 20_000) -> UUID:
    """Charge a bath of ¥200, of which half is paid by a programme up to ¥200 a month."""
    return make_charge(
        ref=ref, person_id=county.chen, organization_id=county.provider, at=NOW,
        gross_fen=gross_fen, on=date(2026, 11, day),
    )  # fmt: skip


@pytest.fixture
def month(county: County) -> County:
    """Two baths use the limit up; the third she pays alone, of the fourth nearly nothing is due."""
    make_item(at=BEFORE, code="bath-home")
    for number, ref in enumerate(("v/1", "v/2", "v/3", "v/4")):
        given(county, ref, 3 + number)
    return county


def own(ref: str) -> int:
    row = Charge.objects.get(ref=ref, reversed_at=None)
    return row.shares.get(payer="person").fen


def cheaper(county: County, who: str = "manager", at: object = NOW) -> list[tuple[str, int]]:
    found = anew_reads.cheaper(county.actor(who), NOVEMBER, at=at)  # type: ignore[arg-type]
    return [(one.line.ref, one.less_fen) for one in found]


def test_what_a_wrong_line_had_used_is_free_again_and_another_may_use_it(month: County) -> None:
    assert [own(f"v/{n}") for n in (1, 2, 3, 4)] == [10_000, 10_000, 20_000, 20_000]
    assert cheaper(month) == []
    assert PURSE not in books()
    services.reverse_charge(actor=SYSTEM, ref="v/1", reason="nobody came", at=NOW)
    assert books()[PURSE] == 10_000
    # There is room for one of two: the first of them is told, not both.
    assert cheaper(month) == [("v/3", 10_000)]
    assert cheaper(month, "rival") == []
    assert cheaper(month, "clerk") == []
    pk = Charge.objects.get(ref="v/3").pk
    new = services.charge_anew(actor=month.actor("manager"), charge_id=pk, at=NOW)
    assert own("v/3") == 10_000
    assert Charge.objects.get(pk=new).on == Charge.objects.get(pk=pk).on
    assert Charge.objects.get(pk=pk).reversed_reason != ""
    assert PURSE not in books()
    assert cheaper(month) == []
    with pytest.raises(services.NoSuchCharge):
        services.charge_anew(actor=SYSTEM, charge_id=pk, at=NOW)
    assert not list(sealing.verify())


def test_of_a_month_that_is_over_too(month: County) -> None:
    """What was left fell back to the budget meanwhile; it is taken up again for the late charge."""
    services.draft_settlements(at=DECEMBER)
    row = Settlement.objects.get()
    services.submit_settlement(actor=SYSTEM, settlement_id=row.pk, at=DECEMBER)
    services.reverse_charge(actor=SYSTEM, ref="v/1", reason="nobody came", at=DECEMBER)
    subsidies.turn(at=DECEMBER)
    assert PURSE not in books()
    assert cheaper(month, at=DECEMBER) == [("v/3", 10_000)]
    pk = Charge.objects.get(ref="v/3").pk
    services.charge_anew(actor=month.actor("manager"), charge_id=pk, at=DECEMBER)
    assert own("v/3") == 10_000
    assert cheaper(month, at=DECEMBER) == []
    row.refresh_from_db()
    assert row.total_fen == 10_000  # v/2 alone; v/3 comes with the next settlement
    subsidies.turn(at=DECEMBER)
    assert PURSE not in books()
    assert not list(sealing.verify())


def test_what_was_left_in_part_falls_back_once_more(county: County) -> None:
    """A correction of a month that is over finds what it needs; the rest goes back."""
    make_item(at=BEFORE, code="bath-home")
    given(county, "v/1", 3, gross_fen=8_000)
    subsidies.turn(at=DECEMBER)
    assert PURSE not in books()
    services.reverse_charge(actor=SYSTEM, ref="v/1", reason="the price", at=DECEMBER)
    given_late = subsidies.hold(
        actor=SYSTEM, ref="v/1", person_id=county.chen, item_kind="bath", gross_fen=12_000,
        on=date(2026, 11, 3), at=DECEMBER,
    )  # fmt: skip
    assert given_late.own_fen == 6_000
    assert books()[PURSE] == 14_000
    subsidies.fall_back_all(at=DECEMBER.replace(day=3))
    assert PURSE not in books()
    assert books()["Programme", "budget"] == -26_000  # with December, filled a moment ago
    assert not list(sealing.verify())


def test_nothing_is_changed_where_somebody_was_faster(month: County) -> None:
    services.reverse_charge(actor=SYSTEM, ref="v/1", reason="nobody came", at=NOW)
    given(month, "v/5", 9)  # uses the room
    before = books()
    pk = Charge.objects.get(ref="v/3").pk
    with pytest.raises(services.NothingLess):
        services.charge_anew(actor=month.actor("manager"), charge_id=pk, at=NOW)
    assert (books(), own("v/3"), cheaper(month)) == (before, 20_000, [])
    for login in ("rival", "clerk", "son"):
        with pytest.raises(services.NoSuchCharge):
            services.charge_anew(actor=month.actor(login), charge_id=pk, at=NOW)
