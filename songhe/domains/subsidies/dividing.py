"""How a price is divided among programmes, in their order; pure, in fen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from songhe.domains.subsidies.terms import Payer, Quote, Share, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a programme would pay of one service for a person.

    Either share_pct (of the whole price, rounded down to the fen) or fixed_fen. left_fen,
    left_visits: what is left of the month; None where the programme has no such limit.
    """

    payer: str
    programme: str
    share_pct: int | None = None
    fixed_fen: int | None = None
    cap_fen: int | None = None
    cap_visits: int | None = None
    left_fen: int | None = None
    left_visits: int | None = None


def divide(gross_fen: int, offers: Iterable[Offer]) -> Quote:
    """Return who pays what: each programme in turn, never more than is open, the person the rest.

    A programme whose share is 0 is silent, with its reason. Raises ValueError on a negative price.
    """
    if gross_fen < 0:
        raise ValueError("a price is not negative")
    open_fen = gross_fen
    shares: list[Share] = []
    silent: list[Share] = []
    for offer in offers:
        share = _share(offer, gross_fen, open_fen)
        open_fen -= share.fen
        (shares if share.fen else silent).append(share)
    # Where nobody pays, her own share says why: the reason of the first who would have.
    first = silent[0] if silent and not shares else None
    why = Why.OWN if shares else first.why if first else Why.NO_PROGRAMME
    detail = dict(first.detail) if first else {}
    shares.append(Share(Payer.PERSON.value, "", open_fen, str(why), detail))
    return Quote(gross_fen, tuple(shares), tuple(silent))


def _share(offer: Offer, gross_fen: int, open_fen: int) -> Share:
    asked, why = _asked(offer, gross_fen)
    if offer.left_visits is not None and offer.left_visits < 1:
        fen, why = 0, Why.VISITS_UP
    elif offer.left_fen is not None and offer.left_fen < 1:
        fen, why = 0, Why.USED_UP
    elif open_fen == 0:
        fen, why = 0, Why.PAID
    else:
        fen = asked
        if fen > open_fen:
            fen, why = open_fen, Why.REST
        if offer.left_fen is not None and fen > offer.left_fen:
            fen, why = offer.left_fen, Why.LIMIT
    detail = {
        "share_pct": offer.share_pct,
        "fixed_fen": offer.fixed_fen,
        "cap_fen": offer.cap_fen,
        "cap_visits": offer.cap_visits,
        "left_fen": None if offer.left_fen is None else offer.left_fen - fen,
        "left_visits": None if offer.left_visits is None else offer.left_visits - bool(fen),
    }
    known = {name: value for name, value in detail.items() if value is not None}
    return Share(offer.payer, offer.programme, fen, why.value, known)


def _asked(offer: Offer, gross_fen: int) -> tuple[int, Why]:
    if offer.fixed_fen is not None:
        return offer.fixed_fen, Why.FIXED
    pct = offer.share_pct or 0
    return gross_fen * pct // 100, Why.WHOLE if pct == 100 else Why.PART
