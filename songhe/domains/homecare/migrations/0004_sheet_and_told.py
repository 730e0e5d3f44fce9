from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("homecare", "0003_ward"),
    ]

    operations = [
        migrations.AddField(
            model_name="handover",
            name="sheet_sealed",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="homebed",
            name="review_told_on",
            field=models.DateField(null=True),
        ),
    ]
