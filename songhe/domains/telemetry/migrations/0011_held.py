"""Whose readings stayed behind when a class of a day was destroyed, because somebody is held."""

from django.db import migrations

SQL = """
CREATE TABLE destroyed_held (
  term text NOT NULL,
  subject uuid NOT NULL,
  PRIMARY KEY (term, subject)
)
"""


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0010_received")]
    operations = [migrations.RunSQL(SQL, "DROP TABLE destroyed_held")]
