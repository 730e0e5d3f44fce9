"""Whom the alarms are of that somebody answers: for row-level security of persons and homes."""

from django.db import migrations

SQL = """
CREATE FUNCTION wall_of_alarms(what text) RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
WITH mine AS MATERIALIZED (
  SELECT a.person_id, a.home_id FROM monitoring_alarm a
   WHERE wall_holds('monitoring.view_alarm')
     AND (a.organization_id = ANY (wall_organizations('monitoring.view_alarm'))
          OR a.assigned_to_id = wall_actor())
     AND (a.resolved_at IS NULL OR a.resolved_at > statement_timestamp() - interval '30 days')
)
SELECT CASE what
  WHEN 'homes' THEN (SELECT array_agg(DISTINCT home_id) FROM mine WHERE home_id IS NOT NULL)
  WHEN 'persons' THEN (
    SELECT array_agg(DISTINCT p.id) FROM (
      SELECT person_id AS id FROM mine WHERE person_id IS NOT NULL
      UNION ALL
      SELECT r.person_id FROM people_residency r
       WHERE r.home_id = ANY (SELECT home_id FROM mine WHERE person_id IS NULL)
         AND r.period @> statement_timestamp()) p)
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0003_number_the_versions"),
        ("access", "0002_wall"),
        ("people", "0001_initial"),
    ]
    operations = [migrations.RunSQL(SQL, "DROP FUNCTION wall_of_alarms(text)")]
