"""Where the money of programmes lies in the ledger, and how it moves.

Accounts: `budget` of a programme (what it has set aside for persons or used and not paid out yet,
negative), a person's purse of a month (`entitlement:<code>:<yyyy-mm>`), what is `held:<code>` for
her, and the programme's `due`, which a charge takes. Purse and held are never below zero: that is
what two tills at once meet. Visits are counted the same way, in points.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from songhe.base.access.actor import SYSTEM, Actor
from songhe.base.regions.days import day_of
from songhe.domains.subsidies.models import Entitlement, Hold, Programme
from songhe.domains.subsidies.terms import budget_ref
from songhe.engines.ledger import selectors as ledger_reads
from songhe.engines.ledger import services as ledger
from songhe.engines.ledger.terms import Unit
from songhe.kernel.errors import Conflict

REST = "rest"


def person_ref(person_id: UUID | str) -> str:
    """Return the holder of a person's purses."""
    return f"people.Person/{person_id}"


def purse_kind(code: str, on: date) -> str:
    """Return the kind of a person's purse of a month."""
    return f"entitlement:{code}:{on:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Purse:
    """What an entitlement gives in a month; None where there is no such limit."""

    programme: Programme
    entitlement: Entitlement

    @property
    def cap_fen(self) -> int | None:
        return self.entitlement.cap_fen or self.programme.cap_fen

    @property
    def cap_visits(self) -> int | None:
        return self.programme.cap_visits


def budget_of(code: str, unit: Unit, at: datetime) -> UUID:
    """Return the account from which a programme's purses are filled."""
    return ledger.open_account(ref=budget_ref(code), kind="budget", unit=unit, at=at)


def due_of(code: str, at: datetime) -> UUID:
    """Return the account of what a programme owes for what was used and is charged."""
    return ledger.open_account(ref=budget_ref(code), kind="due", unit=Unit.FEN, at=at)


def _own(person_id: UUID | str, kind: str, unit: Unit, at: datetime) -> UUID:
    return ledger.open_account(ref=person_ref(person_id), kind=kind, unit=unit, at=at, least=0)


def is_over(on: date, at: datetime) -> bool:
    """Tell whether the month of a day is over, so that what was left of it falls back."""
    return f"{on:%Y-%m}" < f"{day_of(at):%Y-%m}"


def left(
    some: Iterable[Purse], on: date, *, at: datetime | None = None
) -> dict[UUID, tuple[int | None, int | None]]:
    """Return what is left of a month by entitlement: fen and visits; 2 queries.

    A purse that was not filled yet counts as it will be. at: counts what fell back of a month that
    is over by then, for what is charged to it late; 2 queries more.
    """
    purses = list(some)
    refs = {person_ref(one.entitlement.person_id) for one in purses}
    kinds = {purse_kind(one.programme.code, on) for one in purses}
    fen = ledger_reads.balances_of(refs, kinds, Unit.FEN)
    visits = ledger_reads.balances_of(refs, kinds, Unit.POINTS)
    if at is not None and is_over(on, at):
        for unit, known in ((Unit.FEN, fen), (Unit.POINTS, visits)):
            for ref, kind, _entry, amount in ledger_reads.gone(refs, kinds, unit, by=REST):
                known[ref, kind] = known.get((ref, kind), 0) + amount
    found = {}
    for one in purses:
        key = person_ref(one.entitlement.person_id), purse_kind(one.programme.code, on)
        found[one.entitlement.pk] = (
            None if one.cap_fen is None else fen.get(key, one.cap_fen),
            None if one.cap_visits is None else visits.get(key, one.cap_visits),
        )
    return found


@transaction.atomic
def fill(purse: Purse, *, on: date, at: datetime) -> bool:
    """Fill the purse of a month from the programme's budget, once; tell whether it was now.

    A month is filled once for a person and programme, whatever entitlement asks for it.
    """
    code, person = purse.programme.code, purse.entitlement.person_id
    kind, done = purse_kind(code, on), False
    for unit, amount in ((Unit.FEN, purse.cap_fen), (Unit.POINTS, purse.cap_visits)):
        ref = person_ref(person)
        if amount is None or ledger_reads.balances_of([ref], [kind], unit):
            continue
        into = _own(person, kind, unit, at)
        try:
            ledger.post(
                actor=SYSTEM,
                key=f"{ref}/{kind}/{unit.value}/fill",
                kind="fill",
                ref=ref,
                unit=unit,
                amounts={budget_of(code, unit, at): -amount, into: amount},
                on=on.replace(day=1),
                at=at,
            )
        except ledger.KeyTaken:
            continue  # another limit filled it a moment ago
        done = True
    return done


