from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("homecare", "0004_sheet_and_told"),
    ]

    operations = [
        migrations.AddField(
            model_name="agreement",
            name="text_digest",
            field=models.BinaryField(max_length=32, null=True),
        ),
        migrations.AddField(
            model_name="agreement",
            name="is_typed",
            field=models.BooleanField(default=False),
        ),
    ]
