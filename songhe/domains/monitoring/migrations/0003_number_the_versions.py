"""Number the changes of rules that were made before versions were counted."""

from django.db import migrations

SQL = """
UPDATE monitoring_ruleoverride o SET number = n.number
  FROM (SELECT id, row_number() OVER (PARTITION BY scope, rule ORDER BY made_at, id) AS number
          FROM monitoring_ruleoverride) n
 WHERE n.id = o.id AND o.number IS NULL
"""
BACK = "UPDATE monitoring_ruleoverride SET is_back = true WHERE enabled AND params = '{}'"


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0002_absences_trials_versions")]
    operations = [
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
        migrations.RunSQL(BACK, migrations.RunSQL.noop),
    ]
