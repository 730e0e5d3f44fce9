"""The engine that Django loads by the name of this package.

Two things are other than in Django's own: how the pool looks at a connection, and a cursor for the
few statements that everything asks.
"""

from __future__ import annotations

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base, operations


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

    def get_connection_params(self) -> dict[str, Any]:
        """Return Django's parameters, with prepared statements for the cursors that want them.

        Those of Django put values into the statement themselves and prepare nothing.
        """
        return super().get_connection_params() | {"prepare_threshold": 0}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        while True:
            connection = super().get_new_connection(conn_params)
            pool = self.pool  # type: ignore[attr-defined]  # the stubs know no pool
            if pool is None or is_open(connection):
                return connection
            connection.close()  # the pool replaces what comes back closed
            pool.putconn(connection)

    def prepared_cursor(self) -> Any:
        """Return a cursor whose statements the server plans once a connection, not every time.

        For a statement of every page, whose plan hangs on no value (half of the database's time
        for it was planning). Others are planned with their values: a search is faster so.
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