def fall_back(person_id: UUID | str, kind: str, *, on: date, at: datetime) -> bool:
    """Give what is left in a purse of a past month back to the budget; tell whether it was.

    What comes back into it later (a hold that is released) goes the same way another day.
    """
    code, done = kind.split(":")[1], False
    ref = person_ref(person_id)
    for unit in (Unit.FEN, Unit.POINTS):
        amount = ledger_reads.balances_of([ref], [kind], unit).get((ref, kind), 0)
        if not amount:
            continue
        amounts = {_own(person_id, kind, unit, at): -amount, budget_of(code, unit, at): amount}
        try:
            ledger.post(
                actor=SYSTEM,
                key=f"{ref}/{kind}/{unit.value}/rest/{on.isoformat()}",
                kind=REST,
                ref=ref,
                unit=unit,
                amounts=amounts,
                on=on,
                at=at,
            )
        except Conflict:
            continue  # it moves just now: tomorrow
        done = True
    return done


def take_up(purse: Purse, *, on: date, at: datetime) -> None:
    """Give a purse of a month that is over what had fallen back, for what is charged to it late.

    What nobody uses of it falls back again.
    """
    if not is_over(on, at):
        return
    ref, kind = person_ref(purse.entitlement.person_id), purse_kind(purse.programme.code, on)
    for unit in (Unit.FEN, Unit.POINTS):
        for _ref, _kind, entry, _amount in ledger_reads.gone([ref], [kind], unit, by=REST):
            with contextlib.suppress(ledger.AlreadyReversed):  # another takes it up just now
                ledger.reverse(
                    actor=SYSTEM, entry_id=entry, key=f"{ref}/rest/{entry}/up", on=day_of(at), at=at
                )


def set_aside(
    actor: Actor, hold: Hold, purses: dict[str, Purse], *, on: date, at: datetime
) -> list[UUID]:
    """Move a hold's shares from their purses; return the entries. Raises TooLittle."""
    fen: dict[UUID, int] = {}
    points: dict[UUID, int] = {}
    for share in hold.shares:
        if not share["programme"] or not share["fen"]:
            continue
        purse = purses[share["programme"]]
        code, kind = share["programme"], purse_kind(share["programme"], on)
        fill(purse, on=on, at=at)
        take_up(purse, on=on, at=at)
        source = (
            _own(purse.entitlement.person_id, kind, Unit.FEN, at)
            if purse.cap_fen is not None
            else budget_of(code, Unit.FEN, at)
        )
        fen[source] = -share["fen"]
        fen[_own(hold.person_id, f"held:{code}", Unit.FEN, at)] = share["fen"]
        if purse.cap_visits is not None:
            points[_own(purse.entitlement.person_id, kind, Unit.POINTS, at)] = -1
            points[_own(hold.person_id, f"held:{code}", Unit.POINTS, at)] = 1
    return _posted(actor, hold, "hold", fen, points, on=on, at=at)


def use(actor: Actor, hold: Hold, *, on: date, at: datetime) -> list[UUID]:
    """Move what is held to the programmes' due; a visit held is spent. Return the entries."""
    fen: dict[UUID, int] = {}
    points: dict[UUID, int] = {}
    for share in hold.shares:
        code = share["programme"]
        if not code or not share["fen"]:
            continue
        fen[_own(hold.person_id, f"held:{code}", Unit.FEN, at)] = -share["fen"]
        fen[due_of(code, at)] = share["fen"]
        if "cap_visits" in share["detail"]:
            points[_own(hold.person_id, f"held:{code}", Unit.POINTS, at)] = -1
            points[budget_of(code, Unit.POINTS, at)] = 1
    return _posted(actor, hold, f"use/{hold.times}", fen, points, on=on, at=at)


def undo(
    actor: Actor, hold: Hold, entries: Iterable[UUID], what: str, *, on: date, at: datetime
) -> None:
    """Record the mirrors of a hold's entries."""
    for number, entry in enumerate(entries):
        key = f"subsidies.Hold/{hold.pk}/{what}/{number}"
        ledger.reverse(actor=actor, entry_id=entry, key=key, on=on, at=at)


def _posted(
    actor: Actor,
    hold: Hold,
    what: str,
    fen: dict[UUID, int],
    points: dict[UUID, int],
    *,
    on: date,
    at: datetime,
) -> list[UUID]:
    return [
        ledger.post(
            actor=actor,
            key=f"subsidies.Hold/{hold.pk}/{what}/{unit.value}",
            kind=what.split("/", 1)[0],
            ref=hold.ref,
            unit=unit,
            amounts=amounts,
            on=on,
            at=at,
        )
        for unit, amounts in ((Unit.FEN, fen), (Unit.POINTS, points))
        if amounts
    ]
