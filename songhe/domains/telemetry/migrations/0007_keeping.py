"""How far the work on old days is, and until when each class has been destroyed."""

from django.db import migrations, models

import songhe.kernel.ids

SQL = """
CREATE TABLE destroyed_until (
  term text PRIMARY KEY,
  until date NOT NULL
);

CREATE FUNCTION columns_of(vals anyarray, n integer, keep integer[]) RETURNS anyarray
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT array_agg(u.v ORDER BY k.i, u.i)
  FROM unnest(columns_of.keep) WITH ORDINALITY AS k(j, i)
  CROSS JOIN LATERAL unnest(columns_of.vals[(k.j - 1) * columns_of.n + 1 : k.j * columns_of.n])
    WITH ORDINALITY AS u(v, i)
$$;
"""
REVERSE = "DROP FUNCTION columns_of(anyarray, integer, integer[]); DROP TABLE destroyed_until"


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0006_rollups")]
    operations = [
        migrations.RunSQL(SQL, REVERSE),
        migrations.CreateModel(
            name="Run",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=songhe.kernel.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "work",
                    models.CharField(
                        choices=[
                            ("seal", "Sealing"),
                            ("regions", "Roll-up of regions"),
                            ("destroy", "Destroying what is out of time"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "running"),
                            ("done", "done"),
                            ("stopped", "stopped"),
                            ("waiting", "put off"),
                            ("left", "broken off"),
                            ("failed", "failed"),
                        ],
                        default="running",
                        max_length=12,
                    ),
                ),
                ("day", models.DateField(null=True)),
                ("done", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(default=0)),
                ("stop_asked_by", models.UUIDField(null=True)),
                ("started_at", models.DateTimeField()),
                ("moved_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("found", models.JSONField(default=dict)),
            ],
            options={
                "db_table": "telemetry_run",
                "indexes": [models.Index(fields=["-started_at"], name="telemetry_run_started")],
            },
        ),
    ]
