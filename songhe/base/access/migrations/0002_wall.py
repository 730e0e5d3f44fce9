"""What row-level security asks: for whom the connection works, and where the roles reach."""

from django.db import migrations, models

SQL = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'songhe_app') THEN
    RAISE EXCEPTION 'the role songhe_app is missing: as an administrator of the database run '
      'CREATE ROLE songhe_app NOLOGIN; GRANT songhe_app TO %', current_user;
  END IF;
END $$;

CREATE FUNCTION wall_actor() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT nullif(current_setting('songhe.actor', true), '')::uuid
$$;

CREATE FUNCTION wall_prefixes(VARIADIC actions text[]) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT coalesce(array_agg(DISTINCT a.region_prefix), '{}')
  FROM access_roleassignment a JOIN access_carried c ON c.role = a.role
 WHERE a.user_id = wall_actor() AND a.period @> statement_timestamp()
   AND c.action = ANY(actions) AND c.reach = 'region'
$$;

CREATE FUNCTION wall_organizations(VARIADIC actions text[]) RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT coalesce(array_agg(DISTINCT a.organization_id), '{}')
  FROM access_roleassignment a JOIN access_carried c ON c.role = a.role
 WHERE a.user_id = wall_actor() AND a.period @> statement_timestamp()
   AND a.organization_id IS NOT NULL AND c.action = ANY(actions) AND c.reach <> 'grant'
$$;

CREATE FUNCTION wall_holds(VARIADIC actions text[]) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT EXISTS (SELECT FROM access_roleassignment a JOIN access_carried c ON c.role = a.role
                WHERE a.user_id = wall_actor() AND a.period @> statement_timestamp()
                  AND c.action = ANY(actions))
$$;
"""
REVERSE = """
DROP FUNCTION wall_holds(VARIADIC text[]);
DROP FUNCTION wall_organizations(VARIADIC text[]);
DROP FUNCTION wall_prefixes(VARIADIC text[]);
DROP FUNCTION wall_actor();
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="Carried",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("action", models.CharField(max_length=80)),
                ("role", models.CharField(max_length=32)),
                ("reach", models.CharField(max_length=16)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("action", "role"), name="carried_once")
                ]
            },
        ),
        migrations.RunSQL(SQL, REVERSE),
    ]
