"""Posting and reversing; the database itself refuses what does not balance."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from songhe.base.access.actor import Actor
from songhe.engines.ledger import canon
from songhe.engines.ledger.models import Entry, Posting
from songhe.engines.ledger.terms import Unit
from songhe.kernel.errors import Conflict, Invalid, NotFound
from songhe.kernel.ids import uuid7

_LEAST = -(2**53), 2**53


class Unbalanced(Invalid):
    code = "ledger.unbalanced"
    message = "What goes in and what goes out are not the same."


class TooLittle(Conflict):
    code = "ledger.too_little"
    message = "There is not enough on the account for this."


class KeyTaken(Conflict):
    """The key belongs to an entry that says something else."""

    code = "ledger.key_taken"
    message = "This was recorded before, with other amounts."


class AlreadyReversed(Conflict):
    code = "ledger.already_reversed"
    message = "This was reversed before."


def open_account(
    *, ref: str, kind: str, unit: Unit, at: datetime, least: int | None = None
) -> UUID:
    """Return the holder's account of a kind, opened now where there was none.

    least: the smallest balance it may have, None for any; an account that is there keeps its own.
    """
    pk = uuid7()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_account_of(%s, %s, %s, %s, %s, %s)",
            [pk, ref, kind, Unit(unit).value, least, at],
        )
        row = cursor.fetchone()
    found: UUID = row[0]
    return found


@transaction.atomic
def post(
    *,
    actor: Actor,
    key: str,
    kind: str,
    ref: str,
    unit: Unit,
    amounts: Mapping[UUID, int],
    on: date,
    at: datetime,
) -> UUID:
    """Record one movement: what each account gains (positive) or gives (negative); return its id.

    Asked again with the same key and content it is the same entry. Several for one account are
    summed by the caller. Raises Unbalanced (also where nothing moves), TooLittle, KeyTaken;
    then nothing is recorded. Accounts are locked in the order of their ids.
    """
    moved = {account: amount for account, amount in amounts.items() if amount}
    if len(moved) < 2 or sum(moved.values()) != 0:
        raise Unbalanced
    if not all(_LEAST[0] < amount < _LEAST[1] for amount in moved.values()):
        raise Unbalanced
    return _record(actor, key, kind, ref, Unit(unit), moved, on, at, None)


@transaction.atomic
def reverse(*, actor: Actor, entry_id: UUID, key: str, on: date, at: datetime) -> UUID:
    """Record the mirror of an entry; return its id. The only way to correct one.

    Raises AlreadyReversed, TooLittle (it was spent meanwhile), KeyTaken, NotFound.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, ref, unit, account, amount FROM ledger_lines_of(%s)", [entry_id]
        )
        lines = cursor.fetchall()
    if not lines:
        raise NotFound
    kind, about, unit = lines[0][:3]
    mirrored = {account: -amount for *_, account, amount in lines}
    return _record(actor, key, kind, about, Unit(unit), mirrored, on, at, entry_id)


def _record(
    actor: Actor,
    key: str,
    kind: str,
    ref: str,
    unit: Unit,
    amounts: Mapping[UUID, int],
    on: date,
    at: datetime,
    reverses: UUID | None,
) -> UUID:
    digest = canon.digest(
        key=key, kind=kind, ref=ref, unit=unit.value, on=on, reverses=reverses, amounts=amounts
    )
    entry = Entry(
        key=key,
        kind=kind,
        ref=ref,
        unit=unit.value,
        on=on,
        at=at,
        user_id=actor.user_id,
        reverses_id=reverses,
        count=len(amounts),
        digest=digest,
    )
    try:
        with transaction.atomic():
            entry.save(force_insert=True)
            # In one order everywhere, so that two that share accounts never wait for each other.
            Posting.objects.bulk_create(
                Posting(entry=entry, account_id=account, amount=amounts[account])
                for account in sorted(amounts)
            )
            # What an entry must be is judged now, not when the caller has gone on.
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ledger_entry_whole, ledger_posting_whole IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ledger_entry_whole, ledger_posting_whole DEFERRED")
    except IntegrityError as error:
        return _refused(error, key, digest)
    return entry.pk


def _refused(error: IntegrityError, key: str, digest: bytes) -> UUID:
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
    if name == "ledger_balance_enough":
        raise TooLittle from None
    if name == "ledger_entry_whole":
        raise Unbalanced from None
    if name.startswith("ledger_entry_"):
        before = _said_before(key)
        if before is not None:
            if before[1] != digest:
                raise KeyTaken from None
            return before[0]
        if "reverses" in name:
            raise AlreadyReversed from None
    raise error


def _said_before(key: str) -> tuple[UUID, bytes] | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, digest FROM ledger_entry_of(%s)", [key])
        row = cursor.fetchone()
    return (row[0], bytes(row[1])) if row else None
