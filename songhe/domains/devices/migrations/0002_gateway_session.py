"""Persistent MQTT sessions: what a device subscribed to, kept by the gateway across its restarts."""

from django.db import migrations

SQL = """
CREATE TABLE gateway_session (
  device uuid PRIMARY KEY,
  subscriptions jsonb NOT NULL,
  since timestamptz NOT NULL DEFAULT now()
)
"""


class Migration(migrations.Migration):
    dependencies = [("devices", "0001_initial")]
    operations = [migrations.RunSQL(SQL, "DROP TABLE gateway_session")]
