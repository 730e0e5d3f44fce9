"""What a programme paid is kept: only its end may be set nearer."""

from django.db import migrations

SQL = """
CREATE FUNCTION subsidies_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND to_jsonb(OLD) - 'period' = to_jsonb(NEW) - 'period'
     AND lower(OLD.period) = lower(NEW.period) AND NEW.period <@ OLD.period THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'what a programme paid is kept'
    USING ERRCODE = '23514', CONSTRAINT = 'subsidies_is_kept';
END $$;
CREATE TRIGGER subsidies_kept BEFORE UPDATE OR DELETE ON subsidies_programme
  FOR EACH ROW EXECUTE FUNCTION subsidies_is_kept();
"""
REVERSE = """
DROP FUNCTION subsidies_is_kept() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("subsidies", "0001_initial")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
