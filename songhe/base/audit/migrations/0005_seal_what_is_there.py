"""What was written before there was a chain is sealed into it, in the order of its ids."""

from django.db import migrations

SQL = """
INSERT INTO audit_pending (source, entry)
SELECT 'entry', id FROM audit_auditentry e
 WHERE NOT EXISTS (SELECT FROM audit_auditlink l WHERE l.entry = e.id)
   AND NOT EXISTS (SELECT FROM audit_pending p WHERE p.entry = e.id)
 ORDER BY id
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_sealed_by_triggers")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
