"""Readings that were voided, with who, when and why; who dealt with a dead letter."""

from django.db import migrations, models

SQL = """
CREATE TABLE voided_reading (
  subject_kind smallint NOT NULL,
  subject uuid NOT NULL,
  device uuid NOT NULL,
  effective_at timestamptz NOT NULL,
  fingerprint bigint NOT NULL,
  received_at timestamptz NOT NULL,
  codes smallint[] NOT NULL,
  vals double precision[] NOT NULL,
  flags integer NOT NULL,
  person uuid,
  voided_at timestamptz NOT NULL,
  voided_by uuid,
  voided_by_name text NOT NULL,
  reason text NOT NULL CHECK (reason <> ''),
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY
);
CREATE INDEX voided_subject_time ON voided_reading (subject, effective_at);
"""


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0002_readings")]
    operations = [
        migrations.RunSQL(SQL, "DROP TABLE voided_reading"),
        migrations.AddField("deadletter", "handled_at", models.DateTimeField(null=True)),
        migrations.AddField("deadletter", "handled_by", models.UUIDField(null=True)),
        migrations.AddField(
            "deadletter", "handled_note", models.TextField(blank=True, default="", db_default="")
        ),
        migrations.AlterField(
            "deadletter",
            "state",
            models.TextField(
                choices=[
                    ("new", "to be looked at"),
                    ("replay", "being replayed"),
                    ("replayed", "replayed"),
                    ("dismissed", "put aside"),
                ],
                default="new",
            ),
        ),
    ]
