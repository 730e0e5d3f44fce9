"""What was published stays: only an end may be cut short, and what was planned be withdrawn, once."""

from django.db import migrations

SQL = """
CREATE FUNCTION catalog_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE'
     AND to_jsonb(OLD) - '{period,withdrawn_at}'::text[] = to_jsonb(NEW) - '{period,withdrawn_at}'::text[]
     AND OLD.withdrawn_at IS NULL AND lower(OLD.period) = lower(NEW.period)
     AND NEW.period <@ OLD.period AND NOT isempty(NEW.period) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'what was published in the catalogue is kept'
    USING ERRCODE = '23514', CONSTRAINT = 'catalog_is_kept';
END $$;
CREATE TRIGGER catalog_kept BEFORE UPDATE OR DELETE ON catalog_itemversion
  FOR EACH ROW EXECUTE FUNCTION catalog_is_kept();
CREATE TRIGGER catalog_kept BEFORE UPDATE OR DELETE ON catalog_price
  FOR EACH ROW EXECUTE FUNCTION catalog_is_kept();

CREATE FUNCTION catalog_item_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND to_jsonb(OLD) - 'retired_on' = to_jsonb(NEW) - 'retired_on' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'an item of the catalogue is retired, never changed'
    USING ERRCODE = '23514', CONSTRAINT = 'catalog_item_is_kept';
END $$;
CREATE TRIGGER catalog_item_kept BEFORE UPDATE OR DELETE ON catalog_item
  FOR EACH ROW EXECUTE FUNCTION catalog_item_is_kept();
"""
REVERSE = """
DROP FUNCTION catalog_item_is_kept() CASCADE;
DROP FUNCTION catalog_is_kept() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
