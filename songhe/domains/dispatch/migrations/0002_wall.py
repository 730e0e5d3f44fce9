"""The orders of the actor's own visits and offers; happenings are never changed or deleted."""

from django.db import migrations

SQL = """
CREATE FUNCTION wall_of_work_now() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT array_agg(DISTINCT w.order_id) FROM (
  SELECT v.order_id FROM dispatch_visit v
   WHERE v.worker_id = wall_actor() AND v.state <> 'planned'
  UNION ALL
  SELECT o.order_id FROM dispatch_offer o
   WHERE o.worker_id = wall_actor()
) w WHERE wall_holds('dispatch.work')
$$;
CREATE FUNCTION wall_of_work() RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  head text := wall_mark();
  held text := current_setting('wall.of_work', true);
  found uuid[];
BEGIN
  IF starts_with(held, head) THEN
    RETURN substr(held, length(head) + 1)::uuid[];
  END IF;
  found := coalesce(wall_of_work_now(), '{}');
  PERFORM set_config('wall.of_work', head || found::text, false);
  RETURN found;
END $$;
CREATE FUNCTION dispatch_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what happened is not changed';
END $$;
CREATE TRIGGER dispatch_kept BEFORE UPDATE ON dispatch_happening
  FOR EACH ROW EXECUTE FUNCTION dispatch_is_kept();
"""
REVERSE = """
DROP TRIGGER dispatch_kept ON dispatch_happening;
DROP FUNCTION dispatch_is_kept();
DROP FUNCTION wall_of_work();
DROP FUNCTION wall_of_work_now();
"""


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0001_initial"), ("access", "0004_wall_once")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
