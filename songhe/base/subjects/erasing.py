"""Erasing a person across all tables, and searching afterwards for what might be left.

Rows are deleted, cleared or kept as data/tables.yaml says. What a legal duty keeps is restricted:
no role and no grant reaches the person any more, and it is erased when the duty ends. The person's
key is destroyed, so that the history of her rows is unreadable and its digests still stand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from psycopg import sql

from songhe.base import vault
from songhe.base.history import sealing as history
from songhe.base.subjects import tables
from songhe.base.subjects.tables import Duty, Sets, Table
from songhe.base.vault import subject_keys
from songhe.base.vault.fields import sealed_fields

SHORTEST = 2  # hanzi of a name that can be looked for
STAND_IN = "＊"


@dataclass(frozen=True, slots=True)
class Line:
    """What is, or was, done with one table: delete, clear, keep, restrict or scrub."""

    table: str
    way: str
    rows: int
    en: str = ""
    zh: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A duty that holds for a person, and until when."""

    duty: Duty
    until: datetime


@dataclass(frozen=True, slots=True)
class Words:
    """What must not be found afterwards. namesakes: how many others bear the same name."""

    name: str
    exact: tuple[str, ...]
    namesakes: int


@dataclass(frozen=True, slots=True)
class Search:
    """What a search over all text found. left: (table, column, rows) where a word stands."""

    columns: int
    words: int
    left: tuple[tuple[str, str, int], ...]


def duties_of(person_id: UUID) -> list[Kept]:
    """Return the duties that keep something of a person now."""
    sets = tables.sets_of(person_id)
    found = []
    with connection.cursor() as cursor:
        for duty in tables.duties():
            cursor.execute(duty.holds, sets)
            row = cursor.fetchone()
            if row and row[0] is not None:
                found.append(Kept(duty, row[0]))
    return found


def plan(person_id: UUID, *, at: datetime) -> list[Line]:
    """Return what erasing would do, table by table, with how many rows; nothing is changed."""
    sets = tables.sets_of(person_id)
    kept = _kept_tables(duties_of(person_id), at)
    lines = []
    for table in tables.tables():
        if not table.erase:
            continue
        rows = _count(table, sets)
        if rows:
            duty = kept.get(table.table)
            way = "restrict" if duty and table.erase != "keep" else table.erase
            words = duty or table
            lines.append(Line(table.table, way, rows, words.en, words.zh))
    return lines


def _kept_tables(kept: Iterable[Kept], at: datetime) -> dict[str, Duty]:
    return {name: one.duty for one in kept if one.until > at for name in one.duty.keeps}


def _count(table: Table, sets: Sets) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT count(*) FROM {} WHERE {}").format(
                sql.Identifier(table.table), sql.SQL(table.where)
            ),
            sets,
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def words_of(person_id: UUID) -> Words:
    """Return what to look for afterwards: her name, numbers and address, and her contacts'."""
    sets = tables.sets_of(person_id)
    wanted = {"people_person", "people_contact", "people_home", "accounts_user"}
    exact: set[str] = set()
    with connection.cursor() as cursor:
        for field in sealed_fields():
            if field.table not in wanted:
                continue
            table = next(one for one in tables.tables() if one.table == field.table)
            cursor.execute(
                sql.SQL("SELECT id, {} FROM {} WHERE ({}) AND {} IS NOT NULL").format(
                    sql.Identifier(field.column),
                    sql.Identifier(field.table),
                    sql.SQL(table.where),
                    sql.Identifier(field.column),
                ),
                sets,
            )
            exact |= {vault.unseal(sealed, field=field.field, pk=pk) for pk, sealed in cursor}
        cursor.execute("SELECT name FROM people_person WHERE id = %(person)s", sets)
        row = cursor.fetchone()
        name = str(row[0]) if row else ""
        cursor.execute(
            "SELECT count(*) FROM people_person WHERE name = %s AND id <> ALL(%s)",
            [name, sets["persons"]],
        )
        namesakes = cursor.fetchone()
    words = tuple(sorted(word for word in exact if len(word) > SHORTEST))
    return Words(name, words, int(namesakes[0]) if namesakes else 0)


