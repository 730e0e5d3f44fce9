"""What the database itself holds of billing: sums, what is kept, lines of what is not confirmed."""

from django.db import migrations

SQL = """
CREATE FUNCTION billing_charge_is_whole() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  of uuid := CASE TG_TABLE_NAME WHEN 'billing_charge' THEN NEW.id ELSE (to_jsonb(NEW) ->> 'charge_id')::uuid END;
BEGIN
  IF (SELECT c.gross_fen FROM billing_charge c WHERE c.id = of) IS DISTINCT FROM
     (SELECT sum(s.fen) FROM billing_chargeshare s WHERE s.charge_id = of) THEN
    RAISE EXCEPTION 'the shares are not the price' USING ERRCODE = '23514', CONSTRAINT = 'billing_shares_sum';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER billing_shares_sum AFTER INSERT ON billing_charge DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION billing_charge_is_whole();
CREATE CONSTRAINT TRIGGER billing_shares_sum AFTER INSERT ON billing_chargeshare DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION billing_charge_is_whole();

CREATE FUNCTION billing_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'billing_charge' AND to_jsonb(OLD) ->> 'reversed_at' IS NULL
     AND to_jsonb(OLD) - '{reversed_at,reversed_by,reversed_reason,reversed_entry_id}'::text[]
       = to_jsonb(NEW) - '{reversed_at,reversed_by,reversed_reason,reversed_entry_id}'::text[] THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'what was charged or receipted is kept' USING ERRCODE = '23514', CONSTRAINT = 'billing_is_kept';
END $$;
CREATE TRIGGER billing_kept BEFORE UPDATE OR DELETE ON billing_charge FOR EACH ROW EXECUTE FUNCTION billing_is_kept();
CREATE TRIGGER billing_kept BEFORE UPDATE OR DELETE ON billing_chargeshare FOR EACH ROW EXECUTE FUNCTION billing_is_kept();
CREATE TRIGGER billing_kept BEFORE UPDATE OR DELETE ON billing_receipt FOR EACH ROW EXECUTE FUNCTION billing_is_kept();

CREATE FUNCTION billing_lines_are_open() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  of uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.settlement_id ELSE NEW.settlement_id END;
BEGIN
  IF TG_OP = 'UPDATE' OR (SELECT s.state FROM billing_settlement s WHERE s.id = of) IN ('confirmed', 'paid') THEN
    RAISE EXCEPTION 'what was confirmed is kept' USING ERRCODE = '23514', CONSTRAINT = 'billing_lines_kept';
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER billing_lines_kept BEFORE INSERT OR UPDATE OR DELETE ON billing_settlementline
  FOR EACH ROW EXECUTE FUNCTION billing_lines_are_open();

CREATE FUNCTION billing_settlement_is_whole() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  of uuid := CASE WHEN TG_TABLE_NAME = 'billing_settlement' THEN (to_jsonb(NEW) ->> 'id')::uuid
             WHEN TG_OP = 'DELETE' THEN (to_jsonb(OLD) ->> 'settlement_id')::uuid
             ELSE (to_jsonb(NEW) ->> 'settlement_id')::uuid END;
  told bigint;
BEGIN
  SELECT s.total_fen INTO told FROM billing_settlement s WHERE s.id = of;
  IF FOUND AND told <> (SELECT coalesce(sum(l.fen), 0) FROM billing_settlementline l WHERE l.settlement_id = of) THEN
    RAISE EXCEPTION 'the total is not the sum of the lines' USING ERRCODE = '23514', CONSTRAINT = 'billing_total_sums';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER billing_total_sums AFTER INSERT OR UPDATE ON billing_settlement DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION billing_settlement_is_whole();
CREATE CONSTRAINT TRIGGER billing_total_sums AFTER INSERT OR DELETE ON billing_settlementline DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION billing_settlement_is_whole();
"""
REVERSE = """
DROP FUNCTION billing_settlement_is_whole() CASCADE;
DROP FUNCTION billing_lines_are_open() CASCADE;
DROP FUNCTION billing_is_kept() CASCADE;
DROP FUNCTION billing_charge_is_whole() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
