"""Roll-ups: hours of a UTC day and days of a month of one subject, hours and days of a region.

Hours are kept only where a day has so many readings of a code that they are much fewer.
Arrays run over the hours (days) that have values, each once, ascending; edges holds the lowest of
all, then the highest of all, the first of all, the last of all. Days are local days.
"""

from django.db import migrations

SQL = """
CREATE TABLE reading_hour (
  subject uuid NOT NULL,
  day date NOT NULL,
  code smallint NOT NULL,
  hours smallint[] NOT NULL,
  counts integer[] NOT NULL,
  sums double precision[] NOT NULL,
  edges double precision[] NOT NULL,
  PRIMARY KEY (subject, code, day),
  CONSTRAINT hours_fit CHECK (cardinality(edges) = 4 * cardinality(hours))
) PARTITION BY RANGE (day);

CREATE TABLE reading_month (
  subject uuid NOT NULL,
  month date NOT NULL,
  code smallint NOT NULL,
  days smallint[] NOT NULL,
  counts integer[] NOT NULL,
  sums double precision[] NOT NULL,
  edges double precision[] NOT NULL,
  PRIMARY KEY (subject, code, month),
  CONSTRAINT days_fit CHECK (cardinality(edges) = 4 * cardinality(days))
);

CREATE TABLE region_hour (
  region_code text NOT NULL,
  code smallint NOT NULL,
  began_at timestamptz NOT NULL,
  persons integer NOT NULL,
  n bigint NOT NULL,
  total double precision NOT NULL,
  low double precision NOT NULL,
  high double precision NOT NULL,
  PRIMARY KEY (region_code, code, began_at)
);
CREATE INDEX region_hour_time ON region_hour USING brin (began_at);

CREATE TABLE region_due (
  day date PRIMARY KEY
);

CREATE TABLE region_mark (
  one boolean PRIMARY KEY CHECK (one),
  seen_until timestamptz NOT NULL
);

CREATE TABLE region_day (
  region_code text NOT NULL,
  code smallint NOT NULL,
  day date NOT NULL,
  persons integer NOT NULL,
  n bigint NOT NULL,
  total double precision NOT NULL,
  low double precision NOT NULL,
  high double precision NOT NULL,
  PRIMARY KEY (region_code, code, day)
);

CREATE OR REPLACE FUNCTION ensure_sealed_month(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  month date := date_trunc('month', day)::date;
  suffix text := to_char(month, 'YYYYMM');
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['reading_day', 'reading_hour'] LOOP
    IF to_regclass(name || '_' || suffix) IS NULL THEN
      PERFORM pg_advisory_xact_lock(hashtext('ensure_sealed_month'));
      EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                     name || '_' || suffix, name, month, (month + interval '1 month')::date);
    END IF;
  END LOOP;
END $$;

CREATE FUNCTION hours_of(subjects uuid[], codes smallint[], since date, until date)
RETURNS TABLE (subject uuid, code smallint, began_at timestamptz, n integer,
               total double precision, low double precision, high double precision,
               first double precision, last double precision)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT h.subject, h.code,
       h.day::timestamp AT TIME ZONE 'UTC' + u.hour * interval '1 hour',
       u.n, u.total, u.low, u.high, u.first, u.last
  FROM (
    SELECT r.subject, r.code, r.day, r.hours, r.counts, r.sums, r.edges[:] AS e,
           cardinality(r.hours) AS k
      FROM reading_hour r
     WHERE (hours_of.subjects IS NULL OR r.subject = ANY(hours_of.subjects))
       AND (hours_of.codes IS NULL OR r.code = ANY(hours_of.codes))
       AND r.day >= hours_of.since AND r.day <= hours_of.until
    OFFSET 0
  ) h
  CROSS JOIN LATERAL unnest(h.hours, h.counts, h.sums, h.e[1:h.k], h.e[h.k + 1:2 * h.k],
                            h.e[2 * h.k + 1:3 * h.k], h.e[3 * h.k + 1:])
    AS u(hour, n, total, low, high, first, last)
$$;

CREATE FUNCTION days_of(subjects uuid[], codes smallint[], since date, until date)
RETURNS TABLE (subject uuid, code smallint, day date, n integer,
               total double precision, low double precision, high double precision,
               first double precision, last double precision)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT h.subject, h.code, h.month + (u.day - 1), u.n, u.total, u.low, u.high, u.first, u.last
  FROM (
    SELECT r.subject, r.code, r.month, r.days, r.counts, r.sums, r.edges[:] AS e,
           cardinality(r.days) AS k
      FROM reading_month r
     WHERE r.subject = ANY(days_of.subjects)
       AND r.code = ANY(days_of.codes)
       AND r.month >= date_trunc('month', days_of.since::timestamp)::date
       AND r.month <= days_of.until
    OFFSET 0
  ) h
  CROSS JOIN LATERAL unnest(h.days, h.counts, h.sums, h.e[1:h.k], h.e[h.k + 1:2 * h.k],
                            h.e[2 * h.k + 1:3 * h.k], h.e[3 * h.k + 1:])
    AS u(day, n, total, low, high, first, last)
 WHERE h.month + (u.day - 1) >= days_of.since AND h.month + (u.day - 1) <= days_of.until
$$;
"""
REVERSE = """
DROP FUNCTION days_of(uuid[], smallint[], date, date);
DROP FUNCTION hours_of(uuid[], smallint[], date, date);
DROP TABLE region_due, region_mark, region_day, region_hour, reading_month, reading_hour;
"""


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0005_old_days")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
