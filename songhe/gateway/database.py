"""Connections to PostgreSQL: opened when needed, dropped when broken, told apart by errors."""

from __future__ import annotations

import psycopg
from psycopg import errors

Connection = psycopg.AsyncConnection[tuple[object, ...]]

# Errors that a later try may not meet again, whatever the rows were.
_PASSING = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.ProgrammingError,
    psycopg.InternalError,
    OSError,
)


def is_passing(error: BaseException) -> bool:
    """Tell an outage (the database away, restarting, full, not migrated) from bad rows."""
    return isinstance(error, _PASSING)


def is_missing_partition(error: BaseException) -> bool:
    """Tell whether rows found no partition: it was dropped since it was made."""
    return isinstance(error, errors.CheckViolation) and "no partition" in str(error)


async def connect(url: str, name: str, *, autocommit: bool = False) -> Connection:
    """Return a new connection; name is what pg_stat_activity shows."""
    return await psycopg.AsyncConnection.connect(
        url,
        autocommit=autocommit,
        application_name=f"songhe gateway {name}",
        connect_timeout=5,
        keepalives_idle=30,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=45_000,
        options="-c timezone=UTC -c statement_timeout=60000",
    )
