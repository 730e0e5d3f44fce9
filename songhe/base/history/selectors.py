"""Reading the history of a person, or of another; who may is asked by the caller."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from songhe.base.history.models import Change
from songhe.base.history.sealing import values_of
from songhe.base.vault import subject_keys
from songhe.base.vault.keyring import VaultClosed


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One change. values: column → (before, after), None where the values cannot be read."""

    id: UUID
    at: datetime
    table: str
    row: UUID
    operation: str
    user_id: UUID | None
    columns: tuple[str, ...]
    values: dict[str, tuple[Any, Any]] | None


@dataclass(frozen=True, slots=True)
class History:
    """A piece of a history, the newest first. is_destroyed: its key is gone for ever."""

    lines: list[ChangeLine]
    is_destroyed: bool
    more: tuple[datetime, UUID] | None


def history_of(
    holder: UUID, *, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> History:
    """Return the changes of one holder's rows, the newest first, from a place on; 2 queries."""
    rows = Change.objects.filter(holder=holder)
    if before is not None:
        at, pk = before
        rows = rows.filter(at__lte=at).filter(Q(at__lt=at) | Q(pk__lt=pk))
    found = list(rows.order_by("-at", "-id")[: limit + 1])
    known = subject_keys.known_keys([holder])
    key = known.get(holder)
    lines = [_line(row, key) for row in found[:limit]]
    last = found[limit - 1] if len(found) > limit else None
    return History(
        lines,
        is_destroyed=holder in known and key is None,
        more=(last.at, last.pk) if last else None,
    )


def _line(row: Change, key: bytes | None) -> ChangeLine:
    values: dict[str, tuple[Any, Any]] | None = None
    if key is not None or row.operation == Change.Operation.INSERT:
        try:
            said = values_of(row, key or b"")
            old, new = said["old"], said["new"] or {}
            values = {name: (old.get(name), new.get(name)) for name in sorted({*old, *new})}
        except VaultClosed:
            values = None
    return ChangeLine(
        row.pk,
        row.at,
        row.table,
        row.row,
        row.operation,
        row.user_id,
        tuple(row.columns),
        values,
    )
