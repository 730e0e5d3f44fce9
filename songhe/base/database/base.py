"""The engine that Django loads by the name of this package.

Three things are other than in Django's own: how the pool looks at a connection, a cursor for the
few statements that everything asks, and that a connection says to the server for whom it works
(row-level security asks: docs/decisions/0019-a-second-wall.md).
"""

from __future__ import annotations

import select
from typing import Any
from uuid import UUID

import psycopg
from django.db.backends.postgresql import base, operations

from songhe.base.database.roles import APP

ACTOR = "songhe.actor"
# Of a statement that finds out who asks: the server's session works for this account from now on.
STANDS = f"set_config('{ACTOR}', %s, false)"


class DatabaseOperations(operations.DatabaseOperations):
    """Knows what a prepared statement was, for who counts or logs queries."""

    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> str:
        return super().last_executed_query(cursor, sql, params) or str(sql)


class DatabaseWrapper(base.DatabaseWrapper):
    """Hands out pooled connections that are alive, as far as our own end can tell.

    A server that stopped, was killed or ended a connection has closed its end of the socket, and
    that is seen here without the question and answer that the pool's own check costs every page
    (a tenth of the lightest one). CONN_HEALTH_CHECKS, which asks for that check, stays off.
    """

    ops_class = DatabaseOperations
    is_walled = False
    _is_known = False  # whether this request has said for whom the connection works

    def get_connection_params(self) -> dict[str, Any]:
        """Return Django's parameters, with prepared statements for the cursors that want them.

        Those of Django put values into the statement themselves and prepare nothing.
        """
        return super().get_connection_params() | {"prepare_threshold": 0}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        while True:
            connection = super().get_new_connection(conn_params)
            pool = self.pool  # type: ignore[attr-defined]  # the stubs know no pool
            self.handed_out()
            self.is_walled = APP in str(self.settings_dict["OPTIONS"].get("options", ""))
            if pool is None or is_open(connection):
                return connection
            connection.close()  # the pool replaces what comes back closed
            pool.putconn(connection)

    def create_cursor(self, name: str | None = None) -> Any:
        self._leave_nobody_behind()
        return super().create_cursor(name)

    def _set_autocommit(self, autocommit: bool) -> None:
        if not autocommit:  # before a transaction, whose end could undo it
            self._leave_nobody_behind()
        super()._set_autocommit(autocommit)  # type: ignore[misc]  # not in the stubs

    def wall(self, role: str | None) -> None:
        """Work as a role, None for the owner, whatever the connection began as (1 statement).

        Within a transaction that has failed nothing can be said; its end takes back what was.
        """
        self.ensure_connection()
        if self.connection.info.transaction_status != psycopg.pq.TransactionStatus.INERROR:
            self.connection.execute(f"SET ROLE {role or 'none'}")
        self.is_walled = role is not None

    def handed_out(self) -> None:
        """Take the connection as new for whoever asks next: nothing is known of its past."""
        self._is_known = False

    def _leave_nobody_behind(self) -> None:
        """Let the server forget for whom the connection worked before it was handed out."""
        if not self._is_known:
            self._is_known = True
            if getattr(self.connection, "stands", ""):
                self.stand_as(None)

    def stand_as(self, user: UUID | None) -> None:
        """Work for this account from now on, None for nobody (1 statement)."""
        self.ensure_connection()
        self.connection.execute(f"SELECT {STANDS}", [str(user or "")])
        self.stands(user)

    def stands(self, user: UUID | None) -> None:
        """Take note that a statement with STANDS has just said for whom the connection works."""
        self._is_known = True
        self.connection.stands = str(user or "")

    def prepared_cursor(self) -> Any:
        """Return a cursor whose statements the server plans once a connection, not every time.

        For a statement of every page, whose plan hangs on no value (half of the database's time
        for it was planning). Others are planned with their values: a search is faster so.
        It must say for whom the connection works, or ask nothing that hangs on it.
        """
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor = _Prepared(self.connection)
            return self._prepare_cursor(cursor)  # type: ignore[attr-defined]  # not in the stubs


class _Prepared(psycopg.Cursor[Any]):
    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, **(options | {"prepare": True}))


def is_open(connection: psycopg.Connection[Any]) -> bool:
    """Tell whether the server's end of an idle connection is open (no wait, no round trip).

    An idle connection has nothing to read, unless the server closed it or said something: then it
    is asked.
    """
    if connection.closed:
        return False
    look = select.poll()
    look.register(connection.fileno(), select.POLLIN)
    if not look.poll(0):
        return True
    try:
        connection.execute("")
    except psycopg.Error:
        return False
    return not connection.closed
