"""One day's readings of some subjects from rows to arrays, with their roll-ups, in one transaction.

The statements work on temporary tables of the connection; every function here is called inside the
transaction of `sealing`, which holds the day's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg import sql

from songhe.kernel import codes

_TABLES = """
CREATE TEMP TABLE IF NOT EXISTS sealing_now (
  subject_kind smallint, subject uuid, device uuid, effective_at timestamptz, fingerprint bigint,
  received_at timestamptz, codes smallint[], vals float8[], flags int, person uuid
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS sealing_message (
  grp int, us bigint, lag int, flags int, subject_kind smallint, subject uuid, device uuid,
  person uuid, fingerprint bigint, codes smallint[], vals float8[]
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS sealing_value (
  grp int, j smallint, code smallint, us bigint, subject uuid, device uuid, fingerprint bigint,
  val float8
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS sealing_group (
  grp int, fits smallint, decimals smallint[]
) ON COMMIT DELETE ROWS;
TRUNCATE sealing_now, sealing_message, sealing_value, sealing_group;
"""
_COLUMNS = (
    "subject_kind, subject, device, effective_at, fingerprint, received_at, codes, vals, flags,"
    " person"
)
_OLD = f"""
INSERT INTO sealing_now ({_COLUMNS}) SELECT * FROM sealed_readings(%s, NULL, %s, %s)
"""  # noqa: S608 (constants only)
_FORGET = "DELETE FROM reading_day WHERE day = %s AND subject = ANY(%s)"
# A reading that is sealed already came again: the first one stays, as everywhere.
_MOVE = f"""
WITH gone AS (DELETE FROM {{leaf}} WHERE subject = ANY(%s) RETURNING {_COLUMNS})
INSERT INTO sealing_now ({_COLUMNS})
SELECT {_COLUMNS} FROM gone g
 WHERE NOT EXISTS (
   SELECT 1 FROM sealing_now o
    WHERE o.subject = g.subject AND o.device = g.device AND o.effective_at = g.effective_at
      AND o.fingerprint = g.fingerprint)
"""  # noqa: S608 (constants only)
_DROP = """
DELETE FROM sealing_now
 WHERE subject = %s AND device = %s AND effective_at = %s AND fingerprint = %s
"""
_MESSAGES = """
INSERT INTO sealing_message
SELECT dense_rank() OVER (ORDER BY subject, device, subject_kind, person, fingerprint, codes),
       round(date_part('epoch', effective_at - %s) * 1e6)::bigint,
       round(date_part('epoch', received_at - effective_at))::int,
       flags, subject_kind, subject, device, person, fingerprint, codes, vals
  FROM sealing_now;
ANALYZE sealing_message;
INSERT INTO sealing_value
SELECT m.grp, u.j, u.code, m.us, m.subject, m.device, m.fingerprint, u.val
  FROM sealing_message m CROSS JOIN LATERAL unnest(m.codes, m.vals)
       WITH ORDINALITY AS u(code, val, j);
ANALYZE sealing_value
"""
_SCALES = "(ARRAY[1,10,100,1000,10000,100000,1000000,10000000]::float8[])"
# How many decimals hold every value of a code exactly (99: none do), and into which integer the
# scaled values of the whole group fit: 16 or 32 bits, or 64: they stay floating point.
_GROUPS = f"""
INSERT INTO sealing_group
SELECT grp, fits,
       CASE WHEN fits = 64 THEN array_agg(0::smallint) ELSE array_agg(d::smallint ORDER BY j) END
  FROM (
    SELECT grp, j, d, max(CASE WHEN d > 7 THEN 64
                               WHEN top * {_SCALES}[d + 1] <= 32767 THEN 16
                               WHEN top * {_SCALES}[d + 1] <= 2147483647 THEN 32
                               ELSE 64 END) OVER (PARTITION BY grp) AS fits
      FROM (
        SELECT v.grp, v.j, max(abs(v.val)) AS top,
               greatest(coalesce(max(k.decimals), 0), max(
                 CASE WHEN round(v.val) = v.val THEN 0
                      WHEN round(v.val * 1e1) / 1e1 = v.val THEN 1
                      WHEN round(v.val * 1e2) / 1e2 = v.val THEN 2
                      WHEN round(v.val * 1e3) / 1e3 = v.val THEN 3
                      WHEN round(v.val * 1e4) / 1e4 = v.val THEN 4
                      WHEN round(v.val * 1e5) / 1e5 = v.val THEN 5
                      WHEN round(v.val * 1e6) / 1e6 = v.val THEN 6
                      WHEN round(v.val * 1e7) / 1e7 = v.val THEN 7
                      ELSE 99 END)) AS d
          FROM sealing_value v
          LEFT JOIN unnest(%s::smallint[], %s::smallint[]) AS k(code, decimals) USING (code)
         GROUP BY v.grp, v.j
      ) per_code
  ) per_group
 GROUP BY grp, fits;
ANALYZE sealing_group
"""  # noqa: S608 (constants only)
_SHAPES = """
INSERT INTO reading_shape (fingerprint, codes, decimals)
SELECT DISTINCT m.fingerprint, m.codes, g.decimals
  FROM sealing_message m JOIN sealing_group g USING (grp)
 WHERE NOT EXISTS (
   SELECT 1 FROM reading_shape s
    WHERE s.codes = m.codes AND s.decimals = g.decimals AND s.fingerprint = m.fingerprint)
ON CONFLICT DO NOTHING
"""
_SEAL = f"""
WITH m AS (
  SELECT grp, min(fingerprint) AS fingerprint, min(codes) AS codes, count(*)::int AS n,
         (array_agg(subject))[1] AS subject, (array_agg(device))[1] AS device,
         (array_agg(person))[1] AS person, min(subject_kind) AS subject_kind,
         bool_and(us %% 1000 = 0) AS by_ms, array_agg(us ORDER BY us) AS us,
         min(flags) AS flags, max(flags) AS flags_max,
         array_agg(flags ORDER BY us) AS flags_each,
         min(lag) AS lag, max(lag) AS lag_max, array_agg(lag ORDER BY us) AS lags
    FROM sealing_message GROUP BY grp
), v AS (
  SELECT v.grp,
    array_agg(round(v.val * {_SCALES}[g.decimals[v.j] + 1])::smallint ORDER BY v.j, v.us)
      FILTER (WHERE g.fits = 16) AS vals16,
    array_agg(round(v.val * {_SCALES}[g.decimals[v.j] + 1])::int ORDER BY v.j, v.us)
      FILTER (WHERE g.fits = 32) AS vals32,
    array_agg(v.val ORDER BY v.j, v.us) FILTER (WHERE g.fits = 64) AS vals64
  FROM sealing_value v JOIN sealing_group g USING (grp)
 GROUP BY v.grp
)
INSERT INTO reading_day (subject, device, person, day, shape, n, flags, lag_s, subject_kind,
  is_own, offsets_ms, offsets_us, vals16, vals32, vals64, lags16, lags32, flags_each)
SELECT m.subject, m.device, CASE WHEN m.person = m.subject THEN NULL ELSE m.person END, %s, s.id,
       m.n, m.flags, m.lag, m.subject_kind, coalesce(m.person = m.subject, false),
       CASE WHEN by_ms THEN (SELECT array_agg((x / 1000)::int ORDER BY i)
                               FROM unnest(m.us) WITH ORDINALITY AS u(x, i)) END,
       CASE WHEN NOT by_ms THEN m.us END,
       v.vals16, v.vals32, v.vals64,
       CASE WHEN m.lag <> m.lag_max AND m.lag >= -32768 AND m.lag_max <= 32767
            THEN m.lags::smallint[] END,
       CASE WHEN m.lag <> m.lag_max AND (m.lag < -32768 OR m.lag_max > 32767) THEN m.lags END,
       CASE WHEN m.flags <> m.flags_max THEN m.flags_each END
  FROM m JOIN v USING (grp) JOIN sealing_group g USING (grp)
  JOIN reading_shape s ON s.codes = m.codes AND s.decimals = g.decimals
                      AND s.fingerprint = m.fingerprint
 ORDER BY m.subject, m.device
"""  # noqa: S608 (constants only)
_HASH = """
SELECT count(*), coalesce(sum(cardinality(c)), 0),
       coalesce(sum(hash_record_extended(
         ROW(subject_kind, subject, device, effective_at, fingerprint, c, vals, flags, person), 0
       )::numeric), 0)
  FROM {rows}
"""
_NOW = sql.SQL("(SELECT n.*, n.codes AS c FROM sealing_now n) AS r")
_STORED = sql.SQL("(SELECT s.*, s.codes_of AS c FROM sealed_readings(%s, NULL, %s, %s) s) AS r")
_BYTES = """
SELECT coalesce(sum(pg_column_size(r.*) + 4), 0) FROM reading_day r
 WHERE r.day = %s AND r.subject = ANY(%s)
"""


class SealBroken(RuntimeError):
    """What was packed is not what was read: the transaction is given up, nothing has changed."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many messages and values (readings) stand sealed, and in how many bytes of rows."""

    messages: int = 0
    readings: int = 0
    bytes: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.messages + other.messages,
            self.readings + other.readings,
            self.bytes + other.bytes,
        )

    def __sub__(self, other: Tally) -> Tally:
        return self + Tally(-other.messages, -other.readings, -other.bytes)


def midnight(day: date) -> datetime:
    """Return the beginning of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


Key = tuple[UUID, UUID, datetime, int]


def repack(
    day: date, subjects: Sequence[UUID], *, leaf: str | None, without: Key | None = None
) -> Tally:
    """Write a day's readings of some subjects as arrays; return what that adds to the day.

    Sealed readings of these subjects and, where a leaf of reading_hot is named, what stands there
    become one, each reading once; `without` is the key of one that goes. What was written is
    decoded again and compared by count and checksum. Raises SealBroken.
    """
    start, end = midnight(day), midnight(day) + timedelta(days=1)
    wanted = list(subjects)
    with connection.cursor() as cursor:
        cursor.execute("SELECT ensure_sealed_month(%s)", [day])
        cursor.execute(_TABLES)
        before = _tally(cursor, day, wanted)
        if before.bytes:
            cursor.execute(_OLD, [wanted, start, end])
            cursor.execute("ANALYZE sealing_now")
            cursor.execute(_FORGET, [day, wanted])
            messages, readings, _sum = _checked(cursor, _NOW, [])
            before = Tally(messages, readings, before.bytes)
        if leaf is not None:
            cursor.execute(sql.SQL(_MOVE).format(leaf=sql.Identifier(leaf)), [wanted])
        if without is not None:
            cursor.execute(_DROP, list(without))
        cursor.execute(_MESSAGES, [start])
        known = codes.all_codes()
        cursor.execute(
            _GROUPS, [[code.number for code in known], [code.decimals for code in known]]
        )
        cursor.execute(_SHAPES)
        cursor.execute(_SEAL, [day])
        read = _checked(cursor, _NOW, [])
        written = _checked(cursor, _STORED, [wanted, start, end])
        if read != written:
            raise SealBroken(f"{day}: read {read[0]} messages, wrote {written[0]}")
        return Tally(read[0], read[1], _tally(cursor, day, wanted).bytes) - before


def _tally(cursor: Any, day: date, subjects: list[UUID]) -> Tally:
    cursor.execute(_BYTES, [day, subjects])
    return Tally(bytes=int(cursor.fetchone()[0]))


def _checked(cursor: Any, rows: sql.Composable, given: list[object]) -> tuple[int, int, int]:
    cursor.execute(sql.SQL(_HASH).format(rows=rows), given)
    messages, readings, total = cursor.fetchone()
    return messages, int(readings), int(total)
