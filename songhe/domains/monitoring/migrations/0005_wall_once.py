"""Whom the alarms are of is asked once a statement, as the rest of the wall (access 0004)."""

import importlib

from django.db import migrations

BEFORE = importlib.import_module("songhe.domains.monitoring.migrations.0004_wall").SQL
ONCE = """
CREATE OR REPLACE FUNCTION wall_of_alarms(what text) RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  setting text := 'wall.of_alarms_' || what;
  head text := wall_mark();
  held text := current_setting(setting, true);
  found uuid[];
BEGIN
  IF starts_with(held, head) THEN
    RETURN substr(held, length(head) + 1)::uuid[];
  END IF;
  found := coalesce(wall_of_alarms_now(what), '{}');
  PERFORM set_config(setting, head || found::text, false);
  RETURN found;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0004_wall"), ("access", "0004_wall_once")]
    operations = [
        migrations.RunSQL(
            BEFORE.replace("wall_of_alarms(what text)", "wall_of_alarms_now(what text)") + ONCE,
            BEFORE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
            + "DROP FUNCTION wall_of_alarms_now(text)",
        )
    ]
