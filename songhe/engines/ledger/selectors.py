"""Reading accounts. Who may is said by the domain that opened them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from songhe.engines.ledger.models import Account, Entry, Posting
from songhe.engines.ledger.terms import Unit


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement. after: the account's balance behind it, in the order recorded."""

    entry_id: UUID
    kind: str
    ref: str
    on: date
    at: datetime
    amount: int
    after: int
    reverses: UUID | None


def balance(*, ref: str, kind: str, unit: Unit) -> int:
    """Return what a holder's account has; 0 where none was opened."""
    found = Account.objects.filter(ref=ref, kind=kind, unit=unit).values_list("balance", flat=True)
    return found.first() or 0


def balances(account_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return the balances of accounts."""
    rows = Account.objects.filter(pk__in=list(account_ids))
    return dict(rows.values_list("id", "balance"))


def statement(
    account_id: UUID, *, since: datetime | None = None, until: datetime | None = None
) -> list[Line]:
    """Return the lines of an account recorded in a half-open time, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM (SELECT e.id, e.kind, e.ref, e.on, e.at, p.amount,"
            " sum(p.amount) OVER (ORDER BY e.at, e.id)::bigint, e.reverses_id"
            " FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id"
            " WHERE p.account_id = %s) AS lines (id, kind, ref, day, at, amount, sum, reverses)"
            " WHERE (%s::timestamptz IS NULL OR at >= %s) AND (%s::timestamptz IS NULL OR at < %s)"
            " ORDER BY at, id",
            [account_id, since, since, until, until],
        )
        return [Line(*row) for row in cursor.fetchall()]


def entries_of(ref: str) -> list[tuple[Entry, list[Posting]]]:
    """Return the entries about something with their postings, oldest first; 2 queries."""
    rows = Entry.objects.filter(ref=ref).order_by("at", "id").prefetch_related("postings__account")
    return [(entry, list(entry.postings.all())) for entry in rows]


def is_reversed(entry_id: UUID) -> bool:
    """Tell whether an entry was reversed."""
    return Entry.objects.filter(reverses_id=entry_id).exists()


def balances_of(
    refs: Iterable[str], kinds: Iterable[str], unit: Unit
) -> dict[tuple[str, str], int]:
    """Return what accounts have by holder and kind; what was never opened lacks. 1 query."""
    rows = Account.objects.filter(ref__in=list(refs), kind__in=list(kinds), unit=unit)
    return {(ref, kind): held for ref, kind, held in rows.values_list("ref", "kind", "balance")}


def gone(
    refs: Iterable[str], kinds: Iterable[str], unit: Unit, *, by: str
) -> list[tuple[str, str, UUID, int]]:
    """Return what entries of the kind `by` took from accounts and nobody took back; 1 query.

    Each as holder, kind of the account, entry, and the amount (positive).
    """
    rows = Posting.objects.filter(
        account__ref__in=list(refs),
        account__kind__in=list(kinds),
        account__unit=unit,
        amount__lt=0,
        entry__kind=by,
        entry__reverses=None,
        entry__reversed_by=None,
    )
    taken = rows.values_list("account__ref", "account__kind", "entry", "amount")
    return [(ref, kind, entry, -amount) for ref, kind, entry, amount in taken]


def with_rest(holders: str, kinds: str) -> list[tuple[str, str]]:
    """Return holder and kind of the accounts that have something, by the beginnings of both."""
    rows = Account.objects.filter(ref__startswith=holders, kind__startswith=kinds, balance__gt=0)
    return sorted(set(rows.values_list("ref", "kind")))
