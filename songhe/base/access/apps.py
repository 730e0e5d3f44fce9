"""The app of base.access."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccessConfig(AppConfig):
    name = "songhe.base.access"
    label = "access"

    def ready(self) -> None:
        post_migrate.connect(_build_wall, sender=self, dispatch_uid="access.wall")


def _build_wall(**_: Any) -> None:
    from songhe.base.access import wall

    wall.build()
