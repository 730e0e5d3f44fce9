"""Old days: readings of closed days as arrays, and functions that read hot and sealed as one.

A row of `reading_day` holds one day's messages of one subject from one device with one combination
of codes (its shape). Arrays run over the n messages; values are column-major: all of the first
code, then all of the second. Of each pair of narrow and wide arrays exactly one is filled.
"""

from django.db import migrations

TABLES = """
CREATE TABLE reading_shape (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  fingerprint bigint NOT NULL,
  codes smallint[] NOT NULL,
  decimals smallint[] NOT NULL,
  CONSTRAINT shape_fits CHECK (cardinality(codes) = cardinality(decimals)),
  CONSTRAINT shape_once UNIQUE (codes, decimals, fingerprint)
);

CREATE TABLE reading_day (
  subject uuid NOT NULL,
  device uuid NOT NULL,
  person uuid,
  day date NOT NULL,
  shape integer NOT NULL,
  n integer NOT NULL CHECK (n > 0),
  flags integer NOT NULL,
  lag_s integer NOT NULL,
  subject_kind smallint NOT NULL,
  is_own boolean NOT NULL,
  offsets_ms integer[],
  offsets_us bigint[],
  vals16 smallint[],
  vals32 integer[],
  vals64 double precision[],
  lags16 smallint[],
  lags32 integer[],
  flags_each integer[],
  CONSTRAINT one_kind_of_offset CHECK (num_nonnulls(offsets_ms, offsets_us) = 1),
  CONSTRAINT one_kind_of_value CHECK (num_nonnulls(vals16, vals32, vals64) = 1)
) PARTITION BY RANGE (day);
CREATE INDEX reading_day_subject ON reading_day (subject, day);

CREATE TABLE sealed_day (
  day date PRIMARY KEY,
  messages bigint NOT NULL,
  readings bigint NOT NULL,
  bytes bigint NOT NULL,
  first_sealed_at timestamptz NOT NULL,
  sealed_at timestamptz NOT NULL,
  times integer NOT NULL DEFAULT 1
);

CREATE FUNCTION ensure_sealed_month(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  month date := date_trunc('month', day)::date;
  part text := 'reading_day_' || to_char(month, 'YYYYMM');
BEGIN
  IF to_regclass(part) IS NULL THEN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_sealed_month'));
    EXECUTE format(
      'CREATE TABLE IF NOT EXISTS %I PARTITION OF reading_day FOR VALUES FROM (%L) TO (%L)',
      part, month, (month + interval '1 month')::date);
  END IF;
END $$;
"""

