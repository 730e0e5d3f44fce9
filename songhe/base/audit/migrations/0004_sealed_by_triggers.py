"""What is committed waits for its link; links and checkpoints are append-only too."""

from django.db import migrations

SQL = """
CREATE FUNCTION audit_wait_for_link() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO audit_pending (source, entry) SELECT TG_ARGV[0], id FROM fresh;
  RETURN NULL;
END $$;
CREATE TRIGGER audit_pending AFTER INSERT ON audit_auditentry REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION audit_wait_for_link('entry');
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit_auditlink
  FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit_auditcheckpoint
  FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
"""
REVERSE = """
DROP TRIGGER audit_append_only ON audit_auditcheckpoint;
DROP TRIGGER audit_append_only ON audit_auditlink;
DROP TRIGGER audit_pending ON audit_auditentry;
DROP FUNCTION audit_wait_for_link();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_chain")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
