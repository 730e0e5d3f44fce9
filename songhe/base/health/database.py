"""What is asked of PostgreSQL for a sample: one connection of our own, nothing waits for long."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.db import connections

CONNECT_S, ASK_S = 3, 5
_SERVER = """
SELECT
  (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
  current_setting('max_connections')::int,
  pg_database_size(current_database()),
  pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8,
  (SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::float8
     FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()),
  pg_postmaster_start_time(), current_setting('server_version'), clock_timestamp()
"""
_JOBS = """
SELECT count(*) FILTER (WHERE ready), count(*) FILTER (WHERE status = 'doing'),
  count(*) FILTER (WHERE status = 'failed'),
  coalesce(extract(epoch FROM clock_timestamp() - min(since) FILTER (WHERE ready)), 0)::float8
FROM (
  SELECT status, status = 'todo' AND coalesce(scheduled_at, '-infinity') <= now() AS ready,
    coalesce(scheduled_at, (SELECT min(e.at) FROM procrastinate_events e
                             WHERE e.job_id = j.id AND e.type = 'deferred')) AS since
  FROM procrastinate_jobs j WHERE status IN ('todo', 'doing', 'failed')
) AS jobs
"""
_DISK = """
SELECT regr_slope((figures->>'disk_free_bytes')::float8, extract(epoch FROM at)::float8),
  extract(epoch FROM max(at) - min(at))::float8
FROM health_sample WHERE at > now() - interval '7 days'
"""
TREND_AFTER_S = 86_400.0


class Facts:
    """What the database said. `wal_bytes` counts up for ever; `disk_slope` is bytes a second."""

    def __init__(self, server: Any, jobs: Any, disk: Any, asked_at: datetime) -> None:
        self.connections, self.limit = int(server[0]), int(server[1])
        self.size_bytes, self.wal_bytes = float(server[2]), float(server[3])
        self.longest_transaction_s = max(0.0, float(server[4]))
        self.started_at: datetime = server[5]
        self.version: str = server[6]
        self.clock_apart_s = abs((server[7] - asked_at).total_seconds())
        self.jobs_waiting, self.jobs_doing, self.jobs_failed = (int(one) for one in jobs[:3])
        self.jobs_oldest_s = max(0.0, float(jobs[3]))
        enough = disk[1] is not None and disk[1] >= TREND_AFTER_S
        self.disk_slope: float | None = float(disk[0]) if enough and disk[0] is not None else None


def address() -> dict[str, Any]:
    """Return what psycopg needs to reach Django's database, outside of its pool."""
    params = connections["default"].get_connection_params()
    wanted = {k: params[k] for k in ("dbname", "user", "password", "host", "port") if k in params}
    return wanted | {"connect_timeout": CONNECT_S, "application_name": "songhe health"}


async def ask() -> Facts | None:
    """Return what the database says of itself; None when it does not answer in time."""
    try:
        async with asyncio.timeout(ASK_S):
            connection = await psycopg.AsyncConnection.connect(**address(), autocommit=True)
    except (psycopg.OperationalError, TimeoutError):
        return None
    try:
        async with asyncio.timeout(ASK_S):
            asked_at = datetime.now(UTC)
            rows = [await (await connection.execute(one)).fetchone()
                    for one in (_SERVER, _JOBS, _DISK)]  # fmt: skip
        return Facts(rows[0], rows[1], rows[2], asked_at)
    except (psycopg.OperationalError, TimeoutError):
        return None
    finally:
        # A server that stands still would let a polite close wait for ever.
        connection.pgconn.finish()
