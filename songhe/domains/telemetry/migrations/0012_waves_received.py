"""What signals came in since a moment is found without reading all: the gateway asks at its start."""

from django.db import migrations

SQL = """
CREATE INDEX waveform_received ON waveform USING brin (received_at)
  WITH (pages_per_range = 32, autosummarize = on)
"""


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0011_held")]
    operations = [migrations.RunSQL(SQL, "DROP INDEX waveform_received")]
