"""A record may go once its link stands behind a cut; links, checkpoints and cuts never do."""

from django.db import migrations

SQL = """
CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND TG_TABLE_NAME IN ('audit_auditentry', 'history_change') THEN
    IF EXISTS (SELECT FROM audit_auditlink l WHERE l.entry = OLD.id
                AND l.position <= (SELECT max(c.last) FROM audit_auditcut c)) THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION 'audit entries are append-only';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit_auditcut
  FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
"""
REVERSE = """
DROP TRIGGER audit_append_only ON audit_auditcut;
CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit entries are append-only';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_cuts")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
