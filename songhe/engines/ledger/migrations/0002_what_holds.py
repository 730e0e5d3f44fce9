"""What the database itself holds of the ledger: sums, units, mirrors, balances, append-only."""

from django.db import migrations

SQL = """
CREATE FUNCTION ledger_moves() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE ledger_account a SET balance = a.balance + NEW.amount
    FROM ledger_entry e WHERE a.id = NEW.account_id AND e.id = NEW.entry_id AND a.unit = e.unit;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'a posting is of another unit than its account'
      USING ERRCODE = '23514', CONSTRAINT = 'ledger_entry_whole';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_moves AFTER INSERT ON ledger_posting
  FOR EACH ROW EXECUTE FUNCTION ledger_moves();

CREATE FUNCTION ledger_is_whole() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  of uuid := CASE TG_TABLE_NAME WHEN 'ledger_entry' THEN NEW.id ELSE (to_jsonb(NEW) ->> 'entry_id')::uuid END;
  told int;
  mirrored uuid;
BEGIN
  SELECT e.count, e.reverses_id INTO told, mirrored FROM ledger_entry e WHERE e.id = of;
  IF told < 2 OR NOT EXISTS (
    SELECT FROM ledger_posting p WHERE p.entry_id = of HAVING count(*) = told AND sum(p.amount) = 0
  ) THEN
    RAISE EXCEPTION 'an entry does not balance' USING ERRCODE = '23514', CONSTRAINT = 'ledger_entry_whole';
  END IF;
  IF mirrored IS NOT NULL AND EXISTS (
    SELECT FROM ledger_posting p WHERE p.entry_id IN (of, mirrored) GROUP BY p.account_id HAVING sum(p.amount) <> 0
  ) THEN
    RAISE EXCEPTION 'a reversal does not mirror' USING ERRCODE = '23514', CONSTRAINT = 'ledger_entry_whole';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_entry_whole AFTER INSERT ON ledger_entry DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION ledger_is_whole();
CREATE CONSTRAINT TRIGGER ledger_posting_whole AFTER INSERT ON ledger_posting DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION ledger_is_whole();

CREATE FUNCTION ledger_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'ledger_entry' AND to_jsonb(OLD) ->> 'seal_id' IS NULL
     AND to_jsonb(OLD) - 'seal_id' = to_jsonb(NEW) - 'seal_id' THEN
    RETURN NEW;
  ELSIF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'ledger_account' AND to_jsonb(OLD) - 'balance' = to_jsonb(NEW) - 'balance'
     AND pg_trigger_depth() > 1 THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'the ledger is append-only';
END $$;
CREATE TRIGGER ledger_kept BEFORE UPDATE OR DELETE ON ledger_account FOR EACH ROW EXECUTE FUNCTION ledger_is_kept();
CREATE TRIGGER ledger_kept BEFORE UPDATE OR DELETE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION ledger_is_kept();
CREATE TRIGGER ledger_kept BEFORE UPDATE OR DELETE ON ledger_posting FOR EACH ROW EXECUTE FUNCTION ledger_is_kept();
CREATE TRIGGER ledger_kept BEFORE UPDATE OR DELETE ON ledger_seal FOR EACH ROW EXECUTE FUNCTION ledger_is_kept();

-- Who posts need not see the accounts that are touched: the pages' role asks by these.
CREATE FUNCTION ledger_account_of(pk uuid, of text, what text, counts_in text, lowest bigint, since timestamptz)
  RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  found uuid;
BEGIN
  LOOP
    SELECT a.id INTO found FROM ledger_account a WHERE a.ref = of AND a.kind = what AND a.unit = counts_in;
    IF found IS NOT NULL THEN
      RETURN found;
    END IF;
    INSERT INTO ledger_account (id, ref, kind, unit, least, balance, opened_at)
    VALUES (pk, of, what, counts_in, lowest, 0, since) ON CONFLICT DO NOTHING;
  END LOOP;
END $$;
CREATE FUNCTION ledger_entry_of(said text) RETURNS TABLE (id uuid, digest bytea)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.id, e.digest FROM ledger_entry e WHERE e.key = said
$$;
CREATE FUNCTION ledger_lines_of(pk uuid)
  RETURNS TABLE (kind varchar, ref varchar, unit varchar, account uuid, amount bigint)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.kind, e.ref, e.unit, p.account_id, p.amount
    FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id WHERE e.id = pk
$$;
"""
REVERSE = """
DROP FUNCTION ledger_lines_of(uuid);
DROP FUNCTION ledger_entry_of(text);
DROP FUNCTION ledger_account_of(uuid, text, text, text, bigint, timestamptz);
DROP FUNCTION ledger_is_kept() CASCADE;
DROP FUNCTION ledger_is_whole() CASCADE;
DROP FUNCTION ledger_moves() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
