from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("health", "0001_samples")]

    operations = [
        migrations.CreateModel(
            name="JobFault",
            fields=[
                ("job", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("fault", models.TextField()),
            ],
            options={
                "db_table": "health_job_fault",
            },
        ),
    ]
