"""What was written of a bed is not changed; numbers are counted beyond what a page may see."""

from django.db import migrations

TABLES = ("assessment", "careplan", "goal", "review")
SQL = """
CREATE FUNCTION homecare_next_number(head text) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT coalesce(max(substr(b.number, length(head) + 1)::int), 0) + 1
  FROM homecare_homebed b WHERE starts_with(b.number, head)
$$;
CREATE FUNCTION homecare_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- a change of keys writes sealed columns anew
  IF (SELECT jsonb_object_agg(k, v) FROM jsonb_each(to_jsonb(NEW)) e(k, v)
       WHERE right(k, 7) <> '_sealed')
     IS DISTINCT FROM
     (SELECT jsonb_object_agg(k, v) FROM jsonb_each(to_jsonb(OLD)) e(k, v)
       WHERE right(k, 7) <> '_sealed') THEN
    RAISE EXCEPTION 'what was written of a bed is not changed: write it anew';
  END IF;
  RETURN NEW;
END $$;
"""
REVERSE = """
DROP FUNCTION homecare_is_kept();
DROP FUNCTION homecare_next_number(text);
"""


class Migration(migrations.Migration):
    dependencies = [("homecare", "0001_initial")]
    operations = [
        migrations.RunSQL(SQL, REVERSE),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER homecare_kept BEFORE UPDATE ON homecare_{table}"
                " FOR EACH ROW EXECUTE FUNCTION homecare_is_kept()",
                f"DROP TRIGGER homecare_kept ON homecare_{table}",
            )
            for table in TABLES
        ),
    ]
