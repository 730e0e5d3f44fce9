"""The readings' tables: partitioned by UTC day, clean of triggers and foreign keys."""

from django.db import migrations

SQL = """
CREATE TABLE reading_hot (
  subject_kind smallint NOT NULL,
  subject uuid NOT NULL,
  device uuid NOT NULL,
  effective_at timestamptz NOT NULL,
  fingerprint bigint NOT NULL,
  received_at timestamptz NOT NULL,
  codes smallint[] NOT NULL,
  vals double precision[] NOT NULL,
  flags integer NOT NULL DEFAULT 0,
  person uuid,
  CONSTRAINT reading_once UNIQUE (subject, device, effective_at, fingerprint),
  CONSTRAINT reading_values_fit CHECK (cardinality(codes) = cardinality(vals))
) PARTITION BY RANGE (effective_at);
CREATE INDEX reading_subject_time ON reading_hot (subject, effective_at);

CREATE FUNCTION ensure_reading_day(day date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  part text := 'reading_hot_' || to_char(day, 'YYYYMMDD');
BEGIN
  IF to_regclass(part) IS NULL THEN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_reading_day'));
    EXECUTE format(
      'CREATE TABLE IF NOT EXISTS %I PARTITION OF reading_hot FOR VALUES FROM (%L) TO (%L)',
      part, day::text || ' 00:00:00+00', (day + 1)::text || ' 00:00:00+00');
  END IF;
  RETURN part;
END $$;

CREATE TABLE latest (
  subject uuid PRIMARY KEY,
  subject_kind smallint NOT NULL,
  codes smallint[] NOT NULL,
  times timestamptz[] NOT NULL,
  vals double precision[] NOT NULL,
  devices uuid[] NOT NULL,
  updated_at timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE waveform (
  subject uuid NOT NULL,
  subject_kind smallint NOT NULL,
  device uuid NOT NULL,
  code smallint NOT NULL,
  started_at timestamptz NOT NULL,
  seq integer NOT NULL,
  rate_hz double precision NOT NULL,
  samples bytea NOT NULL,
  person uuid,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (subject, device, code, started_at)
);
"""
REVERSE = """
DROP TABLE waveform;
DROP TABLE latest;
DROP TABLE reading_hot;
DROP FUNCTION ensure_reading_day(date);
"""


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0001_initial")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
