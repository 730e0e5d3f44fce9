"""What one must know of a person is sealed; what stood in the clear is not kept."""

from django.db import migrations, models


class Migration(migrations.Migration):
    # A table whose rows changed has triggers to be run, and is not altered before they were.
    atomic = False

    dependencies = [("people", "0008_birth_not_known")]

    operations = [
        migrations.RunSQL("DELETE FROM people_personfact", migrations.RunSQL.noop),
        migrations.RemoveField("personfact", "text_zh"),
        migrations.RemoveField("personfact", "text_en"),
        migrations.AddField("personfact", "text_sealed", models.BinaryField()),
    ]
