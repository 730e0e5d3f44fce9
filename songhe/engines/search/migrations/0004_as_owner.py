"""What finds works as the owner of the tables, also where it was made before it was said so."""

from django.db import migrations

OF = "FUNCTION search_find(text, text[], uuid[], text[], text[], text[], bytea[], int)"


class Migration(migrations.Migration):
    dependencies = [("search", "0003_initials_within")]

    operations = [
        migrations.RunSQL(
            f"ALTER {OF} SECURITY DEFINER; ALTER {OF} SET search_path = public, pg_temp",
            migrations.RunSQL.noop,
        )
    ]