# The functions have one SELECT each, so that the planner sees through them.
READING = """
CREATE FUNCTION sealed_readings(subjects uuid[], codes smallint[], since timestamptz,
                                until timestamptz)
RETURNS TABLE (subject_kind smallint, subject uuid, device uuid, effective_at timestamptz,
               fingerprint bigint, received_at timestamptz, codes_of smallint[],
               vals double precision[], flags integer, person uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT d.subject_kind, d.subject, d.device, t.effective_at, d.fingerprint,
       t.effective_at + coalesce(o.lag16, o.lag32, d.lag_s) * interval '1 second',
       d.shape_codes, v.vals, coalesce(o.flags, d.flags),
       CASE WHEN d.is_own THEN d.subject ELSE d.person END
  FROM (
    SELECT r.subject_kind, r.subject, r.device, r.person, r.is_own, r.n, r.flags, r.lag_s,
           r.offsets_ms, r.offsets_us, r.lags16, r.lags32, r.flags_each,
           r.vals16[:] AS vals16, r.vals32[:] AS vals32, r.vals64[:] AS vals64,
           r.day::timestamp AT TIME ZONE 'UTC' AS midnight,
           s.fingerprint, s.codes AS shape_codes, s.decimals
      FROM reading_day r JOIN reading_shape s ON s.id = r.shape
     WHERE (sealed_readings.subjects IS NULL OR r.subject = ANY(sealed_readings.subjects))
       AND r.day >= (sealed_readings.since AT TIME ZONE 'UTC')::date
       AND r.day <= (sealed_readings.until AT TIME ZONE 'UTC')::date
       AND (sealed_readings.codes IS NULL OR s.codes && sealed_readings.codes)
    OFFSET 0
  ) d
  CROSS JOIN LATERAL unnest(d.offsets_ms, d.offsets_us, d.lags16, d.lags32, d.flags_each)
    WITH ORDINALITY AS o(ms, us, lag16, lag32, flags, i)
  CROSS JOIN LATERAL (
    SELECT d.midnight + coalesce(o.us, o.ms::bigint * 1000) * interval '1 microsecond'
           AS effective_at
  ) t
  CROSS JOIN LATERAL (
    SELECT array_agg(coalesce(d.vals64[(c.j - 1) * d.n + o.i],
                              coalesce(d.vals16[(c.j - 1) * d.n + o.i]::integer,
                                       d.vals32[(c.j - 1) * d.n + o.i])
                              / (ARRAY[1,10,100,1000,10000,100000,1000000,10000000]
                                 ::double precision[])[c.decimals + 1])
                     ORDER BY c.j) AS vals
      FROM unnest(d.decimals) WITH ORDINALITY AS c(decimals, j)
  ) v
 WHERE t.effective_at >= sealed_readings.since AND t.effective_at < sealed_readings.until
$$;

CREATE FUNCTION readings(subjects uuid[], codes smallint[], since timestamptz, until timestamptz)
RETURNS TABLE (subject_kind smallint, subject uuid, device uuid, effective_at timestamptz,
               fingerprint bigint, received_at timestamptz, codes_of smallint[],
               vals double precision[], flags integer, person uuid)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT h.subject_kind, h.subject, h.device, h.effective_at, h.fingerprint, h.received_at,
       h.codes, h.vals, h.flags, h.person
  FROM reading_hot h
 WHERE (readings.subjects IS NULL OR h.subject = ANY(readings.subjects))
   AND h.effective_at >= readings.since AND h.effective_at < readings.until
   AND (readings.codes IS NULL OR h.codes && readings.codes)
UNION ALL
SELECT s.subject_kind, s.subject, s.device, s.effective_at, s.fingerprint, s.received_at,
       s.codes_of, s.vals, s.flags, s.person
  FROM sealed_readings(readings.subjects, readings.codes, readings.since, readings.until) s
 WHERE NOT EXISTS (
   SELECT 1 FROM reading_hot h
    WHERE h.subject = s.subject AND h.device = s.device AND h.effective_at = s.effective_at
      AND h.fingerprint = s.fingerprint)
$$;

CREATE FUNCTION reading_values(subjects uuid[], codes smallint[], since timestamptz,
                               until timestamptz, only_days date[] DEFAULT NULL)
RETURNS TABLE (subject uuid, device uuid, effective_at timestamptz, fingerprint bigint,
               flags integer, code smallint, val double precision)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT h.subject, h.device, h.effective_at, h.fingerprint, h.flags, u.code, u.val
  FROM reading_hot h CROSS JOIN LATERAL unnest(h.codes, h.vals) AS u(code, val)
 WHERE (reading_values.subjects IS NULL OR h.subject = ANY(reading_values.subjects))
   AND h.effective_at >= reading_values.since
   AND h.effective_at < reading_values.until AND h.codes && reading_values.codes
   AND u.code = ANY(reading_values.codes)
   AND (reading_values.only_days IS NULL
        OR (h.effective_at AT TIME ZONE 'UTC')::date = ANY(reading_values.only_days))
UNION ALL
SELECT d.subject, d.device, t.effective_at, d.fingerprint, coalesce(o.flags, d.flags), d.code,
       coalesce(o.v64, coalesce(o.v16::integer, o.v32) / d.scale)
  FROM (
    SELECT r.subject, r.device, r.flags, r.offsets_ms, r.offsets_us, r.flags_each,
           r.vals16[(c.j - 1) * r.n + 1 : c.j * r.n] AS vals16,
           r.vals32[(c.j - 1) * r.n + 1 : c.j * r.n] AS vals32,
           r.vals64[(c.j - 1) * r.n + 1 : c.j * r.n] AS vals64,
           r.day::timestamp AT TIME ZONE 'UTC' AS midnight, s.fingerprint, c.code,
           (ARRAY[1,10,100,1000,10000,100000,1000000,10000000]
            ::double precision[])[c.decimals + 1] AS scale,
           EXISTS (
             SELECT 1 FROM reading_hot h
              WHERE h.subject = r.subject AND h.device = r.device
                AND h.fingerprint = s.fingerprint
                AND h.effective_at >= r.day::timestamp AT TIME ZONE 'UTC'
                AND h.effective_at < (r.day + 1)::timestamp AT TIME ZONE 'UTC'
           ) AS is_late
      FROM reading_day r
      JOIN reading_shape s ON s.id = r.shape
      CROSS JOIN LATERAL unnest(s.codes, s.decimals) WITH ORDINALITY AS c(code, decimals, j)
     WHERE (reading_values.subjects IS NULL OR r.subject = ANY(reading_values.subjects))
       AND (reading_values.only_days IS NULL OR r.day = ANY(reading_values.only_days))
       AND r.day >= (reading_values.since AT TIME ZONE 'UTC')::date
       AND r.day <= (reading_values.until AT TIME ZONE 'UTC')::date
       AND s.codes && reading_values.codes AND c.code = ANY(reading_values.codes)
    OFFSET 0
  ) d
  CROSS JOIN LATERAL unnest(d.offsets_ms, d.offsets_us, d.flags_each, d.vals16, d.vals32, d.vals64)
    AS o(ms, us, flags, v16, v32, v64)
  CROSS JOIN LATERAL (
    SELECT d.midnight + coalesce(o.us, o.ms::bigint * 1000) * interval '1 microsecond'
           AS effective_at
  ) t
 WHERE t.effective_at >= reading_values.since AND t.effective_at < reading_values.until
   AND CASE WHEN d.is_late THEN NOT EXISTS (
     SELECT 1 FROM reading_hot h
      WHERE h.subject = d.subject AND h.device = d.device AND h.effective_at = t.effective_at
        AND h.fingerprint = d.fingerprint) ELSE true END
$$;
"""

REVERSE = """
DROP FUNCTION reading_values(uuid[], smallint[], timestamptz, timestamptz, date[]);
DROP FUNCTION readings(uuid[], smallint[], timestamptz, timestamptz);
DROP FUNCTION sealed_readings(uuid[], smallint[], timestamptz, timestamptz);
DROP FUNCTION ensure_sealed_month(date);
DROP TABLE sealed_day, reading_day, reading_shape;
"""


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0004_waveform_leads")]
    operations = [migrations.RunSQL(TABLES + READING, REVERSE)]
