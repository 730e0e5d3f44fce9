"""Everything that is held of a person, for the copy that she may ask for (PIPL Art. 45)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg import sql
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from songhe.base import vault
from songhe.base.subjects import tables
from songhe.base.vault.fields import sealed_fields

_HIDDEN = ("password", "login_digest", "sha256")


@cache
def _sealed() -> dict[tuple[str, str], str]:
    return {(field.table, field.column): field.field for field in sealed_fields()}


def collect(person_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Return a person's rows by table, sealed values opened; some 30 queries.

    Whoever calls has asked whether the actor may have all of it.
    """
    sets = tables.sets_of(person_id)
    found = {}
    with connection.cursor() as cursor:
        for table in tables.tables():
            if not table.copy:
                continue
            cursor.execute(
                sql.SQL("SELECT * FROM {} WHERE {} LIMIT 10000").format(
                    sql.Identifier(table.table), sql.SQL(table.where)
                ),
                sets,
            )
            names = [column.name for column in cursor.description or ()]
            rows = [
                _row(table.table, dict(zip(names, row, strict=True))) for row in cursor.fetchall()
            ]
            if rows:
                found[table.table] = rows
    return found


def _row(table: str, row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        if name.endswith("_index") or name in _HIDDEN or value is None:
            continue
        field = _sealed().get((table, name))
        if field is not None:
            found[name.removesuffix("_sealed")] = _open(value, field, row["id"])
        elif not isinstance(value, bytes | memoryview):
            found[name] = plain(value)
    return found


def _open(value: bytes, field: str, pk: UUID) -> str:
    try:
        return vault.unseal(value, field=field, pk=pk)
    except (vault.VaultClosed, UnicodeDecodeError):
        return ""


def plain(value: Any) -> Any:
    """Return a value of the database as JSON knows it."""
    if isinstance(value, Range):
        return {"from": plain(value.lower), "until": plain(value.upper)}
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list | tuple | Multirange):
        return [plain(one) for one in value]
    return value


def readings(person_id: UUID) -> Iterator[tuple[datetime, UUID, list[int], list[float]]]:
    """Yield every stored reading of a person: (at, device, code numbers, values); 9 queries."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT effective_at, device, codes_of, vals"
            " FROM readings(%s::uuid[], NULL, '-infinity', 'infinity')"
            " ORDER BY effective_at",
            [tables.sets_of(person_id)["persons"]],
        )
        while rows := cursor.fetchmany(5000):
            yield from rows
