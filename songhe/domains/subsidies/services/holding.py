"""What a price comes to for a person, and the money set aside for it until it is used.

Whoever orders or sells for a person may ask, also where her purses are not open to him: the answer
is the price alone. So these work beside the second wall; the caller has looked at the person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from songhe.base.access.actor import Actor
from songhe.base.access.wall import lifted
from songhe.domains.subsidies import purses, selectors
from songhe.domains.subsidies.dividing import Offer, divide
from songhe.domains.subsidies.models import Hold
from songhe.domains.subsidies.purses import Purse
from songhe.domains.subsidies.terms import HoldState, Payer, Quote, Share
from songhe.engines.ledger.services import TooLittle
from songhe.kernel.errors import Conflict, Invalid, NotFound

_TRIES = 5


class NothingHeld(NotFound):
    code = "subsidies.nothing_held"
    message = "Nothing is set aside for this."


class HeldOtherwise(Conflict):
    """The ref holds money for another person, service or price, or it was used already."""

    code = "subsidies.held_otherwise"
    message = "Something else is set aside for this already."


class PriceChanged(Conflict):
    code = "subsidies.price_changed"
    message = "The own share is more than was said: somebody used the entitlement meanwhile."


class NotEntitled(Invalid):
    code = "subsidies.not_entitled"
    message = "The person is not entitled to this programme on that day."


def quote(*, person_id: UUID, item_kind: str, gross_fen: int, on: date) -> Quote:
    """Return who pays what of a price (fen) for a service on a day; nothing moves. 4 queries."""
    with lifted():
        return _quote(person_id, item_kind, gross_fen, on)[0]


@dataclass(frozen=True, slots=True)
class Given:
    """A service that was given on a day and who pays it now (`shares`); gross in fen."""

    item_kind: str
    gross_fen: int
    on: date
    shares: tuple[Share, ...]

    @property
    def own_fen(self) -> int:
        """Return what the person herself pays now."""
        return sum(one.fen for one in self.shares if one.payer == Payer.PERSON)


def quote_anew(*, person_id: UUID, given: Sequence[Given], at: datetime) -> list[Quote | None]:
    """Return for each service who would pay were it charged anew, each after the ones before.

    What a service uses now is free for it. None where the person would pay no less. Nothing moves.
    """
    free: dict[tuple[str, str], list[int]] = {}
    found: list[Quote | None] = []
    with lifted():
        for one in given:
            known = selectors.entitled(person_id, one.on, item_kind=one.item_kind)
            left = purses.left(known, one.on, at=at)
            now = {share.programme: share.fen for share in one.shares if share.programme}
            offers = []
            for purse in known:
                more = free.setdefault((purse.programme.code, f"{one.on:%Y-%m}"), [0, 0])
                used = now.get(purse.programme.code, 0)
                fen, visits = left[purse.entitlement.pk]
                offers.append(
                    _offer(
                        purse,
                        None if fen is None else fen + more[0] + used,
                        None if visits is None else visits + more[1] + bool(used),
                    )
                )
            said = divide(one.gross_fen, offers)
            found.append(said if said.own_fen < one.own_fen else None)
            if said.own_fen >= one.own_fen:
                continue
            then = {share.programme: share.fen for share in said.shares if share.programme}
            for code in now.keys() | then.keys():
                more = free.setdefault((code, f"{one.on:%Y-%m}"), [0, 0])
                more[0] += now.get(code, 0) - then.get(code, 0)
                more[1] += bool(now.get(code)) - bool(then.get(code))
    return found


def _quote(
    person_id: UUID, item_kind: str, gross_fen: int, on: date, at: datetime | None = None
) -> tuple[Quote, dict[str, Purse]]:
    found = selectors.entitled(person_id, on, item_kind=item_kind)
    left = purses.left(found, on, at=at)
    offers = [_offer(one, *left[one.entitlement.pk]) for one in found]
    return divide(gross_fen, offers), {one.programme.code: one for one in found}


def _offer(purse: Purse, left_fen: int | None, left_visits: int | None) -> Offer:
    rule = purse.programme
    return Offer(
        payer=rule.payer,
        programme=rule.code,
        share_pct=rule.share_pct,
        fixed_fen=rule.fixed_fen,
        cap_fen=purse.cap_fen,
        cap_visits=purse.cap_visits,
        left_fen=left_fen,
        left_visits=left_visits,
    )


def hold(
    *,
    actor: Actor,
    ref: str,
    person_id: UUID,
    item_kind: str,
    gross_fen: int,
    on: date,
    at: datetime,
    most_own_fen: int | None = None,
) -> Quote:
    """Set aside what others pay of a price for `ref` (an order); return who pays what.

    Asked again for the same it is the same. Where another till was faster, what is left is divided
    anew; most_own_fen: the own share that was said, above it PriceChanged is raised and nothing is
    set aside. Raises HeldOtherwise.
    """
    with lifted():
        for turn in range(_TRIES):
            standing = _standing(ref)
            if standing is not None:
                return _same(standing, person_id, item_kind, gross_fen)
            said, found = _quote(person_id, item_kind, gross_fen, on, at)
            if most_own_fen is not None and said.own_fen > most_own_fen:
                raise PriceChanged
            row = _new(ref, person_id, item_kind, said, on, at)
            try:
                with transaction.atomic():
                    _set_aside(actor, row, found, on, at)
            except TooLittle:
                if turn == _TRIES - 1:
                    raise
                continue
            except IntegrityError:
                continue  # another asks the same at this moment
            return said
    raise HeldOtherwise


def hold_shares(
    *,
    actor: Actor,
    ref: str,
    person_id: UUID,
    item_kind: str,
    shares: Sequence[Share | Mapping[str, Any]],
    on: date,
    at: datetime,
) -> Quote:
    """Set aside shares that were agreed; return them. For a till that knows them already.

    Raises NotEntitled, TooLittle where the purse has not so much, HeldOtherwise.
    """
    wanted = [one if isinstance(one, Share) else Share.of(one) for one in shares]
    with lifted(), transaction.atomic():
        if _standing(ref) is not None:
            raise HeldOtherwise
        found = {one.programme.code: one for one in selectors.entitled(person_id, on)}
        told = []
        for one in wanted:
            if one.payer == Payer.PERSON or not one.fen:
                told.append(one)
                continue
            if one.programme not in found:
                raise NotEntitled(programme=one.programme)
            told.append(_with_limits(one, found[one.programme]))
        said = Quote(sum(one.fen for one in told), tuple(told))
        _set_aside(actor, _new(ref, person_id, item_kind, said, on, at), found, on, at)
        return said


def _with_limits(share: Share, purse: Purse) -> Share:
    """Return a share that says of itself whether a visit is counted."""
    detail = dict(share.detail)
    detail.pop("cap_visits", None)
    if purse.cap_visits is not None:
        detail["cap_visits"] = purse.cap_visits
    return Share(purse.programme.payer, share.programme, share.fen, share.why, detail)


def _new(ref: str, person_id: UUID, item_kind: str, said: Quote, on: date, at: datetime) -> Hold:
    return Hold(
        ref=ref,
        person_id=person_id,
        item_kind=item_kind,
        gross_fen=said.gross_fen,
        shares=said.stored(),
        on=on,
        since_at=at,
    )


def _set_aside(actor: Actor, row: Hold, found: dict[str, Purse], on: date, at: datetime) -> None:
    row.save(force_insert=True)
    row.entries = purses.set_aside(actor, row, found, on=on, at=at)
    row.save(update_fields=["entries"])


def _standing(ref: str) -> Hold | None:
    return Hold.objects.filter(ref=ref).exclude(state=HoldState.RELEASED).first()


def _said(row: Hold) -> Quote:
    return Quote(row.gross_fen, tuple(Share.of(one) for one in row.shares))


def _same(row: Hold, person_id: UUID, item_kind: str, gross_fen: int) -> Quote:
    if (row.person_id, row.item_kind, row.gross_fen) != (person_id, item_kind, gross_fen):
        raise HeldOtherwise
    return _said(row)


def held(ref: str) -> Quote | None:
    """Return what is set aside for a ref and not used, None where nothing is."""
    with lifted():
        row = Hold.objects.filter(ref=ref, state=HoldState.HELD).first()
        return None if row is None else _said(row)


def _locked(ref: str, *states: HoldState) -> Hold:
    rows = Hold.objects.select_for_update().filter(ref=ref, state__in=states)
    row = rows.order_by("-since_at", "-id").first()
    if row is None:
        raise NothingHeld
    return row


def use(*, actor: Actor, ref: str, on: date, at: datetime) -> Quote:
    """Use what is set aside: the programmes owe it from now on; return the shares.

    Used already it is the same. Raises NothingHeld.
    """
    with lifted(), transaction.atomic():
        row = _locked(ref, HoldState.HELD, HoldState.USED)
        if row.state == HoldState.HELD:
            row.times += 1
            row.used_entries = purses.use(actor, row, on=on, at=at)
            _set(row, HoldState.USED, at)
        return _said(row)


def restore(*, actor: Actor, ref: str, on: date, at: datetime) -> None:
    """Take back a use: the money is set aside again. Raises NothingHeld."""
    with lifted(), transaction.atomic():
        row = _locked(ref, HoldState.HELD, HoldState.USED)
        if row.state == HoldState.USED:
            purses.undo(actor, row, row.used_entries, f"restore/{row.times}", on=on, at=at)
            row.used_entries = []
            _set(row, HoldState.HELD, at)


def release(*, actor: Actor, ref: str, on: date, at: datetime) -> None:
    """Give back what is set aside; everything is as before. Released already it stays so.

    Raises NothingHeld (also of what is used: that is taken back first).
    """
    with lifted(), transaction.atomic():
        row = _locked(ref, HoldState.HELD, HoldState.RELEASED)
        if row.state == HoldState.HELD:
            purses.undo(actor, row, row.entries, "release", on=on, at=at)
            _set(row, HoldState.RELEASED, at)


def _set(row: Hold, state: HoldState, at: datetime) -> None:
    row.state, row.since_at = state, at
    row.save(update_fields=["state", "since_at", "times", "used_entries"])
