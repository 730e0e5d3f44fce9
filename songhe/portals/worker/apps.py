"""The app of portals.worker."""

from django.apps import AppConfig


class WorkerConfig(AppConfig):
    name = "songhe.portals.worker"
    label = "portal_worker"

    def ready(self) -> None:
        from songhe.kit import slots
        from songhe.portals.worker import bar

        slots.register("page.bar", 10, bar.panel, action=bar.SEES)
