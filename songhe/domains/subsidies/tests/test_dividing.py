"""How a price is divided: it always sums, in the order of the programmes, with the reason."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from songhe.domains.subsidies.dividing import Offer, divide
from songhe.domains.subsidies.terms import Payer, Why

_left = st.none() | st.integers(0, 50_000)


@st.composite
def offers(draw: st.DrawFn) -> list[Offer]:
    found = []
    for number in range(draw(st.integers(0, 5))):
        is_part = draw(st.booleans())
        found.append(
            Offer(
                payer="subsidy",
                programme=f"p{number}",
                share_pct=draw(st.integers(1, 100)) if is_part else None,
                fixed_fen=None if is_part else draw(st.integers(1, 30_000)),
                left_fen=draw(_left),
                left_visits=draw(st.none() | st.integers(0, 3)),
            )
        )
    return found


@given(gross_fen=st.integers(0, 100_000), some=offers())
def test_shares_sum_to_the_price_and_nobody_pays_more_than_is_left(
    gross_fen: int, some: list[Offer]
) -> None:
    said = divide(gross_fen, some)
    assert sum(one.fen for one in said.shares) == gross_fen
    assert all(one.fen >= 0 for one in said.shares)
    by_code = {one.programme: one for one in some}
    for share in said.shares[:-1]:
        offer = by_code[share.programme]
        assert offer.left_fen is None or share.fen <= offer.left_fen
        assert offer.left_visits is None or offer.left_visits >= 1
        assert offer.fixed_fen is None or share.fen <= offer.fixed_fen
    assert said.shares[-1].payer == Payer.PERSON
    told = [one.programme for one in (*said.shares[:-1], *said.silent)]
    assert sorted(told) == sorted(by_code)


def test_the_first_pays_first_and_each_reason_is_told() -> None:
    said = divide(
        10_000,
        [
            Offer(payer="insurance", programme="a", share_pct=70, left_fen=5_000, cap_fen=9_000),
            Offer(payer="subsidy", programme="b", fixed_fen=3_000),
            Offer(payer="subsidy", programme="c", share_pct=50),
            Offer(payer="subsidy", programme="d", share_pct=50),
            Offer(payer="subsidy", programme="e", share_pct=50, left_fen=0),
            Offer(payer="purchase", programme="f", share_pct=100, left_visits=0),
        ],
    )
    assert [(one.programme, one.fen, one.why) for one in said.shares] == [
        ("a", 5_000, Why.LIMIT),
        ("b", 3_000, Why.FIXED),
        ("c", 2_000, Why.REST),
        ("", 0, Why.OWN),
    ]
    assert [(one.programme, one.why) for one in said.silent] == [
        ("d", Why.PAID),
        ("e", Why.USED_UP),
        ("f", Why.VISITS_UP),
    ]
    assert said.shares[0].detail == {"share_pct": 70, "cap_fen": 9_000, "left_fen": 0}


def test_a_part_is_rounded_down_and_without_programmes_she_pays_all() -> None:
    half = divide(101, [Offer(payer="subsidy", programme="a", share_pct=50)])
    assert [one.fen for one in half.shares] == [50, 51]
    up = divide(101, [Offer(payer="subsidy", programme="a", share_pct=50, left_fen=0)])
    assert [(one.fen, one.why) for one in up.shares] == [(101, Why.USED_UP)]
    alone = divide(101, [])
    assert [(one.fen, one.why) for one in alone.shares] == [(101, Why.NO_PROGRAMME)]
