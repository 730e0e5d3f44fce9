"""What the chain seals: kinds of records, each with the way to read its canonical form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from songhe.base.audit import proof
from songhe.base.audit.models import AuditEntry

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """One kind: its table (append-only, with a UUID `id`), and its records by id.

    gather: moves into the table what waits elsewhere, before each sealing.
    of_holders: SQL of a row `t`: is it about one of %(ids)s (%(texts)s: the same as text)?
    """

    name: str
    table: str
    records: Callable[[Iterable[UUID]], dict[UUID, Record]]
    gather: Callable[[datetime], int] | None = None
    of_holders: str = "false"


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    """Let the chain seal a kind of record; its table's trigger is `audit_wait_for_link(name)`."""
    _sources[source.name] = source


def source(name: str) -> Source:
    """Return a kind by its name."""
    return _sources[name]


def all_sources() -> list[Source]:
    """Return every kind."""
    return list(_sources.values())


def loose(source: Source) -> Iterator[Record]:
    """Yield the records of a kind that no link seals and that do not wait for it; 2 queries."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.id FROM {source.table} t"  # noqa: S608 - a name of ours
            " WHERE NOT EXISTS (SELECT FROM audit_auditlink l WHERE l.entry = t.id)"
            " AND NOT EXISTS (SELECT FROM audit_pending p WHERE p.entry = t.id)"
        )
        ids = [pk for (pk,) in cursor.fetchall()]
    yield from source.records(ids).values()


def _entries(ids: Iterable[UUID]) -> dict[UUID, Record]:
    rows = AuditEntry.objects.filter(pk__in=list(ids)).values_list(
        "id", "at", "kind", "user_id", "action", "ref", "purpose", "request_id", "detail"
    )
    return {
        pk: {
            "id": str(pk),
            "at": proof.moment(at),
            "kind": kind,
            "user": user and str(user),
            "action": action,
            "ref": ref,
            "purpose": purpose,
            "request": request,
            "detail": detail,
        }
        for pk, at, kind, user, action, ref, purpose, request, detail in rows
    }


_OF_HOLDERS = "split_part(t.ref, '/', 2) = ANY(%(texts)s) OR t.user_id = ANY(%(ids)s)"
register(Source(proof.ENTRY, AuditEntry._meta.db_table, _entries, of_holders=_OF_HOLDERS))
