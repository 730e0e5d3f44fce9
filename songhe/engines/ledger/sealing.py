"""The ledger's chain: entries under Merkle roots, each seal after the one before.

The newest link is noted in the audit, whose chain is signed each day: who wants to change an old
entry would have to change that as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from django.db import connection, transaction

from songhe.base.access.actor import SYSTEM
from songhe.base.audit import services as audit
from songhe.engines.ledger import canon
from songhe.engines.ledger.models import Entry, Posting, Seal
from songhe.kernel import merkle

AT_ONCE = 5000
GENESIS = b"\x00" * 32


def _link(before: bytes, number: int, count: int, root: bytes) -> bytes:
    return hashlib.sha256(before + f"{number}:{count}:".encode() + root).digest()


@transaction.atomic
def seal(*, at: datetime) -> int:
    """Seal up to AT_ONCE entries that are not yet; return how many. 0 while another seals."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('ledger.seal'))")
        row = cursor.fetchone()
    if not (row and row[0]):
        return 0
    entries = list(Entry.objects.filter(seal__isnull=True).order_by("id")[:AT_ONCE])
    if not entries:
        return 0
    last = Seal.objects.order_by("-number").first()
    before, number = (bytes(last.link), last.number + 1) if last else (GENESIS, 1)
    root = merkle.root(bytes(entry.digest) for entry in entries)
    link = _link(before, number, len(entries), root)
    made = Seal.objects.create(number=number, count=len(entries), root=root, link=link, made_at=at)
    Entry.objects.filter(pk__in=[entry.pk for entry in entries]).update(seal=made)
    audit.record_change(
        actor=SYSTEM,
        action="ledger.seal",
        ref=f"ledger.Seal/{number}",
        at=at,
        detail={"count": len(entries), "root": root.hex(), "link": link.hex()},
    )
    return len(entries)


def seal_all(*, at: datetime) -> int:
    """Seal until nothing is left; return how many entries."""
    total = 0
    while done := seal(at=at):
        total += done
    return total


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it was recorded. what: entry, seal, chain, sum or balance."""

    what: str
    of: str


def verify() -> Iterator[Fault]:
    """Yield what is wrong: an entry's content, a seal's root, the chain, a sum, a balance.

    Reads everything once, in the order of the seals; entries not yet sealed are checked too.
    """
    for entry, amounts in _entries():
        if sum(amounts.values()):
            yield Fault("sum", entry.key)
        if bytes(entry.digest) != _digest(entry, amounts):
            yield Fault("entry", entry.key)
    before, expected = GENESIS, 1
    sealed = Entry.objects.filter(seal__isnull=False).order_by("seal_id", "id")
    rows = groupby(
        sealed.values_list("seal_id", "digest").iterator(chunk_size=5000), lambda row: row[0]
    )
    roots = {
        number: (len(digests), merkle.root(digests))
        for number, digests in ((n, [bytes(d) for _, d in group]) for n, group in rows)
    }
    for row in Seal.objects.order_by("number").iterator():
        count, root = roots.get(row.number, (0, b""))
        if count != row.count or root != bytes(row.root):
            yield Fault("seal", str(row.number))
        link = _link(before, row.number, row.count, bytes(row.root))
        if row.number != expected or link != bytes(row.link):
            yield Fault("chain", str(row.number))
        before, expected = bytes(row.link), row.number + 1
    yield from _balances()


def _digest(entry: Entry, amounts: dict[UUID, int]) -> bytes:
    return canon.digest(
        key=entry.key,
        kind=entry.kind,
        ref=entry.ref,
        unit=entry.unit,
        on=entry.on,
        reverses=entry.reverses_id,
        amounts=amounts,
    )


def _entries() -> Iterator[tuple[Entry, dict[UUID, int]]]:
    """Yield every entry with its postings, some at a time."""
    after: UUID | None = None
    while True:
        rows = Entry.objects.order_by("id")
        some = list((rows.filter(pk__gt=after) if after else rows)[:AT_ONCE])
        if not some:
            return
        amounts: dict[UUID, dict[UUID, int]] = {entry.pk: {} for entry in some}
        moved = Posting.objects.filter(entry__in=list(amounts))
        for entry_id, account, amount in moved.values_list("entry_id", "account_id", "amount"):
            amounts[entry_id][account] = amount
        for entry in some:
            yield entry, amounts[entry.pk]
        after = some[-1].pk


def _balances() -> Iterator[Fault]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.id FROM ledger_account a LEFT JOIN ledger_posting p ON p.account_id = a.id"
            " GROUP BY a.id HAVING a.balance <> coalesce(sum(p.amount), 0) ORDER BY a.id"
        )
        for (account,) in cursor.fetchall():
            yield Fault("balance", str(account))
