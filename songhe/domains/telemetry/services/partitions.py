"""Partitions of readings: which there are, and how one goes without anybody waiting for us."""

from __future__ import annotations

import time
from contextlib import suppress

import structlog
from django.db import connection, transaction
from django.db.utils import OperationalError
from psycopg import sql

log = structlog.get_logger(__name__)

TRIES = 40
PAUSE_S = 0.25
_NAMES = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = %s::regclass ORDER BY c.relname
"""


def names(parent: str) -> list[str]:
    """Return the names of a table's partitions, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, [parent])
        return [name for (name,) in cursor.fetchall()]


def shrink(name: str) -> None:
    """Give an emptied partition's pages back, so that a look whether it is empty is quick.

    Outside a transaction only; inside one nothing happens.
    """
    if connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [name])
        if cursor.fetchone()[0] is not None:
            with suppress(OperationalError):  # a deadlock with somebody: the look is then slower
                cursor.execute(sql.SQL("VACUUM {}").format(sql.Identifier(name)))


def drop(parent: str, name: str, *, only_empty: bool) -> bool:
    """Drop a partition, or one in which nothing is left; True when it is gone.

    The lock is wanted on the whole table, so it is asked for a tenth of a second at a time:
    readers and writers behind us wait no longer than that. False as well where somebody reads on.
    """
    for _ in range(TRIES):
        try:
            return _drop(parent, name, only_empty=only_empty)
        except OperationalError as error:
            log.info("partition_waits", partition=name, error=type(error.__cause__).__name__)
            time.sleep(PAUSE_S)
    return False


@transaction.atomic
def _drop(parent: str, name: str, *, only_empty: bool) -> bool:
    leaf = sql.Identifier(name)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '100ms'; SET LOCAL statement_timeout = '1s'")
        cursor.execute(
            sql.SQL("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(parent))
        )
        cursor.execute("SELECT to_regclass(%s)", [name])
        is_gone = cursor.fetchone()[0] is None
        may_go = True
        if only_empty and not is_gone:
            cursor.execute(sql.SQL("SELECT NOT EXISTS (SELECT FROM {})").format(leaf))
            may_go = cursor.fetchone()[0]
        if may_go and not is_gone:
            cursor.execute(sql.SQL("DROP TABLE {}").format(leaf))
            is_gone = True
        cursor.execute("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
    return is_gone
