"""The one function of all triggers, and the history's own place in the chain.

Which tables have triggers is data (held.yaml); they are made after every migration.
"""

from django.db import migrations

SQL = """
CREATE FUNCTION history_note() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  holder text := TG_ARGV[0];
  noise text[] := TG_ARGV[1]::text[];
  secret text[] := TG_ARGV[2]::text[];
  said text := coalesce(current_setting('songhe.actor', true), '');
  asked text := left(coalesce(current_setting('songhe.request', true), ''), 40);
  who uuid := CASE WHEN said ~ '^[0-9a-f-]{36}$' THEN said::uuid END;
BEGIN
  -- Sealing anew under another key of the vault changes no fact; only the owner may say so.
  IF current_setting('songhe.resealing', true) = 'on' AND pg_has_role(session_user, current_user, 'MEMBER') THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO history_queued (at, "table", row, holder, operation, user_id, request_id, columns)
    SELECT clock_timestamp(), TG_TABLE_NAME, (r ->> 'id')::uuid, (r ->> holder)::uuid, 'I', who, asked, '{}'
      FROM (SELECT to_jsonb(f) AS r FROM fresh f) AS rows;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO history_queued (at, "table", row, holder, operation, user_id, request_id, columns, old)
    SELECT clock_timestamp(), TG_TABLE_NAME, (r ->> 'id')::uuid, (r ->> holder)::uuid, 'D', who, asked,
           '{}', r - noise - secret
      FROM (SELECT to_jsonb(g) AS r FROM gone g) AS rows;
  ELSE
    INSERT INTO history_queued (at, "table", row, holder, operation, user_id, request_id, columns, old, new)
    SELECT clock_timestamp(), TG_TABLE_NAME, (n ->> 'id')::uuid, (n ->> holder)::uuid, 'U', who, asked,
           c.columns, c.old - secret, c.new - secret
      FROM (SELECT to_jsonb(f) AS n, to_jsonb(g) AS o FROM fresh f JOIN gone g ON g.id = f.id) AS rows
     CROSS JOIN LATERAL (
       SELECT array_agg(e.key ORDER BY e.key) AS columns, jsonb_object_agg(e.key, o -> e.key) AS old,
              jsonb_object_agg(e.key, e.value) AS new
         FROM jsonb_each(n - noise) AS e WHERE e.value IS DISTINCT FROM o -> e.key) AS c
     WHERE c.columns IS NOT NULL;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON history_change
  FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_pending AFTER INSERT ON history_change REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION audit_wait_for_link('change');
"""
REVERSE = """
DROP TRIGGER audit_pending ON history_change;
DROP TRIGGER audit_append_only ON history_change;
DROP FUNCTION history_note() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("history", "0001_initial"), ("audit", "0004_sealed_by_triggers")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
