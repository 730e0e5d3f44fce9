"""Destroying old records of the chain: the records go, their links stay, a signed cut says so.

A cut names the position up to which records may be missing, and those below it that are still
there: kept for somebody's sake, or found missing or altered. So the whole chain is verified from
its beginning for ever, and what is removed by hand is still found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from psycopg import sql

from songhe.base.audit import cuts, proof, signing, sources, walking
from songhe.base.audit.models import AuditCheckpoint, AuditCut
from songhe.base.audit.sources import Source

_SPAN = "(l.position BETWEEN %(first)s AND %(last)s OR l.position = ANY(%(again)s))"
_HELD = """
SELECT l.position FROM audit_auditlink l JOIN {table} t ON t.id = l.entry
 WHERE l.source = {source} AND {span} AND ({of})
"""
_DELETE = """
DELETE FROM {table} t USING audit_auditlink l
 WHERE l.entry = t.id AND l.source = {source} AND {span} AND l.position <> ALL(%(kept)s)
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """One closed day of links whose records are out of time."""

    day: date
    first: int
    last: int
    link: str


def due(before: datetime) -> list[Piece]:
    """Return the days whose records are older and stand still, oldest first; only closed days."""
    cut = cuts.newest()
    rows = AuditCheckpoint.objects.filter(day__lt=before.date(), last__gt=cut.last if cut else 0)
    return [Piece(row.day, row.first, row.last, row.link) for row in rows.order_by("day")]


def count_due(before: datetime) -> tuple[int, datetime | None]:
    """Return how many records are out of time and when the oldest that stands was sealed."""
    cut = cuts.newest()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(sealed_at) FROM audit_auditlink WHERE position = %s",
            [(cut.last if cut else 0) + 1],
        )
        oldest = cursor.fetchone()
        pieces = due(before)
        count = sum(piece.last - piece.first + 1 for piece in pieces)
    return count, oldest[0] if oldest else None


@transaction.atomic
def cut(piece: Piece, *, holders: Sequence[UUID], at: datetime) -> int:
    """Destroy the records of a day, those about holders left out; return how many went.

    Records that were kept before for somebody who is no holder any more go as well. What is
    missing or does not fit its digest stays as it is, and is found by every later check.
    """
    before = cuts.newest()
    again = list(before.kept) if before else []
    given = {"first": piece.first, "last": piece.last, "again": again}
    given |= {"ids": list(holders), "texts": [str(pk) for pk in holders]}
    kept = sorted(set(_wrong(piece, again)) | set(_held(given)))
    total = (before.destroyed if before else 0) + piece.last - piece.first + 1
    row = AuditCut(
        day=piece.day,
        last=piece.last,
        link=piece.link,
        destroyed=total + len(again) - len(kept),
        kept=kept,
        key=signing.public_key(),
        made_at=at,
    )
    told = {name: value for name, value in cuts.said(row).items() if name != "signature"}
    row.signature = signing.sign(proof.cut_message(**told))
    row.save(force_insert=True)
    return sum(_delete(kind, given | {"kept": kept}) for kind in sources.all_sources())


def cut_again(*, holders: Sequence[UUID], at: datetime) -> int:
    """Destroy what was kept for holders of whom some are none any more; return how many went."""
    before = cuts.newest()
    if before is None or not before.kept:
        return 0
    given = {"first": 1, "last": 0, "again": before.kept}
    given |= {"ids": list(holders), "texts": [str(pk) for pk in holders]}
    piece = Piece(before.day, before.last + 1, before.last, before.link)
    if set(before.kept) == {*_wrong(piece, before.kept), *_held(given)}:
        return 0
    return cut(piece, holders=holders, at=at)


def _wrong(piece: Piece, again: Iterable[int]) -> list[int]:
    """Return the positions whose record is missing or altered: they are for people to see."""
    spans = [(piece.first, piece.last), *((position, position) for position in again)]
    return [
        link.position
        for first, last in spans
        for link, record in walking.walk(first, last)
        if record is None or proof.digest(record) != link.digest
    ]


def _held(given: dict[str, Any]) -> list[int]:
    found: list[int] = []
    for kind in sources.all_sources():
        with connection.cursor() as cursor:
            cursor.execute(_filled(_HELD, kind), given)
            found += [position for (position,) in cursor.fetchall()]
    return found


def _delete(kind: Source, given: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_filled(_DELETE, kind), given)
        return int(cursor.rowcount)


def _filled(statement: str, kind: Source) -> sql.Composed:
    return sql.SQL(statement).format(
        table=sql.Identifier(kind.table),
        source=sql.Literal(kind.name),
        span=sql.SQL(_SPAN),
        of=sql.SQL(kind.of_holders),
    )
