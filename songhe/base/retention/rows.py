"""Destroying rows by the steps of a class: some thousand a transaction, references kept right."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection, transaction
from psycopg import sql

from songhe.base.history import held as noted
from songhe.base.history import sealing as history
from songhe.base.retention.classes import Step
from songhe.base.retention.handlers import Ask, Due, Handler, Work
from songhe.base.subjects import tables
from songhe.base.vault import subject_keys

BATCH = 5000
_CHOOSE = """
SELECT t.ctid FROM {table} t WHERE ({due}) AND (({of}) IS NOT TRUE) LIMIT %(batch)s FOR UPDATE
"""
_COUNT = "SELECT count(*) FROM {table} t WHERE ({due}) AND (({of}) IS NOT TRUE)"
_OLDEST = """
SELECT min({age}) FROM {table} t WHERE ({age}) < %(at)s AND ({only}) AND (({of}) IS NOT TRUE)
"""


def _of(step: Step, ask: Ask) -> str:
    """Return the condition that a row is of somebody held."""
    if not ask.held.ids:
        return "false"
    if step.of:
        return step.of
    ways = [one.where for one in tables.all_tables() if one.table == step.table]
    return " OR ".join(f"({where})" for where in ways) or "false"


def _given(ask: Ask) -> dict[str, Any]:
    ids = list(ask.held.ids)
    more = {"before": ask.before, "at": ask.at, "batch": BATCH, "ids": ids}
    return ask.held.sets | more | {"texts": [str(pk) for pk in ids]}


def _filled(text: str, step: Step, ask: Ask) -> sql.Composed:
    return sql.SQL(text).format(
        table=sql.Identifier(step.table),
        due=sql.SQL(step.due),
        of=sql.SQL(_of(step, ask)),
        age=sql.SQL(step.age or "NULL"),
        only=sql.SQL(step.only),
    )


def find(ask: Ask) -> Due:
    """Count what is due in all steps; the oldest is that of the first step that has an age."""
    count, oldest = 0, None
    with connection.cursor() as cursor:
        for step in ask.data_class.steps:
            cursor.execute(_filled(_COUNT, step, ask), _given(ask))
            count += cursor.fetchall()[0][0]
        aged = next((step for step in ask.data_class.steps if step.age), None)
        if aged is not None:
            cursor.execute(_filled(_OLDEST, aged, ask), _given(ask))
            oldest = cursor.fetchall()[0][0]
    return Due(count, oldest)


def destroy(ask: Ask, work: Work) -> None:
    """Destroy what is due, step after step, until nothing of a step is left or work stops."""
    for step in ask.data_class.steps:
        while _piece(step, ask, work):
            if not work.goes_on():
                return


@transaction.atomic
def _piece(step: Step, ask: Ask, work: Work) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_statement(step, ask), _given(ask))
        ids = [pk for (pk,) in cursor.fetchall()]
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a reference left over is seen here
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    if step.table in noted.tables():
        history.forget_rows(step.table, ids)
    if step.is_holder:
        _forget_holders(ids, ask)
    if ids:
        work.count(len(ids))
    return len(ids)


def _statement(step: Step, ask: Ask) -> sql.Composed:
    chosen = _filled(_CHOOSE, step, ask)
    table = sql.Identifier(step.table)
    back = sql.SQL("id" if step.is_holder or step.table in noted.tables() else "1")
    if step.do == "delete":
        return sql.SQL(
            "DELETE FROM {table} WHERE ctid = ANY(ARRAY({chosen})) RETURNING {back}"
        ).format(table=table, chosen=chosen, back=back)
    values = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(column), sql.SQL(value))
        for column, value in step.clear.items()
    )
    return sql.SQL(
        "UPDATE {table} SET {values} WHERE ctid = ANY(ARRAY({chosen})) RETURNING {back}"
    ).format(table=table, values=values, chosen=chosen, back=back)


def _forget_holders(ids: list[UUID], ask: Ask) -> None:
    """Destroy the keys under which the history of these is sealed."""
    if ids:
        subject_keys.destroy(ids, at=ask.at)
        history.forget(ids)


HANDLER = Handler("rows", find, destroy)
