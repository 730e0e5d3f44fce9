"""Frames of arrays keep their rows and columns: 64 values are not always 8 by 8.

Of what was stored before only the product is known: squares, and the sides of the arrays that are
sold (32 by 24, 16 by 12, 16 by 8, 8 by 4), as they were drawn until now.
"""

from django.db import migrations

SQL = """
ALTER TABLE waveform
  ALTER COLUMN frame DROP DEFAULT,
  ALTER COLUMN frame TYPE smallint[] USING CASE
    WHEN round(sqrt(frame)) ^ 2 = frame THEN ARRAY[round(sqrt(frame)), round(sqrt(frame))]
    WHEN frame = 768 THEN ARRAY[24, 32]
    WHEN frame = 192 THEN ARRAY[12, 16]
    WHEN frame = 128 THEN ARRAY[8, 16]
    WHEN frame = 32 THEN ARRAY[4, 8]
    ELSE ARRAY[1, frame] END::smallint[],
  ALTER COLUMN frame SET DEFAULT '{1,1}',
  ADD CONSTRAINT frame_has_sides
    CHECK (cardinality(frame) = 2 AND frame[1] >= 1 AND frame[2] >= 1);
"""
REVERSE = """
ALTER TABLE waveform
  DROP CONSTRAINT frame_has_sides,
  ALTER COLUMN frame DROP DEFAULT,
  ALTER COLUMN frame TYPE smallint USING frame[1] * frame[2],
  ALTER COLUMN frame SET DEFAULT 1;
"""


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0008_sightings")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
