"""What was received since a moment is found without reading whole days.

Readings stand in the order in which they came, so a few numbers for every 64 pages (BRIN) do; new
pages are added to them by autovacuum, and until then simply read.
"""

from django.db import migrations

SQL = """
CREATE INDEX reading_received ON reading_hot USING brin (received_at)
  WITH (pages_per_range = 64, autosummarize = on)
"""


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0009_frame_sides")]
    operations = [migrations.RunSQL(SQL, "DROP INDEX reading_received")]
