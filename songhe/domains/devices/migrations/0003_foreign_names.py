import django.db.models.deletion
from django.db import migrations, models

import songhe.kernel.ids


class Migration(migrations.Migration):
    dependencies = [("devices", "0002_gateway_session")]

    operations = [
        migrations.CreateModel(
            name="ForeignName",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=songhe.kernel.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                (
                    "device",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="names",
                        to="devices.device",
                    ),
                ),
                (
                    "gateway",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="foreign_names",
                        to="devices.device",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="foreignname",
            constraint=models.UniqueConstraint(
                fields=("gateway", "name"), name="foreign_name_once_a_hub"
            ),
        ),
    ]
