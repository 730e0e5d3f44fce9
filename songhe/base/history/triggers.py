"""Putting the triggers on the tables of held.yaml, after every migration.

Three statement triggers a table, because a transition table belongs to one kind of statement. Their
names end with a digest of what they are given: a changed line of the list replaces them.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import connections, transaction
from psycopg import sql

from songhe.base.history import held
from songhe.base.history.held import Held

_GIVES = {
    "INSERT": "REFERENCING NEW TABLE AS fresh",
    "UPDATE": "REFERENCING OLD TABLE AS gone NEW TABLE AS fresh",
    "DELETE": "REFERENCING OLD TABLE AS gone",
}
_CREATE = """
CREATE TRIGGER {name} AFTER {operation} ON {table} {gives}
FOR EACH STATEMENT EXECUTE FUNCTION history_note({holder}, {noise}, {secret})
"""
_THERE = """
SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public' AND t.tgname LIKE 'history\\_%'
"""
_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public' AND c.relkind = 'r'
"""


def _array(names: tuple[str, ...]) -> str:
    return "{" + ",".join(names) + "}"


def wanted(table: Held) -> dict[str, sql.Composed]:
    """Return the triggers of a table: name → statement that makes it."""
    given = f"{table.holder} {table.noise} {table.secret}"
    mark = hashlib.sha256(given.encode()).hexdigest()[:8]
    found = {}
    for operation, gives in _GIVES.items():
        name = f"history_{operation.lower()}_{mark}"
        found[name] = sql.SQL(_CREATE).format(
            name=sql.Identifier(name),
            operation=sql.SQL(operation),
            table=sql.Identifier(table.table),
            gives=sql.SQL(gives),
            holder=sql.Literal(table.holder),
            noise=sql.Literal(_array(table.noise)),
            secret=sql.Literal(_array(table.secret)),
        )
    return found


def install(using: str = "default", **_: Any) -> list[str]:
    """Make missing triggers and drop those no longer wanted; return the names of both.

    Tables that are not there yet are left out. Called after every migration.
    """
    connection = connections[using]
    changed = []
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute("SELECT to_regproc('public.history_note') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return []
        cursor.execute(_TABLES)
        tables = {name for (name,) in cursor.fetchall()}
        cursor.execute(_THERE)
        there = set(cursor.fetchall())
        right: set[tuple[str, str]] = set()
        for table in held.tables().values():
            if table.table not in tables:
                continue
            for name, statement in wanted(table).items():
                right.add((table.table, name))
                if (table.table, name) not in there:
                    cursor.execute(statement)
                    changed.append(name)
        for table_name, name in there - right:
            cursor.execute(
                sql.SQL("DROP TRIGGER {} ON {}").format(
                    sql.Identifier(name), sql.Identifier(table_name)
                )
            )
            changed.append(name)
    return changed