@transaction.atomic
def erase(person_id: UUID, words: Words, *, at: datetime) -> list[Line]:
    """Erase a person; return what was done. The caller has asked who may, and tells the audit."""
    sets = tables.sets_of(person_id) | {"at": at}
    kept = _kept_tables(duties_of(person_id), at)
    lines = []
    for table in tables.tables():
        duty = kept.get(table.table)
        if duty is not None and table.erase != "keep":
            rows = _set(table, tables.restricting().get(table.table, {}), sets)
            lines.append(Line(table.table, "restrict", rows, duty.en, duty.zh))
        elif table.erase == "delete":
            lines.append(Line(table.table, "delete", _delete(table, sets)))
        elif table.erase == "clear":
            lines.append(Line(table.table, "clear", _set(table, table.clear, sets)))
        elif table.erase == "keep":
            lines.append(Line(table.table, "keep", _count(table, sets), table.en, table.zh))
        lines += [
            Line(table.table, "scrub", _scrub(table.table, column, words)) for column in table.scrub
        ]
    holders = [*sets["subjects"], *sets["accounts"]]
    subject_keys.destroy(holders, at=at)
    history.forget(holders)
    return [line for line in lines if line.rows]


def _delete(table: Table, sets: Sets) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("DELETE FROM {} WHERE {}").format(
                sql.Identifier(table.table), sql.SQL(table.where)
            ),
            sets,
        )
        return int(cursor.rowcount)


def _set(table: Table, values: dict[str, str], sets: Sets) -> int:
    if not values:
        return _count(table, sets)
    given = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(column), sql.SQL(value))
        for column, value in values.items()
    )
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("UPDATE {} SET {} WHERE {}").format(
                sql.Identifier(table.table), given, sql.SQL(table.where)
            ),
            sets,
        )
        return int(cursor.rowcount)


def _looked_for(words: Words) -> list[str]:
    """Return the words to look for everywhere; the name only where nobody else bears it."""
    name = [words.name] if len(words.name) >= SHORTEST and not words.namesakes else []
    return [*words.exact, *name]


def _scrub(table: str, column: str, words: Words) -> int:
    total = 0
    with connection.cursor() as cursor:
        for word in _looked_for(words):
            cursor.execute(
                sql.SQL(
                    "UPDATE {t} SET {c} = replace({c}, %s, %s) WHERE strpos({c}, %s) > 0"
                ).format(t=sql.Identifier(table), c=sql.Identifier(column)),
                [word, STAND_IN, word],
            )
            total += int(cursor.rowcount)
    return total


_COLUMNS = """
SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_type t ON t.oid = a.atttypid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND a.attnum > 0 AND NOT a.attisdropped
   AND t.typname IN ('text', 'varchar', 'jsonb', 'json', '_text', '_varchar')
 ORDER BY 1, 2
"""


def search(words: Words, *, kept: Iterable[str] = ()) -> Search:
    """Look for a person's words in every text and JSON column of every table but the kept ones."""
    wanted, left, seen = _looked_for(words), [], 0
    leave = set(kept)
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        for table, column in cursor.fetchall():
            if table in leave:
                continue
            seen += 1
            tests = sql.SQL(" OR ").join(
                sql.SQL("strpos({}::text, %s) > 0").format(sql.Identifier(column)) for _ in wanted
            )
            cursor.execute(
                sql.SQL("SELECT count(*) FROM {} WHERE {}").format(
                    sql.Identifier(table), tests if wanted else sql.SQL("false")
                ),
                wanted,
            )
            row: Any = cursor.fetchone()
            if row[0]:
                left.append((table, column, int(row[0])))
    return Search(seen, len(wanted), tuple(left))
