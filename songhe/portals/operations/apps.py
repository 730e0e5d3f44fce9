"""The app of portals.operations."""

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "songhe.portals.operations"
    label = "portal_operations"

    def ready(self) -> None:
        from songhe.kit import slots
        from songhe.portals.operations import bar

        slots.register("page.bar", 0, bar.panel, action=bar.SEES)
