"""Indexes that searches and the list really use: capitals for words, the alphabet for pages."""

import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="person",
            name="person_name_trgm",
        ),
        migrations.RemoveIndex(
            model_name="person",
            name="person_pinyin_trgm",
        ),
        migrations.AddIndex(
            model_name="person",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("name"), "gin_trgm_ops"
                ),
                name="person_name_capitals",
            ),
        ),
        migrations.AddIndex(
            model_name="person",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("pinyin"), "gin_trgm_ops"
                ),
                name="person_pinyin_capitals",
            ),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(
                condition=models.Q(("died_on__isnull", True)),
                fields=["pinyin", "id"],
                name="person_alphabet",
            ),
        ),
    ]
