"""From the queue of the triggers into the history, sealed under the keys of those it is about.

Sealed columns are opened by the vault first and go under the holder's key as text: so that the
history outlives a change of the vault's keys, and ends with the holder's own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from songhe.base import vault
from songhe.base.audit import proof
from songhe.base.audit.sources import Record, Source
from songhe.base.history.models import Change, Queued
from songhe.base.vault import subject_keys
from songhe.base.vault.fields import sealed_fields
from songhe.kernel.ids import uuid7

AT_ONCE = 2000
CLOSED = "\ufffd"  # stands for a sealed value whose key was missing


@cache
def _sealed_columns() -> dict[tuple[str, str], str]:
    return {(field.table, field.column): field.field for field in sealed_fields()}


@cache
def _index_columns() -> frozenset[tuple[str, str]]:
    return frozenset((field.table, field.index) for field in sealed_fields() if field.index)


@transaction.atomic
def _piece(at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('history.seal'))")
        row = cursor.fetchone()
    if not (row and row[0]):
        return 0
    queued = list(Queued.objects.order_by("id")[:AT_ONCE])
    if not queued:
        return 0
    holders = {row.pk: row.holder or row.row for row in queued}
    with_values = {holders[row.pk] for row in queued if row.old is not None}
    keys = subject_keys.keys(with_values, at=at) if with_values else {}
    changes = []
    for row in queued:
        holder, pk = holders[row.pk], uuid7()
        changes.append(
            Change(
                id=pk,
                at=row.at,
                table=row.table,
                row=row.row,
                holder=holder,
                operation=row.operation,
                user_id=row.user_id,
                request_id=row.request_id,
                columns=[c for c in row.columns if (row.table, c) not in _index_columns()],
                body=_body(row, keys.get(holder), pk),
            )
        )
    Change.objects.bulk_create(changes, batch_size=1000)
    Queued.objects.filter(pk__in=[row.pk for row in queued]).delete()
    return len(queued)


def _body(row: Queued, key: bytes | None, pk: UUID) -> bytes | None:
    if row.old is None or key is None:
        return None
    said = {"old": _opened(row, row.old), "new": row.new and _opened(row, row.new)}
    return subject_keys.seal_under(key, proof.canonical(said), place=f"history.Change:{pk}")


def _opened(row: Queued, values: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for column, value in values.items():
        where = (row.table, column)
        if where in _index_columns():
            continue
        field = _sealed_columns().get(where)
        found[column] = _unsealed(value, field, row.row) if field and value else value
    return found


def _unsealed(value: str, field: str, pk: UUID) -> str:
    try:
        return vault.unseal(bytes.fromhex(value.removeprefix("\\x")), field=field, pk=pk)
    except (vault.VaultClosed, UnicodeDecodeError):
        return CLOSED


def gather(at: datetime) -> int:
    """Empty the queue; return how many changes were sealed."""
    total = 0
    while done := _piece(at):
        total += done
    return total


def forget(holders: Iterable[UUID]) -> None:
    """Drop the values of what is queued of these: their keys are destroyed in this transaction."""
    wanted = list(holders)
    rows = Queued.objects.filter(Q(holder__in=wanted) | Q(row__in=wanted))
    rows.filter(old__isnull=False).update(old=None, new=None)


def forget_rows(table: str, rows: Iterable[UUID]) -> None:
    """Drop the values of what is queued of these rows: they are destroyed in this transaction."""
    queued = Queued.objects.filter(table=table, row__in=list(rows), old__isnull=False)
    queued.update(old=None, new=None)


def values_of(change: Change, key: bytes) -> dict[str, Any]:
    """Open the values of a change: {"old": …, "new": … or None}. Raises VaultClosed."""
    if change.body is None:
        return {"old": {}, "new": {}}
    data = subject_keys.open_under(key, bytes(change.body), place=f"history.Change:{change.pk}")
    found: dict[str, Any] = json.loads(data)
    return found


def _records(ids: Iterable[UUID]) -> dict[UUID, Record]:
    return {
        row.pk: {
            "id": str(row.pk),
            "at": proof.moment(row.at),
            "table": row.table,
            "row": str(row.row),
            "holder": str(row.holder),
            "operation": row.operation,
            "user": row.user_id and str(row.user_id),
            "request": row.request_id,
            "columns": row.columns,
            "body": "" if row.body is None else hashlib.sha256(bytes(row.body)).hexdigest(),
        }
        for row in Change.objects.filter(pk__in=list(ids))
    }


_OF_HOLDERS = "t.holder = ANY(%(ids)s) OR t.row = ANY(%(ids)s)"
SOURCE = Source(proof.CHANGE, Change._meta.db_table, _records, gather, _OF_HOLDERS)
