"""The app of base.history."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class HistoryConfig(AppConfig):
    name = "songhe.base.history"
    label = "history"

    def ready(self) -> None:
        from songhe.base.audit import sources
        from songhe.base.history import sealing, triggers

        sources.register(sealing.SOURCE)
        post_migrate.connect(triggers.install, sender=self)
