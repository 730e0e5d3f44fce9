"""Waveforms of several leads, of frames, with the quality that the device states."""

from django.db import migrations

SQL = """
ALTER TABLE waveform
  ADD COLUMN lead text NOT NULL DEFAULT '',
  ADD COLUMN recording text NOT NULL DEFAULT '',
  ADD COLUMN quality real,
  ADD COLUMN frame smallint NOT NULL DEFAULT 1,
  DROP CONSTRAINT waveform_pkey,
  ADD PRIMARY KEY (subject, device, code, lead, started_at);
"""
REVERSE = """
ALTER TABLE waveform
  DROP CONSTRAINT waveform_pkey,
  ADD PRIMARY KEY (subject, device, code, started_at),
  DROP COLUMN frame, DROP COLUMN quality, DROP COLUMN recording, DROP COLUMN lead;
"""


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0003_voided_and_handled")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
